import { registerBuiltins } from './builtins.ts'
import { UnknownClassError } from './errors.ts'
import { PyFloat, PyInt, PyString, PyTuple, PyUnicode } from './python-values.ts'

/** A class, as a value. */
export type ClassType<T extends object = object> = abstract new (...args: never[]) => T

/** A function that is known by name: written as `<global>`, and called when an object says it is made by it. */
export type NamedFunction = (...args: readonly unknown[]) => unknown

/** How an object is made again: by calling `callable` with `args`, then giving it `state`. */
export interface Reduced {
  /** Dotted name of a registered class or function. */
  readonly callable: string
  readonly args: readonly unknown[]
  /** Nothing is written for `undefined`. */
  readonly state?: unknown
}

/** How objects of one class are taken apart and made again. Everything is optional: by default the own enumerable properties are kept. */
export interface ClassOptions<T extends object = object> {
  /**
   * How Python would hold the class; decides the elements of the XML pickle only.
   * `new`: a new-style class (default). `classic`: a class without `object` as base. `persistent`: made by `copy_reg.__newobj__`, as classes
   * of the ZODB are.
   */
  readonly style?: 'new' | 'classic' | 'persistent'
  /** Makes an empty object. Default: one with the class's prototype; the constructor does not run. */
  create?(): T
  /** What is kept of the object. A plain object or a Map with string keys is its attributes. Default: its own enumerable properties. */
  getState?(object: T): unknown
  /** Gives a new object what `getState` returned. Default: sets the properties. */
  setState?(object: T, state: unknown): void
  /** Says how the object is made again, instead of its class and state. */
  reduce?(object: T): Reduced
  /** Makes an object from the arguments of `reduce`. Needed if a `reduce` names this class. */
  construct?(...args: readonly unknown[]): T
  /** The container or value that the object is by inheritance, written before its attributes. Default for subclasses of Map and Array. */
  readonly base?: ClassBase<T>
  /** Other classes whose objects are written as objects of this one. */
  readonly variants?: readonly ClassType<T>[]
}

/** The built-in value inside an object of a subclass. */
export interface ClassBase<T extends object = object> {
  /** Dotted name of the built-in class: `__builtin__.dict`, `__builtin__.list`, `__builtin__.int` … */
  readonly name: string
  /** The value inside. */
  get(object: T): unknown
  /** An object around a value. */
  create(value: unknown): T
}

/** A registered class. */
export interface ClassDefinition<T extends object = object> extends ClassOptions<T> {
  readonly name: string
  readonly type: ClassType<T>
}

/** A registered name: a class, or a function. */
export type Definition = ClassDefinition | { readonly name: string; readonly type: NamedFunction; readonly isFunction: true }

/** Makes the key of an object from its name in the repository. */
export type KeyType = (name: string) => unknown

/**
 * The classes, functions, synchronizers, generators, markers and key types that may be named in stored data.
 *
 * Every name is dotted and exact, and so is the way back: an object belongs to the class whose prototype it has, never to a base class.
 * The built-in types of Python that have a counterpart (`__builtin__`, `copy_reg`, `datetime`, `decimal`, `collections`) are known from the start.
 * Two registries share nothing.
 *
 * @typeParam Synchronizer - what a synchronizer factory makes
 * @typeParam Generator - what makes objects for files without a class
 * @example
 * const registry = new ClassRegistry().defineClass('app.models.Page', Page)
 */
export class ClassRegistry<Synchronizer = unknown, Generator = unknown> {
  readonly #byName = new Map<string, Definition>()
  readonly #byPrototype = new Map<object, ClassDefinition>()
  readonly #byType = new Map<unknown, Definition>()
  readonly #synchronizers = new Map<string, (object: unknown, within?: unknown) => Synchronizer>()
  readonly #generators = new Map<string, Generator>()
  readonly #markers = new Map<string, symbol>()
  readonly #keyTypes = new Map<string, KeyType>()
  #defaultSynchronizer: ((object: unknown, within?: unknown) => Synchronizer) | undefined

  constructor() {
    registerBuiltins(this)
  }

