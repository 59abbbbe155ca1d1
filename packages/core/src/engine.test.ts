import { describe, expect, test, vi } from 'vitest'
import { toBytes } from './bytes.ts'
import { SyncEngine } from './engine.ts'
import type { SyncOptions } from './engine-types.ts'
import { fill, storageWith, trashOf, treeOf, type Tree } from './execute/test-kit.ts'
import type { Entry } from './protocol.ts'
import { pairId } from './state/pair-id.ts'
import { decorate } from './storages/decorate.ts'
import { memory, type MemoryStorage } from './storages/memory.ts'
import { SyncPair } from './sync-pair.ts'

interface Setup {
  readonly source: MemoryStorage
  readonly destination: MemoryStorage
  readonly state: MemoryStorage
  readonly sync: (options?: SyncOptions) => ReturnType<SyncEngine['syncPair']>
}

async function setUp(source: Tree, destination: Tree = {}, options: SyncOptions = {}): Promise<Setup> {
  const left = await storageWith(source, {}, 'memory:source')
  const right = await storageWith(destination, {}, 'memory:destination')
  const state = memory()
  const pair = new SyncPair({ source: left, destination: right, state })
  return { source: left, destination: right, state, sync: more => new SyncEngine(options).syncPair(pair, more) }
}

/** What was done, in the plan's words. */
const actions = (result: Awaited<ReturnType<SyncEngine['syncPair']>>): string[] =>
  result.plan.items.map(item => `${item.action} ${item.from === null ? '' : `${item.from} -> `}${item.path}`)

