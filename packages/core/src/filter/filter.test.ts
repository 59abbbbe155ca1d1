import fc from 'fast-check'
import { minimatch } from 'minimatch'
import { describe, expect, test } from 'vitest'
import type { FileEntry } from '../protocol.ts'
import { digestOf } from './digest.ts'
import { Filter } from './filter.ts'
import type { FilterConfig } from './filter-options.ts'

/** The paths that take no part; a final "/" says directory. */
function hidden(filter: Filter, paths: readonly string[]): readonly string[] {
  return paths.filter(path => (path.endsWith('/') ? filter.hides(path.slice(0, -1), true) : filter.hides(path, false)))
}

function fileOf(size: number, modified?: number): FileEntry {
  return { kind: 'file', path: 'a', size, ...(modified !== undefined && { modified }) }
}

const segment = fc.constantFrom('a', 'b', 'ab', '.c', 'src', 'x.log', 'y.txt')
const anyPath = fc.array(segment, { minLength: 1, maxLength: 4 }).map(segments => segments.join('/'))
const glob = fc
  .array(fc.oneof(segment, fc.constantFrom('*', '**', '?', '*.log', '{a,b}', '[ab]', 'a*', '+(a|b)')), { minLength: 1, maxLength: 3 })
  .map(parts => parts.join('/'))
const globs = fc.array(glob, { maxLength: 2 })
const rules = fc.array(fc.constantFrom('a', '!a', 'a/', '*.log', '!x.log', '/src', 'src/*', '!src/a', '**/b', 'a/**', '*', '!*/', '.c'), {
  maxLength: 4,
})
const config: fc.Arbitrary<FilterConfig> = fc.record({
  ignore: rules,
  include: globs,
  exclude: globs,
  filesToSkip: fc.array(anyPath, { maxLength: 1 }),
})
const files = fc.record({ root: rules, deep: rules }).map(({ root, deep }) => [
  { path: '.syncignore', texts: [root.join('\n')] },
  { path: 'a/.syncignore', texts: [deep.join('\n')] },
])

/** `path` and the directories above it. */
function upward(path: string): readonly string[] {
  const segments = path.split('/')
  return segments.map((_, i) => segments.slice(0, i + 1).join('/')).toReversed()
}

