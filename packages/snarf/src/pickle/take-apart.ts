import { type ClassDefinition, type ClassRegistry, jsClassName } from '../registry/class-registry.ts'
import { PyString, PyTuple, PyUnicode } from '../registry/python-values.ts'

/** What a value is to a pickler. */
export type Shape =
  | { readonly type: 'list' | 'tuple'; readonly items: readonly unknown[] }
  | { readonly type: 'dict'; readonly object: object }
  | { readonly type: 'map'; readonly map: ReadonlyMap<unknown, unknown> }
  | { readonly type: 'set'; readonly set: ReadonlySet<unknown>; readonly isFrozen: boolean }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'instance'; readonly definition: ClassDefinition }

// Node's Buffer is a class of its own, and is what many libraries return.
const bufferPrototype = (globalThis as { readonly Buffer?: { readonly prototype: object } }).Buffer?.prototype

/** What an object is, by the prototype it has and nothing else. @throws TypeError if its class is not registered */
export function shapeOf(object: object, registry: ClassRegistry): Shape {
  const prototype: unknown = Object.getPrototypeOf(object)
  switch (prototype) {
    case Object.prototype:
    case null:
      return { type: 'dict', object }
    case Array.prototype:
      return { type: 'list', items: object as unknown[] }
    case PyTuple.prototype:
      return { type: 'tuple', items: object as unknown[] }
    case Map.prototype:
      return { type: 'map', map: object as Map<unknown, unknown> }
    case Uint8Array.prototype:
      return { type: 'bytes', bytes: object as Uint8Array }
    default:
  }
  const definition = registry.classOf(object)
  if (definition?.name === '__builtin__.set') return { type: 'set', set: object as Set<unknown>, isFrozen: false }
  if (definition?.name === '__builtin__.frozenset') return { type: 'set', set: object as Set<unknown>, isFrozen: true }
  if (definition !== undefined) return { type: 'instance', definition }
  if (prototype === bufferPrototype) return { type: 'bytes', bytes: object as Uint8Array }
  throw new TypeError(`an object of the class ${jsClassName(object)}, which is not registered, cannot be pickled; register it with defineClass`)
}

/** The attributes of an object that says nothing about its state: the object itself, or a copy where it has other properties too. */
export function ownAttributes(object: object): object | undefined {
  if (!Array.isArray(object)) return hasProperties(object) ? object : undefined
  const attributes = Object.create(null) as Record<string, unknown>
  for (const key of Object.keys(object)) if (!/^\d+$/.test(key)) attributes[key] = (object as unknown as Record<string, unknown>)[key]
  return hasProperties(attributes) ? attributes : undefined
}

function hasProperties(object: object): boolean {
  for (const key of Object.keys(object)) if ((object as Readonly<Record<string, unknown>>)[key] !== undefined) return true
  return false
}

/** Whether there is nothing in a state, so that it is left out as Python does. */
export function isEmptyState(state: unknown): boolean {
  if (state === undefined || state === null) return true
  if (typeof state !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(state)
  if (prototype === Map.prototype) return (state as Map<unknown, unknown>).size === 0
  return (prototype === Object.prototype || prototype === null) && !hasProperties(state)
}

/** Whether Python takes a value for false, so that the original leaves it out as a state. */
export function isFalsyInPython(value: unknown): boolean {
  if (isEmptyState(value) || value === false || value === 0 || value === 0n || value === '') return true
  if (value instanceof PyString || value instanceof PyUnicode) return value.value === ''
  return (Array.isArray(value) || value instanceof Uint8Array) && value.length === 0
}

/** The text of a string, plain or with an identity; undefined for everything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof PyString || value instanceof PyUnicode ? value.value : undefined
}
