import { Socket, type SocketConstructorOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { messageOf, onAbort, StorageError } from '@syncline/core'
import type { Client } from 'ssh2'
import { Authenticator, type Credentials } from './auth.ts'
import { checkHostKey, hostKeyAlgorithms, type HostKeyPolicy } from './host-key.ts'
import { Sealer } from './sealer.ts'

/** One server on the way, the last of which has the files. */
export interface Hop {
  readonly host: string
  readonly port: number
  readonly credentials: Credentials
  readonly hostKey: HostKeyPolicy
}

/** How long things may take. Milliseconds. */
export interface Patience {
  readonly connectMs: number
  readonly keepaliveMs: number
  readonly keepaliveCount: number
}

/** A connection to a server, logged in. */
export interface SshConnection {
  readonly client: Client
  /** What the server calls its software, e.g. "OpenSSH_9.2p1". */
  readonly software: string
  /** Writes between these two leave in one piece. */
  cork(): void
  uncork(): void
  end(): void
}

/** Makes connections to one place, through the hops before it. Keeps what people answered. */
export class Connector {
  readonly #hops: readonly Hop[]
  readonly #patience: Patience
  readonly #authenticators = new Map<Hop, Authenticator>()

  /** @param hops - at least one */
  constructor(hops: readonly Hop[], patience: Patience) {
    this.#hops = hops
    this.#patience = patience
  }

  /** @throws StorageError `UNAUTHENTICATED`, `UNAVAILABLE` or `TIMEOUT` */
  async connect(signal?: AbortSignal): Promise<SshConnection> {
    const { default: ssh2 } = await import('ssh2')
    const opened: Client[] = []
    const end = (): void => {
      for (const client of opened.reverse()) client.end()
    }
    let socket: Duplex | undefined
    let last: SshConnection | undefined
    try {
      for (const hop of this.#hops) {
        signal?.throwIfAborted()
        if (last !== undefined) socket = await forward(last.client, hop)
        let authenticator = this.#authenticators.get(hop)
        if (authenticator === undefined) this.#authenticators.set(hop, (authenticator = new Authenticator(ssh2, hop.credentials)))
        const client = new ssh2.Client()
        opened.push(client)
        last = await logIn(client, socket, hop, authenticator, this.#patience, signal)
      }
      return { ...(last as SshConnection), end }
    } catch (error) {
      end()
      throw error
    }
  }
}

function logIn(
  client: Client,
  through: Duplex | undefined,
  hop: Hop,
  authenticator: Authenticator,
  { connectMs, keepaliveMs, keepaliveCount }: Patience,
  signal: AbortSignal | undefined,
): Promise<SshConnection> {
  const { host, port, credentials, hostKey } = hop
  const where = `${host}:${port}`
  return new Promise<SshConnection>((resolve, reject) => {
    let refusal: StorageError | undefined
    const socket = through ?? connectSocket(host, port, connectMs, () => isReady && opensInNode(client))
    let isReady = false
    const sealer = new Sealer(socket)
    const stop = (error: unknown): void => {
      leave()
      reject(error)
      client.destroy()
      socket.destroy()
    }
    const leave = onAbort(signal, () => stop(signal?.reason))
    client.on('ready', () => {
      isReady = true
      leave()
      client.removeAllListeners('close')
      const software = String((client as { _remoteVer?: unknown })._remoteVer ?? '')
      resolve({ client, software, cork: () => sealer.cork(), uncork: () => sealer.uncork(), end: () => client.end() })
    })
    client.on('handshake', () => sealer.adopt(client))
    client.on('error', (error: Error & { level?: string }) => stop(refusal ?? describe(error, where, authenticator)))
    client.on('close', () => stop(new StorageError('UNAVAILABLE', `${where} closed the connection before anybody could log in`)))
    client.connect({
      sock: socket as Socket,
      username: credentials.user,
      readyTimeout: connectMs,
      keepaliveInterval: keepaliveMs,
      keepaliveCountMax: keepaliveCount,
      algorithms: { serverHostKey: hostKeyAlgorithms(hostKey) as never },
      hostVerifier: (key: Buffer): boolean => {
        refusal = checkHostKey(hostKey, key)
        return refusal === undefined
      },
      authHandler: authenticator.handler() as never,
    })
  })
}

/** Whether `ssh2` decrypts AES-GCM in Node's own implementation: what comes out is memory of its own. The optional native part decrypts in place. */
function opensInNode(client: Client): boolean {
  const { _protocol: protocol } = client as { _protocol?: { readonly _decipher?: { readonly _decipherSSLName?: unknown } } }
  return /-gcm$/.test(String(protocol?._decipher?._decipherSSLName))
}

/** Bytes that are read from the network at once. */
const receivedBytes = 256 * 1024

/**
 * A socket that reads into the same memory again and again: Node takes 64 KiB anew for each read, which keeps the collector busy when much arrives.
 *
 * What arrives is copied until `mayReuse`, because `ssh2` keeps parts of a key exchange. From then on it decrypts before it returns.
 */
function connectSocket(host: string, port: number, connectMs: number, mayReuse: () => boolean): Socket {
  const buffer = Buffer.allocUnsafeSlow(receivedBytes)
  // A server may speak before `ssh2` listens.
  const early: Buffer[] = []
  const callback = (count: number): boolean => {
    const bytes = buffer.subarray(0, count)
    if (early.length > 0 || socket.listenerCount('data') === 0) early.push(Buffer.from(bytes))
    else socket.emit('data', mayReuse() ? bytes : Buffer.from(bytes))
    return true
  }
  const socket: Socket = new Socket({ onread: { buffer, callback } } as SocketConstructorOpts)
  socket.on('newListener', name => {
    if (name === 'data') setImmediate(() => early.splice(0).forEach(bytes => socket.emit('data', bytes)))
  })
  socket.setNoDelay(true)
  const timer = setTimeout(
    () => socket.destroy(Object.assign(new Error(`no connection within ${Math.round(connectMs / 1000)} seconds`), { code: 'ETIMEDOUT' })),
    connectMs,
  )
  const settle = (): void => clearTimeout(timer)
  socket.once('connect', settle).once('close', settle)
  socket.connect({ host, port })
  return socket
}

function forward(client: Client, { host, port }: Hop): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => {
      if (error === undefined) resolve(stream)
      else reject(new StorageError('UNAVAILABLE', `the jump host could not reach ${host}:${port}: ${error.message}`, { cause: error }))
    })
  })
}

function describe(error: Error & { level?: string; code?: unknown }, where: string, authenticator: Authenticator): StorageError {
  if (error.level === 'client-authentication') return authenticator.failure
  const why = messageOf(error)
  if (error.level === 'client-timeout' || error.code === 'ETIMEDOUT')
    return new StorageError('TIMEOUT', `${where} did not answer in time: ${why}`, { cause: error })
  if (error.level === 'handshake')
    return new StorageError('NOT_SUPPORTED', `${where} and this client could not agree on how to talk: ${why}`, { cause: error })
  // A name that does not exist will not exist at the next try either.
  if (error.code === 'ENOTFOUND') return new StorageError('UNAVAILABLE', `the host ${where} is not known: ${why}`, { cause: error, retryable: false })
  return new StorageError('UNAVAILABLE', `could not connect to ${where}: ${why}`, { cause: error })
}
