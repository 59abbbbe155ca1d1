import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { FTPContext } from 'basic-ftp'
import { LostConnection } from './reply.ts'

/** Milliseconds that a connection may take to be there, when it is not needed any more. */
const arrivalMs = 2000

/** How a data connection is protected. */
export interface DataProtection {
  /** Of the control connection: it has the TLS options and the session that servers want to see again. */
  readonly context: FTPContext
  /** Rejects a server that is not the one of the control connection. */
  readonly verify: (socket: TLSSocket) => void
}

/**
 * One data connection to a port that the server has named.
 *
 * Not basic-ftp's: there a data connection that the server resets takes the control connection with it, and some servers reset it whenever they
 * refuse a file.
 */
export class DataConnection {
  readonly #raw: Socket
  readonly #timeoutMs: number
  /** What content goes through: the TLS connection, or the plain one. Resolves when it is ready to be used. */
  readonly ready: Promise<Socket>
  #stream: Socket | undefined
  #failure: Error | undefined

  constructor(host: string, port: number, timeoutMs: number, protection: DataProtection | undefined) {
    this.#timeoutMs = timeoutMs
    this.#raw = connect({ host, port, noDelay: true })
    this.#raw.setTimeout(timeoutMs, () => this.destroy(silent(timeoutMs)))
    this.#raw.on('error', error => (this.#failure ??= error))
    this.ready = protection === undefined ? this.#plain() : this.#secure(protection)
    this.ready.catch(() => undefined)
  }

  /** Why it broke; `undefined` if it did not. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** The peer is waited for from now on, or not. A slow producer or consumer of content is no reason to give up. */
  watch(isWaiting: boolean): void {
    this.#raw.setTimeout(isWaiting ? this.#timeoutMs : 0)
  }

  /**
   * Gives the connection up, but not before it is there: a server that still waits for it would wait for long.
   */
  async abandon(error?: Error): Promise<void> {
    this.#failure ??= error
    if (this.#raw.connecting)
      await Promise.race([once(this.#raw, 'connect'), once(this.#raw, 'close'), pause(arrivalMs, undefined, { ref: false })]).catch(() => undefined)
    this.destroy()
  }

  destroy(error?: Error): void {
    this.#failure ??= error
    this.#stream?.destroy()
    this.#raw.destroy()
  }

  async #plain(): Promise<Socket> {
    this.#stream = this.#raw
    return this.#raw
  }

  async #secure({ context, verify }: DataProtection): Promise<Socket> {
    await happens(this.#raw, 'connect', () => this.#failure)
    const session = context.tlsSessionStore ?? (context.socket as TLSSocket).getSession()
    const secure = connectTls({ ...context.tlsOptions, socket: this.#raw, ...(session !== undefined && { session }) })
    this.#stream = secure
    secure.on('error', error => (this.#failure ??= error))
    // TLS 1.3 tickets are for one use: the next data connection needs the next one.
    secure.on('session', ticket => (context.tlsSessionStore = ticket))
    await happens(secure, 'secureConnect', () => this.#failure)
    verify(secure)
    return secure
  }
}

/** Waits for an event; rejects if the socket breaks or closes before. */
function happens(socket: Socket, event: string, failure: () => Error | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve())
    socket.once('close', () => reject(failure() ?? new LostConnection('the data connection was closed before it was ready')))
  })
}

function silent(timeoutMs: number): LostConnection {
  return new LostConnection(`nothing moved on the data connection for ${timeoutMs / 1000} s`, { timedOut: true })
}
