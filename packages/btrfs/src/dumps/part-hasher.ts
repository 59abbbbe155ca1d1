import { createHash } from 'node:crypto'
import type { DumpPart } from './dump-record.ts'

/** Hashes content as a whole and in parts of a size. */
export class PartHasher {
  readonly #partSize: number
  readonly #whole = createHash('sha256')
  readonly #parts: DumpPart[] = []
  #part = createHash('sha256')
  #partBytes = 0
  #bytes = 0

  constructor(partSize: number) {
    this.#partSize = partSize
  }

  get bytes(): number {
    return this.#bytes
  }

  update(chunk: Uint8Array): void {
    this.#whole.update(chunk)
    this.#bytes += chunk.length
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + this.#partSize - this.#partBytes)
      this.#part.update(piece)
      this.#partBytes += piece.length
      at += piece.length
      if (this.#partBytes === this.#partSize) this.#endPart()
    }
  }

  /** To be called once, when all content was given. */
  digest(): { readonly bytes: number; readonly sha256: string; readonly parts: readonly DumpPart[] } {
    if (this.#partBytes > 0) this.#endPart()
    return { bytes: this.#bytes, sha256: this.#whole.digest('hex'), parts: this.#parts }
  }

  #endPart(): void {
    this.#parts.push({ bytes: this.#partBytes, sha256: this.#part.digest('hex') })
    this.#part = createHash('sha256')
    this.#partBytes = 0
  }
}
