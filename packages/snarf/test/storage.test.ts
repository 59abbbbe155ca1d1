import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { failing, truncating } from '@syncline/conformance'
import {
  collect,
  collectText,
  decorate,
  memory,
  StorageError,
  SyncEngine,
  SyncStateManager,
  toBytes,
  type Entry,
  type FileEntry,
  type MemoryStorage,
  type ReadableStorage,
  type SyncMode,
  type WritableStorage,
} from '@syncline/core'
import { fs } from '@syncline/fs'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readSnarf, writeSnarf } from '../src/format/index.ts'
import { fileSpool, memorySpool, plugin, snarfStorage, type SnarfStorage, type Spool } from '../src/index.ts'

/** An archive in memory, and what was done to it. */
function archiveOnMemory(): { readonly inner: MemoryStorage; readonly storage: SnarfStorage; readonly writes: string[] } {
  const inner = memory()
  const writes: string[] = []
  const watched = decorate(inner, {
    write: (path, content, options) => {
      writes.push(path)
      return inner.write(path, content, options)
    },
  })
  return { inner, storage: snarfStorage(watched, 'site.snarf'), writes }
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'syncline-snarf-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function treeOf(storage: ReadableStorage): Promise<Record<string, string | null>> {
  const tree: Record<string, string | null> = {}
  for await (const page of storage.list(''))
    for (const entry of page as readonly Entry[]) tree[entry.path] = entry.kind === 'directory' ? null : await collectText(storage.read(entry.path))
  return tree
}

async function contentOf(inner: ReadableStorage): Promise<Record<string, string | null>> {
  const tree: Record<string, string | null> = {}
  for await (const { kind, path, content } of readSnarf(inner.read('site.snarf')))
    tree[path] = kind === 'directory' ? null : await collectText(content)
  return tree
}