describe('Filter', () => {
  test('without rules hides nothing but the engine’s own names', () => {
    const filter = new Filter()
    expect(
      hidden(filter, [
        'a',
        '.a',
        'a/b/',
        '.syncignore',
        '.syncline-trash/',
        '.syncline-trash/x',
        '.syncline-trash2',
        'a/.syncline-trash/',
        '.syncline-tmp-1',
        'a/.syncline-tmp-1',
        '.syncline-tmp-1/x',
        'x.syncline-tmp-1',
        '.syncline-tmpx',
      ]),
    ).toEqual(['.syncline-trash/', '.syncline-trash/x', '.syncline-tmp-1', 'a/.syncline-tmp-1', '.syncline-tmp-1/x'])
  })

  test('no rule, glob or ignore file makes the engine’s own names visible', () => {
    const filter = new Filter({ ignore: ['!*', '!.syncline-*'], include: ['**'] }, [{ path: '.syncignore', texts: ['!**'] }])
    expect(hidden(filter, ['.syncline-trash/x', 'a/.syncline-tmp-1'])).toEqual(['.syncline-trash/x', 'a/.syncline-tmp-1'])
  })

  test('the root is never hidden', () => {
    expect(new Filter({ ignore: ['*', '**'], exclude: ['**'], include: ['x'] }).hides('', true)).toBe(false)
  })

  test('options are stronger than ignore files, which are stronger the deeper they lie', () => {
    const filter = new Filter({ ignore: ['!a.log', '*.bak'] }, [
      { path: '.syncignore', texts: ['*.log'] },
      { path: 'sub/.syncignore', texts: ['a.log\n!b.log\n!c.bak'] },
    ])
    expect(hidden(filter, ['a.log', 'b.log', 'sub/a.log', 'sub/b.log', 'sub/c.bak'])).toEqual(['b.log', 'sub/c.bak'])
  })

  test('a directory that is hidden is not descended into', () => {
    const { descend } = new Filter({ ignore: ['out/'], exclude: ['tmp'], filesToSkip: ['skip'] })
    expect(['', 'out', 'tmp', 'skip', 'a', 'a/out/b', '.syncline-trash'].map(descend)).toEqual([true, false, false, false, true, false, false])
  })

  test('with ignore files turned off their rules do not count', () => {
    const filter = new Filter({ ignoreFile: false }, [{ path: '.syncignore', texts: ['*'] }])
    expect([filter.hides('a', false), filter.ignoreFileName, filter.ignoreFiles, filter.isNewIgnoreFile('.syncignore')]).toEqual([
      false,
      undefined,
      [],
      false,
    ])
  })

  test.each<{ name: string; config: FilterConfig; paths: readonly string[]; left: readonly string[] }>([
    {
      name: 'exclude wins over include',
      config: { include: ['**/*.txt'], exclude: ['private/**'] },
      paths: ['a.txt', 'b/a.txt', 'private/', 'private/a.txt', 'a.md'],
      left: ['private/a.txt', 'a.md'],
    },
    { name: 'a glob without "/" is a path at the root', config: { exclude: ['*.tmp'] }, paths: ['a.tmp', 'b/a.tmp'], left: ['a.tmp'] },
    {
      name: 'an included directory includes everything below',
      config: { include: ['src'] },
      paths: ['src/', 'src/a', 'src/.b/c', 'other', 'other/', 'src2'],
      left: ['other', 'other/', 'src2'],
    },
    {
      name: 'an excluded directory excludes everything below',
      config: { exclude: ['src'] },
      paths: ['src/', 'src/a', 'src2', 'b/src'],
      left: ['src/', 'src/a'],
    },
    { name: 'a final "/" means directories only', config: { exclude: ['a/', 'b/'] }, paths: ['a', 'b/', 'b/c'], left: ['b/', 'b/c'] },
    {
      name: 'directories on the way to an included file are visible',
      config: { include: ['a/b/*.txt'] },
      paths: ['a/', 'a/b/', 'a/c/', 'a/x.txt', 'a/b/x.txt', 'a/b/c/', 'z/'],
      left: ['a/c/', 'a/x.txt', 'a/b/c/', 'z/'],
    },
    {
      name: 'names that start with a dot are like others',
      config: { exclude: ['**/*.log', '*'], include: [] },
      paths: ['.x.log', 'a/.x.log', '.b', 'a/.b'],
      left: ['.x.log', '.b', 'a/.x.log', 'a/.b'],
    },
    { name: 'a leading "/" or "./" is the root', config: { exclude: ['/a', './b'] }, paths: ['a', 'b', 'c/a'], left: ['a', 'b'] },
    { name: '"#" is a character like any other, and "\\!" a "!"', config: { exclude: ['#a', '\\!b'] }, paths: ['#a', '!b', 'b'], left: ['#a', '!b'] },
    { name: 'extended globs work', config: { exclude: ['!(keep)', 'keep/{a,b}'] }, paths: ['x', 'keep/', 'keep/a', 'keep/c'], left: ['x', 'keep/a'] },
    { name: 'letters differ in case', config: { exclude: ['A'] }, paths: ['a', 'A'], left: ['A'] },
    {
      name: 'filesToSkip skips paths with everything below',
      config: { filesToSkip: ['a/b', 'c/'] },
      paths: ['a', 'a/b', 'a/b/c', 'a/bc', 'c', 'c/d'],
      left: ['a/b', 'a/b/c', 'c', 'c/d'],
    },
  ])('globs: $name', ({ config, paths, left }) => {
    expect([...hidden(new Filter(config), paths)].sort()).toEqual([...left].sort())
  })

  test('include and exclude agree with matching every path and every directory above it', () => {
    let hides = 0
    fc.assert(
      fc.property(globs, globs, fc.array(anyPath, { minLength: 1, maxLength: 20 }), (include, exclude, paths) => {
        const filter = new Filter({ include, exclude })
        const matches = (globs: readonly string[], path: string): boolean =>
          upward(path).some(step => globs.some(glob => minimatch(step, glob, { dot: true })))
        for (const path of paths) {
          const expected = matches(exclude, path) || (include.length > 0 && !matches(include, path))
          expect(filter.hides(path, false), path).toBe(expected)
          if (expected) hides++
          // What is visible can be reached.
          else for (const directory of upward(path).slice(1)) expect(filter.hides(directory, true), directory).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
    expect(hides).toBeGreaterThan(100)
  })

  test('what lies in a hidden directory is hidden, and every answer is the same whenever it is asked', () => {
    let below = 0
    fc.assert(
      fc.property(config, files, fc.array(anyPath, { minLength: 1, maxLength: 20 }), (config, files, paths) => {
        const filter = new Filter(config, files)
        for (const path of paths) {
          const answer = filter.hides(path, false)
          const fresh = new Filter(config, files)
          expect(answer, path).toBe(fresh.hides(path, false))
          expect(filter.hides(path, true), path).toBe(fresh.hides(path, true))
          expect(filter.explain(path, false).hidden, path).toBe(answer)
          for (const directory of upward(path).slice(1)) {
            if (!filter.hides(directory, true)) continue
            expect(answer, `${path} in ${directory}`).toBe(true)
            below++
          }
        }
      }),
      { numRuns: 500 },
    )
    expect(below).toBeGreaterThan(100)
  })

  test('of two texts for one file, either one is enough to hide', () => {
    let differ = 0
    fc.assert(
      fc.property(fc.boolean(), rules, rules, rules, fc.array(anyPath, { minLength: 1, maxLength: 20 }), (atRoot, one, two, other, paths) => {
        const [here, there] = atRoot ? ['.syncignore', 'a/.syncignore'] : ['a/.syncignore', '.syncignore']
        const filterOf = (...texts: readonly (readonly string[])[]): Filter =>
          new Filter({}, [
            { path: here, texts: texts.map(lines => lines.join('\n')) },
            { path: there, texts: [other.join('\n')] },
          ])
        const [both, first, second] = [filterOf(one, two), filterOf(one), filterOf(two)]
        for (const path of paths) {
          const answers = [first.hides(path, false), second.hides(path, false)]
          if (answers[0] !== answers[1]) differ++
          expect(both.hides(path, false), path).toBe(answers.includes(true))
        }
      }),
      { numRuns: 500 },
    )
    expect(differ).toBeGreaterThan(100)
  })

  test('of two texts for one file, both have to keep what a higher file ignores', () => {
    const root = { path: '.syncignore', texts: ['*.log'] }
    const filterOf = (...texts: readonly string[]): Filter => new Filter({}, [root, { path: 'a/.syncignore', texts }])
    expect(filterOf('!x.log', '').hides('a/x.log', false)).toBe(true)
    expect(filterOf('', '!x.log').hides('a/x.log', false)).toBe(true)
    expect(filterOf('!x.log', '!*.log').hides('a/x.log', false)).toBe(false)
  })

  test('answers stay right after more paths and directories than are remembered', () => {
    const filter = new Filter({ ignore: ['*.log', '!keep/', 'd1*/x'], exclude: ['d2*/**'] })
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 6000; i++) {
        const directory = `d${i}`
        expect(filter.hides(`${directory}/a.log`, false)).toBe(true)
        expect(filter.hides(`${directory}/a`, false)).toBe(directory.startsWith('d2'))
        expect(filter.hides(`${directory}/x/y`, false)).toBe(directory.startsWith('d1') || directory.startsWith('d2'))
      }
    }
  })

  test.each<{ name: string; config: FilterConfig; entries: readonly FileEntry[]; hides: readonly boolean[] }>([
    { name: 'no limits', config: {}, entries: [fileOf(0), fileOf(1e15, 0)], hides: [false, false] },
    {
      name: 'sizes from 10 to 20',
      config: { minSize: 10, maxSize: 20 },
      entries: [fileOf(9), fileOf(10), fileOf(20), fileOf(21)],
      hides: [true, false, false, true],
    },
    {
      name: 'times from 10 to 20',
      config: { modifiedAfter: 10, modifiedBefore: 20 },
      entries: [fileOf(1, 9), fileOf(1, 10), fileOf(1, 20), fileOf(1, 20.5)],
      hides: [true, false, false, true],
    },
    { name: 'a time that is not known', config: { modifiedAfter: 10, modifiedBefore: 20 }, entries: [fileOf(1)], hides: [false] },
    { name: 'a size of 0 as the limit', config: { maxSize: 0 }, entries: [fileOf(0), fileOf(1)], hides: [false, true] },
  ])('limits: $name', ({ config, entries, hides }) => {
    const filter = new Filter(config)
    expect(entries.map(entry => filter.hidesFile(entry))).toEqual(hides)
  })

  test('an ignore file that was not read is noticed, even where a rule hides it, but not in a hidden directory', () => {
    const filter = new Filter({ ignore: ['.*', 'out/'] }, [
      { path: '.syncignore', texts: [''] },
      { path: 'a/.syncignore', texts: ['x'] },
    ])
    const paths = ['.syncignore', 'a/.syncignore', 'b/.syncignore', 'out/.syncignore', 'b/x.syncignore', 'b/.syncignore2', 'b']
    expect(paths.filter(path => filter.isNewIgnoreFile(path))).toEqual(['b/.syncignore'])
    expect(filter.isNewIgnoreFile('b/.syncignore', true)).toBe(false)
    expect(filter.ignoreFiles).toEqual(['.syncignore', 'a/.syncignore'])
    expect(new Filter({ ignoreFile: '.myignore' }).isNewIgnoreFile('d/.myignore')).toBe(true)
  })

  test('skipped paths are told apart from ignored ones', () => {
    const filter = new Filter({ ignore: ['b'], filesToSkip: new Set(['a']) })
    expect([filter.skips('a'), filter.skips('a/x'), filter.skips('b'), filter.skips('c')]).toEqual([true, true, false, false])
  })

  test('explains what decided', () => {
    const filter = new Filter({ ignore: ['*.log', '!keep.log'], exclude: ['tmp'], include: ['**/*.log', 'tmp/**', 'docs'], filesToSkip: ['skip'] })
    expect(filter.explain('.syncline-trash/a', false)).toEqual({ hidden: true, by: 'own', matched: '.syncline-trash/a' })
    expect(filter.explain('skip/deep/a.log', false)).toEqual({ hidden: true, by: 'skip', matched: 'skip' })
    expect(filter.explain('tmp/deep/a', false)).toEqual({ hidden: true, by: 'exclude', pattern: 'tmp', matched: 'tmp' })
    expect(filter.explain('a.txt', false)).toEqual({ hidden: true, by: 'include', matched: 'a.txt' })
    expect(filter.explain('d/a.log', false)).toEqual({
      hidden: true,
      by: 'ignore',
      pattern: '*.log',
      origin: { file: 'options', line: 1 },
      matched: 'd/a.log',
    })
    expect(filter.explain('d/keep.log', false)).toEqual({
      hidden: false,
      by: 'ignore',
      pattern: '!keep.log',
      origin: { file: 'options', line: 2 },
      matched: 'd/keep.log',
    })
    expect(filter.explain('docs/a', false)).toEqual({ hidden: false })
  })

  test('the digest stays while the rules do, and changes with each of them', () => {
    const base: FilterConfig = { ignore: ['a'], include: ['b'], exclude: ['c'], minSize: 1, maxSize: 9, modifiedAfter: 1, modifiedBefore: 9 }
    const files = [{ path: '.syncignore', texts: ['x\ny'] }]
    const { digest } = new Filter(base, files)
    expect(digest).toMatch(/^[0-9a-f]{16}$/)
    expect(new Filter({ ...base, filesToSkip: ['q'] }, [{ path: '.syncignore', texts: ['\uFEFF# note\n\nx\r\ny\n'] }]).digest).toBe(digest)
    const changed = [
      new Filter({ ...base, ignore: ['a', 'b'] }, files),
      new Filter({ ...base, include: ['c'] }, files),
      new Filter({ ...base, exclude: ['b'] }, files),
      new Filter({ ...base, minSize: 2 }, files),
      new Filter({ ...base, maxSize: 8 }, files),
      new Filter({ ...base, modifiedAfter: 2 }, files),
      new Filter({ ...base, modifiedBefore: 8 }, files),
      new Filter(base, [{ path: '.syncignore', texts: ['y\nx'] }]),
      new Filter(base, [{ path: '.syncignore', texts: ['x\ny', 'x'] }]),
      new Filter(base, [{ path: 'a/.syncignore', texts: ['x\ny'] }]),
      new Filter(base, []),
    ].map(filter => filter.digest)
    expect(new Set([digest, ...changed]).size).toBe(changed.length + 1)
  })

  test.each<[string, unknown, string]>([
    ['ignore', [1], 'ignore pattern 1 must be a string, got 1'],
    ['ignore', ['ok', 'a\nb'], '"a\\nb" has a line break'],
    ['include', ['x'.repeat(70_000)], 'include: the glob "xxx'],
    ['include', [{}], 'a glob in include must be a string, got an object'],
    ['exclude', [''], 'exclude: "" is an empty glob'],
    ['exclude', ['/'], 'exclude: "/" is an empty glob'],
    ['exclude', ['!a'], 'exclude: the glob "!a" starts with "!"; put it into include'],
    ['include', ['../a'], 'include: the glob "../a" has a "." or ".." segment'],
    ['minSize', -1, 'minSize must not be negative, got -1'],
    ['maxSize', '5', 'maxSize must be a number, got "5"'],
    ['modifiedAfter', NaN, 'modifiedAfter must be a number, got NaN'],
    ['filesToSkip', ['../a'], 'filesToSkip: "../a" is not a path to skip: it has a ".." segment'],
    ['filesToSkip', [''], 'filesToSkip: "" is not a path to skip: it names the whole tree'],
    ['ignoreFile', 'a/b', 'ignoreFile must be the name of a file, without "/", got "a/b"'],
    ['ignoreFile', '', 'ignoreFile must be the name of a file'],
  ])('a bad %s is a TypeError that names it', (option, value, message) => {
    const build = (): Filter => new Filter({ [option]: value } as FilterConfig)
    expect(build).toThrow(TypeError)
    expect(build).toThrow(message)
  })

  test('limits that leave nothing are refused', () => {
    expect(() => new Filter({ minSize: 2, maxSize: 1 })).toThrow('minSize 2 is above maxSize 1')
    expect(() => new Filter({ modifiedAfter: 2, modifiedBefore: 1 })).toThrow('modifiedAfter 2 is later than modifiedBefore 1')
  })
})

describe('digestOf', () => {
  test.each([
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ])('%j has the published FNV-1a digest', (text, digest) => expect(digestOf(text)).toBe(digest))

  test('agrees with the definition in whole numbers', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => {
        let hash = 0xcbf29ce484222325n
        for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
        expect(digestOf(text)).toBe(hash.toString(16).padStart(16, '0'))
      }),
    )
  })
})
