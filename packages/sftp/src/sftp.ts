import {
  StorageError,
  checkPath,
  type AbortOptions,
  type Bytes,
  type Capabilities,
  type Entry,
  type FileEntry,
  type HashName,
  type Learned,
  type ListOptions,
  type Path,
  type ReadableStorage,
} from '@syncline/core'
import type {
  ReadOptions,
  RemoveOptions,
  TransferItem,
  TransferOptions,
  TransferOutcome,
  Upload,
  WritableStorage,
  WriteOptions,
} from '@syncline/core'
import { copy, makeDirectory, makeSymlink, move, remove, setMode, setModified } from './change.ts'
import { Connection } from './connection.ts'
import { toStorageError } from './errors.ts'
import { flush } from './flush.ts'
import { probeHashes, RemoteHasher, type RemoteHashName } from './hash.ts'
import { keepsLinks } from './links.ts'
import { list, stat } from './list.ts'
import { refusalOf } from './names.ts'
import { resolveTarget, type SftpOptions } from './options.ts'
import { read } from './read.ts'
import { Share } from './share.ts'
import { Slots } from './slots.ts'
import { Connector } from './ssh/connect.ts'
import { transfer } from './transfer.ts'
import { Tree } from './tree.ts'
import { upload } from './upload.ts'
import { lstat, realpath, statvfs } from './wire/client.ts'
import { extension } from './wire/constants.ts'
import { write, type WriteContext } from './write.ts'

/** Files that are written at once; on a slow network most of them wait for an answer. */
const nearbyWrites = 64
const distantWrites = 256
const distantMs = 5

/**
 * A directory on an SSH server as a storage. Connects and logs in before it resolves.
 *
 * The directory may be missing: `list` then rejects with `NOT_FOUND`, and the first write makes it. A connection that is lost is made again by the
 * next call. `close` ends it.
 *
 * @throws StorageError `UNAUTHENTICATED` if the host key is not known or nothing lets the account in; `UNAVAILABLE`, `TIMEOUT`
 * @example
 * const storage = await sftp({ host: 'backup.example.org', user: 'ana', path: '/srv/photos' })
 * for await (const page of storage.list('')) console.log(page)
 * await storage.close?.()
 */
export async function sftp(options: SftpOptions, { signal }: AbortOptions = {}): Promise<WritableStorage> {
  signal?.throwIfAborted()
  const { hops, patience, authority } = resolveTarget(options)
  const connection = new Connection(new Connector(hops, patience), { channels: options.channels ?? 4, timeoutMs: options.timeoutMs ?? 60_000 })
  const name = `sftp://${authority}`
  try {
    const root = await findRoot(connection, options.path, signal)
    const tree = new Tree(connection, root, `${name}${encodeURI(root) || '/'}`)
    const [exactNames, hashes] = await Promise.all([
      probeCase(connection, root),
      options.remoteHash === 'auto' ? probeHashes(tree) : ([] as readonly RemoteHashName[]),
    ])
    return new SftpStorage(tree, { exactNames, hashes, fsync: options.fsync ?? false })
  } catch (error) {
    connection.close()
    if (signal?.aborted === true) throw signal.reason
    throw toStorageError(error, 'open', '', name)
  }
}

interface Found {
  readonly exactNames: boolean | undefined
  readonly hashes: readonly RemoteHashName[]
  readonly fsync: boolean
}

class SftpStorage implements WritableStorage {
  readonly name: string
  readonly capabilities: Capabilities
  /** The server tells what it is each time it is opened. What has to be learned, and kept by whoever asks for it, is its clock. */
  readonly learned: Learned = { recall: () => undefined, facts: () => undefined }
  declare readonly copy?: NonNullable<WritableStorage['copy']>
  declare readonly makeSymlink?: NonNullable<WritableStorage['makeSymlink']>
  declare readonly hash?: NonNullable<WritableStorage['hash']>
  declare readonly flush?: NonNullable<WritableStorage['flush']>
  readonly #tree: Tree
  readonly #context: WriteContext
  readonly #readShare = new Share()
  readonly #longestName: { bytes: number | undefined } = { bytes: undefined }
  #unflushed = new Set<Path>()

  constructor(tree: Tree, { exactNames, hashes, fsync }: Found) {
    const { connection } = tree
    const isDistant = connection.server.roundTripMs > distantMs
    const writes = isDistant ? distantWrites : nearbyWrites
    this.name = tree.name
    this.#tree = tree
    this.#context = { tree, slots: new Slots(writes), share: new Share(), fsync }
    this.capabilities = {
      ordered: true,
      directories: true,
      modifiedPrecision: 1000,
      // Whatever gives a file its name looks at the target right before, or asks for a rename that refuses. No file has an etag.
      checksConditions: true,
      concurrency: writes,
      ...(connection.has(extension.posixRename) && { atomicWrite: true }),
      ...(exactNames !== undefined && { exactNames }),
      ...(hashes.length > 0 && { hashes }),
    }
    if (connection.has(extension.copyData)) this.copy = (from, to, options) => this.#copy(from, to, options)
    if (keepsLinks(connection.server.software)) this.makeSymlink = (path, target, options) => this.#makeSymlink(path, target, options)
    if (connection.has(extension.fsync)) this.flush = options => this.#flush(options)
    if (hashes.length > 0) {
      const hasher = new RemoteHasher(tree)
      this.hash = (path, name, options) => this.#hash(hasher, path, name, options)
    }
  }

