import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baseName, checkPath, compareEntries, compareKeys, compareUtf8, isBelow, joinPath, parentPath, pathProblem } from './path.ts'

const encoder = new TextEncoder()

/** The definition: bytes, one by one. */
function compareBytes(a: string, b: string): number {
  const x = encoder.encode(a)
  const y = encoder.encode(b)
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return Math.sign((x[i] as number) - (y[i] as number))
  return Math.sign(x.length - y.length)
}

/** Characters around the borders of UTF-8 lengths, of "/", and of surrogates. */
const text = fc.string({
  unit: fc.constantFrom('a', 'b', '-', '.', '/', '0', '\x7f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
  maxLength: 6,
})
const path = text.filter(value => pathProblem(value) === undefined)

describe('compareUtf8', () => {
  test('agrees with the bytes on random strings', () => {
    fc.assert(
      fc.property(text, text, (a, b) => Math.sign(compareUtf8(a, b)) === compareBytes(a, b)),
      { numRuns: 5000 },
    )
  })

  test('orders U+E000 before U+10000, unlike UTF-16', () => {
    expect('\ue000' < '\u{10000}').toBe(false)
    expect(compareUtf8('\ue000', '\u{10000}')).toBeLessThan(0)
  })
})

describe('compareKeys', () => {
  test('agrees with the bytes of the keys, a directory with "/" at its end', () => {
    fc.assert(
      fc.property(path, fc.boolean(), path, fc.boolean(), (a, aIsDirectory, b, bIsDirectory) => {
        fc.pre(a !== '' && b !== '')
        const expected = compareBytes(aIsDirectory ? `${a}/` : a, bIsDirectory ? `${b}/` : b)
        expect(Math.sign(compareKeys(a, aIsDirectory, b, bIsDirectory))).toBe(expected)
      }),
      { numRuns: 5000 },
    )
  })

  test('a directory comes before what is in it, and after "a-b" and "a.txt"', () => {
    const entries = [
      { kind: 'file', path: 'a0', size: 0 },
      { kind: 'file', path: 'a/x', size: 0 },
      { kind: 'directory', path: 'a' },
      { kind: 'file', path: 'a.txt', size: 0 },
      { kind: 'file', path: 'a-b', size: 0 },
      { kind: 'file', path: 'a', size: 0 },
    ] as const
    expect([...entries].sort(compareEntries).map(entry => `${entry.path}${entry.kind === 'directory' ? '/' : ''}`)).toEqual([
      'a',
      'a-b',
      'a.txt',
      'a/',
      'a/x',
      'a0',
    ])
  })
})

describe('pathProblem', () => {
  test.each(['', 'a', 'a/b', '.a', '..a', 'a..', 'a/..b/...', ' ', 'a\\b', 'C:', '-', '\n'])('accepts %j', value =>
    expect(pathProblem(value)).toBeUndefined(),
  )

  test.each(['/', '/a', 'a/', 'a//b', '.', '..', './a', '../a', 'a/.', 'a/..', 'a/./b', 'a/../b', 'a\0', '\0'])('refuses %j', value => {
    expect(pathProblem(value)).toEqual(expect.any(String))
    expect(() => checkPath(value)).toThrow(expect.objectContaining({ code: 'INVALID_PATH', path: value }))
  })

  test('what it accepts stays below the root when it is resolved', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '.', '..', '', '...', 'b'), { minLength: 1, maxLength: 5 }), segments => {
        const value = segments.join('/')
        const resolved = new URL(`http://host/root/${value}`).pathname
        if (pathProblem(value) === undefined) expect(resolved).toBe(`/root/${value}`)
      }),
    )
  })
})

describe('parts of paths', () => {
  test('parentPath and baseName take apart what joinPath puts together', () => {
    fc.assert(
      fc.property(path, value => {
        expect(joinPath(parentPath(value), baseName(value))).toBe(value)
      }),
    )
    expect([parentPath('a'), parentPath(''), parentPath('a/b/c')]).toEqual(['', '', 'a/b'])
  })

  test.each([
    ['a/b', 'a', true],
    ['a', 'a', false],
    ['ab', 'a', false],
    ['a-b', 'a', false],
    ['a', '', true],
    ['', '', false],
    ['a', 'a/b', false],
    ['a/b/c', 'a', true],
  ])('isBelow(%j, %j) is %j', (value, directory, expected) => expect(isBelow(value, directory)).toBe(expected))
})
