import type { Ancestor, StateChange } from './ancestor.ts'
import type { ClockDoubt } from './conflict.ts'
import type { ConflictHandler } from './engine-types.ts'
import type { Filter } from './filter/filter.ts'
import type { ComparisonMode, ConflictResolution, InitialSync, Side, SyncMode } from './modes.ts'
import type { PlanItem, PlanProblem } from './plan.ts'
import type { HashName, Path } from './protocol.ts'
import type { RecentEdits } from './recent-edits.ts'
import type { ScannedEntry } from './scan.ts'

/** What a side can do, as far as a plan depends on it. */
export interface SideAbilities {
  readonly name: string
  readonly directories: boolean
  readonly setsModified: boolean
  readonly setsMode: boolean
}

/** Everything a plan depends on beside the rows. No clock, no randomness: they come in as data. */
export interface PlannerOptions {
  readonly mode: SyncMode
  readonly comparison: ComparisonMode
  readonly toleranceMs: number
  readonly policy: ConflictResolution
  readonly handler?: ConflictHandler | undefined
  /** Asked once, at the first conflict that times would decide. */
  readonly clockDoubt?: (() => Promise<ClockDoubt | undefined>) | undefined
  /** Files whose time proves nothing. */
  readonly recent?: RecentEdits | undefined
  readonly initialSync: InitialSync
  /** No state: `initialSync` decides what differs. */
  readonly firstContact: boolean
  readonly acceptDestinationChanges: boolean
  readonly forceUpload: boolean
  readonly forceDownload: boolean
  readonly trash: boolean
  /** Milliseconds since the Unix epoch; names conflict copies. */
  readonly now: number
  readonly source: SideAbilities
  readonly destination: SideAbilities
  /** Function that both sides can compute; undefined if there is none. */
  readonly hash: HashName | undefined
  readonly filter: Pick<Filter, 'hides' | 'skips'>
}

/** What the rows came to. Items are in no order yet. */
export interface Decisions {
  readonly items: PlanItem[]
  readonly settled: StateChange[]
  readonly problems: PlanProblem[]
  /** Temporary files of interrupted runs that a listing showed. */
  readonly leftovers: Record<Side, Path[]>
  /** For every deletion of something unchanged: what the side that no longer has it had at the last sync. Rename detection looks for it elsewhere. */
  readonly deleted: Map<PlanItem, Ancestor>
  unchanged: number
  ignored: number
  /** Known paths that the rules hide now. */
  left: number
  /** Entries and ancestors, for the guards. */
  readonly seen: Record<Side, { entries: number; bytes: number; known: number }>
}

/** Before the first row. */
export function noDecisions(): Decisions {
  return {
    items: [],
    settled: [],
    problems: [],
    leftovers: { source: [], destination: [] },
    deleted: new Map(),
    unchanged: 0,
    ignored: 0,
    left: 0,
    seen: { source: { entries: 0, bytes: 0, known: 0 }, destination: { entries: 0, bytes: 0, known: 0 } },
  }
}

/** Adds what a side has at a path to its totals. */
export function countEntry(totals: { entries: number; bytes: number }, entry: ScannedEntry): void {
  if (entry.kind === 'hidden') return
  totals.entries++
  if (entry.kind === 'file') totals.bytes += entry.size
}
