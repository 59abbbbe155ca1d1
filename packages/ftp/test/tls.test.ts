import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, type TestContext } from 'vitest'
import { collect, toBytes } from '@syncline/core'
import { ftp } from '../src/ftp.ts'
import { find, openScratch, optionsFor, secured, type Server, type ServerName } from './servers.ts'

async function found(context: TestContext, name: ServerName): Promise<Server> {
  const server = await find(name)
  return typeof server === 'string' ? context.skip(server) : server
}

const ways = [
  ['vsftpd', 'explicit'],
  ['vsftpd', 'implicit'],
  ['proftpd', 'explicit'],
  ['proftpd', 'implicit'],
  ['pureftpd', 'explicit'],
] as const

describe('over TLS', () => {
  test.for(ways)('%s, %s: files of all sizes, also empty ones, go up, down and into listings', async ([name, tls], context) => {
    const server = await found(context, name)
    await using scratch = await openScratch(server, { ...secured(server, tls), connections: 2 })
    const { storage, local } = scratch
    const sizes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4096, 300_000, 3_000_000]
    await Promise.all(sizes.map((size, i) => storage.write(`f${i}`, toBytes(Buffer.alloc(size, i)), { size })))
    for (const [i, size] of sizes.entries()) {
      // Compared as buffers: a matcher would go through them byte by byte.
      expect(Buffer.compare(await readFile(join(local, `f${i}`)), Buffer.alloc(size, i))).toBe(0)
      expect(Buffer.compare(await collect(storage.read(`f${i}`)), Buffer.alloc(size, i))).toBe(0)
    }
    const listed: string[] = []
    for await (const page of storage.list('')) listed.push(...(page as readonly { path: string }[]).map(({ path }) => path))
    expect(listed).toHaveLength(sizes.length)
  })

  test.for(['explicit', 'implicit'] as const)('%s: a certificate of an unknown authority is refused, with what to do', async (tls, context) => {
    const server = await found(context, 'proftpd')
    const { port } = secured(server, tls)
    await expect(ftp(optionsFor(server, '/', { tls, ...(port !== undefined && { port }) }))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/could not be verified.*`ca`.*`fingerprint`/),
    })
  })

  test.for(['explicit', 'implicit'] as const)('%s: a pinned certificate is enough, and another one is refused', async (tls, context) => {
    const server = await found(context, 'proftpd')
    const { port } = secured(server, tls)
    const options = { tls, ...(port !== undefined && { port }) }
    await using scratch = await openScratch(server, { ...options, fingerprint: server.fingerprint })
    await scratch.storage.write('file', toBytes('content'))
    expect(await readFile(join(scratch.local, 'file'), 'utf8')).toBe('content')
    const other = server.fingerprint.replaceAll(/[0-9]/g, '0')
    await expect(ftp(optionsFor(server, '/', { ...options, fingerprint: other }))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining(server.fingerprint),
    })
  })

  test('a certificate for another host is refused', async context => {
    const server = await found(context, 'proftpd')
    const options = { ...secured(server, 'explicit'), tlsOptions: { servername: 'elsewhere.example', host: 'elsewhere.example' } }
    await expect(ftp(optionsFor(server, '/', options))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})

test('a wrong password is refused without being repeated', async context => {
  const server = await found(context, 'proftpd')
  const failure = ftp(optionsFor(server, '/', { password: 'not-the-password' }))
  await expect(failure).rejects.toMatchObject({ code: 'UNAUTHENTICATED', retryable: false, message: expect.not.stringContaining('not-the-password') })
})
