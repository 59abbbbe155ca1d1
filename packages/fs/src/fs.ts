import { statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  StorageError,
  type AbortOptions,
  type Bytes,
  type Capabilities,
  type Entry,
  type FileEntry,
  type HashName,
  type ListOptions,
  type Path,
  type ReadableStorage,
} from '@syncline/core'
import type { ReadOptions, RemoveOptions, TransferItem, TransferOptions, TransferOutcome, WritableStorage, WriteOptions } from '@syncline/core'
import { makeDirectory, makeSymlink, remove, setMode, setModified } from './change.ts'
import { toDirectoryEntry, toEntry, toProblemEntry } from './entry.ts'
import { isMissing, place, toStorageError } from './errno.ts'
import { Changes, flush } from './flush.ts'
import { hash } from './hash.ts'
import { hashNames } from './hash-names.ts'
import { list, type ListContext } from './list.ts'
import { move } from './move.ts'
import { nearestExisting, probeNames, probePrecision } from './names-probe.ts'
import { read } from './read.ts'
import { releaseThreads } from './threads.ts'
import { localTree, transfer, treeOf, type Local, type TransferContext } from './transfer.ts'
import { Tree, type Symlinks } from './tree.ts'
import { write } from './write.ts'

const mostWorkers = 4

/** Options of `fs`. */
export interface FsOptions {
  /**
   * Default `keep`: links are links. `follow`: a link is what it points to, if that is inside the tree, else a problem.
   * `skip`: links are invisible and left alone.
   */
  readonly symlinks?: Symlinks
  /** Make every file durable before its write resolves; default false. Without it `flush` does so for all of them. */
  readonly fsync?: boolean
  /** Threads that big listings and transfers may use beside this one; default one per processor, at most 4. 0: none. */
  readonly workers?: number
}

/**
 * A local directory as a storage.
 *
 * `root` may be missing: `list` then rejects with `NOT_FOUND`, and the first write makes it.
 *
 * @param root - a path, absolute or relative to the working directory, or a `file:` URL
 * @throws TypeError for a URL of another scheme or host
 * @example
 * const storage = fs('/home/me/photos')
 * for await (const page of storage.list('')) console.log(page)
 */
export function fs(root: string | URL, options: FsOptions = {}): WritableStorage {
  return new LocalStorage(typeof root === 'string' ? resolve(root) : fileURLToPath(root).replace(/(?<=.)\/+$/, ''), options)
}

class LocalStorage implements WritableStorage {
  readonly name: string
  readonly capabilities: Capabilities
  readonly [localTree]: Local
  // A tree whose links are not kept has no call to make one: it would turn into something else, or vanish.
  declare readonly makeSymlink?: NonNullable<WritableStorage['makeSymlink']>
  readonly #tree: Tree
  readonly #fsync: boolean
  readonly #workers: number
  readonly #changes = new Changes()
  readonly #temporaries = new Set<string>()
  readonly #listing: ListContext
  readonly #transferring: TransferContext

