import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { decorate, type FileEntry, type TransferItem, type TransferOptions, type TransferOutcome, type WritableStorage } from '@syncline/core'
import { contents, directory, fill, isRoot, listAll, threadCount, unprivileged } from '../test/fixture.ts'
import { fs, type FsOptions } from './fs.ts'

const hasWorker = existsSync(new URL('../dist/worker.js', import.meta.url))

interface Pair {
  readonly from: string
  readonly to: string
  readonly source: WritableStorage
  readonly target: WritableStorage
}

function pair(options?: FsOptions): Pair {
  const [from, to] = [directory(), directory()]
  const target = fs(to, options)
  onTestFinished(() => target.close?.())
  return { from, to, source: fs(from), target }
}

async function transfer({ source, target }: Pair, items: readonly TransferItem[], options?: TransferOptions): Promise<readonly TransferOutcome[]> {
  const outcomes = await target.transferFrom?.(source, items, options)
  if (outcomes === undefined) throw new Error('not taken')
  return outcomes
}

async function itemsOf(source: WritableStorage): Promise<TransferItem[]> {
  const files = (await listAll(source)).filter((entry): entry is FileEntry => entry.kind === 'file')
  return files.map(({ path, size, modified, mode, etag }) => ({
    from: path,
    to: path,
    size,
    ifNoneMatch: '*' as const,
    modified: modified as number,
    mode: mode as number,
    fromMatch: etag as string,
  }))
}

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')