  /**
   * Makes a class known by its dotted name.
   *
   * @throws TypeError if the name or the class is registered already, or the name is not dotted
   */
  defineClass<T extends object>(name: string, type: ClassType<T>, options: ClassOptions<T> = {}): this {
    const definition = { ...inherited(type), ...options, name, type } as unknown as ClassDefinition
    const prototypes = [type, ...(options.variants ?? [])].map(({ prototype }) => prototype)
    for (const prototype of prototypes) {
      const known = this.#byPrototype.get(prototype)
      if (known !== undefined) throw new TypeError(`${name}: the class is registered already, as ${known.name}`)
    }
    this.#add(definition)
    for (const prototype of prototypes) this.#byPrototype.set(prototype, definition)
    return this
  }

  /** Makes a function known by its dotted name. @throws TypeError as {@link ClassRegistry.defineClass} */
  defineFunction(name: string, type: NamedFunction): this {
    return this.#add({ name, type, isFunction: true })
  }

  #add(definition: Definition): this {
    const { name, type } = definition
    if (!/^[^.\s<>&"']+(?:\.[^.\s<>&"']+)+$/.test(name))
      throw new TypeError(`a dotted name such as "app.models.Page" is needed, got ${JSON.stringify(name)}`)
    if (this.#byName.has(name)) throw new TypeError(`${name} is registered already`)
    const known = this.#byType.get(type)
    if (known !== undefined) throw new TypeError(`${name}: the class or function is registered already, as ${known.name}`)
    this.#byName.set(name, definition)
    this.#byType.set(type, definition)
    return this
  }

  /** The class or function of a dotted name; the names of Python 3 (`builtins`, `copyreg`) are understood. @throws UnknownClassError */
  find(name: string): Definition {
    const definition = this.#byName.get(name) ?? this.#byName.get(python2Name(name))
    if (definition !== undefined) return definition
    throw new UnknownClassError(name, `${name} is not registered; only registered classes and functions are used. Register it with defineClass`)
  }

  /** The name under which a class or a function is registered, as a value. */
  findValue(type: unknown): Definition | undefined {
    return this.#byType.get(type)
  }

  /** The class that an object has exactly; undefined if it is not registered. Base classes are not consulted. */
  classOf(object: object): ClassDefinition | undefined {
    const prototype: unknown = Object.getPrototypeOf(object)
    return this.#byPrototype.get(prototype as object)
  }

  /**
   * The dotted name of the class of any value: `__builtin__.str` for a string of printable ASCII, `__builtin__.dict` for a plain object.
   *
   * @throws UnknownClassError for an object whose class is not registered, for symbols and undefined
   */
  classNameOf(value: unknown): string {
    const name = builtinClassName(value)
    if (name !== undefined) return name
    if (typeof value !== 'object' || value === null) throw new UnknownClassError(typeof value, `${typeof value} has no counterpart in Python`)
    const definition = this.classOf(value)
    if (definition !== undefined) return definition.name
    const className = jsClassName(value)
    throw new UnknownClassError(className, `the class ${className} is not registered; register it with defineClass`)
  }

  /** Registers what makes the synchronizers of one class. @param factory - also given what {@link ClassRegistry.synchronizerOf} was asked with */
  synchronizer(className: string, factory: (object: unknown, within?: unknown) => Synchronizer): this {
    this.#synchronizers.set(className, factory)
    return this
  }

  /** Registers what makes the synchronizers of every class without one of its own. */
  defaultSynchronizer(factory: (object: unknown, within?: unknown) => Synchronizer): this {
    this.#defaultSynchronizer = factory
    return this
  }

  /** The synchronizer of an object: of its exact class, else the default one, else undefined. */
  synchronizerOf(object: unknown, within?: unknown): Synchronizer | undefined {
    const own = this.#synchronizers.size === 0 ? undefined : this.#synchronizers.get(this.classNameOf(object))
    return (own ?? this.#defaultSynchronizer)?.(object, within)
  }

  /** Registers an interface that objects can be marked with. */
  marker(name: string, symbol: symbol): this {
    this.#markers.set(name, symbol)
    return this
  }

  /** The marker of a name. @throws UnknownClassError */
  findMarker(name: string): symbol {
    return this.#named(this.#markers, name, 'marker')
  }

  /** Registers what makes objects of a factory name. */
  generator(factoryName: string, generator: Generator): this {
    this.#generators.set(factoryName, generator)
    return this
  }

  /** The generator of a factory name, if there is one. */
  findGenerator(factoryName: string): Generator | undefined {
    return this.#generators.get(factoryName)
  }

  /** Registers how names become keys of a class. */
  keyType(className: string, keyType: KeyType): this {
    this.#keyTypes.set(className, keyType)
    return this
  }

  /** How names become keys of a class. @throws UnknownClassError */
  findKeyType(className: string): KeyType {
    return this.#named(this.#keyTypes, className, 'keyType')
  }

  #named<T>(map: ReadonlyMap<string, T>, name: string, method: string): T {
    const found = map.get(name) ?? map.get(python2Name(name))
    if (found === undefined) throw new UnknownClassError(name, `${name} is not registered; register it with ${method}`)
    return found
  }
}

/** The class that messages name for an object. */
export function jsClassName(object: object): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  const type: unknown = prototype === null ? undefined : (prototype as { constructor?: unknown }).constructor
  return typeof type === 'function' && type.name !== '' ? type.name : 'without a name'
}

const printable = /^[\t\n\r\x20-\x7e]*$/

/** The class of what JavaScript itself holds and of the values that stand for Python's. */
function builtinClassName(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return printable.test(value) ? '__builtin__.str' : '__builtin__.unicode'
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? '__builtin__.int' : '__builtin__.float'
    case 'boolean':
      return '__builtin__.bool'
    case 'bigint':
      return '__builtin__.long'
    case 'function':
      return /^class\b/.test(Function.prototype.toString.call(value)) ? '__builtin__.type' : '__builtin__.function'
    case 'undefined':
    case 'symbol':
      return undefined
    case 'object':
      return value === null ? '__builtin__.NoneType' : builtinObjectClassName(value)
    default:
      return undefined
  }
}

