import {
  checkPath,
  isBelow,
  isStorageError,
  StorageError,
  untilAborted,
  type AbortOptions,
  type Bytes,
  type Capabilities,
  type Entry,
  type FileEntry,
  type HashName,
  type ListOptions,
  type Path,
  type ReadOptions,
  type RemoveOptions,
  type WritableStorage,
  type WriteOptions,
} from '@syncline/core'
import type { Duplicates, SnarfLimits } from '../format/index.ts'
import { storedPathProblem } from '../format/header.ts'
import { Archive, identityOf } from './archive.ts'
import { sha256 } from './hasher.ts'
import { readPieces, takeIn } from './incoming.ts'
import { entryOf, fileEntryOf, type FileNode, type MemberNode, type MemberTree } from './member-tree.ts'
import { rewrite } from './rewrite.ts'
import { memorySpool, type Spool } from './spool.ts'

/** Options of {@link snarfStorage}. */
export interface SnarfStorageOptions {
  /** What is accepted of the archive. */
  readonly limits?: SnarfLimits
  /** A file that is in the archive twice: `error` (default), or `last`, as the original reads archives that something was appended to. */
  readonly duplicates?: Duplicates
  /** Makes the place where content waits for `flush`; default {@link memorySpool}. `fileSpool` makes one on a disk. */
  readonly spool?: () => Spool | Promise<Spool>
}

/**
 * A snarf archive that lies on any storage, as a storage.
 *
 * Changes are kept aside: others see them, and they are durable, after `flush` or `close`, all together. Then the archive is written anew, once, and takes
 * the place of the old one in one step of the inner storage. A crash before leaves the old archive whole. If somebody else has replaced the archive
 * meanwhile, `flush` rejects with `PRECONDITION_FAILED` and writes nothing.
 *
 * The format keeps neither times nor permissions nor links. Files are told apart by content: `hash` reads a file whose SHA-256 is not known yet.
 *
 * @param inner - where the archive lies; it is closed by `close`
 * @param path - of the archive on it
 * @example
 * const site = snarfStorage(fs('/srv/backup'), 'site.snarf', { spool: fileSpool })
 * await site.write('index.html', toBytes('<p>hello'))
 * await site.close()
 */
export function snarfStorage(inner: WritableStorage, path: Path, options: SnarfStorageOptions = {}): SnarfStorage {
  return new SnarfStorage(inner, path, options)
}

/** The tree in memory, and what it came from. */
interface Loaded {
  readonly tree: MemberTree
  /** The archive that the tree fits; `undefined` while there is none. */
  version: FileEntry | undefined
  /** Of the tree, as it is in the archive. */
  written: number
}

/** What {@link snarfStorage} makes. */
export class SnarfStorage implements WritableStorage {
  readonly name: string
  readonly #archive: Archive
  readonly #makeSpool: () => Spool | Promise<Spool>
  declare readonly hash?: NonNullable<WritableStorage['hash']>
  #loading: Promise<Loaded> | undefined
  #loaded: Loaded | undefined
  #spool: Promise<Spool> | undefined
  /** Reads and writes that use the spool now. */
  #spoolUsers = 0
  #flushing: Promise<unknown> = Promise.resolve()
  #etags = 0

  constructor(inner: WritableStorage, path: Path, { limits, duplicates, spool = () => memorySpool() }: SnarfStorageOptions = {}) {
    if (checkPath(path) === '') throw new TypeError('the archive needs a name on its storage')
    this.name = `snarf:${inner.name}${/[/:]$/.test(inner.name) ? '' : '/'}${path}`
    this.#archive = new Archive(inner, path, this.name, { ...(limits !== undefined && { limits }), ...(duplicates !== undefined && { duplicates }) })
    this.#makeSpool = spool
    if (sha256() !== undefined) this.hash = (member, name, options) => this.#hash(member, name, options)
  }

  get capabilities(): Capabilities {
    const { conditional, concurrency } = this.#archive.inner.capabilities
    return {
      ordered: true,
      atomicWrite: true,
      // Within one object every condition is decided; between two, by what the inner storage makes of the condition on the archive.
      ...(conditional === true ? { conditional } : { checksConditions: true }),
      directories: true,
      exactNames: true,
      ...(this.hash !== undefined && { hashes: ['sha256'] }),
      concurrency: concurrency ?? 4,
      batches: true,
    }
  }

