import type { Bytes } from '@syncline/core'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { Transfer, type TransferOptions } from './transfer.ts'

/** How to report. */
export interface ProgressTransferOptions extends TransferOptions {
  /** Seconds between reports; default 1. */
  readonly period?: number | undefined
  /** Shown one after the other, round and round, to indicate activity. */
  readonly progSeq?: readonly string[] | undefined
}

/** A transfer that tells how far it is. Override {@link reportProgress}. */
export class ProgressTransfer extends Transfer {
  readonly #periodMs: number
  readonly #sequence: readonly string[]

  constructor({ period = 1, progSeq = [], ...options }: ProgressTransferOptions = {}) {
    super(options)
    if (!(period > 0)) throw new TypeError(`period must be a number of seconds above 0, got ${period}`)
    this.#periodMs = period * 1000
    this.#sequence = progSeq
  }

  /**
   * Called at the start, every period, and once more at the end with the final count.
   *
   * @param _total - bytes so far
   * @param _prev - the total of the call before
   * @param _seq - of the sequence that indicates activity; "" if there is none
   */
  async reportProgress(_total: number, _prev: number, _seq: string, _vols: readonly Subvolume[]): Promise<void> {}

  /** The same bytes, counted and reported on their way. What a report throws ends the transfer. */
  async *progress(flow: Bytes, seq: readonly string[], vols: readonly Subvolume[]): AsyncGenerator<Uint8Array, void, undefined> {
    let [total, prev, calls] = [0, 0, 0]
    let failure: { readonly error: unknown } | undefined
    let reporting: Promise<void> = Promise.resolve()
    const report = (): void => {
      const [now, before, symbol] = [total, prev, seq[calls++ % Math.max(1, seq.length)] ?? '']
      prev = now
      // One after the other, however slow they are.
      reporting = reporting.then(() => this.reportProgress(now, before, symbol, vols)).catch((error: unknown) => void (failure ??= { error }))
    }
    report()
    const timer = setInterval(report, this.#periodMs)
    try {
      for await (const chunk of flow) {
        total += chunk.length
        yield chunk
        if (failure !== undefined) throw failure.error
      }
    } finally {
      clearInterval(timer)
      report()
      await reporting
    }
  }

  protected override flow(bytes: Bytes, vols: readonly Subvolume[]): Bytes {
    return this.progress(bytes, this.#sequence, vols)
  }
}
