import { collect, type Bytes } from '@syncline/core'

import type { EntryAttributes } from '../metadata/index.ts'
import { alsoProvides, providedBy } from './markers.ts'
import type { ObjectSpace } from './object-space.ts'
import type { Extras, SynchronizableAnnotations } from './specials.ts'
import type { Writeable } from './writeable.ts'

/** Something to do when everything has been loaded; what it returns is done in the next pass. */
export type Callback = () => Callback | void | Promise<Callback | void>

/** What a synchronizer changed of an object beside its body. */
export interface Modification {
  readonly part: 'metadata' | 'extras' | 'annotations'
  /** Of the markers, attributes or namespaces. */
  readonly names: readonly string[]
}

/**
 * Takes an object apart into metadata, extras and annotations, and puts them back. Base of the synchronizers that also keep a body or children.
 *
 * @typeParam T - the class of the objects it is for
 */
export abstract class Synchronizer<T = unknown> {
  /** `file` has a body, `directory` has children. */
  abstract readonly kind: 'file' | 'directory'
  /** The body is a pickle of the whole object, which is made anew when it is read. */
  readonly isDefault: boolean = false
  readonly context: T
  readonly space: ObjectSpace

  constructor(context: T, space: ObjectSpace) {
    this.context = context
    this.space = space
  }

  /** The object. */
  getObject(): T {
    return this.context
  }

  /** Attributes for `Entries.xml`: `factory`, by whose name the object is made again, and `provides`, its marker interfaces. */
  metadata(): EntryAttributes | undefined {
    const provides = providedBy(this.context).join(' ')
    const factory = this.space.typeOf(this.context)
    return provides === '' ? { factory } : { factory, provides }
  }

  /** Adds the marker interfaces that `provides` names; none is ever taken away. @throws UnknownClassError for a marker that is not registered */
  setMetadata(attributes: EntryAttributes): Modification | undefined {
    const { context } = this
    if (typeof context !== 'object' || context === null) return undefined
    const has = new Set(providedBy(context))
    const names = markerNames(attributes).filter(name => !has.has(name))
    for (const name of names) this.space.registry.findMarker(name)
    if (names.length === 0) return undefined
    alsoProvides(context, ...names)
    return { part: 'metadata', names }
  }

  /** The object's annotations, if it has any. */
  annotations(): SynchronizableAnnotations | undefined {
    return this.space.annotations(this.context)
  }

  /** Gives the object these annotations beside those it has. */
  setAnnotations(annotations: SynchronizableAnnotations): Modification | undefined {
    const { context } = this
    if (typeof context !== 'object' || context === null || annotations.size === 0) return undefined
    const target = this.space.annotationsOf(context, true)
    const names = target === undefined ? [] : annotations.modify(target, (a, b) => this.space.equals(a, b))
    return names.length === 0 ? undefined : { part: 'annotations', names }
  }

  /** Attributes that are kept in files of their own. None by default. */
  extras(): Extras | undefined {
    return undefined
  }

  /** Sets the attributes that the object has already and whose values differ; others are left out, so that no file can invent an attribute. */
  setExtras(extras: Extras): Modification | undefined {
    const { context } = this
    if (typeof context !== 'object' || context === null) return undefined
    const names: string[] = []
    for (const [name, value] of extras) {
      if (!isSettable(context, name)) continue
      const attributes = context as Record<string, unknown>
      if (this.space.equals(attributes[name], value)) continue
      attributes[name] = value
      names.push(name)
    }
    return names.length === 0 ? undefined : { part: 'extras', names }
  }
}

/** The markers that an entry names. */
export function markerNames({ provides = '' }: EntryAttributes): readonly string[] {
  return provides.split(' ').filter(name => name !== '')
}

/** Whether the object has this attribute as data: neither a method nor what every object inherits, so that `__proto__` and `constructor` are safe. */
function isSettable(object: object, name: string): boolean {
  for (let owner: object | null = object; owner !== null && owner !== Object.prototype; owner = Object.getPrototypeOf(owner) as object | null) {
    const property = Object.getOwnPropertyDescriptor(owner, name)
    if (property === undefined) continue
    return property.set !== undefined || (property.writable === true && typeof property.value !== 'function')
  }
  return false
}

