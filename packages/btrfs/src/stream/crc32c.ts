import { leftBytes, openFolding } from './fold-rows.ts'

/** Castagnoli's polynomial, reflected. */
const polynomial = 0x82f63b78

/**
 * Sixteen tables of 256, one behind the other: what a byte does to the checksum when 0 to 15 bytes follow it. Slicing, after Kounavis and Berry (2005).
 * Signed, as every bitwise operation of the language is; in one array, which is faster than sixteen where a bundler makes variables of constants.
 */
const tables: Int32Array = makeTables()

function makeTables(): Int32Array {
  const made = new Int32Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0)
    made[byte] = crc
  }
  for (let at = 256; at < made.length; at++) {
    const before = made[at - 256] as number
    made[at] = (before >>> 8) ^ (made[before & 0xff] as number)
  }
  return made
}

/** Words are read as the machine has them, and the checksum takes them with the lowest byte first. */
const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
/** Bytes from which a view of words is worth making. */
const fewBytes = 64
/** Bytes from which folding pays: what is left of them is taken from the tables. */
const manyBytes = 3 * leftBytes

/**
 * CRC32C as send streams use it: begun with 0, and the result not inverted. The usual checksum of that name is `~crc32c(bytes, ~0)`.
 *
 * @param crc - of the bytes before; 0 for none
 * @returns an unsigned number of 32 bits
 */
export function crc32c(bytes: Uint8Array, crc = 0, start = 0, end: number = bytes.length): number {
  const folding = !isLittleEndian || end - start < manyBytes ? undefined : openFolding()
  let [at, c] = [start, crc | 0]
  while (folding !== undefined && end - at >= manyBytes) {
    const length = Math.min(end - at, folding.bytes.length) & -16
    folding.bytes.set(bytes.subarray(at, at + length))
    folding.words[0] = (folding.words[0] as number) ^ c
    folding.fold(length)
    c = ofWords(tables, folding.words.subarray((length - leftBytes) / 4, length / 4), 0)
    at += length
  }
  return byTables(bytes, c, at, end) >>> 0
}

function byTables(bytes: Uint8Array, crc: number, start: number, end: number): number {
  if (!isLittleEndian || end - start < fewBytes) return ofBytes(tables, bytes, crc, start, end)
  const aligned = start + (-(bytes.byteOffset + start) & 3)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, ((end - aligned) >>> 4) * 4)
  const before = ofBytes(tables, bytes, crc, start, aligned)
  return ofBytes(tables, bytes, ofWords(tables, words, before), aligned + words.byteLength, end)
}

function ofBytes(t: Int32Array, bytes: Uint8Array, crc: number, start: number, end: number): number {
  let c = crc
  for (let at = start; at < end; at++) c = (c >>> 8) ^ (t[(c ^ (bytes[at] as number)) & 0xff] as number)
  return c
}

/** Four words at once. The indices are in range, so what an array gives is a number. */
function ofWords(t: Int32Array, words: Int32Array, crc: number): number {
  let c = crc
  for (let i = 0; i < words.length; i += 4) {
    const w0 = c ^ (words[i] as number)
    const w1 = words[i + 1] as number
    const w2 = words[i + 2] as number
    const w3 = words[i + 3] as number
    // prettier-ignore
    c =
      (t[0xf00 + (w0 & 0xff)] as number) ^ (t[0xe00 + ((w0 >>> 8) & 0xff)] as number) ^ (t[0xd00 + ((w0 >>> 16) & 0xff)] as number) ^ (t[0xc00 + (w0 >>> 24)] as number) ^
      (t[0xb00 + (w1 & 0xff)] as number) ^ (t[0xa00 + ((w1 >>> 8) & 0xff)] as number) ^ (t[0x900 + ((w1 >>> 16) & 0xff)] as number) ^ (t[0x800 + (w1 >>> 24)] as number) ^
      (t[0x700 + (w2 & 0xff)] as number) ^ (t[0x600 + ((w2 >>> 8) & 0xff)] as number) ^ (t[0x500 + ((w2 >>> 16) & 0xff)] as number) ^ (t[0x400 + (w2 >>> 24)] as number) ^
      (t[0x300 + (w3 & 0xff)] as number) ^ (t[0x200 + ((w3 >>> 8) & 0xff)] as number) ^ (t[0x100 + ((w3 >>> 16) & 0xff)] as number) ^ (t[w3 >>> 24] as number)
  }
  return c
}
