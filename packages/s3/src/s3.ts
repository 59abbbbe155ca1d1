import type {
  AbortOptions,
  Bytes,
  Capabilities,
  Entry,
  FileEntry,
  HashName,
  Learned,
  ListOptions,
  Path,
  ReadableStorage,
  ReadOptions,
  RemoveOptions,
  TransferItem,
  TransferOptions,
  TransferOutcome,
  Upload,
  WritableStorage,
  WriteOptions,
} from '@syncline/core'
import { StorageError, untilAborted } from '@syncline/core'
import { Budget } from './budget.ts'
import { Connection } from './connection.ts'
import { copy } from './copy.ts'
import { Directories } from './directories.ts'
import { Facts } from './facts.ts'
import { list } from './list.ts'
import { bareEtag } from './metadata.ts'
import { move } from './move.ts'
import { abortMultipart } from './multipart.ts'
import { type CopyLimits, type S3Options, type Settings, settle } from './options.ts'
import { isForbidden, nothingHonoured, probe } from './probe.ts'
import { read } from './read.ts'
import { Remover } from './remove.ts'
import { keyOf, refuses, rootError, type Site } from './site.ts'
import { hash, headOf, stat } from './stat.ts'
import { sameServer, siteOf, transfer } from './transfer.ts'
import { upload } from './upload.ts'
import { restoreVersion, type S3StaleUpload, staleUploads, type S3Version, versions } from './versions.ts'
import { write } from './write.ts'

/** What a URL that is made by `presign` allows. */
export interface PresignOptions {
  /** Default GET. */
  readonly method?: 'GET' | 'PUT' | 'HEAD' | 'DELETE'
  /** Seconds; default 900. */
  readonly expiresIn?: number
  /** GET: the version; default the current one. */
  readonly versionId?: string
  /** GET: name under which a browser saves it. */
  readonly downloadName?: string
  /** PUT: the media type that has to be sent with it. */
  readonly contentType?: string
}

/** A bucket, or a part of one: a storage, and what only S3 can do. */
export interface S3Storage extends WritableStorage {
  /**
   * Finds out what the server does with conditions, unless that is known, by a dozen requests on objects of its own that are removed again.
   * Writes do so by themselves the first time; before it, `capabilities.conditional` is not promised.
   */
  probe(options?: AbortOptions): Promise<void>
  /** The versions of everything at or below a path of a versioned bucket, the newest of each first. */
  versions(path: Path, options?: AbortOptions): AsyncIterable<S3Version>
  /** Makes an older version the current one. The versions between stay. */
  restoreVersion(path: Path, versionId: string, options?: AbortOptions): Promise<FileEntry>
  /** Uploads in parts that were begun and never ended, by anybody. */
  staleUploads(options?: AbortOptions): AsyncIterable<S3StaleUpload>
  /** Removes one of them with its parts. */
  abortUpload(upload: Pick<S3StaleUpload, 'path' | 'uploadId'>, options?: AbortOptions): Promise<void>
  /** A URL with which anybody can do one thing to one object, for a while. */
  presign(path: Path, options?: PresignOptions): Promise<string>
}

/**
 * A bucket as a storage, or what is below a prefix of it. Nothing is sent before the first call.
 *
 * @throws TypeError for an option that cannot be meant
 * @example
 * const storage = s3({ bucket: 'backups', prefix: 'laptop', region: 'eu-central-1' })
 * for await (const page of storage.list('')) console.log(page)
 */
export function s3(options: S3Options): S3Storage {
  return openS3(options)
}

/** As {@link s3}, with limits that tests make small. */
export function openS3(options: S3Options, limits?: CopyLimits): S3Storage {
  return new BucketStorage(settle(options, limits))
}