describe('SyncEngine.syncPair, two-way', () => {
  test('makes two trees the same, and does nothing the second time', async () => {
    const { source, destination, sync } = await setUp({ 'a.txt': 'a', 'd/b': 'b', e: null }, { 'c.txt': 'c', 'd/x/y': 'y' })
    const first = await sync()
    expect(first.failures).toEqual([])
    expect(first.exitCode).toBe(0)
    expect(await treeOf(source)).toEqual(await treeOf(destination))
    expect(await treeOf(source)).toEqual({ 'a.txt': 'a', 'c.txt': 'c', d: null, 'd/b': 'b', 'd/x': null, 'd/x/y': 'y', e: null })
    const second = await sync()
    expect(actions(second)).toEqual([])
    expect(second.plan.settled).toEqual([])
    expect(second.plan.counts.unchanged).toBe(7)
  })

  test('carries edits, deletions and renames both ways', async () => {
    const { source, destination, sync } = await setUp({ a: 'a', b: 'b', 'd/one': '1', 'd/two': '2', keep: 'k' })
    await sync()
    await source.write('a', new Blob(['edited']).stream() as never)
    await source.remove('b')
    await destination.move?.('d', 'renamed')
    await destination.write('new', new Blob(['n']).stream() as never)
    const result = await sync()
    expect(actions(result)).toEqual(['RENAME_SOURCE d -> renamed', 'UPLOAD_UPDATE a', 'DOWNLOAD_NEW new', 'DELETE_DESTINATION b'])
    expect(result.exitCode).toBe(0)
    const tree = { a: 'edited', keep: 'k', new: 'n', renamed: null, 'renamed/one': '1', 'renamed/two': '2' }
    expect(await treeOf(source)).toEqual(tree)
    expect(await treeOf(destination)).toEqual(tree)
    expect(await trashOf(destination)).toEqual({ b: 'b' })
    expect(actions(await sync())).toEqual([])
  })

  test('an edit beats a deletion, and brings its directory back', async () => {
    const { source, destination, sync } = await setUp({ 'd/one': '1', 'd/two': '2', keep: 'k' })
    await sync()
    await source.remove('d/one')
    await source.remove('d/two')
    await source.remove('d')
    await fill(destination, { 'd/two': 'edited' })
    const result = await sync()
    expect(actions(result)).toEqual(['DOWNLOAD_RESTORE d', 'DOWNLOAD_RESTORE d/two', 'DELETE_DESTINATION d/one'])
    expect(await treeOf(source)).toEqual({ d: null, 'd/two': 'edited', keep: 'k' })
    expect(await treeOf(destination)).toEqual({ d: null, 'd/two': 'edited', keep: 'k' })
    expect(actions(await sync())).toEqual([])
  })

  test('an older file that came back, as from a backup, wins as any change does; what it replaces across is kept', async () => {
    const { source, destination, sync } = await setUp({ f: 'later work', g: 'later work' })
    await sync()
    await destination.write('f', toBytes('of last month'), { modified: 1000 })
    await destination.write('g', toBytes('still later work'), { modified: Date.now() + 1000 })
    expect(actions(await sync())).toEqual(['DOWNLOAD_UPDATE f', 'DOWNLOAD_UPDATE g'])
    expect(await treeOf(source)).toEqual({ f: 'of last month', g: 'still later work' })
    expect(await trashOf(source)).toEqual({ f: 'later work' })
    expect(await trashOf(destination)).toEqual({})
  })

  test('a comparison that ends while another directory is open does not keep that directory', async () => {
    const { source, destination, state, sync } = await setUp({ 'a/f': 'one', 'b/x': 'x', keep: 'k' }, { 'a/f': 'one', 'b/x': 'x', keep: 'k' })
    await sync()
    await fill(source, { 'a/f': 'two' })
    await source.remove('b/x')
    await source.remove('b')
    await fill(destination, { 'b/x': 'x' })
    // The comparison of a/f ends while b waits for its own hash.
    const slow = (storage: MemoryStorage, ms: number): MemoryStorage =>
      decorate(storage, {
        hash: (path, name, options) => new Promise<void>(resolve => setTimeout(resolve, ms)).then(() => storage.hash?.(path, name, options) ?? ''),
      }) as MemoryStorage
    const pair = new SyncPair({ source: slow(source, 5), destination: slow(destination, 50), state })
    const result = await new SyncEngine().syncPair(pair)
    expect(actions(result)).toEqual(['UPLOAD_UPDATE a/f', 'DELETE_DESTINATION b/x', 'DELETE_DESTINATION b'])
    expect(await treeOf(destination)).toEqual({ a: null, 'a/f': 'two', keep: 'k' })
  })

  test('keeps both sides of a conflict under keep-both, on both sides', async () => {
    const { source, destination, sync } = await setUp({ 'notes.txt': 'old' }, {}, { conflictResolution: 'keep-both', now: undefined } as SyncOptions)
    await sync()
    await fill(source, { 'notes.txt': 'ours' })
    await fill(destination, { 'notes.txt': 'theirs, longer' })
    const result = await sync()
    expect(result.failures).toEqual([])
    expect(result.stale).toEqual([])
    const tree = await treeOf(source)
    expect(tree).toEqual(await treeOf(destination))
    expect(Object.values(tree).sort()).toEqual(['ours', 'theirs, longer'])
    expect(actions(await sync())).toEqual([])
  })

  test('a run restricted to a path carries its conflict copy across too', async () => {
    const { source, destination, sync } = await setUp({ f: 'ours', g: 'ours' }, { f: 'theirs', g: 'theirs' })
    expect((await sync({ conflictResolution: 'manual' })).conflicts).toHaveLength(2)
    const result = await sync({ conflictResolution: 'keep-both', only: ['f'] })
    expect(result.failures).toEqual([])
    expect(result.conflicts).toEqual([])
    expect(Object.keys(await treeOf(source))).toEqual(Object.keys(await treeOf(destination)))
    expect(Object.values(await treeOf(destination)).sort()).toEqual(['ours', 'theirs', 'theirs'])
    expect((await sync({ conflictResolution: 'manual' })).conflicts.map(conflict => conflict.path)).toEqual(['g'])
  })

  test('leaves a conflict open that time cannot decide, and settles it once the sides agree', async () => {
    const { source, destination, sync } = await setUp({ f: 'source' }, { f: 'destination' })
    const first = await sync()
    expect(first.exitCode).toBe(4)
    expect(first.conflicts.map(conflict => conflict.path)).toEqual(['f'])
    expect(await treeOf(source)).toEqual({ f: 'source' })
    expect(await treeOf(destination)).toEqual({ f: 'destination' })
    await fill(destination, { f: 'source' })
    expect((await sync()).exitCode).toBe(0)
  })

  test('replaces a file by a directory and a directory by a file', async () => {
    const { source, destination, sync } = await setUp({ f: 'file', 'd/x': 'x', 'd/y': 'y' })
    await sync()
    await source.remove('f')
    await fill(source, { 'f/inside': 'in' })
    for (const path of ['d/x', 'd/y', 'd']) await source.remove(path)
    await fill(source, { d: 'now a file' })
    const result = await sync()
    expect(result.failures).toEqual([])
    expect(result.stale).toEqual([])
    expect(await treeOf(destination)).toEqual({ d: 'now a file', f: null, 'f/inside': 'in' })
    expect(await trashOf(destination)).toEqual({ 'd/x': 'x', 'd/y': 'y', f: 'file' })
    expect(actions(await sync())).toEqual([])
  })

  test('does not replace a directory that holds changes', async () => {
    const { source, destination, sync } = await setUp({ 'd/x': 'x' })
    await sync()
    await source.remove('d/x')
    await source.remove('d')
    await fill(source, { d: 'now a file' })
    await fill(destination, { 'd/x': 'edited' })
    const result = await sync()
    expect(result.exitCode).toBe(4)
    expect(await treeOf(source)).toEqual({ d: 'now a file' })
    expect(await treeOf(destination)).toEqual({ d: null, 'd/x': 'edited' })
    const forced = await sync({ conflictResolution: 'destination-wins' })
    expect(forced.failures).toEqual([])
    expect(await treeOf(source)).toEqual({ d: null, 'd/x': 'edited' })
    expect(await trashOf(source)).toEqual({ d: 'now a file' })
    expect(actions(await sync())).toEqual([])
  })
})

