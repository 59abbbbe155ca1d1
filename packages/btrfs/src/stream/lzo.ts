/**
 * Decodes LZO1X, the compression of btrfs' `compress=lzo`.
 *
 * @param input - one block, up to its end-of-stream mark
 * @param size - bytes that it decodes to at most
 * @returns what it decodes to; shorter than `size` where the block is
 * @throws RangeError for a block that is damaged
 * @see Documentation/staging/lzo.rst of the Linux kernel, which describes the instructions
 */
function decodeLzo1x(input: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size)
  let [read, written] = [0, 0]
  const next = (): number => {
    const byte = input[read++]
    if (byte === undefined) throw new RangeError('a block of LZO ends early')
    return byte
  }
  /** A length that does not fit the instruction: zeros count 255 each. */
  const longer = (base: number): number => {
    let length = base
    for (;;) {
      const byte = next()
      if (byte !== 0) return length + byte
      length += 255
      if (length > size) throw new RangeError('a block of LZO is longer than it says')
    }
  }
  const literals = (count: number): void => {
    if (read + count > input.length || written + count > size) throw new RangeError('a block of LZO is longer than it says')
    output.set(input.subarray(read, read + count), written)
    read += count
    written += count
  }
  const match = (distance: number, count: number): void => {
    if (distance > written || written + count > size) throw new RangeError('a block of LZO refers to what is not there')
    // The two may overlap: what was just written is repeated.
    for (let i = 0; i < count; i++, written++) output[written] = output[written - distance] as number
  }
  /** Literals of the last instruction: 0 to 3, or 4 for a long run. They decide what an instruction below 16 means. */
  let state = 0
  const first = input[0] ?? 0
  if (first > 17) {
    read = 1
    const count = first - 17
    literals(count)
    state = count < 4 ? count : 4
  }
  for (;;) {
    const instruction = next()
    if (instruction >= 64) {
      const count = instruction >= 128 ? 5 + ((instruction >> 5) & 3) : 3 + ((instruction >> 5) & 1)
      match((next() << 3) + ((instruction >> 2) & 7) + 1, count)
      state = instruction & 3
    } else if (instruction >= 32) {
      const count = 2 + (instruction & 31 || longer(31))
      const low = next()
      const distance = ((next() << 8) | low) >> 2
      match(distance + 1, count)
      state = low & 3
    } else if (instruction >= 16) {
      const count = 2 + (instruction & 7 || longer(7))
      const low = next()
      const distance = 16384 + ((instruction & 8) << 11) + (((next() << 8) | low) >> 2)
      if (distance === 16384) return output.subarray(0, written)
      match(distance, count)
      state = low & 3
    } else if (state === 0) {
      literals(3 + (instruction || longer(15)))
      state = 4
      continue
    } else {
      const distance = (next() << 2) + ((instruction >> 2) & 3) + (state === 4 ? 2049 : 1)
      match(distance, state === 4 ? 3 : 2)
      state = instruction & 3
    }
    if (state > 0) literals(state)
  }
}

/**
 * Decodes what btrfs stores of a compressed extent: a length, then segments, each with its own length, that never have their header across a sector.
 *
 * @param sector - bytes: 4096 to 65536
 */
export function decodeLzoExtent(data: Uint8Array, sector: number, size: number): Uint8Array {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const output = new Uint8Array(size)
  const total = data.length >= 4 ? view.getUint32(0, true) : 0
  if (total > data.length || total < 4) throw new RangeError('an extent of LZO says that it is longer than it is')
  let [read, written] = [4, 0]
  while (read < total && written < size) {
    const left = sector - (read % sector)
    if (left < 4) read += left
    if (read + 4 > total) break
    const length = view.getUint32(read, true)
    read += 4
    if (read + length > data.length) throw new RangeError('a segment of LZO is cut off')
    const segment = decodeLzo1x(data.subarray(read, read + length), Math.min(sector, size - written))
    output.set(segment, written)
    // Every segment but the last decodes to a whole sector.
    written += sector
    read += length
  }
  return output
}
