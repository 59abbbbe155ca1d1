import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Filter } from './filter.ts'

const page = readFileSync(fileURLToPath(new URL('../../../../docs/ignore-rules.md', import.meta.url)), 'utf8')

/** The rows of a marked table: per cell, what stands between backticks. */
function rowsOf(table: string): readonly (readonly string[][])[] {
  const lines = (page.split(`<!-- table: ${table} -->\n`)[1] ?? '').split('\n')
  const end = lines.findIndex(line => !line.startsWith('|'))
  return lines.slice(2, end).map(line =>
    line
      .split(/(?<=[`\s])\|/)
      .slice(0, -1)
      .map(cell => [...cell.matchAll(/`([^`]*)`/g)].map(match => match[1] as string)),
  )
}

function isHidden(filter: Filter, path: string): boolean {
  return path.endsWith('/') ? filter.hides(path.slice(0, -1), true) : filter.hides(path, false)
}

/** What git says of the paths, asked one tree per path so that no two examples get in each other's way. */
function isIgnoredByGit(files: Readonly<Record<string, string>>, path: string): boolean {
  const root = mkdtempSync(join(tmpdir(), 'syncline-doc-'))
  try {
    execFileSync('git', ['init', '-q', '--template=', root])
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), text)
    }
    if (path.endsWith('/')) mkdirSync(join(root, path), { recursive: true })
    else {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), '')
    }
    const { stdout, status } = spawnSync('git', ['check-ignore', '--no-index', '--stdin', '-z'], {
      cwd: root,
      input: `${path.replace(/\/$/, '')}\0`,
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    })
    if (status !== 0 && status !== 1) throw new Error('git check-ignore failed')
    return stdout !== ''
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const gitIsMissing = spawnSync('git', ['--version']).status !== 0
const rules = rowsOf('rules').map(([patterns = [], hides = [], keeps = []]) => ({ files: { '.syncignore': patterns.join('\n') }, hides, keeps }))
const nested = rowsOf('nested').map(([root = [], sub = [], hides = [], keeps = []]) => ({
  files: { '.syncignore': root.join('\n'), 'sub/.syncignore': sub.join('\n') },
  hides,
  keeps,
}))
const globs = rowsOf('globs').map(([include = [], exclude = [], keeps = [], hides = []]) => ({ include, exclude, keeps, hides }))

describe('docs/ignore-rules.md', () => {
  test('has its tables', () => expect([rules.length, nested.length, globs.length]).toEqual([23, 4, 8]))

  test.each([...rules, ...nested])('ignore files $files hide $hides and not $keeps', ({ files, hides, keeps }) => {
    expect(hides.length + keeps.length).toBeGreaterThan(0)
    const filter = new Filter(
      {},
      Object.entries(files).map(([path, text]) => ({ path, texts: [text] })),
    )
    expect([...hides, ...keeps].filter(path => isHidden(filter, path))).toEqual(hides)
  })

  test.skipIf(gitIsMissing)(`git says the same of every path${gitIsMissing ? ' (skipped: git is not installed)' : ''}`, () => {
    for (const { files, hides, keeps } of [...rules, ...nested]) {
      const gitFiles = Object.fromEntries(Object.entries(files).map(([path, text]) => [path.replace('.syncignore', '.gitignore'), text]))
      expect(
        [...hides, ...keeps].filter(path => isIgnoredByGit(gitFiles, path)),
        JSON.stringify(files),
      ).toEqual(hides)
    }
  })

  test.each(globs)('include $include and exclude $exclude: $keeps takes part, $hides does not', ({ include, exclude, keeps, hides }) => {
    const filter = new Filter({ include, exclude })
    expect([...keeps, ...hides].filter(path => isHidden(filter, path))).toEqual(hides)
  })
})
