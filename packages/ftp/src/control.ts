import type { Client } from 'basic-ftp'
import { Replies } from './replies.ts'
import { LostConnection, type Reply } from './reply.ts'

/** A command under way. */
interface Pending {
  readonly command: string
  readonly bytes: number
  isSent: boolean
  readonly isQuiet: boolean
  /** Moves data: it has a preliminary reply, and may take as long as the data does. */
  readonly isTransfer: boolean
  /** Its preliminary reply has come. */
  isStarted: boolean
  /** The data connection was closed before the end. */
  isAbandoned: boolean
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: unknown) => void
}

/** A command that moves data. */
export interface TransferCommand {
  readonly transfer: string
}

/** A command whose answer nobody waits for. */
export interface QuietCommand {
  readonly quiet: string
}

const keepAliveMs = 30_000

/**
 * Bytes of commands that may be unanswered. ProFTPD reads the first 1,024 bytes of a TLS record and then waits for the next one, with the rest
 * unread; and Node makes one record of what is written in one go.
 */
const aheadOverTls = 900
const aheadInClear = 16_384

/** What ends a command, for one server or another. */
const lineBreak = /[\r\n\0]/

/**
 * The control connection, for commands that are sent without waiting for the answers to earlier ones.
 *
 * basic-ftp knows one command at a time. It connects, negotiates TLS and logs in. From then on replies go to the commands that wait here, in order,
 * and its one endless task only hears that the connection is lost.
 */
export class Control {
  readonly #client: Client
  readonly #timeoutMs: number
  readonly #keepsAlive: () => boolean
  readonly #pending: Pending[] = []
  #error: LostConnection | undefined
  #isHeld = true
  #watchedMs: number | undefined
  readonly #replies = new Replies()
  /** Commands that leave together, as soon as whoever sends them lets others run. */
  #outbox: string[] = []
  readonly #postAll = (): void => this.#post()
  #onLost: (() => void) | undefined
  #keepAlive: ReturnType<typeof setInterval> | undefined

