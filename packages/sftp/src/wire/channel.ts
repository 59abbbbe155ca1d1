import type { Duplex } from 'node:stream'
import { StorageError } from '@syncline/core'
import { packet } from './constants.ts'
import { failureOf, PacketParser, ProtocolError, Reply, RequestWriter, StatusError, type Field } from './packets.ts'
import { openWindow } from './window.ts'

/** Requests that are sent in one go are joined up to here: an SSH packet costs more than the bytes in it. */
const joinedBytes = 192 * 1024

/** What a channel needs to know. */
export interface ChannelSettings {
  /** Milliseconds without any answer while one is awaited, after which the channel is given up. */
  readonly timeoutMs: number
  /** What is written between these two leaves in one piece. */
  cork(): void
  uncork(): void
  /** Called once, when no request can be sent any more. */
  readonly onFailure: (error: StorageError) => void
}

/** Called once with an answer, or with why there is none. */
export type Answered = (error: StatusError | StorageError | undefined, reply: Reply | undefined) => void

interface Pending {
  readonly answered: Answered
  readonly deadline: number
}

/**
 * Requests and answers of SFTP version 3 on one channel of a connection.
 *
 * Requests are sent without waiting for the answers to earlier ones; those of one turn of the event loop leave in one piece. A server answers
 * every request or the channel fails, and then every request fails with it: none waits for ever.
 */
export class SftpChannel {
  readonly extensions: Map<string, string> = new Map()
  /** Bytes that may be awaited at once; more than fits the window of the channel would stop it. */
  readonly windowBytes: number
  readonly #stream: Duplex
  readonly #settings: ChannelSettings
  readonly #pending = new Map<number, Pending>()
  readonly #outgoing = new RequestWriter()
  #isScheduled = false
  #nextId = 0
  #lastAnswer = 0
  #timer: NodeJS.Timeout | undefined
  #failure: StorageError | undefined
  #onVersion: ((reply: Reply) => void) | undefined

  /** Starts the protocol on a stream that is connected to the subsystem. */
  static async start(stream: Duplex, settings: ChannelSettings): Promise<SftpChannel> {
    const channel = new SftpChannel(stream, settings)
    await channel.#greet()
    return channel
  }

  private constructor(stream: Duplex, settings: ChannelSettings) {
    this.#stream = stream
    this.#settings = settings
    const parser = new PacketParser((type, body) => this.#receive(type, body))
    const window = openWindow(stream)
    this.windowBytes = window.bytes
    stream.on('data', (chunk: Buffer) => {
      window.widen()
      try {
        parser.push(chunk)
      } catch (error) {
        const message = error instanceof ProtocolError || error instanceof RangeError ? error.message : String(error)
        this.fail(new StorageError('UNKNOWN', `the server does not speak SFTP as it should: ${message}`, { cause: error }))
      }
    })
    stream.on('error', (error: Error) => this.fail(lost(error)))
    stream.on('close', () => this.fail(lost()))
    stream.on('end', () => this.fail(lost()))
  }

  /** Requests that have no answer yet. */
  get load(): number {
    return this.#pending.size
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  /**
   * Sends a request.
   *
   * @param patienceMs - longer than the timeout for what takes a server long
   * @returns the answer, which is no failure
   * @throws StatusError if the server refuses; StorageError `UNAVAILABLE` or `TIMEOUT` if it does not answer
   */
  request(type: number, fields: readonly Field[], patienceMs = 0): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      this.post(
        type,
        fields,
        (error, reply) => {
          if (error === undefined) resolve(reply as Reply)
          else reject(error)
        },
        patienceMs,
      )
    })
  }

  /** As {@link request}, for paths that are taken so often that a promise for each step costs more than the step. `answered` must not throw. */
  post(type: number, fields: readonly Field[], answered: Answered, patienceMs = 0): void {
    if (this.#failure !== undefined) {
      answered(this.#failure, undefined)
      return
    }
    const id = this.#nextId++ >>> 0
    const now = Date.now()
    // A channel that was idle has not failed to answer.
    if (this.#pending.size === 0) this.#lastAnswer = now
    this.#pending.set(id, { answered, deadline: now + Math.max(patienceMs, this.#settings.timeoutMs) })
    this.#outgoing.add(type, id, fields)
    this.#send()
    this.#watch()
  }

  /** Gives the channel up: every request that waits is rejected. */
  fail(error: StorageError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    clearInterval(this.#timer)
    const waiting = [...this.#pending.values()]
    this.#pending.clear()
    for (const { answered } of waiting) answered(error, undefined)
    this.#stream.destroy()
    this.#settings.onFailure(error)
  }

  async #greet(): Promise<void> {
    const answer = new Promise<Reply>((resolve, reject) => {
      this.#onVersion = resolve
      this.#pending.set(-1, { answered: error => reject(error), deadline: Date.now() + this.#settings.timeoutMs })
    })
    this.#lastAnswer = Date.now()
    this.#watch()
    // This request has a version in place of a number.
    this.#outgoing.add(packet.init, 3, [])
    this.#flush()
    const reply = await answer
    const version = reply.takeUint32()
    if (version !== 3) throw new StorageError('NOT_SUPPORTED', `the server speaks version ${version} of SFTP, not 3`)
    while (reply.remaining > 0) this.extensions.set(reply.takeText(), reply.takeText())
  }

  #send(): void {
    if (this.#outgoing.bytes >= joinedBytes) this.#flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      // After everything that the last answers have set in motion.
      setImmediate(() => {
        this.#isScheduled = false
        this.#flush()
      })
    }
  }

  #flush(): void {
    if (this.#outgoing.bytes === 0 || this.#failure !== undefined) return
    this.#settings.cork()
    for (const piece of this.#outgoing.take()) this.#stream.write(piece)
    // All of it is encrypted, unless the window of the channel is full.
    if (this.#stream.writableLength === 0) this.#outgoing.recycle()
    this.#settings.uncork()
  }

  #receive(type: number, body: Buffer): void {
    this.#lastAnswer = Date.now()
    const reply = new Reply(type, body)
    if (type === packet.version) {
      this.#pending.delete(-1)
      this.#onVersion?.(reply)
      this.#onVersion = undefined
      return
    }
    const id = reply.takeUint32()
    const pending = this.#pending.get(id)
    if (pending === undefined) throw new ProtocolError(`an answer to request ${id}, which was not sent`)
    this.#pending.delete(id)
    if (this.#pending.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    pending.answered(type === packet.status ? failureOf(reply) : undefined, reply)
  }

  #watch(): void {
    this.#timer ??= setInterval(() => this.#checkTime(), Math.max(50, Math.min(1000, this.#settings.timeoutMs / 4)))
  }

  /** Answers come in order of the requests on most servers: while any comes, the others are on their way. */
  #checkTime(): void {
    const now = Date.now()
    if (now - this.#lastAnswer < this.#settings.timeoutMs) return
    for (const { deadline } of this.#pending.values()) {
      if (deadline > now) continue
      const seconds = Math.round((now - this.#lastAnswer) / 1000)
      this.fail(new StorageError('TIMEOUT', `the server has not answered for ${seconds} seconds`))
      return
    }
  }
}

function lost(cause?: unknown): StorageError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new StorageError('UNAVAILABLE', `the connection was lost${why}`, { cause })
}

/** Takes the answer apart, or says that it is of the wrong kind. */
export function expectType(reply: Reply, type: number): Reply {
  if (reply.type !== type) throw new StatusError(4, `an answer of type ${reply.type} instead of ${type}`)
  return reply
}
