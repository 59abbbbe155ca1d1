/** Archives on real servers: made, synchronized into, taken out again. */
import {
  collectText,
  decorate,
  isStorageError,
  memory,
  SyncEngine,
  SyncPair,
  toBytes,
  type Entry,
  type ReadableStorage,
  type WritableStorage,
} from '@syncline/core'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { snarfStorage } from '../src/index.ts'
import { onFtp, onSftp } from './remote-places.ts'

const places: readonly (readonly [name: string, make: (context: TestContext) => Promise<WritableStorage>])[] = [
  ['an SFTP server', onSftp],
  ['an FTP server', onFtp],
]

async function treeOf(storage: ReadableStorage): Promise<Record<string, string | null>> {
  const tree: Record<string, string | null> = {}
  for await (const page of storage.list(''))
    for (const { kind, path } of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry])
      tree[path] = kind === 'directory' ? null : await collectText(storage.read(path))
  return tree
}

for (const [name, make] of places) {
  test(`an archive on ${name} is made, synchronized both ways, and taken out`, { timeout: 120_000 }, async context => {
    const server = await make(context)
    const opened: WritableStorage[] = []
    onTestFinished(async () => {
      for (const storage of opened) await storage.close?.().catch(() => undefined)
      await server.close?.()
    })
    // Each stands for another run: nothing is known but what is on the server.
    const open = (): WritableStorage => {
      const inner = decorate(server, { close: () => Promise.resolve() })
      const storage = snarfStorage(inner, 'deep/site.snarf')
      opened.push(storage)
      return storage
    }
    const local = memory()
    const tree: Record<string, string> = { 'a.txt': 'one', 'docs/\u00e4rger & co': 'two', 'docs/empty': '', big: 'x'.repeat(300_000) }
    for (const [path, text] of Object.entries(tree)) await local.write(path, toBytes(text))
    const state = memory()
    const sync = async (archive: WritableStorage): Promise<readonly string[]> => {
      const result = await new SyncEngine({ mode: 'two-way', trash: false }).syncPair(new SyncPair({ source: local, destination: archive, state }))
      expect(result.failures).toEqual([])
      return result.plan.items.map(({ action, path }) => `${action} ${path}`)
    }

    const first = open()
    await sync(first)
    await first.close?.()
    expect(await treeOf(open())).toEqual({ ...tree, docs: null })

    const other = open()
    await other.write('docs/from others', toBytes('three'))
    await other.remove('docs/empty')
    await other.close?.()
    await local.write('a.txt', toBytes('one, edited'))
    const second = open()
    const done = await sync(second)
    await second.close?.()
    expect([...done].sort()).toEqual(['DELETE_SOURCE docs/empty', 'DOWNLOAD_NEW docs/from others', 'UPLOAD_UPDATE a.txt'])
    const { 'docs/empty': _gone, ...kept } = tree
    const now = { ...kept, 'a.txt': 'one, edited', docs: null, 'docs/from others': 'three' }
    expect(await treeOf(open())).toEqual(now)
    expect(await treeOf(local)).toEqual(now)
    expect(await sync(open())).toEqual([])

    const onServer: string[] = []
    for await (const page of server.list(''))
      for (const { path } of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) onServer.push(path)
    expect(onServer.sort()).toEqual(['deep', 'deep/site.snarf'])
  })

  test(`an archive on ${name} that somebody else replaced is not written over`, { timeout: 60_000 }, async context => {
    const server = await make(context)
    onTestFinished(async () => server.close?.())
    const [mine, theirs] = [snarfStorage(server, 'site.snarf'), snarfStorage(server, 'site.snarf')]
    await mine.write('a', toBytes('one'))
    await mine.flush?.()
    await theirs.write('b', toBytes('another size'))
    await theirs.flush?.()
    await mine.write('c', toBytes('three'))
    const error: unknown = await mine.flush?.().catch((cause: unknown) => cause)
    expect(isStorageError(error, 'PRECONDITION_FAILED')).toBe(true)
    expect(await treeOf(snarfStorage(server, 'site.snarf'))).toEqual({ a: 'one', b: 'another size' })
  })
}