  constructor(root: string, { symlinks = 'keep', fsync = false, workers = Math.min(availableParallelism(), mostWorkers) }: FsOptions) {
    if (!['keep', 'follow', 'skip'].includes(symlinks))
      throw new TypeError(`symlinks must be 'keep', 'follow' or 'skip', got ${JSON.stringify(symlinks)}`)
    if (!Number.isSafeInteger(workers) || workers < 0) throw new TypeError(`workers must be a whole number from 0, got ${workers}`)
    this.name = root
    this.capabilities = capabilitiesOf(root)
    this.#tree = new Tree(root, symlinks)
    this.#fsync = fsync
    this.#workers = workers
    this[localTree] = { tree: this.#tree, storage: this }
    this.#listing = { tree: this.#tree, user: this, workers, temporaries: this.#temporaries }
    this.#transferring = { tree: this.#tree, user: this, workers, fsync, files: 0, bytes: 0, here: 0 }
    if (symlinks === 'keep') this.makeSymlink = (path, target, options) => this.#makeSymlink(path, target, options)
  }

  list(path: Path, options?: ListOptions): AsyncIterable<readonly Entry[]> {
    return list(this.#listing, path, options)
  }

  async stat(path: Path, { signal }: AbortOptions = {}): Promise<Entry | undefined> {
    signal?.throwIfAborted()
    const file = this.#tree.locate(path)
    try {
      const stats = this.#tree.canSeeParent(path) ? this.#tree.look(path, file) : undefined
      if (stats === undefined) return undefined
      return path === '' ? toDirectoryEntry('', stats) : toEntry(path, file, stats)
    } catch (error) {
      if (isMissing(error)) return undefined
      const problem = toStorageError(error, 'look at', path, this.name)
      return toProblemEntry(path, problem.message, problem)
    }
  }

  read(path: Path, options?: ReadOptions): Bytes {
    return read(this.#tree, path, options)
  }

  async hash(path: Path, name: HashName, options: AbortOptions = {}): Promise<string> {
    return hash(this.#tree, path, name, { user: this, workers: this.#workers, ...options })
  }

  async write(path: Path, content: Bytes, options: WriteOptions = {}): Promise<FileEntry> {
    const { entry, madeDirectories } = await write(this.#tree, path, content, options, this.#fsync)
    this.#changes.addFile(path)
    for (const made of madeDirectories) this.#changes.addName(made)
    return entry
  }

  async remove(path: Path, options: RemoveOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    if (remove(this.#tree, path, options)) this.#changes.addName(path)
  }

  async makeDirectory(path: Path, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    for (const made of makeDirectory(this.#tree, path)) this.#changes.addName(made)
  }

  async setModified(path: Path, modified: number, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    setModified(this.#tree, path, modified)
    this.#changes.addFile(path)
  }

  async setMode(path: Path, mode: number, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    setMode(this.#tree, path, mode)
    this.#changes.addFile(path)
  }

  async copy(from: Path, to: Path, options: WriteOptions = {}): Promise<FileEntry> {
    const { signal, size, modified, mode, ...conditions } = options
    const source = await this.stat(from, { signal })
    if (source === undefined) throw new StorageError('NOT_FOUND', `could not copy ${place(from, this.name)}: nothing is there`, { path: from })
    if (source.kind === 'directory')
      throw new StorageError('IS_A_DIRECTORY', `could not copy ${place(from, this.name)}: it is a directory`, { path: from })
    if (source.kind !== 'file')
      throw new StorageError('NOT_SUPPORTED', `could not copy ${place(from, this.name)}: it is not a regular file`, { path: from })
    if (size !== undefined && size !== source.size)
      throw new StorageError('CORRUPT', `could not copy ${place(from, this.name)}: it has ${source.size} bytes instead of ${size}`, { path: from })
    const item: TransferItem = {
      from,
      to,
      size: source.size,
      ...conditions,
      ...both('modified', modified ?? source.modified),
      ...both('mode', mode ?? source.mode),
      ...both('fromMatch', source.etag),
    }
    const [outcome] = await this.#transfer(this.#tree, [item], { signal })
    if (outcome === undefined || 'error' in outcome) throw outcome?.error
    return outcome.entry
  }

  async move(from: Path, to: Path, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    for (const made of move(this.#tree, from, to, options)) this.#changes.addName(made)
    this.#changes.addName(from)
    this.#changes.addName(to)
  }

  transferFrom(
    source: ReadableStorage,
    items: readonly TransferItem[],
    options: TransferOptions = {},
  ): Promise<readonly TransferOutcome[]> | undefined {
    const tree = treeOf(source)
    return tree && this.#transfer(tree, items, options)
  }

  flush({ signal }: AbortOptions = {}): Promise<void> {
    return flush(this.#tree, this.#changes, this.#temporaries, signal)
  }

  async freeSpace({ signal }: AbortOptions = {}): Promise<number | undefined> {
    signal?.throwIfAborted()
    const { bavail, bsize } = await statfs(nearestExisting(this.name))
    return bavail * bsize
  }

  close(): Promise<void> {
    return releaseThreads(this)
  }

  async #makeSymlink(path: Path, target: string, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    for (const made of makeSymlink(this.#tree, path, target)) this.#changes.addName(made)
    this.#changes.addName(path)
  }

  async #transfer(source: Tree, items: readonly TransferItem[], options: TransferOptions): Promise<readonly TransferOutcome[]> {
    const outcomes = await transfer(this.#transferring, source, items, options)
    for (const [index, outcome] of outcomes.entries()) if ('entry' in outcome) this.#changes.addFile((items[index] as TransferItem).to)
    return outcomes
  }
}

/** What the file system can do is looked up when somebody asks, and then known. */
function capabilitiesOf(root: string): Capabilities {
  let exactNames: boolean | undefined
  let modifiedPrecision: number | undefined
  return {
    ordered: true,
    atomicWrite: true,
    directories: true,
    hashes: hashNames,
    // Two for each thread: while one is done, its answer and the next question are on their way.
    concurrency: 2 * Math.min(availableParallelism(), mostWorkers),
    get modifiedPrecision() {
      return (modifiedPrecision ??= probePrecision(root))
    },
    get exactNames() {
      // Unknown while the root is missing, and asked again then: most file systems of the platform decide.
      return (exactNames ??= probeNames(root)) ?? !['darwin', 'win32'].includes(process.platform)
    },
  }
}

function both<K extends string, V>(key: K, value: V | undefined): { readonly [_ in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [_ in K]?: V }
}
