import { chmod, chown, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fs } from '@syncline/fs'
import { ftp } from '@syncline/ftp'
import { s3 } from '@syncline/s3'
import { type FullDisk, service } from '@syncline/services'
import { withService } from '@syncline/services/vitest'
import { sftp } from '@syncline/sftp'
import { describe, expect, test } from 'vitest'
import { type AnsweringProxy, answeringProxy, type Answer, type Asked } from '../src/answering-proxy.ts'
import { makeBucket, s3Options } from '../src/buckets.ts'
import type { ArenaPlace } from '../src/faults/arena.ts'
import { lineProxy } from '../src/faults/line-proxy.ts'
import { noise, World } from '../src/faults/world.ts'
import { ftpOptions, sftpOptions } from '../src/remotes.ts'

/** Errors as S3 words them. */
const xml = (status: number, code: string, message: string): Answer => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message><RequestId>1</RequestId></Error>`,
})
const slowDown = xml(503, 'SlowDown', 'Please reduce your request rate.')
const files = { 'a.txt': 'a', 'd/b.txt': 'b', 'd/c.txt': 'c', 'locked/x.txt': 'x', 'locked/y.txt': 'y', 'z.txt': 'z' }

const noLocation = { location: '', env: {} }
const isUpload = ({ method, target }: Asked): boolean => method === 'PUT' && !target.includes('syncline-')

describe('a bucket', () => {
  /** A world in a bucket whose server's answers can be replaced. */
  async function inBucket(context: Parameters<typeof withService>[0], work: (world: World, proxy: AnsweringProxy) => Promise<void>): Promise<void> {
    const server = await withService(context, 's3')
    const proxy = await answeringProxy(server.endpoint)
    try {
      const bucket = await makeBucket(server)
      const open = async () => s3(s3Options({ ...server, endpoint: proxy.endpoint }, bucket, 'tree'))
      await work(new World({ open, view: s3(s3Options(server, bucket, 'tree')), location: noLocation }, 'up'), proxy)
    } finally {
      await proxy.close()
    }
  }

  test('that asks to slow down is asked again, and the run ends well', context =>
    inBucket(context, async (world, proxy) => {
      let refused = 0
      proxy.answer(asked => (isUpload(asked) && refused++ < 3 ? { ...slowDown, headers: { 'retry-after': '0' } } : undefined))
      await world.give(files)
      const ending = await world.sync()
      expect([ending.exitCode, ending.message]).toEqual([0, ''])
      expect(refused).toBeGreaterThan(3)
      await world.expectRepair('slowed down')
    }))

  test('that never takes one object fails that path only', context =>
    inBucket(context, async (world, proxy) => {
      proxy.answer(asked => (isUpload(asked) && asked.target.includes('b.txt') ? slowDown : undefined))
      await world.give(files)
      const ending = await world.sync({ attempts: 2 })
      expect([ending.exitCode, ending.failures.map(({ path, code }) => [path, code])]).toEqual([3, [['d/b.txt', 'RATE_LIMITED']]])
      proxy.answer(undefined)
      await world.expectRepair('throttled')
    }))

  test('whose credentials expire in the middle of a run fails what is left by name', context =>
    inBucket(context, async (world, proxy) => {
      await world.give(files)
      let uploads = 0
      const expired = xml(400, 'ExpiredToken', 'The provided token has expired.')
      proxy.answer(asked => (uploads > 1 || (isUpload(asked) && ++uploads > 1) ? expired : undefined))
      const ending = await world.sync()
      expect([ending.exitCode, new Set(ending.failures.map(({ code }) => code))], ending.message).toEqual([3, new Set(['UNAUTHENTICATED'])])
      world.expectNamed(ending, 'expired')
      proxy.answer(undefined)
      await world.expectNoPartialFile('expired')
      await world.expectRepair('expired')
    }))

  test('whose credentials are not valid ends the run before anything is changed', context =>
    inBucket(context, async (world, proxy) => {
      await world.give(files)
      proxy.answer(() => xml(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.'))
      const ending = await world.sync()
      expect(ending.exitCode).toBe(6)
      // A HEAD has no body that would say which of the two it is.
      expect(['UNAUTHENTICATED', 'PERMISSION_DENIED']).toContain(ending.code)
      proxy.answer(undefined)
      await world.expectRepair('not valid')
    }))

  test('that is full takes what fits, and says which path did not', context =>
    inBucket(context, async (world, proxy) => {
      await world.give({ ...files, 'big.bin': noise(300_000, 1) })
      proxy.answer(asked => (isUpload(asked) && asked.target.includes('big.bin') ? xml(403, 'QuotaExceeded', 'Quota exceeded') : undefined))
      const ending = await world.sync()
      expect([ending.exitCode, ending.failures.map(({ path, code }) => [path, code])]).toEqual([3, [['big.bin', 'NO_SPACE']]])
      proxy.answer(undefined)
      await world.expectRepair('full')
    }))

  test('that forbids writing below one prefix takes everything else', context =>
    inBucket(context, async (world, proxy) => {
      await world.give(files)
      proxy.answer(asked => (isUpload(asked) && asked.target.includes('locked') ? xml(403, 'AccessDenied', 'Access Denied') : undefined))
      const ending = await world.sync()
      expect([ending.exitCode, ending.failures.map(({ path, code }) => [path, code]).sort()]).toEqual([
        3,
        [
          ['locked/x.txt', 'PERMISSION_DENIED'],
          ['locked/y.txt', 'PERMISSION_DENIED'],
        ],
      ])
      proxy.answer(undefined)
      await world.expectRepair('forbidden')
    }))

  test('is sent one request, a listing, by a run in which nothing has changed', context =>
    inBucket(context, async (world, proxy) => {
      await world.give({ ...files, 'big.bin': noise(300_000, 1) })
      expect((await world.sync({ mode: 'two-way' })).exitCode).toBe(0)
      proxy.forget()
      expect((await world.sync({ mode: 'two-way' })).items).toEqual([])
      expect(proxy.requests.map(({ method, target }) => `${method} ${/list-type=2/.test(target) ? 'list' : target}`)).toEqual(['GET list'])
    }))
})

/** Servers that store in directories: where their users may not write, and a disk of 8 MB. */
const servers = ['sshd', 'sftp-basic', 'vsftpd', 'proftpd'] as const

describe.each(servers)('a directory on %s', name => {
  interface Spot {
    readonly directory: string
    readonly place: ArenaPlace
  }

  /** A place below a directory of this machine that the server names `path`. */
  async function spotAt(local: string, path: string): Promise<Spot> {
    const found = await service(name)
    if (!found.available) throw new Error(found.reason)
    const own = `golden-${crypto.randomUUID()}`
    const directory = join(local, own)
    await mkdir(directory)
    await chown(directory, found.uid, found.gid)
    const open = 'keyFile' in found ? () => sftp(sftpOptions(found, join(path, own))) : () => ftp(ftpOptions(found, join(path, own)))
    return { directory, place: { open, view: fs(directory), location: noLocation, directory } }
  }

  async function spot(context: Parameters<typeof withService>[0], at?: (details: { readonly fullDisk: FullDisk }) => FullDisk): Promise<Spot> {
    const found = await withService(context, name)
    if (at !== undefined) return spotAt(at(found).local, at(found).path)
    return 'keyFile' in found ? spotAt(found.root, found.root) : spotAt(found.root, '/')
  }

  test('that may not be written fails its paths by name, and everything else goes across', async context => {
    const { directory, place } = await spot(context)
    const world = new World(place, 'up')
    try {
      await world.give(files)
      expect((await world.sync()).exitCode).toBe(0)
      await world.give({ 'a.txt': 'a again', 'locked/x.txt': 'x again', 'locked/new.txt': 'new' }, 2)
      await chmod(join(directory, 'locked'), 0o555)
      const ending = await world.sync()
      expect([ending.exitCode, ending.failures.map(({ path, code }) => [path, code]).sort()], ending.message).toEqual([
        3,
        [
          ['locked/new.txt', 'PERMISSION_DENIED'],
          ['locked/x.txt', 'PERMISSION_DENIED'],
        ],
      ])
      await world.expectNoPartialFile('not writable')
      await chmod(join(directory, 'locked'), 0o755)
      await world.expectRepair('not writable')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  test('that may not be read is a problem by name, and nothing is deleted for it', async context => {
    const { directory, place } = await spot(context)
    const world = new World(place, 'down')
    try {
      await world.give(files)
      expect((await world.sync()).exitCode).toBe(0)
      await world.give({ 'a.txt': 'a again' }, 2)
      await chmod(join(directory, 'locked'), 0o000)
      const ending = await world.sync()
      expect([ending.exitCode, ending.problems, ending.items], ending.message).toEqual([3, ['locked'], ['UPLOAD_UPDATE a.txt']])
      await chmod(join(directory, 'locked'), 0o755)
      await world.expectRepair('not readable')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  test('on a full disk takes what fits, leaves no partial file, and is repaired when there is space', async context => {
    const { directory, place } = await spot(context, ({ fullDisk }) => fullDisk)
    const world = new World(place, 'up')
    try {
      await world.give({ 'small.txt': 'small', 'big-1.bin': noise(3_000_000, 1), 'big-2.bin': noise(3_000_000, 2), 'big-3.bin': noise(3_000_000, 3) })
      const ending = await world.sync({ ignoreSpace: true, concurrency: { transfers: 1 } })
      expect(ending.exitCode, ending.message).toBe(3)
      // FTP has no word for it: what the server says then is that it could not write.
      const meant = name === 'vsftpd' || name === 'proftpd' ? ['NO_SPACE', 'UNAVAILABLE'] : ['NO_SPACE']
      for (const { code } of ending.failures) expect(meant, ending.message).toContain(code)
      world.expectNamed(ending, 'full')
      await world.expectNoPartialFile('full')
      await world.local.remove(ending.failures[0]?.path ?? '')
      await world.expectRepair('full')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

describe('an FTP server', () => {
  /** A world on a server whose answers to some commands can be replaced. */
  async function behindLines(
    context: Parameters<typeof withService>[0],
    work: (world: World, answer: (decide: ((command: string) => string | undefined) | undefined) => void) => Promise<void>,
  ) {
    const server = await withService(context, 'vsftpd')
    const proxy = await lineProxy(server.host, server.port)
    const directory = join(server.root, `golden-${crypto.randomUUID()}`)
    await mkdir(directory)
    await chown(directory, server.uid, server.gid)
    try {
      const path = directory.slice(server.root.length)
      const open = () => ftp(ftpOptions({ ...server, port: proxy.port }, path))
      await work(new World({ open, view: fs(directory), location: noLocation, directory }, 'up'), proxy.answer)
    } finally {
      await proxy.close()
      await rm(directory, { recursive: true, force: true })
    }
  }

  test.for(['450 Busy, try again', '421 Too many connections', '426 Connection closed; transfer aborted.'])(
    'that answers %s for a while is asked again',
    async (line, context) =>
      behindLines(context, async (world, answer) => {
        await world.give(files)
        let refused = 0
        answer(command => (/^STOR /.test(command) && refused++ < 3 ? line : undefined))
        const ending = await world.sync()
        expect([ending.exitCode, ending.message]).toEqual([0, ''])
        expect(refused).toBeGreaterThan(3)
        await world.expectRepair('busy')
      }),
  )

  test('that does not know the user any more in the middle of a run fails what is left by name', async context =>
    behindLines(context, async (world, answer) => {
      // What the storage tries out first is not what this is about.
      await world.give({ 'first.txt': 'first' })
      expect((await world.sync()).exitCode).toBe(0)
      await world.give(files)
      let stored = 0
      answer(command => (stored > 1 || (/^STOR /.test(command) && ++stored > 1) ? '530 Please login with USER and PASS.' : undefined))
      const ending = await world.sync()
      const causes = ending.failures.filter(({ message }) => !message.endsWith('could not be made'))
      expect([ending.exitCode, new Set(causes.map(({ code }) => code))], ending.message).toEqual([3, new Set(['UNAUTHENTICATED'])])
      world.expectNamed(ending, 'logged out')
      answer(undefined)
      await world.expectNoPartialFile('logged out')
      await world.expectRepair('logged out')
    }))
})
