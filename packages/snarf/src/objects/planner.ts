import type { AbortOptions, Path } from '@syncline/core'
import { entriesPath, isRegistered, type EntryAttributes, type Metadata } from '../metadata/index.ts'
import { childrenOf, originalKey, type Child } from './children.ts'
import { MissingSynchronizerError, pythonRepr, PyError, SynchronizationError, type PathError } from './errors.ts'
import { providedBy } from './markers.ts'
import { hollow } from './make.ts'
import { isInvalidName, specialPath } from './names.ts'
import type { ObjectSpace } from './object-space.ts'
import type { PlanNode, SpecialNode } from './plan.ts'
import type { Repository } from './repository.ts'
import { Extras, SynchronizableAnnotations } from './specials.ts'
import { DirectorySynchronizer, markerNames, type AnySynchronizer } from './synchronizer.ts'
import { digestOf, digestOfBytes, digestOfDump, type Digest } from './writeable.ts'

/** What decides about objects that the repository does not have. */
export interface PlannerOptions extends AbortOptions {
  readonly missing: 'keep' | 'delete'
  /** Flags are not looked at: everything is new. */
  readonly ignoreFlags: boolean
}

/** Attributes that are the repository's own and not the object's. */
const bookkeeping = new Set(['type', 'factory', 'provides', 'id', 'key', 'keytype', 'flag', 'conflict'])

/** Compares content and repository, and plans what makes the content like the repository. Reads both, changes neither. */
export class Planner {
  readonly problems: PathError[] = []
  /** What the pickles that a commit will read refer to, by file. */
  readonly references: Map<Path, readonly string[]> = new Map()
  readonly #space: ObjectSpace
  readonly #repository: Repository
  readonly #metadata: Metadata
  readonly #options: PlannerOptions

  constructor(space: ObjectSpace, repository: Repository, metadata: Metadata, options: PlannerOptions) {
    this.#space = space
    this.#repository = repository
    this.#metadata = metadata
    this.#options = options
  }

