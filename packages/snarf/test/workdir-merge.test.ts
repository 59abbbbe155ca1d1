import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classify, fileRules, type EntryFacts, type FileFacts } from '../src/workdir/classify.ts'
import { mergeFile, type MergeFormat } from '../src/workdir/merge-file.ts'
import { hasConflict, labelsOf } from '../src/workdir/merge-text.ts'

interface Row {
  readonly localEntry: string
  readonly remoteEntry: string
  readonly local: string | null
  readonly original: string | null
  readonly remote: string | null
  readonly action: string
  readonly state: string
}

const rows = JSON.parse(readFileSync(new URL('fixtures/classify.json', import.meta.url), 'utf8')) as readonly Row[]

function entryFacts(words: string): EntryFacts | undefined {
  if (words === 'none') return undefined
  const has = words.split('+')
  return {
    flag: has.includes('added') ? 'added' : has.includes('removed') ? 'removed' : undefined,
    conflict: has.includes('conflict'),
    binary: has.includes('binary'),
  }
}

function factsOf({ localEntry, remoteEntry, local, original, remote }: Omit<Row, 'action' | 'state'>): FileFacts {
  const equal = (a: string | null, b: string | null): boolean => a !== null && a === b
  return {
    localEntry: entryFacts(localEntry),
    remoteEntry: entryFacts(remoteEntry),
    hasLocal: local !== null,
    hasOriginal: original !== null,
    hasRemote: remote !== null,
    localIsOriginal: equal(local, original),
    localIsRemote: equal(local, remote),
    originalIsRemote: equal(original, remote),
  }
}

const everyRow = ['none', 'plain', 'binary', 'added', 'added+binary', 'removed', 'conflict'].flatMap(localEntry =>
  ['none', 'plain', 'binary'].flatMap(remoteEntry =>
    [null, 'a', 'b', 'c'].flatMap(local =>
      [null, 'a'].flatMap(original => [null, 'a', 'b', 'c'].map(remote => ({ localEntry, remoteEntry, local, original, remote }))),
    ),
  ),
)

describe('classify', () => {
  test('the rows without repairs are those of the original', () => {
    expect(rows).toHaveLength(168)
    for (const row of rows) {
      const { action, state } = classify(factsOf(row), 'zope-3.6.1')
      expect({ ...row, action, state }).toEqual({ ...row, action: row.action.toLowerCase(), state: row.state.toLowerCase() })
    }
  })

  test('differs from the original only in rows that say what they repair', () => {
    for (const row of everyRow) {
      const [fixed, original] = [classify(factsOf(row)), classify(factsOf(row), 'zope-3.6.1')]
      if (fixed.repairs === undefined && fixed.name !== 'new in the repository, and here already')
        expect({ row, rule: fixed.name }).toEqual({ row, rule: original.name })
    }
  })

  test('no row overwrites or deletes what only the working copy has', () => {
    for (const row of everyRow) {
      const { action } = classify(factsOf(row))
      if (action !== 'copy' && action !== 'delete') continue
      expect({ row, safe: row.local === null || row.local === row.original || row.local === row.remote }).toEqual({ row, safe: true })
    }
  })

  // One case for each row of the table, which no other row may take.
  const cases: Readonly<Record<string, Omit<Row, 'action' | 'state'>>> = {
    'a conflict waits to be resolved': { localEntry: 'conflict', remoteEntry: 'plain', local: 'b', original: 'a', remote: 'a' },
    'nobody knows the file': { localEntry: 'none', remoteEntry: 'none', local: 'b', original: null, remote: null },
    'there is nothing': { localEntry: 'none', remoteEntry: 'none', local: null, original: null, remote: null },
    'added here': { localEntry: 'added', remoteEntry: 'none', local: 'b', original: null, remote: null },
    'the repository names a file that it does not have': { localEntry: 'plain', remoteEntry: 'plain', local: 'a', original: 'a', remote: null },
    'added on both sides, equal': { localEntry: 'added', remoteEntry: 'plain', local: 'b', original: null, remote: 'b' },
    'added on both sides, and gone here': { localEntry: 'added', remoteEntry: 'plain', local: null, original: null, remote: 'b' },
    'added on both sides, binary': { localEntry: 'added', remoteEntry: 'binary', local: 'c', original: null, remote: 'b' },
    'added on both sides': { localEntry: 'added', remoteEntry: 'plain', local: 'c', original: null, remote: 'b' },
    'new in the repository, and here already': { localEntry: 'none', remoteEntry: 'plain', local: 'b', original: null, remote: 'b' },
    'new in the repository, another file is in the way': { localEntry: 'none', remoteEntry: 'plain', local: 'c', original: null, remote: 'b' },
    'new in the repository': { localEntry: 'none', remoteEntry: 'plain', local: null, original: null, remote: 'b' },
    'removed on both sides, and back with other content': { localEntry: 'removed', remoteEntry: 'none', local: 'c', original: 'a', remote: null },
    'removed on both sides': { localEntry: 'removed', remoteEntry: 'none', local: null, original: 'a', remote: null },
    'removed here': { localEntry: 'removed', remoteEntry: 'plain', local: null, original: 'a', remote: 'a' },
    'removed here, changed in the repository': { localEntry: 'removed', remoteEntry: 'plain', local: null, original: 'a', remote: 'b' },
    'removed from the repository, changed here': { localEntry: 'plain', remoteEntry: 'none', local: 'c', original: 'a', remote: null },
    'removed from the repository': { localEntry: 'plain', remoteEntry: 'none', local: 'a', original: 'a', remote: null },
    'lost here': { localEntry: 'plain', remoteEntry: 'plain', local: null, original: 'a', remote: 'b' },
    unchanged: { localEntry: 'plain', remoteEntry: 'plain', local: 'a', original: 'a', remote: 'a' },
    'changed here': { localEntry: 'plain', remoteEntry: 'plain', local: 'b', original: 'a', remote: 'a' },
    'changed in the repository': { localEntry: 'plain', remoteEntry: 'plain', local: 'a', original: 'a', remote: 'b' },
    'the same change on both sides': { localEntry: 'plain', remoteEntry: 'plain', local: 'b', original: 'a', remote: 'b' },
    'changed on both sides, binary': { localEntry: 'plain', remoteEntry: 'binary', local: 'b', original: 'a', remote: 'c' },
    'changed on both sides': { localEntry: 'plain', remoteEntry: 'plain', local: 'b', original: 'a', remote: 'c' },
  }
  test.each(fileRules)('$name: $action, $state', ({ name }) => {
    expect(classify(factsOf(cases[name] as Row)).name).toBe(name)
  })
})

