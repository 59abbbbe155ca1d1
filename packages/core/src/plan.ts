import type { StateChange } from './ancestor.ts'
import type { ComparisonMode, ConflictResolution, Side, SyncMode } from './modes.ts'
import type { Entry, Path } from './protocol.ts'

/** What is done at a path. Upload is from source to destination, download from destination to source. */
export const SyncAction = {
  UPLOAD_NEW: 'UPLOAD_NEW',
  UPLOAD_UPDATE: 'UPLOAD_UPDATE',
  UPLOAD_RESTORE: 'UPLOAD_RESTORE',
  DOWNLOAD_NEW: 'DOWNLOAD_NEW',
  DOWNLOAD_UPDATE: 'DOWNLOAD_UPDATE',
  DOWNLOAD_RESTORE: 'DOWNLOAD_RESTORE',
  DELETE_SOURCE: 'DELETE_SOURCE',
  DELETE_DESTINATION: 'DELETE_DESTINATION',
  RENAME_SOURCE: 'RENAME_SOURCE',
  RENAME_DESTINATION: 'RENAME_DESTINATION',
  CONFLICT: 'CONFLICT',
  NO_ACTION: 'NO_ACTION',
} as const
export type SyncAction = (typeof SyncAction)[keyof typeof SyncAction]

/** An entry that can be synced. */
export type SyncableEntry = Exclude<Entry, { kind: 'problem' }>

/**
 * When an item runs. Phases run one after the other in this order, the items of one phase in parallel, except
 * `clear` and `delete-directory`, which go from the deepest path up.
 *
 * `clear` makes room where a path changes its kind: what is there is removed before the new kind is written.
 */
export const planPhases = ['rename', 'clear', 'directory', 'transfer', 'delete-file', 'delete-directory', 'none'] as const

/** One of {@link planPhases}. */
export type PlanPhase = (typeof planPhases)[number]

/** One path of a directory that a rename moves as a whole. */
export interface MovedEntry {
  readonly from: Path
  readonly to: Path
  /** The side that was renamed by its user, as it is now at `to`. */
  readonly renamed: SyncableEntry
  /** The side that follows, as it is now at `from`. */
  readonly follows: SyncableEntry
  /** Fingerprint, if one is known. */
  readonly hash?: string
}

/** One thing to do, with what was seen when it was decided. Plain data: survives JSON. */
export interface PlanItem {
  readonly action: SyncAction
  /** Where the effect is. For a rename, the new path. */
  readonly path: Path
  /** For a rename, the old path. */
  readonly from: Path | null
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly phase: PlanPhase
  /** Content bytes that have to move; 0 for what moves none. */
  readonly size: number
  /** Why, in words. */
  readonly reason: string
  /**
   * What each side had at `path` when the plan was made (for a rename, the following side's entry at `from`); null where it had nothing.
   * Execution refuses the item as stale if it is no longer so.
   */
  readonly source: Entry | null
  readonly destination: Entry | null
  /** Fingerprint of the content that moves, if one is known. */
  readonly hash?: string
  /** What the target loses goes to its side's trash first. */
  readonly trash?: true
  /** Content agrees: only this is carried over, with `setModified` and `setMode`. */
  readonly metadata?: true
  /** Of a directory rename: everything below that moves with it, in key order, the directory itself not included. */
  readonly moved?: readonly MovedEntry[]
  /** Set where a policy or a handler decided a conflict. */
  readonly resolved?: { readonly by: ConflictResolution | 'initial-sync'; readonly winner: Side | 'both' }
}

/** Counts of a plan, by what will be done. Bytes are of transfers. */
export interface PlanCounts {
  readonly uploads: number
  readonly downloads: number
  readonly deletesSource: number
  readonly deletesDestination: number
  readonly renamesSource: number
  readonly renamesDestination: number
  readonly conflicts: number
  /** Paths that agree and need nothing. */
  readonly unchanged: number
  /** Paths that could not be read or cannot be synced. */
  readonly problems: number
  /** Paths that the rules hide. */
  readonly ignored: number
  readonly bytes: number
}

/** A path a scan could not read or that cannot be synced. */
export interface PlanProblem {
  readonly side: Side
  readonly path: Path
  readonly reason: string
}

/** What filters changed since the last run: paths that became invisible and paths that became visible. Nothing is deleted for either. */
export interface FilterMigration {
  readonly left: number
  readonly entered: number
}

/** What each side was when the plan was made. */
export interface PlanSide {
  /** The storage's name. */
  readonly name: string
  /** Paths seen, without the ignored ones. */
  readonly entries: number
  /** Content bytes seen. */
  readonly bytes: number
  /** Paths the state knew. */
  readonly known: number
}

/** What will be done, in order; nothing has happened yet. Plain data: prints, goes to JSON and back, can be applied later. */
export interface Plan {
  readonly version: 1
  /** Identity of the pair; a plan is applied only to the pair it was made for. */
  readonly pair: string
  /** Milliseconds since the Unix epoch. */
  readonly created: number
  readonly mode: SyncMode
  readonly comparison: ComparisonMode
  readonly source: PlanSide
  readonly destination: PlanSide
  /** By phase, within a phase in key order (`clear` and `delete-directory`: reversed). Open conflicts last. */
  readonly items: readonly PlanItem[]
  /** Paths that already agree and only enter, leave or refresh the state. */
  readonly settled: readonly StateChange[]
  readonly problems: readonly PlanProblem[]
  readonly migration: FilterMigration
  readonly counts: PlanCounts
  /** Set if the state was missing or damaged, so that this is a first contact: why, in words. */
  readonly firstContact?: string
}
