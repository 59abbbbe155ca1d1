import {
  type ConflictInfo,
  decorate,
  type Entry,
  isLockedError,
  memory,
  type MemoryCapabilities,
  type Path,
  type ReadableStorage,
  StorageError,
  SyncEngine,
  SyncPair,
  SyncPauseController,
  SyncProgressTracker,
  type SyncProgressEvent,
  toBytes,
  type WritableStorage,
} from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { eventuallyConsistent, failing, truncating } from '../src/index.ts'
import { contentOf, directory, file, flatten, link, put, recording, removeAll, treeOf, World, wordsOf } from './kit.ts'

// Ways in which a sync has been seen to lose or confuse files, each with the test that shows what happens here instead.
//
// | id   | what went wrong there                          | test                                                                  |
// | B1   | a cancelled upload counted as synced           | a cancelled run records what it did and nothing else                  |
// | B2   | a cancelled mirror deleted what it had not seen| a mirror that is cancelled while it scans deletes nothing             |
// | B3   | a failed look-up read as empty                 | a listing that fails is no empty side                                 |
// | B4   | an emptied side emptied the other              | an emptied side empties nothing                                       |
// | B5   | a truncated download won                       | a transfer that ends early is not kept                                |
// | B6   | a deletion beat an edit                        | an edit beats a deletion, in both directions                          |
// | B7   | the older edit of two was gone                 | the loser of a conflict is kept; an edit with an older time wins      |
// | B8   | ignore rules deleted                           | an ignored path is never deleted, and a new rule deletes nothing      |
// | B9   | an unreadable directory read as deleted        | a directory that cannot be read is left alone on both sides           |
// | B10  | listed in one folder, written to another       | every path is read and written where it was listed                    |
// | B11  | the second run deleted a renamed copy          | a rename under a mirror is still there after the second run           |
// | B12  | same-size edits were never seen                | an edit that keeps the size is seen in every mode                     |
// | B13  | a failed deletion brought the file back        | a deletion that fails is tried again and brings nothing back          |
// | B14  | the dry run planned the opposite               | a dry run says what the run does                                      |
// | B15  | an option turned deletions off                 | deletions are carried over whatever the limits of concurrency         |
// | B16  | renames only in one mode, by name              | a file that moved to another directory moves there too                |
// | B17  | such a rename duplicated the file              | the same                                                              |
// | B18  | a download mirror kept newer edits             | a mirror from the destination overwrites newer edits, once            |
// | B19  | no download without a hash                     | a storage without hashes is read by path                              |
// | B19b | one field was hash and identifier              | an opaque version is never compared across storages                   |
// | B20  | downloads addressed by content                 | two files of one content keep their own times                         |
// | B21  | one file without a hash stopped the run        | hash-only names the path that has no hash and goes on                 |
// | B22  | cancelled operations counted as done           | counts are of what was done                                           |
// | B23  | file and directory collided                    | a file becomes a directory and a directory a file in one run          |
// | B24  | stray folders with many workers                | parents are made once, however many transfers need them               |
// | B25  | a path was looked up by its name alone         | a name that is elsewhere too is not mistaken                          |
// | B26  | case and Unicode form overwrote each other     | names that a side cannot hold beside each other stop the run          |
// | B27  | a corrupt state let deleted files return       | a damaged state is said to be one, and nothing is deleted             |

const hour = 3_600_000
const t0 = 1_700_000_000_000

async function synced(source: Readonly<Record<string, string>>, capabilities: MemoryCapabilities = {}): Promise<World> {
  const world = new World({ source: capabilities, destination: capabilities })
  for (const [path, text] of Object.entries(source)) await put(world.source, path, file(text, t0))
  expect((await world.sync()).exitCode).toBe(0)
  return world
}

const trees = async (world: World): Promise<{ source: Record<Path, string>; destination: Record<Path, string> }> => ({
  source: flatten(await treeOf(world.source)),
  destination: flatten(await treeOf(world.destination)),
})

async function expectBoth(world: World, tree: Readonly<Record<Path, string>>): Promise<void> {
  expect(await trees(world)).toEqual({ source: tree, destination: tree })
}

/** The sync of two storages that stand in for the world's own. */
function syncWith(
  world: World,
  sides: { source?: ReadableStorage; destination?: ReadableStorage },
  options: ConstructorParameters<typeof SyncEngine>[0] = {},
): ReturnType<SyncEngine['syncPair']> {
  const pair = new SyncPair({
    source: sides.source ?? world.source,
    destination: sides.destination ?? world.destination,
    state: world.state,
    id: 'pair',
  })
  return new SyncEngine({ now: () => world.time, random: () => 0.5, attempts: 1, ...options }).syncPair(pair)
}