describe('snarfStorage', () => {
  test('turns many changes into one rewrite, and none into none', async () => {
    const { storage, writes } = archiveOnMemory()
    for (let i = 0; i < 100; i++) await storage.write(`d/${i}`, toBytes(`content ${i}`))
    expect(writes).toEqual([])
    await storage.flush()
    expect(writes).toEqual(['site.snarf'])
    await storage.flush()
    await storage.close()
    expect(writes).toEqual(['site.snarf'])
  })

  test('writes what waits when it is closed', async () => {
    const { inner, storage } = archiveOnMemory()
    await storage.write('a', toBytes('content'))
    await storage.close()
    expect(await contentOf(inner)).toEqual({ '': null, a: 'content' })
  })

  test('writes the same bytes as the writer of trees, in whatever order files came', async () => {
    const { inner, storage } = archiveOnMemory()
    for (const path of ['f2', 'f1~', 'd1/f1', 'a-b', 'a/x', 'a b']) await storage.write(path, toBytes(`${path}data`))
    await storage.makeDirectory('d1/empty')
    await storage.flush()
    await storage.write('f1', toBytes('f1data'))
    await storage.remove('f2')
    await storage.flush()
    const file = (path: string) => ({ kind: 'file', path, content: toBytes(`${path}data`) }) as const
    const directory = (path: string) => ({ kind: 'directory', path }) as const
    const expected = [
      directory(''),
      directory('a'),
      file('a/x'),
      file('a b'),
      file('a-b'),
      directory('d1'),
      directory('d1/empty'),
      file('d1/f1'),
      file('f1'),
      file('f1~'),
    ]
    expect(await collectText(inner.read('site.snarf'))).toBe(new TextDecoder().decode(await collect(writeSnarf(expected))))
  })

  test('reads archives of the original, with directories that only paths imply', async () => {
    const inner = memory()
    await inner.write('site.snarf', toBytes(readFileSync(new URL('./fixtures/readme-1.snarf', import.meta.url))))
    const storage = snarfStorage(inner, 'site.snarf')
    expect((await storage.stat('test'))?.kind).toBe('directory')
    expect(await collectText(storage.read('test/a'))).toBe('data of a')
    await inner.write('site.snarf', toBytes('1 a\nx1 a\ny'))
    expect(await treeOf(snarfStorage(inner, 'site.snarf', { duplicates: 'last' }))).toEqual({ a: 'y' })
    await expect(treeOf(snarfStorage(inner, 'site.snarf'))).rejects.toThrow("duplicates: 'last'")
  })

  test('a missing archive is a missing root, and looking at it makes none', async () => {
    const { inner, storage } = archiveOnMemory()
    expect(await storage.stat('')).toBeUndefined()
    expect(await storage.stat('a')).toBeUndefined()
    await expect(collect(storage.list('') as never)).rejects.toMatchObject({ code: 'NOT_FOUND', path: '' })
    await storage.remove('a')
    await storage.close()
    expect(await inner.stat('site.snarf')).toBeUndefined()
  })

  test('says of a damaged archive what is wrong, and does not touch it', async () => {
    const inner = memory()
    await inner.write('site.snarf', toBytes('1 a\nx99 b\ny'))
    const storage = snarfStorage(inner, 'site.snarf')
    await expect(storage.stat('a')).rejects.toMatchObject({ code: 'CORRUPT', path: 'a' })
    await expect(storage.write('c', toBytes('c'))).rejects.toThrow('ends within b: 1 of 99 bytes are there')
    await storage.close()
    expect(await collectText(inner.read('site.snarf'))).toBe('1 a\nx99 b\ny')
  })

  test('a later change of somebody else shows in the next listing', async () => {
    const { inner, storage } = archiveOnMemory()
    await storage.write('a', toBytes('1'))
    await storage.flush()
    await inner.write('site.snarf', toBytes('1 b\nx'))
    expect(await treeOf(storage)).toEqual({ b: 'x' })
  })

  test('of two writers the second is refused, and both changes are still there', async () => {
    const inner = memory()
    await inner.write('site.snarf', toBytes('3 old\nold'))
    const [first, second] = [snarfStorage(inner, 'site.snarf'), snarfStorage(inner, 'site.snarf')]
    await first.write('first', toBytes('1'))
    await second.write('second', toBytes('2'))
    await first.flush()
    for (const end of [second.flush(), second.close()]) await expect(end).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    expect(await contentOf(inner)).toEqual({ '': null, old: 'old', first: '1' })
  })

  // Of the old archives here nothing is copied, so that only the condition on the whole can refuse.
  test.each([
    { conditional: true, old: undefined },
    { conditional: false, old: undefined },
    { conditional: true, old: '0 d/\n' },
    { conditional: false, old: '0 d/\n' },
  ])('of two writers the second is refused: $conditional $old', async ({ conditional, old }) => {
    const inner = memory({ capabilities: { conditional } })
    if (old !== undefined) await inner.write('site.snarf', toBytes(old))
    const [first, second] = [snarfStorage(inner, 'site.snarf'), snarfStorage(inner, 'site.snarf')]
    await first.write('first', toBytes('1'))
    await second.write('second', toBytes('2'))
    await first.flush()
    await expect(second.flush()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    expect(await collectText(second.read('second'))).toBe('2')
    expect(await contentOf(inner)).toEqual({ '': null, ...(old !== undefined && { d: null }), first: '1' })
  })

  test('an archive that changes while it is copied is not replaced, also where the store decides nothing', async () => {
    const inner = memory({ capabilities: { conditional: false } })
    await inner.write('site.snarf', toBytes('3 old\nold'))
    const meddling = decorate(inner, {
      write: async (path, content, options) => {
        async function* late(): AsyncGenerator<Uint8Array> {
          for await (const chunk of content) {
            yield chunk
            await inner.write('site.snarf', toBytes('6 theirs\ntheirs'))
          }
        }
        return inner.write(path, late(), options)
      },
    })
    const storage = snarfStorage(meddling, 'site.snarf')
    await storage.write('ours', toBytes('ours'))
    await expect(storage.flush()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    expect(await contentOf(inner)).toEqual({ theirs: 'theirs' })
  })

  test('whichever call of the inner storage fails, the archive is the old one or the new one, and the next flush succeeds', async () => {
    const [before, after] = ['3 old\nold4 d/kept\nkept', '0 \n0 d/\n4 d/kept\nkept3 new\nnew']
    const ways = [true, false].flatMap(conditional => (['before', 'after'] as const).map(when => ({ conditional, when })))
    for (const { conditional, when } of ways) {
      for (let call = 1; ; call++) {
        const inner = memory({ capabilities: { conditional } })
        await inner.write('site.snarf', toBytes(before))
        const flaky = failing(inner, { call, when })
        const storage = snarfStorage(flaky, 'site.snarf')
        const change = async (): Promise<void> => {
          await storage.write('new', toBytes('new'))
          await storage.remove('old')
          await storage.flush()
        }
        const outcome = await change().then(
          () => undefined,
          (error: unknown) => error,
        )
        const found = await collectText(inner.read('site.snarf'))
        expect([before, after]).toContain(found)
        if (outcome === undefined) expect(found).toBe(after)
        else if (found === before) {
          await change()
          expect(await collectText(inner.read('site.snarf'))).toBe(after)
        }
        if (!flaky.failed) break
        expect(call).toBeLessThan(30)
      }
    }
  })

  test('what replaces an archive on a disk is durable before it does, and nothing stays beside it when that fails', async () => {
    const inner = fs(temporaryDirectory())
    await inner.write('site.snarf', toBytes('3 old\nold'))
    const done: string[] = []
    let isFull = false
    const watched = decorate(inner, {
      write: (path, content, options) => {
        done.push(`write ${path === 'site.snarf' ? 'the archive' : 'beside it'}`)
        return inner.write(path, content, options)
      },
      flush: async options => {
        done.push('flush')
        if (isFull) throw new StorageError('NO_SPACE', 'the disk is full')
        await inner.flush?.(options)
      },
      move: async (from, to, options) => {
        done.push(`move to ${to}`)
        await inner.move?.(from, to, options)
      },
    })
    const storage = snarfStorage(watched, 'site.snarf')
    await storage.write('a', toBytes('1'))
    await storage.flush()
    expect(done).toEqual(['write beside it', 'flush', 'move to site.snarf', 'flush'])
    await storage.write('a', toBytes('2'))
    isFull = true
    await expect(storage.flush()).rejects.toMatchObject({ code: 'NO_SPACE' })
    const names: string[] = []
    for await (const page of inner.list('')) names.push(...(page as readonly Entry[]).map(({ path }) => path))
    expect(names).toEqual(['site.snarf'])
    expect(await contentOf(inner)).toEqual({ '': null, a: '1', old: 'old' })
  })

  test('what killed processes left beside an archive goes a day later, and nothing else does', async () => {
    const directory = temporaryDirectory()
    const names = ['.site.snarf.new-0a1b2c3d', '.site.snarf.new-of yesterday', '.other.snarf.new-0a1b2c3d', 'site.snarf.new-0a1b2c3d']
    const dayMs = 24 * 60 * 60 * 1000
    for (const name of names) {
      writeFileSync(join(directory, name), 'left')
      utimesSync(join(directory, name), new Date(), new Date(Date.now() - dayMs - 60_000))
    }
    writeFileSync(join(directory, '.site.snarf.new-00000000'), 'somebody writes this now')
    const storage = snarfStorage(fs(directory), 'site.snarf')
    await storage.write('a', toBytes('1'))
    await storage.flush()
    expect(readdirSync(directory).sort()).toEqual(['.site.snarf.new-00000000', ...names.slice(1), 'site.snarf'].sort())
  })

  test('an inner storage that loses bytes of the old archive does not get a new one made of them', async () => {
    const inner = memory()
    await inner.write('site.snarf', toBytes(`300000 a\n${'x'.repeat(300_000)}`))
    let isShort = false
    const short = truncating(inner, { bytes: 1000, at: 'read' })
    const storage = snarfStorage(decorate(inner, { read: (path, options) => (isShort ? short : inner).read(path, options) }), 'site.snarf')
    await storage.write('b', toBytes('new'))
    isShort = true
    await expect(collect(storage.read('a'))).rejects.toMatchObject({ code: 'CORRUPT', path: 'a' })
    await expect(storage.flush()).rejects.toMatchObject({ code: 'CORRUPT' })
    isShort = false
    expect((await collect(inner.read('site.snarf'))).length).toBe(300_009)
    await storage.flush()
    expect(await contentOf(inner)).toEqual({ '': null, a: 'x'.repeat(300_000), b: 'new' })
  })

  test('a reader goes on with the same bytes when the archive is written anew below it', async () => {
    const { storage } = archiveOnMemory()
    const content = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 31) % 251)
    await storage.write('z', toBytes(content))
    await storage.flush()
    let length = 0
    for await (const chunk of storage.read('z')) {
      if (length === 0) {
        await storage.write('a', toBytes('shifts everything that follows'))
        await storage.flush()
      }
      expect(Buffer.from(chunk).equals(content.subarray(length, length + chunk.length))).toBe(true)
      length += chunk.length
    }
    expect(length).toBe(content.length)
  })

  test('an open reader of the spool and an open writer survive a flush', async () => {
    const { storage, inner } = archiveOnMemory()
    const content = new Uint8Array(1_000_000).fill(7)
    await storage.write('a', toBytes(content))
    const reader = storage.read('a')[Symbol.asyncIterator]()
    let length = ((await reader.next()).value as Uint8Array).length
    let goOn = (): void => undefined
    const gate = new Promise<void>(resolve => (goOn = resolve))
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10).fill(1)
      await gate
      yield new Uint8Array(10).fill(2)
    }
    const writing = storage.write('b', slow())
    await storage.flush()
    expect(Object.keys(await contentOf(inner))).toEqual(['', 'a'])
    for (let next = await reader.next(); next.done !== true; next = await reader.next()) {
      expect(next.value.every((byte: number) => byte === 7)).toBe(true)
      length += next.value.length
    }
    expect(length).toBe(1_000_000)
    goOn()
    await writing
    await storage.close()
    expect((await contentOf(inner))['b']).toBe('\x01'.repeat(10) + '\x02'.repeat(10))
  })

  test('copies and moves without moving bytes', async () => {
    const { inner, storage } = archiveOnMemory()
    await storage.write('d/a', toBytes('content'))
    await storage.flush()
    await storage.copy('d/a', 'e/b')
    await storage.move('d', 'f')
    await storage.write('f/a', toBytes('other'))
    await storage.flush()
    expect(await contentOf(inner)).toEqual({ '': null, e: null, 'e/b': 'content', f: null, 'f/a': 'other' })
  })

  test('knows the hash of what it wrote, and reads what it did not', async () => {
    const { inner, storage } = archiveOnMemory()
    const written = await storage.write('a', toBytes('123456789'))
    await storage.flush()
    const again = snarfStorage(inner, 'site.snarf')
    expect(((await again.stat('a')) as FileEntry).hashes).toBeUndefined()
    expect(await again.hash?.('a', 'sha256')).toBe(written.hashes?.['sha256'])
    expect(((await again.stat('a')) as FileEntry).hashes).toEqual(written.hashes)
  })

  test('refuses names that no header can hold, before anything is changed', async () => {
    const { storage } = archiveOnMemory()
    expect(storage.refuses('a\nb')).toContain('line feed')
    expect(storage.refuses('a b')).toBeUndefined()
    await expect(storage.write('a\nb', toBytes(''))).rejects.toMatchObject({ code: 'INVALID_PATH' })
    await storage.write(`d/${'x'.repeat(250)}`, toBytes(''))
    const deep = Array.from({ length: 16 }, () => 'y'.repeat(250)).join('/')
    await expect(storage.move('d', deep)).rejects.toMatchObject({ code: 'INVALID_PATH' })
    expect(Object.keys(await treeOf(storage))).toEqual(['d', `d/${'x'.repeat(250)}`])
  })

  test('changes nothing on a store that shows half-written files', async () => {
    const inner = memory({ capabilities: { atomicWrite: false } })
    await inner.write('site.snarf', toBytes('1 a\nx'))
    const storage = snarfStorage(inner, 'site.snarf')
    expect(await collectText(storage.read('a'))).toBe('x')
    for (const change of [
      storage.write('b', toBytes('')),
      storage.remove('a'),
      storage.makeDirectory('d'),
      storage.copy('a', 'c'),
      storage.move('a', 'c'),
    ])
      await expect(change).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  test('an archive on a disk keeps its permissions, and nothing stays beside it', async () => {
    const directory = temporaryDirectory()
    const file = join(directory, 'site.snarf')
    writeFileSync(file, '1 a\nx')
    chmodSync(file, 0o600)
    const storage = snarfStorage(fs(directory), 'site.snarf', { spool: () => fileSpool(directory) })
    await storage.write('b', toBytes(new Uint8Array(3_000_000)))
    await storage.close()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['site.snarf'])
  })
})

