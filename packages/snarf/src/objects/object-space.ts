import type { ClassRegistry } from '../registry/index.ts'
import type { Pickler } from '../pickle/pickler.ts'
import { jsClassName } from '../registry/class-registry.ts'
import { XMLPickler } from '../xmlpickle/index.ts'
import { MissingSynchronizerError } from './errors.ts'
import type { DirectoryGenerator, FileGenerator, ObjectGenerator } from './generators.ts'
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
  readonly #options: ObjectSpaceOptions

  constructor(options: ObjectSpaceOptions) {
    const { registry, compat = 'fixed' } = options
    this.registry = registry
    this.pickler = options.pickler ?? new XMLPickler(registry, { compat })
    this.compat = compat
    this.#options = options
    if (registry.findValue(Extras) === undefined) registry.defineClass('zope.fssync.synchronizer.Extras', Extras)
    if (registry.findValue(SynchronizableAnnotations) === undefined)
      registry.defineClass('zope.fssync.synchronizer.SynchronizableAnnotations', SynchronizableAnnotations)
  }

  get fileGenerator(): FileGenerator | undefined {
    return this.#options.fileGenerator
  }

  get directoryGenerator(): DirectoryGenerator | undefined {
    return this.#options.directoryGenerator
  }

  /** Registers the synchronizer of one class, by its dotted name. Subclasses are not meant: what is forgotten is kept whole, not cut down. */
  synchronizer<T>(className: string, type: SynchronizerType<T>): this {
    this.registry.synchronizer(className, object => new type(object as T, this))
    return this
  }

  /** Registers the synchronizer of every class without one of its own. */
  defaultSynchronizer(type: SynchronizerType<unknown>): this {
    this.registry.defaultSynchronizer(object => new type(object, this))
    return this
  }

  /** The synchronizer of an object: of its exact class, else the default one, else `undefined`. */
  getSynchronizer(object: unknown): AnySynchronizer | undefined {
    return this.registry.synchronizerOf(object)
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
    const id = this.#options.entryId?.(object)
    return id === undefined || id === '' ? undefined : String(id)
  }

  annotationsOf(object: object, create = false): Map<string, unknown> | undefined {
    return (this.#options.annotationsOf ?? attributeAnnotations)(object, create)
  }

  /** A copy of an object's annotations, if it has any. */
  annotations(object: unknown): SynchronizableAnnotations | undefined {
    const annotations = typeof object === 'object' && object !== null ? this.annotationsOf(object) : undefined
    return annotations === undefined || annotations.size === 0 ? undefined : new SynchronizableAnnotations(annotations)
  }

  pickle(object: unknown): Uint8Array {
    const { persistentId } = this.#options
    return this.pickler.dump(object, { persistentId })
  }

  /** The object of a pickle. @param container - what it will be put into */
  unpickle(pickle: Uint8Array, container: unknown): unknown {
    const { persistentLoad } = this.#options
    return this.pickler.load(pickle, persistentLoad === undefined ? {} : { persistentLoad: id => persistentLoad(id, container) })
  }

  /**
   * Says what is wrong with a pickle, without an object coming into being where others refer to it.
   *
   * References to other objects may be to such as do not exist yet: a pickle with references is believed from there on.
   */
  pickleProblem(pickle: Uint8Array): unknown {
    let isReference = false
    try {
      this.pickler.load(pickle, {
        persistentLoad: () => {
          isReference = true
          throw new TypeError('only looked at')
        },
      })
      return undefined
    } catch (error) {
      return isReference && this.#options.persistentLoad !== undefined ? undefined : error
    }
  }

  /** Whether two values are the same: one, or with the same pickle. */
  equals(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) return true
    if ((typeof a !== 'object' && typeof b !== 'object') || a === null || b === null) return false
    const [x, y] = [this.pickle(a), this.pickle(b)]
    return x.length === y.length && x.every((byte, i) => byte === y[i])
  }
}
