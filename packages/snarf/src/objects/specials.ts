/**
 * Attributes of an object that are not part of its body, by name.
 *
 * Whether they become one file or a file each depends on the synchronizer of this class, whose dotted name is `zope.fssync.synchronizer.Extras`.
 */
export class Extras extends Map<string, unknown> {
  constructor(values: Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]> = {}) {
    super()
    const pairs = Symbol.iterator in values ? (values as Iterable<readonly [string, unknown]>) : Object.entries(values)
    for (const [key, value] of pairs) this.set(key, value)
  }
}

/** A copy of an object's annotations by namespace; its dotted name is `zope.fssync.synchronizer.SynchronizableAnnotations`. */
export class SynchronizableAnnotations extends Map<string, unknown> {
  constructor(values: Iterable<readonly [string, unknown]> = []) {
    super()
    for (const [key, value] of values) this.set(key, value)
  }

  /**
   * Brings the annotations of an object up to these; namespaces that these do not have stay.
   *
   * @param equals - whether two values are the same
   * @returns the namespaces whose values changed, in order. They are compared before they are replaced, unlike in the original.
   */
  modify(target: Map<string, unknown>, equals: (a: unknown, b: unknown) => boolean): readonly string[] {
    const changed: string[] = []
    for (const [key, value] of this) {
      if (target.has(key) && equals(target.get(key), value)) continue
      changed.push(key)
      target.set(key, value)
    }
    return changed
  }
}