  async *list(path: Path, { signal, recursive = true, descend = () => true }: ListOptions = {}): AsyncGenerator<readonly Entry[]> {
    signal?.throwIfAborted()
    checkPath(path)
    const { tree } = await this.#fresh(path, signal)
    const node = tree.get(path)
    if (node.kind === 'file') throw new StorageError('NOT_A_DIRECTORY', `${path} in ${this.name} is a file and cannot be listed`, { path })
    let page: Entry[] = []
    for (const entry of tree.entries(path, node, directory => recursive && descend(directory))) {
      page.push(entry)
      if (page.length < 500) continue
      yield page
      page = []
      signal?.throwIfAborted()
    }
    if (page.length > 0) yield page
  }

  async stat(path: Path, { signal }: AbortOptions = {}): Promise<Entry | undefined> {
    signal?.throwIfAborted()
    checkPath(path)
    const { tree } = await this.#load(path, signal)
    const node = tree.find(path)
    return node === undefined ? undefined : entryOf(path, node)
  }

  async *read(path: Path, { signal, offset = 0, length = Number.POSITIVE_INFINITY, ifMatch }: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted()
    checkPath(path)
    const { tree } = await this.#load(path, signal)
    const node = tree.file(path)
    if (ifMatch !== undefined && node.etag !== ifMatch) throw this.#changed(path)
    yield* this.#contentOf(path, node, offset, Math.min(node.size, offset + length), signal)
  }

  async write(path: Path, content: Bytes, options: WriteOptions = {}): Promise<FileEntry> {
    const { signal, size } = options
    let begun = false
    try {
      signal?.throwIfAborted()
      this.#checkName(path)
      const { tree } = await this.#load(path, signal)
      this.#checkPlace(tree, path, options)
      const spool = await this.#useSpool(path)
      try {
        begun = true
        const { sha256: digest, ...incoming } = await takeIn(spool, content, { path, size, signal })
        signal?.throwIfAborted()
        // From here on without a turn of the event loop: that is what decides the conditions.
        this.#checkPlace(tree, path, options)
        const node: FileNode = {
          kind: 'file',
          size: incoming.size,
          etag: digest ?? `${this.#etags++}-${Math.random().toString(36).slice(2)}`,
          sha256: digest,
          place: { in: 'spool', pieces: incoming.pieces },
        }
        tree.put(path, node)
        return fileEntryOf(path, node)
      } finally {
        this.#spoolUsers--
      }
    } catch (error) {
      // Not awaited: a source that hangs would hang here too.
      if (!begun) void Promise.resolve(content[Symbol.asyncIterator]().return?.()).catch(() => undefined)
      if (signal?.aborted === true) throw signal.reason
      throw error
    }
  }

  async remove(path: Path, { signal, ifMatch }: RemoveOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (checkPath(path) === '') throw new StorageError('INVALID_PATH', `the root of ${this.name} cannot be removed`, { path })
    const { tree } = await this.#load(path, signal)
    this.#checkChangeable(path)
    const node = tree.find(path)
    if (node === undefined) return
    if (ifMatch !== undefined && !isVersion(node, ifMatch)) throw this.#changed(path)
    if (node.kind === 'directory' && node.children.size > 0) throw new StorageError('NOT_EMPTY', `${path} in ${this.name} is not empty`, { path })
    tree.remove(path)
  }

  async makeDirectory(path: Path, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    this.#checkName(path)
    const { tree } = await this.#load(path, signal)
    this.#checkChangeable(path)
    tree.makeDirectory(path)
  }

  /** Needs no content: both files have the same bytes of the archive until it is written anew. */
  async copy(from: Path, to: Path, options: WriteOptions = {}): Promise<FileEntry> {
    const { signal } = options
    signal?.throwIfAborted()
    checkPath(from)
    this.#checkName(to)
    const { tree } = await this.#load(from, signal)
    const node = { ...tree.file(from) }
    this.#checkPlace(tree, to, options)
    tree.put(to, node)
    return fileEntryOf(to, node)
  }

