import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, type TestContext } from 'vitest'
import { collect, StorageError, toBytes, type WritableStorage } from '@syncline/core'
import { faultProxy } from '@syncline/services/fault-proxy'
import type { FtpOptions } from '../src/options.ts'
import { find, openScratch, type Scratch, serverNames, type ServerName } from './servers.ts'

async function scratchOn(context: TestContext, name: ServerName, options: Partial<FtpOptions>): Promise<Scratch> {
  const server = await find(name)
  return await openScratch(typeof server === 'string' ? context.skip(server) : server, options)
}

async function listed(storage: WritableStorage): Promise<void> {
  for await (const page of storage.list('')) expect(page).toBeDefined()
}

const contentOf = (i: number, bytes: number): Buffer => Buffer.alloc(bytes, `content of ${i} `)
const numbers = Array.from({ length: 8 }, (_, i) => i)

describe.each(serverNames)('few connections to %s', name => {
  test.for([
    { connections: 1, bytes: 100_000 },
    { connections: 2, bytes: 1_500_000 },
    { connections: 4, bytes: 1_500_000 },
  ])('$connections copy files of $bytes bytes from the server to itself', async ({ connections, bytes }, context) => {
    await using scratch = await scratchOn(context, name, { connections })
    const { storage, local } = scratch
    for (const i of numbers) await writeFile(join(local, `from ${i}`), contentOf(i, bytes))
    await Promise.all(numbers.map(i => storage.write(`to ${i}`, storage.read(`from ${i}`), { size: bytes })))
    for (const i of numbers) expect((await readFile(join(local, `to ${i}`))).equals(contentOf(i, bytes))).toBe(true)
  })

  test('one is lent to others while what was read is waiting', async context => {
    await using scratch = await scratchOn(context, name, { connections: 1 })
    const { storage, local } = scratch
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251))
    await writeFile(join(local, 'big'), content)
    const got: Uint8Array[] = []
    let looks = 0
    for await (const chunk of storage.read('big')) {
      got.push(chunk.slice())
      if (looks++ < 3) expect(await storage.stat('big')).toMatchObject({ size: content.length })
    }
    expect(looks).toBeGreaterThan(2)
    expect(Buffer.concat(got).equals(content)).toBe(true)
  })

  test('one cannot copy a big file from the server to itself, and says so', async context => {
    await using scratch = await scratchOn(context, name, { connections: 1, timeoutMs: 1500 })
    const { storage, local } = scratch
    await writeFile(join(local, 'big'), contentOf(0, 3_000_000))
    await expect(storage.write('copy', storage.read('big'))).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('connections=2') as unknown,
    })
    expect(await storage.stat('copy')).toBeUndefined()
    await storage.write('small', toBytes('x'))
    expect(await collect(storage.read('big'))).toHaveLength(3_000_000)
  })
})

describe.each(serverNames)('a connection to %s that is lost', name => {
  test.for<readonly [string, (storage: WritableStorage) => Promise<unknown>]>([
    ['while directories are made for a file', storage => storage.write('a/b/c', toBytes('x'))],
    ['while a file is looked at', storage => storage.stat('file')],
    ['while a directory is listed', listed],
    ['while a file is read', storage => collect(storage.read('file'))],
  ])('%s is told, and ends nothing else', async ([, act], context) => {
    const server = await find(name)
    if (typeof server === 'string') return context.skip(server)
    const proxy = await faultProxy({ host: server.host, port: server.port, passivePorts: server.passivePorts })
    await using scratch = await openScratch(server, { host: proxy.host, connections: 1, timeoutMs: 3000 })
    try {
      await scratch.storage.write('file', toBytes('content'))
      for (const bytes of [0, 60, 120]) {
        proxy.cutAfter(bytes, { direction: 'down', on: 'control' })
        // Tried again over a new connection, or told. A rejection that nobody handles would end this process.
        await act(scratch.storage).catch((error: unknown) => expect(error).toBeInstanceOf(StorageError))
        proxy.calm()
      }
      expect(await scratch.storage.stat('file')).toMatchObject({ kind: 'file', size: 7 })
    } finally {
      await proxy.close()
    }
  })
})
