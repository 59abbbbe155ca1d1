import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase64, toBase64 } from './base64.ts'

test('bytes go to base64 and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      expect(fromBase64(toBase64(bytes))).toEqual(bytes)
    }),
  )
})

test('white space is skipped, and what would lose something is refused', () => {
  expect(fromBase64(' QU\nI= ')).toEqual(Uint8Array.of(65, 66))
  for (const text of ['Q', 'QU', 'QUI', 'QUJ=', 'Q===', '=QUI', 'QU*=', 'QÜI=']) expect(fromBase64(text)).toBeUndefined()
})
