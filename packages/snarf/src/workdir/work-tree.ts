import { baseName, collect, isStorageError, joinPath, parentPath, StorageError, toBytes } from '@syncline/core'
import type { AbortOptions, Bytes, Entry, FileEntry, Path, WritableStorage } from '@syncline/core'
import { attributesOf, entriesPath, Metadata, writeEntries, zopeDirectory, type EntryAttributes } from '../metadata/index.ts'
import { specialPath } from '../objects/names.ts'
import { digestOfBytes, type Digest } from '../objects/writeable.ts'
import { ClassRegistry } from '../registry/index.ts'
import { XMLPickler } from '../xmlpickle/index.ts'

/** What is at a path: `other` can be neither read nor replaced, e.g. a symbolic link. */
export type LocalKind = 'file' | 'directory' | 'other'

/** Parts of an object that are not its body, and lie beside it. */
export type SpecialPart = 'Extra' | 'Annotations'

/** Both parts, in the order in which they are looked at. */
export const specialParts: readonly SpecialPart[] = ['Extra', 'Annotations']

/** Where the untouched copy of a file is, and, in the metadata, the attributes that the repository gave it. */
export function originalPath(path: Path): Path {
  return specialPath(parentPath(path), 'Original', baseName(path))
}

/** Attributes that the working copy itself keeps in an entry. */
export const ownAttributes: readonly string[] = ['flag', 'conflict', 'seen']

/** An entry with some attributes set, and those that are `undefined` taken away. */
export function withAttributes(entry: EntryAttributes, changes: Readonly<Record<string, string | undefined>>): EntryAttributes {
  const pairs = Object.entries({ ...entry, ...changes }).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return attributesOf(pairs)
}

/** Whether two entries say the same; one without attributes is the same as none. */
export function isSameEntry(a: EntryAttributes | undefined, b: EntryAttributes | undefined): boolean {
  const [x, y] = [Object.entries(a ?? {}), b ?? {}]
  return x.length === Object.keys(y).length && x.every(([name, value]) => y[name] === value)
}

/**
 * The files of a working copy, listed once, with their metadata.
 *
 * A file is replaced or removed only if it is still the one that was listed, so what somebody writes meanwhile is never lost.
 */
export class WorkTree {
  readonly storage: WritableStorage
  readonly metadata: Metadata
  /** Entries as the repository gave them, at {@link originalPath}. */
  readonly originals: Metadata
  readonly #options: AbortOptions
  readonly #entries = new Map<Path, Entry>()
  readonly #children = new Map<Path, Set<string>>()
  readonly #digests = new Map<Path, Promise<Digest>>()

  private constructor(storage: WritableStorage, options: AbortOptions) {
    this.storage = storage
    this.#options = options
    const files = { read: (path: Path) => this.readIfThere(path), write: (path: Path, content: Uint8Array) => this.write(path, content) }
    const metadata = (): Metadata => new Metadata(files, { unpickle: text => new XMLPickler(new ClassRegistry()).load(text) })
    this.metadata = metadata()
    this.originals = metadata()
  }

  /** @throws StorageError `NOT_SUPPORTED` for a storage on which a kill could leave half a file */
  static async read(storage: WritableStorage, options: AbortOptions = {}): Promise<WorkTree> {
    if (storage.capabilities.atomicWrite !== true)
      throw new StorageError('NOT_SUPPORTED', `${storage.name} cannot hold a working copy, because it does not replace files in one step`)
    const tree = new WorkTree(storage, { signal: options.signal })
    try {
      for await (const page of storage.list('', tree.#options)) {
        for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) tree.#note(entry)
      }
    } catch (error) {
      if (!isStorageError(error, 'NOT_FOUND')) throw error
    }
    return tree
  }

  /**
   * Writes the entries that were changed. Those of the repository last: after a kill in between, an entry that is newer than the one it came from merges to
   * itself, but one that is older would look as if somebody had changed it back.
   */
  async flush(): Promise<void> {
    await this.metadata.flush()
    await this.originals.flush()
  }

