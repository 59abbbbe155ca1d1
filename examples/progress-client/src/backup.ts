import { SyncEngine, SyncPair, SyncPauseController, SyncProgressTracker, type SyncProgressEvent, type SyncResult } from '@syncline/core'
import { fs, processOwner } from '@syncline/fs'

export interface Backup {
  readonly done: Promise<SyncResult>
  /** Lets running files finish and ends; what was done is recorded. */
  stop(): void
}

/** Starts a backup that never deletes, and shows what it does as one line. */
export function startBackup(from: string, to: string, state: string, show: (line: string) => void): Backup {
  const source = fs(from)
  const destination = fs(to)
  const pauseController = new SyncPauseController()
  const engine = new SyncEngine({
    mode: 'source-backup',
    progressTracker: new SyncProgressTracker(event => {
      const line = lineOf(event)
      if (line !== undefined) show(line)
    }),
    pauseController,
    owner: processOwner(),
  })
  const run = async (): Promise<SyncResult> => {
    try {
      return await engine.syncPair(new SyncPair({ source, destination, state: fs(state) }))
    } finally {
      await source.close?.()
      await destination.close?.()
    }
  }
  return { done: run(), stop: () => pauseController.cancel() }
}

/** What a person wants to read of an event; nothing for the others. */
function lineOf(event: SyncProgressEvent): string | undefined {
  switch (event.type) {
    case 'plan_complete':
      return `${event.counts.uploads} to copy, ${event.counts.unchanged} up to date`
    case 'upload_progress':
    case 'upload_complete': {
      const { bytesDone, totalBytes, bytesPerSecond, etaMs } = event.totals
      const percent = totalBytes === 0 ? 100 : Math.floor((100 * bytesDone) / totalBytes)
      return `${percent} % ${event.filePath} ${Math.round(bytesPerSecond / 1024)} KiB/s${etaMs === undefined ? '' : `, ${Math.ceil(etaMs / 1000)} s left`}`
    }
    case 'error':
      return `failed: ${event.filePath}: ${event.error}`
    case 'sync_complete':
      return event.exitCode === 0 ? `done: ${event.stats.uploads} copied` : `ended with exit code ${event.exitCode}`
    default:
      return undefined
  }
}
