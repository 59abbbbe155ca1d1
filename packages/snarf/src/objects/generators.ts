import { collect, type Bytes } from '@syncline/core'
import type { DirectorySynchronizer } from './synchronizer.ts'

/**
 * Makes an object **and puts it into its container**: for objects that cannot be made without one. Registered under the name of a factory, it is
 * asked instead of the class.
 */
export interface ObjectGenerator {
  create(container: DirectorySynchronizer, key: unknown): unknown
}

/** Makes an object for a file, empty; `undefined` if it does not know one for this name. */
export type FileFactory = (name: string, container: unknown) => object | undefined

/** Makes an object for a directory; `undefined` if it does not know one for this name. */
export type DirectoryFactory = (name: string, container: unknown) => object | undefined

/**
 * Makes objects for files whose entries name neither factory nor type: what people put into a working copy themselves.
 *
 * @example
 * new FileGenerator({ '.txt': () => new Note(), '': () => new Attachment() }) // "" is for every other extension
 */
export class FileGenerator {
  readonly #factories: ReadonlyMap<string, FileFactory>

  /** @param factories - by extension with its dot; `.` for names without one, the empty string for all others */
  constructor(factories: Readonly<Record<string, FileFactory>> = {}) {
    this.#factories = new Map(Object.entries(factories))
  }

  /** The empty object for a file, or `undefined` for what is read as a pickle. @param extension - with its dot, `.` if there is none */
  create(container: unknown, name: string, extension: string): object | undefined {
    const factory = this.#factories.get(extension) ?? this.#factories.get('')
    return factory?.(name, container)
  }

  /** Gives the object its body: sets `data`, to text if it is a string already, else to bytes. Override for other classes. */
  async load(object: object, readable: Bytes): Promise<void> {
    const bytes = await collect(readable)
    const holder = object as { data?: unknown }
    holder.data = typeof holder.data === 'string' ? new TextDecoder('utf-8', { fatal: true }).decode(bytes) : bytes
  }
}

/** Makes objects for directories whose entries name neither factory nor type. */
export class DirectoryGenerator {
  readonly #factory: DirectoryFactory

  constructor(factory: DirectoryFactory) {
    this.#factory = factory
  }

  create(container: unknown, name: string): object | undefined {
    return this.#factory(name, container)
  }
}
