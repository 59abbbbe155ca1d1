import type { Socket } from 'node:net'
import type { Client } from 'basic-ftp'
import { Control, type TransferCommand } from './control.ts'
import { DataConnection, type DataProtection } from './data.ts'
import type { Known } from './known.ts'
import { expectPositive, isPositive, LostConnection, type Reply, ReplyError } from './reply.ts'
import type { Rewindable } from './rewindable.ts'

/** Bytes of an upload that may wait in memory for the network. */
const bufferedBytes = 1024 * 1024

/** How long the answer to a broken transfer may take. It tells why it broke. */
const verdictMs = 5000

/** What opening a connection found out, and how its data connections are made. */
export interface ConnectionParts {
  readonly client: Client
  readonly known: Known
  readonly timeoutMs: number
  readonly verify: DataProtection['verify']
}

export interface StoreOptions {
  /** Sent before, in the same packet; their answers do not matter. */
  readonly before?: readonly string[]
  /** The byte at which the server is to go on in the file. */
  readonly offset?: number
}

export interface SendOptions extends StoreOptions {
  /** Questions about what was sent. They leave with the last byte where the server queues commands, else when it has confirmed the transfer. */
  readonly after?: ((bytes: number) => readonly string[]) | undefined
  /** All of the content is in memory: where the server queues commands, the questions leave with the command. */
  readonly isWhole?: boolean
}

/** What was sent, and the answers to the questions about it. */
export interface Stored {
  readonly bytes: number
  readonly replies: readonly Reply[]
}

export interface RetrieveOptions extends StoreOptions {
  /** Another such transfer is likely to follow. */
  readonly isFollowed?: boolean
  /** Called for each command of `before` with its answer, before the first chunk. */
  readonly onReplies?: (replies: readonly Reply[]) => void
}