describe.each([
  ['memorySpool', () => Promise.resolve(memorySpool())],
  ['fileSpool', () => fileSpool()],
] as const)('%s', (_name, make: () => Promise<Spool>) => {
  test('gives back what several appended at the same time, at any place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 700_000 }), { minLength: 1, maxLength: 12 }), fc.nat(), async (sizes, seed) => {
        const spool = await make()
        try {
          const contents = sizes.map((size, n) => new Uint8Array(size).map((_, i) => (i * 7 + n * 13 + seed) & 255))
          const offsets = await Promise.all(contents.map(content => spool.append(content)))
          for (const [n, content] of contents.entries()) {
            const from = content.length >> 2
            const read = await spool.read((offsets[n] as number) + from, content.length - from)
            expect(Buffer.from(read).equals(content.subarray(from))).toBe(true)
          }
        } finally {
          await spool.close()
        }
      }),
      { numRuns: 30 },
    )
  })
})

test('memorySpool says what to do when it is full', async () => {
  const storage = snarfStorage(memory(), 'site.snarf', { spool: () => memorySpool(1000) })
  await expect(storage.write('a', toBytes(new Uint8Array(1001)))).rejects.toMatchObject({
    code: 'NO_SPACE',
    message: expect.stringContaining('fileSpool()') as string,
  })
  await storage.write('a', toBytes('small'))
})

