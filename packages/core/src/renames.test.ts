import { describe, expect, test } from 'vitest'
import { toBytes } from './bytes.ts'
import { SyncEngine } from './engine.ts'
import type { SyncOptions, SyncResult } from './engine-types.ts'
import { fill, storageWith, trashOf, treeOf, type Tree } from './execute/test-kit.ts'
import type { Entry, FileEntry, WritableStorage } from './protocol.ts'
import { decorate } from './storages/decorate.ts'
import { memory } from './storages/memory.ts'
import { SyncPair } from './sync-pair.ts'

interface Setup {
  readonly source: WritableStorage
  readonly destination: WritableStorage
  readonly sync: (more?: SyncOptions) => Promise<SyncResult>
}

/** Memory whose etags hold the name, as a change time that a rename moves. */
function withChangeTimes(storage: WritableStorage): WritableStorage {
  const seen = <T extends Entry>(entry: T): T =>
    entry.kind === 'file' && entry.etag !== undefined ? { ...entry, etag: `${entry.etag} ${entry.path}` } : entry
  const real = (etag: string | undefined): { ifMatch?: string } => (etag === undefined ? {} : { ifMatch: etag.slice(0, etag.indexOf(' ')) })
  return decorate(storage, {
    async *list(path, options) {
      for await (const page of storage.list(path, options)) yield (Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]).map(seen)
    },
    async stat(path, options) {
      const entry = await storage.stat(path, options)
      return entry && seen(entry)
    },
    read: (path, { ifMatch, ...options } = {}) => storage.read(path, { ...options, ...real(ifMatch) }),
    write: async (path, content, { ifMatch, ...options } = {}): Promise<FileEntry> =>
      seen(await storage.write(path, content, { ...options, ...real(ifMatch) })),
    remove: (path, { ifMatch, ...options } = {}) => storage.remove(path, { ...options, ...real(ifMatch) }),
  })
}

async function setUp(tree: Tree, wrap: (storage: WritableStorage) => WritableStorage = storage => storage): Promise<Setup> {
  const [left, right] = [wrap(await storageWith(tree, {}, 'memory:source')), wrap(await storageWith(tree, {}, 'memory:destination'))]
  const pair = new SyncPair({ source: left, destination: right, state: memory() })
  const sync = (more: SyncOptions = {}): Promise<SyncResult> => new SyncEngine().syncPair(pair, { maxDelete: Infinity, ...more })
  expect((await sync()).exitCode).toBe(0)
  return { source: left, destination: right, sync }
}

const actions = (result: SyncResult): string[] =>
  result.plan.items.map(item => `${item.action} ${item.from === null ? '' : `${item.from} -> `}${item.path}`)
const move = async (storage: WritableStorage, from: string, to: string): Promise<void> => storage.move?.(from, to)

