import type { Bytes } from '@syncline/core'
import { untilAborted } from '@syncline/core'

/** What can be sent again: more than most files, and little memory. */
const keptBytes = 256 * 1024

/**
 * Content that can be started again as long as little of it was read, because the server may refuse a file only after the first bytes are on
 * their way: waiting for its word before sending costs a round trip for each file.
 */
export class Rewindable {
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #signal: AbortSignal | undefined
  #kept: Uint8Array[] | undefined = []
  #keptLength = 0
  /** Next of the kept chunks to give again. */
  #next = 0
  /** Chunks that were read ahead and not given yet. */
  readonly #ahead: Uint8Array[] = []
  #isAtEnd = false
  #error: { readonly cause: unknown } | undefined

  constructor(content: Bytes, signal: AbortSignal | undefined) {
    this.#iterator = content[Symbol.asyncIterator]()
    this.#signal = signal
  }

  /** Whether `rewind` would begin at the first byte. */
  get canRewind(): boolean {
    return this.#kept !== undefined
  }

  /** The content itself failed, so sending it again is pointless. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#error
  }

  rewind(): void {
    if (this.#kept === undefined) throw new TypeError('too much of the content was read to begin again')
    this.#next = 0
  }

  /** A chunk that nobody else changes; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const again = this.#kept?.[this.#next]
    if (again !== undefined) {
      this.#next++
      return again
    }
    const chunk = this.#ahead.shift() ?? (await this.#pull())
    if (chunk !== undefined) this.#keep(chunk)
    return chunk
  }

  /**
   * Reads ahead as much as could be sent again.
   *
   * @returns whether that is all
   */
  async fill(): Promise<boolean> {
    for (let length = 0; length <= keptBytes;) {
      const chunk = await this.#pull()
      if (chunk === undefined) return true
      this.#ahead.push(chunk)
      length += chunk.length
    }
    return false
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#isAtEnd) return undefined
    try {
      const { done, value } = await untilAborted(this.#iterator.next(), this.#signal)
      if (done === true) {
        this.#isAtEnd = true
        return undefined
      }
      // The producer may use its buffer again as soon as it is asked for more.
      return value.slice()
    } catch (cause) {
      this.#isAtEnd = true
      this.#error = { cause }
      throw cause
    }
  }

  /** Closes content that was not read to the end. */
  async close(): Promise<void> {
    if (this.#isAtEnd) return
    this.#isAtEnd = true
    const closing = Promise.resolve(this.#iterator.return?.()).then(
      () => undefined,
      () => undefined,
    )
    // A producer that hangs cannot be closed, and after an abort nobody waits for it.
    if (this.#signal?.aborted !== true) await closing
  }

  #keep(chunk: Uint8Array): void {
    if (this.#kept === undefined) return
    this.#keptLength += chunk.length
    if (this.#keptLength > keptBytes) this.#kept = undefined
    else {
      this.#kept.push(chunk)
      this.#next = this.#kept.length
    }
  }
}
