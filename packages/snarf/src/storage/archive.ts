import { isStorageError, messageOf, StorageError, type Bytes, type FileEntry, type Path, type WritableStorage } from '@syncline/core'
import { indexSnarf, type ReadSnarfOptions } from '../format/index.ts'
import { MemberTree } from './member-tree.ts'

/** The file that is the archive, on the storage where it lies. */
export class Archive {
  readonly inner: WritableStorage
  readonly path: Path
  /** For messages. */
  readonly name: string
  readonly #reading: Pick<ReadSnarfOptions, 'limits' | 'duplicates'>

  constructor(inner: WritableStorage, path: Path, name: string, reading: Pick<ReadSnarfOptions, 'limits' | 'duplicates'>) {
    this.inner = inner
    this.path = path
    this.name = name
    this.#reading = reading
  }

  /** The archive as it is now; `undefined` if there is none. */
  async look(signal: AbortSignal | undefined): Promise<FileEntry | undefined> {
    const entry = await this.inner.stat(this.path, { signal })
    if (entry === undefined || entry.kind === 'file') return entry
    if (entry.kind === 'directory')
      throw new StorageError('IS_A_DIRECTORY', `${this.path} on ${this.inner.name} is a directory, not a snarf archive`, { path: '' })
    throw new StorageError('NOT_SUPPORTED', `${this.path} on ${this.inner.name} is a ${entry.kind}; name the archive itself`, { path: '' })
  }

  /** Bytes of one version, and of no other. */
  async *read(version: FileEntry, offset: number, length: number | undefined, signal: AbortSignal | undefined): Bytes & AsyncGenerator<Uint8Array> {
    const { etag } = version
    const range = { offset, signal, ...(length !== undefined && { length }) }
    yield* this.inner.read(this.path, etag === undefined ? range : { ...range, ifMatch: etag })
    // A store without etags gives the bytes of whatever lies there now.
    if (etag === undefined) await this.checkIsStill(version, signal)
  }

  /** @throws StorageError `PRECONDITION_FAILED` if somebody else has replaced, made or removed the archive */
  async checkIsStill(version: FileEntry | undefined, signal: AbortSignal | undefined): Promise<void> {
    const now = await this.look(signal)
    if ((now && identityOf(now)) !== (version && identityOf(version))) throw this.changed()
  }

  changed(cause?: unknown): StorageError {
    return new StorageError(
      'PRECONDITION_FAILED',
      `${this.name} was changed by somebody else since it was read; nothing was written to it; run the sync again`,
      {
        path: '',
        cause,
      },
    )
  }

  /** The members of a version. */
  async index(version: FileEntry | undefined, signal: AbortSignal | undefined): Promise<MemberTree> {
    const tree = new MemberTree(this.name, version !== undefined)
    if (version === undefined) return tree
    const identity = identityOf(version)
    const open = (offset: number): Bytes => this.read(version, offset, undefined, signal)
    for await (const { kind, path, size, offset } of indexSnarf(open, version.size, { ...this.#reading, signal })) {
      if (kind === 'directory') tree.makeDirectory(path)
      // As far as anybody knows its content, it changes with every rewrite of the archive.
      else tree.put(path, { kind: 'file', size, etag: `${identity}@${offset}`, sha256: undefined, place: { in: 'archive', version, offset } })
    }
    tree.version = 0
    return tree
  }

  /** An error of the inner storage as one of this: its path is that of the call, and not of the archive. */
  explain(error: unknown, path: Path, what: string): unknown {
    if (!isStorageError(error)) return error
    const { code, retryable, retryAfterMs } = error
    return new StorageError(code, `could not ${what} in ${this.name}: ${messageOf(error)}`, { path, retryable, retryAfterMs, cause: error })
  }
}

/** What differs whenever the archive may differ. */
export function identityOf({ etag, size, modified }: FileEntry): string {
  return etag ?? `${size}-${modified ?? ''}`
}
