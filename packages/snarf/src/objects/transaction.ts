/**
 * Remembers objects as they were before they were changed, and can bring them back.
 *
 * Kept are an object's own properties, the content of Maps, Sets, arrays and bytes, and, deeply, of plain containers in its properties. Objects of
 * other classes in there are not followed: what changes them has to touch them itself.
 */
export class Transaction {
  /** How deeply each object is kept. */
  readonly #touched = new Map<object, number>()
  readonly #restores: (() => void)[] = []
  readonly #finishers: (() => Promise<void>)[] = []

  /**
   * Keeps an object as it is now, unless it has been kept before.
   *
   * @param depth - how many plain containers within each other are followed; default all. 1 is enough for who adds children to a container.
   */
  touch(object: unknown, depth: number = Infinity): void {
    const waiting: [unknown, number][] = [[object, depth]]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [value, left] = next
      if (typeof value !== 'object' || value === null || (value !== object && !isPlain(value))) continue
      const kept = this.#touched.get(value)
      if (kept !== undefined && kept >= left) continue
      this.#touched.set(value, left)
      const held = contentOf(value)
      if (kept === undefined) this.#restores.push(held.restore)
      if (left > 0) for (const inside of held.inside) waiting.push([inside, left - 1])
    }
  }

  /** Adds what is to be done when everything else has been brought back, e.g. for state that no property shows. */
  onRollback(finish: () => Promise<void>): void {
    this.#finishers.push(finish)
  }

  /** Brings everything back, the last first. @throws AggregateError of what failed, after all has been tried */
  async rollback(): Promise<void> {
    const errors: unknown[] = []
    for (const restore of this.#restores.splice(0).reverse()) {
      try {
        restore()
      } catch (error) {
        errors.push(error)
      }
    }
    for (const finish of this.#finishers.splice(0).reverse()) await finish().catch((error: unknown) => errors.push(error))
    this.#touched.clear()
    if (errors.length > 0) throw new AggregateError(errors, 'not everything could be undone')
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    prototype === null ||
    prototype === Object.prototype ||
    value instanceof Map ||
    value instanceof Set ||
    Array.isArray(value) ||
    ArrayBuffer.isView(value)
  )
}

interface Held {
  readonly inside: readonly unknown[]
  readonly restore: () => void
}

function contentOf(object: object): Held {
  const own = propertiesOf(object)
  const more = object instanceof Map ? mapOf(object) : object instanceof Set ? setOf(object) : object instanceof Date ? dateOf(object) : undefined
  return {
    inside: [...own.inside, ...(more?.inside ?? [])],
    restore() {
      own.restore()
      more?.restore()
    },
  }
}

function propertiesOf(object: object): Held {
  if (ArrayBuffer.isView(object)) {
    const bytes = new Uint8Array(object.buffer, object.byteOffset, object.byteLength)
    const copy = bytes.slice()
    return { inside: [], restore: () => bytes.set(copy) }
  }
  const names = Reflect.ownKeys(object)
  const descriptors = names.map(name => Object.getOwnPropertyDescriptor(object, name) as PropertyDescriptor)
  return {
    inside: descriptors.map(({ value }) => value as unknown),
    restore() {
      const now = Reflect.ownKeys(object)
      const isSameOrder = now.length === names.length && now.every((name, i) => name === names[i])
      // The order of properties is what a pickle or a listing may show: only a new start brings it back.
      if (!isSameOrder) for (const name of now) if (!(Array.isArray(object) && name === 'length')) Reflect.deleteProperty(object, name)
      names.forEach((name, i) => Object.defineProperty(object, name, descriptors[i] as PropertyDescriptor))
    },
  }
}

function mapOf(map: Map<unknown, unknown>): Held {
  const pairs = [...Map.prototype.entries.call(map)] as [unknown, unknown][]
  return {
    inside: pairs.map(([, value]) => value),
    restore() {
      Map.prototype.clear.call(map)
      for (const [key, value] of pairs) Map.prototype.set.call(map, key, value)
    },
  }
}

function setOf(set: Set<unknown>): Held {
  const values = [...(Set.prototype.values.call(set) as Iterable<unknown>)]
  return {
    inside: values,
    restore() {
      Set.prototype.clear.call(set)
      for (const value of values) Set.prototype.add.call(set, value)
    },
  }
}

function dateOf(date: Date): Held {
  const time = date.getTime()
  return { inside: [], restore: () => void date.setTime(time) }
}
