import { parentPath } from './path.ts'
import type { PlanItem } from './plan.ts'
import type { FolderTotals, SyncProgressEvent, SyncTotals } from './progress.ts'
import type { Path } from './protocol.ts'

/** Speed is that of the last seconds: long enough to be calm, short enough to follow a change. */
const windowMs = 10_000
/** Before this an estimate says nothing. */
const etaAfterMs = 3_000
/** Progress of one file at most this often; start and completion always. */
const progressEveryMs = 100

type Direction = 'upload' | 'download'

type Totals = { -readonly [K in Exclude<keyof FolderTotals, 'folder'>]: FolderTotals[K] }

interface RunningFile {
  readonly direction: Direction
  readonly size: number
  readonly folder: Path
  readonly totals: Totals
  bytes: number
  toldAt: number
}

interface Sample {
  readonly time: number
  readonly bytes: number
}

/** Options of a tracker. */
export interface SyncProgressTrackerOptions {
  /** Milliseconds since the Unix epoch; default `Date.now`. */
  readonly now?: () => number
  /** Told once, when the callback throws or rejects. The run goes on. */
  readonly onCallbackError?: (error: unknown) => void
}

/**
 * Turns what a run does into {@link SyncProgressEvent}s with totals, speed and remaining time.
 *
 * Without a callback it only counts. A callback that throws is told of once and cannot break the run.
 */
export class SyncProgressTracker {
  readonly #callback: ((event: SyncProgressEvent) => unknown) | undefined
  readonly #now: () => number
  readonly #onCallbackError: ((error: unknown) => void) | undefined
  #callbackFailed = false
  #startedAt = 0
  #filesDone = 0
  #totalFiles = 0
  #bytesDone = 0
  #totalBytes = 0
  #samples: Sample[] = []
  readonly #running = new Map<Path, RunningFile>()
  readonly #folders = new Map<Path, Totals>()

  constructor(callback?: (event: SyncProgressEvent) => unknown, options: SyncProgressTrackerOptions = {}) {
    this.#callback = callback
    this.#now = options.now ?? Date.now
    this.#onCallbackError = options.onCallbackError
  }

  /** Whether anybody listens. */
  get active(): boolean {
    return this.#callback !== undefined
  }

  /** Passes an event on as it is. */
  emit(event: SyncProgressEvent): void {
    if (this.#callback === undefined) return
    try {
      const answer = this.#callback(event)
      if (answer instanceof Promise) answer.catch((error: unknown) => this.#failed(error))
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Starts the totals of a run and tells `sync_start`. Items of phase `none` do not count. */
  start(items: readonly PlanItem[]): void {
    this.#startedAt = this.#now()
    this.#filesDone = this.#totalFiles = this.#bytesDone = this.#totalBytes = 0
    this.#samples = [{ time: this.#startedAt, bytes: 0 }]
    this.#running.clear()
    this.#folders.clear()
    for (const item of items) {
      if (item.phase === 'none') continue
      this.#totalFiles++
      this.#totalBytes += item.size
      if (!this.active || item.phase !== 'transfer') continue
      const folder = this.#folder(parentPath(item.path))
      folder.totalFiles++
      folder.totalBytes += item.size
    }
    this.emit({ type: 'sync_start', totalFiles: this.#totalFiles, totalBytes: this.#totalBytes })
  }

  /** One item is over, whatever came of it. */
  itemDone(): void {
    this.#filesDone++
  }

  /** A file starts to move, or starts again: what it had moved before no longer counts. */
  transferStart(direction: Direction, path: Path, size: number): void {
    if (!this.active) return
    const before = this.#running.get(path)
    if (before !== undefined) this.#count(before, -before.bytes)
    const folder = parentPath(path)
    const file: RunningFile = { direction, size, folder, totals: this.#folder(folder), bytes: 0, toldAt: this.#now() }
    this.#running.set(path, file)
    if (before === undefined) this.#tell(direction === 'upload' ? 'upload_start' : 'download_start', path, file, 0)
  }

  /** `bytes` of a running file have moved so far. */
  transferProgress(path: Path, bytes: number): void {
    const file = this.#running.get(path)
    if (file === undefined) return
    this.#count(file, bytes - file.bytes)
    file.bytes = bytes
    const now = this.#now()
    if (now - file.toldAt < progressEveryMs) return
    file.toldAt = now
    this.#tell(file.direction === 'upload' ? 'upload_progress' : 'download_progress', path, file, bytes)
  }

  /** A running file has arrived whole. */
  transferComplete(path: Path): void {
    const file = this.#running.get(path)
    if (file === undefined) return
    this.#count(file, file.size - file.bytes)
    this.#running.delete(path)
    file.totals.filesDone++
    this.#tell(file.direction === 'upload' ? 'upload_complete' : 'download_complete', path, file, file.size)
  }

  /** A running file will not arrive: its bytes are taken back. */
  transferFailed(path: Path): void {
    const file = this.#running.get(path)
    if (file === undefined) return
    this.#count(file, -file.bytes)
    this.#running.delete(path)
  }

  /** The totals as of now. */
  totals(): SyncTotals {
    const now = this.#now()
    const oldest = this.#samples[0]
    const seconds = oldest === undefined ? 0 : (now - oldest.time) / 1000
    const bytesPerSecond = seconds > 0 && oldest !== undefined ? Math.max(0, (this.#bytesDone - oldest.bytes) / seconds) : 0
    const left = this.#totalBytes - this.#bytesDone
    const told = now - this.#startedAt >= etaAfterMs && bytesPerSecond > 0
    return {
      filesDone: this.#filesDone,
      totalFiles: this.#totalFiles,
      bytesDone: this.#bytesDone,
      totalBytes: this.#totalBytes,
      bytesPerSecond: Math.round(bytesPerSecond),
      ...(told && { etaMs: Math.max(0, Math.round((left / bytesPerSecond) * 1000)) }),
    }
  }

  #count(file: RunningFile, bytes: number): void {
    this.#bytesDone += bytes
    file.totals.bytesDone += bytes
    const now = this.#now()
    const last = this.#samples[this.#samples.length - 1]
    // A sample per half second is fine enough, and keeps the window small.
    if (last === undefined || now - last.time >= 500) this.#samples.push({ time: now, bytes: this.#bytesDone })
    while (this.#samples.length > 2 && now - (this.#samples[0] as Sample).time > windowMs) this.#samples.shift()
  }

  #folder(folder: Path): Totals {
    let totals = this.#folders.get(folder)
    if (totals === undefined) this.#folders.set(folder, (totals = { filesDone: 0, totalFiles: 0, bytesDone: 0, totalBytes: 0 }))
    return totals
  }

  #tell(
    type: `${Direction}_${'start' | 'progress' | 'complete'}`,
    filePath: Path,
    { size, folder, totals }: RunningFile,
    bytesTransferred: number,
  ): void {
    const { filesDone, totalFiles, bytesDone, totalBytes } = totals
    const ofFolder: FolderTotals = { folder, filesDone, totalFiles, bytesDone, totalBytes }
    this.emit({ type, filePath, bytesTransferred, totalBytes: size, folder: ofFolder, totals: this.totals() })
  }

  #failed(error: unknown): void {
    if (this.#callbackFailed) return
    this.#callbackFailed = true
    this.#onCallbackError?.(error)
  }
}
