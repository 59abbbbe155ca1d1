/** Graphs in the files of storages: memory with all its weaknesses, directories, archives. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collect, collectText, memory, toBytes, type MemoryCapabilities, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { describe, expect, test } from 'vitest'
import {
  Check,
  Checkout,
  Commit,
  DefaultSynchronizer,
  repositoryFromStorage,
  SnarfRepository,
  SynchronizationError,
  type ObjectSpace,
  type Writeable,
} from '../src/objects/index.ts'
import { snarfStorage } from '../src/storage/snarf-storage.ts'
import { contentModel, Doc, File, FileFileSynchronizer, Folder } from './content-model.ts'

const pages = (): Folder =>
  new Folder({
    'Index.txt': new File('welcome', 'text/plain', 'Welcome'),
    'index.txt': new File('another one'),
    '\u00e4rger': new File('composed'),
    empty: new Folder(),
    sub: new Folder({ deep: new Folder({ x: new Doc({ n: 1 }) }), 'a b': new File('') }),
  })

function world(): ObjectSpace {
  return contentModel().space.synchronizer('zope.fssync.synchronizer.Extras', DefaultSynchronizer)
}

async function pathsOf(storage: WritableStorage): Promise<string[]> {
  const paths: string[] = []
  for await (const page of storage.list(''))
    for (const entry of Array.isArray(page) ? page : [page]) if (entry.kind === 'file') paths.push(entry.path)
  return paths.sort()
}

async function roundTrip(storage: WritableStorage): Promise<void> {
  const space = world()
  const root = { site: pages() }
  const repository = repositoryFromStorage(storage)
  await new Checkout(space, repository).perform(root.site, 'site')
  const { conflicts, revision } = await new Check(space, repository).check(root, 'site', 'site')
  expect(conflicts).toEqual([])
  expect((await new Commit(space, repository).perform(root, 'site', 'site', { expectedRevision: revision })).items).toEqual([])

  const again = repositoryFromStorage(storage)
  const target: Record<string, Folder> = {}
  await new Commit(space, again).perform(target, 'site', 'site')
  expect(target).toEqual(root)

  await storage.write('site/sub/a b', toBytes('from outside'))
  await new Commit(space, again).perform(root, 'site', 'site')
  expect(root.site.children.get('sub')).toEqual(new Folder({ deep: new Folder({ x: new Doc({ n: 1 }) }), 'a b': new File('from outside') }))
}

describe('repositoryFromStorage', () => {
  test.each<[string, MemoryCapabilities]>([
    ['that keeps every promise', {}],
    ['without directories, as a bucket', { directories: false }],
    ['that folds case and Unicode forms', { exactNames: false }],
    ['without order, atomic writes and conditions', { ordered: false, atomicWrite: false, conditional: false }],
  ])('checks out to, checks and commits from a storage %s', async (_, capabilities) => roundTrip(memory({ capabilities })))

  test('does so in a directory', async () => {
    const root = await mkdtemp(join(tmpdir(), 'syncline-objects-'))
    const storage = fs(root)
    try {
      await roundTrip(storage)
    } finally {
      await storage.close?.()
      await rm(root, { recursive: true })
    }
  })

  test('does so in an archive that lies on a storage', async () => {
    const inner = memory()
    const storage = snarfStorage(inner, 'site.snarf')
    await roundTrip(storage)
    await storage.close?.()
    const space = world()
    const target: Record<string, Folder> = {}
    const whole = await collect(inner.read('site.snarf'))
    await new Commit(space, new SnarfRepository(whole)).perform(target, 'site', 'site')
    expect(target['site']?.children.get('Index.txt')).toEqual(new File('welcome', 'text/plain', 'Welcome'))
  })

  test('writes what a checkout to an archive has, file by file', async () => {
    const space = world()
    const storage = memory()
    const snarf = new SnarfRepository()
    await new Checkout(space, repositoryFromStorage(storage)).perform(pages(), 'site')
    await new Checkout(space, snarf).perform(pages(), 'site')
    const inArchive: string[] = []
    for await (const path of snarf.paths()) {
      inArchive.push(path)
      expect(await collectText(storage.read(path))).toBe(await collectText(snarf.read(path)))
    }
    expect(await pathsOf(storage)).toEqual(inArchive.sort())
  })

  test('leaves files as they are that have the content already', async () => {
    const space = world()
    let now = 1000
    const storage = memory({ now: () => now })
    const site = pages()
    await new Checkout(space, repositoryFromStorage(storage)).perform(site, 'site')
    now = 2000
    ;(site.children.get('index.txt') as File).data = 'another 0ne'
    await new Checkout(space, repositoryFromStorage(storage)).perform(site, 'site')
    const changed: string[] = []
    for (const path of await pathsOf(storage)) if ((await storage.stat(path))?.modified === 2000) changed.push(path)
    expect(changed).toEqual(['site/index.txt'])
  })

  test.each([true, false])('removes what earlier checkouts wrote of objects that are gone, and nothing else; directories: %s', async directories => {
    const space = world()
    const storage = memory({ capabilities: { directories } })
    const site = pages()
    const checkout = new Checkout(space, repositoryFromStorage(storage))
    await checkout.perform(site, 'site', '', { removeStale: true })
    await storage.write('site/sub/notes of a person', toBytes('mine'))
    site.children.delete('Index.txt')
    site.children.delete('sub')
    site.children.set('empty', new File('no folder any more'))
    site.children.set('index.txt', new Folder({ inner: new File('no file any more') }))
    const { removed } = await checkout.perform(site, 'site', '', { removeStale: true })
    expect([...removed].sort()).toEqual([
      'site/@@Zope/Extra/Index.txt',
      'site/Index.txt',
      'site/empty/@@Zope/Entries.xml',
      'site/index.txt',
      'site/sub/@@Zope/Entries.xml',
      'site/sub/a b',
      'site/sub/deep/@@Zope/Entries.xml',
      'site/sub/deep/x',
    ])
    expect(await pathsOf(storage)).toContain('site/sub/notes of a person')
    if (directories) expect(await storage.stat('site/sub/deep')).toBeUndefined()
    expect(await checkout.repository.kindOf('site/sub')).toBe('directory')
    expect(await checkout.repository.kindOf('site/sub/deep')).toBeUndefined()
    const target: Record<string, Folder> = {}
    await new Commit(space, repositoryFromStorage(storage)).perform(target, 'site', 'site')
    expect(target['site']).toEqual(site)
  })

  test('a body of any size streams, and one that fails half-way is not stored', async () => {
    const chunk = new Uint8Array(256 * 1024).fill(0x61)
    let waiting = 0
    let most = 0
    let failAt = Infinity
    class Endless extends FileFileSynchronizer {
      override async dump(writeable: Writeable): Promise<void> {
        for (let i = 0; i < 64; i++) {
          if (i === failAt) throw new Error('the object went away')
          waiting += chunk.length
          most = Math.max(most, waiting)
          await writeable.write(chunk)
        }
      }
    }
    const { space } = contentModel()
    space.synchronizer('app.models.File', Endless)
    const inner = memory()
    const storage: WritableStorage = {
      ...inner,
      async write(path, content, options) {
        async function* counted(): AsyncGenerator<Uint8Array> {
          for await (const piece of content) {
            waiting -= piece.length
            yield piece
          }
        }
        return inner.write(path, counted(), options)
      },
    }
    await new Checkout(space, repositoryFromStorage(storage)).perform(new File(), 'big')
    expect((await inner.stat('big')) as unknown).toMatchObject({ size: 64 * chunk.length })
    expect(most).toBeLessThan(4 * 1024 * 1024)
    await inner.remove('big')
    failAt = 40
    await expect(new Checkout(space, repositoryFromStorage(storage)).perform(new File(), 'big')).rejects.toThrow(
      'big was not checked out: the object went away',
    )
    expect(await inner.stat('big')).toBeUndefined()
  })

  test('a failed write ends the checkout with the error of the storage', async () => {
    const inner = memory()
    const storage: WritableStorage = {
      ...inner,
      write: (path, content, options) => (path.endsWith('x') ? Promise.reject(new Error('no space left')) : inner.write(path, content, options)),
    }
    await expect(new Checkout(world(), repositoryFromStorage(storage)).perform(pages(), 'site')).rejects.toThrow('no space left')
  })

  test('a symbolic link in the place of a body is an error, elsewhere it does not matter', async () => {
    const space = world()
    const storage = memory()
    await new Checkout(space, repositoryFromStorage(storage)).perform(pages(), 'site')
    await storage.makeSymlink('elsewhere', '/etc/passwd')
    await new Commit(space, repositoryFromStorage(storage)).perform({}, 'site', 'site')
    await storage.makeSymlink('site/index.txt', '/etc/passwd')
    const target = {}
    await expect(new Commit(space, repositoryFromStorage(storage)).perform(target, 'site', 'site')).rejects.toThrow(
      /site\/index\.txt on memory: is no file/,
    )
    expect(target).toEqual({})
    expect(new SynchronizationError('x').name).toBe('SynchronizationError')
  })

  test('a storage that can only be read can be committed from', async () => {
    const space = world()
    const storage = memory()
    await new Checkout(space, repositoryFromStorage(storage)).perform(pages(), 'site')
    const frozen = await storage.snapshot()
    const target: Record<string, Folder> = {}
    await new Commit(space, repositoryFromStorage(frozen)).perform(target, 'site', 'site')
    expect(target['site']).toEqual(pages())
    await expect(new Checkout(space, repositoryFromStorage(frozen)).perform(pages(), 'site')).rejects.toThrow('can only be read')
  })
})
