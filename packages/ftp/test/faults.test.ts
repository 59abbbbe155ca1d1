import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, type TestContext } from 'vitest'
import { collect, type Entry, type ReadableStorage, toBytes } from '@syncline/core'
import { control, type OwnOptions, type OwnService } from '@syncline/services'
import { faultProxy, type FaultProxy } from '@syncline/services/fault-proxy'
import { ftp } from '../src/ftp.ts'
import type { FtpOptions } from '../src/options.ts'
import { find, openScratch, optionsFor, type Scratch, type Server, serverNames, type ServerName } from './servers.ts'

interface Faulty extends AsyncDisposable {
  readonly server: Server
  readonly proxy: FaultProxy
  readonly scratch: Scratch
}

async function found(context: TestContext, name: ServerName): Promise<Server> {
  const server = await find(name)
  return typeof server === 'string' ? context.skip(server) : server
}

/** A directory of a server, behind a network that can fail. */
async function faulty(context: TestContext, name: ServerName, options: Partial<FtpOptions> = {}): Promise<Faulty> {
  const server = await found(context, name)
  const proxy = await faultProxy({ host: server.host, port: server.port, passivePorts: server.passivePorts })
  const scratch = await openScratch(server, { host: proxy.host, connections: 1, timeoutMs: 3000, ...options })
  return {
    server,
    proxy,
    scratch,
    [Symbol.asyncDispose]: async () => {
      await scratch[Symbol.asyncDispose]()
      await proxy.close()
    },
  }
}

async function own(context: TestContext, name: ServerName, options: OwnOptions = {}): Promise<OwnService<ServerName>> {
  const server = await control.own(name, options)
  return server.available ? server : context.skip(server.reason)
}

async function listed(storage: ReadableStorage, path = ''): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const page of storage.list(path)) entries.push(...(Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]))
  return entries
}

const pathsOf = (entries: readonly Entry[]): readonly string[] => entries.map(({ path }) => path)
const big = Buffer.alloc(3_000_000, 'content ')

describe.each(serverNames)('the network to %s fails', name => {
  test('at the login: refused, or silent', async context => {
    await using place = await faulty(context, name)
    const options = optionsFor(place.server, place.scratch.path, { host: place.proxy.host, timeoutMs: 500 })
    place.proxy.refuse(true)
    await expect(ftp(options)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    place.proxy.refuse(false)
    place.proxy.hang(true)
    await expect(ftp(options)).rejects.toMatchObject({ code: 'TIMEOUT', retryable: true })
    place.proxy.hang(false)
  })

  test('in a listing, and the listing is complete', async context => {
    await using place = await faulty(context, name)
    const { scratch, proxy } = place
    for (let i = 0; i < 200; i++) await writeFile(join(scratch.local, `file ${i}`), '')
    await scratch.storage.write('probed', toBytes('x'))
    proxy.cutAfter(4000, { direction: 'down', on: 'data' })
    expect(await listed(scratch.storage)).toHaveLength(201)
    expect(proxy.stats().cuts).toBe(1)
  })

  test('in an upload: the old file stays, nothing else is left, and the next try succeeds', async context => {
    await using place = await faulty(context, name)
    const { scratch, proxy } = place
    await scratch.storage.write('d/file', toBytes('old'))
    proxy.cutAfter(1_000_000, { direction: 'up', on: 'data' })
    await expect(scratch.storage.write('d/file', toBytes(big), { size: big.length })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      path: 'd/file',
      retryable: true,
    })
    expect(pathsOf(await listed(scratch.storage))).toEqual(['d', 'd/file'])
    expect(await readFile(join(scratch.local, 'd/file'), 'utf8')).toBe('old')
    await expect.poll(() => readdir(join(scratch.local, 'd'))).toEqual(['file'])
    await scratch.storage.write('d/file', toBytes(big), { size: big.length })
    expect(Buffer.compare(await readFile(join(scratch.local, 'd/file')), big)).toBe(0)
  })

  test('by an end that comes early: a part of the file never gets its name', async context => {
    await using place = await faulty(context, name)
    const { scratch, proxy } = place
    await scratch.storage.write('file', toBytes('old'))
    proxy.cutAfter(1_000_000, { direction: 'up', on: 'data', how: 'end', connections: 'this' })
    await expect(scratch.storage.write('file', toBytes(big), { size: big.length })).rejects.toMatchObject({ path: 'file', retryable: true })
    expect(await readFile(join(scratch.local, 'file'), 'utf8')).toBe('old')
  })

  test('after the last byte, before the rename: nothing has the name', async context => {
    await using place = await faulty(context, name)
    const { scratch, proxy } = place
    await scratch.storage.write('probed', toBytes('x'))
    async function* content(): AsyncGenerator<Uint8Array> {
      yield big
      proxy.killConnections()
    }
    await expect(scratch.storage.write('file', content(), { size: big.length })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(await scratch.storage.stat('file')).toBeUndefined()
    expect(pathsOf(await listed(scratch.storage))).toEqual(['probed'])
  })

  test('in a download, which goes on where it was', async context => {
    await using place = await faulty(context, name)
    const { scratch, proxy } = place
    await writeFile(join(scratch.local, 'file'), big)
    proxy.cutAfter(1_000_000, { direction: 'down', on: 'data' })
    expect(Buffer.compare(await collect(scratch.storage.read('file')), big)).toBe(0)
    expect(proxy.stats().cuts).toBe(1)
    expect(proxy.stats().bytesDown).toBeLessThan(big.length + 1_000_000)
  })

  test('in a download of a file that changes meanwhile, which is not mixed', async context => {
    await using place = await faulty(context, name)
    const { scratch, proxy } = place
    await writeFile(join(scratch.local, 'file'), big)
    proxy.cutAfter(1_000_000, { direction: 'down', on: 'data' })
    const reading = (async () => {
      let replaced = false
      for await (const chunk of scratch.storage.read('file')) {
        if (!replaced) await writeFile(join(scratch.local, 'file'), Buffer.alloc(big.length + 1, chunk[0]))
        replaced = true
      }
    })()
    await expect(reading).rejects.toMatchObject({ path: 'file' })
  })

  test('silently in an upload, which is given up', async context => {
    await using place = await faulty(context, name, { timeoutMs: 800 })
    const { scratch, proxy } = place
    await scratch.storage.write('probed', toBytes('x'))
    async function* content(): AsyncGenerator<Uint8Array> {
      yield big
      proxy.hang(true)
      yield big
    }
    await expect(scratch.storage.write('file', content())).rejects.toMatchObject({ retryable: true })
    proxy.hang(false)
    proxy.killConnections()
    expect(await scratch.storage.stat('file')).toBeUndefined()
  })

  test('while nothing happens, and the next call does not notice', async context => {
    await using place = await faulty(context, name, { connections: 3 })
    const { scratch, proxy } = place
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(path => scratch.storage.write(path, toBytes(path))))
    proxy.killConnections()
    expect(Buffer.from(await collect(scratch.storage.read('a'))).toString()).toBe('a')
    await scratch.storage.write('g', toBytes('g'))
    expect(pathsOf(await listed(scratch.storage))).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  })
})

