import { onAbort } from './storages/on-abort.ts'

/**
 * Pauses, resumes and cancels a run from outside.
 *
 * Pause: what runs finishes, nothing new starts. Cancel: the same, and the run ends; what was done is recorded. Neither leaves half a change.
 *
 * @example
 * const controller = new SyncPauseController()
 * process.on('SIGTSTP', () => controller.pause())
 * process.on('SIGINT', () => controller.cancel())
 */
export class SyncPauseController {
  #paused = false
  #cancellation = new AbortController()
  readonly #waiting = new Set<() => void>()

  /** Whether nothing new starts for now. */
  get paused(): boolean {
    return this.#paused
  }

  /** Whether the run ends. Stays until {@link reset}. */
  get cancelled(): boolean {
    return this.#cancellation.signal.aborted
  }

  /** Aborts when the run is cancelled: ends waits, never operations. A new one after {@link reset}. */
  get signal(): AbortSignal {
    return this.#cancellation.signal
  }

  /** Lets nothing new start. A cancelled run cannot be paused. */
  pause(): void {
    if (!this.cancelled) this.#paused = true
  }

  /** Goes on. */
  resume(): void {
    this.#paused = false
    this.#wake()
  }

  /** Ends the run after what is running now; also ends a pause. */
  cancel(): void {
    this.#paused = false
    this.#cancellation.abort()
    this.#wake()
  }

  /** Makes the controller fit for another run: neither paused nor cancelled. */
  reset(): void {
    this.#paused = false
    if (this.cancelled) this.#cancellation = new AbortController()
    this.#wake()
  }

  /**
   * Waits while paused.
   *
   * @returns whether to go on: `false` after a cancel or when `signal` is aborted
   */
  async waitIfPaused(signal?: AbortSignal): Promise<boolean> {
    while (this.#paused && !(signal?.aborted ?? false)) await this.#change(signal)
    return !this.cancelled && !(signal?.aborted ?? false)
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        leave()
        resolve()
      }
      this.#waiting.add(wake)
      const leave = onAbort(signal, wake)
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
