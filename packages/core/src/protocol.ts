/** Slash-separated and relative to the root: no leading, trailing or doubled "/", no "." or "..". The root is "". */
export type Path = string

/** File content in order. A web `ReadableStream`, a Node `Readable` and an async generator all satisfy it. */
export type Bytes = AsyncIterable<Uint8Array>

/** A hash function by its usual name, in lower case and without punctuation. */
export type HashName = 'md5' | 'sha1' | 'sha256' | 'crc32c' | 'crc64nvme' | (string & {})

/** What every asynchronous function of the protocol accepts. */
export interface AbortOptions {
  readonly signal?: AbortSignal | undefined
}

interface EntryBase {
  readonly path: Path
  /** Milliseconds since the Unix epoch; may have a fraction. */
  readonly modified?: number
  /** Permission bits, as in `0o644`. */
  readonly mode?: number
  /** Milliseconds: this listing shows `modified` only so finely, cut off or rounded, and `stat` shows it as the store keeps it. */
  readonly modifiedPrecision?: number
}

/**
 * A regular file as a listing shows it.
 *
 * A listing may leave out `modified` and `mode` where the store keeps them (`capabilities.modifiedPrecision`) and telling them takes a request for
 * each file. `stat` never does. Core asks it only for files that the state does not settle.
 */
export interface FileEntry extends EntryBase {
  readonly kind: 'file'
  /** Bytes. */
  readonly size: number
  /** Opaque; differs whenever the content may differ (RFC 9110, entity tag). */
  readonly etag?: string
  /** Stays when the file is renamed or moved: an inode, an object id. */
  readonly id?: string
  /** Lower-case hex by name of the function. */
  readonly hashes?: Readonly<Partial<Record<HashName, string>>>
}

/** A directory that exists on its own. */
export interface DirectoryEntry extends EntryBase {
  readonly kind: 'directory'
}

/** A symbolic link, kept as a link. */
export interface SymlinkEntry extends EntryBase {
  readonly kind: 'symlink'
  /** As stored, never resolved. */
  readonly target: string
}

/**
 * Something that cannot be synced (socket, fifo, device) or could not be read. Never an absence: nothing at or below it is deleted or overwritten.
 * It has the key of a file, also in place of a directory that cannot be read.
 */
export interface ProblemEntry extends EntryBase {
  readonly kind: 'problem'
  /** A sentence for people: what it is or what failed. */
  readonly reason: string
  readonly error?: unknown
}

/** What a listing yields. */
export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | ProblemEntry

/** What the required methods promise. An absent field is the weakest promise, so `{}` is always honest. */
export interface Capabilities {
  /** `list` yields in key order: UTF-8 bytes of the path, a directory as if it ended in "/". */
  readonly ordered?: boolean
  /** Nobody sees a partial file, and a failed write leaves the old one. */
  readonly atomicWrite?: boolean
  /** `ifMatch` and `ifNoneMatch` are decided by the store, not by stat-then-write. */
  readonly conditional?: boolean
  /**
   * Conditions that the store does not decide are looked at by every method itself, right before it takes effect: nobody needs to look before.
   * Not as good as `conditional`, since somebody may come between, but as good as any look, and without a request for each file.
   */
  readonly checksConditions?: boolean
  /** Directories exist on their own and can be empty. */
  readonly directories?: boolean
  /** Milliseconds: `write` keeps `modified` this finely. Absent: the store sets its own time. */
  readonly modifiedPrecision?: number
  /** Names that differ in case or Unicode form are different files and come back unchanged. */
  readonly exactNames?: boolean
  /** What `hash` can compute without a download, the preferred one first. */
  readonly hashes?: readonly HashName[]
  /** Parallel calls that help; default 1. */
  readonly concurrency?: number
  /**
   * Changes are kept aside until `flush` or `close` and then take effect together, or none of them does, at a cost that grows with the tree (an archive
   * is written anew). The engine flushes once, at the end of a run, whatever it does about other stores.
   */
  readonly batches?: boolean
}

