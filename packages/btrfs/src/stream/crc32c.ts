/** Castagnoli's polynomial, reflected. */
const polynomial = 0x82f63b78

/** Sixteen tables of 256: what a byte does to the checksum when 0 to 15 bytes follow it. Slicing, after Kounavis and Berry (2005). */
const [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15] = makeTables()

type Tables = readonly [T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T] // prettier-ignore
/** Signed, as every bitwise operation of the language is: nothing has to be converted. */
type T = Int32Array

function makeTables(): Tables {
  const tables = Array.from({ length: 16 }, () => new Int32Array(256))
  const [first, ...others] = tables as [T, ...T[]]
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0)
    first[byte] = crc
  }
  for (let byte = 0; byte < 256; byte++) {
    let crc = first[byte] as number
    for (const table of others) table[byte] = crc = (crc >>> 8) ^ (first[crc & 0xff] as number)
  }
  return tables as unknown as Tables
}

/** Words are read as the machine has them, and the checksum takes them with the lowest byte first. */
const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
/** Bytes from which a view of words is worth making. */
const fewBytes = 64

/**
 * CRC32C as send streams use it: begun with 0, and the result not inverted. The usual checksum of that name is `~crc32c(bytes, ~0)`.
 *
 * @param crc - of the bytes before; 0 for none
 * @returns an unsigned number of 32 bits
 */
export function crc32c(bytes: Uint8Array, crc = 0, start = 0, end: number = bytes.length): number {
  let at = start
  let c = crc | 0
  if (isLittleEndian && end - start >= fewBytes) {
    for (; ((bytes.byteOffset + at) & 3) !== 0; at++) c = (c >>> 8) ^ (t0[(c ^ (bytes[at] as number)) & 0xff] as number)
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, ((end - at) >>> 4) * 4)
    c = ofWords(words, c)
    at += words.length * 4
  }
  for (; at < end; at++) c = (c >>> 8) ^ (t0[(c ^ (bytes[at] as number)) & 0xff] as number)
  return c >>> 0
}

/** Four words at once: nearly three times as fast as eight single bytes. */
function ofWords(words: Int32Array, crc: number): number {
  let c = crc
  // The indices are in range, so what an array gives is a number.
  for (let i = 0; i < words.length; i += 4) {
    const w0 = c ^ (words[i] as number)
    const w1 = words[i + 1] as number
    const w2 = words[i + 2] as number
    const w3 = words[i + 3] as number
    // prettier-ignore
    c =
      (t15[w0 & 0xff] as number) ^ (t14[(w0 >>> 8) & 0xff] as number) ^ (t13[(w0 >>> 16) & 0xff] as number) ^ (t12[w0 >>> 24] as number) ^
      (t11[w1 & 0xff] as number) ^ (t10[(w1 >>> 8) & 0xff] as number) ^ (t9[(w1 >>> 16) & 0xff] as number) ^ (t8[w1 >>> 24] as number) ^
      (t7[w2 & 0xff] as number) ^ (t6[(w2 >>> 8) & 0xff] as number) ^ (t5[(w2 >>> 16) & 0xff] as number) ^ (t4[w2 >>> 24] as number) ^
      (t3[w3 & 0xff] as number) ^ (t2[(w3 >>> 8) & 0xff] as number) ^ (t1[(w3 >>> 16) & 0xff] as number) ^ (t0[w3 >>> 24] as number)
  }
  return c
}
