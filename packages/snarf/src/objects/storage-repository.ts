import { collect, isStorageError, isWritable, parentPath, toBytes } from '@syncline/core'
import type { AbortOptions, Bytes, Entry, Path, ReadableStorage, WritableStorage } from '@syncline/core'
import { SynchronizationError } from './errors.ts'
import { Repository, type RepositoryOptions } from './repository.ts'

/** Options of {@link repositoryFromStorage}. */
export interface StorageRepositoryOptions extends RepositoryOptions {
  /**
   * Leaves files as they are that have the content already, so that their times and versions stay. Default true.
   * Files of another size are written without a look into them.
   */
  readonly keepUnchanged?: boolean
}

/**
 * A repository in the files of any storage: a directory, a bucket, an archive.
 *
 * A storage that does not promise `exactNames` is taken to fold case, and file names are decomposed (NFD) there; the keys of objects come back as
 * they were. A storage that can only be read can be committed from.
 */
export function repositoryFromStorage(storage: ReadableStorage, options: StorageRepositoryOptions = {}): Repository {
  return new StorageRepository(storage, options)
}

interface Seen {
  readonly kind: 'file' | 'directory'
  readonly size: number
  /** It is neither: why. */
  readonly problem?: string
}

class StorageRepository extends Repository {
  override readonly name: string
  override readonly concurrency: number
  readonly #storage: ReadableStorage
  readonly #keepUnchanged: boolean
  #index: Promise<Index> | undefined

  constructor(storage: ReadableStorage, { keepUnchanged = true, ...options }: StorageRepositoryOptions) {
    const { exactNames = false, concurrency = 1 } = storage.capabilities
    super({ caseInsensitive: !exactNames, unicodeForm: exactNames ? 'none' : 'NFD', ...options })
    this.name = storage.name
    this.concurrency = concurrency
    this.#storage = storage
    this.#keepUnchanged = keepUnchanged
  }

  override async kindOf(path: Path, options?: AbortOptions): Promise<'file' | 'directory' | undefined> {
    if (path === '') return 'directory'
    const seen = (await this.#indexed(options)).get(path)
    if (seen?.problem === undefined) return seen?.kind
    throw new SynchronizationError(`${path} on ${this.name} is no file and no directory: ${seen.problem}`, { path })
  }

  override read(path: Path, options?: AbortOptions): Bytes {
    return this.#storage.read(path, options)
  }

  override async write(path: Path, content: Uint8Array | Bytes, options?: AbortOptions): Promise<void> {
    const storage = this.#writable()
    const index = await this.#indexed(options)
    if (!(content instanceof Uint8Array)) {
      const { size } = await storage.write(path, content, options)
      index.add(path, { kind: 'file', size })
      return
    }
    if (this.#keepUnchanged && index.get(path)?.size === content.length && (await this.#has(path, content, options))) return
    await storage.write(path, toBytes(content), { ...options, size: content.length })
    index.add(path, { kind: 'file', size: content.length })
  }

  override async remove(path: Path, options?: AbortOptions): Promise<void> {
    const storage = this.#writable()
    const index = await this.#indexed(options)
    await storage.remove(path, options)
    for (const directory of index.remove(path)) {
      if (this.#storage.capabilities.directories !== true) continue
      try {
        await storage.remove(directory, options)
      } catch (error) {
        // Somebody put something in since it was listed.
        if (isStorageError(error, 'NOT_EMPTY')) return
        throw error
      }
    }
  }

  override async *paths(options?: AbortOptions): AsyncGenerator<Path, void, undefined> {
    for (const [path, { kind, problem }] of (await this.#indexed(options)).entries()) if (kind === 'file' && problem === undefined) yield path
  }

  override refresh(): void {
    this.#index = undefined
  }

  override async flush(options?: AbortOptions): Promise<void> {
    await this.#writable().flush?.(options)
  }

  #writable(): WritableStorage {
    if (isWritable(this.#storage)) return this.#storage
    throw new TypeError(`${this.name} can only be read; check out to a storage that can be written`)
  }

  async #has(path: Path, content: Uint8Array, options?: AbortOptions): Promise<boolean> {
    try {
      const found = await collect(this.#storage.read(path, options))
      return found.length === content.length && found.every((byte, i) => byte === content[i])
    } catch (error) {
      if (isStorageError(error, 'NOT_FOUND')) return false
      throw error
    }
  }

  #indexed(options?: AbortOptions): Promise<Index> {
    if (this.#index === undefined) {
      const index = this.#list(options)
      index.catch(() => {
        if (this.#index === index) this.#index = undefined
      })
      this.#index = index
    }
    return this.#index
  }

  /** One listing answers what would be a request for every file, and tells the directories of stores that only imply them. */
  async #list(options: AbortOptions = {}): Promise<Index> {
    const index = new Index()
    try {
      for await (const page of this.#storage.list('', options)) {
        for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) {
          if (entry.kind === 'directory') index.add(entry.path, { kind: 'directory', size: 0 })
          else if (entry.kind === 'file') index.add(entry.path, { kind: 'file', size: entry.size })
          // An error only for who asks for it: other things may lie beside the objects.
          else index.add(entry.path, { kind: 'file', size: -1, problem: entry.kind === 'symlink' ? 'it is a symbolic link' : entry.reason })
        }
      }
    } catch (error) {
      // The root of an empty store need not exist before the first write.
      if (!isStorageError(error, 'NOT_FOUND')) throw error
    }
    return index
  }
}

/** What a storage holds, with the directories that its files imply. */
class Index {
  readonly #seen = new Map<Path, Seen>()
  /** Children that each directory has. */
  readonly #children = new Map<Path, number>()

  get(path: Path): Seen | undefined {
    return this.#seen.get(path)
  }

  entries(): Iterable<readonly [Path, Seen]> {
    return this.#seen
  }

  add(path: Path, seen: Seen): void {
    const isNew = !this.#seen.has(path)
    this.#seen.set(path, seen)
    if (!isNew || path === '') return
    const directory = parentPath(path)
    this.#children.set(directory, (this.#children.get(directory) ?? 0) + 1)
    if (directory !== '' && !this.#seen.has(directory)) this.add(directory, { kind: 'directory', size: 0 })
  }

  /** Forgets a file, and the directories that are empty without it, which it returns, the deepest first. */
  remove(path: Path): readonly Path[] {
    const emptied: Path[] = []
    for (let gone = path; gone !== '' && this.#seen.delete(gone); gone = parentPath(gone)) {
      if (gone !== path) emptied.push(gone)
      const directory = parentPath(gone)
      const left = (this.#children.get(directory) ?? 1) - 1
      this.#children.set(directory, left)
      if (left > 0) break
    }
    return emptied
  }
}
