import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareUtf8, parentPath } from '../path.ts'
import { Filter } from './filter.ts'
import { IgnoreFileManager } from './ignore-file-manager.ts'

/** A tree with ignore files: every path, directories with a final "/", and the texts by path. */
interface Case {
  readonly paths: readonly string[]
  readonly files: ReadonlyMap<string, string>
}

/** What decides at a path: the file and the line, and whether it ignores. */
interface Answer {
  readonly ignored: boolean
  readonly rule: string
}

const gitVersion = spawnSync('git', ['--version'], { encoding: 'utf8' }).stdout?.trim()
const runs = Number(process.env['SYNCLINE_IGNORE_RUNS'] ?? 400)
let work = ''
let compared = 0
let ignored = 0

/** Asks git about every path of a real tree. */
function askGit({ paths, files }: Case): Map<string, Answer> {
  const tree = join(work, 'tree')
  rmSync(tree, { recursive: true, force: true })
  mkdirSync(tree)
  for (const path of paths) {
    if (path.endsWith('/')) mkdirSync(join(tree, path), { recursive: true })
    else {
      mkdirSync(dirname(join(tree, path)), { recursive: true })
      writeFileSync(join(tree, path), files.get(path) ?? '')
    }
  }
  const { stdout, status, stderr } = spawnSync(
    'git',
    ['--git-dir', join(work, 'git'), '--work-tree', '.', 'check-ignore', '--no-index', '--stdin', '-z', '-v', '-n'],
    {
      cwd: tree,
      input: paths.map(path => `${path.replace(/\/$/, '')}\0`).join(''),
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C.UTF-8' },
    },
  )
  if (status !== 0 && status !== 1) throw new Error(`git check-ignore failed: ${stderr}`)
  const fields = stdout.split('\0')
  const answers = new Map<string, Answer>()
  for (let i = 0; i + 3 < fields.length; i += 4) {
    const [file, line, pattern, path] = fields.slice(i, i + 4) as [string, string, string, string]
    answers.set(path, { ignored: pattern !== '' && !pattern.startsWith('!'), rule: file === '' ? '' : `${file}:${line}` })
  }
  return answers
}

/** Asks the rules, in key order and back, as two listings and a state would. */
function askRules({ paths, files }: Case): Map<string, Answer> {
  const manager = new IgnoreFileManager()
  for (const [path, text] of files) manager.loadFromText(text, parentPath(path))
  const filter = new Filter(
    { ignoreFile: '.gitignore' },
    [...files].map(([path, text]) => ({ path, texts: [text] })),
  )
  const answers = new Map<string, Answer>()
  for (const path of [...paths, ...paths.toReversed()]) {
    const plain = path.replace(/\/$/, '')
    const { hidden: ignored, origin } = filter.explain(plain, path.endsWith('/'))
    expect(filter.hides(plain, path.endsWith('/')), `hides and explain agree at ${path}`).toBe(ignored)
    expect(manager.shouldIgnore(path), `filter and manager agree at ${path}`).toBe(ignored)
    answers.set(plain, { ignored, rule: origin === undefined ? '' : `${origin.file}:${origin.line}` })
  }
  return answers
}

function expectAgreement(input: Case): void {
  const git = askGit(input)
  const own = askRules(input)
  expect(git.size).toBe(new Set(input.paths.map(path => path.replace(/\/$/, ''))).size)
  for (const [path, answer] of git) {
    expect({ path, ...own.get(path) }, [...input.files].map(([file, text]) => `${file}: ${JSON.stringify(text)}`).join('\n')).toEqual({
      path,
      ...answer,
    })
    compared++
    if (answer.ignored) ignored++
  }
}

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'ab', 'abc', 'foo', 'bar', 'a.b', 'x.log', 'build', '.a') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*',
      '?',
      '[',
      ']',
      '[a]',
      '#a',
      '!a',
      'a b',
      'a ',
      ' a',
      'a\\b',
      'a\\',
      '-',
      '^',
      'a\nb',
      '{a,b}',
      '$',
      '(a)',
      'a|b',
      '+',
      'A',
      'a\tb',
      '**',
      '..a',
    ),
  },
)
const treePath = fc.array(name, { minLength: 1, maxLength: 4 }).map(segments => segments.join('/'))

