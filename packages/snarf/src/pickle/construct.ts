import { newObject, reconstructor } from '../registry/builtins.ts'
import { type ClassDefinition, type ClassRegistry, type Definition, jsClassName } from '../registry/class-registry.ts'
import { PyTuple } from '../registry/python-values.ts'
import { textOf } from './take-apart.ts'

/** An object as its pickle says it is made. @throws TypeError or UnknownClassError saying why not */
export function construct(callable: unknown, args: readonly unknown[], registry: ClassRegistry): unknown {
  const definition = definitionOf(callable, registry)
  if (definition.type === reconstructor) return reconstruct(args, registry)
  if (definition.type === newObject) {
    const [type, ...rest] = args
    const made = classDefinitionOf(type, registry)
    return rest.length === 0 ? createEmpty(made) : constructClass(made, rest)
  }
  if ('isFunction' in definition) return definition.type(...args)
  return args.length === 0 && definition.construct === undefined ? createEmpty(definition) : constructClass(definition, args)
}

/** An object of a class without anything in it; a function makes one when it is called. */
export function constructEmpty(callable: unknown, registry: ClassRegistry): unknown {
  const definition = definitionOf(callable, registry)
  return 'isFunction' in definition ? construct(callable, [], registry) : createEmpty(definition)
}

/** Whether the objects of a class are made without anything that their pickles would have to tell first. */
export function isEmptyMade(definition: Definition): boolean {
  if ('isFunction' in definition || isBuiltin(definition)) return false
  return definition.reduce === undefined && definition.base === undefined && definition.construct === undefined
}

/** What a pickle's value becomes: `into` instead of `made`, an empty object of the same class. @throws TypeError if it is of another class */
export function madeInto<T>(made: T, into: object | undefined): T | object {
  if (into === undefined) return made
  if (typeof made === 'object' && made !== null && Object.getPrototypeOf(made) === Object.getPrototypeOf(into)) return into
  throw new TypeError(`the pickle is to become an object of the class ${jsClassName(into)}, and holds another one`)
}

function reconstruct(args: readonly unknown[], registry: ClassRegistry): object {
  if (args.length !== 3) throw new TypeError(`copy_reg._reconstructor takes a class, its base and a value of that, got ${args.length} arguments`)
  const [type, base, value] = args
  const definition = classDefinitionOf(type, registry)
  if (base === Object) return createEmpty(definition)
  const baseName = classDefinitionOf(base, registry).name
  if (definition.base?.name !== baseName) throw new TypeError(`${definition.name} is not registered as a class with the base ${baseName}`)
  return definition.base.create(value)
}

function constructClass(definition: ClassDefinition, args: readonly unknown[]): object {
  if (definition.construct === undefined) throw new TypeError(`${definition.name} cannot be made from arguments; register it with construct`)
  return definition.construct(...args)
}

function createEmpty(definition: ClassDefinition): object {
  if (definition.create !== undefined) return definition.create()
  if (definition.construct !== undefined) return definition.construct()
  if (definition.base !== undefined) return definition.base.create(emptyValues.get(definition.base.name))
  const prototype = definition.type.prototype as object
  if (isBuiltin(definition)) throw new TypeError(`${definition.name} has no objects of its own`)
  return Object.create(prototype) as object
}

/** What the built-in classes make without arguments. */
const emptyValues: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['__builtin__.dict', new Map()],
  ['__builtin__.list', []],
  ['__builtin__.tuple', new PyTuple([])],
  ['__builtin__.str', ''],
  ['__builtin__.unicode', ''],
  ['__builtin__.int', 0],
])

function isBuiltin({ name }: ClassDefinition): boolean {
  return name.startsWith('__builtin__.')
}

function definitionOf(callable: unknown, registry: ClassRegistry): Definition {
  const definition = registry.findValue(callable)
  if (definition === undefined) throw new TypeError('an object is made by a class or a function, and this is neither')
  return definition
}

function classDefinitionOf(type: unknown, registry: ClassRegistry): ClassDefinition {
  const definition = definitionOf(type, registry)
  if ('isFunction' in definition) throw new TypeError(`a class is needed, and ${definition.name} is a function`)
  return definition
}

/** Gives a new object its state: to `setState` of its class, else as properties. @throws TypeError if the state holds no attributes */
export function applyState(object: unknown, state: unknown, registry: ClassRegistry): void {
  if (typeof object !== 'object' || object === null) throw new TypeError(`a ${typeof object} has no state`)
  const setState = registry.classOf(object)?.setState
  if (setState !== undefined) {
    setState(object, state)
    return
  }
  if (!isPlain(state)) throw new TypeError('the state holds no attributes; register the class with setState')
  const attributes = state instanceof Map ? state : Object.entries(state)
  for (const [key, value] of attributes as Iterable<[unknown, unknown]>) {
    const name = textOf(key)
    if (name === undefined) throw new TypeError('an attribute has a name that is no string')
    // Defined, not assigned: neither `__proto__` nor a setter of the class is set off by data.
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  }
}

function isPlain(state: unknown): state is object {
  if (typeof state !== 'object' || state === null) return false
  const prototype: unknown = Object.getPrototypeOf(state)
  return prototype === null || prototype === Object.prototype || prototype === Map.prototype
}