  kindOf(path: Path): LocalKind | undefined {
    if (path === '') return 'directory'
    const entry = this.#entries.get(path)
    if (entry === undefined) return undefined
    return entry.kind === 'file' || entry.kind === 'directory' ? entry.kind : 'other'
  }

  /** Why something is `other`. */
  problemOf(path: Path): string {
    const entry = this.#entries.get(path)
    return entry?.kind === 'symlink' ? 'it is a symbolic link' : entry?.kind === 'problem' ? entry.reason : 'it is no file'
  }

  /** Names on disk in a directory, but for that of the metadata. */
  names(directory: Path): readonly string[] {
    return [...(this.#children.get(directory) ?? [])].filter(name => name !== zopeDirectory)
  }

  /** Bytes; `undefined` if there is no file. */
  sizeOf(path: Path): number | undefined {
    const entry = this.#entries.get(path)
    return entry?.kind === 'file' ? entry.size : undefined
  }

  /** The file as it was listed. Rejects with `PRECONDITION_FAILED` if it is another by now. */
  read(path: Path): Bytes {
    const entry = this.#entries.get(path)
    if (entry?.kind === 'file' && isVague(entry)) return this.#readExactly(path, entry)
    return this.storage.read(path, { ...this.#options, ...(entry?.kind === 'file' && entry.etag !== undefined && { ifMatch: entry.etag }) })
  }

  /** A listing may show times by the minute: what is read is told apart from what comes after by the time that the store keeps. */
  async *#readExactly(path: Path, listed: FileEntry): AsyncGenerator<Uint8Array, void, undefined> {
    const found = await this.storage.stat(path, this.#options)
    this.#requireSame(path, listed, found)
    if (found !== undefined) this.#note(found)
    yield* this.storage.read(path, this.#options)
  }

  async readIfThere(path: Path): Promise<Uint8Array | undefined> {
    return this.kindOf(path) === 'file' ? collect(this.read(path)) : undefined
  }

  digest(path: Path): Promise<Digest> {
    const known = this.#digests.get(path)
    if (known !== undefined) return known
    const digest = digestOfBytes(this.read(path))
    digest.catch(() => this.#digests.delete(path))
    this.#digests.set(path, digest)
    return digest
  }

  /** Whether both are files with the same bytes. */
  async isSame(path: Path, other: Path): Promise<boolean> {
    const size = this.sizeOf(path)
    if (size === undefined || size !== this.sizeOf(other)) return false
    return (await this.digest(path)) === (await this.digest(other))
  }

  /** Replaces what was listed, or makes what was not there. @throws StorageError `PRECONDITION_FAILED` or `ALREADY_EXISTS` if it is not so any more */
  async write(path: Path, content: Uint8Array | Bytes): Promise<void> {
    const condition = await this.#condition(path)
    const written = await this.storage.write(path, content instanceof Uint8Array ? toBytes(content) : content, { ...this.#options, ...condition })
    this.#digests.delete(path)
    this.#note(written)
  }

  /** Removes a file that is still what was listed. Missing is fine. */
  async remove(path: Path): Promise<void> {
    if (this.kindOf(path) !== 'file') return
    const { ifMatch } = await this.#condition(path)
    await this.storage.remove(path, { ...this.#options, ...(ifMatch !== undefined && { ifMatch }) })
    this.#forget(path)
  }

  /** Removes a directory with the metadata in it, as far as nothing else is left. What was saved for a person stays. */
  async removeEmpty(directory: Path): Promise<void> {
    await this.#removeOwn(joinPath(directory, zopeDirectory))
    await this.#removeIfEmpty(directory)
  }

  async #removeOwn(directory: Path): Promise<void> {
    for (const name of [...(this.#children.get(directory) ?? [])]) {
      const path = joinPath(directory, name)
      if (name === 'Entries.xml') await this.remove(path)
      else if (name !== 'Saved' && this.kindOf(path) === 'directory') await this.#removeOwn(path)
    }
    await this.#removeIfEmpty(directory)
  }

  async #removeIfEmpty(directory: Path): Promise<void> {
    if (directory === '' || this.kindOf(directory) !== 'directory' || (this.#children.get(directory)?.size ?? 0) > 0) return
    try {
      if (this.storage.capabilities.directories === true) await this.storage.remove(directory, this.#options)
      this.#forget(directory)
    } catch (error) {
      if (!isStorageError(error, 'NOT_EMPTY')) throw error
    }
  }

  /** Makes a directory that stays, on stores too that have no empty ones. */
  async makeDirectory(path: Path): Promise<void> {
    if (this.kindOf(entriesPath(path)) === undefined) await this.write(entriesPath(path), new TextEncoder().encode(writeEntries(new Map())))
  }

  /** Puts a file where nothing is ever taken away, and returns where that is. For what a person gives up, and may want back. */
  async save(path: Path): Promise<Path> {
    const directory = joinPath(parentPath(path), `${zopeDirectory}/Saved`)
    const name = baseName(path)
    for (let i = 0; ; i++) {
      const saved = joinPath(directory, i === 0 ? name : `${name}.~${i}~`)
      if (this.kindOf(saved) !== undefined) continue
      await this.write(saved, this.read(path))
      return saved
    }
  }

  /** Files that were kept for a person in a directory. */
  savedIn(directory: Path): readonly Path[] {
    const saved = joinPath(directory, `${zopeDirectory}/Saved`)
    return [...(this.#children.get(saved) ?? [])].map(name => joinPath(saved, name))
  }

  async #condition(path: Path): Promise<{ readonly ifMatch?: string; readonly ifNoneMatch?: '*' }> {
    const { conditional, checksConditions } = this.storage.capabilities
    const expected = this.#entries.get(path)
    const etag = expected?.kind === 'file' ? expected.etag : undefined
    if (conditional !== true && checksConditions !== true) this.#requireSame(path, expected, await this.storage.stat(path, this.#options))
    else if (expected !== undefined && etag === undefined) this.#requireSame(path, expected, await this.storage.stat(path, this.#options))
    if (expected === undefined) return { ifNoneMatch: '*' }
    return etag === undefined ? {} : { ifMatch: etag }
  }

  #requireSame(path: Path, expected: Entry | undefined, found: Entry | undefined): void {
    if (expected?.kind !== 'file' && expected?.kind === found?.kind) return
    if (expected?.kind === 'file' && found?.kind === 'file') {
      const isSame =
        expected.etag === undefined || found.etag === undefined
          ? expected.size === found.size && isSameTime(expected, found)
          : expected.etag === found.etag
      if (isSame) return
    }
    throw new StorageError('PRECONDITION_FAILED', `${path} changed since it was listed`, { path })
  }

  #note(entry: Entry): void {
    const { path } = entry
    if (path === '') return
    this.#entries.set(path, entry)
    const directory = parentPath(path)
    const siblings = this.#children.get(directory)
    if (siblings !== undefined) siblings.add(baseName(path))
    else this.#children.set(directory, new Set([baseName(path)]))
    if (directory !== '' && !this.#entries.has(directory)) this.#note({ kind: 'directory', path: directory })
  }

  #forget(path: Path): void {
    this.#entries.delete(path)
    this.#digests.delete(path)
    this.#children.get(parentPath(path))?.delete(baseName(path))
  }
}

/** Whether a listing left out how to tell a file from its next version. */
function isVague({ etag, modified, modifiedPrecision }: FileEntry): boolean {
  return etag === undefined && (modified === undefined || modifiedPrecision !== undefined)
}

function isSameTime(a: FileEntry, b: FileEntry): boolean {
  if (a.modified === undefined || b.modified === undefined) return isVague(a) || isVague(b)
  return Math.abs(a.modified - b.modified) <= Math.max(a.modifiedPrecision ?? 0, b.modifiedPrecision ?? 0)
}
