import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as nodeRequest } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createSecureServer } from 'node:tls'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Answer } from './answer.ts'
import { Http, type HttpRequest, originOf } from './http.ts'

const openssl = 'openssl'
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

interface Place {
  readonly url: URL
  /** How many connections there were. */
  readonly connections: () => number
}

/** A server that is told what to do with a connection. */
async function serve(
  handle: (socket: Socket, index: number) => void,
  make: (listen: (socket: Socket) => void) => Server = createServer,
): Promise<Place> {
  const sockets: Socket[] = []
  const server = make(socket => {
    socket.on('error', () => undefined)
    handle(socket, sockets.push(socket) - 1)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), connections: () => sockets.length }
}

/** Answers each request that came whole. */
function answering(answer: (request: string, socket: Socket) => string | undefined): (socket: Socket) => void {
  return socket => {
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      const length = Number(/\r\ncontent-length: (\d+)/.exec(text)?.[1] ?? 0)
      if (end === -1 || text.length < end + 4 + length) return
      const given = answer(text, socket)
      text = ''
      if (given !== undefined) socket.write(given, 'latin1')
    })
  }
}

const ok = (body = ''): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`

function client({ connections = 4, timeoutMs = 10_000, caFile }: Partial<ConstructorParameters<typeof Http>[0]> = {}): Http {
  const http = new Http({ connections, timeoutMs, caFile })
  closing.push(() => http.close())
  return http
}

const get = (url: URL, more: Partial<HttpRequest> = {}): HttpRequest => ({
  origin: originOf(url),
  method: 'GET',
  target: '/a%20b',
  headers: { host: url.host },
  ...more,
})

describe('Http', () => {
  test('sends what it is given, and reads the answer', async () => {
    let seen = ''
    const { url } = await serve(answering(request => ((seen = request), ok('fine'))))
    const answer = await client().send(get(url, { method: 'PUT', headers: { host: url.host, 'x-a': '\xe9' }, body: Buffer.from('content') }))
    expect(await answer.text()).toBe('fine')
    expect(seen).toBe(`PUT /a%20b HTTP/1.1\r\nhost: ${url.host}\r\nx-a: \xe9\r\ncontent-length: 7\r\nconnection: keep-alive\r\n\r\ncontent`)
  })

  test('uses a connection again', async () => {
    const { url, connections } = await serve(answering(() => ok('fine')))
    const http = client()
    for (let i = 0; i < 5; i++) expect(await (await http.send(get(url))).text()).toBe('fine')
    expect(connections()).toBe(1)
  })

  test('has no more connections than it may, and the others wait for their turn', async () => {
    let [running, most] = [0, 0]
    const { url, connections } = await serve(
      answering((_request, socket) => {
        most = Math.max(most, ++running)
        setTimeout(() => {
          running--
          socket.write(ok('fine'))
        }, 5)
        return undefined
      }),
    )
    const http = client({ connections: 3 })
    const texts = await Promise.all(Array.from({ length: 20 }, async () => (await http.send(get(url))).text()))
    expect(texts).toEqual(Array.from({ length: 20 }, () => 'fine'))
    expect([most, connections()]).toEqual([3, 3])
  })

  test.each([
    ['header', { headers: { host: 'x', 'x-a': 'a\r\nx-b: c' } }],
    ['header', { headers: { host: 'x', 'x-a': 'Ā' } }],
    ['target', { target: '/a b' }],
    ['target', { target: '/ä' }],
  ])('refuses a %s that would be read as something else: %j', async (name, more) => {
    const { url, connections } = await serve(answering(() => ok()))
    await expect(client().send(get(url, more))).rejects.toThrow(name)
    expect(connections()).toBe(0)
  })

  test('says that a kept connection had gone stale, and not of a fresh one', async () => {
    const { url } = await serve((socket, index) =>
      answering(request => (index === 0 && request.includes('/a%20b') ? ok() : void socket.destroy()))(socket),
    )
    const http = client()
    await (await http.send(get(url))).text()
    await expect(http.send(get(url, { target: '/other' }))).rejects.toMatchObject({ code: 'ECONNRESET', reused: true })
    await expect(http.send(get(url, { target: '/other' }))).rejects.toMatchObject({ code: 'ECONNRESET', reused: false })
  })

  test('does not say so once a byte of the answer came', async () => {
    let count = 0
    const { url } = await serve(answering((_request, socket) => (count++ === 0 ? ok() : void socket.end('HTTP/1.1 200'))))
    const http = client()
    await (await http.send(get(url))).text()
    await expect(http.send(get(url))).rejects.toMatchObject({ reused: false })
  })

  test('does not use a connection again that was ended while nobody used it', async () => {
    const { url, connections } = await serve(answering((_request, socket) => void socket.end(ok('fine'))))
    const http = client()
    for (let i = 0; i < 3; i++) {
      expect(await (await http.send(get(url))).text()).toBe('fine')
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    expect(connections()).toBe(3)
  })

  test('does not take what nobody asked for as the next answer', async () => {
    const sockets: Socket[] = []
    const { url } = await serve(answering((_request, socket) => (sockets.push(socket), ok('mine'))))
    const http = client()
    expect(await (await http.send(get(url))).text()).toBe('mine')
    const [first] = sockets as [Socket]
    const closed = new Promise(resolve => first.once('close', resolve))
    first.write(ok('not asked for'))
    await closed
    expect(await (await http.send(get(url))).text()).toBe('mine')
    expect(sockets[1]).not.toBe(first)
  })

  test('does not use a connection again on which the request was not read to its end', async () => {
    const { url, connections } = await serve(socket => {
      socket.once('data', () => {
        socket.pause()
        socket.write('HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\r\n')
      })
    })
    const http = client({ connections: 1 })
    for (let i = 0; i < 2; i++) expect((await http.send(get(url, { method: 'PUT', body: Buffer.alloc(32 << 20) }))).status).toBe(503)
    expect(connections()).toBe(2)
  })

  test('rejects with ETIMEDOUT when no byte comes', async () => {
    const { url } = await serve(answering(() => undefined))
    await expect(client({ timeoutMs: 50 }).send(get(url))).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('waits for a reader that takes its time, and holds little meanwhile', { timeout: 60_000 }, async () => {
    let written = 0
    const size = 64 << 20
    const mebi = Buffer.alloc(1 << 20)
    const { url } = await serve(socket => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`)
        const fill = (): void => {
          while (written < size) {
            written += mebi.length
            if (!socket.write(mebi)) return
          }
        }
        socket.on('drain', fill)
        fill()
      })
    })
    const answer = await client({ timeoutMs: 1000 }).send(get(url))
    await new Promise(resolve => setTimeout(resolve, 2200))
    expect(written).toBeLessThan(size)
    let read = 0
    for await (const chunk of answer) read += chunk.length
    expect(read).toBe(size)
  })

  test('a body that is cut fails where it is read, after what came', async () => {
    const { url } = await serve(answering((_request, socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello')))
    const answer = await client().send(get(url))
    await expect(answer.text()).rejects.toMatchObject({ code: 'ECONNRESET', message: 'the answer was cut short' })
  })

  test('an abort ends a request, the reading of an answer, and the wait for a turn', async () => {
    const reason = new Error('enough')
    const { url } = await serve(answering(request => (request.includes('/hang') ? undefined : 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello')))
    const http = client({ connections: 2 })
    const stop = new AbortController()
    const { signal } = stop
    const answer = await http.send(get(url, { signal }))
    const results = [answer.text(), http.send(get(url, { target: '/hang', signal })), http.send(get(url, { target: '/waits', signal }))]
    const settled = Promise.allSettled(results)
    stop.abort(reason)
    for (const result of await settled) expect(result).toEqual({ status: 'rejected', reason })
    expect(reason).not.toHaveProperty('reused')
    await expect(http.send(get(url, { signal }))).rejects.toBe(reason)
    // The places of the ended ones are free again.
    expect((await http.send(get(url))).status).toBe(200)
  })

  test('a reader that stops early gives the connection up', async () => {
    const { url, connections } = await serve(answering(() => 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'))
    const http = client({ connections: 1 })
    for (let i = 0; i < 2; i++) for await (const chunk of await http.send(get(url))) if (chunk.length > 0) break
    expect(connections()).toBe(2)
  })

  test('close ends what is under way and what waits; afterwards it can be used', async () => {
    let isReady = false
    const { url } = await serve(answering(() => (isReady ? ok('fine') : undefined)))
    const http = client({ connections: 1 })
    const settled = Promise.allSettled([http.send(get(url)), http.send(get(url))])
    http.close()
    for (const result of await settled) expect(result).toMatchObject({ status: 'rejected', reason: { message: 'the storage was closed' } })
    isReady = true
    expect(await (await http.send(get(url))).text()).toBe('fine')
  })

  test('over TLS trusts the authorities it is told of, and no other', async context => {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-s3-tls-'))
    closing.push(() => rmSync(folder, { recursive: true }))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    try {
      execFileSync(openssl, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, '-keyout', key, '-out', cert], {
        stdio: 'ignore',
      })
    } catch {
      return context.skip('openssl is not here to make a certificate')
    }
    const secrets = { key: readFileSync(key), cert: readFileSync(cert) }
    const { url, connections } = await serve(
      answering(request => ok(request.slice(0, 3))),
      listen => createSecureServer(secrets, listen),
    )
    const here = new URL(`https://localhost:${url.port}`)
    const http = client({ caFile: cert })
    for (let i = 0; i < 3; i++) expect(await (await http.send(get(here))).text()).toBe('GET')
    expect(connections()).toBe(1)
    await expect(client().send(get(here))).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await expect(client({ caFile: cert }).send(get(new URL(`https://127.0.0.1:${url.port}`)))).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })

  test('what it reads of an answer that was garbled, Node reads too', { timeout: 60_000 }, async () => {
    let sent = Buffer.alloc(0)
    const { url } = await serve(socket => void socket.once('data', () => socket.end(sent)))
    const answers = [
      'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n5\r\nhello\r\n10;a=b\r\n0123456789abcdef\r\n0\r\nx-b: c\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx',
    ]
    const change = fc.record({
      at: fc.nat(140),
      cut: fc.nat(3),
      insert: fc.string({ unit: fc.constantFrom(...'\r\n\t\0\x80 :;,="-0123456789abcdefABCDEFx'), maxLength: 3 }),
    })
    const http = client()
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...answers), fc.array(change, { minLength: 1, maxLength: 2 }), async (answer, changes) => {
        let text = answer
        for (const { at, cut, insert } of changes) text = text.slice(0, at) + insert + text.slice(at + cut)
        sent = Buffer.from(text, 'latin1')
        const ours = await http.send(get(url)).then(taken, () => undefined)
        if (ours !== undefined) expect(ours).toEqual(await nodeReads(url))
      }),
      { numRuns: 1500 },
    )
  })
})

interface Taken {
  readonly status: number | undefined
  readonly etag: string | undefined
  readonly body: string
}

async function taken(answer: Answer): Promise<Taken | undefined> {
  const { status, headers } = answer
  const body: Buffer[] = []
  try {
    for await (const chunk of answer) body.push(chunk)
  } catch {
    return undefined
  }
  return { status, etag: headers['etag'], body: Buffer.concat(body).toString('latin1') }
}

function nodeReads(url: URL): Promise<Taken | undefined> {
  return new Promise(resolve => {
    let isComplete = (): boolean => false
    // It takes bytes behind an answer for an error, if they came with it. The answer is the same.
    const fail = (): void => void (isComplete() || resolve(undefined))
    const request = nodeRequest(url, { agent: false }, answer => {
      const body: Buffer[] = []
      isComplete = () => answer.complete
      answer.on('data', (chunk: Buffer) => body.push(chunk))
      answer.on('error', fail)
      answer.on('end', () => resolve({ status: answer.statusCode, etag: answer.headers.etag, body: Buffer.concat(body).toString('latin1') }))
    })
    request.on('error', fail)
    request.end()
  })
}
