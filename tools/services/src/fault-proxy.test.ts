import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { faultProxy } from './fault-proxy.mjs'
import type { FaultProxy } from './fault-proxy.d.mts'

let server: Server
let port: number
/** What each connection of the server got, and how it ended. */
let arrived: { chunks: Buffer[]; end: string }[]

beforeEach(async () => {
  arrived = []
  // Echoes, and ends when the client has ended.
  server = createServer({ allowHalfOpen: true }, socket => {
    const record: { chunks: Buffer[]; end: string } = { chunks: [], end: 'open' }
    arrived.push(record)
    socket.on('data', chunk => {
      record.chunks.push(chunk)
      socket.write(chunk)
    })
    socket.on('end', () => {
      record.end = 'end'
      socket.end()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => (record.end = error.code ?? 'error'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterEach(() => new Promise(resolve => server.close(resolve)))

describe('faultProxy', () => {
  test('passes every byte in both directions, and the end of each direction by itself', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    const content = pattern(5_000_000)
    expect(await talk(proxy, content)).toMatchObject({ content: digest(content), end: 'end' })
    expect(arrived[0]?.end).toBe('end')
    expect(received()).toBe(digest(content))
    expect(proxy.stats()).toMatchObject({ accepted: 1, bytesUp: 5_000_000, bytesDown: 5_000_000, cuts: 0 })
  })

  test('with latency and a slow line passes every byte in order', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port, latencyMs: 5, bytesPerSecond: 2_000_000 })
    const content = pattern(200_000)
    expect(await talk(proxy, content)).toMatchObject({ content: digest(content), end: 'end' })
  })

  test('an answer takes at least two latencies', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port, latencyMs: 40 })
    const before = performance.now()
    await talk(proxy, pattern(1))
    expect(performance.now() - before).toBeGreaterThan(78)
  })

  test('a slow line is shared by its connections', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port, bytesPerSecond: 500_000 })
    const before = performance.now()
    await Promise.all([talk(proxy, pattern(50_000)), talk(proxy, pattern(50_000))])
    // 100,000 bytes in each direction, of which the second ends one piece after the first.
    expect(performance.now() - before).toBeGreaterThan(195)
  })

  test.each([0, 1, 65_536, 1_234_567])('passes exactly %i bytes, then resets, once', async bytes => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    proxy.cutAfter(bytes, { direction: 'up' })
    const { end } = await talk(proxy, pattern(2_000_000))
    expect(end).toBe('ECONNRESET')
    await expect.poll(() => arrived[0]?.end).toBe('ECONNRESET')
    // A reset may overtake what passed before it.
    const got = Buffer.concat(arrived[0]?.chunks ?? [])
    expect(got.length).toBeLessThanOrEqual(bytes)
    expect(received()).toBe(digest(pattern(2_000_000).subarray(0, got.length)))
    expect(proxy.stats().bytesUp).toBe(bytes)
    expect(await talk(proxy, pattern(100))).toMatchObject({ content: digest(pattern(100)), end: 'end' })
    expect(proxy.stats()).toMatchObject({ cuts: 1 })
  })

  test('a cut counts the bytes of all connections, and cuts all of them', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    const idle = await open(proxy)
    expect((await talk(proxy, pattern(600))).end).toBe('end')
    proxy.cutAfter(1000, { direction: 'up' })
    expect((await talk(proxy, pattern(600))).end).toBe('end')
    const ended = failure(idle)
    expect((await talk(proxy, pattern(600))).end).toBe('ECONNRESET')
    expect(await ended).toBe('ECONNRESET')
    expect(proxy.stats()).toMatchObject({ bytesUp: 1600, cuts: 1 })
  })

  test('a cut may spare the other connections', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    const other = await open(proxy)
    proxy.cutAfter(10, { connections: 'this' })
    expect((await talk(proxy, pattern(600))).end).toBe('ECONNRESET')
    other.end(pattern(20))
    expect(await readAll(other)).toMatchObject({ content: digest(pattern(20)), end: 'end' })
  })

  test.each([1, 70_000, 1_234_567])('a cut may look like the end of the stream after exactly %i bytes', async bytes => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    proxy.cutAfter(bytes, { direction: 'down', how: 'end' })
    expect(await talk(proxy, pattern(2_000_000))).toMatchObject({ content: digest(pattern(bytes)), end: 'end' })
  })

  test('a cut that was taken back does not happen', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    proxy.cutAfter(10)
    proxy.corrupt(5)
    proxy.calm()
    expect(await talk(proxy, pattern(100))).toMatchObject({ content: digest(pattern(100)), end: 'end' })
  })

  test.each([0, 99_999, 150_000])('corrupts the byte at offset %i and no other', async offset => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    proxy.corrupt(offset, { direction: 'down' })
    const content = pattern(200_000)
    const { raw: got } = await talk(proxy, content)
    const differing = [...got.keys()].filter(i => got[i] !== content[i])
    expect(differing).toEqual([offset])
    expect(got.length).toBe(content.length)
    expect(received()).toBe(digest(content))
    expect(await talk(proxy, content)).toMatchObject({ content: digest(content), end: 'end' })
  })

  test('refuses new connections as long as it is told to, and keeps the old ones', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    const old = await open(proxy)
    proxy.refuse(true)
    expect((await talk(proxy, pattern(10))).end).toBe('ECONNRESET')
    old.end(pattern(10))
    expect(await readAll(old)).toMatchObject({ content: digest(pattern(10)), end: 'end' })
    proxy.refuse(false)
    expect((await talk(proxy, pattern(10))).end).toBe('end')
  })

  test('hangs as long as it is told to, and then passes what had piled up', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    const socket = await open(proxy)
    proxy.hang(true)
    const before = proxy.stats().bytesUp
    socket.end(pattern(3_000_000))
    const other = await open(proxy)
    other.end(pattern(10))
    const all = readAll(socket)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(proxy.stats().bytesUp).toBe(before)
    proxy.hang(false)
    expect(await all).toMatchObject({ content: digest(pattern(3_000_000)), end: 'end' })
    expect(await readAll(other)).toMatchObject({ content: digest(pattern(10)), end: 'end' })
  })

  test('kills the connections that are open and takes new ones', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    const sockets = [await open(proxy), await open(proxy)]
    const ends = sockets.map(failure)
    await expect.poll(() => arrived.length).toBe(2)
    expect(proxy.killConnections()).toBe(2)
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET'])
    await expect.poll(() => proxy.stats().live).toBe(0)
    expect((await talk(proxy, pattern(10))).end).toBe('end')
  })

  test('a server that is not there resets the client', async () => {
    const none = createServer().listen(0, '127.0.0.1')
    await once(none, 'listening')
    const { port: free } = none.address() as AddressInfo
    await new Promise(resolve => none.close(resolve))
    await using proxy = await faultProxy({ host: '127.0.0.1', port: free })
    expect((await talk(proxy, pattern(10))).end).toBe('ECONNRESET')
  })

  test('closed, it has no connection and no listener', async () => {
    const proxy = await faultProxy({ host: '127.0.0.1', port })
    const ended = failure(await open(proxy))
    await proxy.close()
    expect(await ended).toBe('ECONNRESET')
    expect((await talk(proxy, pattern(1))).end).toBe('ECONNREFUSED')
  })

  test('with passive ports listens on the same ports of another address, each proxy on its own', async () => {
    const options = { host: '127.0.0.1', port, passivePorts: [port, port] as const }
    await expect(faultProxy(options)).rejects.toThrow(/no loopback address/)
    const second = createServer(socket => socket.on('error', () => {}).end('data')).listen(0, '127.0.0.1')
    await once(second, 'listening')
    const { port: passive } = second.address() as AddressInfo
    await using one = await faultProxy({ host: '127.0.0.1', port, passivePorts: [passive, passive] })
    await using two = await faultProxy({ host: '127.0.0.1', port, passivePorts: [passive, passive] })
    expect([one.port, two.port]).toEqual([port, port])
    expect(one.host).not.toBe(two.host)
    one.cutAfter(2, { on: 'data', direction: 'down', how: 'end', connections: 'this' })
    expect(await talk(one, pattern(100))).toMatchObject({ content: digest(pattern(100)), end: 'end' })
    expect((await readAll(connect(passive, one.host))).raw.toString()).toBe('da')
    expect((await readAll(connect(passive, two.host))).raw.toString()).toBe('data')
    await new Promise(resolve => second.close(resolve))
  })

  test('a fault that is no whole number of bytes is a mistake', async () => {
    await using proxy = await faultProxy({ host: '127.0.0.1', port })
    expect(() => proxy.cutAfter(-1)).toThrow(TypeError)
    expect(() => proxy.corrupt(1.5)).toThrow(TypeError)
  })
})

