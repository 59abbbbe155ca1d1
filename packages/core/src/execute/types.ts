import type { ConcurrencyLimits, SyncFailure } from '../engine-types.ts'
import type { Side } from '../modes.ts'
import type { SyncPauseController } from '../pause.ts'
import type { SyncProgressTracker } from '../progress-tracker.ts'
import type { SyncStats } from '../progress.ts'
import type { HashName, Path, ReadableStorage } from '../protocol.ts'
import type { ChangeLog } from '../state/change-log.ts'
import type { Sleep } from './bandwidth.ts'
import type { UploadLedger } from './upload.ts'

/** What shapes an execution; the names are those of `SyncConfig`. */
export interface ExecuteConfig {
  /** False: what items would put in the trash is removed for good. */
  readonly trash: boolean
  readonly fsync: 'auto' | 'always' | 'never'
  readonly concurrency?: ConcurrencyLimits
  /** Bytes per second over both directions. */
  readonly bandwidth?: number
  /** Bytes from which a file goes in parts to a store that takes them; default 32 MiB. */
  readonly uploadFrom?: number
  /** Tries of a call that fails with a retryable error, the first included; default 4. */
  readonly attempts?: number
  /** Milliseconds within which times of one file are the same, on a store that does not say how finely it keeps them. */
  readonly toleranceMs: number
}

/** What a plan is executed with. */
export interface ExecuteContext {
  /** Writable where the plan writes it; items that write a read-only storage fail. */
  readonly source: ReadableStorage
  readonly destination: ReadableStorage
  readonly config: ExecuteConfig
  /** Names the directory in the trash, so it must be a valid name. */
  readonly runId: string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** At least 0, below 1. */
  readonly random: () => number
  /** Temporary files that the scan saw on a side: interrupted runs left them, and they are cleared away first. */
  readonly leftovers?: Readonly<Partial<Record<Side, readonly Path[]>>>
  /** Waits between tries and for the bandwidth; default: the timer of the platform. */
  readonly sleep?: Sleep
  /** Function that both sides know; asked from a destination that takes batches. */
  readonly hash: HashName | undefined
  /** Without it no upload outlives the run. */
  readonly uploads?: UploadLedger
  /** Whether the plan is of the whole pair, so that what it does not send need not be gone on with; default true. */
  readonly whole?: boolean
  readonly signal?: AbortSignal
  readonly pause: SyncPauseController
  readonly progress: SyncProgressTracker
  /**
   * Journal: called with finished changes, after both storages were flushed where that matters; about every 10 s, and at the end.
   * The plan's `settled` changes are not among them. `last`: nothing follows, so what is committed at once needs no journal.
   */
  readonly record: (changes: ChangeLog, last: boolean) => Promise<void>
}

/** What came of a plan. Items that were not started, after a cancel, are in none of the lists. */
export interface ExecuteResult {
  /** Of what was done. `skips` are the paths that agreed, were to be skipped, or were stale. */
  readonly stats: SyncStats
  readonly failures: readonly SyncFailure[]
  readonly stale: readonly SyncFailure[]
  readonly cancelled: boolean
}
