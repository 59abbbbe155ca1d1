import type { Ancestor, StateChange } from '../ancestor.ts'
import { toBytes } from '../bytes.ts'
import { isStorageError, messageOf, StorageError } from '../errors.ts'
import type { LazyPage } from '../merge-join.ts'
import type { Side } from '../modes.ts'
import type { AbortOptions, Path, WritableStorage } from '../protocol.ts'
import type { ScannedEntry } from '../scan.ts'
import { ChangeLog } from './change-log.ts'
import { listFolder, stateFiles } from './files.ts'
import { formatSegment, segmentLength, segmentPath, stateFormat } from './journal.ts'
import { formatMetadata, sameMetadata, type StoredMetadata, type SyncMetadata } from './metadata.ts'
import { replaceFile, restoreFile } from './replace-file.ts'
import { type ReadState, readState, type StateProblem } from './read-state.ts'
import { setAside, stateFilesThere } from './set-aside.ts'
import { overlay } from './tree-edits.ts'
import { readTreeLines } from './tree-lines.ts'
import { readTree } from './tree-reader.ts'
import { writeTree } from './tree-writer.ts'

// How a commit survives a stop at any moment
//
// A state is two tree files of one generation G, metadata that names their seals, and a journal of changes on top of G. Changes are absolute
// values per path, so tree(G) with the journal on top and tree(G+1), which is that, with the same journal on top, are the same tree. A commit is
//   1. the journal is complete and durable
//   2. source_tree.json    of G+1    its last line seals it: generation, folded segments, entries, checksum
//   3. destination_tree.json of G+1
//   4. sync_metadata.json  of G+1    names both seals; from here on segments of G count for nothing
//   5. the journal's segments are removed
// Between 1 and 4 each tree may be old or new; both are right under the journal. A tree of G+1 is accepted without metadata that names it only
// while the journal of G still has every segment that was folded into it. Its seal stands in the file itself, because the metadata of G cannot
// know it and metadata of G+1, written before the trees, could be there without them.
// Before the first commit there is no metadata and the trees below the journal are empty, whatever tree files of generation 1 lie about.

/** A state as it was opened. */
export interface StoredState {
  /** Of the last commit. */
  readonly metadata: SyncMetadata | undefined
  /** When both sides were last looked at, in milliseconds since the Unix epoch, by the clock of that run; undefined if nothing tells. */
  readonly asOf: number | undefined
  /** Set at a first contact: the trees are empty then. Undefined also after a first run that was interrupted, whose journal is used. */
  readonly problem: StateProblem | undefined
  /**
   * What the source had after the last sync, in key order, in pages; can be iterated more than once.
   *
   * @throws StorageError `CORRUPT` at the end if the checksum is wrong: forget what was read and `open` again, which gives a first contact
   */
  source(options?: AbortOptions): AsyncIterable<readonly Ancestor[]>
  /** As `source`, of the destination. */
  destination(options?: AbortOptions): AsyncIterable<readonly Ancestor[]>
  /** As `source` or `destination`, for a join with what the side has now: most entries are only compared and never made. */
  remembered(side: Side, options?: AbortOptions): AsyncIterable<readonly Ancestor[] | LazyPage<ScannedEntry | Ancestor>>
  /** How many entries each tree has; an upper bound after an interrupted run. */
  readonly entries: { readonly source: number; readonly destination: number }
}

/** Options of a state manager. */
export interface SyncStateManagerOptions {
  /** Milliseconds since the Unix epoch; names the folder where a damaged state is kept. Default `Date.now`. */
  readonly now?: () => number
}

export interface RecordOptions extends AbortOptions {
  /** When the run began to look at both sides, as {@link SyncMetadata.asOf}: what the next run goes by if this one is killed before it commits. */
  readonly asOf?: number
}

export interface CommitOptions extends AbortOptions {
  /** Recorded as part of the commit. */
  readonly changes?: Iterable<StateChange>
}