describe('transferFrom', () => {
  test.each([
    ['this thread', 0],
    ['other threads', 2],
  ] as const)('copies content, time and mode, makes parents, and hashes, in %s', async (_, workers) => {
    if (workers > 0 && !hasWorker) throw new Error('build the package first')
    const both = pair({ workers })
    const big = Buffer.alloc(3_500_000, 'abc')
    for (let i = 0; i < 1600; i++) fill(both.from, { [`d${i % 7}/f${i}`]: `content ${i}` })
    fill(both.from, { empty: '', big, 'odd \n"name': 'x' })
    chmodSync(join(both.from, 'd0/f0'), 0o4711)
    utimesSync(join(both.from, 'big'), 1, 1234.5)
    const progress: number[] = []
    const items = await itemsOf(both.source)
    const threads = threadCount()
    const outcomes = await transfer(both, items, { hash: 'sha256', onProgress: (index, bytes) => progress.push(index, bytes) })
    expect(contents(both.to)).toEqual(contents(both.from))
    if (threads > 0 && workers > 0) expect(threadCount()).toBeGreaterThan(threads)
    expect(progress.slice(-2)).toEqual([items.findIndex(item => item.from === 'big'), big.length])
    for (const [index, outcome] of outcomes.entries()) {
      const item = items[index] as TransferItem
      if ('error' in outcome) throw outcome.error
      const { hashes, ...entry } = outcome.entry
      expect(hashes).toEqual({ sha256: sha256(readFileSync(join(both.from, item.from))) })
      expect(entry).toEqual(await both.target.stat(item.to))
      expect(entry).toMatchObject({ mode: item.mode, size: item.size })
      expect(Math.abs((entry.modified as number) - (item.modified as number))).toBeLessThanOrEqual(0.001)
    }
  })

  test.each([0, 2])('reports each failure in its place and changes nothing there (workers: %d)', async workers => {
    const both = pair({ workers })
    fill(both.from, {
      ok: 'new',
      changed: 'longer now',
      vanished: 'x',
      exists: 'new',
      'over-dir': 'x',
      'below-file': 'x',
      same: 'abc',
      big: 'x'.repeat(2_000_000),
      old: 'y',
    })
    fill(both.to, { exists: 'theirs', 'over-dir/kept': '', file: 'f', stale: 'theirs', big: 'theirs' })
    const filler = Array.from({ length: 1600 }, (_, index) => ({ from: 'ok', to: `filler/${index}`, size: 3 }))
    const etag = ((await both.source.stat('same')) as FileEntry).etag as string
    writeFileSync(join(both.from, 'same'), 'ABC')
    rmSync(join(both.from, 'vanished'))
    const items: TransferItem[] = [
      { from: 'ok', to: 'ok', size: 3 },
      { from: 'changed', to: 'changed', size: 3 },
      { from: 'vanished', to: 'vanished', size: 1 },
      { from: 'exists', to: 'exists', size: 3, ifNoneMatch: '*' },
      { from: 'over-dir', to: 'over-dir', size: 1 },
      { from: 'below-file', to: 'file/x', size: 1 },
      { from: 'same', to: 'same', size: 3, fromMatch: etag },
      { from: 'old', to: 'stale', size: 1, ifMatch: '1-1.1' },
      { from: 'big', to: 'big', size: 2_000_001 },
      { from: '../x', to: 'x', size: 1 },
      { from: 'ok', to: '/x', size: 3 },
      ...filler,
    ]
    const outcomes = await transfer(both, items)
    expect(outcomes.slice(0, 11).map(outcome => ('error' in outcome ? (outcome.error as { code: string }).code : outcome.entry.size))).toEqual([
      3,
      'PRECONDITION_FAILED',
      'NOT_FOUND',
      'PRECONDITION_FAILED',
      'IS_A_DIRECTORY',
      'NOT_A_DIRECTORY',
      'PRECONDITION_FAILED',
      'PRECONDITION_FAILED',
      'PRECONDITION_FAILED',
      'INVALID_PATH',
      'INVALID_PATH',
    ])
    rmSync(join(both.to, 'filler'), { recursive: true })
    expect(contents(both.to)).toEqual({
      big: 'theirs',
      exists: 'theirs',
      file: 'f',
      ok: 'new',
      'over-dir/': '',
      'over-dir/kept': '',
      stale: 'theirs',
    })
  })

  test('copies nothing but regular files, and does not wait for a pipe', async () => {
    const both = pair()
    fill(both.from, { f: 'secret' })
    execFileSync('mkfifo', [join(both.from, 'fifo')])
    symlinkSync('f', join(both.from, 'l'))
    const outcomes = await transfer(both, [
      { from: 'fifo', to: 'a', size: 0 },
      { from: 'l', to: 'b', size: 6 },
    ])
    expect(outcomes).toMatchObject([{ error: { code: 'PRECONDITION_FAILED', path: 'fifo' } }, { error: { code: 'PRECONDITION_FAILED', path: 'l' } }])
    expect(contents(both.to)).toEqual({})
  })

  test.each(['a pipe', 'a directory', 'a link', 'more', 'less', 'other content'])(
    'copies no version but the listed one: there is %s now',
    async what => {
      const both = pair()
      fill(both.from, { f: 'abc', g: 'abc' })
      const { etag } = (await both.source.stat('f')) as FileEntry
      const file = join(both.from, 'f')
      if (what === 'a pipe' || what === 'a directory' || what === 'a link') rmSync(file)
      if (what === 'a pipe') execFileSync('mkfifo', [file])
      else if (what === 'a directory') mkdirSync(file)
      else if (what === 'a link') symlinkSync('g', file)
      else writeFileSync(file, { more: 'abcd', less: 'ab' }[what] ?? 'xyz')
      const outcomes = await transfer(both, [{ from: 'f', to: 'f', size: 3, ...(etag !== undefined && { fromMatch: etag }) }])
      expect(outcomes).toMatchObject([{ error: { code: 'PRECONDITION_FAILED', path: 'f' } }])
      expect(contents(both.to)).toEqual({})
    },
  )

  test('rejects a big file that is written while it is copied', async () => {
    const both = pair({ workers: 0 })
    fill(both.from, { big: 'x'.repeat(8_000_000) })
    fill(both.to, { big: 'old' })
    let isFirst = true
    const onProgress = (): void => {
      if (isFirst) appendFileSync(join(both.from, 'big'), 'y')
      isFirst = false
    }
    expect(await transfer(both, [{ from: 'big', to: 'big', size: 8_000_000 }], { onProgress })).toMatchObject([
      { error: { code: 'PRECONDITION_FAILED', path: 'big' } },
    ])
    expect(contents(both.to)).toEqual({ big: 'old' })
  })

  test('rejects a big file that shrinks while it is copied', async () => {
    const both = pair({ workers: 0 })
    fill(both.from, { big: 'x'.repeat(8_000_000) })
    const onProgress = (): void => truncateSync(join(both.from, 'big'), 10)
    expect(await transfer(both, [{ from: 'big', to: 'big', size: 8_000_000 }], { onProgress })).toMatchObject([
      { error: { code: 'PRECONDITION_FAILED' } },
    ])
    expect(contents(both.to)).toEqual({})
  })

  test.each([0, 1])('an abort ends a big file and what comes after it, and tells the reason (workers: %d)', async workers => {
    const both = pair({ workers })
    fill(both.from, { first: 'x', big: Buffer.alloc(60_000_000), last: 'x' })
    const controller = new AbortController()
    const reason = new Error('enough')
    const items = [
      { from: 'first', to: 'first', size: 1 },
      { from: 'big', to: 'big', size: 60_000_000 },
      { from: 'last', to: 'last', size: 1 },
    ]
    const outcomes = await transfer(both, items, { signal: controller.signal, onProgress: () => controller.abort(reason) })
    expect(outcomes).toMatchObject([{ entry: { size: 1 } }, {}, {}])
    expect(outcomes.slice(1)).toEqual([{ error: reason }, { error: reason }])
    expect(contents(both.to)).toEqual({ first: 'x' })
    await expect(both.target.transferFrom?.(both.source, items, { signal: controller.signal })).rejects.toBe(reason)
  })

  test.each([100_000, 5_000_000])('keeps holes of a file of %d bytes', async size => {
    const both = pair({ workers: 0 })
    const fd = openSync(join(both.from, 'f'), 'w')
    writeSync(fd, 'begin', 0)
    writeSync(fd, 'middle', 65_536 + 10)
    closeSync(fd)
    truncateSync(join(both.from, 'f'), size)
    const [outcome] = await transfer(both, [{ from: 'f', to: 'f', size }], { hash: 'sha256' })
    expect(outcome).toMatchObject({ entry: { size, hashes: { sha256: sha256(readFileSync(join(both.from, 'f'))) } } })
    expect(readFileSync(join(both.to, 'f')).equals(readFileSync(join(both.from, 'f')))).toBe(true)
    expect(statSync(join(both.to, 'f')).blocks).toBeLessThanOrEqual(statSync(join(both.from, 'f')).blocks)
  })

  test('is not offered to storages of another kind, nor to wrappers', () => {
    const both = pair()
    expect(both.target.transferFrom?.(decorate(both.source), [])).toBeUndefined()
    expect(both.target.transferFrom?.(Object.create(both.source) as WritableStorage, [])).toBeUndefined()
  })

  test('does not read what it may not, nor write where it may not', async () => {
    const both = pair({ workers: 0 })
    fill(both.from, { f: 'x', g: 'x' })
    mkdirSync(join(both.to, 'd'), { mode: 0o555 })
    chmodSync(join(both.from, 'f'), 0)
    const outcomes = await unprivileged(() =>
      transfer(both, [
        { from: 'f', to: 'f', size: 1 },
        { from: 'g', to: 'd/g', size: 1 },
      ]),
    )
    expect(outcomes).toMatchObject([{ error: { code: 'PERMISSION_DENIED', path: 'f' } }, { error: { code: 'PERMISSION_DENIED', path: 'd/g' } }])
  })

  test('with fsync works the same', async () => {
    const both = pair({ fsync: true })
    fill(both.from, { 'a/b/f': 'x', g: 'y' })
    await transfer(both, await itemsOf(both.source))
    expect(contents(both.to)).toEqual(contents(both.from))
  })

  test.runIf(isRoot)('shares blocks where the file system can', async context => {
    const mounted = directory()
    const image = join(directory(), 'image')
    try {
      writeFileSync(image, '')
      truncateSync(image, 200 * 1024 * 1024)
      execFileSync('mkfs.btrfs', ['-q', image], { stdio: 'pipe' })
      execFileSync('mount', ['-o', 'loop', image, mounted], { stdio: 'pipe' })
    } catch {
      context.skip('cannot make and mount a btrfs image here')
    }
    try {
      const storage = fs(mounted, { workers: 0 })
      const big = Buffer.alloc(4_000_000, 'abc')
      fill(mounted, { big })
      const before = statSync(join(mounted, 'big'))
      const copied = await storage.copy?.('big', 'd/copy')
      expect(copied).toMatchObject({ path: 'd/copy', size: big.length, mode: before.mode & 0o7777 })
      expect(copied).toEqual(await storage.stat('d/copy'))
      expect(readFileSync(join(mounted, 'd/copy')).equals(big)).toBe(true)
      // The same physical extent for both.
      const extents = ['big', 'd/copy'].map(
        path => /^ +0: +\S+ +(\d+)\.\./m.exec(execFileSync('filefrag', ['-v', '-s', join(mounted, path)], { encoding: 'utf8' }))?.[1],
      )
      expect(extents[0]).toBe(extents[1])
    } finally {
      execFileSync('umount', [mounted])
    }
  })
})

describe('a target with another name for files it holds', () => {
  test('leaves a hard link of the old file with the old content', async () => {
    const both = pair()
    fill(both.from, { f: 'new' })
    fill(both.to, { f: 'old' })
    execFileSync('ln', [join(both.to, 'f'), join(both.to, 'other')])
    await transfer(both, [{ from: 'f', to: 'f', size: 3 }])
    expect(contents(both.to)).toEqual({ f: 'new', other: 'old' })
    expect(lstatSync(join(both.to, 'f')).nlink).toBe(1)
  })
})
