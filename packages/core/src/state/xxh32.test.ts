import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Xxh32, xxh32 } from './xxh32.ts'

describe('Xxh32', () => {
  test.each([
    ['', '02cc5d05'],
    ['a', '550d7456'],
    ['abc', '32d153ff'],
    ['Nobody inspects the spammish repetition', 'e2293b2f'],
  ])('gives the published value of %j', (text, sum) => expect(xxh32(text)).toBe(sum))

  test('does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(40)), (bytes, cuts) => {
        const pieces = new Xxh32()
        let at = 0
        for (const cut of cuts) pieces.update(bytes.subarray(at, (at += cut)))
        expect(pieces.update(bytes.subarray(at)).digest()).toBe(new Xxh32().update(bytes).digest())
      }),
    )
  })
})
