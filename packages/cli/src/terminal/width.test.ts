import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { displayWidth, padEnd, padStart, truncateEnd, truncatePath } from './width.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'Z', '9', '/', '.', '写', '한', 'é', 'e\u0301', '🎉', '👨‍👩‍👧', '🇩🇪', 'ｶ', '，') })

describe('displayWidth', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['写真', 4],
    ['한글', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['🎉', 2],
    ['👨‍👩‍👧', 2],
    ['❤️', 2],
    ['→', 1],
    ['━', 1],
    ['a\u200bb', 2],
  ])('of %j is %i', (given, width) => expect(displayWidth(given)).toBe(width))
})

describe('truncateEnd', () => {
  test('keeps what fits', () => expect(truncateEnd('abc', 3, '…')).toBe('abc'))
  test('cuts the end off and marks it', () => expect(truncateEnd('abcdef', 4, '…')).toBe('abc…'))
  test('never cuts a wide character in two', () => expect(truncateEnd('写真写真', 4, '…')).toBe('写…'))

  test('never takes more columns than there are', () => {
    fc.assert(
      fc.property(
        text,
        fc.nat(30),
        fc.constantFrom('…', '...', ''),
        (given, columns, mark) => displayWidth(truncateEnd(given, columns, mark)) <= columns,
      ),
    )
  })
})

describe('truncatePath', () => {
  test.each([
    ['a/b/c.txt', 20, 'a/b/c.txt'],
    ['photos/2026/11/IMG_4411.CR3', 18, '…/11/IMG_4411.CR3'],
    ['photos/2026/11/IMG_4411.CR3', 15, '…/IMG_4411.CR3'],
    ['photos/a-very-long-name-of-a-file.jpeg', 16, 'a-very-l…le.jpeg'],
  ])('%s in %i columns', (path, columns, shown) => expect(truncatePath(path, columns, '…')).toBe(shown))

  test('never takes more columns than there are', () => {
    fc.assert(fc.property(text, fc.integer({ min: 1, max: 40 }), (path, columns) => displayWidth(truncatePath(path, columns, '…')) <= columns))
  })
})

describe('padEnd and padStart', () => {
  test('fill up to the columns, counting wide characters as two', () => {
    fc.assert(
      fc.property(text, fc.nat(40), (given, columns) => {
        const width = Math.max(columns, displayWidth(given))
        expect(displayWidth(padEnd(given, columns))).toBe(width)
        expect(displayWidth(padStart(given, columns))).toBe(width)
      }),
    )
  })
})