  /**
   * @param client - logged in, with no command under way
   * @param keepsAlive - whether the server takes NOOP during a transfer
   */
  constructor(client: Client, timeoutMs: number, keepsAlive: () => boolean) {
    this.#keepsAlive = keepsAlive
    this.#client = client
    this.#timeoutMs = timeoutMs
    // Commands of one call leave in one packet; Nagle would hold back the next call's until the answer.
    client.ftp.socket.setNoDelay(true)
    client.ftp.socket.setKeepAlive(true, keepAliveMs)
    void client.ftp.handle(undefined, response => {
      if (response instanceof Error) this.#lose(response)
    })
    client.ftp.socket.removeAllListeners('data').on('data', (text: string) => this.#read(text))
    this.#watch()
  }

  #read(text: string): void {
    try {
      for (const reply of this.#replies.read(text)) this.#receive(reply)
    } catch (error) {
      if (!(error instanceof LostConnection)) throw error
      this.close(error)
    }
  }

  /** Why nothing can be sent any more; `undefined` while it can. */
  get error(): LostConnection | undefined {
    return this.#error
  }

  /** Answers that somebody waits for. */
  get awaited(): number {
    return this.#pending.filter(({ isQuiet }) => !isQuiet).length
  }

  /** Called once when the connection ends, also an idle one. */
  set onLost(call: () => void) {
    this.#onLost = call
  }

  /** The process may end although the connection is open, once nothing is awaited. */
  unref(): void {
    this.#isHeld = false
    if (this.awaited === 0) this.#client.ftp.socket.unref()
  }

  ref(): void {
    this.#isHeld = true
    this.#client.ftp.socket.ref()
  }

  /**
   * Sends commands in one go, with others that are sent right after. The promises resolve to the final replies, negative ones too, and reject with
   * {@link LostConnection}.
   */
  send(...commands: readonly (string | TransferCommand | QuietCommand)[]): Promise<Reply>[] {
    const isFirst = this.#pending.length === 0
    const promises = commands.map(item => {
      const isTransfer = typeof item === 'object' && 'transfer' in item
      const isQuiet = typeof item === 'object' && 'quiet' in item
      const command = isTransfer ? item.transfer : isQuiet ? item.quiet : item
      const promise = new Promise<Reply>((resolve, reject) => {
        if (this.#error !== undefined) reject(this.#error)
        else
          this.#pending.push({
            command,
            bytes: Buffer.byteLength(command) + 2,
            isTransfer,
            isQuiet,
            isSent: false,
            isStarted: false,
            isAbandoned: false,
            resolve,
            reject,
          })
      })
      // Whoever stops waiting at the first failure leaves the others unwatched.
      promise.catch(() => undefined)
      return promise
    })
    if (this.#error !== undefined) return promises
    this.#flush()
    if (isFirst) this.#watch()
    return promises
  }

  /** The transfer under way is given up: its data connection is about to be closed. */
  abandon(): void {
    const head = this.#pending[0]
    if (head?.isTransfer === true) head.isAbandoned = true
  }

  /** Ends the connection; whoever waits is rejected. */
  close(reason: LostConnection = new LostConnection('the connection was closed')): void {
    this.#post()
    this.#lose(reason)
    this.#client.close()
  }

  /** Takes what may be sent ahead of the answers. */
  #flush(): void {
    const mostAhead = this.#client.ftp.hasTLS ? aheadOverTls : aheadInClear
    let ahead = 0
    for (const item of this.#pending) {
      if (ahead > 0 && ahead + item.bytes > mostAhead) break
      ahead += item.bytes
      if (item.isSent) continue
      item.isSent = true
      // One packet and one system call for what is said in one breath.
      if (this.#outbox.push(item.command) === 1) void Promise.resolve().then(this.#postAll)
    }
  }

  #post(): void {
    const commands = this.#outbox
    if (commands.length === 0 || this.#error !== undefined) return
    this.#outbox = []
    // A name with a line break would be a command of its own; whoever let it through cannot go on with this connection.
    if (commands.some(command => lineBreak.test(command))) this.close(new LostConnection('a command could not be sent: it has a line break'))
    else this.#client.ftp.socket.write(`${commands.join('\r\n')}\r\n`)
  }

  #receive(reply: Reply): void {
    const head = this.#pending[0]
    if (head === undefined) {
      // "421 Timeout": the server says goodbye before it hangs up.
      if (reply.code === 421) this.close(new LostConnection(`the server ended the connection: ${reply.text}`))
      return
    }
    if (reply.code < 200) {
      // pure-ftpd ends a transfer that the client broke off with a second 150, and says no more about it.
      const isEnd = head.isStarted && head.isAbandoned
      head.isStarted = true
      if (isEnd) this.#pending.shift()?.resolve({ code: 426, text: reply.text })
      this.#watch()
      return
    }
    // Some servers answer NOOP in the middle of a transfer, others after it. No transfer ends with 200.
    const at = reply.code === 200 && head.isTransfer ? this.#pending.findIndex(item => item.command === 'NOOP') : 0
    const [pending] = this.#pending.splice(Math.max(at, 0), 1)
    this.#flush()
    this.#watch()
    if (!this.#isHeld) this.unref()
    pending?.resolve(reply)
    if (reply.code === 421) this.close(new LostConnection(`the server ended the connection: ${reply.text}`))
  }

  #lose(cause: Error): void {
    if (this.#error !== undefined) return
    const timedOut = cause.message.startsWith('Timeout')
    this.#error =
      cause instanceof LostConnection
        ? cause
        : new LostConnection(timedOut ? `the server did not answer within ${this.#timeoutMs / 1000} s` : cause.message, { timedOut, cause })
    clearInterval(this.#keepAlive)
    for (const { reject } of this.#pending.splice(0)) reject(this.#error)
    this.#onLost?.()
  }

  /** Only who waits for an answer can wait too long; while data moves, the data connection is watched instead. */
  #watch(): void {
    const isTransfer = this.#pending[0]?.isTransfer === true
    const timeoutMs = this.#pending.length > 0 && !isTransfer ? this.#timeoutMs : 0
    // What arrives starts the timer again by itself.
    if (timeoutMs !== this.#watchedMs) this.#client.ftp.socket.setTimeout(timeoutMs)
    this.#watchedMs = timeoutMs
    if (isTransfer === (this.#keepAlive !== undefined)) return
    clearInterval(this.#keepAlive)
    // A firewall forgets a connection on which nothing is said, and the end of a long transfer would never be heard.
    this.#keepAlive = isTransfer ? setInterval(() => this.#stayAlive(), keepAliveMs) : undefined
    this.#keepAlive?.unref()
  }

  #stayAlive(): void {
    if (this.#keepsAlive()) void this.send({ quiet: 'NOOP' })
  }
}
