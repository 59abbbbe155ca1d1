import { StorageError } from '@syncline/core'

/** Where content waits until the archive is rewritten. */
export interface Spool {
  /** Keeps a copy. Resolves to where it is: bytes before it. Several calls at a time are fine. */
  append(content: Uint8Array): Promise<number>
  /** Exactly `length` bytes that were appended. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Gives everything up. */
  close(): Promise<void>
}

/**
 * A spool in memory.
 *
 * @param most - bytes; default 256 MiB. `append` rejects beyond it with `NO_SPACE`
 */
export function memorySpool(most: number = 256 * 1024 * 1024): Spool {
  const blocks: Uint8Array[] = []
  const starts: number[] = []
  let length = 0
  return {
    async append(content) {
      if (length + content.length > most) {
        throw new StorageError(
          'NO_SPACE',
          `more than ${most} bytes wait in memory to be written to a snarf archive; flush more often, or give a spool on a disk, as fileSpool() makes one`,
        )
      }
      const offset = length
      blocks.push(content.slice())
      starts.push(offset)
      length += content.length
      return offset
    },

    async read(offset, count) {
      const whole = new Uint8Array(count)
      let at = 0
      for (let index = blockAt(starts, offset); at < count; index++) {
        const block = blocks[index]
        if (block === undefined) throw new RangeError(`the spool has no ${count} bytes at ${offset}`)
        const from = offset + at - (starts[index] as number)
        const piece = block.subarray(from, from + count - at)
        whole.set(piece, at)
        at += piece.length
      }
      return whole
    },

    async close() {
      blocks.length = 0
      starts.length = 0
      length = 0
    },
  }
}

/** Index of the last start that is not behind `offset`. */
function blockAt(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] as number) <= offset) low = middle
    else high = middle - 1
  }
  return low
}
