import type { Duplex } from 'node:stream'
import { isStorageError, StorageError } from '@syncline/core'
import { limits, realpath } from './wire/client.ts'
import { SftpChannel } from './wire/channel.ts'
import { extension } from './wire/constants.ts'
import type { Connector, SshConnection } from './ssh/connect.ts'

/** Bytes from which a file has its content sent over a channel of its own. */
const bigFile = 1024 * 1024
/** Largest requests where the server tells no limits; every server takes this. */
const plainRequestBytes = 32 * 1024
const largestRequestBytes = 255 * 1024
/** How often and how long a connection that was lost is made again. */
const reconnectDelaysMs = [0, 250, 500, 1000, 2000, 4000]

/** What is known of a server once it was connected to. */
export interface Server {
  /** What it calls itself, e.g. "OpenSSH_9.2p1". */
  readonly software: string
  readonly extensions: ReadonlyMap<string, string>
  /** Bytes of content in one request. */
  readonly readBytes: number
  readonly writeBytes: number
  /** Milliseconds that a request takes at least. */
  readonly roundTripMs: number
  /** Where the account begins. */
  readonly home: string
}

/** Options of a connection. */
export interface ConnectionOptions {
  /** Channels for SFTP at most. */
  readonly channels: number
  readonly timeoutMs: number
}

/** A connection that is made when it is needed, and again when it was lost. */
export class Connection {
  readonly #connector: Connector
  readonly #options: ConnectionOptions
  #link: Promise<Link> | undefined
  /** What `#link` resolved to. */
  #made: Link | undefined
  #server: Server | undefined
  #isClosed = false
  #isMade = false

  constructor(connector: Connector, options: ConnectionOptions) {
    this.#connector = connector
    this.#options = options
  }

  /** What was learned at the first connection. */
  get server(): Server {
    if (this.#server === undefined) throw new TypeError('not connected yet')
    return this.#server
  }

  has(name: string): boolean {
    return this.server.extensions.has(name)
  }

  /** The channel for short requests: those of one moment share packets, and do not wait behind the content of big files. */
  async channel(signal?: AbortSignal): Promise<SftpChannel> {
    return (await this.#connect(signal)).first()
  }

  /** As {@link channel}, if there is one and it is open. */
  get channelNow(): SftpChannel | undefined {
    const channel = this.#made?.first()
    return channel?.isOpen === true ? channel : undefined
  }

  /** A channel for the content of a file; big files are spread over several. @param size - bytes, if known */
  async channelFor(size: number | undefined, signal?: AbortSignal): Promise<SftpChannel> {
    const link = await this.#connect(signal)
    return (size ?? 0) < bigFile ? link.first() : link.other()
  }

  /**
   * Runs a command in the shell of the account.
   *
   * @returns what it printed; `undefined` if the server runs no commands or the command failed
   */
  async execute(command: string, input: Uint8Array, signal?: AbortSignal): Promise<Buffer | undefined> {
    const link = await this.#connect(signal)
    return link.execute(command, input)
  }

  close(): void {
    this.#isClosed = true
    const link = this.#link
    this.#link = this.#made = undefined
    link?.then(
      made => made.end(),
      () => undefined,
    )
  }

  #connect(signal: AbortSignal | undefined): Promise<Link> {
    if (this.#isClosed) return Promise.reject(new StorageError('UNAVAILABLE', 'the storage was closed', { retryable: false }))
    this.#link ??= this.#make(signal).catch((error: unknown) => {
      this.#link = undefined
      throw error
    })
    return this.#link
  }

  async #make(signal: AbortSignal | undefined): Promise<Link> {
    // Where there has been a connection there will be one again: a server that restarts is waited for.
    const delays = this.#isMade ? reconnectDelaysMs : [0]
    let failure: unknown
    for (const delay of delays) {
      if (delay > 0) await new Promise(resolve => setTimeout(resolve, delay * (0.75 + Math.random() / 2)))
      try {
        return await this.#makeOnce(signal)
      } catch (error) {
        failure = error
        if (!isStorageError(error) || !error.retryable || this.#isClosed) throw error
      }
    }
    throw failure
  }

  async #makeOnce(signal: AbortSignal | undefined): Promise<Link> {
    const ssh = await this.#connector.connect(signal)
    const link = new Link(ssh, this.#options, () => {
      this.#link = this.#made = undefined
    })
    try {
      const channel = await link.openFirst()
      this.#server ??= await examine(ssh.software, channel)
    } catch (error) {
      link.end()
      throw error
    }
    this.#isMade = true
    if (!this.#isClosed) this.#made = link
    return link
  }
}

