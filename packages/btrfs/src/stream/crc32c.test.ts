import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { crc32c } from './crc32c.ts'
import { leftBytes, openFolding } from './fold-rows.ts'

/** By the definition, bit by bit. */
function bitByBit(bytes: Uint8Array, crc: number): number {
  let c = crc
  for (const byte of bytes) {
    c ^= byte
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1
  }
  return c >>> 0
}

const room = openFolding()?.bytes.length ?? 0
/** Lengths at which something else begins: words, folding, a second block. */
const edges = [0, 1, 63, 64, 3 * leftBytes - 1, 3 * leftBytes, 3 * leftBytes + 17, room - 1, room, room + 1, room + 15, room + 3 * leftBytes]

const cases = fc.record({
  length: fc.oneof(fc.constantFrom(...edges), fc.nat({ max: 2 * room + 100 })),
  start: fc.nat({ max: 33 }),
  after: fc.nat({ max: 5 }),
  crc: fc.nat({ max: 0xffff_ffff }),
})

const isAsDefined = fc.property(cases, ({ length, start, after, crc }) => {
  const bytes = randomFillSync(new Uint8Array(start + length + after))
  expect(crc32c(bytes, crc, start, start + length)).toBe(bitByBit(bytes.subarray(start, start + length), crc))
})

describe('crc32c', () => {
  test('has the known values, also in pieces, and inverted those that everybody else takes for it', () => {
    const digits = new TextEncoder().encode('123456789')
    expect(crc32c(digits).toString(16)).toBe('58e3fa20')
    expect((~crc32c(digits, ~0) >>> 0).toString(16)).toBe('e3069283')
    expect((~crc32c(new Uint8Array(32), ~0) >>> 0).toString(16)).toBe('8a9136aa')
    for (let cut = 0; cut <= 9; cut++) expect(crc32c(digits, crc32c(digits, 0, 0, cut), cut)).toBe(0x58e3fa20)
  })

  test.each(edges)('of %i bytes is as defined', length => {
    const bytes = randomFillSync(new Uint8Array(length))
    expect(crc32c(bytes)).toBe(bitByBit(bytes, 0))
  })

  test('of any bytes anywhere is as defined', () => fc.assert(isAsDefined, { numRuns: 60 }))

  test('tells any two bits of a long command apart', () => {
    const bytes = randomFillSync(new Uint8Array(48 * 1024))
    const seen = new Set([crc32c(bytes)])
    for (let at = 0; at < bytes.length; at += 97) {
      const before = bytes[at] as number
      bytes[at] = before ^ (1 << (at & 7))
      seen.add(crc32c(bytes))
      bytes[at] = before
    }
    expect(seen.size).toBe(1 + Math.ceil(bytes.length / 97))
  })

  test('leaves the bytes as they are', () => {
    const bytes = randomFillSync(new Uint8Array(200_000))
    const before = bytes.slice()
    crc32c(bytes)
    expect(Buffer.compare(bytes, before)).toBe(0)
  })

  describe('without WebAssembly', () => {
    afterEach(() => {
      vi.unstubAllGlobals()
      vi.resetModules()
    })

    test('is the same', async () => {
      vi.stubGlobal('WebAssembly', undefined)
      vi.resetModules()
      const [{ crc32c: plain }, { openFolding: open }] = await Promise.all([import('./crc32c.ts'), import('./fold-rows.ts')])
      expect(open()).toBeUndefined()
      const bytes = randomFillSync(new Uint8Array(room + 50_001))
      expect(plain(bytes, 7)).toBe(bitByBit(bytes, 7))
      expect(plain(bytes, 7)).toBe(crc32c(bytes, 7))
    })
  })
})