interface OpenState extends ReadState {
  /** What the journal holds, and what was recorded since. */
  changes: ChangeLog
}

/**
 * The state of one pair: what each side had after the last sync, in any writable storage.
 *
 * `open`, then any number of `record`, then `commit`. One run at a time: hold the lock (`acquireLock`) from before `open` to after `commit`.
 */
export class SyncStateManager {
  readonly storage: WritableStorage
  readonly #now: () => number
  #pair: string | undefined
  #state: OpenState | undefined
  /** Damage that only reading a tree to its end has shown. */
  #damage: string | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(storage: WritableStorage, options: SyncStateManagerOptions = {}) {
    this.storage = storage
    this.#now = options.now ?? Date.now
  }

  /** What the last commit said; undefined before `open` and at a first contact. */
  get metadata(): SyncMetadata | undefined {
    return this.#state?.stored?.sync
  }

  /**
   * Reads the state. Nothing is written.
   *
   * @param pair - identity from `pairId`; undefined takes the state of whichever pair it is
   * @throws StorageError `NOT_SUPPORTED` for a format of a newer version, `PRECONDITION_FAILED` if the state is of another pair
   */
  async open(pair?: string, options: AbortOptions = {}): Promise<StoredState> {
    const state = await this.#open(pair, options)
    const stored = (side: Side) => (given?: AbortOptions) => this.#tree(state, side, given ?? options)
    const count = (side: Side): number => (state.stored === undefined ? 0 : (state.trees[side]?.seal.entries ?? 0)) + state.changes.puts(side)
    return {
      metadata: state.stored?.sync,
      // What an earlier run has committed is older, and so the safe one.
      asOf: state.stored?.sync.asOf ?? state.stored?.sync.lastRun?.start ?? state.journalAsOf,
      problem: state.problem,
      source: stored('source'),
      destination: stored('destination'),
      remembered: (side, given) => this.#remembered(state, side, given ?? options),
      entries: { source: count('source'), destination: count('destination') },
    }
  }

  async #open(pair: string | undefined, options: AbortOptions): Promise<OpenState> {
    const read = await readState(this.storage, this.#damage, options)
    if (pair !== undefined && read.pair !== undefined && read.pair !== '' && read.pair !== pair) throw this.#otherPair(read)
    this.#pair = pair ?? read.pair
    const state: OpenState = { ...read, changes: new ChangeLog(read.journal) }
    this.#state = state
    return state
  }

  #otherPair({ stored }: ReadState): StorageError {
    const names = stored === undefined ? '' : ` (${stored.sync.source} and ${stored.sync.destination})`
    const message = `the state at ${this.storage.name} belongs to another pair${names}; give this pair its own state, or clear this one`
    return new StorageError('PRECONDITION_FAILED', message)
  }

  /** A tree file under the journal's changes. */
  async *#tree(state: OpenState, side: Side, options: AbortOptions): AsyncGenerator<readonly Ancestor[], void, undefined> {
    const base = state.trees[side]
    const edits = state.changes.edits(side, base === undefined)
    try {
      const pages = base === undefined ? nothing() : readTree(this.storage, base.file, { signal: options.signal, seal: base.seal })
      yield* overlay(pages, edits)
    } catch (error) {
      if (isStorageError(error, 'NOT_FOUND')) throw this.#lost(`a tree file vanished: ${messageOf(error)}`, error)
      if (isStorageError(error, 'CORRUPT')) this.#damage = error.message
      throw error
    }
  }

  /** A tree as lines, if no changes lie on top of it. */
  #remembered(state: OpenState, side: Side, options: AbortOptions): AsyncIterable<readonly Ancestor[] | LazyPage<ScannedEntry | Ancestor>> {
    const base = state.trees[side]
    if (base === undefined || state.changes.length > 0) return this.#tree(state, side, options)
    return readTreeLines(this.storage, base.file, {
      signal: options.signal,
      seal: base.seal,
      onDamage: error => {
        if (isStorageError(error, 'NOT_FOUND')) this.#damage = `a tree file vanished: ${messageOf(error)}`
        else if (isStorageError(error, 'CORRUPT')) this.#damage = error.message
      },
    })
  }

  #lost(reason: string, cause: unknown): StorageError {
    this.#damage = reason
    return new StorageError('CORRUPT', reason, { cause })
  }

  /**
   * Appends finished changes to the journal. When it resolves they survive any stop.
   *
   * Call it only after the effects are durable. Recording a change twice is the same as once.
   */
  record(changes: Iterable<StateChange>, options: RecordOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      const log = toLog(changes)
      if (log.length > 0) await this.#append(await this.#writable(options), log, options)
    })
  }

  async #append(state: OpenState, changes: ChangeLog, options: RecordOptions): Promise<void> {
    const { signal, asOf } = options
    const { generation } = state
    const pair = this.#pair ?? ''
    let from = 0
    try {
      while (from < changes.length) {
        const to = Math.min(from + segmentLength, changes.length)
        const segment = state.segments + 1
        const bytes = formatSegment({ pair, generation, segment, changes: to - from, asOf }, changes.journalLines(from, to))
        await this.storage.write(segmentPath(segment), toBytes(bytes), { signal })
        await this.storage.flush?.({ signal })
        state.segments = segment
        from = to
      }
    } finally {
      state.changes.addFirst(changes, from)
    }
  }

  /**
   * Folds the journal into new tree files and writes the metadata; see the head of this file for what a stop in between leaves behind.
   *
   * If nothing changed, nothing is written: the metadata is compared without the time and the counts of the last run.
   *
   * @throws StorageError `CORRUPT` if a tree file was damaged meanwhile: nothing recorded is lost, the next `open` is a first contact
   */
  commit(metadata: SyncMetadata, options: CommitOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      const { signal } = options
      const changes = toLog(options.changes ?? [])
      const state = this.#state ?? (await this.#open(this.#pair, { signal }))
      const { stored } = state
      const idle = changes.length === 0 && state.segments === 0 && this.#damage === undefined && stored !== undefined
      if (idle && stored.pair === (this.#pair ?? '') && sameMetadata(stored.sync, metadata)) return
      try {
        await this.#commit(await this.#writable({ signal }), metadata, changes, idle, { signal })
      } catch (error) {
        // It is not known which of the writes took effect: the next call reads what is there.
        this.#state = undefined
        if (isStorageError(error, 'CORRUPT')) this.#damage = error.message
        throw error
      }
    })
  }

  async #commit(state: OpenState, metadata: SyncMetadata, changes: ChangeLog, idle: boolean, options: AbortOptions): Promise<void> {
    const { storage } = this
    // A store clears away what a killed process left unfinished, once a listing has shown it, with the next flush.
    for (const folder of ['', stateFiles.journal]) await listFolder(storage, folder, options)
    const write = async (stored: StoredMetadata): Promise<void> => {
      await replaceFile(storage, stateFiles.metadata, toBytes(formatMetadata(stored)), options)
      await storage.flush?.(options)
      state.stored = stored
    }
    const pair = this.#pair ?? ''
    if (idle && state.stored !== undefined) return write({ ...state.stored, pair, sync: metadata })

    // Without metadata the trees below the journal count as empty, so changes need no journal to be all there or not at all.
    if (state.stored === undefined) state.changes.addAll(changes)
    else await this.#append(state, changes, options)

    const generation = state.generation + 1
    const fold = (side: Side) => {
      const base = state.trees[side]
      const edits = state.changes.edits(side, base === undefined)
      return writeTree(storage, stateFiles[side], { base, edits, generation, folded: state.segments, signal: options.signal })
    }
    const source = await fold('source')
    const destination = await fold('destination')
    await storage.flush?.(options)
    await write({ format: stateFormat, pair, generation, trees: { source, destination }, sync: metadata })

    state.generation = generation
    state.trees = { source: { file: stateFiles.source, seal: source }, destination: { file: stateFiles.destination, seal: destination } }
    state.segments = 0
    state.changes = new ChangeLog()
    state.problem = undefined
    for (const { path, kind } of await listFolder(storage, stateFiles.journal, options)) if (kind === 'file') await storage.remove(path, options)
  }

  /** The source's tree as the seeds' programs load it: all of it, by path. Large trees are better read with `open`. */
  loadSourceTree(options: AbortOptions = {}): Promise<Map<Path, Ancestor>> {
    return this.#load('source', options)
  }

  /** As {@link loadSourceTree}, of the destination. */
  loadDestinationTree(options: AbortOptions = {}): Promise<Map<Path, Ancestor>> {
    return this.#load('destination', options)
  }

  async #load(side: Side, options: AbortOptions): Promise<Map<Path, Ancestor>> {
    const tree = new Map<Path, Ancestor>()
    for await (const page of this.#tree(await this.#open(this.#pair, options), side, options)) for (const entry of page) tree.set(entry.path, entry)
    return tree
  }

  /** Replaces the source's whole tree; the destination's stays. */
  saveSourceTree(tree: ReadonlyMap<Path, Ancestor>, options: AbortOptions = {}): Promise<void> {
    return this.#save('source', tree, options)
  }

  /** As {@link saveSourceTree}, of the destination. */
  saveDestinationTree(tree: ReadonlyMap<Path, Ancestor>, options: AbortOptions = {}): Promise<void> {
    return this.#save('destination', tree, options)
  }

  async #save(side: Side, tree: ReadonlyMap<Path, Ancestor>, options: AbortOptions): Promise<void> {
    const source = side === 'source' ? tree : await this.#load('source', options)
    const destination = side === 'destination' ? tree : await this.#load('destination', options)
    const paths = new Set([...(await this.#load(side, options)).keys(), ...tree.keys()])
    const changes = Array.from(paths, path => ({ path, source: source.get(path), destination: destination.get(path) }))
    const metadata = this.metadata ?? { source: '', destination: '', mode: 'two-way', conflicts: [] }
    await this.commit(metadata, { changes, signal: options.signal })
  }

  /** Removes the state, so that the next run is a first contact. The lock of a run stays, and what was kept of a damaged state too. */
  clear(options: AbortOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      for (const file of await stateFilesThere(this.storage, options)) await this.storage.remove(file, options)
      await this.storage.flush?.(options)
      this.#state = undefined
      this.#damage = undefined
    })
  }

  /** The open state, after what a damaged or half written one left was put in order. */
  async #writable(options: AbortOptions): Promise<OpenState> {
    let state = this.#state ?? (await this.#open(this.#pair, options))
    if (this.#damage !== undefined && state.problem?.kind !== 'damaged') {
      // Found while reading, and not opened again since: what was recorded so far is true, but rests on trees that cannot be trusted.
      state = await this.#open(this.#pair, options)
    }
    if (state.problem?.kind === 'damaged') {
      await setAside(this.storage, this.#now(), options)
      this.#damage = undefined
      state.problem = { kind: 'missing', reason: state.problem.reason }
    }
    // A segment that is written next to them could be torn, and is told from a damaged one by being the last.
    for (const file of state.stale) await this.storage.remove(file, options)
    state.stale = []
    for (const file of state.torn) await restoreFile(this.storage, file, options)
    if (state.torn.length > 0) {
      const { source, destination } = state.trees
      state.trees = {
        ...(source !== undefined && { source: { ...source, file: stateFiles.source } }),
        ...(destination !== undefined && { destination: { ...destination, file: stateFiles.destination } }),
      }
      state.torn = []
    }
    return state
  }

  /** Calls one after the other, whatever the caller does. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work)
    this.#queue = result.catch(() => undefined)
    return result
  }
}

function toLog(changes: Iterable<StateChange>): ChangeLog {
  return changes instanceof ChangeLog ? changes : new ChangeLog(changes)
}

async function* nothing(): AsyncGenerator<readonly Ancestor[], void, undefined> {}