const builtinPrototypes: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [null, '__builtin__.dict'],
  [Object.prototype, '__builtin__.dict'],
  [Map.prototype, '__builtin__.dict'],
  [Array.prototype, '__builtin__.list'],
  [PyTuple.prototype, '__builtin__.tuple'],
  [Uint8Array.prototype, '__builtin__.str'],
  [PyString.prototype, '__builtin__.str'],
  [PyUnicode.prototype, '__builtin__.unicode'],
  [PyFloat.prototype, '__builtin__.float'],
  [PyInt.prototype, '__builtin__.int'],
])

function builtinObjectClassName(value: object): string | undefined {
  return builtinPrototypes.get(Object.getPrototypeOf(value))
}

/** What a class has by what it extends. */
function inherited<T extends object>(type: ClassType<T>): ClassOptions<T> {
  const { prototype } = type
  if (prototype instanceof Map) {
    return {
      base: {
        name: '__builtin__.dict',
        get: object => new Map(object as unknown as Map<unknown, unknown>),
        create(value) {
          const map = Reflect.construct(Map, [], type) as Map<unknown, unknown>
          const entries = value instanceof Map ? value : Object.entries(value as object)
          for (const [key, item] of entries) Map.prototype.set.call(map, key, item)
          return map as unknown as T
        },
      },
    }
  }
  if (Array.isArray(prototype) || prototype instanceof Array) {
    return {
      base: {
        name: '__builtin__.list',
        get: object => Array.from(object as unknown as unknown[]),
        create(value) {
          const list = Reflect.construct(Array, [], type) as unknown[]
          for (const item of value as unknown[]) Array.prototype.push.call(list, item)
          return list as unknown as T
        },
      },
    }
  }
  return {}
}

function python2Name(name: string): string {
  if (name.startsWith('builtins.')) return `__builtin__.${name.slice('builtins.'.length)}`
  if (name.startsWith('copyreg.')) return `copy_reg.${name.slice('copyreg.'.length)}`
  return name
}
