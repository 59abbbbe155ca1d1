/** Castagnoli's polynomial, reflected. */
const polynomial = 0x82f63b78

/** Eight tables of 256: what a byte does to the checksum when 0 to 7 bytes follow it. Slicing by 8 (Kounavis and Berry, 2005). */
const tables = makeTables()

function makeTables(): readonly Uint32Array[] {
  const [first, ...rest] = Array.from({ length: 8 }, () => new Uint32Array(256)) as [Uint32Array, ...Uint32Array[]]
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0)
    first[byte] = crc
  }
  let last = first
  for (const table of rest) {
    for (let byte = 0; byte < 256; byte++) {
      const before = last[byte] as number
      table[byte] = (before >>> 8) ^ (first[before & 0xff] as number)
    }
    last = table
  }
  return [first, ...rest]
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as readonly [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

/**
 * CRC32C as send streams use it: begun with 0, and the result not inverted. The usual checksum of that name is `~crc32c(bytes, ~0)`.
 *
 * @param crc - of the bytes before; 0 for none
 * @returns an unsigned number of 32 bits
 */
export function crc32c(bytes: Uint8Array, crc = 0, start = 0, end: number = bytes.length): number {
  let at = start
  let c = crc | 0
  for (const last = end - 7; at < last; at += 8) {
    // Eight bytes at once. The indices are in range, so what an array gives is a number.
    const low = c ^ ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24))
    c =
      (t7[low & 0xff] as number) ^
      (t6[(low >>> 8) & 0xff] as number) ^
      (t5[(low >>> 16) & 0xff] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number)
  }
  for (; at < end; at++) c = (c >>> 8) ^ (t0[(c ^ (bytes[at] as number)) & 0xff] as number)
  return c >>> 0
}
