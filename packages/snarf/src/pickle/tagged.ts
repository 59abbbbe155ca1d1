import { newObject, reconstructor } from '../registry/builtins.ts'
import type { ClassDefinition, ClassRegistry } from '../registry/class-registry.ts'
import { sortPython } from '../registry/python-order.ts'
import { PyByteArray, PyDate, PyDateTime, PyDecimal, PyFloat, PyInt, PyString, PyUnicode } from '../registry/python-values.ts'
import { toBase64 } from './base64.ts'
import { digitsOf } from './limits.ts'
import { Place } from './place.ts'
import { isEmptyState, ownAttributes, shapeOf } from './take-apart.ts'

/** What JSON and YAML are written from: scalars, lists, and mappings whose names that begin with `$` are tags. */
export type Tagged = null | boolean | number | string | TaggedList | TaggedMap

/** A list; with an id, or under a name of its own, a mapping around it. */
export class TaggedList {
  id: number | undefined
  readonly tag: string
  readonly items: Tagged[] = []

  constructor(tag = '$list') {
    this.tag = tag
  }
}

/** A mapping in the order in which it is written. */
export class TaggedMap {
  id: number | undefined
  readonly entries: [string, Tagged][] = []
  /** The state of an object: its attributes go into the mapping, unless something else refers to the state too. */
  state: Tagged | undefined

  constructor(...entries: [string, Tagged][]) {
    this.entries.push(...entries)
  }

  /** Everything that is written, ids and state included. */
  *written(): Generator<[string, Tagged]> {
    if (this.id !== undefined) yield ['$id', this.id]
    yield* this.entries
    const { state } = this
    if (state === undefined) return
    if (state instanceof TaggedMap && state.isDictionary && state.id === undefined && state.entries.length > 0) yield* state.entries
    else yield ['$state', state]
  }

  /** Whether the mapping is a plain dictionary. */
  isDictionary = false
}

/** What a value is tagged with. */
export interface TagOptions {
  readonly registry: ClassRegistry
  readonly persistentId: ((object: object) => string | undefined) | undefined
  readonly maxDepth: number
}

/**
 * Turns a value into scalars, lists and tagged mappings.
 *
 * @throws PicklingError naming the place of what cannot be written
 */
export function tagValue(value: unknown, options: TagOptions): Tagged {
  return new Tagger(options).tag(value)
}

class Tagger {
  readonly #options: TagOptions
  readonly #registry: ClassRegistry
  readonly #place: Place
  readonly #memo = new Map<object, TaggedList | TaggedMap>()
  readonly #unfinished = new Set<object>()
  #nextId = 1

  constructor(options: TagOptions) {
    this.#options = options
    this.#registry = options.registry
    this.#place = new Place(options.maxDepth)
  }

