import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test, type TestContext } from 'vitest'
import type { Upload } from '@syncline/core'
import { faultProxy } from '@syncline/services/fault-proxy'
import { ftp } from '../src/ftp.ts'
import { find, openScratch, optionsFor, type Server, serverNames, type ServerName } from './servers.ts'

async function found(context: TestContext, name: ServerName): Promise<Server> {
  const server = await find(name)
  return typeof server === 'string' ? context.skip(server) : server
}

const mebibyte = 1024 * 1024
const content = randomBytes(60 * mebibyte + 123)
const options = { size: content.length, modified: 1_600_000_000_000 }
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The size of a file that a server may still be writing, once it has stayed the same for a while. */
async function settledSize(file: string): Promise<number> {
  for (let before = -1; ;) {
    const { size } = await stat(file)
    if (size === before) return size
    before = size
    await setTimeout(300)
  }
}

function partsOf({ partSize }: Upload): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(content.length / partSize) }, (_, i) => content.subarray(i * partSize, (i + 1) * partSize))
}

describe.each(serverNames)('an upload to %s', name => {
  test('goes over one data connection, also when another call needs the only connection there is', async context => {
    const server = await found(context, name)
    await using proxy = await faultProxy({ host: server.host, port: server.port, passivePorts: server.passivePorts })
    await using scratch = await openScratch(server, { host: proxy.host, connections: 1, probe: 'never' })
    const before = proxy.stats().accepted
    const upload = await scratch.storage.upload!('big', options)
    for (const [i, part] of partsOf(upload).entries()) {
      await upload.put(i, part)
      if (i === 4) expect(await scratch.storage.stat('big')).toBeUndefined()
    }
    expect(await upload.complete()).toMatchObject({ kind: 'file', path: 'big', size: content.length, modified: options.modified })
    expect(digest(await readFile(join(scratch.local, 'big')))).toBe(digest(content))
    // One for the parts before the other call, one for those after it.
    expect(proxy.stats().accepted - before).toBe(2)
  })

  test('that another process left is gone on with, and little is sent again', async context => {
    const server = await found(context, name)
    await using proxy = await faultProxy({ host: server.host, port: server.port, passivePorts: server.passivePorts })
    await using scratch = await openScratch(server, { host: proxy.host, connections: 2, probe: 'never' })
    const left = await scratch.storage.upload!('big', options)
    const parts = partsOf(left)
    for (const [i, part] of parts.slice(0, 5).entries()) await left.put(i, part)
    // What a killed process does to its connections.
    proxy.killConnections()
    const arrived = await settledSize(join(scratch.local, left.token))
    expect(arrived).toBeGreaterThan(2 * left.partSize)
    const storage = await ftp(optionsFor(server, scratch.path, { host: proxy.host, probe: 'never' }))
    try {
      const sentBefore = proxy.stats().bytesUp
      const upload = await storage.upload!('big', { ...options, resume: left.token })
      for (const [i, part] of parts.entries()) await upload.put(i, part)
      await upload.complete()
      // What was missing, what the network held when it was cut, and some commands.
      expect(proxy.stats().bytesUp - sentBefore).toBeLessThan(content.length - arrived + mebibyte)
      expect(digest(await readFile(join(scratch.local, 'big')))).toBe(digest(content))
    } finally {
      await storage.close?.()
    }
  })

  test('goes on after a cut connection in the same process', async context => {
    const server = await found(context, name)
    await using proxy = await faultProxy({ host: server.host, port: server.port, passivePorts: server.passivePorts })
    await using scratch = await openScratch(server, { host: proxy.host, connections: 2, probe: 'never', timeoutMs: 3000 })
    const upload = await scratch.storage.upload!('big', options)
    const parts = partsOf(upload)
    proxy.cutAfter(30 * mebibyte, { direction: 'up', on: 'data' })
    let failures = 0
    for (let i = 0; i < parts.length;) {
      try {
        await upload.put(i, parts[i] as Uint8Array)
        i++
      } catch (error) {
        expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true, path: 'big' })
        failures++
      }
    }
    await upload.complete()
    expect(failures).toBeLessThan(3)
    expect(proxy.stats().cuts).toBe(1)
    expect(digest(await readFile(join(scratch.local, 'big')))).toBe(digest(content))
  })

  test('whose beginning was changed by somebody else is sent anew from there', async context => {
    const server = await found(context, name)
    await using scratch = await openScratch(server, { connections: 2, probe: 'never' })
    const left = await scratch.storage.upload!('big', options)
    const parts = partsOf(left)
    for (const [i, part] of parts.slice(0, 3).entries()) await left.put(i, part)
    await scratch.storage.close?.()
    const file = join(scratch.local, (await readdir(scratch.local))[0] as string)
    const damaged = await readFile(file)
    damaged[9 * mebibyte] = (damaged[9 * mebibyte] ?? 0) ^ 1
    await writeFile(file, damaged)
    const storage = await ftp(optionsFor(server, scratch.path, { probe: 'never' }))
    try {
      const upload = await storage.upload!('big', { ...options, resume: left.token })
      expect(await upload.stored()).toEqual([0, 1, 2])
      for (const [i, part] of parts.entries()) await upload.put(i, part)
      await upload.complete()
      expect(digest(await readFile(join(scratch.local, 'big')))).toBe(digest(content))
    } finally {
      await storage.close?.()
    }
  })
})

test.each(['../up', '.syncline-tmp-ftp-part-x', '.syncline-tmp-ftp-part-0123456789abcdef01234567/x', 'file'])(
  'a token that names anything else than an upload, %j, finds nothing',
  async token => {
    const server = await find('vsftpd')
    if (typeof server === 'string') return
    await using scratch = await openScratch(server, { probe: 'never' })
    await writeFile(join(scratch.local, 'file'), 'mine')
    await expect(scratch.storage.upload!('big', { resume: token })).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'big' })
    expect(await readFile(join(scratch.local, 'file'), 'utf8')).toBe('mine')
  },
)