describe('findRenames', () => {
  test('one rename comes of a deletion and a creation, and no deletion is counted', async () => {
    const { source, destination, sync } = await setUp({ a: 'content', k: 'k' })
    await move(source, 'a', 'd/b')
    expect(actions(await sync({ maxDelete: 0 }))).toEqual(['RENAME_DESTINATION a -> d/b', 'UPLOAD_NEW d'])
    expect(await treeOf(destination)).toEqual({ d: null, 'd/b': 'content', k: 'k' })
    expect(actions(await sync())).toEqual([])
  })

  test('a file with an old id, size and time but other content is no rename', async () => {
    const { source, destination, sync } = await setUp({ a: 'one', k: 'k' }, withChangeTimes)
    const { modified } = (await source.stat('a')) as FileEntry
    await source.write('a', toBytes('two'), modified === undefined ? {} : { modified })
    await move(source, 'a', 'b')
    expect(actions(await sync())).toEqual(['UPLOAD_NEW b', 'DELETE_DESTINATION a'])
    expect(await treeOf(destination)).toEqual({ b: 'two', k: 'k' })
    expect(await trashOf(destination)).toEqual({ a: 'one' })
  })

  test('a change time that the rename itself moved is no doubt where the content is remembered', async () => {
    const { source, sync } = await setUp({ a: 'one', k: 'k' }, withChangeTimes)
    await move(source, 'a', 'b')
    expect(actions(await sync())).toEqual(['RENAME_DESTINATION a -> b'])
    expect(actions(await sync())).toEqual([])
  })

  test('a directory is renamed as one, with links and empty directories in it', async () => {
    const { source, destination, sync } = await setUp({ 'd/a': 'a', 'd/e': null, 'd/l': { link: 'a' }, 'd/x/b': 'b', k: 'k' }, withChangeTimes)
    await move(source, 'd', 'n')
    expect(actions(await sync())).toEqual(['RENAME_DESTINATION d -> n'])
    expect(await treeOf(destination)).toEqual(await treeOf(source))
    expect(actions(await sync())).toEqual([])
  })

  test('a directory that was renamed and edited is renamed file by file, and the edit goes across', async () => {
    const { source, destination, sync } = await setUp({ 'd/a': 'a', 'd/b': 'bb', k: 'k' })
    await move(source, 'd', 'n')
    await fill(source, { 'n/a': 'edited' })
    expect(actions(await sync())).toEqual([
      'RENAME_DESTINATION d/b -> n/b',
      'UPLOAD_NEW n',
      'UPLOAD_NEW n/a',
      'DELETE_DESTINATION d/a',
      'DELETE_DESTINATION d',
    ])
    expect(await treeOf(destination)).toEqual({ k: 'k', n: null, 'n/a': 'edited', 'n/b': 'bb' })
    expect(actions(await sync())).toEqual([])
  })

  test('a rename on one side and an edit of the old name on the other keep both', async () => {
    const { source, destination, sync } = await setUp({ a: 'one', k: 'k' })
    await move(source, 'a', 'b')
    await fill(destination, { a: 'edited there' })
    expect(actions(await sync())).toEqual(['DOWNLOAD_RESTORE a', 'UPLOAD_NEW b'])
    expect(await treeOf(source)).toEqual({ a: 'edited there', b: 'one', k: 'k' })
    expect(await treeOf(destination)).toEqual(await treeOf(source))
  })

  test('a mirror does not rename what was edited on its receiving side', async () => {
    const { source, destination, sync } = await setUp({ a: 'one', k: 'k' })
    await move(destination, 'a', 'b')
    await fill(source, { a: 'edited' })
    expect(actions(await sync({ mode: 'destination-to-source' }))).toEqual(['DOWNLOAD_NEW b', 'DELETE_SOURCE a'])
    expect(await treeOf(source)).toEqual({ b: 'one', k: 'k' })
  })

  test('one file renamed to two names on the two sides is there under both', async () => {
    const { source, destination, sync } = await setUp({ a: 'one', k: 'k' })
    await move(source, 'a', 'b')
    await move(destination, 'a', 'c')
    await sync()
    expect(await treeOf(source)).toEqual({ b: 'one', c: 'one', k: 'k' })
    expect(await treeOf(destination)).toEqual(await treeOf(source))
    expect(actions(await sync())).toEqual([])
  })

  test('names that two files swap are followed', async () => {
    const { source, destination, sync } = await setUp({ a: 'one', b: 'two two', k: 'k' })
    await move(source, 'a', 'between')
    await move(source, 'b', 'a')
    await move(source, 'between', 'b')
    await sync()
    expect(await treeOf(destination)).toEqual({ a: 'two two', b: 'one', k: 'k' })
    expect(actions(await sync())).toEqual([])
  })

  test('chains of renames on both sides end the same on both', async () => {
    const { source, destination, sync } = await setUp({ 'd/a': 'a', 'd/b': 'bb', 'e/c': 'ccc', k: 'k' })
    await move(source, 'd', 'x/d')
    await move(source, 'e/c', 'x/d/c')
    await move(destination, 'e', 'f')
    await sync()
    expect(await treeOf(source)).toEqual(await treeOf(destination))
    expect(
      Object.values(await treeOf(source))
        .filter(word => word !== null)
        .sort(),
    ).toEqual(['a', 'bb', 'ccc', 'ccc', 'k'])
    expect(actions(await sync())).toEqual([])
  })

  test('of two files with the content of one that was deleted none is taken for it', async () => {
    const { source, destination, sync } = await setUp({ a: 'same', k: 'k' })
    await source.remove('a')
    await fill(source, { b: 'same', c: 'same' })
    expect(actions(await sync())).toEqual(['UPLOAD_NEW b', 'UPLOAD_NEW c', 'DELETE_DESTINATION a'])
    expect(await treeOf(destination)).toEqual({ b: 'same', c: 'same', k: 'k' })
  })

  test('a file that was renamed to where the other side has another one is kept beside it', async () => {
    const { source, destination, sync } = await setUp({ 'd/a': 'one', k: 'k' })
    await move(source, 'd/a', 'b')
    await fill(destination, { b: 'another, and newer' })
    const result = await sync({ conflictResolution: 'keep-both' })
    expect([result.failures, result.stale]).toEqual([[], []])
    expect(await treeOf(source)).toEqual(await treeOf(destination))
    expect(
      Object.values(await treeOf(source))
        .filter(word => word !== null)
        .sort(),
    ).toEqual(['another, and newer', 'k', 'one'])
    expect(actions(await sync())).toEqual([])
  })

  test('a rename into an ignored directory is a deletion that the trash keeps, and out of one a new file', async () => {
    const { source, destination, sync } = await setUp({ a: 'one', k: 'k' })
    const options = { ignore: ['private/'] }
    await move(source, 'a', 'private/a')
    expect(actions(await sync(options))).toEqual(['DELETE_DESTINATION a'])
    expect(await trashOf(destination)).toEqual({ a: 'one' })
    await move(source, 'private/a', 'back')
    expect(actions(await sync(options))).toEqual(['UPLOAD_NEW back'])
    expect(await treeOf(destination)).toEqual({ back: 'one', k: 'k' })
  })
})
