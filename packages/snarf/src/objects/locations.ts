import { baseName, compareUtf8, parentPath, type Path } from '@syncline/core'
import { isRegistered, type Metadata } from '../metadata/index.ts'
import type { ObjectSpace } from './object-space.ts'
import type { DirectorySynchronizer } from './synchronizer.ts'
import type { AnySynchronizer } from './synchronizer.ts'

/** Where an object lies. */
export interface Place {
  /** The keys that lead to it, from the top of the repository: `/wiki/home`. Of an object in several places, the first in key order. */
  readonly path: string
  /** Every container that holds it. */
  readonly holders: readonly { readonly container: object; readonly key: unknown }[]
}

/**
 * The objects of a tree by where they lie, so that a pickle can refer to an object of another place instead of holding a copy of it.
 *
 * A reference is the path of keys from the top of the repository, or `..` for the container of the pickled object: what zope.fssync calls
 * persistent references by path.
 */
export class Locations {
  readonly #places = new Map<object, { readonly path: string; readonly holders: { readonly container: object; readonly key: unknown }[] }>()
  readonly #objects = new Map<string, object>()
  readonly #references = new Map<object, ReadonlySet<string>>()
  #find: ((path: string) => unknown) | undefined
  /** The keys that lead to the container, as in {@link Place.path}; empty at the top. */
  readonly base: string

  private constructor(base: string) {
    this.base = base
  }

  /**
   * Looks at a container and everything below it.
   *
   * @param path - of the container in the repository. What lies at the top has no name there, so that nothing refers to it.
   */
  static async of(space: ObjectSpace, metadata: Metadata, directory: DirectorySynchronizer, path: Path): Promise<Locations> {
    const base = await keyPathOf(metadata, path)
    const locations = new Locations(base)
    const { context } = directory
    if (base !== '' && typeof context === 'object' && context !== null) locations.#add(context, base, undefined)
    await locations.#walk(space, directory, base)
    return locations
  }

  async #walk(space: ObjectSpace, directory: DirectorySynchronizer, path: string): Promise<void> {
    const children: (readonly [text: string, key: unknown, value: object])[] = []
    for await (const [key, value] of directory.entries()) if (typeof value === 'object' && value !== null) children.push([String(key), key, value])
    children.sort(([a], [b]) => compareUtf8(a, b))
    for (const [text, key, value] of children) {
      const synchronizer = synchronizerOf(space, value)
      if (synchronizer === undefined) continue
      const at = `${path}/${text}`
      const isNew = this.#add(value, at, { container: directory.context as object, key })
      // An object in two places has one name, and so has what is below it; a cycle of containers is told by who writes files.
      if (isNew && synchronizer.kind === 'directory') await this.#walk(space, synchronizer, at)
    }
  }

  #add(object: object, path: string, holder: { readonly container: object; readonly key: unknown } | undefined): boolean {
    this.#objects.set(path, object)
    const known = this.#places.get(object)
    if (known === undefined) this.#places.set(object, { path, holders: holder === undefined ? [] : [holder] })
    else if (holder !== undefined) known.holders.push(holder)
    return known === undefined
  }

  placeOf(object: unknown): Place | undefined {
    return this.#places.get(object as object)
  }

  objectAt(path: string): object | undefined {
    return this.#objects.get(path)
  }

  objects(): Iterable<object> {
    return this.#places.keys()
  }

  /** What says, while `pickled` is written, which objects it refers to. What it refers to is remembered for {@link Locations.referencesOf}. */
  referencesFrom(pickled: unknown): (object: object) => string | undefined {
    const paths = new Set<string>()
    const own = this.placeOf(pickled)
    const container = own?.holders.length === 1 ? own.holders[0]?.container : undefined
    if (typeof pickled === 'object' && pickled !== null) this.#references.set(pickled, paths)
    return object => {
      if (object === pickled) return undefined
      const place = this.#places.get(object)
      if (place === undefined) return undefined
      paths.add(place.path)
      return object === container ? '..' : place.path
    }
  }

  /** Paths of the objects that an object referred to when it was last written; `undefined` if it was not. */
  referencesOf(pickled: object): ReadonlySet<string> | undefined {
    return this.#references.get(pickled)
  }

  /** Lets others look first when a reference is followed: for objects that a commit has yet to make. */
  findFirst(find: (path: string) => unknown): void {
    this.#find = find
  }

  /** The object of a reference. @param container - of the object whose pickle it is in. @throws TypeError if there is none */
  follow(reference: string, container: unknown): unknown {
    if (reference === '..') return container
    checkReference(reference)
    const object = this.#find?.(reference) ?? this.#objects.get(reference)
    if (object !== undefined) return object
    throw missingObject(reference)
  }
}

/** @throws TypeError for what is no reference by path */
export function checkReference(reference: string): void {
  if (reference !== '..' && !/^(?:\/[^/]+)+$/.test(reference))
    throw new TypeError(`unknown persistent object reference: ${JSON.stringify(reference)}; one by path is like /wiki/home, or ..`)
}

export function missingObject(reference: string): TypeError {
  return new TypeError(`it refers to ${reference}, and there is no such object; bring that object back, or take the reference out`)
}

/** The keys that lead to a path of the repository, each after a slash; empty for the top. */
async function keyPathOf(metadata: Metadata, path: Path): Promise<string> {
  if (path === '') return ''
  const entry = await metadata.get(path)
  const key = (isRegistered(entry) ? entry['key'] : undefined) ?? baseName(path)
  return `${await keyPathOf(metadata, parentPath(path))}/${key}`
}

function synchronizerOf(space: ObjectSpace, object: object): AnySynchronizer | undefined {
  try {
    return space.getSynchronizer(object)
  } catch {
    // A class that is not registered: who writes it says so, with its path.
    return undefined
  }
}