describe('a sync with an archive', () => {
  const modes: readonly SyncMode[] = ['two-way', 'source-to-destination', 'source-backup', 'destination-to-source', 'destination-backup']

  test.each(modes)('settles in mode %s, notices an edit of the same size, and writes the archive once for each run', async mode => {
    const source = memory()
    const { inner, storage: first, writes } = archiveOnMemory()
    await first.makeDirectory('')
    await first.close()
    writes.length = 0
    const state = new SyncStateManager(memory())
    const downloads = mode.startsWith('destination')
    const run = async (): Promise<number> => {
      const watched = decorate(inner, {
        write: (path, content, options) => {
          writes.push(path)
          return inner.write(path, content, options)
        },
      })
      const archive = snarfStorage(watched, 'site.snarf')
      const result = await new SyncEngine({ mode, allowEmpty: true } as never).syncPair({ source, destination: archive, state })
      await archive.close()
      expect(result.stats.errors).toBe(0)
      return result.stats.uploads + result.stats.downloads + result.stats.deletesSource + result.stats.deletesDestination
    }
    const edit = async (change: (storage: WritableStorage) => Promise<unknown>): Promise<void> => {
      if (!downloads) return void (await change(source))
      const archive = snarfStorage(inner, 'site.snarf')
      await change(archive)
      await archive.close()
    }
    await edit(async storage => {
      for (let i = 0; i < 30; i++) await storage.write(`d${i % 3}/${i}`, toBytes(`content ${i}`))
      await storage.makeDirectory?.('empty')
    })
    expect(await run()).toBeGreaterThanOrEqual(30)
    expect(await run()).toBe(0)
    await edit(storage => storage.write('d1/1', toBytes('CONTENT 1')))
    expect(await run()).toBe(1)
    expect(await run()).toBe(0)
    expect(writes).toHaveLength(downloads ? 0 : 2)
    const archive = snarfStorage(inner, 'site.snarf')
    expect(await treeOf(archive)).toEqual(await treeOf(source))
    expect(await collectText(archive.read('d1/1'))).toBe('CONTENT 1')
  })
})