describe('nothing is lost', () => {
  test('B1: a cancelled run records what it did and nothing else', async () => {
    const world = new World()
    for (let i = 0; i < 6; i++) await put(world.source, `f${i}`, file(`content ${i}`))
    const pauseController = new SyncPauseController()
    let uploads = 0
    const progressTracker = new SyncProgressTracker(event => {
      if (event.type === 'upload_complete' && ++uploads === 2) pauseController.cancel()
    })
    const cancelled = await syncWith(world, {}, { pauseController, progressTracker, concurrency: { transfers: 1 } })
    expect([cancelled.cancelled, cancelled.exitCode, cancelled.stats.uploads]).toEqual([true, 130, uploads])
    expect(uploads).toBeLessThan(6)
    const next = await world.sync()
    expect(wordsOf(next.plan).every(word => word.startsWith('UPLOAD_NEW'))).toBe(true)
    await expectBoth(world, Object.fromEntries([0, 1, 2, 3, 4, 5].map(i => [`f${i}`, `content ${i}`])))
  })

  test('B2: a mirror that is cancelled while it scans deletes nothing', async () => {
    const world = new World()
    for (let i = 0; i < 40; i++) await put(world.source, `d${i % 4}/f${i}`, file(`content ${i}`))
    await world.sync({ mode: 'source-to-destination' })
    const before = await trees(world)
    const abort = new AbortController()
    const source = decorate(world.source, {
      async *list(path: Path, options) {
        let pages = 0
        for await (const page of world.source.list(path, options)) {
          for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) {
            if (++pages === 5) abort.abort(new Error('stopped by the user'))
            options?.signal?.throwIfAborted()
            yield entry
          }
        }
      },
    })
    const pair = new SyncPair({ source, destination: world.destination, state: world.state, id: 'pair' })
    await expect(new SyncEngine({ mode: 'source-to-destination' }).syncPair(pair, { signal: abort.signal })).rejects.toThrow('stopped by the user')
    expect(await trees(world)).toEqual(before)
  })

  test.each(['two-way', 'destination-to-source', 'source-to-destination'] as const)('B3: a listing that fails is no empty side (%s)', async mode => {
    for (const side of ['source', 'destination'] as const) {
      for (const items of [0, 2]) {
        const world = await synced({ a: 'a', b: 'b', 'd/c': 'c' })
        const broken = failing(world[side], {
          method: 'list',
          call: 1,
          items,
          error: new StorageError('UNAVAILABLE', `${world[side].name} did not answer`),
        })
        await expect(syncWith(world, { [side]: broken }, { mode, maxDelete: Infinity, allowEmpty: true })).rejects.toMatchObject({
          name: 'StorageError',
        })
        await expectBoth(world, { a: 'a', b: 'b', d: '/', 'd/c': 'c' })
      }
    }
  })

  test('B4: an emptied side empties nothing', async () => {
    for (const side of ['source', 'destination'] as const) {
      const world = await synced({ a: 'a', 'd/c': 'c' })
      for (const path of ['a', 'd']) await removeAll(world[side], path)
      const result = await world.sync()
      expect([result.exitCode, result.refusals[0]?.guard, result.refusals[0]?.override]).toEqual([5, 'emptied-side', '--allow-empty'])
      expect(flatten(await treeOf(world[side === 'source' ? 'destination' : 'source']))).toEqual({ a: 'a', d: '/', 'd/c': 'c' })
    }
  })

  test('B4: more than half of a tree is not deleted without a word', async () => {
    const world = await synced(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`f${i}`, `content ${i}`])))
    for (let i = 0; i < 7; i++) await world.source.remove(`f${i}`)
    expect((await world.sync()).refusals.map(refusal => [refusal.guard, refusal.actual])).toEqual([['max-delete', 7]])
    expect((await world.sync({ maxDelete: 7 })).stats.deletesDestination).toBe(7)
  })

  test('B5: a transfer that ends early is not kept, and does not win later', async () => {
    const world = new World()
    await put(world.destination, 'f', file('the whole content', t0))
    const result = await syncWith(world, { destination: truncating(world.destination, { at: 'read', bytes: 5 }) })
    expect([result.exitCode, result.failures.map(failure => failure.code)]).toEqual([3, ['CORRUPT']])
    await world.sync()
    await expectBoth(world, { f: 'the whole content' })
  })

  test('B6: an edit beats a deletion, in both directions', async () => {
    const world = await synced({ a: 'a', b: 'b', keep: 'k' })
    await world.source.remove('a')
    await put(world.destination, 'a', file('edited there', t0 + hour))
    await world.destination.remove('b')
    await put(world.source, 'b', file('edited here', t0 - hour))
    expect(wordsOf((await world.sync()).plan)).toEqual(['DOWNLOAD_RESTORE a', 'UPLOAD_RESTORE b'])
    await expectBoth(world, { a: 'edited there', b: 'edited here', keep: 'k' })
  })

  test('B7: the loser of a conflict is kept', async () => {
    const world = await synced({ a: 'a' })
    await put(world.source, 'a', file('older edit', t0 + hour))
    await put(world.destination, 'a', file('newer edit', t0 + 2 * hour))
    await world.sync()
    await expectBoth(world, { a: 'newer edit' })
    expect((await contentOf(world.source)).trash).toEqual(['a: older edit'])
  })

  test('B7: an edit with an older time is not overwritten by what did not change', async () => {
    const world = await synced({ a: 'a' })
    await put(world.source, 'a', file('restored from a backup', t0 - 24 * hour))
    expect(wordsOf((await world.sync()).plan)).toEqual(['UPLOAD_UPDATE a'])
    await expectBoth(world, { a: 'restored from a backup' })
  })

  test.each(['two-way', 'source-to-destination'] as const)(
    'B8: an ignored path is never deleted, and a new rule deletes nothing (%s)',
    async mode => {
      const world = await synced({ 'a.log': 'a', b: 'b', 'd/c.log': 'c' })
      const before = flatten(await treeOf(world.destination))
      for (let i = 0; i < 3; i++) {
        const result = await world.sync({ mode, ignore: ['*.log'] })
        expect([result.stats.deletesDestination, result.stats.deletesSource]).toEqual([0, 0])
      }
      await world.source.remove('a.log')
      for (let i = 0; i < 2; i++) await world.sync({ mode, ignore: ['*.log'] })
      expect(flatten(await treeOf(world.destination))).toEqual(before)
    },
  )

  test.each(['two-way', 'source-to-destination'] as const)('B9: a directory that cannot be read is left alone on both sides (%s)', async mode => {
    const world = await synced({ 'd/a': 'a', 'd/e/b': 'b', k: 'k' })
    const before = await trees(world)
    const unreadable = decorate(world.source, {
      async *list(path: Path, options) {
        for await (const page of world.source.list(path, options)) {
          for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) {
            if (entry.path === 'd') yield { kind: 'problem', path: 'd', reason: 'permission denied', directory: true }
            else if (!entry.path.startsWith('d/')) yield entry
          }
        }
      },
    })
    const result = await syncWith(world, { source: unreadable }, { mode })
    expect([result.exitCode, result.problems.map(problem => problem.path), result.plan.items]).toEqual([3, ['d'], []])
    expect(await trees(world)).toEqual(before)
  })

  test('B10, B25: every path is read and written where it was listed, though its name is elsewhere too', async () => {
    const world = new World()
    const tree = directory({ a: directory({ a: directory({ a: file('deep') }), b: file('b of a') }), b: directory({ a: file('a of b') }) })
    for (const [name, node] of tree.children) await put(world.source, name, node)
    await world.sync()
    await expectBoth(world, flatten(tree))
    await world.source.remove('a/b')
    expect(wordsOf((await world.sync()).plan)).toEqual(['DELETE_DESTINATION a/b'])
  })

  test('B11: a rename under a mirror is still there after the second run', async () => {
    const world = await synced({ a: 'content', k: 'k' })
    await world.source.move('a', 'b')
    for (let i = 0; i < 3; i++) await world.sync({ mode: 'source-to-destination' })
    await expectBoth(world, { b: 'content', k: 'k' })
  })

  test.each(['two-way', 'source-to-destination', 'source-backup'] as const)(
    'B12: an edit that keeps the size is seen (%s), with hashes and without, with its old time and a new one',
    async mode => {
      for (const capabilities of [{}, { hashes: [] }]) {
        for (const time of [t0, t0 + 500, t0 + hour]) {
          const world = await synced({ a: 'one' }, capabilities)
          await put(world.source, 'a', file('two', time))
          await world.sync({ mode })
          await expectBoth(world, { a: 'two' })
        }
      }
    },
  )

  test('B13: a deletion that fails is tried again and brings nothing back', async () => {
    const world = await synced({ a: 'a', k: 'k' })
    await world.source.remove('a')
    const result = await syncWith(world, {
      destination: failing(failing(world.destination, { method: 'move', call: 1 }), { method: 'remove', call: 1 }),
    })
    expect([result.exitCode, result.failures.map(failure => failure.path)]).toEqual([3, ['a']])
    expect(wordsOf((await world.sync()).plan)).toEqual(['DELETE_DESTINATION a'])
    await expectBoth(world, { k: 'k' })
  })
})