describe('SyncEngine.syncPair, one-way', () => {
  test('a mirror deletes what the source does not have, a backup does not', async () => {
    const mirror = await setUp({ a: 'a', 'd/b': 'b' }, { a: 'old', x: 'x', 'y/z': 'z' }, { mode: 'source-to-destination', maxDelete: Infinity })
    expect((await mirror.sync()).exitCode).toBe(0)
    expect(await treeOf(mirror.destination)).toEqual({ a: 'a', d: null, 'd/b': 'b' })
    const backup = await setUp({ a: 'a', 'd/b': 'b' }, { a: 'old', x: 'x', 'y/z': 'z' }, { mode: 'source-backup' })
    expect((await backup.sync()).exitCode).toBe(0)
    expect(await treeOf(backup.destination)).toEqual({ a: 'a', d: null, 'd/b': 'b', x: 'x', y: null, 'y/z': 'z' })
    expect(await treeOf(backup.source)).toEqual({ a: 'a', d: null, 'd/b': 'b' })
  })

  test('an empty source empties nothing', async () => {
    const { destination, sync } = await setUp({}, { a: 'a' }, { mode: 'source-to-destination' })
    const result = await sync()
    expect(result.exitCode).toBe(5)
    expect(result.refusals.map(refusal => refusal.guard)).toEqual(['emptied-side'])
    expect(await treeOf(destination)).toEqual({ a: 'a' })
  })
})

describe('SyncEngine, ignore rules', () => {
  test('what a rule hides is left alone on both sides, and a changed rule deletes nothing', async () => {
    const { source, destination, sync } = await setUp(
      { 'a.log': 'source', b: 'b', 'sub/.syncignore': '*.tmp', 'sub/x.tmp': 't' },
      { 'a.log': 'destination' },
    )
    await fill(source, { '.syncignore': '*.log\n' })
    await sync()
    expect(await treeOf(destination)).toEqual({ '.syncignore': '*.log\n', 'a.log': 'destination', b: 'b', sub: null, 'sub/.syncignore': '*.tmp' })
    await fill(source, { '.syncignore': '*.log\nb\n' })
    const narrowed = await sync()
    expect(narrowed.plan.migration.left).toBe(1)
    expect(actions(narrowed)).toEqual(['UPLOAD_UPDATE .syncignore'])
    await source.remove('b')
    expect(actions(await sync())).toEqual([])
    expect((await treeOf(destination))['b']).toBe('b')
  })
})