/** A control connection that is logged in, and the transfers over it, one at a time. */
export class Connection {
  readonly control: Control
  readonly known: Known
  /** Whether it served an earlier call, so the server may have hung up meanwhile. */
  isReused = false
  readonly #parts: ConnectionParts
  readonly #host: string
  /** Files that were sent: where one was, the next will follow. */
  #stored = 0
  /** A port the server has been asked for ahead of the next transfer. */
  #nextPort: Promise<Reply> | undefined
  /** The answer to that, when it is there. */
  #arrivedPort: Reply | undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.known = parts.known
    this.#host = parts.client.ftp.socket.remoteAddress ?? ''
    this.control = new Control(parts.client, parts.timeoutMs, () => parts.known.keepsAlive)
  }

  /** Whether nothing is under way but what was asked ahead. */
  get isFree(): boolean {
    return this.control.awaited <= (this.#nextPort === undefined ? 0 : 1)
  }

  /** The answers to commands, negative ones too. They are sent in one go where the server can take that. */
  ask(...commands: readonly string[]): Promise<readonly Reply[]> {
    const replies = this.#ask(commands)
    // Whoever fails at something else before looks at them no more, and a lost connection rejects them.
    replies.catch(() => undefined)
    return replies
  }

  async #ask(commands: readonly string[]): Promise<readonly Reply[]> {
    if (this.known.pipelines) return await Promise.all(this.control.send(...commands))
    const replies: Reply[] = []
    for (const command of commands) replies.push(await (this.control.send(command)[0] as Promise<Reply>))
    return replies
  }

  /** The answer to a command. @throws ReplyError for a negative one */
  async tell(command: string): Promise<Reply> {
    return expectPositive(command, await (this.control.send(command)[0] as Promise<Reply>))
  }

  /** RNFR and RNTO, always both: after RNFR alone some servers refuse the next command, whatever it is. @throws ReplyError if either is refused */
  async rename(from: string, to: string): Promise<void> {
    const [ready, renamed] = (await this.ask(`RNFR ${from}`, `RNTO ${to}`)) as [Reply, Reply]
    if (ready.code !== 350) throw new ReplyError('RNFR', ready)
    expectPositive('RNTO', renamed)
  }

  /** Whether it is likely that the next call sends a file as well. */
  get isSending(): boolean {
    return this.#stored > 1
  }

  /** Asks for the port of the next transfer now, so that its answer comes with those of other commands. */
  prepareTransfer(): void {
    if (!this.known.pipelines || this.control.error !== undefined || this.#nextPort !== undefined) return
    const asked = this.control.send(this.known.passive)[0] as Promise<Reply>
    this.#nextPort = asked
    const arrive = async (): Promise<void> => {
      const reply = await asked
      if (this.#nextPort === asked) this.#arrivedPort = reply
    }
    arrive().catch(() => undefined)
  }

  #takePort(): Promise<Reply> | undefined {
    const asked = this.#nextPort
    this.#nextPort = undefined
    this.#arrivedPort = undefined
    return asked
  }

  /**
   * Sends content with STOR or APPE. Bytes leave as soon as the data connection is there, without waiting for the server's word.
   *
   * @throws ReplyError if the server refused the file or could not keep it
   */
  async store(command: string, content: Pick<Rewindable, 'next'>, { after, isWhole = false, ...options }: SendOptions = {}): Promise<Stored> {
    const queues = this.known.queues && this.known.pipelines
    if (queues && isWhole && options.offset === undefined) return await this.#storeWhole(command, content, { after, ...options })
    const stream = await this.openStore(command, options)
    let asking: Promise<readonly Reply[]> | undefined
    try {
      for (;;) {
        const chunk = await stream.whileOpen(content.next())
        if (chunk === undefined) break
        await stream.write(chunk)
      }
      const questions = after?.(stream.bytes) ?? []
      const ending = stream.end()
      ending.catch(() => undefined)
      if (queues && questions.length > 0) asking = this.ask(...questions)
      await ending
      this.#stored++
      return { bytes: stream.bytes, replies: await (asking ?? this.ask(...questions)) }
    } catch (error) {
      return await this.#failStore(stream, asking, error)
    }
  }

  /** Content that is there and cannot fail: what is to be known about it is asked in the packet that announces it. */
  async #storeWhole(command: string, content: Pick<Rewindable, 'next'>, { after, before = [] }: SendOptions): Promise<Stored> {
    const chunks: Uint8Array[] = []
    for (let chunk = await content.next(); chunk !== undefined; chunk = await content.next()) chunks.push(chunk)
    const questions = after?.(chunks.reduce((sum, { length }) => sum + length, 0)) ?? []
    const data = await this.#openData()
    const starting = this.#start(command, before)
    const asking = this.ask(...questions)
    const [, stored] = await starting
    const stream = new StoreStream(this, command, data, stored)
    try {
      for (const chunk of chunks) await stream.write(chunk)
      await stream.end()
      this.#stored++
      return { bytes: stream.bytes, replies: await asking }
    } catch (error) {
      return await this.#failStore(stream, asking, error)
    }
  }

  async #failStore(stream: StoreStream, asking: Promise<unknown> | undefined, error: unknown): Promise<never> {
    try {
      await stream.fail(error)
    } finally {
      // They are answered, whatever became of the transfer, and must not be taken for answers to what comes next.
      await asking?.catch(() => undefined)
    }
    throw error
  }

  /** Begins a STOR or APPE whose content comes little by little. */
  async openStore(command: string, { before = [], offset = 0 }: StoreOptions = {}): Promise<StoreStream> {
    const data = await this.#openData()
    try {
      // Not with the others: if the server refuses REST and takes STOR, the start of the file is overwritten.
      if (offset > 0) expectRestart(await (this.control.send(`REST ${offset}`)[0] as Promise<Reply>))
      const [, stored] = await this.#start(command, before)
      return new StoreStream(this, command, data, stored)
    } catch (error) {
      data.destroy()
      throw error
    }
  }

  /**
   * Receives what a command sends: RETR, MLSD, LIST.
   *
   * A consumer that leaves early ends the transfer, and the connection is free for the next one.
   */
  async *retrieve(command: string, options: RetrieveOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const { before = [], offset = 0, isFollowed = false, onReplies } = options
    const replies = this.ask(...before)
    if (!this.known.pipelines) await replies
    const data = this.#openArrived() ?? (await this.#openData())
    let settled: Promise<Reply> | undefined
    let finished = false
    try {
      const [restarted, started] = await this.#start(command, offset > 0 ? [`REST ${offset}`] : [])
      settled = started
      // Answered right after the end of this transfer: the next one needs no round trip for it.
      if (isFollowed && this.known.queues) this.prepareTransfer()
      onReplies?.(await replies)
      if (offset > 0) expectRestart((await restarted)[0] as Reply)
      const refused = settled.then(reply => {
        if (isPositive(reply)) return
        data.destroy()
        throw new ReplyError(command, reply)
      })
      refused.catch(() => undefined)
      // A refusal closes the data connection too, perhaps first; the refusal is what to tell.
      const socket = await Promise.race([data.ready, refused.then(() => data.ready)]).catch(error => this.#verdict(command, data, settled, error))
      data.watch(true)
      try {
        for await (const chunk of socket as AsyncIterable<Buffer>) {
          data.watch(false)
          yield chunk
          data.watch(true)
        }
        data.watch(false)
        if (data.failure !== undefined) throw data.failure
      } catch (error) {
        await this.#verdict(command, data, settled, error)
      }
      await refused
      finished = true
    } finally {
      if (!finished) {
        await this.#abandon(data)
        await this.#settle(settled)
      }
    }
  }

  /** Why a transfer broke: what the server says, else what the socket said. */
  async #verdict(command: string, data: DataConnection, settled: Promise<Reply> | undefined, error: unknown): Promise<never> {
    await this.#abandon(data)
    const reply = await this.#settle(settled)
    if (reply !== undefined && !isPositive(reply)) throw new ReplyError(command, reply)
    throw data.failure ?? error
  }

  async #abandon(data: DataConnection): Promise<void> {
    this.control.abandon()
    await data.abandon()
  }

  /** Waits for the last word on a transfer that was given up. A server that says nothing is left. */
  async #settle(settled: Promise<Reply> | undefined): Promise<Reply | undefined> {
    if (settled === undefined) return undefined
    const timer = setTimeout(() => this.control.close(new LostConnection('the server did not end a transfer', { timedOut: true })), verdictMs)
    try {
      return await settled.catch(() => undefined)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends a command that moves data, with others in front of it. @returns their answers, and its own */
  async #start(command: string, before: readonly string[]): Promise<readonly [Promise<readonly Reply[]>, Promise<Reply>]> {
    const transfer: TransferCommand = { transfer: command }
    if (before.length > 0 && !this.known.pipelines) {
      const replies = await this.ask(...before)
      return [Promise.resolve(replies), this.control.send(transfer)[0] as Promise<Reply>]
    }
    const promises = this.control.send(...before, transfer)
    const answers = Promise.all(promises.slice(0, -1))
    // Whoever sends files does not look at them, and a lost connection rejects them.
    answers.catch(() => undefined)
    return [answers, promises.at(-1) as Promise<Reply>]
  }

  /** Where the port was asked for ahead and is there, without a pause: what follows leaves with what was sent just before. */
  #openArrived(): DataConnection | undefined {
    const reply = this.#arrivedPort
    if (reply === undefined || !isPositive(reply)) return undefined
    void this.#takePort()
    return this.#openTo(reply)
  }

  async #openData(): Promise<DataConnection> {
    return this.#openTo(await this.#port())
  }

  #openTo(reply: Reply): DataConnection {
    const { client, timeoutMs, verify } = this.#parts
    const protection = client.ftp.hasTLS ? { context: client.ftp, verify } : undefined
    return new DataConnection(this.#host, portOf(reply), timeoutMs, protection)
  }

  async #port(): Promise<Reply> {
    const asked = this.#takePort()
    const reply = await (asked ?? (this.control.send(this.known.passive)[0] as Promise<Reply>))
    if (isPositive(reply)) return reply
    if (this.known.passive === 'EPSV' && [500, 502, 522].includes(reply.code) && !/bind|listen|in use/i.test(reply.text)) {
      this.known.passive = 'PASV'
      return await this.tell('PASV')
    }
    throw new ReplyError(this.known.passive, reply)
  }

  /** @internal */
  async settleStore(command: string, data: DataConnection, stored: Promise<Reply>, error: unknown): Promise<never> {
    return await this.#verdict(command, data, stored, error)
  }
}

