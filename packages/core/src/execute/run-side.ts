import { StorageError } from '../errors.ts'
import type { Side } from '../modes.ts'
import { parentPath } from '../path.ts'
import { isWritable, type Entry, type Path, type ReadableStorage, type WritableStorage } from '../protocol.ts'

/** One side of a run, with what this run has changed there. */
export class RunSide {
  readonly side: Side
  readonly storage: ReadableStorage
  /** Milliseconds within which times of one file are the same. */
  readonly precisionMs: number
  /** What the plan could not see, because earlier items of this run brought it about. */
  readonly #moved = new Map<Path, Entry | null>()
  /** Where nothing new may be written, at and below, and why. */
  readonly #blocked = new Map<Path, string>()
  /** Directories that hold something whose deletion did not happen. */
  readonly #kept = new Set<Path>()
  /** Parts that this run has put, by the token of their upload. */
  readonly #sent = new Map<string, Set<number>>()
  /** Whether anything was written. */
  dirty = false
  /** Whether changes take effect together, by the one flush at the end. */
  readonly batches: boolean
  #writes = 0
  #lies = false

  constructor(side: Side, storage: ReadableStorage, toleranceMs: number) {
    this.side = side
    this.storage = storage
    this.precisionMs = storage.capabilities.modifiedPrecision ?? toleranceMs
    this.batches = storage.capabilities.batches === true
  }

  /** The storage, about to be changed. @throws StorageError `NOT_SUPPORTED` if it is read-only */
  writable(): WritableStorage {
    if (!isWritable(this.storage)) throw new StorageError('NOT_SUPPORTED', `${this.storage.name} is read-only`)
    this.dirty = true
    return this.storage
  }

  /**
   * Whether to look at what a write says it has made. A store that stores less than it says would look edited to the next run, and the rest of
   * the file would win over the whole. Looking at every file doubles the calls to a remote store, so it is the first ones, a sample of the
   * others, and all as soon as one was not as it was said.
   */
  doubtsNextWrite(): boolean {
    const write = this.#writes++
    return this.#lies || write < 16 || write % 32 === 0
  }

  /** A write was not as the store said. */
  distrust(): void {
    this.#lies = true
  }

  /** Indices of the parts of an upload that this run has put; the caller keeps them. */
  sentParts(token: string): Set<number> {
    const sent = this.#sent.get(token) ?? new Set()
    this.#sent.set(token, sent)
    return sent
  }

  /** What has to be at `path` for an item that the plan made on seeing `planned`. */
  expected(path: Path, planned: Entry | null): Entry | null {
    const moved = this.#moved.get(path)
    return moved === undefined ? planned : moved
  }

  /** This run removed or placed something at `path`. */
  expect(path: Path, entry: Entry | null): void {
    this.#moved.set(path, entry)
  }

  /** Lets nothing be written at or below `path`. */
  block(path: Path, reason: string): void {
    this.#blocked.set(path, reason)
  }

  /** @throws StorageError if something at or above `path` failed that has to come first; the topmost is the cause */
  checkNotBlocked(path: Path): void {
    if (this.#blocked.size === 0) return
    let cause: string | undefined
    for (let at: Path = path; at !== ''; at = parentPath(at)) cause = this.#blocked.get(at) ?? cause
    if (cause !== undefined) throw new StorageError('UNKNOWN', cause, { path })
  }

  /** Something at `path` stays, so the directories that hold it stay. */
  keep(path: Path): void {
    for (let at = parentPath(path); at !== '' && !this.#kept.has(at); at = parentPath(at)) this.#kept.add(at)
  }

  /** Whether a directory holds something that was to go and stayed. */
  keeps(path: Path): boolean {
    return this.#kept.has(path)
  }
}
