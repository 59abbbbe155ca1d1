import { beforeEach, describe, expect, test } from 'vitest'
import { collect, toBytes } from './bytes.ts'
import { SyncEngine } from './engine.ts'
import type { SyncOptions, SyncResult } from './engine-types.ts'
import { trashOf } from './execute/test-kit.ts'
import type { Entry, FileEntry, WritableStorage } from './protocol.ts'
import { decorate } from './storages/decorate.ts'
import { memory, type MemoryStorage } from './storages/memory.ts'
import { SyncPair } from './sync-pair.ts'

const start = 1_700_000_000_000

/** Shows no versions, as a server whose protocol has sizes and times alone. Counts what is read and hashed. */
class TimesOnly {
  readonly looked: string[] = []
  readonly storage: WritableStorage

  constructor(inner: MemoryStorage) {
    const without = (entry: FileEntry): FileEntry => {
      const { etag: _etag, id: _id, hashes: _hashes, ...rest } = entry
      return rest
    }
    const plain = <E extends Entry | undefined>(entry: E): E => (entry?.kind === 'file' ? (without(entry) as E) : entry)
    this.storage = decorate(inner as WritableStorage, {
      async *list(path, options) {
        for await (const page of inner.list(path, options)) yield Array.isArray(page) ? (page as Entry[]).map(plain) : plain(page as Entry)
      },
      stat: async (path, options) => plain(await inner.stat(path, options)),
      write: async (path, content, { ifMatch: _ifMatch, ...options } = {}) => without(await inner.write(path, content, options)),
      read: (path, { ifMatch: _ifMatch, ...options } = {}) => {
        this.looked.push(`read ${path}`)
        return inner.read(path, options)
      },
      ...(inner.hash !== undefined && {
        hash: async (path, name, options) => {
          this.looked.push(`hash ${path}`)
          return (await inner.hash?.(path, name, options)) as string
        },
      }),
    })
  }
}

type Hashes = readonly ('sha1' | 'sha256')[]

