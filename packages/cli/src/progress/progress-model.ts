import type { SyncProgressEvent, SyncTotals } from '@syncline/core'

/** A transfer that runs now. */
export interface ActiveTransfer {
  readonly path: string
  readonly direction: 'upload' | 'download'
  readonly done: number
  readonly total: number
}

/** One side's scan. */
export interface ScanProgress {
  readonly entries: number
  readonly bytes: number
  readonly complete: boolean
}

/** Where a run is, as plain data for a frame or a line. */
export interface ProgressState {
  readonly phase: 'starting' | 'scanning' | 'planned' | 'syncing' | 'paused' | 'stopping' | 'complete'
  readonly source: ScanProgress
  readonly destination: ScanProgress
  readonly totals: SyncTotals
  /** Biggest first. */
  readonly active: readonly ActiveTransfer[]
  readonly retries: number
  readonly failures: number
  readonly conflicts: number
  /** Path that was finished last. */
  readonly last: string | undefined
}

const noScan: ScanProgress = { entries: 0, bytes: 0, complete: false }
const noTotals: SyncTotals = { filesDone: 0, totalFiles: 0, bytesDone: 0, totalBytes: 0, bytesPerSecond: 0 }

/**
 * Folds the events of a run into where it is.
 *
 * Mutable on purpose: a run of small files has some 100,000 events, and only a few states a second are looked at.
 */
export class ProgressModel {
  readonly #scans: Record<'source' | 'destination', ScanProgress> = { source: noScan, destination: noScan }
  readonly #active = new Map<string, ActiveTransfer>()
  #phase: ProgressState['phase'] = 'starting'
  #beforePause: ProgressState['phase'] = 'starting'
  #totals = noTotals
  #retries = 0
  #failures = 0
  #conflicts = 0
  #last: string | undefined

  /** Takes one event. */
  add(event: SyncProgressEvent): void {
    switch (event.type) {
      case 'scan_start':
        this.#phase = 'scanning'
        this.#scans[event.side] = noScan
        break
      case 'scan_progress':
      case 'scan_complete':
        this.#scans[event.side] = { entries: event.entries, bytes: event.bytes, complete: event.type === 'scan_complete' }
        break
      case 'plan_complete':
        this.#phase = 'planned'
        this.#conflicts = event.counts.conflicts
        break
      case 'sync_start':
        this.#phase = 'syncing'
        this.#totals = { ...noTotals, totalFiles: event.totalFiles, totalBytes: event.totalBytes }
        break
      case 'upload_start':
      case 'upload_progress':
      case 'download_start':
      case 'download_progress':
        this.#totals = event.totals
        this.#active.set(event.filePath, {
          path: event.filePath,
          direction: event.type.startsWith('upload') ? 'upload' : 'download',
          done: event.bytesTransferred,
          total: event.totalBytes,
        })
        break
      case 'upload_complete':
      case 'download_complete':
        this.#totals = event.totals
        this.#active.delete(event.filePath)
        this.#last = event.filePath
        break
      case 'delete_complete':
      case 'rename_complete':
        this.#last = event.filePath
        break
      case 'error':
        this.#active.delete(event.filePath)
        this.#failures++
        break
      case 'skip':
        this.#active.delete(event.filePath)
        break
      case 'retry':
        this.#retries++
        break
      case 'paused':
        this.#beforePause = this.#phase
        this.#phase = 'paused'
        break
      case 'resumed':
        this.#phase = this.#beforePause
        break
      case 'cancelled':
        this.#phase = 'stopping'
        break
      case 'sync_complete':
        this.#phase = 'complete'
        break
      case 'delete_start':
      case 'rename_start':
      case 'conflict':
        break
    }
  }

  /** Where the run is now. */
  state(): ProgressState {
    return {
      phase: this.#phase,
      source: this.#scans.source,
      destination: this.#scans.destination,
      totals: this.#totals,
      active: [...this.#active.values()].sort((a, b) => b.total - a.total || (a.path < b.path ? -1 : 1)),
      retries: this.#retries,
      failures: this.#failures,
      conflicts: this.#conflicts,
      last: this.#last,
    }
  }
}
