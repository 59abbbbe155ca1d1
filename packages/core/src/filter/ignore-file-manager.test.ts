import { describe, expect, test } from 'vitest'
import { IgnoreFileManager } from './ignore-file-manager.ts'

function managerOf(...patterns: string[]): IgnoreFileManager {
  const manager = new IgnoreFileManager()
  manager.addPatterns(patterns)
  return manager
}

interface Case {
  readonly patterns: readonly string[]
  readonly ignores: readonly string[]
  readonly keeps: readonly string[]
}

describe('IgnoreFileManager', () => {
  test.each<Case>([
    { patterns: ['*.tmp'], ignores: ['a.tmp', 'deep/down/a.tmp', '.tmp'], keeps: ['a.tmp.txt', 'tmp', 'A.TMP'] },
    { patterns: ['*.log'], ignores: ['a.log', 'logs/a.log', 'x.log/'], keeps: ['a.logs', 'log'] },
    { patterns: ['/build/'], ignores: ['build/', 'build/x', 'build/deep/x'], keeps: ['build', 'sub/build/', 'sub/build/x'] },
    { patterns: ['build/'], ignores: ['build/', 'sub/build/x', 'build/x'], keeps: ['build', 'sub/build', 'builds/x'] },
    { patterns: ['**/node_modules/'], ignores: ['node_modules/', 'a/b/node_modules/c/d.js'], keeps: ['node_modules', 'node_modules2/x'] },
    { patterns: ['*.log', '!important.log'], ignores: ['a.log', 'sub/a.log'], keeps: ['important.log', 'sub/important.log'] },
    { patterns: ['*.py[cod]'], ignores: ['a.pyc', 'a.pyo', 'sub/a.pyd'], keeps: ['a.py', 'a.pyx', 'a.pycc'] },
    { patterns: ['#comment'], ignores: [], keeps: ['#comment', 'comment'] },
    { patterns: ['\\#comment'], ignores: ['#comment'], keeps: ['comment', '\\#comment'] },
    { patterns: ['logs/', '!logs/keep.log'], ignores: ['logs/', 'logs/keep.log'], keeps: ['logs'] },
    { patterns: ['logs/*', '!logs/keep.log'], ignores: ['logs/a.log', 'logs/sub/'], keeps: ['logs/', 'logs/keep.log'] },
    { patterns: ['doc/*.txt'], ignores: ['doc/a.txt'], keeps: ['doc/server/a.txt', 'sub/doc/a.txt'] },
    { patterns: ['a/**/z'], ignores: ['a/z', 'a/b/c/z'], keeps: ['z', 'b/a/z'] },
    { patterns: ['*', '!*/', '!*.md'], ignores: ['a.txt', 'sub/a.txt'], keeps: ['a.md', 'sub/', 'sub/deep/a.md'] },
  ])('$patterns ignores $ignores and keeps $keeps', ({ patterns, ignores, keeps }) => {
    const manager = managerOf(...patterns)
    for (const path of ignores) expect(manager.shouldIgnore(path), path).toBe(true)
    for (const path of keeps) expect(manager.shouldIgnore(path), path).toBe(false)
  })

  test('an ignore file for a Python project ignores what its comments say', () => {
    const manager = new IgnoreFileManager()
    manager.loadFromText(
      '# Compiled\n*.pyc\n__pycache__/\n\n.DS_Store\nThumbs.db\n.vscode/\n*.swp\nbuild/\ndist/\n*.egg-info/\n*.log\n!critical.log\n',
    )
    for (const path of [
      'a/b.pyc',
      'pkg/__pycache__/x',
      '.DS_Store',
      'sub/Thumbs.db',
      '.vscode/settings.json',
      'a.swp',
      'dist/x',
      'p.egg-info/',
      'a.log',
    ]) {
      expect(manager.shouldIgnore(path), path).toBe(true)
    }
    for (const path of ['a.py', 'critical.log', 'sub/critical.log', 'build', 'p.egg-info']) expect(manager.shouldIgnore(path), path).toBe(false)
  })

  test('says by a final "/" or by the argument that a path is a directory', () => {
    const manager = managerOf('build/')
    expect([manager.shouldIgnore('build'), manager.shouldIgnore('build/'), manager.shouldIgnore('build', true)]).toEqual([false, true, true])
  })

  test('never ignores the root', () => {
    const manager = managerOf('*', '**', '/')
    expect([manager.shouldIgnore(''), manager.shouldIgnore('/'), manager.shouldIgnore('', true)]).toEqual([false, false, false])
  })

  test('a file’s rules count for its directory and below, and deeper files are stronger', () => {
    const manager = new IgnoreFileManager()
    manager.loadFromText('*.log\n/top\n')
    manager.loadFromText('!debug.log\n/top\n', 'sub')
    expect(
      ['debug.log', 'sub/debug.log', 'sub/deep/debug.log', 'sub/a.log', 'top', 'sub/top', 'other/top'].map(path => manager.shouldIgnore(path)),
    ).toEqual([true, false, false, true, true, true, false])
  })

  test('the order in which files are loaded does not matter', () => {
    const manager = new IgnoreFileManager()
    manager.loadFromText('!debug.log', 'sub')
    manager.loadFromText('*.log')
    expect(manager.shouldIgnore('sub/debug.log')).toBe(false)
  })

  test('a deeper file cannot keep anything below a directory that is ignored', () => {
    const manager = new IgnoreFileManager()
    manager.loadFromText('out/\n')
    manager.loadFromText('!keep\n!*\n', 'out')
    expect(manager.explain('out/keep')).toEqual({ ignored: true, pattern: 'out/', origin: { file: '.syncignore', line: 1 }, matched: 'out' })
  })

  test('a directory that a stronger rule keeps is entered, and what lies in it is judged by itself', () => {
    const manager = new IgnoreFileManager()
    manager.loadFromText('a/b/\n*.o\n')
    manager.loadFromText('!b/\n', 'a')
    expect(['a/b/', 'a/b/c', 'a/b/c.o'].map(path => manager.shouldIgnore(path))).toEqual([false, false, true])
    const everything = new IgnoreFileManager()
    everything.loadFromText('*')
    everything.addPattern('!foo/')
    expect(['foo/', 'foo/x', 'bar'].map(path => everything.shouldIgnore(path))).toEqual([false, true, true])
  })

  test('added patterns are stronger than every file', () => {
    const manager = managerOf('!a.log', '*.txt')
    manager.loadFromText('*.log')
    manager.loadFromText('!*.txt\na.log', 'sub')
    expect(['a.log', 'b.log', 'sub/a.log', 'sub/a.txt'].map(path => manager.shouldIgnore(path))).toEqual([false, true, false, true])
  })

  test('explains with the rule, its file and its line, or its place among the patterns', () => {
    const manager = managerOf('*.tmp', '!keep.tmp')
    manager.loadFromText('# one\n\n*.log \n', 'sub')
    expect(manager.explain('a.tmp')).toEqual({ ignored: true, pattern: '*.tmp', origin: { file: 'options', line: 1 }, matched: 'a.tmp' })
    expect(manager.explain('keep.tmp')).toEqual({ ignored: false, pattern: '!keep.tmp', origin: { file: 'options', line: 2 }, matched: 'keep.tmp' })
    expect(manager.explain('sub/x/a.log')).toEqual({
      ignored: true,
      pattern: '*.log ',
      origin: { file: 'sub/.syncignore', line: 3 },
      matched: 'sub/x/a.log',
    })
    expect(manager.explain('a.log')).toEqual({ ignored: false })
  })

  test('a byte order mark and CRLF line ends are no part of a rule', () => {
    const manager = new IgnoreFileManager()
    manager.loadFromText('\uFEFF*.log\r\nbuild/\r\n')
    expect(['a.log', 'build/', 'a.log\r'].map(path => manager.shouldIgnore(path))).toEqual([true, true, false])
    expect(manager.patterns).toEqual(['*.log', 'build/'])
  })

  test('clear forgets every rule', () => {
    const manager = managerOf('*')
    manager.loadFromText('*', 'sub')
    expect(manager.shouldIgnore('sub/a')).toBe(true)
    manager.clear()
    expect(manager.patterns).toEqual([])
    expect(manager.shouldIgnore('sub/a')).toBe(false)
  })

  test('a rule that is added later counts for paths that were asked before', () => {
    const manager = managerOf('*.log')
    expect(manager.shouldIgnore('a.tmp')).toBe(false)
    manager.addPattern('*.tmp')
    expect(manager.shouldIgnore('a.tmp')).toBe(true)
  })

  test.each([
    [7, 'ignore pattern 1 must be a string, got 7'],
    [null, 'ignore pattern 1 must be a string, got null'],
    ['a\nb', 'ignore pattern "a\\nb" has a line break'],
    ['x'.repeat(70_000), 'is too long'],
  ])('refuses a bad pattern, naming it, and keeps the rules it had', (pattern, message) => {
    const manager = managerOf('*.log')
    expect(() => manager.addPattern(pattern as string)).toThrow(TypeError)
    expect(() => manager.addPattern(pattern as string)).toThrow(message)
    expect(manager.patterns).toEqual(['*.log'])
  })
})