export interface ListOptions extends AbortOptions {
  /** Default true. */
  readonly recursive?: boolean
  /** A hint: directories for which it returns false need not be read. The caller filters again. */
  readonly descend?: (directory: Path) => boolean
  /** A hint: about how many entries the caller knows from an earlier listing. */
  readonly expected?: number
}

export interface ReadOptions extends AbortOptions {
  /** Bytes to leave out at the start; default 0. */
  readonly offset?: number
  /** Bytes at most; default to the end. */
  readonly length?: number
  /** Read only this version, else reject with `PRECONDITION_FAILED`. */
  readonly ifMatch?: string
}

export interface WriteOptions extends AbortOptions {
  /** Bytes, when known. Content of another length rejects. */
  readonly size?: number
  readonly modified?: number
  readonly mode?: number
  /** Replace only this version. */
  readonly ifMatch?: string
  /** Create only. */
  readonly ifNoneMatch?: '*'
}

export interface RemoveOptions extends AbortOptions {
  readonly ifMatch?: string
}

/** A file that is written in parts and survives the process (S3 multipart uploads). */
export interface Upload {
  /** Give it back as `resume`, in this process or a later one. */
  readonly token: string
  /** Bytes; every part but the last. */
  readonly partSize: number
  /**
   * The store can only append: parts are put one after the other, in order. A stored part that turns out to differ is replaced, and the parts
   * after it have to be put again.
   */
  readonly sequential?: boolean
  /** Indices, from 0, of the parts that the store has. */
  stored(options?: AbortOptions): Promise<readonly number[]>
  /**
   * Several at once are fine. A part that is stored already is compared, and sent only if it differs. Once this has resolved, the caller may use the
   * memory of `part` for something else.
   */
  put(index: number, part: Uint8Array, options?: AbortOptions): Promise<void>
  complete(options?: AbortOptions): Promise<FileEntry>
  abort(): Promise<void>
}

/** One file of a batch that a destination takes from a source by itself. */
export interface TransferItem {
  readonly from: Path
  readonly to: Path
  /** Bytes that the source listed. */
  readonly size: number
  readonly modified?: number
  readonly mode?: number
  /** The version the source must still have. */
  readonly fromMatch?: string
  /** The version the destination must still have. */
  readonly ifMatch?: string
  /** Create only. */
  readonly ifNoneMatch?: '*'
}

/** How one item of a batch ended, in the order of the items. */
export type TransferOutcome = { readonly entry: FileEntry } | { readonly error: unknown }

export interface TransferOptions extends AbortOptions {
  /** Compute this over the content in the same pass and return it in `entry.hashes`. */
  readonly hash?: HashName
  /** Bytes of `items[index]` moved so far; called for files that take long. */
  readonly onProgress?: (index: number, bytes: number) => void
}

/** Anything that survives `JSON.stringify`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/**
 * What a storage found out about its server by trying, and would have to try again: the zone of its listings, whether it honours conditions.
 * Core keeps it in the state of the pair and gives it back the next time.
 */
export interface Learned {
  /** Given before the first call. What was learned of another server, or by another version, is to be ignored. */
  recall(facts: Json): void
  /** What is known by now; `undefined` for nothing. */
  facts(): Json | undefined
}

/**
 * A tree that can be read. Rejections are a `StorageError`, or `signal.reason` after an abort.
 *
 * Required: `list`, `stat`, `read`. Everything else is optional by being absent.
 */
export interface ReadableStorage {
  /** For messages, e.g. "s3://bucket/prefix"; never a credential. */
  readonly name: string
  readonly capabilities: Capabilities
  /** One by one, or in pages where that is faster. Rejects with `NOT_FOUND` if `path` is no directory of this tree. */
  list(path: Path, options?: ListOptions): AsyncIterable<Entry | readonly Entry[]>
  /** Resolves to `undefined` if nothing is there. */
  stat(path: Path, options?: AbortOptions): Promise<Entry | undefined>
  read(path: Path, options?: ReadOptions): Bytes
  /** Lower-case hex of the content. */
  hash?(path: Path, name: HashName, options?: AbortOptions): Promise<string>
  /** This tree, frozen; `close` discards it. The engine reads a side from one that it does not write. */
  snapshot?(options?: AbortOptions): Promise<ReadableStorage>
  readonly learned?: Learned
  /** A hint that something at or below the path may have changed. */
  watch?(options?: AbortOptions): AsyncIterable<Path>
  close?(): Promise<void>
}

