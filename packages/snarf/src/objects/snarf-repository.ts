import { collect, parentPath, StorageError, toBytes, type Bytes, type Path } from '@syncline/core'
import { encodeHeader, indexSnarf } from '../format/index.ts'
import { Repository, type RepositoryOptions } from './repository.ts'

/**
 * A repository in one snarf archive in memory, whose bytes are what the original writes: sizes of eight digits, no directories, members in the order
 * in which they were written.
 *
 * As in the original, a second checkout appends, and of two members of one name the later one is read. Every directory above a member is known.
 * For archives that do not fit into memory, use `repositoryFromStorage` with the storage of an archive.
 *
 * @example
 * const snarf = new SnarfRepository()
 * await new Checkout(space, snarf).perform(root, 'test')
 * await writeFile('site.snarf', snarf.archive())
 */
export class SnarfRepository extends Repository {
  override readonly name = 'snarf:'
  readonly #pieces: Uint8Array[] = []
  readonly #members = new Map<Path, Uint8Array>()
  readonly #directories = new Set<Path>([''])
  #unread: Uint8Array | undefined

  /** @param archive - read when it is first needed */
  constructor(archive?: Uint8Array, options: RepositoryOptions = {}) {
    super(options)
    if (archive === undefined || archive.length === 0) return
    this.#unread = archive
    this.#pieces.push(archive)
  }

  /** The whole archive. */
  archive(): Uint8Array {
    const whole = new Uint8Array(this.#pieces.reduce((size, piece) => size + piece.length, 0))
    let at = 0
    for (const piece of this.#pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }

  override async kindOf(path: Path): Promise<'file' | 'directory' | undefined> {
    await this.#index()
    if (this.#members.has(path)) return 'file'
    return this.#directories.has(path) ? 'directory' : undefined
  }

  override async *read(path: Path): AsyncGenerator<Uint8Array, void, undefined> {
    await this.#index()
    const member = this.#members.get(path)
    if (member === undefined) throw new StorageError('NOT_FOUND', `there is no ${path} in the archive`, { path })
    yield* toBytes(member)
  }

  override async write(path: Path, content: Uint8Array | Bytes): Promise<void> {
    await this.#index()
    const bytes = content instanceof Uint8Array ? content : (await collect(content)).slice()
    if (this.#directories.has(path)) throw new StorageError('IS_A_DIRECTORY', `${path} is a directory of the archive already`, { path })
    for (let directory = parentPath(path); directory !== ''; directory = parentPath(directory)) {
      if (this.#members.has(directory))
        throw new StorageError('NOT_A_DIRECTORY', `${directory} is a file of the archive, so ${path} cannot be`, { path })
    }
    this.#pieces.push(encodeHeader({ kind: 'file', path, size: bytes.length }, 'padded'), bytes)
    this.#note(path, bytes)
  }

  override async *paths(): AsyncGenerator<Path, void, undefined> {
    await this.#index()
    yield* this.#members.keys()
  }

  async #index(): Promise<void> {
    const archive = this.#unread
    if (archive === undefined) return
    const members = new Map<Path, Uint8Array>()
    const directories: Path[] = []
    for await (const { kind, path, offset, size } of indexSnarf(at => toBytes(archive.subarray(at)), archive.length, { duplicates: 'last' })) {
      if (kind === 'file') members.set(path, archive.subarray(offset, offset + size))
      else directories.push(path)
    }
    // Somebody who asked at the same time may be through already.
    if (this.#unread !== archive) return
    this.#unread = undefined
    for (const path of directories) this.#noteDirectories(path)
    for (const [path, content] of members) this.#note(path, content)
  }

  #note(path: Path, content: Uint8Array): void {
    this.#members.set(path, content)
    this.#noteDirectories(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
  }

  #noteDirectories(path: Path): void {
    for (let directory = path; !this.#directories.has(directory); directory = directory.slice(0, Math.max(0, directory.lastIndexOf('/')))) {
      this.#directories.add(directory)
    }
  }
}
