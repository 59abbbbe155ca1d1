import type { ClassRegistry } from '../registry/index.ts'
import type { Pickler } from '../pickle/pickler.ts'
import { jsClassName } from '../registry/class-registry.ts'
import { XMLPickler } from '../xmlpickle/index.ts'
import { MissingSynchronizerError } from './errors.ts'
import type { DirectoryGenerator, FileGenerator, ObjectGenerator } from './generators.ts'
import { checkReference, type Locations } from './locations.ts'
import { attributeAnnotations } from './markers.ts'
import { Extras, SynchronizableAnnotations } from './specials.ts'
import type { AnySynchronizer } from './synchronizer.ts'

/** What an {@link ObjectSpace} is made of. */
export interface ObjectSpaceOptions {
  /** The classes, markers, generators and key types that files may name. */
  readonly registry: ClassRegistry<AnySynchronizer, ObjectGenerator>
  /** The format of objects without a body of their own; default the XML pickle. */
  readonly pickler?: Pickler | undefined
  /** The id that `Entries.xml` keeps of an object. */
  readonly entryId?: ((object: unknown) => string | number | undefined) | undefined
  /**
   * What becomes of an object of the tree that a pickle of another place holds. `path` (default): the pickle refers to it by its path, and gets that very
   * object back. `value`: the pickle has a copy. With `persistentId` or `persistentLoad`, these decide; with `zope-3.6.1`, the default is `value`.
   */
  readonly references?: 'path' | 'value' | undefined
  /** Says which objects a pickle refers to instead of holding them. */
  readonly persistentId?: ((object: object) => string | undefined) | undefined
  /** Finds the object that a pickle refers to. `container` is what the object of the pickle will be put into. */
  readonly persistentLoad?: ((id: string, container: unknown) => unknown) | undefined
  /** The annotations of an object; default {@link attributeAnnotations}. */
  readonly annotationsOf?: ((object: object, create: boolean) => Map<string, unknown> | undefined) | undefined
  /** Makes objects for files whose entries name neither factory nor type. */
  readonly fileGenerator?: FileGenerator | undefined
  /** Makes objects for directories whose entries name neither factory nor type. */
  readonly directoryGenerator?: DirectoryGenerator | undefined
  /**
   * `zope-3.6.1` writes exactly the original's pickles, and repeats what it does and nobody should: file names that depend on the order of a container, and errors of earlier
   * commits that are reported again. Default `fixed`.
   */
  readonly compat?: 'fixed' | 'zope-3.6.1' | undefined
}

/** A class of synchronizers. */
export type SynchronizerType<T> = new (context: T, space: ObjectSpace) => AnySynchronizer

/**
 * A world of objects: their classes, how they are taken apart, and how they refer to each other. What Zope keeps in global registries.
 *
 * @example
 * const registry = new ClassRegistry<AnySynchronizer, ObjectGenerator>().defineClass('wiki.Page', Page)
 * const space = new ObjectSpace({ registry })
 *   .synchronizer('wiki.Page', PageSynchronizer)
 *   .synchronizer('__builtin__.dict', DirectorySynchronizer)
 *   .defaultSynchronizer(DefaultSynchronizer)
 */
export class ObjectSpace {
  readonly registry: ClassRegistry<AnySynchronizer, ObjectGenerator>
  readonly pickler: Pickler
  readonly compat: 'fixed' | 'zope-3.6.1'
  // Not #private: a view of the space shares them.
  private readonly settings: ObjectSpaceOptions
  private readonly locations: Locations | undefined

  constructor(options: ObjectSpaceOptions) {
    const { registry, compat = 'fixed' } = options
    this.registry = registry
    this.pickler = options.pickler ?? new XMLPickler(registry, { compat })
    this.compat = compat
    this.settings = options
    this.locations = undefined
    if (registry.findValue(Extras) === undefined) registry.defineClass('zope.fssync.synchronizer.Extras', Extras)
    if (registry.findValue(SynchronizableAnnotations) === undefined)
      registry.defineClass('zope.fssync.synchronizer.SynchronizableAnnotations', SynchronizableAnnotations)
  }

  get fileGenerator(): FileGenerator | undefined {
    return this.settings.fileGenerator
  }

  get directoryGenerator(): DirectoryGenerator | undefined {
    return this.settings.directoryGenerator
  }

  /** Registers the synchronizer of one class, by its dotted name. Subclasses are not meant: what is forgotten is kept whole, not cut down. */
  synchronizer<T>(className: string, type: SynchronizerType<T>): this {
    this.registry.synchronizer(className, (object, within) => new type(object as T, this.viewOr(within)))
    return this
  }