  async move(from: Path, to: Path, { signal, ifMatch }: WriteOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    checkPath(from)
    this.#checkName(to)
    if (from === '' || to === '') throw new StorageError('INVALID_PATH', `the root of ${this.name} can neither be moved nor replaced`, { path: from })
    const { tree } = await this.#load(from, signal)
    this.#checkChangeable(from)
    const node = tree.get(from)
    if (isBelow(to, from)) throw new StorageError('INVALID_PATH', `${from} cannot be moved below itself, to ${to}`, { path: from })
    this.#checkNamesBelow(node, from, to)
    const old = tree.find(to)
    if (ifMatch !== undefined && !isVersion(old, ifMatch)) throw this.#changed(to)
    if (old !== undefined && old !== node && ifMatch === undefined)
      throw new StorageError('ALREADY_EXISTS', `${to} exists in ${this.name} already; ${from} was not moved`, { path: to })
    tree.checkParents(to)
    tree.remove(from)
    tree.put(to, node)
  }

  /** Says why the format cannot hold a path. */
  refuses(path: Path): string | undefined {
    return storedPathProblem(path)
  }

  /** Writes the archive anew if anything has changed. */
  async flush({ signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const run = this.#flushing.then(() => this.#flush(signal))
    this.#flushing = run.catch(() => undefined)
    await run
  }

  /** Flushes, and closes the inner storage too. */
  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      const spool = this.#spool
      this.#spool = undefined
      // What waited is given up: nobody can reach it any more.
      this.#loading = this.#loaded = undefined
      try {
        await (await spool)?.close()
      } finally {
        await this.#archive.inner.close?.()
      }
    }
  }

  async #flush(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const loaded = this.#loaded
    if (loaded === undefined || !isDirty(loaded)) return
    const { version } = loaded.tree
    try {
      loaded.version = await rewrite(this.#archive, loaded.tree, loaded.version, await this.#spool, signal)
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      throw this.#archive.explain(error, '', 'write what has changed')
    }
    loaded.written = version
    await this.#archive.inner.flush?.({ signal })
    if (isDirty(loaded) || this.#spoolUsers > 0) return
    const spool = this.#spool
    this.#spool = undefined
    await (await spool)?.close()
  }

  async #hash(path: Path, name: HashName, { signal }: AbortOptions = {}): Promise<string> {
    signal?.throwIfAborted()
    checkPath(path)
    const { tree } = await this.#load(path, signal)
    const node = tree.file(path)
    const hasher = name === 'sha256' ? sha256() : undefined
    if (hasher === undefined) throw new StorageError('NOT_SUPPORTED', `${this.name} cannot compute ${name}, only sha256`, { path })
    if (node.sha256 !== undefined) return node.sha256
    for await (const chunk of this.#contentOf(path, node, 0, node.size, signal)) hasher.update(chunk)
    return (node.sha256 = hasher.digest('hex'))
  }

  /** Bytes of one version of a file, wherever they go while they are read. */
  async *#contentOf(path: Path, node: FileNode, offset: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < end;) {
      const { place } = node
      try {
        if (place.in === 'spool') {
          const spool = await this.#useSpool(path)
          try {
            for await (const chunk of readPieces(spool, place.pieces, at, end - at)) {
              at += chunk.length
              yield chunk
              signal?.throwIfAborted()
            }
          } finally {
            this.#spoolUsers--
          }
          return
        }
        for await (const chunk of this.#archive.read(place.version, place.offset + at, end - at, signal)) {
          at += chunk.length
          yield chunk
          signal?.throwIfAborted()
        }
        if (at < end) throw new StorageError('CORRUPT', `${this.name} ended ${end - at} bytes early while ${path} was read`, { path })
        return
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason
        // The archive was written anew by this storage: the same bytes are elsewhere now.
        // Of an archive without an etag nobody can tell which bytes came before.
        const wasRight = place.in === 'archive' && place.version.etag !== undefined
        if (wasRight && node.place !== place && isStorageError(error, 'PRECONDITION_FAILED')) continue
        throw this.#archive.explain(error, path, `read ${path}`)
      }
    }
  }

  /** The tree, read anew if somebody else has replaced the archive and nothing of this storage waits. */
  async #fresh(path: Path, signal: AbortSignal | undefined): Promise<Loaded> {
    const loaded = this.#loaded
    if (loaded === undefined || isDirty(loaded)) return this.#load(path, signal)
    await this.#flushing
    const now = await this.#explained(path, this.#archive.look(signal), signal)
    const isSame = (now && identityOf(now)) === (loaded.version && identityOf(loaded.version))
    // Something may have changed here while that was asked.
    if (!isSame && this.#loaded === loaded && !isDirty(loaded)) this.#loading = this.#loaded = undefined
    return this.#load(path, signal)
  }

  async #load(path: Path, signal: AbortSignal | undefined): Promise<Loaded> {
    if (this.#loaded !== undefined) return this.#loaded
    // Without the signal of the one who asks first: others wait for it too.
    this.#loading ??= this.#read().then(
      loaded => (this.#loaded = loaded),
      (error: unknown) => {
        this.#loading = undefined
        throw error
      },
    )
    return this.#explained(path, this.#loading, signal)
  }

  async #read(): Promise<Loaded> {
    const version = await this.#archive.look(undefined)
    const tree = await this.#archive.index(version, undefined)
    return { tree, version, written: tree.version }
  }

  async #explained<T>(path: Path, promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await untilAborted(promise, signal)
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      throw this.#archive.explain(error, path, 'read the archive')
    }
  }

  /** Whoever calls this counts down the users when it is done. */
  async #useSpool(path: Path): Promise<Spool> {
    this.#spoolUsers++
    try {
      return await (this.#spool ??= Promise.resolve(this.#makeSpool()))
    } catch (error) {
      this.#spoolUsers--
      this.#spool = undefined
      throw this.#archive.explain(error, path, 'keep what is to be written')
    }
  }

  #checkName(path: Path): void {
    const problem = storedPathProblem(checkPath(path))
    if (problem !== undefined) throw new StorageError('INVALID_PATH', `a snarf archive cannot hold ${JSON.stringify(path)}: ${problem}`, { path })
  }

  /** A directory that moves takes everything in it to longer or shorter paths. */
  #checkNamesBelow(node: MemberNode, from: Path, to: Path): void {
    if (node.kind === 'file' || to.length <= from.length) return
    for (const [name, child] of node.children) {
      this.#checkName(`${to}/${name}`)
      this.#checkNamesBelow(child, `${from}/${name}`, `${to}/${name}`)
    }
  }

  /** Whether a file with these conditions can be put at `path`. */
  #checkPlace(tree: MemberTree, path: Path, { ifMatch, ifNoneMatch }: WriteOptions): void {
    if (path === '') throw new StorageError('IS_A_DIRECTORY', `the root of ${this.name} cannot be replaced by a file`, { path })
    this.#checkChangeable(path)
    const node = tree.find(path)
    if (ifNoneMatch !== undefined && node !== undefined)
      throw new StorageError('PRECONDITION_FAILED', `${path} exists in ${this.name} already`, { path })
    if (ifMatch !== undefined && !isVersion(node, ifMatch)) throw this.#changed(path)
    if (node?.kind === 'directory')
      throw new StorageError('IS_A_DIRECTORY', `${path} in ${this.name} is a directory and cannot be replaced by a file`, { path })
    tree.checkParents(path)
  }

  #checkChangeable(path: Path): void {
    const { inner } = this.#archive
    if (inner.capabilities.atomicWrite === true) return
    throw new StorageError(
      'NOT_SUPPORTED',
      `${inner.name} does not replace a file in one step, so a failed write would leave neither the old nor the new archive; ${this.name} can only be read`,
      { path },
    )
  }

  #changed(path: Path): StorageError {
    return new StorageError('PRECONDITION_FAILED', `${path} in ${this.name} is not the version that was asked for; it was changed or removed`, {
      path,
    })
  }
}

function isDirty({ tree, written }: Loaded): boolean {
  return tree.version !== written
}

function isVersion(node: MemberNode | undefined, etag: string): boolean {
  return node?.kind === 'file' && node.etag === etag
}
