import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SyncEngine, SyncPair, type SyncResult } from '@syncline/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fs, processOwner } from '../src/index.ts'

// Real input: the modules this repository is built with. Tens of thousands of files, links, deep paths, scripts that can be run.

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'syncline-modules-'))
const [left, right, state] = [join(root, 'left'), join(root, 'right'), join(root, 'state')]
let counts = { files: 0, directories: 0, links: 0, bytes: 0 }

/** A copy that nobody changes meanwhile. Half of it, by name, starts at each side, so that both directions have much to carry. */
beforeAll(() => {
  const copied = spawnSync('cp', ['-a', modules, left], { encoding: 'utf8' })
  if (copied.status !== 0) throw new Error(`node_modules could not be copied: ${copied.stderr}`)
  spawnSync('mkdir', ['-p', join(right, '.pnpm')])
  for (const [i, name] of readdirSync(join(left, '.pnpm')).sort().entries())
    if (i % 2 === 1) renameSync(join(left, '.pnpm', name), join(right, '.pnpm', name))
}, 300_000)

afterAll(() => {
  console.log(`node_modules: ${counts.files} files, ${counts.directories} directories, ${counts.links} links, ${counts.bytes} bytes`)
  rmSync(root, { recursive: true, force: true })
}, 300_000)

function sync(): Promise<SyncResult> {
  const pair = new SyncPair({ source: fs(left), destination: fs(right), state: fs(state), id: 'modules' })
  return new SyncEngine({ owner: processOwner() }).syncPair(pair, { ignoreFile: false })
}

/** Every path in one word: kind, permissions, time of files to the microsecond, size and hash. Written without the code that it checks. */
function* walk(directory: string, prefix = ''): Generator<readonly [string, string]> {
  for (const name of readdirSync(directory).sort()) {
    if (prefix === '' && name === '.syncline-trash') continue
    const file = join(directory, name)
    const stats = lstatSync(file, { bigint: true })
    const mode = (stats.mode & 0o7777n).toString(8)
    if (stats.isSymbolicLink()) yield [prefix + name, `link ${readlinkSync(file)}`]
    else if (stats.isDirectory()) {
      yield [prefix + name, `directory ${mode}`]
      yield* walk(file, `${prefix}${name}/`)
    } else yield [prefix + name, `file ${mode} ${stats.mtimeNs / 1000n} ${stats.size} ${hashOf(file)}`]
  }
}

const buffer = Buffer.allocUnsafe(1 << 20)

function hashOf(file: string): string {
  const hash = createHash('sha1')
  const descriptor = openSync(file, 'r')
  try {
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) hash.update(buffer.subarray(0, read))
  } finally {
    closeSync(descriptor)
  }
  return hash.digest('hex')
}

/** Times of files may be a microsecond apart: a number of milliseconds keeps no more. */
function isSame(one: string | undefined, other: string | undefined): boolean {
  if (one === other) return true
  const [a, b] = [one?.split(' '), other?.split(' ')]
  if (a?.[0] !== 'file' || b?.[0] !== 'file' || Math.abs(Number(a[2]) - Number(b[2])) > 1) return false
  return [0, 1, 3, 4].every(at => a[at] === b[at])
}

/** Where two trees differ; the first of them. */
function differences(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  for (const path of new Set([...one.keys(), ...other.keys()])) {
    if (!isSame(one.get(path), other.get(path)) && found.push(`${path}: ${one.get(path)} / ${other.get(path)}`) === 20) break
  }
  return found
}

describe('the node_modules of this repository', () => {
  let before: Map<string, string>

  test('are the same on both sides after one sync, by every byte, kind, permission and time', async () => {
    before = new Map([...walk(left), ...walk(right)])
    for (const word of before.values()) {
      if (word.startsWith('file')) counts = { ...counts, files: counts.files + 1, bytes: counts.bytes + Number(word.split(' ')[3]) }
      else if (word.startsWith('link')) counts = { ...counts, links: counts.links + 1 }
      else counts = { ...counts, directories: counts.directories + 1 }
    }
    expect(counts.files).toBeGreaterThan(5000)
    expect(counts.links).toBeGreaterThan(20)
    const result = await sync()
    expect([result.exitCode, result.failures.slice(0, 5), result.problems.slice(0, 5)]).toEqual([0, [], []])
    expect(Math.min(result.stats.uploads, result.stats.downloads)).toBeGreaterThan(1000)
    expect(differences(before, new Map(walk(left)))).toEqual([])
    expect(differences(before, new Map(walk(right)))).toEqual([])
  }, 600_000)

  test('need nothing the second time', async () => {
    const again = await sync()
    expect([again.plan.items.length, again.plan.settled.length, again.exitCode]).toEqual([0, 0, 0])
  }, 300_000)

  test('follow edits on both sides, and rest again', async () => {
    const files = [...before].filter(([path, word]) => word.startsWith('file') && path.endsWith('.js')).map(([path]) => path)
    const pick = (n: number): string => files[n * Math.floor(files.length / 12)] as string
    writeFileSync(join(left, pick(1)), 'edited at the left')
    appendFileSync(join(right, pick(2)), '\n// edited at the right')
    rmSync(join(left, pick(3)))
    rmSync(join(right, pick(4)))
    renameSync(join(left, pick(5)), join(left, `${pick(5)}.renamed`))
    renameSync(join(right, pick(6)), join(right, 'renamed to the top.js'))
    const packages = readdirSync(join(left, '.pnpm')).filter(name => name.includes('@') && before.get(`.pnpm/${name}`)?.startsWith('directory'))
    const [renamed, removed] = [packages[1] as string, packages[3] as string]
    renameSync(join(left, '.pnpm', renamed), join(left, '.pnpm', `renamed ${renamed}`))
    rmSync(join(right, '.pnpm', removed), { recursive: true })
    writeFileSync(join(right, 'new'), 'new at the right')
    const result = await sync()
    expect([result.exitCode, result.failures, result.stale]).toEqual([0, [], []])
    expect(result.stats.renamesDestination).toBeGreaterThan(0)
    const [ours, theirs] = [new Map(walk(left)), new Map(walk(right))]
    expect(differences(ours, theirs)).toEqual([])
    expect(ours.has(`.pnpm/${renamed}`) || ours.has(`.pnpm/${removed}`) || ours.has(pick(3)) || ours.has(pick(4))).toBe(false)
    expect([ours.has('new'), ours.has('renamed to the top.js'), ours.has(`.pnpm/renamed ${renamed}`)]).toEqual([true, true, true])
    // A name of a file with several names that went has moved the change time of the others: they are compared once more.
    expect((await sync()).plan.items).toEqual([])
    const again = await sync()
    expect([again.plan.items, again.plan.settled]).toEqual([[], []])
  }, 600_000)
})