describe.each<{ readonly name: string; readonly ours: Hashes; readonly hashes: Hashes }>([
  { name: 'with a hash in common', ours: ['sha256'], hashes: ['sha256'] },
  { name: 'without any hash', ours: [], hashes: [] },
  { name: 'beside a store with a hash of its own', ours: ['sha256'], hashes: [] },
])('a store that shows whole seconds and no versions, $name', ({ ours, hashes }) => {
  let clock: number
  let source: MemoryStorage
  let server: MemoryStorage
  let view: TimesOnly
  let sync: (options?: SyncOptions) => Promise<SyncResult>

  beforeEach(() => {
    clock = start
    const now = (): number => clock
    source = memory({ name: 'memory:source', now, capabilities: { hashes: ours } })
    server = memory({ name: 'memory:server', now, capabilities: { modifiedPrecision: 1000, conditional: false, hashes } })
    view = new TimesOnly(server)
    const pair = new SyncPair({ source, destination: view.storage, state: memory({ now }) })
    sync = options => new SyncEngine({ now, random: () => 0 }).syncPair(pair, options)
  })

  /** An edit as the server sees it: its clock is cut to seconds. */
  const edit = (path: string, text: string): Promise<unknown> => server.write(path, toBytes(text), { modified: clock })
  const contentOf = async (storage: WritableStorage, path: string): Promise<string> => new TextDecoder().decode(await collect(storage.read(path)))
  const actions = ({ plan }: SyncResult): string[] => plan.items.map(item => `${item.action} ${item.path}`)

  test('an edit in the second of the last sync, of the same size, is carried over', async () => {
    clock = start + 100
    await edit('a', 'one')
    clock = start + 200
    await sync()
    expect(await contentOf(source, 'a')).toBe('one')
    clock = start + 700
    await edit('a', 'two')
    clock = start + 10_000
    expect(actions(await sync())).toEqual(['DOWNLOAD_UPDATE a'])
    expect(await contentOf(source, 'a')).toBe('two')
    expect(actions(await sync())).toEqual([])
  })

  test('an edit in the second in which the file was sent is carried back', async () => {
    clock = start + 100
    await source.write('a', toBytes('one'), { modified: clock })
    await sync()
    clock = start + 700
    await edit('a', 'two')
    clock = start + 10_000
    expect(actions(await sync())).toEqual(['DOWNLOAD_UPDATE a'])
    expect(await contentOf(source, 'a')).toBe('two')
  })

  test('an edit in the second in which a first run was killed is carried over', async () => {
    clock = start + 100
    await edit('a', 'one')
    const state = memory({ now: () => clock })
    const killed = decorate(state as WritableStorage, {
      write: (path, content, options) => (path === 'sync_metadata.json' ? Promise.reject(new Error('killed')) : state.write(path, content, options)),
    })
    const run = (kept: WritableStorage): Promise<SyncResult> =>
      new SyncEngine({ now: () => clock, random: () => 0 }).syncPair(new SyncPair({ source, destination: view.storage, state: kept }), {
        fsync: 'always',
      })
    // Some clocks tell parts of a millisecond.
    clock = start + 200.25
    await expect(run(killed)).rejects.toThrow('killed')
    expect(await contentOf(source, 'a')).toBe('one')
    clock = start + 700
    await edit('a', 'two')
    clock = start + 10_000
    expect(actions(await run(state))).toEqual(['DOWNLOAD_UPDATE a'])
    expect(await contentOf(source, 'a')).toBe('two')
  })

  test('such an edit survives an edit of the other side', async () => {
    clock = start + 100
    await edit('a', 'one')
    clock = start + 200
    await sync()
    clock = start + 700
    await edit('a', 'two')
    clock = start + 20_000
    await source.write('a', toBytes('six'), { modified: clock })
    const { exitCode } = await sync()
    expect(exitCode).toBe(0)
    expect(await contentOf(server, 'a')).toBe('six')
    expect(await trashOf(server)).toEqual({ a: 'two' })
  })

  test.each([
    { what: 'two edits', before: 'a' },
    { what: 'two new files of one name', before: 'old' },
  ])('$what of the same size, made within the tolerance, are a conflict', async ({ before }) => {
    await edit(before, 'one')
    clock = start + 20_000
    await sync()
    clock = start + 40_000
    await edit('a', 'two')
    clock = start + 40_500
    await source.write('a', toBytes('six'), { modified: clock })
    clock = start + 60_000
    expect((await sync()).conflicts.map(({ path }) => path)).toEqual(['a'])
    expect([await contentOf(source, 'a'), await contentOf(server, 'a')]).toEqual(['six', 'two'])
    await source.write('a', toBytes('two'), { modified: clock })
    expect((await sync()).exitCode).toBe(0)
  })

  test('two files of one size and time are looked at when the sides first meet, unless they are older than an hour', async () => {
    await edit('a', 'one')
    clock = start + 500
    await source.write('a', toBytes('six'), { modified: clock })
    await edit('old', 'one')
    await server.write('old', toBytes('one'), { modified: start - 3_700_000 })
    await source.write('old', toBytes('six'), { modified: start - 3_700_000 })
    clock = start + 60_000
    expect((await sync()).conflicts.map(({ path }) => path)).toEqual(hashes.length > 0 ? ['a', 'old'] : ['a'])
    expect([await contentOf(source, 'a'), await contentOf(server, 'a')]).toEqual(['six', 'one'])
    expect(view.looked.filter(call => call.startsWith('read '))).toEqual(hashes.length > 0 ? [] : ['read a'])
  })

  test('a file that was only read in that second is looked at once more, and nothing is sent', async () => {
    clock = start + 100
    await edit('a', 'one')
    clock = start + 200
    await sync()
    clock = start + 10_000
    view.looked.length = 0
    expect(actions(await sync())).toEqual([])
    expect(view.looked).toEqual([hashes.length > 0 ? 'hash a' : 'read a'])
    view.looked.length = 0
    clock += 10_000
    expect(actions(await sync())).toEqual([])
    expect(view.looked).toEqual([])
  })

  test('a file that is older than the last sync is not looked at, nor is one whose time is still to come', async () => {
    await edit('old', 'one')
    await server.write('future', toBytes('one'), { modified: start + 1e12 })
    clock = start + 60_000
    await sync()
    clock += 60_000
    view.looked.length = 0
    expect(actions(await sync())).toEqual([])
    expect(view.looked).toEqual([])
  })

  test('a deletion on the other side right after a sync is carried over, into the trash', async () => {
    clock = start + 100
    await edit('a', 'one')
    await edit('b', 'one')
    clock = start + 200
    await sync()
    await source.remove('a')
    clock = start + 10_000
    expect(actions(await sync())).toEqual(['DELETE_DESTINATION a'])
    expect(await trashOf(server)).toEqual({ a: 'one' })
  })
})