test('a byte that is turned over on the way is noticed by a server that can hash', async context => {
  await using place = await faulty(context, 'proftpd')
  const { scratch, proxy } = place
  await scratch.storage.write('file', toBytes('old'))
  proxy.corrupt(1000, { direction: 'up', on: 'data' })
  await expect(scratch.storage.write('file', toBytes(big), { size: big.length })).rejects.toMatchObject({ code: 'CORRUPT', retryable: true })
  expect(await readFile(join(scratch.local, 'file'), 'utf8')).toBe('old')
})

describe('a server', () => {
  test('that is killed and started again is found again', async context => {
    const server = await own(context, 'vsftpd')
    try {
      await using scratch = await openScratch(server, { timeoutMs: 3000 })
      await scratch.storage.write('a', toBytes('a'))
      await server.kill()
      await expect(scratch.storage.write('b', toBytes('b'))).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, path: 'b' })
      await server.start()
      await scratch.storage.write('b', toBytes('b'))
      expect(pathsOf(await listed(scratch.storage))).toEqual(['a', 'b'])
    } finally {
      await server.close()
    }
  })

  test('that allows two connections is given no more, and that is remembered', async context => {
    const server = await own(context, 'vsftpd', { config: 'max_per_ip=2' })
    try {
      await using scratch = await openScratch(server, { connections: 8 })
      const paths = Array.from({ length: 60 }, (_, i) => `f${String(i).padStart(2, '0')}`)
      await Promise.all(paths.map(path => scratch.storage.write(path, toBytes(big.subarray(0, 200_000)))))
      expect(pathsOf(await listed(scratch.storage))).toEqual(paths)
      expect(scratch.storage.learned?.facts()).toMatchObject({ limit: 2 })
      expect(scratch.storage.capabilities.concurrency).toBe(4)
    } finally {
      await server.close()
    }
  })

  test('that offers no TLS is not told the password', async context => {
    const server = await own(context, 'vsftpd', { config: 'ssl_enable=NO' })
    try {
      await expect(ftp(optionsFor(server, '/', { tls: 'explicit' }))).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: expect.stringMatching(/the password was not sent; say tls=none/),
      })
      const log = await readFile(server.root.replace(/\/roots\/.*/, '/log/vsftpd-protocol.log'), 'utf8')
      expect(log).toContain('AUTH')
      expect(log).not.toMatch(/"(USER|PASS)/)
    } finally {
      await server.close()
    }
  })

  test.for(['America/New_York', 'Asia/Kolkata', 'UTC'])('whose times are those of %s keeps the times it is given', async (zone, context) => {
    const server = await own(context, 'vsftpd', { config: 'use_localtime=YES', env: { TZ: zone } })
    try {
      await using scratch = await openScratch(server, { connections: 1 })
      const modified = Math.floor(Date.now() / 1000) * 1000 - 3 * 60 * 60 * 1000
      const before = await listed(scratch.storage)
      expect(before).toEqual([])
      const entry = await scratch.storage.write('file', toBytes('x'), { modified })
      expect(entry.modified).toBe(modified)
      expect((await stat(join(scratch.local, 'file'))).mtimeMs).toBe(modified)
      expect(await scratch.storage.stat('file')).toMatchObject({ modified })
      expect(await listed(scratch.storage)).toMatchObject([{ modified: Math.floor(modified / 60_000) * 60_000, modifiedPrecision: 60_000 }])
    } finally {
      await server.close()
    }
  })
})

