import type { FilterMigration, PlanCounts, SyncAction } from './plan.ts'
import type { Side } from './modes.ts'
import type { Path } from './protocol.ts'

/** What a run has done. */
export interface SyncStats {
  readonly uploads: number
  readonly downloads: number
  readonly deletesSource: number
  readonly deletesDestination: number
  readonly renamesSource: number
  readonly renamesDestination: number
  /** Paths that agreed, were told to be skipped, or were stale. */
  readonly skips: number
  /** Open conflicts. */
  readonly conflicts: number
  readonly errors: number
  /** Content bytes moved. */
  readonly bytes: number
  readonly durationMs: number
}

/** Totals at one moment of a run. */
export interface SyncTotals {
  /** Items finished and planned. */
  readonly filesDone: number
  readonly totalFiles: number
  readonly bytesDone: number
  readonly totalBytes: number
  /** Bytes per second over the last seconds. */
  readonly bytesPerSecond: number
  /** Milliseconds until the end; absent while it cannot be told. */
  readonly etaMs?: number
}

/** Per directory, for transfers. */
export interface FolderTotals {
  readonly folder: Path
  readonly filesDone: number
  readonly totalFiles: number
  readonly bytesDone: number
  readonly totalBytes: number
}

interface FileEvent {
  readonly filePath: Path
  /** Of this file. */
  readonly bytesTransferred: number
  /** Of this file. */
  readonly totalBytes: number
  readonly folder: FolderTotals
  readonly totals: SyncTotals
}

/** What a run tells while it runs. Plain data; one JSON object per event on the command line. */
export type SyncProgressEvent =
  | { readonly type: 'scan_start'; readonly side: Side; readonly name: string }
  | { readonly type: 'scan_progress'; readonly side: Side; readonly entries: number; readonly bytes: number }
  | { readonly type: 'scan_complete'; readonly side: Side; readonly entries: number; readonly bytes: number }
  | { readonly type: 'plan_complete'; readonly counts: PlanCounts; readonly migration: FilterMigration }
  | { readonly type: 'sync_start'; readonly totalFiles: number; readonly totalBytes: number }
  | ({
      readonly type: 'upload_start' | 'upload_progress' | 'upload_complete' | 'download_start' | 'download_progress' | 'download_complete'
    } & FileEvent)
  | { readonly type: 'delete_start' | 'delete_complete'; readonly side: Side; readonly filePath: Path }
  | { readonly type: 'rename_start' | 'rename_complete'; readonly side: Side; readonly filePath: Path; readonly from: Path }
  | { readonly type: 'skip'; readonly filePath: Path; readonly reason: string; readonly stale: boolean }
  | { readonly type: 'conflict'; readonly filePath: Path; readonly reason: string }
  | { readonly type: 'retry'; readonly filePath: Path; readonly attempt: number; readonly delayMs: number; readonly error: string }
  | { readonly type: 'error'; readonly filePath: Path; readonly action: SyncAction; readonly code: string; readonly error: string }
  | { readonly type: 'paused' | 'resumed' | 'cancelled' }
  | { readonly type: 'sync_complete'; readonly exitCode: number; readonly stats: SyncStats }
