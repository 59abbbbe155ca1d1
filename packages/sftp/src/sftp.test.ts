import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { collectText, memory, syncPair, toBytes, type Entry, type ReadableStorage } from '@syncline/core'
import { recording } from '@syncline/conformance'
import { fs } from '@syncline/fs'
import { withService } from '@syncline/services/vitest'
import { login, openScratch } from '../test/servers.ts'
import { sftp } from './sftp.ts'
import { temporaryName } from './temporary.ts'

async function listed(storage: ReadableStorage): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const page of storage.list('')) entries.push(...(page as readonly Entry[]))
  return entries
}

/** Every path below a directory with what it holds. */
function contentsOf(root: string): Readonly<Record<string, string>> {
  const look = (file: string): string => {
    const stats = lstatSync(file)
    return stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? `-> ${readlinkSync(file)}` : readFileSync(file, 'latin1')
  }
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(names.map(name => [name, look(join(root, name))]))
}

describe('a listing', () => {
  test('shows what it cannot sync as a problem, and the rest', async context => {
    await using scratch = await openScratch(await withService(context, 'sshd'))
    const { storage, root, server } = scratch
    for (const bytes of [
      [0x61, 0xff],
      [0x61, 0xfe],
    ])
      writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(bytes)]), 'x')
    writeFileSync(join(root, 'a\uFFFD'), 'a replacement character is a name like any other')
    execFileSync('mkfifo', [join(root, 'pipe')])
    symlinkSync(Buffer.from([0x74, 0xff]), join(root, 'link'))
    mkdirSync(join(root, 'closed'), { mode: 0o700 })
    mkdirSync(join(root, 'open'))
    writeFileSync(join(root, 'open', 'file'), 'x')
    chownSync(join(root, 'closed'), server.uid + 1, server.gid + 1)
    const entries = await listed(storage)
    expect(entries.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'problem a\\xfe',
      'problem a\\xff',
      'file a\uFFFD',
      'problem closed',
      'problem link',
      'directory open',
      'file open/file',
      'problem pipe',
    ])
    expect(entries.find(({ path }) => path === 'closed')).toMatchObject({ reason: expect.stringContaining('permission denied') as string })
    await expect(collectText(storage.read('pipe'))).rejects.toMatchObject({ code: 'NOT_SUPPORTED', path: 'pipe' })
    expect(readdirSync(root, { encoding: 'buffer' })).toHaveLength(7)
  })

  test('a directory behind a link is none of the tree, to every call', async context => {
    await using scratch = await openScratch(await withService(context, 'sshd'))
    const { storage, root } = scratch
    const outside = join(root, '..', 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'file'), 'outside')
    symlinkSync(outside, join(root, 'link'))
    expect((await listed(storage)).map(({ path }) => path)).toEqual(['link'])
    expect(await storage.stat('link/file')).toBeUndefined()
    await expect(collectText(storage.read('link/file'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const reject = expect.objectContaining({ code: 'INVALID_PATH' }) as Error
    await expect(storage.write('link/new', toBytes('x'))).rejects.toEqual(reject)
    await expect(storage.remove('link/file')).rejects.toEqual(reject)
    await expect(storage.makeDirectory?.('link/d')).rejects.toEqual(reject)
    await expect(storage.setMode?.('link/file', 0o777)).rejects.toEqual(reject)
    await expect(storage.move?.('link/file', 'file')).rejects.toEqual(reject)
    await expect(storage.copy?.('link/file', 'file')).rejects.toEqual(reject)
    expect(readdirSync(outside)).toEqual(['file'])
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('outside')
  })

  test('hides temporary files, and has those cleared away whose writer has ended', async context => {
    await using scratch = await openScratch(await withService(context, 'sshd'))
    const { storage, root } = scratch
    const mine = temporaryName()
    const dead = mine.replace(`-${process.pid}-`, '-999999-')
    const upload = temporaryName('part').replace(`-${process.pid}-`, '-999999-')
    for (const name of [mine, dead, upload]) writeFileSync(join(root, name), 'x')
    expect(await listed(storage)).toEqual([])
    await storage.write('file', toBytes('x'))
    expect(readdirSync(root).sort()).toEqual([mine, upload, 'file'].sort())
    await expect(storage.write(mine, toBytes('x'))).rejects.toMatchObject({ code: 'INVALID_PATH' })
  })
})