describe('SyncEngine, after an interrupted run', () => {
  test('a file that was put aside while it was replaced is not a deletion', async () => {
    const { source, destination, sync } = await setUp({ f: 'content', keep: 'k' })
    await sync()
    await destination.move?.('f', '.syncline-tmp-old-f')
    await destination.write('.syncline-tmp-new-g', toBytes('half'))
    const result = await sync()
    expect(actions(result)).toEqual(['UPLOAD_NEW f'])
    expect(await treeOf(source)).toEqual({ f: 'content', keep: 'k' })
    expect(await treeOf(destination)).toEqual({ f: 'content', keep: 'k' })
    expect(await trashOf(destination)).toEqual({ f: 'content' })
    expect(actions(await sync())).toEqual([])
  })

  test('files by which a killed run tried out a store go an hour later, when no other run can be asking with them', async () => {
    const { destination, sync } = await setUp({ f: 'content' })
    await destination.write('.syncline-tmp-probe-1-put', toBytes('x'), { modified: Date.now() - 3_700_000 })
    await destination.write('.syncline-tmp-probe-2-put', toBytes('x'), { modified: Date.now() - 1000 })
    await sync()
    expect(await treeOf(destination)).toEqual({ f: 'content', '.syncline-tmp-probe-2-put': 'x' })
  })

  test.each(['source-to-destination', 'source-backup'] as const)('what is left is not cleared from a side that %s only reads', async mode => {
    const { source, destination, sync } = await setUp({ f: 'content' }, {}, { mode })
    // As a server, which cannot show itself standing still.
    Object.assign(source, { snapshot: undefined })
    for (const side of [source, destination]) {
      await side.write('.syncline-tmp-new-g', toBytes('half'))
      await side.write('.syncline-tmp-old-h', toBytes('aside'))
      await side.write('.syncline-tmp-probe-1-put', toBytes('x'), { modified: 0 })
      await side.write('.syncline-clock-1', toBytes('x'))
    }
    const before = await treeOf(source)
    await sync()
    expect(await treeOf(source)).toEqual(before)
    expect(await trashOf(source)).toEqual({})
    expect(await treeOf(destination)).toEqual({ f: 'content' })
  })

  test('a size that contradicts the etag is a problem, not an edit', async () => {
    const { source, destination, state, sync } = await setUp({ f: 'content', keep: 'k' })
    await sync()
    const lying = decorate(destination, {
      list: async function* (path, options) {
        for await (const page of destination.list(path, options)) {
          for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry])
            yield entry.path === 'f' ? ({ ...entry, size: 3 } as Entry) : entry
        }
      },
    })
    const result = await new SyncEngine().syncPair(new SyncPair({ source, destination: lying, state, id: await pairId(source, destination) }))
    expect(result.exitCode).toBe(3)
    expect(result.problems.map(problem => problem.path)).toEqual(['f'])
    expect(await treeOf(source)).toEqual({ f: 'content', keep: 'k' })
  })
})

describe('SyncEngine, when its lock is taken over', () => {
  test('the state is left to the other run', async () => {
    const { source, destination, state, sync } = await setUp({ a: 'a' })
    await sync()
    const before = await treeOf(state)
    await fill(source, { b: 'b' })
    vi.useFakeTimers()
    try {
      const confirm = async (): Promise<boolean> => {
        await state.write('lock', toBytes(JSON.stringify({ owner: 'another', since: 0, expires: Number.MAX_SAFE_INTEGER, token: 'x' })))
        await vi.advanceTimersByTimeAsync(130_000)
        return true
      }
      await expect(sync({ confirm })).rejects.toThrow()
    } finally {
      vi.useRealTimers()
    }
    const { lock, ...after } = await treeOf(state)
    expect(lock).toContain('another')
    expect(after).toEqual(before)
    expect(await treeOf(destination)).toEqual({ a: 'a' })
  })
})
