/** Bytes of content that one kind of transfer may have in memory. */
const totalBytes = 32 * 1024 * 1024
/** At 20 ms of round trip this is 400 MiB/s. */
const mostBytes = 8 * 1024 * 1024
const leastBytes = 128 * 1024

/** Divides the memory for content among the transfers of one direction. */
export class Share {
  #active = 0

  begin(): void {
    this.#active++
  }

  end(): void {
    this.#active--
  }

  /** Bytes that each may have on their way. @param window - what the channel takes at once, for all of them */
  bytes(window: number = totalBytes): number {
    const active = Math.max(1, this.#active)
    return Math.max(leastBytes, Math.min(mostBytes, totalBytes / active, window / active))
  }
}
