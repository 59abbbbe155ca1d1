import { readFileSync } from 'node:fs'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely, rootCertificates } from 'node:tls'
import { onAbort } from '@syncline/core'
import type { Answer } from './answer.ts'
import { type Exchange, Wire } from './wire.ts'

/** Where connections lead. */
export interface Origin {
  readonly isSecure: boolean
  readonly hostname: string
  readonly port: number
  /** As the header has it: with the port, where it is not the usual one. */
  readonly host: string
}

/** Taken apart once, not for each request. */
export function originOf({ protocol, hostname, port, host }: URL): Origin {
  const isSecure = protocol === 'https:'
  return { isSecure, hostname: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (isSecure ? 443 : 80) : Number(port), host }
}

/** What goes over the wire. */
export interface HttpRequest {
  readonly origin: Origin
  readonly method: string
  /** Encoded, with the query. Sent as it is: a URL would resolve ".." segments, which keys may have. */
  readonly target: string
  /** Names in lower case. Those of the connection and of the length are added. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
}

/** What all connections to one origin share. */
interface Pool {
  readonly all: Set<Wire>
  readonly free: Wire[]
  /** Until one of the connections there may be is free. */
  readonly waiting: Exchange[]
  /** With it a connection over TLS is made in fewer steps. */
  session?: Buffer | undefined
}

interface HttpOptions {
  /** At a time, to one origin. */
  readonly connections: number
  readonly timeoutMs: number
  /** Certificates in PEM that are trusted beside the usual ones. */
  readonly caFile?: string | undefined
}

/**
 * Requests of HTTP/1.1 over connections that are kept open, the last one used taken first, so that the others may close.
 *
 * Node's own client is not used because of small files: its agents, streams and listeners for each request take three times the processor time of
 * signing, sending and reading, and were a third of what an object of 4 KiB cost.
 */
export class Http {
  readonly #options: HttpOptions
  readonly #ca: readonly (string | Buffer)[] | undefined
  readonly #pools: Map<string, Pool> = new Map()

  constructor(options: HttpOptions) {
    this.#options = options
    this.#ca = options.caFile === undefined ? undefined : [...rootCertificates, readFileSync(options.caFile)]
  }

  /**
   * Resolves when the head of the answer is there; its body has to be read or destroyed.
   *
   * Rejects with the reason of the signal, or with what the socket said. A request that failed on a kept connection before a byte of an answer has
   * `reused: true` on its error: servers close idle connections, and then nobody has seen it.
   */
  send(request: HttpRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { signal, origin, method, body } = request
      if (signal?.aborted === true) return reject(signal.reason)
      const exchange: Exchange = { method, head: headOf(request), body, resolve, reject, leave: () => undefined }
      const pool = this.#poolOf(origin)
      const wire = pool.free.pop() ?? (pool.all.size < this.#options.connections ? this.#connect(origin, pool) : undefined)
      exchange.leave = onAbort(signal, () => {
        reject(signal?.reason)
        if (exchange.wire === undefined) pool.waiting.splice(pool.waiting.indexOf(exchange), 1)
        else exchange.wire.fail(signal?.reason)
      })
      if (wire === undefined) pool.waiting.push(exchange)
      else wire.start(exchange)
    })
  }

  /** Ends the connections; what is under way fails. */
  close(): void {
    const reason = Object.assign(new Error('the storage was closed'), { code: 'ECONNABORTED' })
    for (const { all, waiting } of this.#pools.values()) {
      for (const { leave, reject } of waiting.splice(0)) {
        leave()
        reject(reason)
      }
      for (const wire of all) wire.fail(reason)
    }
  }

  #poolOf({ isSecure, hostname, port }: Origin): Pool {
    const key = `${isSecure ? 'https' : 'http'} ${hostname} ${port}`
    let pool = this.#pools.get(key)
    if (pool === undefined) this.#pools.set(key, (pool = { all: new Set(), free: [], waiting: [] }))
    return pool
  }

  #connect(origin: Origin, pool: Pool): Wire {
    const wire = new Wire(this.#open(origin, pool), this.#options.timeoutMs, {
      freed: () => {
        const next = pool.waiting.shift()
        if (next === undefined) pool.free.push(wire)
        else wire.start(next)
        return next !== undefined
      },
      closed: () => {
        pool.all.delete(wire)
        const at = pool.free.indexOf(wire)
        if (at !== -1) pool.free.splice(at, 1)
        const next = pool.waiting.shift()
        if (next !== undefined) this.#connect(origin, pool).start(next)
      },
    })
    pool.all.add(wire)
    return wire
  }

  #open({ isSecure, hostname: host, port }: Origin, pool: Pool): Socket {
    const options = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 }
    if (!isSecure) return connect(options)
    const socket = connectSecurely({
      ...options,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 && { servername: host }),
      ...(this.#ca !== undefined && { ca: [...this.#ca] }),
      ...(pool.session !== undefined && { session: pool.session }),
    })
    socket.on('session', session => (pool.session = session))
    socket.on('error', () => (pool.session = undefined))
    return socket
  }
}

/** What a line break in a value would be is another header. Node sends the rest as Latin-1. */
const unsendable = /[^\t\x20-\x7e\x80-\xff]/

/** @throws TypeError for what cannot be sent */
function headOf({ method, target, headers, body }: HttpRequest): string {
  if (/[^\x21-\x7e]/.test(target)) throw new TypeError(`the target of a request must be encoded, got ${JSON.stringify(target)}`)
  let head = `${method} ${target} HTTP/1.1\r\n`
  for (const name in headers) {
    const value = headers[name] as string
    if (unsendable.test(value)) throw new TypeError(`the header ${name} cannot be ${JSON.stringify(value)}`)
    head += `${name}: ${value}\r\n`
  }
  if (body !== undefined || method === 'PUT' || method === 'POST') head += `content-length: ${body?.length ?? 0}\r\n`
  return `${head}connection: keep-alive\r\n\r\n`
}