class BucketStorage implements S3Storage {
  readonly name: string
  readonly capabilities: Capabilities
  readonly learned: Learned
  readonly [siteOf]: Site
  // Where etags are no hashes, there is none to offer.
  declare readonly hash?: NonNullable<WritableStorage['hash']>
  declare readonly makeDirectory?: NonNullable<WritableStorage['makeDirectory']>
  readonly #site: Site
  readonly #remover: Remover
  readonly #directories: Directories | undefined
  #probing: Promise<void> | undefined
  #hashes: readonly HashName[]

  constructor(settings: Settings) {
    const { bucket, prefix, endpoint, encryption, md5Etags } = settings
    this.name = `s3://${bucket}${prefix === '' ? '' : `/${prefix.slice(0, -1)}`}`
    const facts = new Facts(JSON.stringify([endpoint ?? '', bucket, encryption?.type ?? '']), md5Etags)
    const site: Site = { name: this.name, settings, connection: new Connection(this.name, settings), facts, budget: new Budget(settings.memory) }
    this.#site = this[siteOf] = site
    this.#remover = new Remover(site)
    const hidesMd5 = md5Etags === false || (encryption !== undefined && encryption.type !== 'AES256')
    this.#hashes = hidesMd5 ? [] : ['md5']
    if (!hidesMd5) this.hash = (path, name, options) => hash(site, path, name, this.capabilities.hashes ?? [], options)
    if (settings.directories) {
      const directories = (this.#directories = new Directories(site, this.#remover))
      this.makeDirectory = (path, options) => this.#makeDirectory(directories, path, options)
    }
    this.capabilities = this.#describe(settings, facts)
    this.learned = { recall: known => facts.recall(known), facts: () => facts.toJson() }
  }

  list(path: Path, options?: ListOptions): AsyncIterable<readonly Entry[]> {
    return list(this.#site, path, options)
  }

  async stat(path: Path, options?: AbortOptions): Promise<Entry | undefined> {
    return await stat(this.#site, path, options)
  }

  read(path: Path, options?: ReadOptions): Bytes {
    return read(this.#site, path, options)
  }

  async write(path: Path, content: Bytes, options: WriteOptions = {}): Promise<FileEntry> {
    await this.#prepare(path, options)
    return await write(this.#site, path, content, options)
  }

  async remove(path: Path, options: RemoveOptions = {}): Promise<void> {
    const { signal, ifMatch } = options
    signal?.throwIfAborted()
    keyOf(this.#site, path)
    if (path === '') throw rootError(this.#site, 'remove')
    if (ifMatch !== undefined) await this.#ready(signal)
    if (this.#directories !== undefined) {
      if (await this.#directories.remove(path, { signal })) return
      await this.#directories.keepParent(path, { signal })
    }
    await this.#remover.remove(path, options)
  }

  async setModified(path: Path, modified: number, options: AbortOptions = {}): Promise<void> {
    await this.#change(path, { ...options, modified })
  }

  async setMode(path: Path, mode: number, options: AbortOptions = {}): Promise<void> {
    await this.#change(path, { ...options, mode })
  }

  async copy(from: Path, to: Path, options: WriteOptions = {}): Promise<FileEntry> {
    keyOf(this.#site, from)
    await this.#prepare(to, options)
    return await copy(this.#site, { site: this.#site, path: from }, to, options)
  }

  async move(from: Path, to: Path, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    keyOf(this.#site, from)
    keyOf(this.#site, to)
    await this.#ready(options.signal)
    await move({ site: this.#site, remover: this.#remover, directories: this.#directories }, from, to, options)
  }

  async upload(path: Path, options: WriteOptions & { readonly resume?: string } = {}): Promise<Upload> {
    if (options.resume === undefined) await this.#prepare(path, options)
    return await upload(this.#site, path, options)
  }

  refuses(path: Path): string | undefined {
    return refuses(this.#site, path)
  }

  transferFrom(
    source: ReadableStorage,
    items: readonly TransferItem[],
    options: TransferOptions = {},
  ): Promise<readonly TransferOutcome[]> | undefined {
    const from = sameServer(this.#site, source)
    if (from === undefined || this.#directories !== undefined) return undefined
    return this.#ready(options.signal).then(() => transfer(this.#site, from, source, items, options))
  }

  async probe({ signal }: AbortOptions = {}): Promise<void> {
    await this.#ready(signal)
  }

  versions(path: Path, options?: AbortOptions): AsyncIterable<S3Version> {
    return versions(this.#site, path, options)
  }

  async restoreVersion(path: Path, versionId: string, options?: AbortOptions): Promise<FileEntry> {
    return await restoreVersion(this.#site, path, versionId, options)
  }

  staleUploads(options?: AbortOptions): AsyncIterable<S3StaleUpload> {
    return staleUploads(this.#site, options)
  }

  async abortUpload(stale: Pick<S3StaleUpload, 'path' | 'uploadId'>, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    await abortMultipart(this.#site, stale)
  }

  async presign(path: Path, options: PresignOptions = {}): Promise<string> {
    const { method = 'GET', expiresIn = 900, versionId, downloadName, contentType } = options
    const key = keyOf(this.#site, path)
    if (path === '') throw rootError(this.#site, 'sign a URL for')
    const query: (readonly [string, string])[] = []
    if (versionId !== undefined) query.push(['versionId', versionId])
    if (downloadName !== undefined) query.push(['response-content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(downloadName)}`])
    return await this.#site.connection.presign(method, key, expiresIn, query, contentType === undefined ? {} : { 'content-type': contentType })
  }

  async close(): Promise<void> {
    this.#site.connection.close()
  }

  async #makeDirectory(directories: Directories, path: Path, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    keyOf(this.#site, path)
    await directories.ensure(path, { signal })
  }

  /** Before something is put at a path: it is one, conditions can be judged, and its directory is there. */
  async #prepare(path: Path, { signal, ifMatch, ifNoneMatch }: WriteOptions): Promise<void> {
    signal?.throwIfAborted()
    keyOf(this.#site, path)
    if (path === '') throw rootError(this.#site, 'write to')
    if (ifMatch !== undefined || ifNoneMatch !== undefined) await this.#ready(signal)
    await this.#directories?.prepare(path, { signal, ifMatch })
  }

  /** Metadata cannot be changed in place: the object is copied onto itself, within the server. */
  async #change(path: Path, change: AbortOptions & Pick<WriteOptions, 'modified' | 'mode'>): Promise<void> {
    change.signal?.throwIfAborted()
    const site = this.#site
    const key = keyOf(site, path)
    if (path === '') throw rootError(site, 'change')
    const head = await headOf(site, key, path, { signal: change.signal, what: 'change' })
    if (head === undefined) throw new StorageError('NOT_FOUND', `nothing is at ${path} on ${site.name}`, { path })
    await copy(site, { site, path }, path, { ...change, fromMatch: bareEtag(head.etag) })
  }

  async #ready(signal: AbortSignal | undefined): Promise<void> {
    if (this.#site.facts.server !== undefined) return
    const probing = (this.#probing ??= this.#learn().finally(() => (this.#probing = undefined)))
    await untilAborted(probing, signal)
  }

  async #learn(): Promise<void> {
    const { facts } = this.#site
    try {
      facts.learn(await probe(this.#site))
    } catch (error) {
      if (!isForbidden(error)) throw error
      facts.assume(nothingHonoured)
    }
  }

  #describe({ express, directories, concurrency }: Settings, facts: Facts): Capabilities {
    const hashes = (): readonly HashName[] => (facts.md5Etags === false ? [] : this.#hashes)
    return {
      ...(!express && { ordered: true }),
      atomicWrite: true,
      checksConditions: true,
      get conditional() {
        return facts.conditional
      },
      ...(directories && { directories: true }),
      // What a number of milliseconds can hold today.
      modifiedPrecision: 0.001,
      exactNames: true,
      get hashes() {
        const md5 = hashes()
        return facts.server?.crc64nvme === true && md5.length > 0 ? ['crc64nvme', ...md5] : md5
      },
      concurrency,
    }
  }
}