describe('the result is right', () => {
  test('B14: a dry run says what the run does, deletions and renames too', async () => {
    const world = await synced({ a: 'a', b: 'bb', c: 'ccc' })
    await world.source.remove('a')
    await world.destination.move('b', 'd')
    await put(world.source, 'c', file('edited'))
    world.takeCalls()
    const dry = await world.sync({ dryRun: true })
    expect(world.takeCalls()).toEqual({ source: [], destination: [] })
    expect(wordsOf(dry.plan)).toEqual(['RENAME_SOURCE b -> d', 'UPLOAD_UPDATE c', 'DELETE_DESTINATION a'])
    expect((await world.sync()).plan.items).toEqual(dry.plan.items)
  })

  test('B15: deletions are carried over whatever the limits of concurrency', async () => {
    for (const concurrency of [
      { transfers: 1, operations: 1 },
      { transfers: 16, operations: 16 },
    ]) {
      const world = await synced({ a: 'a', k: 'k' })
      await world.source.remove('a')
      await world.sync({ concurrency })
      await expectBoth(world, { k: 'k' })
    }
  })

  test('B16, B17: a file that moved to another directory moves there too, and is there once', async () => {
    const world = await synced({ 'from/a': 'content', 'to/k': 'k' })
    await world.source.move('from/a', 'to/b')
    const result = await world.sync()
    expect(wordsOf(result.plan)).toEqual(['RENAME_DESTINATION from/a -> to/b'])
    await expectBoth(world, { from: '/', to: '/', 'to/b': 'content', 'to/k': 'k' })
  })

  test('B18: a mirror from the destination overwrites newer edits, once', async () => {
    for (const newer of [hour, 1000]) {
      const world = await synced({ a: 'one', extra: 'x' })
      await put(world.source, 'a', file('two', t0 + newer))
      await put(world.source, 'only here', file('y'))
      await world.sync({ mode: 'destination-to-source' })
      await expectBoth(world, { a: 'one', extra: 'x' })
      expect((await world.sync({ mode: 'destination-to-source' })).plan.items).toEqual([])
    }
  })

  test('B19: a storage without hashes is read by path, under every comparison that needs none', async () => {
    for (const comparisonMode of ['hash-then-mtime', 'size-only', 'mtime-only', 'size-and-mtime'] as const) {
      const world = new World({ source: { hashes: [] }, destination: { hashes: [] } })
      await put(world.destination, 'd', directory({ a: file('a'), b: file('b') }))
      expect((await world.sync({ comparisonMode })).stats.downloads).toBeGreaterThan(0)
      await expectBoth(world, { d: '/', 'd/a': 'a', 'd/b': 'b' })
    }
  })

  test('B19b: an opaque version is never compared across storages', async () => {
    const world = new World()
    await put(world.destination, 'first', file('moves the counter of versions'))
    await put(world.source, 'f', file('the same'))
    await put(world.destination, 'f', file('the same'))
    const versions = [await world.source.stat('f'), await world.destination.stat('f')].map(entry => (entry?.kind === 'file' ? entry.etag : undefined))
    expect(versions[0]).not.toBe(versions[1])
    expect(wordsOf((await world.sync()).plan)).toEqual(['DOWNLOAD_NEW first'])
  })

  test('B20: two files of one content keep their own times', async () => {
    const world = new World()
    await put(world.destination, 'a', file('same', t0))
    await put(world.destination, 'b', file('same', t0 + hour))
    await world.sync()
    expect((await contentOf(world.source)).times).toEqual({ a: t0, b: t0 + hour })
  })

  test('B21: hash-only names the path that has no hash, and goes on with the others', async () => {
    const world = new World({ destination: { hashes: [] } })
    await put(world.source, 'both', file('ours'))
    await put(world.destination, 'both', file('them'))
    await put(world.source, 'new', file('new'))
    const result = await world.sync({ comparisonMode: 'hash-only' })
    expect([result.exitCode, result.problems.map(problem => problem.path)]).toEqual([3, ['both']])
    expect(result.problems[0]?.reason).toContain('memory:destination')
    expect((await trees(world)).destination).toEqual({ both: 'them', new: 'new' })
  })

  test('B22: counts are of what was done, errors and stale items too', async () => {
    const world = await synced({ a: 'a' })
    for (const name of ['x', 'y', 'z']) await put(world.source, name, file(name))
    const events: SyncProgressEvent[] = []
    const result = await syncWith(
      world,
      { destination: failing(world.destination, { method: 'write', call: 2 }) },
      { progressTracker: new SyncProgressTracker(event => void events.push(event)), concurrency: { transfers: 1 } },
    )
    expect([result.stats.uploads, result.stats.errors, result.failures.length]).toEqual([2, 1, 1])
    expect(events.filter(event => event.type === 'upload_complete')).toHaveLength(2)
    expect(events.at(-1)).toMatchObject({ type: 'sync_complete', exitCode: 3 })
  })

  test('B23: a file becomes a directory and a directory a file in one run', async () => {
    const world = await synced({ f: 'file', 'd/x': 'x' })
    await world.source.remove('f')
    await put(world.source, 'f', directory({ in: file('in') }))
    await removeAll(world.source, 'd')
    await put(world.source, 'd', file('was a directory'))
    const result = await world.sync()
    expect([result.exitCode, result.failures, result.stale]).toEqual([0, [], []])
    await expectBoth(world, { d: 'was a directory', f: '/', 'f/in': 'in' })
  })

  test('B24: parents are made once, however many transfers need them', async () => {
    const world = new World()
    for (let i = 0; i < 30; i++) await put(world.source, `a/b/c${i % 3}/f${i}`, file(`${i}`))
    await world.sync({ concurrency: { transfers: 16, operations: 16 } })
    const { source, destination } = await trees(world)
    expect(destination).toEqual(source)
    expect(
      world
        .takeCalls()
        .destination.filter(call => call.startsWith('makeDirectory'))
        .sort(),
    ).toEqual(['makeDirectory a', 'makeDirectory a/b', 'makeDirectory a/b/c0', 'makeDirectory a/b/c1', 'makeDirectory a/b/c2'])
  })

  test('B26: names that a side cannot hold beside each other stop the run before any change', async () => {
    for (const names of [
      ['a', 'A'],
      ['é', 'e\u0301'],
    ] as const) {
      const world = new World({ destination: { exactNames: false } })
      for (const name of names) await put(world.source, name, file(`content of ${name}`))
      const result = await world.sync()
      expect([result.exitCode, result.refusals[0]?.paths]).toEqual([5, [...names].sort()])
      expect(flatten(await treeOf(world.destination))).toEqual({})
    }
    const exact = new World()
    for (const name of ['a', 'A', 'é', 'e\u0301']) await put(exact.source, name, file(name))
    await exact.sync()
    expect(Object.keys((await trees(exact)).destination)).toHaveLength(4)
  })

  test('B27: a damaged state is said to be one, and nothing is deleted nor doubled', async () => {
    for (const damage of ['source_tree.json', 'destination_tree.json', 'sync_metadata.json']) {
      const world = await synced({ a: 'a', b: 'b' })
      await world.source.remove('a')
      await world.state.write(damage, toBytes('{ this is not what was written'))
      const result = await world.sync()
      expect(result.plan.firstContact, damage).toMatch(/\w/)
      expect([result.stats.deletesSource, result.stats.deletesDestination]).toEqual([0, 0])
      await expectBoth(world, { a: 'a', b: 'b' })
      expect((await world.sync()).plan.items).toEqual([])
    }
  })
})

