/** Bytes of a part of an upload. */
export const partSize: number = 8 * 1024 * 1024

/** Parts of all uploads together that are kept although they were sent. */
const mostParts = 4

/**
 * Memory for parts that were sent and that the server may not have got. It is used again: to get 8 MiB anew for each part takes longer than to copy
 * them.
 */
export class SpareParts {
  readonly #free: Uint8Array[] = []
  #given = 0

  /** `undefined` if all of it is in use. */
  take(): Uint8Array | undefined {
    if (this.#given >= mostParts) return undefined
    this.#given++
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(partSize)
  }

  giveBack(memory: Uint8Array): void {
    this.#given--
    if (this.#given === 0) this.#free.length = 0
    else this.#free.push(memory)
  }
}
