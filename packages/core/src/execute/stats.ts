import type { SyncAction } from '../plan.ts'
import type { SyncStats } from '../progress.ts'

/** Counts of a run that is under way. */
export type OpenStats = { -readonly [K in keyof SyncStats]: SyncStats[K] }

/** Nothing done yet; `skips` begins with what the plan left as it is. */
export function openStats(skips: number): OpenStats {
  return {
    uploads: 0,
    downloads: 0,
    deletesSource: 0,
    deletesDestination: 0,
    renamesSource: 0,
    renamesDestination: 0,
    skips,
    conflicts: 0,
    errors: 0,
    bytes: 0,
    durationMs: 0,
  }
}

/** Counts one item that was done. */
export function countAction(stats: OpenStats, action: SyncAction): void {
  switch (action) {
    case 'UPLOAD_NEW':
    case 'UPLOAD_UPDATE':
    case 'UPLOAD_RESTORE':
      stats.uploads++
      return
    case 'DOWNLOAD_NEW':
    case 'DOWNLOAD_UPDATE':
    case 'DOWNLOAD_RESTORE':
      stats.downloads++
      return
    case 'DELETE_SOURCE':
      stats.deletesSource++
      return
    case 'DELETE_DESTINATION':
      stats.deletesDestination++
      return
    case 'RENAME_SOURCE':
      stats.renamesSource++
      return
    case 'RENAME_DESTINATION':
      stats.renamesDestination++
      return
    case 'CONFLICT':
    case 'NO_ACTION':
  }
}