describe('the contract', () => {
  test('S3: under size-only and hash-only two edits stay a conflict, and in one-way modes the direction wins', async () => {
    for (const comparisonMode of ['size-only', 'hash-only'] as const) {
      const world = await synced({ a: 'a' })
      await put(world.source, 'a', file('longer', t0 + hour))
      await put(world.destination, 'a', file('longest', t0 + 9 * hour))
      expect((await world.sync({ comparisonMode })).exitCode).toBe(4)
      await world.sync({ comparisonMode, mode: 'source-to-destination' })
      await expectBoth(world, { a: 'longer' })
    }
  })

  test('S6: the handler of a conflict is told both sides, and may skip it', async () => {
    const world = await synced({ a: 'a' })
    await put(world.source, 'a', file('ours', t0 + hour))
    await put(world.destination, 'a', file('theirs', t0 + 2 * hour))
    const asked: ConflictInfo[] = []
    const result = await world.sync({ conflictResolution: 'manual', conflictHandler: conflict => (asked.push(conflict), 'skip') })
    expect([result.exitCode, asked.map(({ path, sourceMtime, destMtime }) => [path, sourceMtime, destMtime])]).toEqual([
      4,
      [['a', t0 + hour, t0 + 2 * hour]],
    ])
    await world.sync({ conflictResolution: 'manual', conflictHandler: () => 'source' })
    await expectBoth(world, { a: 'ours' })
  })

  test('S8: clearing the state makes a first contact that deletes nothing', async () => {
    const world = await synced({ a: 'a', b: 'b' })
    await world.source.remove('a')
    await world.pair.state.clear()
    await world.sync()
    await expectBoth(world, { a: 'a', b: 'b' })
  })

  test('S10: paused, nothing new starts; resumed, it goes on to the end', async () => {
    const world = new World()
    for (let i = 0; i < 8; i++) await put(world.source, `f${i}`, file(`${i}`))
    const pauseController = new SyncPauseController()
    let whilePaused = -1
    const progressTracker = new SyncProgressTracker(event => {
      if (event.type !== 'upload_complete' || whilePaused !== -1) return
      pauseController.pause()
      whilePaused = 0
      setTimeout(() => {
        whilePaused = world.takeCalls().destination.filter(call => call.startsWith('write')).length
        pauseController.resume()
      }, 20)
    })
    const destination = recording(world.destination, world.calls.destination)
    const result = await syncWith(world, { destination }, { pauseController, progressTracker, concurrency: { transfers: 1 } })
    expect([result.exitCode, result.stats.uploads]).toEqual([0, 8])
    expect(whilePaused).toBeLessThan(3)
  })

  test('S12: force uploads and downloads also what matches', async () => {
    const world = await synced({ a: 'a', b: 'b' })
    expect((await world.sync({ forceUpload: true })).stats.uploads).toBe(2)
    expect((await world.sync({ forceDownload: true })).stats.downloads).toBe(2)
    expect((await world.sync()).plan.items).toEqual([])
  })

  test('S13: a backup uploads only, or takes what is new at its destination when told to, and never deletes', async () => {
    const world = await synced({ a: 'a', b: 'b' })
    await world.source.remove('a')
    await put(world.destination, 'new', file('n'))
    await world.sync({ mode: 'source-backup' })
    expect(await trees(world)).toEqual({ source: { b: 'b' }, destination: { a: 'a', b: 'b', new: 'n' } })
    await world.sync({ mode: 'source-backup', acceptDestinationChanges: true })
    expect((await trees(world)).source).toEqual({ b: 'b', new: 'n' })
  })

  test('two runs at once of one pair: the second is refused', async () => {
    const world = new World()
    await put(world.source, 'a', file('a'))
    const refused: unknown[] = []
    await world.sync({
      confirm: async () => {
        await world
          .engine()
          .syncPair(world.pair)
          .catch((error: unknown) => refused.push(error))
        return true
      },
    })
    expect(refused.map(isLockedError)).toEqual([true])
    await expectBoth(world, { a: 'a' })
  })

  test('a store that shows its changes late loses nothing and comes to rest', async () => {
    const world = new World()
    const late: WritableStorage = eventuallyConsistent(world.destination, { lag: 3 })
    for (const name of ['a', 'b', 'c']) await put(world.source, name, file(`content of ${name}`))
    await put(world.source, 'l', link('a'))
    for (let i = 0; i < 6; i++) await syncWith(world, { destination: late })
    await expectBoth(world, { a: 'content of a', b: 'content of b', c: 'content of c', l: '-> a' })
    expect((await world.sync()).plan.items).toEqual([])
  })

  test('what has no state of its own remembers as long as the pair lives', async () => {
    const [source, destination] = [memory({ name: 'memory:a' }), memory({ name: 'memory:b' })]
    await source.write('a', toBytes('a'))
    await source.write('k', toBytes('k'))
    const pair = new SyncPair({ source, destination })
    await new SyncEngine().syncPair(pair)
    await source.remove('a')
    await new SyncEngine().syncPair(pair)
    expect(flatten(await treeOf(destination))).toEqual({ k: 'k' })
  })
})