function merge(local: string, original: string, remote: string, format: MergeFormat = 'text'): string {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  const merged = mergeFile('docs/a', format, bytes(local), bytes(original), bytes(remote))
  if (merged === undefined) return 'not merged'
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(merged.content)
  expect(merged.isConflict).toBe(hasConflict(text, labelsOf('docs/a')))
  return text
}

describe('mergeFile', () => {
  test('lines that only one side changed are taken from it', () => {
    expect(merge('1 mine\n2\n3\n4\n', '1\n2\n3\n4\n', '1\n2\n3\n4 theirs\n')).toBe('1 mine\n2\n3\n4 theirs\n')
  })

  test('a conflict shows both texts under labels that name the file, each sign on a line of its own', () => {
    expect(merge('a\nmine', 'a\nx', 'a\ntheirs')).toBe('a\n<<<<<<< working copy: docs/a\nmine\n=======\ntheirs\n>>>>>>> repository: docs/a\n')
  })

  test('a byte order mark and line ends of Windows stay', () => {
    expect(merge('\ufeff1\r\n2\r\n3 mine\r\n', '\ufeff1\r\n2\r\n3\r\n', '\ufeff0\r\n1\r\n2\r\n3\r\n')).toContain('3 mine\r\n')
    expect(merge('\ufeff1\n2\n3 mine\n', '\ufeff1\n2\n3\n', '\ufeff1 theirs\n2\n3\n')).toBe('\ufeff1 theirs\n2\n3 mine\n')
  })

  test('many equal lines, and texts that have nothing in common, take no longer than one would wait', () => {
    const original = Array.from({ length: 60_000 }, (_, i) => (i % 2 === 0 ? '\n' : `line ${i}\n`))
    const [a, o, b] = [['mine\n', ...original], original, [...original, 'theirs\n']].map(all => all.join('')) as [string, string, string]
    expect(merge(a, o, b)).toBe(`mine\n${o}theirs\n`)
    const [x, y] = ['x', 'y'].map(word => original.map((_, i) => `${word} ${i}\n`).join('')) as [string, string]
    expect(merge(x, o, y)).toBe(`<<<<<<< working copy: docs/a\n${x}=======\n${y}>>>>>>> repository: docs/a\n`)
    expect(merge([...original].reverse().join(''), o, `${o}theirs\n`)).toBe('not merged')
  })

  test('what is no text is not merged', () => {
    expect(merge('a\0b', 'a', 'c')).toBe('not merged')
    expect(mergeFile('a', 'text', Uint8Array.of(0xff, 0xfe), undefined, Uint8Array.of(0x41))).toBeUndefined()
    expect(merge('a', 'b', 'c', 'binary')).toBe('not merged')
  })

  test('JSON: changes under different keys of one line are no conflict, and numbers keep their digits', () => {
    expect(merge('{"a":1.0,"b":2}', '{"a":1,"b":2}', '{"a":1,"b":12345678901234567890}', 'json')).toBe('{"a":1.0,"b":12345678901234567890}')
  })

  test('JSON: neighbouring lines of different keys are no conflict, and the layout stays', () => {
    const original = '{\n  "a": 1,\n  "b": [1, 2],\n  "c": 3\n}\n'
    expect(merge(original.replace('"a": 1', '"a": 9'), original, original.replace('[1, 2]', '[1, 2, 3]'), 'json')).toBe(
      '{\n  "a": 9,\n  "b": [\n    1,\n    2,\n    3\n  ],\n  "c": 3\n}\n',
    )
    expect(merge(original.replace('"c": 3', '"c": 3,\n  "e": 5'), original, original.replace('"a": 1', '"a": 1,\n  "aa": 4'), 'json')).toBe(
      '{\n  "a": 1,\n  "aa": 4,\n  "b": [1, 2],\n  "c": 3,\n  "e": 5\n}\n',
    )
  })

  test('JSON: a key that both sides added with different values is a conflict, wherever its lines are', () => {
    const merged = merge('{\n"x": 1,\n"a": 1,\n"b": 2\n}', '{\n"a": 1,\n"b": 2\n}', '{\n"a": 1,\n"b": 2,\n"x": 2\n}', 'json')
    expect(merged).toMatch(/^<<<<<<< working copy: docs\/a\n/)
  })

  test('JSON: a key that one side deleted and the other changed is a conflict', () => {
    expect(merge('{"a":1}', '{"a":1,"b":2}', '{"a":1,"b":3}', 'json')).toContain('<<<<<<<')
  })

  test('YAML: changes under different keys are no conflict, and comments stay', () => {
    const original = '# about\na: 1\nb: two # why\nc:\n  d: 3\n'
    expect(merge(original.replace('a: 1', 'a: 9'), original, original.replace('two', 'three').replace('d: 3', 'd: 3\n  e: 4'), 'yaml')).toBe(
      '# about\na: 9\nb: three # why\nc:\n  d: 3\n  e: 4\n',
    )
  })

  test('a damaged JSON or YAML with aliases is merged by lines', () => {
    expect(merge('{"a": 1', '{"a": 1}', '{"a": 2}', 'json')).toContain('<<<<<<<')
    expect(merge('a: &x 1\nb: *x\nc: 1\n', 'a: &x 1\nb: *x\n', 'z: 0\na: &x 1\nb: *x\n', 'yaml')).toBe('z: 0\na: &x 1\nb: *x\nc: 1\n')
  })

  test('of random texts no line is lost, whatever the sides did', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 12 })
    fc.assert(
      fc.property(lines, lines, lines, (a, o, b) => {
        const [local, original, remote] = [a, o, b].map(all => all.map(line => `${line}\n`).join('')) as [string, string, string]
        const merged = merge(local, original, remote)
        if (local === original) expect(merged).toBe(remote)
        if (remote === original || local === remote) expect(merged).toBe(local)
        const count = (text: string, line: string): number => text.split('\n').filter(one => one === line).length
        for (const line of new Set([...a, ...b])) {
          const deleted = Math.max(0, count(original, line) - count(local, line), count(original, line) - count(remote, line))
          expect(count(merged, line)).toBeGreaterThanOrEqual(Math.min(count(local, line), count(remote, line)) - deleted)
          if (count(original, line) === 0) expect(count(merged, line)).toBeGreaterThan(0)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('of random JSON, every key that one side alone changed is taken from it', () => {
    const value = fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer(), { maxLength: 3 }))
    const map = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value)
    fc.assert(
      fc.property(map, map, map, (a, o, b) => {
        const merged = merge(JSON.stringify(a, null, 2), JSON.stringify(o, null, 2), JSON.stringify(b, null, 2), 'json')
        if (merged.includes('<<<<<<<')) return
        const result = JSON.parse(merged) as Record<string, unknown>
        for (const key of ['a', 'b', 'c', 'd']) {
          const [l, base, r] = [a, o, b].map(one => JSON.stringify(one[key]))
          if (l === base) expect(JSON.stringify(result[key])).toBe(r)
          else if (r === base) expect(JSON.stringify(result[key])).toBe(l)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
