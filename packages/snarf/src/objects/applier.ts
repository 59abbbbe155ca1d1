import { baseName, collect, messageOf, toBytes, type AbortOptions, type Bytes, type Path } from '@syncline/core'
import { RevisionError, SynchronizationError, type PathError } from './errors.ts'
import { containerOf } from './container.ts'
import { make } from './make.ts'
import type { Linker } from './linker.ts'
import type { Locations } from './locations.ts'
import type { ObjectSpace } from './object-space.ts'
import type { PlanNode, SpecialNode } from './plan.ts'
import type { Relink } from './relink.ts'
import type { Repository } from './repository.ts'
import { Extras, SynchronizableAnnotations } from './specials.ts'
import { DirectorySynchronizer, loadPickle, type AnySynchronizer, type Callback, type FileSynchronizer, type Modification } from './synchronizer.ts'
import type { Transaction } from './transaction.ts'
import { DigestMeter, digestOf, digestOfBytes, digestOfDump, dumpBytes, type Digest } from './writeable.ts'

/** One object's turn in a commit. */
export interface CommitStep {
  /** What the object is put into. */
  readonly container: unknown
  readonly key: unknown
  readonly path: Path
  /** Adds something to be done when everything has been loaded. */
  readonly addCallback: (callback: Callback) => void
  /** Does it. */
  run(): Promise<void>
}

/** Something that happened to an object; told after everything has succeeded. */
export type ObjectEvent =
  | { readonly type: 'created'; readonly object: unknown; readonly path: Path }
  | { readonly type: 'modified'; readonly object: unknown; readonly path: Path; readonly modifications: readonly Modification[] }

/** What carries out a commit works on. */
export interface CommitParts {
  readonly space: ObjectSpace
  readonly repository: Repository
  readonly synchNew: (step: CommitStep) => Promise<void>
  readonly synchOld: (step: CommitStep) => Promise<void>
  /** Follows references by path. */
  readonly linker: Linker | undefined
}

/** Bytes of a body that is kept in memory so that it can be loaded again, should the commit fail. */
const keptBytes = 64 * 1024 * 1024

/** Carries out a plan. Errors are collected, so that all of them are told; none is undone here. */
export class Applier {
  readonly errors: PathError[] = []
  readonly callbacks: Callback[] = []
  readonly events: ObjectEvent[] = []
  readonly #commit: CommitParts
  readonly #transaction: Transaction
  readonly #options: AbortOptions
  readonly #notUndone: Path[] = []

  constructor(commit: CommitParts, transaction: Transaction, { signal }: AbortOptions) {
    this.#commit = commit
    this.#transaction = transaction
    this.#options = { signal }
  }

  /** Reads what is referred to before its turn. @returns whether that succeeded; nothing has been changed */
  async prepare(references: readonly string[], relinks: readonly Relink[]): Promise<boolean> {
    let reading: Path = ''
    try {
      await this.#commit.linker?.prepare(references, relinks, node => this.#body({ ...node, path: (reading = node.path) }))
      return true
    } catch (error) {
      this.errors.push({ path: reading, error })
      return false
    }
  }

  /** Puts objects whose references changed in the place of those that have the old ones. */
  async relink(locations: Locations, relinks: readonly Relink[]): Promise<void> {
    for (const relink of relinks) {
      try {
        this.#options.signal?.throwIfAborted()
        await this.#relinkOne(locations, relink)
      } catch (error) {
        this.errors.push({ path: relink.path.slice(1), error })
      }
    }
  }

