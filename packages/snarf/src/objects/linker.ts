import { isEmptyMade, constructEmpty } from '../pickle/construct.ts'
import { SynchronizationError } from './errors.ts'
import type { Locations } from './locations.ts'
import { make } from './make.ts'
import type { ObjectSpace } from './object-space.ts'
import type { PlanNode } from './plan.ts'
import { plannedPaths, type Relink } from './relink.ts'

/** An object that a commit makes, whether or not its turn has come. */
interface Pending {
  readonly path: string
  readonly node: PlanNode | undefined
  /** Its pickle, if others refer to it before it is read. */
  pickle: Uint8Array | undefined
  /** Others refer to it. */
  isReferredTo: boolean
  /** The object: empty while it is loaded, and before if its class allows. */
  object: unknown
  state: 'waiting' | 'loading' | 'loaded'
}

/** References that are followed within each other, before objects are left empty until their turn comes. */
const maxFollowed = 50

/**
 * Gives pickles the objects that they refer to while a commit is still making them, in whatever order, and in circles.
 *
 * An object that is referred to before its turn is loaded then. Where that leads in a circle, or too deep, the reference is to an object that is still
 * empty and is filled later, as within one pickle.
 */
export class Linker {
  readonly #space: ObjectSpace
  readonly #locations: Locations
  readonly #top: unknown
  readonly #byPath = new Map<string, Pending>()
  readonly #byNode = new Map<PlanNode, Pending>()
  #depth = 0

  /**
   * @param base - keys that lead to the nodes
   * @param top - what the nodes are put into
   */
  constructor(space: ObjectSpace, locations: Locations, nodes: readonly PlanNode[], base: string, top: unknown) {
    this.#space = space
    this.#locations = locations
    this.#top = top
    for (const [path, node] of plannedPaths(nodes, base)) {
      if (node.action !== 'create' && node.action !== 'replace') continue
      const pending: Pending = { path, node, pickle: undefined, isReferredTo: false, object: undefined, state: 'waiting' }
      this.#byPath.set(path, pending)
      this.#byNode.set(node, pending)
    }
    locations.findFirst(path => this.#find(path))
  }

  /** Reads the pickles that may be asked for before their turn, and keeps what is to be linked again as it is now. */
  async prepare(references: Iterable<string>, relinks: readonly Relink[], read: (node: PlanNode) => Promise<Uint8Array>): Promise<void> {
    for (const { object, path, part } of relinks)
      if (part === 'body')
        this.#byPath.set(path, { path, node: undefined, pickle: this.#space.pickle(object), isReferredTo: true, object: undefined, state: 'waiting' })
    for (const reference of references) {
      const pending = this.#byPath.get(reference)
      if (pending?.node === undefined) continue
      pending.isReferredTo = true
      if (pending.pickle === undefined && isPickle(pending.node)) pending.pickle = await read(pending.node)
    }
  }

  /** The object of a factory, empty: the one that others may refer to already. */
  make(node: PlanNode, factory: string): object {
    const pending = this.#byNode.get(node)
    if (pending === undefined) return make(this.#space, factory)
    pending.object ??= make(this.#space, factory)
    pending.state = 'loaded'
    return pending.object as object
  }

  /** The object of a pickle. */
  unpickle(node: PlanNode, pickle: Uint8Array, container: unknown): unknown {
    const pending = this.#byNode.get(node)
    if (pending === undefined) return this.#space.unpickle(pickle, container)
    return pending.state === 'loaded' ? pending.object : this.#load(pending, pickle, container)
  }

  /** The object that takes the place of one that is linked again. */
  relinked(path: string): unknown {
    return this.#find(path)
  }

  /** Tells of an object that was made in another way. */
  made(node: PlanNode, object: unknown): void {
    const pending = this.#byNode.get(node)
    if (pending === undefined) return
    pending.object = object
    pending.state = 'loaded'
  }

  #find(path: string): unknown {
    const pending = this.#byPath.get(path)
    if (pending === undefined || pending.state === 'loaded') return pending?.object
    if (pending.object !== undefined) return pending.object
    if (pending.state === 'waiting' && pending.pickle !== undefined && (this.#depth < maxFollowed || this.#shell(pending) === undefined))
      return this.#load(pending, pending.pickle, this.#containerOf(path))
    if (this.#shell(pending) !== undefined) return pending.object
    const why =
      pending.state === 'loading' ? 'it refers to itself, through others, and its class is not made empty' : 'it is made later, by a generator'
    throw new SynchronizationError(`the object of the reference ${path} cannot be had yet: ${why}`, { path: path.slice(1) })
  }

  #load(pending: Pending, pickle: Uint8Array, container: unknown): unknown {
    const shell = pending.isReferredTo ? this.#shell(pending) : undefined
    pending.state = 'loading'
    this.#depth++
    try {
      const object = this.#space.unpickle(pickle, container, shell)
      if (shell !== undefined && object !== shell)
        throw new SynchronizationError(`its pickle holds ${this.#space.describe(object)}, and its entry names another class`, {
          path: pending.path.slice(1),
        })
      pending.object = object
    } finally {
      this.#depth--
    }
    pending.state = 'loaded'
    return pending.object
  }

  /** An empty object of the class that the entry names; `undefined` if such an object needs more to be made. */
  #shell(pending: Pending): object | undefined {
    if (pending.object !== undefined) return pending.object as object
    const { registry } = this.#space
    const { factory, type = factory } = pending.node?.entry ?? this.#entryOf(pending.path)
    if (type === undefined || (factory !== undefined && registry.findGenerator(factory) !== undefined)) return undefined
    const definition = registry.find(type)
    if (factory !== undefined && !this.#isPickled(factory)) pending.object = make(this.#space, factory)
    else if (isEmptyMade(definition)) pending.object = constructEmpty(definition.type, registry)
    return pending.object as object | undefined
  }

  #isPickled(factory: string): boolean {
    const synchronizer = this.#space.getSynchronizer(make(this.#space, factory))
    return synchronizer?.kind === 'file' && synchronizer.isDefault
  }

  #entryOf(path: string): { readonly factory?: string; readonly type?: string } {
    return { type: this.#space.typeOf(this.#locations.objectAt(path)) }
  }

  #containerOf(path: string): unknown {
    const parent = path.slice(0, path.lastIndexOf('/'))
    return this.#find(parent) ?? this.#locations.objectAt(parent) ?? this.#top
  }
}

function isPickle({ entry, isDirectory }: PlanNode): boolean {
  return !isDirectory && entry['factory'] === undefined && entry['type'] !== undefined
}
