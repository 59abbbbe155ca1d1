import { collect, isStorageError, type AbortOptions, type Bytes, type Path } from '@syncline/core'
import { Metadata } from '../metadata/index.ts'
import { ClassRegistry } from '../registry/index.ts'
import { XMLPickler } from '../xmlpickle/index.ts'
import { Disambiguation, type NameRules } from './names.ts'

/** Options of every repository. */
export type RepositoryOptions = Partial<NameRules>

/** A place for serialized objects: files by path, of which `@@Zope/Entries.xml` in each directory holds the metadata of its children. */
export abstract class Repository implements NameRules {
  /** For messages. */
  abstract readonly name: string
  readonly caseInsensitive: boolean
  readonly unicodeForm: 'none' | 'NFC' | 'NFD'
  /** Writes at once that help; 1 keeps their order. */
  readonly concurrency: number = 1
  readonly #names: Disambiguation

  constructor({ caseInsensitive = false, unicodeForm = 'none' }: RepositoryOptions = {}) {
    this.caseInsensitive = caseInsensitive
    this.unicodeForm = unicodeForm
    this.#names = new Disambiguation(this)
  }

  /** What is at `path`; `undefined` if nothing is. A directory may be there because a file below it is. */
  abstract kindOf(path: Path, options?: AbortOptions): Promise<'file' | 'directory' | undefined>
  /** The body of a file. Rejects with `NOT_FOUND` if there is none. */
  abstract read(path: Path, options?: AbortOptions): Bytes
  /** Replaces a file. */
  abstract write(path: Path, content: Uint8Array | Bytes, options?: AbortOptions): Promise<void>
  /** Removes a file, and the directories that are left empty by it; missing is fine. Absent: nothing can be removed. */
  remove?(path: Path, options?: AbortOptions): Promise<void>
  /** Paths of all files. */
  abstract paths(options?: AbortOptions): AsyncIterable<Path>
  /** Looks again at what has been seen before. Tasks call it when they begin. */
  refresh(): void {
    return undefined
  }
  /** Resolves when everything written is durable. */
  flush(_options?: AbortOptions): Promise<void> {
    return Promise.resolve()
  }

  /** The metadata as they are now. What is changed in them is written by their `flush`. */
  metadata(options: AbortOptions = {}): Metadata {
    return new Metadata(
      {
        read: path => this.readIfThere(path, options),
        write: (path, content) => this.write(path, content, options),
      },
      { unpickle: unpickleOld },
    )
  }

  /** A whole file; `undefined` if there is none. */
  async readIfThere(path: Path, options?: AbortOptions): Promise<Uint8Array | undefined> {
    try {
      return await collect(this.read(path, options))
    } catch (error) {
      if (isStorageError(error, 'NOT_FOUND')) return undefined
      throw error
    }
  }

  /** As names are compared here. */
  normalize(name: string): string {
    return this.#names.normalize(name)
  }

  /** The file name for a key of a directory, other than all that were given out before. */
  disambiguate(directory: Path, key: string): string {
    return this.#names.disambiguate(directory, key)
  }

  /** Makes the names that were given out free again. */
  forgetNames(): void {
    this.#names.forget()
  }
}

/** Metadata of the old form hold dictionaries of strings only: no class is needed to read them. */
function unpickleOld(text: string): unknown {
  return new XMLPickler(new ClassRegistry()).load(text)
}
