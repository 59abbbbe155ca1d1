import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rawOf } from '../subvolume/raw-text.ts'
import { hasWildcard, matcherOf } from './glob.ts'

const matches = (pattern: string, text: string): boolean => matcherOf(pattern)(rawOf(text))

describe('matcherOf', () => {
  test.each([
    ['*', 'snaps/s1'],
    ['snaps/*', 'snaps/deep/s1'],
    ['s[12]', 's2'],
    ['s[!12]', 's3'],
    ['s?', 's1'],
    ['s?', 'sé'],
    ['[é-ü]*', 'ö'],
    ['a.b', 'a.b'],
    ['a[', 'a['],
    ['a[b', 'a[b'],
    ['[]]', ']'],
    ['[!]]', 'x'],
    ['[a-]', '-'],
    ['[-a]', '-'],
    ['[^a]', '^'],
    ['[\\]', '\\'],
    ['a+(b)|{c}^$', 'a+(b)|{c}^$'],
    ['*\n*', 'a\nb'],
  ])('%j matches %j', (pattern, text) => expect(matches(pattern, text)).toBe(true))

  test.each([
    ['s1', 's10'],
    ['s1', 'S1'],
    ['s[12]', 's3'],
    ['s[!12]', 's1'],
    ['s?', 's'],
    ['a.b', 'axb'],
    ['snaps/*', 'snaps'],
    ['[c-a]', 'b'],
    ['', 'a'],
  ])('%j does not match %j', (pattern, text) => expect(matches(pattern, text)).toBe(false))

  test('a name that is no text has bytes for characters', () => expect(matcherOf('a?b')('a\u00ffb')).toBe(true))

  test('any text without wildcards matches itself alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const well = Buffer.from(a).toString()
        fc.pre(!hasWildcard(well))
        expect([matches(well, well), matches(well, b)]).toEqual([true, rawOf(b) === rawOf(well)])
      }),
    )
  })

  test('any set takes one character, and its opposite takes the others', () => {
    const set = fc.string({ minLength: 1 }).filter(text => !text.includes(']') && !text.startsWith('!'))
    fc.assert(
      fc.property(
        set,
        fc.string({ minLength: 1, maxLength: 1 }),
        (inside, text) => void expect(matches(`[${inside}]`, text)).not.toBe(matches(`[!${inside}]`, text)),
      ),
    )
  })

  test('many stars take no time', () => expect(matches('*a'.repeat(50), 'a'.repeat(2000) + 'b')).toBe(false))
})