  /** All children of a directory: files first, then directories. @param container - `undefined` if it has yet to be made */
  async directory(
    container: DirectorySynchronizer | undefined,
    path: Path,
    missing: 'keep' | 'delete' = this.#options.missing,
  ): Promise<readonly PlanNode[]> {
    const { registered, unregistered } = await childrenOf(container, path, this.#metadata)
    const files: Child[] = []
    const directories: Child[] = []
    for (const child of registered) ((await this.#repository.kindOf(child.path)) === 'directory' ? directories : files).push(child)
    const nodes: PlanNode[] = []
    for (const child of [...files, ...directories]) {
      const node = await this.child(container, child.name, child.path)
      if (node !== undefined) nodes.push(node)
    }
    if (container === undefined || unregistered.length === 0 || missing === 'keep') return nodes
    // An empty or missing listing must not empty the content.
    if ((await this.#repository.kindOf(entriesPath(path))) !== 'file') {
      this.#fail(
        path,
        new SynchronizationError(`there are no metadata in ${entriesPath(path)}, so nothing says that objects were removed; check out first`),
      )
      return nodes
    }
    for (const { name, path: child, key } of unregistered) {
      const object = await container.get(key)
      if (this.#space.getSynchronizer(object) === undefined) continue
      nodes.push(this.#node({ path: child, name, key, entry: {}, action: 'delete', reason: 'there is no file for it', old: { object } }))
    }
    return nodes
  }

  /** One child; `undefined` if there is nothing to do. */
  async child(container: DirectorySynchronizer | undefined, name: string, path: Path): Promise<PlanNode | undefined> {
    this.#options.signal?.throwIfAborted()
    const { compat } = this.#space
    try {
      if (isInvalidName(name)) throw new SynchronizationError(`invalid separator in name ${pythonRepr(name)}`, { path })
      const entry = await this.#metadata.get(path)
      const key = originalKey(this.#space, entry, name)
      const isThere = container !== undefined && (await container.has(key))
      if (!isRegistered(entry)) return undefined
      const isRemoved = entry['flag'] === 'removed' && !this.#options.ignoreFlags
      if (!isThere) {
        if (!isRemoved) return await this.#new(name, key, entry, path)
        if (compat !== 'fixed') throw new PyError(key)
        throw new SynchronizationError('it is flagged as removed, but the content does not have it any more; update the repository', { path })
      }
      const object = await container.get(key)
      if (isRemoved) return this.#node({ path, name, key, entry, action: 'delete', reason: 'it is flagged as removed', old: await this.#old(object) })
      return await this.#existing(object, name, key, entry, path)
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      this.#fail(path, error)
      return undefined
    }
  }

  async #new(name: string, key: unknown, entry: EntryAttributes, path: Path, replaced?: PlanNode['old']): Promise<PlanNode> {
    const isDirectory = await this.#willBeDirectory(entry, path)
    const body = isDirectory ? undefined : await this.#body(path, entry['factory'] === undefined && entry['type'] !== undefined)
    return this.#node({
      path,
      name,
      key,
      entry,
      isDirectory,
      body,
      action: replaced === undefined ? 'create' : 'replace',
      reason: replaced === undefined ? 'there is a file and no object yet' : `its type is ${entry['type'] ?? 'another one'} now`,
      old: replaced,
      children: isDirectory ? await this.directory(undefined, path) : [],
      metadata: this.#metadataReason(entry, undefined, undefined),
      extras: await this.#special('Extra', name, path, undefined),
      annotations: await this.#special('Annotations', name, path, undefined),
    })
  }

  /** Whether the object of an entry will have children. @throws if nothing says what it will be */
  async #willBeDirectory({ factory, type }: EntryAttributes, path: Path): Promise<boolean> {
    const space = this.#space
    const isDirectory = (await this.#repository.kindOf(path)) === 'directory'
    if (factory !== undefined) {
      if (space.registry.findGenerator(factory) !== undefined) return isDirectory
      return space.requireSynchronizer(hollow(space, factory)).kind === 'directory'
    }
    if (type === undefined && (isDirectory ? space.directoryGenerator : space.fileGenerator) === undefined)
      throw new TypeError(`Don't know how to create object for ${path}: its entry has neither factory nor type, and there is no generator`)
    if (isDirectory && type !== undefined) throw new SynchronizationError('its entry says that it is a pickle, but it is a directory', { path })
    return isDirectory
  }

  async #body(path: Path, isPickle: boolean): Promise<Digest> {
    const kind = await this.#repository.kindOf(path)
    if (kind !== 'file') {
      if (this.#space.compat !== 'fixed') throw new PyError(path)
      throw new SynchronizationError(kind === undefined ? `there is no file ${path} in the repository` : `${path} is a directory in the repository`, {
        path,
      })
    }
    if (!isPickle) return digestOfBytes(this.#repository.read(path, this.#options))
    const pickle = (await this.#repository.readIfThere(path, this.#options)) ?? new Uint8Array(0)
    const { problem, references } = this.#space.examine(pickle)
    if (problem !== undefined) throw problem
    if (references.length > 0) this.references.set(path, references)
    return digestOf(pickle)
  }

  async #existing(object: unknown, name: string, key: unknown, entry: EntryAttributes, path: Path): Promise<PlanNode | undefined> {
    const space = this.#space
    const synchronizer = space.getSynchronizer(object)
    if (synchronizer === undefined) throw new MissingSynchronizerError(space.typeOf(object), { path })
    const { type, factory } = entry
    if (type !== undefined && type !== space.typeOf(object)) return this.#new(name, key, entry, path, await this.#old(object))
    const common = { path, name, key, entry, ...(await this.#parts(synchronizer, entry, name, path)) }
    if (synchronizer.kind === 'directory') {
      const kind = await this.#repository.kindOf(path)
      if (kind === 'file') throw new SynchronizationError('it is a file in the repository, but its object has children', { path })
      const children = kind === 'directory' ? await this.directory(synchronizer, path) : []
      return this.#unlessEmpty({ ...common, isDirectory: true, children, old: { object } })
    }
    const body = await this.#body(path, false)
    const old = { object, digest: await digestOfDump(synchronizer) }
    if (body === old.digest || (await this.#isUnchanged(name, path, body))) return this.#unlessEmpty({ ...common, old })
    if (factory !== undefined) return this.#node({ ...common, action: 'update', reason: 'the bodies differ', old, body })
    await this.#body(path, true)
    return this.#node({ ...common, action: 'replace', reason: 'the pickles differ', old, body })
  }

  /** What the working copy did not change is not written over what the content has. */
  async #isUnchanged(name: string, path: Path, body: Digest): Promise<boolean> {
    const original = specialPath(directoryOf(path), 'Original', name)
    return (await this.#repository.kindOf(original)) === 'file' && (await digestOfBytes(this.#repository.read(original, this.#options))) === body
  }

  async #parts(
    synchronizer: AnySynchronizer,
    entry: EntryAttributes,
    name: string,
    path: Path,
  ): Promise<Pick<PlanNode, 'metadata' | 'extras' | 'annotations'>> {
    return {
      metadata: this.#metadataReason(entry, synchronizer.metadata(), synchronizer.context),
      extras: await this.#special('Extra', name, path, synchronizer),
      annotations: await this.#special('Annotations', name, path, synchronizer),
    }
  }

  #metadataReason(entry: EntryAttributes, metadata: EntryAttributes | undefined, object: unknown): string | undefined {
    const has = new Set(providedBy(object))
    const markers = markerNames(entry).filter(name => !has.has(name))
    for (const name of markers) this.#space.registry.findMarker(name)
    const changed = Object.keys(entry).filter(name => !bookkeeping.has(name) && entry[name] !== metadata?.[name])
    if (markers.length > 0) return `it is marked with ${markers.join(', ')}`
    return changed.length > 0 && metadata !== undefined ? `${changed.join(', ')} differ` : undefined
  }

  async #special(
    part: 'Extra' | 'Annotations',
    name: string,
    path: Path,
    synchronizer: AnySynchronizer | undefined,
  ): Promise<SpecialNode | undefined> {
    const special = specialPath(directoryOf(path), part, name)
    const kind = await this.#repository.kindOf(special)
    if (kind === undefined) return undefined
    const now = part === 'Extra' ? new Extras(synchronizer?.extras()) : new SynchronizableAnnotations(synchronizer?.annotations())
    const what = part === 'Extra' ? 'extras' : 'annotations'
    if (kind === 'directory') {
      const children = await this.directory(synchronizer === undefined ? undefined : new DirectorySynchronizer(now, this.#space), special, 'keep')
      if (children.length === 0) return undefined
      return { path: special, reason: `the ${what} ${children.map(child => String(child.key)).join(', ')} differ`, children }
    }
    const shape = this.#space.requireSynchronizer(now)
    const body = await this.#body(special, shape.kind === 'file' && shape.isDefault)
    if (shape.kind === 'file' && now.size > 0 && (await digestOfDump(shape)) === body) return undefined
    return { path: special, reason: `the ${what} differ` }
  }

  async #old(object: unknown): Promise<{ readonly object: unknown; readonly digest?: Digest }> {
    const synchronizer = this.#space.getSynchronizer(object)
    return synchronizer?.kind === 'file' ? { object, digest: await digestOfDump(synchronizer) } : { object }
  }

  #unlessEmpty(node: Partial<PlanNode> & Pick<PlanNode, 'path' | 'name' | 'key' | 'entry'>): PlanNode | undefined {
    const made = this.#node(node)
    const isEmpty = made.children.length === 0 && made.metadata === undefined && made.extras === undefined && made.annotations === undefined
    return isEmpty ? undefined : made
  }

  #node(node: Partial<PlanNode> & Pick<PlanNode, 'path' | 'name' | 'key' | 'entry'>): PlanNode {
    return {
      action: undefined,
      reason: '',
      old: undefined,
      body: undefined,
      isDirectory: false,
      children: [],
      metadata: undefined,
      extras: undefined,
      annotations: undefined,
      ...node,
    }
  }

  #fail(path: Path, error: unknown): void {
    this.problems.push({ path, error })
  }
}

function directoryOf(path: Path): Path {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
