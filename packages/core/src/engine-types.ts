import type { ExitCode } from './exit-codes.ts'
import type { ComparisonMode, ConflictResolution, InitialSync, Side, SyncMode } from './modes.ts'
import type { Plan, PlanItem, PlanProblem, SyncAction } from './plan.ts'
import type { SyncStats } from './progress.ts'
import type { AbortOptions, Path } from './protocol.ts'

/** How many calls run at once, on each side. */
export interface ConcurrencyLimits {
  /** Uploads and downloads. Default: what both storages say helps, at most 16. */
  readonly transfers?: number
  /** Deletes, renames, directories, hashes. Default: what the storage says helps, at most 16. */
  readonly operations?: number
}

/** What a conflict handler is asked. */
export interface ConflictInfo {
  readonly path: Path
  readonly reason: string
  readonly source: PlanItem['source']
  readonly destination: PlanItem['destination']
  /** Milliseconds since the Unix epoch. */
  readonly sourceMtime: number | undefined
  readonly destMtime: number | undefined
}

/** Decides one conflict. */
export type ConflictHandler = (conflict: ConflictInfo) => ConflictChoice | Promise<ConflictChoice>
/** Who wins a conflict; `skip` leaves it open. */
export type ConflictChoice = 'source' | 'destination' | 'both' | 'skip'

/** Everything that shapes a plan and its execution. All optional. */
export interface SyncConfig {
  /** Default `two-way`. */
  readonly mode?: SyncMode
  /** Default `hash-then-mtime`. */
  readonly comparisonMode?: ComparisonMode
  /** Milliseconds within which two sides' times are the same; default 2000. */
  readonly toleranceMs?: number
  /** Default `newest-wins`. */
  readonly conflictResolution?: ConflictResolution
  /** Asked under `manual`; without it conflicts stay open. */
  readonly conflictHandler?: ConflictHandler
  /** Default `merge`. */
  readonly initialSync?: InitialSync
  /** `source-backup`: also take what is new or changed at the destination, still without any deletion. */
  readonly acceptDestinationChanges?: boolean
  /** git-ignore patterns, after the ones of the ignore files. */
  readonly ignore?: readonly string[]
  /** Name of the ignore files; default `.syncignore`. `false`: none are read. */
  readonly ignoreFile?: string | false
  /** minimatch globs: if any, only matching files are synced. */
  readonly include?: readonly string[]
  /** minimatch globs that are left out. */
  readonly exclude?: readonly string[]
  /** Bytes. */
  readonly minSize?: number
  readonly maxSize?: number
  /** Milliseconds since the Unix epoch: files modified before or after are left out. */
  readonly modifiedAfter?: number
  readonly modifiedBefore?: number
  /** Paths that this run leaves alone, with everything below them. */
  readonly filesToSkip?: Iterable<Path>
  readonly forceUpload?: boolean
  readonly forceDownload?: boolean
  /** Keep what two-way deletion and conflict resolution remove; default true. */
  readonly trash?: boolean
  /** Stop before more deletions than this on a side: a count, or a share of what the side had; default 0.5 of 10 or more. `Infinity`: no limit. */
  readonly maxDelete?: number | { readonly share: number; readonly of?: number }
  /** Accept that one side was emptied or that its content vanished. */
  readonly allowEmpty?: boolean
  /** Stop before moving more bytes than this. */
  readonly maxBytes?: number
  /** Do not compare what is needed with what a store says is free. */
  readonly ignoreSpace?: boolean
  /** Act only at or below these paths. */
  readonly only?: Iterable<Path>
  /** Make each file durable before the next step; default: once before the state is written, in modes that could carry a loss to the other side. */
  readonly fsync?: 'auto' | 'always' | 'never'
  readonly concurrency?: ConcurrencyLimits
  /** Bytes per second over both directions. */
  readonly bandwidth?: number
  /** Tries of a call that fails with a retryable error, the first included; default 4. */
  readonly attempts?: number
}

export interface SyncOptions extends SyncConfig, AbortOptions {
  /** Return the plan in the result, change nothing. */
  readonly dryRun?: boolean
  /** Shown the finished plan; resolving to `false` stops before any change. */
  readonly confirm?: (plan: Plan) => boolean | Promise<boolean>
}

/** An item that did not happen. */
export interface SyncFailure {
  readonly path: Path
  readonly action: SyncAction
  /** A `StorageError` code, or `UNKNOWN`. */
  readonly code: string
  readonly message: string
}

/** A conflict that waits for a decision. */
export interface OpenConflict {
  readonly path: Path
  readonly reason: string
  readonly source: PlanItem['source']
  readonly destination: PlanItem['destination']
}

/** A guard's refusal: nothing was changed. */
export interface Refusal {
  readonly guard:
    'max-delete' | 'emptied-side' | 'vanished-root' | 'collision' | 'forbidden-name' | 'no-space' | 'max-bytes' | 'confirm' | 'nested-roots'
  readonly side?: Side
  readonly message: string
  readonly limit: number | string
  readonly actual: number | string
  /** The option that allows it. */
  readonly override: string
  readonly paths?: readonly Path[]
}

/** What `plan` resolves to. */
export interface PlanResult {
  readonly plan: Plan
  /** What the guards say of it; with any of them a run would change nothing. */
  readonly refusals: readonly Refusal[]
  readonly conflicts: readonly OpenConflict[]
  readonly exitCode: ExitCode
}

/** One path of a comparison. */
export interface Difference {
  readonly path: Path
  readonly status: 'equal' | 'differs' | 'source-only' | 'destination-only' | 'problem' | 'ignored'
  readonly kind: 'file' | 'directory' | 'symlink' | 'problem' | 'hidden'
  readonly reason: string
  readonly source: PlanItem['source']
  readonly destination: PlanItem['destination']
}

/** How a run ended. */
export interface SyncResult {
  readonly exitCode: ExitCode
  readonly stats: SyncStats
  readonly plan: Plan
  /** Names this run's directory in the trash: `.syncline-trash/<runId>`. Undefined if nothing was run. */
  readonly runId: string | undefined
  readonly conflicts: readonly OpenConflict[]
  readonly failures: readonly SyncFailure[]
  /** Items that no longer fitted what is there; they were left alone. */
  readonly stale: readonly SyncFailure[]
  readonly problems: readonly PlanProblem[]
  readonly refusals: readonly Refusal[]
  readonly cancelled: boolean
  readonly dryRun: boolean
}
