import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Entry } from '@syncline/core'
import { directory, fill, listAll, listPaths, threadCount, unprivileged } from '../test/fixture.ts'
import { fs } from './fs.ts'

/** Key order by the bytes themselves, independent of core's comparison. */
function byKey(entries: readonly Entry[]): string[] {
  const key = (entry: Entry): Buffer => Buffer.from(entry.kind === 'directory' ? `${entry.path}/` : entry.path)
  return [...entries].sort((a, b) => Buffer.compare(key(a), key(b))).map(entry => entry.path)
}

const hasWorker = existsSync(new URL('../dist/worker.js', import.meta.url))

describe('list', () => {
  test('yields key order: a directory as if it ended in "/", bytes and not UTF-16 units', async () => {
    const root = directory()
    fill(root, {
      'a/x': '',
      'a-b/y': '',
      'a.txt': '',
      a0: '',
      'a-b-c/z': '',
      'a-': '',
      '\uE000': '',
      '\u{10000}': '',
      'b/': '',
      'b\u0001': '',
      'a b': '',
    })
    const entries = await listAll(fs(root))
    expect(entries.map(entry => entry.path)).toEqual(byKey(entries))
    expect(entries).toHaveLength(14)
  })

  test('yields key order and every name once for any tree', async () => {
    const name = fc
      .oneof(
        fc.constantFrom('a', 'a-', 'a.b', 'a b', 'b', 'é', '\uE000', '\u{1F600}', '-', 'q\'"', '\n', 'A%2f'),
        fc.stringMatching(/^[a-c!-.]{1,3}$/),
      )
      .filter(text => !['.', '..'].includes(text))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 4 }), { maxLength: 25 }), async paths => {
        const root = directory()
        const made = new Set<string>()
        for (const segments of paths) {
          try {
            fill(root, { [segments.join('/')]: 'x' })
            segments.forEach((_, index) => made.add(segments.slice(0, index + 1).join('/')))
          } catch {
            // A file is where this path needs a directory, or the reverse.
          }
        }
        const entries = await listAll(fs(root))
        expect(entries.map(entry => entry.path)).toEqual(byKey(entries))
        expect(new Set(entries.map(entry => entry.path))).toEqual(made)
        expect(entries).toHaveLength(made.size)
        rmSync(root, { recursive: true })
      }),
      { numRuns: 60 },
    )
  })

  test('tells size, time, mode, id and an etag of files, and the target of links', async () => {
    const root = directory()
    fill(root, { 'd/f': 'four' })
    chmodSync(join(root, 'd/f'), 0o640)
    symlinkSync('../nowhere', join(root, 'd/l'))
    const [folder, file, link] = await listAll(fs(root))
    expect(folder).toMatchObject({ kind: 'directory', path: 'd' })
    expect(file).toMatchObject({ kind: 'file', path: 'd/f', size: 4, mode: 0o640 })
    expect(file).toEqual(await fs(root).stat('d/f'))
    expect(link).toMatchObject({ kind: 'symlink', path: 'd/l', target: '../nowhere' })
  })

  test('gathers pages across directories', async () => {
    const root = directory()
    for (let i = 0; i < 600; i++) fill(root, { [`d${i}/f`]: '' })
    const pages: number[] = []
    for await (const page of fs(root).list('')) pages.push((page as Entry[]).length)
    expect(pages).toEqual([512, 512, 176])
  })

  test('lists 10,000 entries of one directory', async () => {
    const root = directory()
    for (let i = 0; i < 10_000; i++) writeFileSync(join(root, `file-${i}`), '')
    const entries = await listAll(fs(root))
    expect(entries).toHaveLength(10_000)
    expect(entries.map(entry => entry.path)).toEqual(byKey(entries))
  })

  test('lists a path of 900 directories', async () => {
    const root = directory()
    fill(root, { [`${Array.from({ length: 900 }, () => 'd').join('/')}/f`]: 'x' })
    const entries = await listAll(fs(root))
    expect(entries).toHaveLength(901)
    expect(entries.at(-1)).toMatchObject({ kind: 'file', size: 1 })
  })

  test('with recursive false yields the children only', async () => {
    const root = directory()
    fill(root, { 'd/e/f': '', g: '' })
    expect(await listPaths(fs(root), '', { recursive: false })).toEqual(['d/', 'g'])
    expect(await listPaths(fs(root), 'd', { recursive: false })).toEqual(['d/e/'])
  })

  test('does not read a directory that descend declines', async () => {
    const root = directory()
    fill(root, { 'no/e/f': '', 'yes/g': '' })
    chmodSync(join(root, 'no'), 0)
    await unprivileged(async () => {
      expect(await listPaths(fs(root), '', { descend: path => path !== 'no' })).toEqual(['no/', 'yes/', 'yes/g'])
    })
  })

  test('shows sockets, pipes and devices as problems', async () => {
    const root = directory()
    execFileSync('mkfifo', [join(root, 'fifo')])
    const server = createServer().listen(join(root, 'socket'))
    onTestFinished(() => void server.close())
    await new Promise(resolve => server.once('listening', resolve))
    const reasons = (await listAll(fs(root))).map(entry => entry.kind === 'problem' && entry.reason)
    expect(reasons).toEqual(['a named pipe cannot be synced', 'a socket cannot be synced'])
    expect((await listAll(fs('/dev'), '', { recursive: false })).find(entry => entry.path === 'null')).toMatchObject({
      kind: 'problem',
      reason: 'a character device cannot be synced',
    })
  })

  test('shows an unreadable directory as one problem in its place', async () => {
    const root = directory()
    fill(root, { 'a/x': '', 'b/y': '', 'b-c': '', 'c/z': '' })
    chmodSync(join(root, 'b'), 0)
    await unprivileged(async () => {
      const entries = await listAll(fs(root))
      expect(entries.map(entry => entry.path)).toEqual(['a', 'a/x', 'b', 'b-c', 'c', 'c/z'])
      expect(entries[2]).toMatchObject({ kind: 'problem', error: { code: 'PERMISSION_DENIED', path: 'b' } })
    })
  })

  test('shows what cannot be looked at as problems', async () => {
    const root = directory()
    fill(root, { 'd/x': '' })
    chmodSync(join(root, 'd'), 0o444)
    await unprivileged(async () => expect(await listPaths(fs(root))).toEqual(['d/', 'd/x!']))
  })

  test.runIf(process.platform === 'linux')('shows a name that is not UTF-8 as a problem that no other name equals', async () => {
    const root = directory()
    fill(root, { 'bad\\xff': 'a real file', '\uFFFD': 'another' })
    for (const raw of [
      [0x62, 0x61, 0x64, 0xff],
      [0xed, 0xa0, 0x80],
      [0xe2, 0x82],
    ])
      writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(raw)]), '')
    const entries = await listAll(fs(root))
    expect(entries.map(entry => [entry.path, entry.kind])).toEqual([
      ['\\xe2\\x82', 'problem'],
      ['\\xed\\xa0\\x80', 'problem'],
      ['bad\\xff', 'file'],
      ['bad\\xff~', 'problem'],
      ['\uFFFD', 'file'],
    ])
  })

  test.runIf(process.platform === 'linux')('shows a link whose target is not UTF-8 as a problem', async () => {
    const root = directory()
    symlinkSync(Buffer.from([0x61, 0xff]), join(root, 'l'))
    expect(await listPaths(fs(root))).toEqual(['l!'])
  })

  test('rejects for a root that is missing, a file, or unreadable', async () => {
    const root = directory()
    fill(root, { f: '', 'closed/': '' })
    chmodSync(join(root, 'closed'), 0)
    await expect(listAll(fs(join(root, 'none')))).rejects.toMatchObject({ code: 'NOT_FOUND', path: '' })
    await expect(listAll(fs(join(root, 'f')))).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY', path: '' })
    await unprivileged(() => expect(listAll(fs(join(root, 'closed')))).rejects.toMatchObject({ code: 'PERMISSION_DENIED', path: '' }))
    await expect(listAll(fs(root), 'none')).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'none' })
    await expect(listAll(fs(root), 'f')).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'f' })
  })

  test('rejects when the root is replaced meanwhile, instead of showing everything as gone', async () => {
    const root = directory()
    for (let i = 0; i < 600; i++) fill(root, { [`tree/d${i}/f`]: '' })
    const pages = fs(join(root, 'tree')).list('')[Symbol.asyncIterator]()
    await pages.next()
    renameSync(join(root, 'tree'), join(root, 'moved'))
    mkdirSync(join(root, 'tree'))
    await expect(async () => {
      while ((await pages.next()).done !== true);
    }).rejects.toMatchObject({ code: 'UNAVAILABLE', path: '' })
  })

  test('does not enter a linked directory, and lists none by its path', async () => {
    const root = directory()
    fill(root, { 'd/f': '' })
    symlinkSync('d', join(root, 'l'))
    expect(await listPaths(fs(root))).toEqual(['d/', 'd/f', 'l@'])
    await expect(listAll(fs(root), 'l')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('with symlinks skip shows no link', async () => {
    const root = directory()
    fill(root, { f: '' })
    symlinkSync('f', join(root, 'l'))
    expect(await listPaths(fs(root, { symlinks: 'skip' }))).toEqual(['f'])
  })

  test('with symlinks follow shows what links point to; loops, dead ends and ways out are problems', async () => {
    const root = directory()
    const outside = directory()
    fill(outside, { secret: 'x' })
    fill(root, { 'd/f': 'four', 'd/e/g': '' })
    for (const [target, path] of [
      ['d', 'copy'],
      ['d/f', 'file'],
      ['nowhere', 'dead'],
      [outside, 'out'],
      [join(outside, 'secret'), 'out-file'],
      ['loop', 'loop'],
      ['..', 'd/e/up'],
    ] as const) {
      symlinkSync(target, join(root, path))
    }
    expect(await listPaths(fs(root, { symlinks: 'follow' }))).toEqual([
      'copy/', 'copy/e/', 'copy/e/g', 'copy/e/up!', 'copy/f', 'd/', 'd/e/', 'd/e/g', 'd/e/up!', 'd/f', 'dead!', 'file', 'loop!', 'out!', 'out-file!',
    ]) // prettier-ignore
  })

  test('stops at an abort with its reason', async () => {
    const root = directory()
    for (let i = 0; i < 2000; i++) writeFileSync(join(root, `${i}`), '')
    const controller = new AbortController()
    const reason = new Error('enough')
    await expect(async () => {
      for await (const _ of fs(root).list('', { signal: controller.signal })) controller.abort(reason)
    }).rejects.toBe(reason)
  })
})

describe.runIf(hasWorker)('list of a big tree, which goes on in another thread', () => {
  const count = 24_000

  function bigTree(): string {
    const root = directory()
    for (let d = 0; d < 40; d++) {
      mkdirSync(join(root, `d${d}/inner`), { recursive: true })
      for (let i = 0; i < count / 40; i++) writeFileSync(join(root, `d${d}/${i % 3 === 0 ? 'inner/' : ''}f${i}`), '')
    }
    symlinkSync('d0', join(root, 'd39/zz'))
    execFileSync('mkfifo', [join(root, 'd39/zzz')])
    writeFileSync(Buffer.concat([Buffer.from(`${root}/d39/`), Buffer.from([0xff])]), '')
    fill(root, { 'd39/.syncline-tmp-00000000-00000000-1-1-0-0': '' })
    return root
  }

  test('yields the same as in one thread, also when it asks which directories are wanted', async () => {
    const root = bigTree()
    const storage = fs(root, { workers: 2 })
    onTestFinished(() => storage.close?.())
    const alone = await listAll(fs(root, { workers: 0 }))
    expect(alone).toHaveLength(count + 80 + 3)
    const threads = threadCount()
    expect(await listAll(storage)).toEqual(alone)
    if (threads > 0) expect(threadCount()).toBeGreaterThan(threads)
    const asked = new Set<string>()
    const wanted = await listAll(storage, '', {
      descend: path => {
        asked.add(path)
        return path !== 'd38' && path !== 'd5/inner'
      },
    })
    expect(wanted).toEqual(alone.filter(entry => !entry.path.startsWith('d38/') && !entry.path.startsWith('d5/inner/')))
    expect(asked).toContain('d9/inner')
  })

  test('takes a thread for what was not expected, and from the start for a tree that is known to be big', async () => {
    const root = bigTree()
    const alone = await listAll(fs(root, { workers: 0 }))
    for (const [expected, usesThread] of [
      [count, false],
      [1_000_000, true],
      [10, true],
    ] as const) {
      const storage = fs(root, { workers: 2 })
      const threads = threadCount()
      expect(await listAll(storage, '', { expected })).toEqual(alone)
      if (threads > 0) expect(threadCount() > threads, `${expected} expected`).toBe(usesThread)
      await storage.close?.()
    }
  })

  test('a failing descend rejects the listing', async () => {
    const storage = fs(bigTree(), { workers: 2 })
    onTestFinished(() => storage.close?.())
    const failure = new Error('rules')
    const descend = (path: string): boolean => {
      if (path === 'd9/inner') throw failure
      return true
    }
    await expect(listAll(storage, '', { descend })).rejects.toBe(failure)
  })

  test('can be left early, aborted, and begun again', async () => {
    const root = bigTree()
    const storage = fs(root, { workers: 1 })
    onTestFinished(() => storage.close?.())
    let seen = 0
    for await (const page of storage.list('')) {
      seen += (page as Entry[]).length
      if (seen > 20_000) break
    }
    const controller = new AbortController()
    const reason = new Error('enough')
    seen = 0
    await expect(async () => {
      for await (const page of storage.list('', { signal: controller.signal })) {
        seen += (page as Entry[]).length
        if (seen > 20_000) controller.abort(reason)
      }
    }).rejects.toBe(reason)
    expect(await listAll(storage)).toHaveLength(count + 83)
  })
})