/** A tree that can be changed. `write` makes missing parents; `remove` takes a file, a symlink or an empty directory, missing is fine. */
export interface WritableStorage extends ReadableStorage {
  write(path: Path, content: Bytes, options?: WriteOptions): Promise<FileEntry>
  remove(path: Path, options?: RemoveOptions): Promise<void>
  /** Makes missing parents; an existing directory is fine. */
  makeDirectory?(path: Path, options?: AbortOptions): Promise<void>
  /** Replaces a symlink or a file, makes missing parents. */
  makeSymlink?(path: Path, target: string, options?: AbortOptions): Promise<void>
  setModified?(path: Path, modified: number, options?: AbortOptions): Promise<void>
  setMode?(path: Path, mode: number, options?: AbortOptions): Promise<void>
  /** Server-side copy of a file. */
  copy?(from: Path, to: Path, options?: WriteOptions): Promise<FileEntry>
  /** Moves a file, a symlink or a whole directory, makes missing parents. Rejects with `ALREADY_EXISTS` rather than replace, unless `ifMatch` names what is replaced. */
  move?(from: Path, to: Path, options?: WriteOptions): Promise<void>
  upload?(path: Path, options?: WriteOptions & { readonly resume?: string }): Promise<Upload>
  /**
   * Takes a batch of files from a storage it understands, e.g. a local directory from another, without bytes passing through core.
   * Every promise of `write` holds for each item. Resolves to one outcome per item. Returns `undefined` for a source it does not understand;
   * an empty batch asks just that.
   */
  transferFrom?(source: ReadableStorage, items: readonly TransferItem[], options?: TransferOptions): Promise<readonly TransferOutcome[]> | undefined
  /** Says why this store cannot hold a path (a name too long, a reserved character), `undefined` if it can. Asked before anything is changed. */
  refuses?(path: Path): string | undefined
  /** Resolves when every finished change is durable. */
  flush?(options?: AbortOptions): Promise<void>
  /** Bytes this user can still write; `undefined` where the store cannot tell. A guard compares it with what a plan will move. */
  freeSpace?(options?: AbortOptions): Promise<number | undefined>
}

/** What an adapter has to ask a person while it opens a storage. */
export interface Question {
  /** One line without the colon at the end, e.g. "password of ana@host". Holds no secret. */
  readonly text: string
  /** What is typed is not shown. */
  readonly secret: boolean
}

/** What `open` of a plugin is given. */
export interface OpenStorageOptions extends AbortOptions {
  /**
   * Asks the person at the terminal; resolves to `undefined` if they give no answer. Absent where nobody can be asked: the adapter then rejects with
   * `UNAUTHENTICATED` and names the variables, files and commands that a secret can come from. An answer appears in no name and no message.
   */
  readonly prompt?: ((question: Question) => Promise<string | undefined>) | undefined
  /** Opens another place, by its path or URL: for storages that lie on others. Absent where only this one can be opened. */
  readonly open?: ((location: string) => Promise<ReadableStorage>) | undefined
}

/** How a package offers its storage to `open("scheme://…")`. */
export interface StoragePlugin {
  readonly schemes: readonly string[]
  open(url: URL, options?: OpenStorageOptions): Promise<ReadableStorage>
}

/** Narrows a storage to one that can be a target. */
export function isWritable(storage: ReadableStorage): storage is WritableStorage {
  const candidate = storage as Partial<WritableStorage>
  return typeof candidate.write === 'function' && typeof candidate.remove === 'function'
}