  /** Registers the synchronizer of every class without one of its own. */
  defaultSynchronizer(type: SynchronizerType<unknown>): this {
    this.registry.defaultSynchronizer((object, within) => new type(object, this.viewOr(within)))
    return this
  }

  /** The synchronizer of an object: of its exact class, else the default one, else `undefined`. */
  getSynchronizer(object: unknown): AnySynchronizer | undefined {
    return this.registry.synchronizerOf(object, this)
  }

  /** As {@link getSynchronizer}. @throws MissingSynchronizerError if there is none */
  requireSynchronizer(object: unknown): AnySynchronizer {
    const synchronizer = this.getSynchronizer(object)
    if (synchronizer === undefined) throw new MissingSynchronizerError(this.typeOf(object))
    return synchronizer
  }

  /** The dotted name of an object's class. @throws UnknownClassError if it is not registered */
  typeOf(object: unknown): string {
    return this.registry.classNameOf(object)
  }

  /** For messages: a class by its own name. */
  describe(object: unknown): string {
    return typeof object === 'object' && object !== null ? `an object of the class ${jsClassName(object)}` : `a ${typeof object}`
  }

  /** What `Entries.xml` keeps as the id of an object; `undefined` if it has none. */
  entryId(object: unknown): string | undefined {
    const id = this.settings.entryId?.(object)
    return id === undefined || id === '' ? undefined : String(id)
  }

  annotationsOf(object: object, create = false): Map<string, unknown> | undefined {
    return (this.settings.annotationsOf ?? attributeAnnotations)(object, create)
  }

  /** A copy of an object's annotations, if it has any. */
  annotations(object: unknown): SynchronizableAnnotations | undefined {
    const annotations = typeof object === 'object' && object !== null ? this.annotationsOf(object) : undefined
    return annotations === undefined || annotations.size === 0 ? undefined : new SynchronizableAnnotations(annotations)
  }

  /**
   * Whether pickles refer to objects of the same tree by their paths.
   *
   * @internal
   */
  get refersByPath(): boolean {
    const { references = this.compat === 'fixed' ? 'path' : 'value', persistentId, persistentLoad } = this.settings
    return references === 'path' && persistentId === undefined && persistentLoad === undefined
  }

  /**
   * This space, with pickles that refer to the objects of a tree.
   *
   * @internal
   */
  within(locations: Locations): this {
    return Object.create(this, { locations: { value: locations } }) as this
  }

  private viewOr(within: unknown): ObjectSpace {
    return within instanceof ObjectSpace && within.registry === this.registry ? within : this
  }

  pickle(object: unknown): Uint8Array {
    return this.pickler.dump(object, { persistentId: this.settings.persistentId ?? this.locations?.referencesFrom(object) })
  }

  /**
   * The object of a pickle.
   *
   * @param container - what it will be put into
   * @param into - an empty object of the pickle's class that it becomes, for whom others know it already
   */
  unpickle(pickle: Uint8Array, container: unknown, into?: object): unknown {
    const { locations, settings } = this
    const load = settings.persistentLoad ?? (locations === undefined ? undefined : (id: string) => locations.follow(id, container))
    return this.pickler.load(pickle, { into, ...(load !== undefined && { persistentLoad: (id: string) => load(id, container) }) })
  }

  /**
   * Looks at a pickle without an object coming into being where others refer to it: what is wrong with it, and what it refers to.
   *
   * References to other objects may be to such as do not exist yet: a pickle with references may be wrong behind them.
   */
  examine(pickle: Uint8Array): { readonly problem?: unknown; readonly references: readonly string[] } {
    const { locations, settings } = this
    const references: string[] = []
    let isWrong = false
    const persistentLoad = (id: string): unknown => {
      references.push(id)
      if (settings.persistentLoad !== undefined) throw new TypeError('only looked at')
      isWrong = true
      checkReference(id)
      isWrong = false
      return Object.create(null)
    }
    try {
      this.pickler.load(pickle, locations === undefined && settings.persistentLoad === undefined ? {} : { persistentLoad })
    } catch (problem) {
      // A class may rightly refuse what stands for another object here.
      if (isWrong || references.length === 0) return { problem, references }
    }
    return { references }
  }

  /** Whether two values are the same: one, or with the same pickle. */
  equals(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) return true
    if ((typeof a !== 'object' && typeof b !== 'object') || a === null || b === null) return false
    const [x, y] = [this.pickle(a), this.pickle(b)]
    return x.length === y.length && x.every((byte, i) => byte === y[i])
  }
}
