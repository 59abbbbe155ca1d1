const provides = Symbol.for('snarf.provides')
const annotations = Symbol.for('snarf.annotations')

/** Dotted names of the marker interfaces that an object itself was given, in the order in which it was given them. */
export function providedBy(object: unknown): readonly string[] {
  if (typeof object !== 'object' || object === null) return []
  const names = (object as { readonly [provides]?: unknown })[provides]
  return names instanceof Set ? [...(names as Set<string>)] : []
}

/** Marks an object with these interfaces and no others. */
export function directlyProvides(object: object, ...names: readonly string[]): void {
  hide(object, provides, new Set(names))
}

/** Marks an object with these interfaces too. */
export function alsoProvides(object: object, ...names: readonly string[]): void {
  directlyProvides(object, ...providedBy(object), ...names)
}

/**
 * The annotations of an object, by namespace: a Map in a property that no listing of properties shows.
 *
 * @param create - gives an object without annotations an empty Map
 */
export function attributeAnnotations(object: object, create = false): Map<string, unknown> | undefined {
  const found = (object as { readonly [annotations]?: unknown })[annotations]
  if (found instanceof Map) return found as Map<string, unknown>
  if (!create) return undefined
  const made = new Map<string, unknown>()
  hide(object, annotations, made)
  return made
}

function hide(object: object, name: symbol, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: false })
}