/** A synchronizer of objects with a body. The base class writes an empty one and ignores what it is given. */
export class FileSynchronizer<T = unknown> extends Synchronizer<T> {
  override readonly kind = 'file'

  /** Writes the body. */
  dump(_writeable: Writeable): void | Promise<void> {
    return undefined
  }

  /** Reads the body into the object that is there. May return what is to be done when everything has been loaded. */
  load(_readable: Bytes): Callback | void | Promise<Callback | void> {
    return undefined
  }
}

/** Keeps an object whole, as a pickle. Extras and annotations are inside it. */
export class DefaultSynchronizer<T = unknown> extends FileSynchronizer<T> {
  override readonly isDefault = true

  /** None: an entry without a factory has a pickle as its body. */
  override metadata(): EntryAttributes | undefined {
    return undefined
  }

  override annotations(): undefined {
    return undefined
  }

  override dump(writeable: Writeable): void | Promise<void> {
    return writeable.write(this.space.pickle(this.context))
  }

  /** @throws TypeError always: a pickle makes a new object, see {@link loadPickle} */
  override load(_readable: Bytes): never {
    throw new TypeError('a pickle is not loaded into an object: it makes a new one')
  }
}

/** Makes the object of a pickle. */
export async function loadPickle(space: ObjectSpace, readable: Bytes, container: unknown): Promise<unknown> {
  return space.unpickle(await collect(readable), container)
}

/** What {@link DirectorySynchronizer} can keep: a Map, a plain object, or an object with a Map's methods. */
export interface ContainerLike {
  entries(): Iterable<readonly [unknown, unknown]> | AsyncIterable<readonly [unknown, unknown]>
  has(key: unknown): boolean | Promise<boolean>
  get(key: unknown): unknown
  set(key: unknown, value: unknown): unknown
  delete(key: unknown): unknown
}

/** A synchronizer of objects with children. Override the five methods for a container of another shape. */
export class DirectorySynchronizer<T = unknown> extends Synchronizer<T> {
  override readonly kind = 'directory'

  /** Keys and children. */
  entries(): Iterable<readonly [unknown, unknown]> | AsyncIterable<readonly [unknown, unknown]> {
    const { context } = this
    return isContainerLike(context) ? context.entries() : Object.entries(this.#plain())
  }

  has(key: unknown): boolean | Promise<boolean> {
    const { context } = this
    return isContainerLike(context) ? context.has(key) : Object.hasOwn(this.#plain(), String(key))
  }

  /** The child, or a promise of it. */
  get(key: unknown): unknown {
    const { context } = this
    if (isContainerLike(context)) return context.get(key)
    return Object.hasOwn(this.#plain(), String(key)) ? this.#plain()[String(key)] : undefined
  }

  /** Puts a child in, in the place of the one that is there. */
  set(key: unknown, value: unknown): void | Promise<void> {
    const { context } = this
    if (isContainerLike(context)) return settled(context.set(key, value))
    Object.defineProperty(this.#plain(), String(key), { value, configurable: true, enumerable: true, writable: true })
  }

  delete(key: unknown): void | Promise<void> {
    const { context } = this
    if (isContainerLike(context)) return settled(context.delete(key))
    delete this.#plain()[String(key)]
  }

  #plain(): Record<string, unknown> {
    const { context } = this
    const prototype: unknown = typeof context === 'object' && context !== null ? Object.getPrototypeOf(context) : undefined
    if (prototype === null || prototype === Object.prototype) return context as Record<string, unknown>
    throw new TypeError(
      `${this.space.describe(context)} is no Map, no plain object, and has not the methods entries, has, get, set and delete; give it a DirectorySynchronizer of its own`,
    )
  }
}

function isContainerLike(value: unknown): value is ContainerLike {
  if (value instanceof Map) return true
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) === Object.prototype) return false
  const candidate = value as Partial<ContainerLike>
  return (['entries', 'has', 'get', 'set', 'delete'] as const).every(method => typeof candidate[method] === 'function')
}

function settled(result: unknown): void | Promise<void> {
  if (result instanceof Promise) return result.then(() => undefined)
}

/** Any synchronizer. */
export type AnySynchronizer = FileSynchronizer | DirectorySynchronizer