describe('a write', () => {
  test.for(['sshd', 'sftp-basic'] as const)('that is to create loses against whoever was faster (%s)', async (name, context) => {
    await using scratch = await openScratch(await withService(context, name))
    const { storage, root } = scratch
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('mine')
      writeFileSync(join(root, 'file'), 'theirs')
    }
    await expect(storage.write('file', slow(), { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('theirs')
    expect(readdirSync(root)).toEqual(['file'])
  })

  test('of a name that the server cannot hold says so, and refuses tells it before', async context => {
    await using scratch = await openScratch(await withService(context, 'sshd'))
    const { storage, root } = scratch
    for (const path of ['d/'.repeat(3) + 'x'.repeat(256), 'half \ud800 pair']) {
      expect(storage.refuses?.(path)).toEqual(expect.any(String))
      await expect(storage.write(path, toBytes('x'))).rejects.toMatchObject({ code: 'INVALID_PATH', path })
    }
    expect(storage.refuses?.('x'.repeat(255))).toBeUndefined()
    await storage.write('x'.repeat(255), toBytes('x'))
    expect(readdirSync(root)).toHaveLength(1)
  })

  test('keeps the permissions of what it replaces, and shows new content to nobody before it has its own', async context => {
    await using scratch = await openScratch(await withService(context, 'sshd'))
    const { storage, root } = scratch
    await storage.write('file', toBytes('one'), { mode: 0o604 })
    await storage.write('file', toBytes('two'))
    expect(lstatSync(join(root, 'file')).mode & 0o7777).toBe(0o604)
    const modes: number[] = []
    const content = async function* (): AsyncGenerator<Uint8Array> {
      for (const name of readdirSync(root).filter(each => each.startsWith('.'))) modes.push(lstatSync(join(root, name)).mode & 0o7777)
      yield Buffer.from('secret')
    }
    await storage.write('secret', content(), { mode: 0o600 })
    expect(modes).toEqual([0o600])
  })

  test('where permission is denied says so and names the path', async context => {
    await using scratch = await openScratch(await withService(context, 'sshd'))
    const { storage, root } = scratch
    mkdirSync(join(root, 'd'))
    chmodSync(join(root, 'd'), 0o755)
    await expect(storage.write('d/file', toBytes('x'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED', path: 'd/file', retryable: false })
  })

  test('times beyond what the protocol can carry come back as what was stored', async context => {
    await using scratch = await openScratch(await withService(context, 'sshd'))
    const { storage } = scratch
    for (const [modified, expected] of [
      [-5000, 0],
      [1_000_000_999, 1_000_000_000],
      [2 ** 33 * 1000, (2 ** 32 - 1) * 1000],
    ] as const)
      expect((await storage.write('file', toBytes('x'), { modified })).modified).toBe(expected)
  })
})

describe('hashes of the server', () => {
  test('are those of the content, whatever the names, and none are promised unless asked for', async context => {
    const server = await withService(context, 'sshd')
    await using plain = await openScratch(server)
    expect(plain.storage.capabilities.hashes).toBeUndefined()
    expect(plain.storage.hash).toBeUndefined()
    await using scratch = await openScratch(server, { remoteHash: 'auto' })
    const { storage, root } = scratch
    expect(storage.capabilities.hashes).toEqual(['sha256', 'sha1', 'md5'])
    const names = ["it's", '$(touch pwned)', '`touch pwned`', 'a;touch pwned', '-n', 'back\\slash', 'line\nbreak', ' space ', 'd/*', 'é写']
    await Promise.all(names.map(name => storage.write(name, toBytes(name))))
    const hashes = await Promise.all(names.map(name => storage.hash?.(name, 'sha256') ?? Promise.reject(new Error('no hash'))))
    expect(hashes).toEqual(names.map(name => createHash('sha256').update(name).digest('hex')))
    expect(readdirSync(root)).not.toContain('pwned')
  })

  test('are not promised where no shell is', async context => {
    const server = await withService(context, 'sftp-basic')
    await using scratch = await openScratch(server, { remoteHash: 'auto' })
    expect(scratch.storage.capabilities.hashes).toBeUndefined()
    expect(readdirSync(scratch.root)).toEqual([])
  })
})

describe('sftp', () => {
  test('the root may be missing until the first write, and below the home directory', async context => {
    const server = await withService(context, 'sshd')
    await using scratch = await openScratch(server)
    const storage = await sftp({ ...login(server), path: join(scratch.root, 'not', 'yet') })
    await expect(listed(storage)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await storage.stat('')).toBeUndefined()
    expect(await storage.freeSpace?.()).toBeGreaterThan(0)
    await storage.write('file', toBytes('x'))
    expect(readFileSync(join(scratch.root, 'not', 'yet', 'file'), 'utf8')).toBe('x')
    await storage.close?.()
    const home = await sftp({ ...login(server), path: '~/below' })
    expect(home.name).toBe(`sftp://${server.user}@${server.host}:${server.port}${server.home}/below`)
    await home.close?.()
  })

  test('a closed storage says that it is closed', async context => {
    const server = await withService(context, 'sshd')
    await using scratch = await openScratch(server)
    await scratch.storage.close?.()
    await expect(scratch.storage.stat('x')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false, path: 'x' })
  })

  test('a tree that was mirrored is the same, and the second run has nothing to do', async context => {
    const server = await withService(context, 'sshd')
    await using scratch = await openScratch(server)
    const source = join(scratch.root, '..', 'source')
    mkdirSync(join(source, 'd', 'e'), { recursive: true })
    for (let i = 0; i < 300; i++) {
      const file = join(source, 'd', i % 2 === 0 ? 'e' : '.', `f${i}`)
      writeFileSync(file, Buffer.alloc(i * 37, i), { mode: i % 3 === 0 ? 0o600 : 0o644 })
      utimesSync(file, 1e9 + i, 1e9 + i + 0.5)
    }
    symlinkSync('../d/f1', join(source, 'd', 'link'))
    const state = memory()
    const run = async (): Promise<unknown> => {
      const { stats, exitCode } = await syncPair({ source: fs(source), destination: scratch.storage, state }, { mode: 'source-to-destination' })
      return { uploads: stats.uploads, errors: stats.errors, exitCode }
    }
    expect(await run()).toMatchObject({ errors: 0, exitCode: 0 })
    expect(contentsOf(scratch.root)).toEqual(contentsOf(source))
    expect(lstatSync(join(scratch.root, 'd', 'f3')).mtimeMs).toBe((1e9 + 3) * 1000)
    expect(lstatSync(join(scratch.root, 'd', 'f3')).mode & 0o777).toBe(0o600)
    expect(await run()).toMatchObject({ uploads: 0, errors: 0, exitCode: 0 })
  })

  test('its clock is measured once, kept in the state, and leaves nothing', async context => {
    await using scratch = await openScratch(await withService(context, 'sshd'))
    const [source, state] = [memory(), memory()]
    await source.write('a', toBytes('x'))
    const run = async (): Promise<unknown> => {
      const destination = recording(scratch.storage)
      const { exitCode } = await syncPair({ source, destination, state })
      return {
        exitCode,
        writes: destination.writes.map(({ method, path = '' }) => `${method} ${path.replace(/-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '')}`),
      }
    }
    expect(await run()).toMatchObject({ exitCode: 0, writes: expect.arrayContaining(['write .syncline-clock-own', 'write a']) as string[] })
    const texts: string[] = []
    for (const entry of await listed(state)) if (entry.kind === 'file') texts.push(await collectText(state.read(entry.path)))
    expect(texts.join('\n')).toMatch(/"clocks": \{\s*"destination": \{\s*"offsetMs": -?\d+,/)
    expect(await run()).toEqual({ exitCode: 0, writes: [] })
    expect(readdirSync(scratch.root)).toEqual(['a'])
  })
})
