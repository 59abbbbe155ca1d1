import { describe, expect, test } from 'vitest'
import { toBytes } from './bytes.ts'
import { SyncEngine } from './engine.ts'
import type { SyncOptions, SyncResult } from './engine-types.ts'
import { treeOf } from './execute/test-kit.ts'
import { toPages } from './pages.ts'
import type { Entry, FileEntry, Json, WritableStorage } from './protocol.ts'
import { decorate } from './storages/decorate.ts'
import { memory, type MemoryStorage } from './storages/memory.ts'
import { SyncPair } from './sync-pair.ts'

const minute = 60_000
const noon = Date.UTC(2026, 10, 20, 12)

/** A store whose listings tell less than its `stat`. Counts the calls of `stat`. */
function withPoorListing(store: WritableStorage, shown: (entry: FileEntry) => FileEntry): WritableStorage & { asked: string[] } {
  const asked: string[] = []
  const poor = decorate(store, {
    list: async function* (path, options) {
      for await (const page of toPages<Entry>(store.list(path, options))) yield page.map(entry => (entry.kind === 'file' ? shown(entry) : entry))
    },
    stat: (path, options) => {
      asked.push(path)
      return store.stat(path, options)
    },
  })
  return Object.assign(poor, { asked })
}

/** As a bucket lists. */
const timeless = ({ modified: _modified, mode: _mode, id: _id, ...entry }: FileEntry): FileEntry => entry

/** As an FTP server without MLSD lists. */
const coarse = ({ etag: _etag, id: _id, hashes: _hashes, ...entry }: FileEntry): FileEntry => ({
  ...entry,
  modified: Math.floor((entry.modified ?? 0) / minute) * minute,
  modifiedPrecision: minute,
})

/** `stat` and `write` of such a server tell the exact time, and no etag either. */
function withoutEtags(store: MemoryStorage): WritableStorage {
  const plain = <T extends Entry | undefined>(entry: T): T => {
    if (entry?.kind !== 'file') return entry
    const { etag: _etag, id: _id, hashes: _hashes, ...rest } = entry
    return rest as T
  }
  return decorate(store as WritableStorage, {
    capabilities: { ...store.capabilities, conditional: false, hashes: [] },
    hash: undefined,
    list: async function* (path, options) {
      for await (const page of toPages<Entry>(store.list(path, options))) yield page.map(plain)
    },
    stat: async (path, options) => plain(await store.stat(path, options)),
    write: async (path, content, { ifMatch: _ifMatch, ...options } = {}) => plain(await store.write(path, content, options)),
  })
}

interface Setup {
  readonly source: MemoryStorage
  readonly inner: MemoryStorage
  readonly poor: ReturnType<typeof withPoorListing>
  /** Syncs at a time; resolves to what was planned, and the paths of the poor side that were asked for by `stat`. */
  readonly syncAt: (time: number, options?: SyncOptions) => Promise<{ result: SyncResult; actions: string[]; asked: string[] }>
}

function setUp(wrap: (store: MemoryStorage) => ReturnType<typeof withPoorListing>): Setup {
  let time = noon
  const now = (): number => time
  const [source, inner, state] = [memory({ name: 'memory:source', now }), memory({ name: 'memory:poor', now }), memory({ now })]
  const poor = wrap(inner)
  const pair = new SyncPair({ source, destination: poor, state })
  const syncAt: Setup['syncAt'] = async (at, options) => {
    time = at
    poor.asked.length = 0
    const result = await new SyncEngine({ now }).syncPair(pair, options)
    return { result, actions: result.plan.items.map(({ action, path }) => `${action} ${path}`), asked: [...poor.asked] }
  }
  return { source, inner, poor, syncAt }
}

async function fill(store: WritableStorage, files: Readonly<Record<string, string>>, modified: number): Promise<void> {
  for (const [path, content] of Object.entries(files)) await store.write(path, toBytes(content), { modified })
}