describe.each(serverNames)('%s', name => {
  test('says that the disk is full, and keeps nothing of the file', async context => {
    const server = await found(context, name)
    const storage = await ftp(optionsFor(server, server.fullDisk.path))
    try {
      const directory = `full-${crypto.randomUUID()}`
      await storage.write(`${directory}/small`, toBytes('small'))
      const huge = Buffer.alloc(20 * 1024 * 1024)
      await expect(storage.write(`${directory}/huge`, toBytes(huge), { size: huge.length })).rejects.toMatchObject({
        code: 'NO_SPACE',
        path: `${directory}/huge`,
      })
      expect(pathsOf(await listed(storage, directory))).toEqual([`${directory}/small`])
      await expect.poll(() => readdir(join(server.fullDisk.local, directory))).toEqual(['small'])
      await storage.remove(`${directory}/small`)
      await storage.remove(directory)
    } finally {
      await storage.close?.()
    }
  })

  test('shows a directory that may not be read as a problem, never as empty', async context => {
    const server = await found(context, name)
    await using scratch = await openScratch(server)
    await scratch.storage.write('closed/file', toBytes('x'))
    await scratch.storage.write('open/file', toBytes('x'))
    await chmod(join(scratch.local, 'closed'), 0)
    try {
      expect(await listed(scratch.storage)).toMatchObject([
        { kind: 'problem', path: 'closed' },
        { kind: 'directory', path: 'open' },
        { kind: 'file', path: 'open/file' },
      ])
      await expect(listed(scratch.storage, 'closed')).rejects.toMatchObject({ code: 'PERMISSION_DENIED', path: 'closed' })
      await expect(scratch.storage.write('closed/new', toBytes('x'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED', path: 'closed/new' })
      await expect(listed(scratch.storage, 'missing')).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'missing' })
    } finally {
      await chmod(join(scratch.local, 'closed'), 0o755)
    }
  })

  test('shows links as links, and what is no file as a problem', async context => {
    const server = await found(context, name)
    await using scratch = await openScratch(server)
    const { execFileSync } = await import('node:child_process')
    await mkdir(join(scratch.local, 'sub'))
    await writeFile(join(scratch.local, 'sub/file'), 'content')
    await writeFile(join(scratch.local, 'empty'), '')
    execFileSync('ln', ['-s', 'sub/file', join(scratch.local, 'to-file')])
    execFileSync('ln', ['-s', 'sub', join(scratch.local, 'to-directory')])
    execFileSync('ln', ['-s', '..', join(scratch.local, 'above')])
    execFileSync('mkfifo', [join(scratch.local, 'pipe')])
    const entries = await listed(scratch.storage)
    // ProFTPD does not tell of every link where it points to, but a link it is.
    expect(['symlink', 'problem']).toContain(entries[0]?.kind)
    expect(entries).toMatchObject([
      { path: 'above' },
      { kind: 'file', path: 'empty', size: 0 },
      { kind: 'problem', path: 'pipe' },
      { kind: 'directory', path: 'sub' },
      { kind: 'file', path: 'sub/file', size: 7 },
      { kind: 'symlink', path: 'to-directory', target: 'sub' },
      { kind: 'symlink', path: 'to-file', target: 'sub/file' },
    ])
    for (const path of ['to-directory', 'to-file', 'empty', 'sub', 'sub/file']) {
      const entry = entries.find(item => item.path === path)
      expect(await scratch.storage.stat(path)).toMatchObject({ kind: entry?.kind, path })
    }
    await scratch.storage.remove('to-directory')
    await scratch.storage.remove('to-file')
    expect(await readdir(join(scratch.local, 'sub'))).toEqual(['file'])
  })
})