  list(path: Path, options?: ListOptions): AsyncIterable<readonly Entry[]> {
    return list(this.#tree, path, options)
  }

  async stat(path: Path, options: AbortOptions = {}): Promise<Entry | undefined> {
    options.signal?.throwIfAborted()
    return stat(this.#tree, checkPath(path), options)
  }

  read(path: Path, options?: ReadOptions): Bytes {
    return read({ tree: this.#tree, share: this.#readShare }, path, options)
  }

  async write(path: Path, content: Bytes, options: WriteOptions = {}): Promise<FileEntry> {
    const entry = await write(this.#context, path, content, options)
    this.#wrote(path)
    return entry
  }

  async remove(path: Path, options: RemoveOptions = {}): Promise<void> {
    await remove(this.#tree, checkPath(path), options)
    this.#unflushed.delete(path)
  }

  async makeDirectory(path: Path, options: AbortOptions = {}): Promise<void> {
    await makeDirectory(this.#tree, checkPath(path), options)
  }

  async setModified(path: Path, modified: number, options: AbortOptions = {}): Promise<void> {
    await setModified(this.#tree, checkPath(path), modified, options)
  }

  async setMode(path: Path, mode: number, options: AbortOptions = {}): Promise<void> {
    await setMode(this.#tree, checkPath(path), mode, options)
  }

  async move(from: Path, to: Path, options: WriteOptions = {}): Promise<void> {
    await move(this.#tree, checkPath(from), checkPath(to), options)
    this.#wrote(to)
  }

  async upload(path: Path, options: WriteOptions & { readonly resume?: string } = {}): Promise<Upload> {
    const made = await upload(this.#context, checkPath(path), options)
    const complete = made.complete.bind(made)
    made.complete = async options => {
      const entry = await complete(options)
      this.#wrote(path)
      return entry
    }
    return made
  }

  transferFrom(source: ReadableStorage, items: readonly TransferItem[], options: TransferOptions = {}): Promise<readonly TransferOutcome[]> {
    return this.#transferFrom(source, items, options)
  }

  refuses(path: Path): string | undefined {
    return refusalOf(path, this.#longestName.bytes)
  }

  async freeSpace({ signal }: AbortOptions = {}): Promise<number | undefined> {
    signal?.throwIfAborted()
    const { connection, root } = this.#tree
    if (!connection.has(extension.statvfs)) return undefined
    const channel = await connection.channel(signal)
    for (let directory = root; ; directory = directory.slice(0, directory.lastIndexOf('/'))) {
      if (directory !== '' && (await lstat(channel, directory)) === undefined) continue
      return (await statvfs(channel, directory || '/')).available
    }
  }

  async close(): Promise<void> {
    await this.#tree.removeLeftovers()
    this.#tree.connection.close()
  }

  async #copy(from: Path, to: Path, options: WriteOptions = {}): Promise<FileEntry> {
    const entry = await copy(this.#context, checkPath(from), checkPath(to), options)
    this.#wrote(to)
    return entry
  }

  async #makeSymlink(path: Path, target: string, options: AbortOptions = {}): Promise<void> {
    await makeSymlink(this.#tree, checkPath(path), target, options)
  }

  async #hash(hasher: RemoteHasher, path: Path, name: HashName, { signal }: AbortOptions = {}): Promise<string> {
    signal?.throwIfAborted()
    return hasher.hash(checkPath(path), name, signal)
  }

  async #transferFrom(source: ReadableStorage, items: readonly TransferItem[], options: TransferOptions): Promise<readonly TransferOutcome[]> {
    const outcomes = await transfer(this.#context, source, items, options)
    for (const [index, outcome] of outcomes.entries()) if ('entry' in outcome) this.#wrote((items[index] as TransferItem).to)
    return outcomes
  }

  async #flush({ signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    await this.#tree.removeLeftovers()
    const paths = [...this.#unflushed]
    this.#unflushed = new Set()
    try {
      await flush(this.#tree, this.#context.slots, paths, signal)
    } catch (error) {
      for (const path of paths) this.#unflushed.add(path)
      if (signal?.aborted === true) throw signal.reason
      throw toStorageError(error, 'make durable what was written to', '', this.name)
    }
  }

  #wrote(path: Path): void {
    if (this.flush !== undefined) this.#unflushed.add(path)
  }
}

/** Where the tree is: the server's own idea of the path, without links, if it is there. */
async function findRoot(connection: Connection, path: string | undefined, signal: AbortSignal | undefined): Promise<string> {
  const channel = await connection.channel(signal)
  const { home } = connection.server
  if (path?.includes('\0') === true) throw new StorageError('INVALID_PATH', 'the path has a NUL character')
  const wanted = path === undefined || path === '~' || path === '' ? home : path.startsWith('~/') ? `${home}/${path.slice(2)}` : path
  if (!wanted.startsWith('/')) throw new StorageError('INVALID_PATH', `${JSON.stringify(path)} is not absolute; begin it with "/" or "~/"`)
  const found = await realpath(channel, wanted).catch(() => wanted)
  return (found.startsWith('/') ? found : wanted).replace(/\/+/g, '/').replace(/\/$/, '')
}

/** Looks for the root under another spelling. `undefined` if its path has no letters. */
async function probeCase(connection: Connection, root: string): Promise<boolean | undefined> {
  const swapped = root.replace(/[a-zA-Z]/g, letter => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
  if (swapped === root) return undefined
  const channel = await connection.channel()
  const [own, other] = await Promise.all([lstat(channel, root), lstat(channel, swapped)])
  return own === undefined ? undefined : other === undefined ? true : undefined
}