const bracket = fc.constantFrom(
  '[ab]',
  '[a-c]',
  '[!a]',
  '[^b]',
  '[]a]',
  '[!]a]',
  '[a-]',
  '[-a]',
  '[\\]]',
  '[[:alpha:]]',
  '[![:lower:]]',
  '[a',
  '[',
  ']',
  '[]',
  '[!]',
  '[c-a]',
  '[.]',
  '[*]',
  '[a/]',
  '[\\\\]',
  '[A-z]',
)
const piece = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c', 'ab', 'foo', 'bar', '.log', '.a', 'build', 'x') },
  { weight: 6, arbitrary: fc.constantFrom('*', '?', '**') },
  { weight: 2, arbitrary: bracket },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '\\*',
      '\\?',
      '\\a',
      '\\[',
      '\\]',
      '\\\\',
      '\\ ',
      '\\#',
      '\\!',
      ' ',
      '#',
      '!',
      '^',
      '$',
      '{a,b}',
      '(a)',
      '|',
      '+',
      '.',
      '-',
      '\t',
      '\uE000',
      'A',
    ),
  },
)
const segment = fc.oneof(
  { weight: 5, arbitrary: fc.array(piece, { minLength: 1, maxLength: 3 }).map(pieces => pieces.join('')) },
  { weight: 2, arbitrary: fc.constantFrom('*', '**', 'a', 'b', 'foo', 'build', '***') },
)
/** Asterisks right after a plain beginning, or beside an escaped slash: git reads them as "any directories", which its manual does not say. */
const knownDifference = /^!?[^*?[\\]*[^*?[\\/!]\*\*+(?:\/|\s*$)|\*\*+\\\/|\\\/\*\*/
const rule = fc
  .record({
    negative: fc.boolean(),
    anchored: fc.boolean(),
    segments: fc.array(segment, { minLength: 1, maxLength: 3 }),
    end: fc.constantFrom('', '', '', '/', '/', ' ', '  ', '\\ ', '\\', '\t', '/ ', '\r'),
  })
  .map(({ negative, anchored, segments, end }) => `${negative ? '!' : ''}${anchored ? '/' : ''}${segments.join('/')}${end}`)
  .filter(text => !knownDifference.test(text))
const line = fc.oneof(
  { weight: 12, arbitrary: rule },
  // What many rule sets are made of: the same few patterns, kept and ignored again.
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom('', '!'), fc.constantFrom('*', '/*', 'a', 'a/', '/a', 'a/b', '*.log', '**/b', 'a/**', 'a/**/b', 'foo/*', 'build/', '**'))
      .map(parts => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('', '# note', ' ', '!', '/', '//', '\\', '!!a', '#', '!/', '\r', '\\#a', '\\!a') },
)
const text = fc
  .record({
    mark: fc.constantFrom('', '', '', '\uFEFF'),
    lines: fc.array(line, { minLength: 1, maxLength: 6 }),
    end: fc.constantFrom('\n', '\n', '\r\n', ''),
    last: fc.boolean(),
  })
  .map(({ mark, lines, end, last }) => mark + lines.join(end || '\n') + (last ? end : ''))

/** A tree without a path that is both a file and a directory, with ignore files in some of its directories. */
const tree = fc
  .record({
    leaves: fc.array(treePath, { minLength: 3, maxLength: 14 }),
    texts: fc.array(fc.tuple(fc.nat(), text), { minLength: 1, maxLength: 4 }),
    kinds: fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
  })
  .map(({ leaves, texts, kinds }): Case => {
    const directories = new Set<string>()
    for (const leaf of leaves) for (let path = parentPath(leaf); path !== ''; path = parentPath(path)) directories.add(path)
    for (const [index, leaf] of leaves.entries()) if (kinds[index]) directories.add(leaf)
    const homes = ['', ...directories]
    const files = new Map<string, string>()
    for (const [index, [at, content]] of texts.entries()) {
      const home = index === 0 ? '' : (homes[at % homes.length] as string)
      files.set(home === '' ? '.gitignore' : `${home}/.gitignore`, content)
    }
    const paths = new Set([...[...directories].map(path => `${path}/`), ...leaves.filter(leaf => !directories.has(leaf)), ...files.keys()])
    return { paths: [...paths].sort(compareUtf8), files }
  })

describe.skipIf(gitVersion === undefined)(`ignore rules against ${gitVersion ?? 'git (skipped: git is not installed)'}`, () => {
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'syncline-ignore-'))
    execFileSync('git', ['init', '-q', '--bare', '--template=', join(work, 'git')])
    for (const [key, value] of [
      ['core.bare', 'false'],
      ['core.ignorecase', 'false'],
      ['core.excludesFile', '/dev/null'],
    ] as const) {
      execFileSync('git', ['--git-dir', join(work, 'git'), 'config', key, value])
    }
  })
  afterAll(() => {
    rmSync(work, { recursive: true, force: true })
    console.log(`ignore rules: ${compared} paths compared with ${gitVersion}, ${ignored} of them ignored`)
  })

  test('agree with git on generated trees and rules, to the deciding line', () => {
    fc.assert(fc.property(tree, expectAgreement), { numRuns: runs })
  }, 300_000)

  test('differ from git only where the manual of git does too, and in what "?" and brackets count', () => {
    const files = new Map([['.gitignore', 'a**/b\n**\\/c\nx?y\nu[!v]w']])
    const paths = ['.gitignore', 'a1/2/b', 'ab/b', 'x/y/c', 'xéy', 'uéw']
    const git = askGit({ paths, files })
    const own = askRules({ paths, files })
    expect(paths.map(path => [path, git.get(path)?.ignored, own.get(path)?.ignored])).toEqual([
      ['.gitignore', false, false],
      ['a1/2/b', true, false],
      ['ab/b', true, true],
      ['x/y/c', true, false],
      ['xéy', false, true],
      ['uéw', false, true],
    ])
  })
})