async function examine(software: string, channel: SftpChannel): Promise<Server> {
  const startedAt = performance.now()
  const home = await realpath(channel, '.')
  const roundTripMs = performance.now() - startedAt
  const told = channel.extensions.has(extension.limits) ? await limits(channel).catch(() => undefined) : undefined
  const within = (limit: number | undefined): number =>
    limit === undefined ? plainRequestBytes : Math.min(limit === 0 ? largestRequestBytes : limit, largestRequestBytes)
  return { software, extensions: channel.extensions, readBytes: within(told?.read), writeBytes: within(told?.write), roundTripMs, home }
}

/** One connection with its channels; when one thing of it fails, all of it does. */
class Link {
  readonly #ssh: SshConnection
  readonly #options: ConnectionOptions
  readonly #onFailure: () => void
  readonly #channels: SftpChannel[] = []
  #mayOpen = true
  #isOver = false

  constructor(ssh: SshConnection, options: ConnectionOptions, onFailure: () => void) {
    this.#ssh = ssh
    this.#options = options
    this.#onFailure = onFailure
    ssh.client.on('error', (error: Error) =>
      this.#fail(new StorageError('UNAVAILABLE', `the connection was lost: ${error.message}`, { cause: error })),
    )
    ssh.client.on('close', () => this.#fail(new StorageError('UNAVAILABLE', 'the connection was lost')))
  }

  async openFirst(): Promise<SftpChannel> {
    const channel = await this.#open()
    this.#channels.push(channel)
    return channel
  }

  first(): SftpChannel {
    return this.#channels[0] as SftpChannel
  }

  /** The one of the others that has the least to do. */
  other(): SftpChannel {
    if (this.#mayOpen && this.#channels.length < this.#options.channels && this.#channels.slice(1).every(({ load }) => load > 0)) this.#openMore()
    let best: SftpChannel | undefined
    for (const channel of this.#channels.slice(1)) if (best === undefined || channel.load < best.load) best = channel
    return best ?? this.first()
  }

  execute(command: string, input: Uint8Array): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(new StorageError('UNAVAILABLE', 'the connection was lost'))
        return
      }
      this.#ssh.client.exec(command, (error, stream) => {
        if (error !== undefined) {
          resolve(undefined)
          return
        }
        const chunks: Buffer[] = []
        let code: number | undefined
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.stderr.resume()
        stream.on('exit', (status: number | null) => (code = status ?? -1))
        stream.on('close', () => {
          if (this.#isOver) reject(new StorageError('UNAVAILABLE', 'the connection was lost'))
          else resolve(code === 0 ? Buffer.concat(chunks) : undefined)
        })
        stream.on('error', () => resolve(undefined))
        stream.end(input)
      })
    })
  }

  end(): void {
    this.#fail(new StorageError('UNAVAILABLE', 'the storage was closed', { retryable: false }), true)
  }

  /** In the background: what is to be done now uses the channels that are there. */
  #openMore(): void {
    this.#mayOpen = false
    this.#open().then(
      channel => {
        this.#channels.push(channel)
        this.#mayOpen = true
      },
      // The server allows no more: those that are there do the work.
      () => undefined,
    )
  }

  async #open(): Promise<SftpChannel> {
    const stream = await openSubsystem(this.#ssh, this.#options.timeoutMs)
    return SftpChannel.start(stream, {
      timeoutMs: this.#options.timeoutMs,
      cork: () => this.#ssh.cork(),
      uncork: () => this.#ssh.uncork(),
      onFailure: error => this.#fail(error),
    })
  }

  #fail(error: StorageError, isWanted = false): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onFailure()
    for (const channel of this.#channels) channel.fail(error)
    if (!isWanted) this.#ssh.client.destroy()
    this.#ssh.end()
  }
}

function openSubsystem({ client }: SshConnection, timeoutMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new StorageError('TIMEOUT', 'the server did not open a channel in time')), timeoutMs)
    // What is left without an answer fails right after the connection has ended, and does not say so.
    let isLost = false
    const onClose = (): void => {
      isLost = true
    }
    client.on('close', onClose)
    client.subsys('sftp', (error, stream) => {
      clearTimeout(timer)
      client.off('close', onClose)
      if (error === undefined) resolve(stream)
      else if (isLost) reject(new StorageError('UNAVAILABLE', 'the connection was lost', { cause: error }))
      else reject(new StorageError('NOT_SUPPORTED', `the server offers no SFTP to this account: ${error.message}`, { cause: error }))
    })
  })
}