/** Content on its way to the server. */
export class StoreStream {
  bytes = 0
  readonly #connection: Connection
  readonly #command: string
  readonly #data: DataConnection
  readonly #stored: Promise<Reply>
  readonly #refused: Promise<never>
  #socket: Socket | undefined
  #isEnding = false
  #unflushed = 0
  #onFlushed: (() => void) | undefined
  #closed: Promise<never> | undefined

  constructor(connection: Connection, command: string, data: DataConnection, stored: Promise<Reply>) {
    this.#connection = connection
    this.#command = command
    this.#data = data
    this.#stored = stored
    // An answer before the end of the content is a refusal, or a server that has enough.
    this.#refused = stored.then(reply => {
      if (!isPositive(reply)) throw new ReplyError(command, reply)
      if (!this.#isEnding) throw new LostConnection('the server ended the transfer early')
      return new Promise<never>(() => undefined)
    })
    this.#refused.catch(() => undefined)
  }

  /** Waits for something that the server may make pointless. */
  async whileOpen<T>(promise: Promise<T>): Promise<T> {
    this.#data.watch(false)
    promise.catch(() => undefined)
    return await Promise.race([promise, this.#refused])
  }

  /** Resolves when there is room for more. The chunk is the stream's from now on. */
  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return
    const socket = await this.#ready()
    this.bytes += chunk.length
    this.#unflushed++
    const hasRoom = socket.write(chunk, () => {
      this.#unflushed--
      if (this.#unflushed === 0) this.#onFlushed?.()
    })
    if (hasRoom || socket.writableLength < bufferedBytes) return
    this.#data.watch(true)
    await Promise.race([drained(socket, this.#data), this.#refused])
    this.#data.watch(false)
  }

  /** Resolves when nothing that was written is in this process any more. */
  async flushed(): Promise<void> {
    if (this.#unflushed === 0) return
    const socket = await this.#ready()
    this.#data.watch(true)
    const flushed = new Promise<void>(resolve => (this.#onFlushed = resolve))
    this.#closed ??= closed(socket, this.#data)
    await Promise.race([flushed, this.#closed, this.#refused])
    this.#data.watch(false)
  }

  /** Resolves when the server has said that it has everything. */
  async end(): Promise<void> {
    const socket = await this.#ready()
    this.#data.watch(true)
    this.#isEnding = true
    // A TLS connection that ends right after its handshake, before the server has sent its tickets, is an error to some servers.
    if (this.bytes === 0 && 'encrypted' in socket) await pause(20)
    socket.end()
    // What the server sends on an upload is nothing, but its end must be read for the socket to close.
    socket.resume()
    const reply = await Promise.race([this.#stored, broken(socket, this.#data)])
    expectPositive(this.#command, reply)
    // Any other success is the answer to another command, and from here on nothing fits any more.
    if (reply.code !== 226 && reply.code !== 250) throw new LostConnection(`the server answered ${reply.code} at the end of a transfer`)
    this.#data.destroy()
  }

  /** Ends a transfer that cannot be completed. @throws what the server says about it, else `error` */
  async fail(error: unknown): Promise<void> {
    await this.#connection.settleStore(this.#command, this.#data, this.#stored, error)
  }

  async #ready(): Promise<Socket> {
    if (this.#socket !== undefined) return this.#socket
    this.#data.watch(true)
    this.#socket = await Promise.race([this.#data.ready, this.#refused])
    return this.#socket
  }
}

function drained(socket: Socket, data: DataConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      socket.off('drain', finish)
      socket.off('close', finish)
      if (socket.destroyed) reject(data.failure ?? new LostConnection('the data connection was closed'))
      else resolve()
    }
    socket.on('drain', finish)
    socket.on('close', finish)
    if (socket.destroyed) finish()
  })
}

/** Rejects when the socket is closed. */
function closed(socket: Socket, data: DataConnection): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(data.failure ?? new LostConnection('the data connection was closed'))
    socket.once('close', fail)
    if (socket.destroyed) fail()
  })
}

/** Rejects when the socket fails; a socket that merely closes is fine, the server's word follows. */
function broken(socket: Socket, data: DataConnection): Promise<never> {
  return new Promise((_, reject) => {
    const check = (): void => {
      if (data.failure !== undefined) reject(data.failure)
    }
    socket.once('close', check)
    if (socket.destroyed) check()
  })
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

function expectRestart(reply: Reply): void {
  if (reply.code !== 350 && !isPositive(reply)) throw new ReplyError('REST', reply)
}

/** The port in "229 Entering Extended Passive Mode (|||6446|)" or "227 Entering Passive Mode (127,0,0,1,25,46)". The address is never followed. */
export function portOf({ code, text }: Reply): number {
  if (code === 229) {
    const port = Number(/([|!]){3}(\d{1,5})\1/.exec(text)?.[2])
    if (port > 0 && port < 65_536) return port
  } else {
    const [, high, low] = /\d{1,3},\d{1,3},\d{1,3},\d{1,3},(\d{1,3}),(\d{1,3})/.exec(text) ?? []
    const port = Number(high) * 256 + Number(low)
    if (port > 0 && port < 65_536) return port
  }
  throw new LostConnection(`the server named no port for the data connection: ${text}`)
}
