import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collectText, decorate, memory, toBytes, type Entry, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { s3 } from '@syncline/s3'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { testBucket } from '@syncline/services/bucket'
import { snarfStorage } from '../src/index.ts'
import { commitObjects, updateObjects, workingCopyOf, type ObjectContent } from '../src/workdir/index.ts'
import { contentModel, File, Folder } from './content-model.ts'
import { onFtp, onSftp } from './remote-places.ts'

const lines = (...words: readonly string[]): string => words.map(word => `${word}\n`).join('')

function inDirectory(): WritableStorage {
  const directory = mkdtempSync(join(tmpdir(), 'syncline-work-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return fs(join(directory, 'work'))
}

async function inBucket(context: TestContext): Promise<WritableStorage> {
  const bucket = await testBucket(context)
  onTestFinished(() => bucket[Symbol.asyncDispose]())
  return s3({ ...bucket.options, prefix: 'work' })
}

/** As an FTP server that knows only LIST: the times of a listing say little, those of a single file all. */
function byTheMinute(inner: WritableStorage): WritableStorage {
  const minute = 60_000
  const bare = <T extends Entry | undefined>(entry: T): T => {
    if (entry?.kind !== 'file') return entry
    const { etag: _etag, id: _id, hashes: _hashes, ...rest } = entry
    return rest as T
  }
  return decorate(inner, {
    capabilities: { atomicWrite: true, directories: true, modifiedPrecision: 1000 },
    stat: async (path, options) => bare(await inner.stat(path, options)),
    write: async (path, content, options) => bare(await inner.write(path, content, options)),
    async *list(path, options) {
      for await (const page of inner.list(path, options))
        for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry])
          yield entry.kind === 'file'
            ? { ...bare(entry), modified: Math.floor((entry.modified ?? 0) / minute) * minute, modifiedPrecision: minute }
            : entry
    },
  })
}

const places: readonly (readonly [name: string, make: (context: TestContext) => WritableStorage | Promise<WritableStorage>])[] = [
  ['in a directory', inDirectory],
  ['in a bucket', inBucket],
  ['on an SFTP server', onSftp],
  ['on an FTP server', onFtp],
  ['in an archive on an SFTP server', async context => snarfStorage(await onSftp(context), 'work.snarf')],
  ['in an archive', () => snarfStorage(memory(), 'work.snarf')],
  ['on a store without directories', () => memory({ capabilities: { directories: false } })],
  ['on a store that lists times by the minute, without etags', () => byTheMinute(memory())],
  ['on a store that decides no conditions and lists in any order', () => memory({ capabilities: { conditional: false, ordered: false } })],
]

for (const [name, make] of places) {
  test(`a working copy ${name} is edited, updated, merged and committed`, { timeout: 120_000 }, async context => {
    const { space } = contentModel()
    const root = new Folder({ a: new File(lines('1', '2', '3')), docs: new Folder({ b: new File('two', 'text/plain', 'B') }), empty: new Folder() })
    const content: ObjectContent = { space, name: 'site', root }
    const storage = await make(context)
    const work = workingCopyOf(content, storage)
    const changed = async (): Promise<readonly string[]> =>
      (await work.status()).filter(({ state }) => state !== 'unchanged').map(({ path, state }) => `${state} ${path}`)
    try {
      await updateObjects(content, work)
      expect(await changed()).toEqual([])
      await storage.write('site/a', toBytes(lines('1 mine', '2', '3')))
      await storage.flush?.()
      await work.makeDirectory('site/new', { factory: 'app.models.Folder' })
      await work.remove('site/docs')
      expect(await changed()).toEqual(['modified site/a', 'removed site/docs', 'added site/new'])
      const page = root.children.get('a') as File
      page.data = lines('1', '2', '3 theirs')
      root.children.delete('empty')
      const { items } = await updateObjects(content, work)
      expect(items.filter(({ letter }) => letter !== '*' && letter !== '/').map(({ letter, path }) => `${letter} ${path}`)).toEqual([
        'M site/a',
        'R site/docs',
        'D site/empty',
        'A site/new',
      ])
      await commitObjects(content, work)
      expect([...root.children.keys()]).toEqual(['a', 'new'])
      expect(page.data).toBe(lines('1 mine', '2', '3 theirs'))
      expect(await changed()).toEqual([])
    } finally {
      await storage.close?.()
    }
  })
}

test('an edit in the minute of the listing, of the same size, is not written over', async () => {
  let now = Date.UTC(2024, 0, 1, 10, 30, 1)
  const inner = memory({ now: () => now })
  let edit: (() => Promise<unknown>) | undefined
  const storage = decorate(byTheMinute(inner), {
    async *read(path, options) {
      yield* inner.read(path, options)
      if (path !== 'site/a') return
      now += 5000
      await edit?.()
      edit = undefined
    },
  })
  const { space } = contentModel()
  const page = new File('one')
  const content: ObjectContent = { space, name: 'site', root: new Folder({ a: page }) }
  const work = workingCopyOf(content, storage)
  await updateObjects(content, work)
  page.data = 'two'
  edit = () => inner.write('site/a', toBytes('ONE'))
  const { failures } = await updateObjects(content, work)
  expect(await collectText(inner.read('site/a'))).toBe('ONE')
  expect(failures.map(({ path }) => path)).toContain('site/a')
})
