import { onAbort } from '../storages/on-abort.ts'

/** Waits. Resolves early, without rejecting, when a signal aborts. */
export type Sleep = (ms: number, ...signals: readonly (AbortSignal | undefined)[]) => Promise<void>

/** {@link Sleep} with the timer of the platform. */
export function sleep(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  if (signals.some(signal => signal?.aborted)) return Promise.resolve()
  return new Promise(resolve => {
    const wake = (): void => {
      clearTimeout(timer)
      for (const leave of leaving) leave()
      resolve()
    }
    const timer = setTimeout(wake, ms)
    const leaving = signals.map(signal => onAbort(signal, wake))
  })
}

/** Holds all transfers of a run together under a rate: each byte books its time, and whoever booked waits until then. */
export class Bandwidth {
  readonly #bytesPerMs: number
  readonly #now: () => number
  readonly #sleep: Sleep
  #freeAt = -Infinity

  constructor(bytesPerSecond: number, now: () => number, wait: Sleep) {
    if (!(bytesPerSecond > 0)) throw new TypeError(`bandwidth must be a positive number of bytes per second, got ${bytesPerSecond}`)
    this.#bytesPerMs = bytesPerSecond / 1000
    this.#now = now
    this.#sleep = wait
  }

  /** Resolves when `bytes` may go. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = this.#now()
    this.#freeAt = Math.max(this.#freeAt, now) + bytes / this.#bytesPerMs
    const delay = this.#freeAt - now
    // Timers are no finer than this; what is not waited now is waited with the next bytes.
    if (delay >= 5) await this.#sleep(delay, signal)
  }
}
