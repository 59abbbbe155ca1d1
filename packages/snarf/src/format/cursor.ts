import type { Bytes } from '@syncline/core'

const nothing = new Uint8Array(0)
const lineFeed = 0x0a

/** Reading on costs less than beginning anew up to about this many bytes, also over a network. */
const reopenBytes = 1024 * 1024

/**
 * A position in a stream of bytes. With `reopen`, it jumps over what nobody wants instead of reading it. The first byte of the content is byte `start`.
 */
export class Cursor {
  readonly #reopen: ((offset: number) => Bytes) | undefined
  #iterator: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = nothing
  /** Of the next byte in the chunk. */
  #at = 0
  /** Of the chunk in the stream. */
  #start = 0

  constructor(content: Bytes, reopen?: (offset: number) => Bytes, start = 0) {
    this.#start = start
    this.#iterator = content[Symbol.asyncIterator]()
    this.#reopen = reopen
  }

  /** Bytes of the stream before the next one. */
  get position(): number {
    return this.#start + this.#at
  }

  /** What is up to the next line feed, which is passed; `undefined` at the end. `ended` tells a last line without one. */
  async line(most: number): Promise<{ readonly bytes: Uint8Array; readonly end: 'line feed' | 'end of archive' | 'too long' } | undefined> {
    if (this.#at === this.#chunk.length && !(await this.#fill())) return undefined
    let kept: Uint8Array = nothing
    for (;;) {
      const until = this.#chunk.indexOf(lineFeed, this.#at)
      const piece = this.#chunk.subarray(this.#at, until === -1 ? this.#chunk.length : until)
      if (kept.length + piece.length > most) return { bytes: concat(kept, piece.subarray(0, most - kept.length)), end: 'too long' }
      const bytes = kept.length === 0 ? piece : concat(kept, piece)
      if (until !== -1) {
        this.#at = until + 1
        return { bytes, end: 'line feed' }
      }
      // A copy, because the source may use its buffer again.
      kept = bytes.slice()
      this.#at = this.#chunk.length
      if (!(await this.#fill())) return { bytes: kept, end: 'end of archive' }
    }
  }

  /** The next bytes, at most `most` and at least one; `undefined` at the end. Valid until the next call. */
  async next(most: number): Promise<Uint8Array | undefined> {
    if (this.#at === this.#chunk.length && !(await this.#fill())) return undefined
    const piece = this.#chunk.subarray(this.#at, this.#at + most)
    this.#at += piece.length
    return piece
  }

  /** The next `count` bytes if they are here already; `undefined` if they have to be waited for. Valid until the next call. */
  take(count: number): Uint8Array | undefined {
    if (this.#chunk.length - this.#at < count) return undefined
    const piece = this.#chunk.subarray(this.#at, this.#at + count)
    this.#at += count
    return piece
  }

  /** Passes `count` bytes. Resolves to how many of them there were, or to `count` if it jumped, which nobody can tell from it. */
  async skip(count: number): Promise<number> {
    let left = count
    for (;;) {
      const here = Math.min(left, this.#chunk.length - this.#at)
      this.#at += here
      left -= here
      if (left === 0) return count
      if (left > reopenBytes && this.#reopen !== undefined) {
        const offset = this.position + left
        await this.close()
        this.#iterator = this.#reopen(offset)[Symbol.asyncIterator]()
        this.#start = offset
        this.#chunk = nothing
        this.#at = 0
        return count
      }
      if (!(await this.#fill())) return count - left
    }
  }

  /** Gives the source back. */
  async close(): Promise<void> {
    await this.#iterator.return?.()
  }

  async #fill(): Promise<boolean> {
    this.#start += this.#chunk.length
    this.#chunk = nothing
    this.#at = 0
    for (;;) {
      const { done, value } = await this.#iterator.next()
      if (done === true) return false
      if (value.length === 0) continue
      this.#chunk = value
      return true
    }
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