  tag(value: unknown): Tagged {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : new TaggedMap(['$float', floatText(value)])
      case 'bigint':
        return new TaggedMap(['$bigint', this.#place.try(() => digitsOf(value))])
      case 'object':
        return value === null ? null : this.#object(value)
      case 'function':
        return this.#function(value)
      case 'undefined':
        throw this.#place.error('undefined cannot be pickled; use null')
      default:
        throw this.#place.error(`a ${typeof value} cannot be pickled`)
    }
  }

  #object(object: object): Tagged {
    const persistent = this.#options.persistentId?.(object)
    if (persistent !== undefined) return new TaggedMap(['$persistent', persistent])
    const known = this.#memo.get(object)
    if (known !== undefined) return new TaggedMap(['$ref', (known.id ??= this.#nextId++)])
    if (object instanceof PyFloat) return Number.isInteger(object.value) ? new TaggedMap(['$float', floatText(object.value)]) : this.tag(object.value)
    if (object instanceof PyInt) return new TaggedMap(['$int', this.#place.try(() => digitsOf(object.value))])
    if (object instanceof PyUnicode) return this.#remember(object, new TaggedMap(['$unicode', object.value]))
    if (object instanceof PyString) return this.#remember(object, new TaggedMap(['$string', object.value]))
    if (this.#unfinished.has(object))
      throw this.#place.error('an object whose constructor arguments or base value hold the object itself cannot be pickled')
    const shape = this.#place.try(() => shapeOf(object, this.#registry))
    if (!this.#place.enter())
      throw this.#place.error(
        `values are nested more than ${this.#options.maxDepth} deep; allow more with maxDepth, or keep the parts as objects of their own`,
      )
    const tagged = this.#shape(object, shape)
    this.#place.leave()
    return tagged
  }

  #shape(object: object, shape: ReturnType<typeof shapeOf>): Tagged {
    switch (shape.type) {
      case 'list':
        return this.#fill(this.#remember(object, new TaggedList()), shape.items)
      case 'tuple':
        return this.#fill(this.#remember(object, new TaggedList('$tuple')), shape.items)
      case 'set': {
        const list = this.#remember(object, new TaggedList(shape.isFrozen ? '$frozenset' : '$set'))
        return this.#fill(
          list,
          this.#place.try(() => sortPython([...shape.set], this.#registry)),
        )
      }
      case 'bytes':
        return this.#remember(object, new TaggedMap(['$bytes', toBase64(shape.bytes)]))
      case 'dict':
        return this.#dictionary(this.#remember(object, new TaggedMap()), shape.object)
      case 'map':
        return this.#map(this.#remember(object, new TaggedList('$map')), shape.map)
      case 'instance':
        return this.#instance(object, shape.definition)
    }
  }

  #fill(list: TaggedList, items: readonly unknown[]): TaggedList {
    for (let i = 0; i < items.length; i++) {
      this.#place.at(i)
      list.items.push(this.tag(items[i]))
    }
    return list
  }

  #dictionary(map: TaggedMap, object: object): TaggedMap {
    map.isDictionary = true
    for (const key of sortPython(Object.keys(object), this.#registry)) {
      const value = (object as Readonly<Record<string, unknown>>)[key]
      if (value === undefined) continue
      this.#place.at(key)
      map.entries.push([key.startsWith('$') ? `$${key}` : key, this.tag(value)])
    }
    return map
  }

  #map(list: TaggedList, map: ReadonlyMap<unknown, unknown>): TaggedList {
    for (const key of this.#place.try(() => sortPython([...map.keys()], this.#registry))) {
      const value = map.get(key)
      if (value === undefined) continue
      this.#place.at(key)
      const pair = new TaggedList()
      pair.items.push(this.tag(key), this.tag(value))
      list.items.push(pair)
    }
    return list
  }

  #instance(object: object, definition: ClassDefinition): TaggedMap {
    const scalar = this.#place.try(() => scalarOf(object))
    if (scalar !== undefined) return this.#remember(object, new TaggedMap(scalar))
    this.#unfinished.add(object)
    const map = new TaggedMap()
    let state: unknown
    if (definition.reduce === undefined) {
      const { name, base, getState, setState } = definition
      map.entries.push(['$class', name])
      if (base !== undefined) map.entries.push(['$base', this.tag(this.#place.try(() => base.get(object)))])
      state = getState === undefined ? ownAttributes(object) : this.#place.try(() => getState(object))
      if (setState === undefined && isEmptyState(state)) state = undefined
    } else {
      const { callable, args, ...rest } = this.#place.try(() => definition.reduce?.(object)) ?? { callable: definition.name, args: [] }
      this.#place.try(() => this.#registry.find(callable))
      map.entries.push(['$call', callable], ['$args', this.#fill(new TaggedList(), args)])
      state = rest.state
    }
    this.#unfinished.delete(object)
    this.#remember(object, map)
    if (state === object && definition.getState === undefined) map.state = this.#dictionary(new TaggedMap(), object)
    else if (state !== undefined) map.state = this.tag(state)
    return map
  }

  #function(type: unknown): TaggedMap {
    const definition = this.#registry.findValue(type)
    if (definition === undefined || definition.type === reconstructor || definition.type === newObject)
      throw this.#place.error('a function or class that is not registered cannot be pickled; register it by name')
    return new TaggedMap(['$global', definition.name])
  }

  #remember<T extends TaggedList | TaggedMap>(object: object, tagged: T): T {
    this.#memo.set(object, tagged)
    return tagged
  }
}

/** The tag of an object that one text says all about. */
function scalarOf(object: object): [string, string] | undefined {
  if (object instanceof PyDecimal) return ['$decimal', object.text]
  if (object instanceof PyByteArray) return ['$bytearray', toBase64(object)]
  if (object instanceof PyDate) return ['$date', [String(object.year).padStart(4, '0'), twoDigits(object.month), twoDigits(object.day)].join('-')]
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Date.prototype && prototype !== PyDateTime.prototype) return undefined
  const date = object as Date
  if (Number.isNaN(date.getTime())) throw new TypeError('an invalid date cannot be pickled')
  const micros = date instanceof PyDateTime ? String(date.microseconds).padStart(3, '0') : ''
  return ['$date', date.toISOString().replace('Z', `${micros}Z`)]
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Object.is(value, -0) ? '-0.0' : String(value)
}