describe('a listing without times', () => {
  const bucket = (): Setup => setUp(store => withPoorListing(store, timeless))

  test('asks for no file that the state knows by its etag', async () => {
    const { source, syncAt } = bucket()
    await fill(source, { a: 'a', 'd/b': 'b', c: 'c' }, noon - 1000)
    await syncAt(noon)
    const second = await syncAt(noon + minute)
    expect(second.actions).toEqual([])
    expect(second.asked).toEqual([])
    expect(second.result.plan.settled).toEqual([])
  })

  test('asks for what was changed there, and carries its time over', async () => {
    const { source, inner, syncAt } = bucket()
    await fill(source, { a: 'a', b: 'b' }, noon - 1000)
    await syncAt(noon)
    await inner.write('b', toBytes('new'), { modified: noon - 5 })
    await inner.write('c', toBytes('c'), { modified: noon - 7 })
    const { actions, asked } = await syncAt(noon + minute)
    expect(actions).toEqual(['DOWNLOAD_UPDATE b', 'DOWNLOAD_NEW c'])
    expect(asked).not.toContain('a')
    expect((await source.stat('b'))?.modified).toBe(noon - 5)
    expect((await source.stat('c'))?.modified).toBe(noon - 7)
  })

  test('decides a conflict by the time that it asks for', async () => {
    const { source, inner, syncAt } = bucket()
    await fill(source, { a: 'older' }, noon - 10 * minute)
    await fill(inner, { a: 'newer!' }, noon - 5 * minute)
    const { actions } = await syncAt(noon)
    expect(actions).toEqual(['DOWNLOAD_UPDATE a'])
    expect(await treeOf(source)).toEqual({ a: 'newer!' })
  })

  test('takes a file that goes while it is asked for as unreadable, never as deleted', async () => {
    const { source, inner, poor, syncAt } = bucket()
    await fill(source, { a: 'a' }, noon)
    await fill(inner, { a: 'other' }, noon)
    const { stat } = poor
    poor.stat = (path, options) => (path === 'a' ? Promise.resolve(undefined) : stat(path, options))
    const { result, actions } = await syncAt(noon)
    expect(actions).toEqual([])
    expect(result.problems).toMatchObject([{ side: 'destination', path: 'a', reason: expect.stringContaining('changed while') as unknown }])
    expect(result.exitCode).toBe(3)
  })
})

describe('a listing with coarse times', () => {
  const server = (): Setup => setUp(store => withPoorListing(withoutEtags(store), coarse))

  test('asks once for files that were fresh at the last run, and for none later', async () => {
    const { source, syncAt } = server()
    await fill(source, { old: 'o' }, noon - 60 * minute)
    await fill(source, { fresh: 'f' }, noon + 1)
    await syncAt(noon + 1000)
    const second = await syncAt(noon + 2 * minute)
    expect(second.actions).toEqual([])
    expect(second.asked).toEqual(['fresh'])
    const third = await syncAt(noon + 3 * minute)
    expect(third.actions).toEqual([])
    expect(third.asked).toEqual([])
  })

  test('sees an edit of the same size in the same minute', async () => {
    const { source, inner, syncAt } = server()
    await fill(source, { fresh: 'before' }, noon + 1000)
    await syncAt(noon + 2000)
    await inner.write('fresh', toBytes('after!'), { modified: noon + 30_000 })
    const { actions } = await syncAt(noon + 10 * minute)
    expect(actions).toEqual(['DOWNLOAD_UPDATE fresh'])
    expect(await treeOf(source)).toEqual({ fresh: 'after!' })
  })

  for (const comparisonMode of ['hash-then-mtime', 'mtime-only', 'size-and-mtime'] as const) {
    test(`never makes an unchanged file look edited under ${comparisonMode}`, async () => {
      const { source, syncAt } = server()
      await fill(source, { a: 'a', b: 'b' }, noon - 90 * minute - 12_345)
      await syncAt(noon, { comparisonMode })
      for (const later of [1, 2, 3]) expect((await syncAt(noon + later * minute, { comparisonMode })).actions).toEqual([])
    })
  }

  test('compares two trees without a state by exact times', async () => {
    const { source, inner, poor } = server()
    await fill(source, { same: 'x', other: 'y' }, noon - 12_345)
    await fill(inner, { same: 'x' }, noon - 12_345)
    await fill(inner, { other: 'y' }, noon - 12_345 + 30_000)
    const seen: Record<string, string> = {}
    const engine = new SyncEngine({ comparisonMode: 'size-and-mtime' })
    for await (const { path, status } of engine.compare(new SyncPair({ source, destination: poor }))) seen[path] = status
    expect(seen).toEqual({ same: 'equal', other: 'differs' })
  })
})

describe('what a storage has learned', () => {
  test('comes back in the next run, also to another object, and not in a run of its own', async () => {
    const state = memory()
    const sides = { source: memory({ name: 'memory:source' }), inner: memory({ name: 'memory:learning' }) }
    await fill(sides.source, { a: 'a' }, noon)
    const run = async (learns: Json | undefined): Promise<Json | undefined> => {
      let [recalled, known]: (Json | undefined)[] = []
      const destination = decorate(sides.inner as WritableStorage, {
        learned: { recall: facts => (recalled = known = facts), facts: () => learns ?? known },
      })
      await new SyncEngine().syncPair(new SyncPair({ source: sides.source, destination, state }))
      return recalled
    }
    expect(await run({ zone: 60 })).toBeUndefined()
    expect(await run(undefined)).toEqual({ zone: 60 })
    expect(await run({ zone: 120 })).toEqual({ zone: 60 })
    expect(await run(undefined)).toEqual({ zone: 120 })
  })
})
