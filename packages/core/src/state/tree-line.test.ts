import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ancestor } from '../ancestor.ts'
import { formatLine, formatSeconds, LineParser } from './tree-line.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '0',
    '17',
    '"',
    '\\',
    '\\"',
    'a"mtime":1',
    '\n',
    '\u2028',
    '\ud800',
    '\udc00x',
    '😀',
    '\ufeff',
    'a\u0000b',
  ),
)

/** Times as file systems give them: nanoseconds rounded to a double of milliseconds. Within 8 ms of 1970 a double has digits that no clock has. */
const isKept = (ms: number): boolean => Math.abs(ms) >= 8 || Number(ms.toFixed(15)) === ms
const modified = fc.oneof(
  fc
    .tuple(fc.integer({ min: -2_000_000_000, max: 8_640_000_000_000 }), fc.integer({ min: 0, max: 999_999_999 }))
    .map(([s, ns]) => s * 1000 + ns / 1e6)
    .filter(isKept),
  fc.double({ min: 1e6, max: 8.64e15, noNaN: true }),
  fc.constantFrom(0, 1, -1, 999.9999999, 1609459200123.456, 1763720000000 - 1 / 4096, -0.5),
)

const entry: fc.Arbitrary<Ancestor> = fc
  .record({
    path: text,
    kind: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const),
    size: fc.maxSafeNat(),
    modified: fc.option(modified, { nil: undefined }),
    mode: fc.option(fc.nat(0o7777), { nil: undefined }),
    etag: fc.option(text, { nil: undefined }),
    id: fc.option(text, { nil: undefined }),
    hash: fc.option(text, { nil: undefined }),
    target: text,
  })
  .map(({ kind, target, ...rest }) => {
    const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
    return { kind, ...known, ...(kind === 'symlink' && { target }) } as Ancestor
  })

describe('formatLine', () => {
  test('writes what LineParser reads back, whatever is in the strings', () => {
    const parser = new LineParser()
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), entries => {
        parser.reset(entries.map(formatLine).join(''))
        for (const expected of entries) expect(parser.line()).toStrictEqual(expected)
        expect(parser.done).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('writes JSON in the seeds’ shape, times in seconds', () => {
    const line = formatLine({ path: 'a/"b"', kind: 'file', size: 1024, modified: 1609459200123.456, mode: 0o644, hash: 'sha256:ab' })
    expect(line).toBe('"a/\\"b\\"":{"hash":"sha256:ab","size":1024,"mtime":1609459200.123456,"is_dir":false,"mode":420},\n')
    expect(formatLine({ path: '__proto__', kind: 'directory', size: 0 })).toBe('"__proto__":{"size":0,"is_dir":true},\n')
  })

  test('refuses a size that is none', () => {
    for (const size of [-1, 0.5, Number.NaN, Infinity]) expect(() => formatLine({ path: 'a', kind: 'file', size })).toThrow(TypeError)
  })
})

describe('formatSeconds', () => {
  test('is the same number of seconds to every reader of JSON, to the microsecond', () => {
    fc.assert(
      fc.property(modified, ms => {
        expect(Math.abs(Number(formatSeconds(ms)) * 1000 - ms)).toBeLessThanOrEqual(Math.max(1e-3, Math.abs(ms) * 1e-15))
      }),
    )
  })
})

describe('LineParser', () => {
  test.each([
    '"a":{"size":1,"is_dir":false}',
    '"a":{"size":1,"is_dir":false}\n',
    '"a":{"size":1,"is_dir":false},',
    '"a":{"size":,"is_dir":false},\n',
    '"a":{"size":1,"is_dir":0},\n',
    '"a" :{"size":1,"is_dir":false},\n',
    '"a":{"is_dir":false,"size":1},\n',
    '"a":{"size":1,"is_dir":false,"extra":1},\n',
    '"a:{"size":1,"is_dir":false},\n',
    '"\\x":{"size":1,"is_dir":false},\n',
    'a":{"size":1,"is_dir":false},\n',
    '\n',
  ])('does not guess what %j may mean', line => {
    expect(() => new LineParser().reset(line).line()).toThrow(/no line of a tree file/)
  })
})