describe('plugin', () => {
  test('opens an archive on another storage, with its name and its query apart', async () => {
    const opened: string[] = []
    const inner = memory({ name: 's3://bucket/deep' })
    const open = (location: string): Promise<WritableStorage> => {
      opened.push(location)
      return Promise.resolve(inner)
    }
    const storage = (await plugin.open(new URL('snarf:s3://bucket/deep/my%20site.snarf?region=eu'), { open })) as WritableStorage
    await storage.write('a', toBytes('x'))
    await storage.close?.()
    expect(opened).toEqual(['s3://bucket/deep?region=eu'])
    expect(storage.name).toBe('snarf:s3://bucket/deep/my site.snarf')
    expect((await inner.stat('my site.snarf'))?.kind).toBe('file')
    for (const [url, place] of [
      ['snarf:sftp://ana@host/site.snarf', 'sftp://ana@host/'],
      ['snarf:sftp://ana@host/~/site.snarf', 'sftp://ana@host/~'],
      ['snarf:s3://bucket/site.snarf', 's3://bucket/'],
    ] as const) {
      await plugin.open(new URL(url), { open })
      expect(opened.at(-1)).toBe(place)
    }
  })

  test('opens a file, which keeps what waits beside it and leaves nothing there', async () => {
    const directory = temporaryDirectory()
    const storage = (await plugin.open(new URL(`snarf:${directory}/a%20b.snarf`), {
      open: location => Promise.resolve(fs(location)),
    })) as WritableStorage
    await storage.write('a', toBytes('x'))
    expect(existsSync(join(directory, 'a b.snarf'))).toBe(false)
    await storage.close?.()
    expect(readFileSync(join(directory, 'a b.snarf'), 'utf8')).toBe('0 \n1 a\nx')
    expect(readdirSync(directory)).toEqual(['a b.snarf'])
  })

  test.each([
    ['snarf:s3://bucket/', 'names no archive'],
    ['snarf:/srv/', 'names no archive'],
    ['snarf://host/site.snarf', 'snarf:sftp://host/'],
  ])('refuses %s', async (url, message) => {
    await expect(plugin.open(new URL(url), { open: () => Promise.resolve(memory()) })).rejects.toThrow(message)
  })

  test('says what it needs where nothing can be opened', async () => {
    await expect(plugin.open(new URL('snarf:/srv/site.snarf'))).rejects.toThrow('needs a way to open the place')
  })
})
