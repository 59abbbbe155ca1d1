import type { ClockOffset } from './clocks.ts'
import type { Side } from './modes.ts'
import type { FileEntry, ReadableStorage } from './protocol.ts'

/** Milliseconds: what a store that does not say how finely it keeps times is trusted with. */
const defaultPrecisionMs = 1000

export interface RecentEditsOptions {
  /** When both sides were last looked at, in milliseconds since the Unix epoch, by our clock; 0 if that is not known, which doubts nothing. */
  readonly asOf: number
  /** By our clock. */
  readonly now: number
  readonly source: Pick<ReadableStorage, 'capabilities'>
  readonly destination: Pick<ReadableStorage, 'capabilities'>
  readonly clock: (side: Side) => ClockOffset
}

/**
 * Tells of which files a time proves nothing: a store that knows a file by size and time alone shows an edit that came soon after the last look, and
 * within the same step of its clock, exactly as what was there before.
 *
 * @see git, racy-git.txt: the same for its index
 */
export class RecentEdits {
  readonly #options: RecentEditsOptions
  #found = false

  constructor(options: RecentEditsOptions) {
    this.#options = options
  }

  /** Whether there was such a file: then it is worth recording that it was looked at. */
  get found(): boolean {
    return this.#found
  }

  /** Whether an edit since the last look could have left this size and time. */
  mayHide(side: Side, { etag, modified }: FileEntry): boolean {
    if (etag !== undefined || modified === undefined) return false
    const { asOf, now, clock, [side]: storage } = this.#options
    if (asOf === 0) return false
    const { offsetMs, uncertaintyMs } = clock(side)
    const step = storage.capabilities.modifiedPrecision ?? defaultPrecisionMs
    if (modified + step <= asOf + offsetMs - uncertaintyMs) return false
    // No edit until now can have left a time that is still to come.
    if (modified > now + offsetMs + uncertaintyMs) return false
    this.#found = true
    return true
  }
}