interface Heard {
  readonly raw: Buffer
  readonly content: string
  readonly end: string
}

/** What the last connection of the server got. */
function received(): string {
  return digest(Buffer.concat(arrived.at(-1)?.chunks ?? []))
}

/** Compared instead of megabytes. */
function digest(content: Buffer): string {
  return `${content.length} bytes, ${createHash('sha256').update(content).digest('hex')}`
}

/** Bytes of which none is where its neighbours are. */
function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff))
}

async function open(proxy: FaultProxy): Promise<Socket> {
  const socket = connect(proxy.port, proxy.host)
  await once(socket, 'connect')
  return socket
}

function talk(proxy: FaultProxy, content: Buffer): Promise<Heard> {
  const socket = connect(proxy.port, proxy.host)
  socket.end(content)
  return readAll(socket)
}

function readAll(socket: Socket): Promise<Heard> {
  const chunks: Buffer[] = []
  return new Promise(resolve => {
    const end = (how: string): void => {
      const raw = Buffer.concat(chunks)
      resolve({ raw, content: digest(raw), end: how })
    }
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('end', () => end('end')).on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'))
  })
}

/** A connection that is only open is watched by reading it. */
function failure(socket: Socket): Promise<string> {
  return readAll(socket).then(({ end }) => end)
}