  async #relinkOne(locations: Locations, { object, path, part }: Relink): Promise<void> {
    const { space, linker } = this.#commit
    const synchronizer = space.requireSynchronizer(object)
    const at = path.slice(1)
    if (part === 'body') {
      const made = linker?.relinked(path)
      for (const { container, key } of locations.placeOf(object)?.holders ?? []) {
        const directory = containerOf(space, container)
        await this.#keepContainer(directory, key)
        await directory.set(key, made)
      }
      this.events.push({ type: 'created', object: made, path: at })
      return
    }
    const now = synchronizer[part]() ?? new Map<string, unknown>()
    const read = space.unpickle(space.pickle(now), object)
    this.#transaction.touch(object)
    if (part === 'annotations') this.#transaction.touch(space.annotationsOf(object), 0)
    const modification =
      part === 'extras'
        ? synchronizer.setExtras(new Extras(read as Extras))
        : synchronizer.setAnnotations(new SynchronizableAnnotations(read as Extras))
    if (modification !== undefined) this.events.push({ type: 'modified', object, path: at, modifications: [modification] })
  }

  /** The changes of one directory and everything below it. */
  async children(directory: DirectorySynchronizer, container: unknown, nodes: readonly PlanNode[]): Promise<void> {
    for (const node of nodes) {
      try {
        this.#options.signal?.throwIfAborted()
        await this.#node(directory, container, node)
      } catch (error) {
        this.errors.push({ path: node.path, error })
      }
    }
  }

  /** Brings everything back. Resolves to the paths where that failed. */
  async rollback(): Promise<readonly Path[]> {
    // What could not be restored shows in the digests, which are compared then.
    await this.#transaction.rollback().catch((error: unknown) => this.#notUndone.push(messageOf(error)))
    return this.#notUndone
  }

  async #node(directory: DirectorySynchronizer, container: unknown, node: PlanNode): Promise<void> {
    const { path, key, action } = node
    if (action !== undefined) {
      const { synchNew, synchOld } = this.#commit
      const step: CommitStep = {
        container,
        key,
        path,
        addCallback: callback => this.callbacks.push(callback),
        run: () => this.#act(directory, container, node),
      }
      await (node.old === undefined ? synchNew(step) : synchOld(step))
    }
    if (action === 'delete') return
    // One who replaced a step may have left the object out.
    if (!(await directory.has(key))) return
    const object = await directory.get(key)
    const synchronizer = this.#commit.space.getSynchronizer(object)
    if (synchronizer === undefined) return
    if (node.children.length > 0) {
      if (synchronizer.kind !== 'directory')
        throw new SynchronizationError(`${path} has children in the repository, but its object has not`, { path })
      await this.children(synchronizer, object, node.children)
    }
    await this.#parts(synchronizer, node, action === 'create' || action === 'replace')
  }

  async #act(directory: DirectorySynchronizer, container: unknown, node: PlanNode): Promise<void> {
    const { action, key, old, path } = node
    if (old !== undefined) await this.#requireUnchanged(directory, node, old)
    switch (action) {
      case 'delete':
        await this.#keepContainer(directory, key)
        await directory.delete(key)
        return
      case 'create':
      case 'replace':
        await this.#make(directory, container, node)
        return
      case 'update':
        await this.#load(this.#commit.space.requireSynchronizer(old?.object), node)
        this.events.push({ type: 'modified', object: old?.object, path, modifications: [] })
        return
      case undefined:
    }
  }

  /** Between planning and now, nobody may have put something else there. */
  async #requireUnchanged(
    directory: DirectorySynchronizer,
    { key, path }: PlanNode,
    old: { readonly object: unknown; readonly digest?: Digest },
  ): Promise<void> {
    const changed = new RevisionError(`the content changed while it was committed; commit again`, { path })
    if (!(await directory.has(key)) || (await directory.get(key)) !== old.object) throw changed
    if (old.digest === undefined) return
    const synchronizer = this.#commit.space.requireSynchronizer(old.object)
    if (synchronizer.kind === 'file' && (await digestOfDump(synchronizer)) !== old.digest) throw changed
  }

  async #keepContainer(directory: DirectorySynchronizer, key: unknown): Promise<void> {
    const had = await directory.has(key)
    const object = had ? await directory.get(key) : undefined
    this.#transaction.touch(directory.context, 1)
    // A container that keeps its children where no property shows them is brought back by its own methods.
    this.#transaction.onRollback(async () => {
      if (had && (await directory.get(key)) !== object) await directory.set(key, object)
      if (!had && (await directory.has(key))) await directory.delete(key)
    })
  }

  #read(path: Path): Bytes {
    return this.#commit.repository.read(path, this.#options)
  }

  async #make(directory: DirectorySynchronizer, container: unknown, node: PlanNode): Promise<void> {
    const { space, linker } = this.#commit
    const { key, path, entry } = node
    const { factory, type } = entry
    const generator = factory === undefined ? undefined : space.registry.findGenerator(factory)
    await this.#keepContainer(directory, key)
    let object: unknown
    if (generator !== undefined) {
      object = await generator.create(directory, key)
      await this.#fill(object, node)
    } else if (factory !== undefined) {
      object = linker === undefined ? make(space, factory) : linker.make(node, factory)
      const synchronizer = space.requireSynchronizer(object)
      if (synchronizer.kind === 'file' && synchronizer.isDefault) object = await this.#unpickle(node, container)
      else if (synchronizer.kind === 'file') await this.#load(synchronizer, node)
    } else if (type !== undefined) object = await this.#unpickle(node, container)
    else object = await this.#generate(node, container)
    // A generator has put it in already.
    if (generator === undefined) await directory.set(key, object)
    linker?.made(node, object)
    this.events.push({ type: 'created', object, path })
  }

  async #fill(object: unknown, node: PlanNode): Promise<void> {
    const synchronizer = this.#commit.space.requireSynchronizer(object)
    if (synchronizer.kind === 'file' && !synchronizer.isDefault) await this.#load(synchronizer, node)
  }

  async #generate(node: PlanNode, container: unknown): Promise<unknown> {
    const { fileGenerator, directoryGenerator } = this.#commit.space
    const name = String(node.key)
    if (node.isDirectory) {
      const directory = directoryGenerator?.create(container, name)
      if (directory === undefined) throw new TypeError(`Don't know how to create object for ${node.path}: the directory generator made none`)
      return directory
    }
    const dot = baseName(node.path).lastIndexOf('.')
    const object = fileGenerator?.create(container, name, dot === -1 ? '.' : baseName(node.path).slice(dot))
    if (object === undefined) return this.#unpickle(node, container)
    await fileGenerator?.load(object, toBytes(await this.#body(node)))
    return object
  }

  async #unpickle(node: PlanNode, container: unknown): Promise<unknown> {
    const { space, linker } = this.#commit
    const pickle = await this.#body(node)
    return linker === undefined ? space.unpickle(pickle, container) : linker.unpickle(node, pickle, container)
  }

  /** A file in memory, as it was planned. */
  async #body({ path, body }: Pick<PlanNode, 'path' | 'body'>): Promise<Uint8Array> {
    const bytes = await collect(this.#read(path))
    if (body !== undefined && digestOf(bytes) !== body) throw changedFile(path)
    return bytes
  }

  async #load(synchronizer: AnySynchronizer, node: PlanNode): Promise<void> {
    if (synchronizer.kind === 'directory') return
    await this.#keepBody(synchronizer, node)
    const content = new PlannedBody(() => this.#read(node.path), node)
    const callback = await synchronizer.load(content)
    if (typeof callback === 'function') this.callbacks.push(callback)
    await content.finish()
  }

  async #keepBody(synchronizer: FileSynchronizer, { path, old }: PlanNode): Promise<void> {
    this.#transaction.touch(synchronizer.context)
    if (old?.digest === undefined) return
    const { digest } = old
    const before = await dumpBytes(synchronizer, keptBytes)
    this.#transaction.onRollback(async () => {
      if ((await digestOfDump(synchronizer)) === digest) return
      // State that no property shows: the object is asked to load what it was.
      if (before !== undefined) await synchronizer.load(toBytes(before))
      if ((await digestOfDump(synchronizer)) !== digest) this.#notUndone.push(path)
    })
  }

  async #parts(synchronizer: AnySynchronizer, node: PlanNode, isNew: boolean): Promise<void> {
    const { path, metadata, extras, annotations } = node
    if (!isNew && metadata === undefined && extras === undefined && annotations === undefined) return
    const modifications: Modification[] = []
    const keep = (modification: Modification | undefined): void => {
      if (modification !== undefined) modifications.push(modification)
    }
    this.#transaction.touch(synchronizer.context, synchronizer.kind === 'file' ? Infinity : 1)
    if (isNew || metadata !== undefined) keep(synchronizer.setMetadata(node.entry))
    if (extras !== undefined) keep(synchronizer.setExtras(await this.#special(new Extras(synchronizer.extras()), extras, synchronizer)))
    if (annotations !== undefined) {
      const { context } = synchronizer
      if (typeof context === 'object' && context !== null) this.#transaction.touch(this.#commit.space.annotationsOf(context), 0)
      keep(synchronizer.setAnnotations(await this.#special(new SynchronizableAnnotations(synchronizer.annotations()), annotations, synchronizer)))
    }
    if (modifications.length > 0) this.events.push({ type: 'modified', object: synchronizer.context, path, modifications })
  }

  /** Extras or annotations as the repository has them, beside those that it does not have. */
  async #special<T extends Map<string, unknown>>(now: T, { path, children }: SpecialNode, owner: AnySynchronizer): Promise<T> {
    const { space } = this.#commit
    if (children !== undefined) {
      await this.children(new DirectorySynchronizer<Map<string, unknown>>(now, space), owner.context, children)
      return now
    }
    const synchronizer = space.requireSynchronizer(now)
    if (synchronizer.kind === 'file' && !synchronizer.isDefault) {
      const callback = await synchronizer.load(this.#read(path))
      if (typeof callback === 'function') this.callbacks.push(callback)
      return now
    }
    const read = await loadPickle(space, this.#read(path), owner.context)
    if (!(read instanceof Map)) throw new SynchronizationError(`${path} holds ${space.describe(read)}, not a dictionary`, { path })
    for (const [key, value] of read as Map<unknown, unknown>) now.set(String(key), value)
    return now
  }
}

/** The body of a file on its way to an object, compared with the plan. */
class PlannedBody implements AsyncIterable<Uint8Array> {
  readonly #read: () => Bytes
  readonly #path: Path
  readonly #planned: Digest | undefined
  #found: Digest | undefined

  constructor(read: () => Bytes, { path, body }: PlanNode) {
    this.#read = read
    this.#path = path
    this.#planned = body
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const meter = new DigestMeter()
    for await (const chunk of this.#read()) {
      meter.add(chunk)
      yield chunk
    }
    this.#found = meter.digest()
  }

  /** @throws RevisionError if the file is not the planned one. One that the object did not read to its end is read once more. */
  async finish(): Promise<void> {
    const found = this.#found ?? (await digestOfBytes(this.#read()))
    if (this.#planned !== undefined && found !== this.#planned) throw changedFile(this.#path)
  }
}

function changedFile(path: Path): RevisionError {
  return new RevisionError(`${path} changed in the repository while it was committed; commit again`, { path })
}
