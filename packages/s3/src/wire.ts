import type { Socket } from 'node:net'
import { Answer, type AnswerSource } from './answer.ts'
import { type AnswerHandler, type AnswerHeaders, AnswerParser } from './answer-parser.ts'

/** A request, and who waits for its answer. */
export interface Exchange {
  readonly method: string
  /** In Latin-1, up to the empty line. */
  readonly head: string
  readonly body: Uint8Array | undefined
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: unknown) => void
  /** Called when it is over: the signal does not matter any more. */
  leave: () => void
  /** Once it has begun. */
  wire?: Wire
}

interface WireEvents {
  /** It can be used again. Returns whether it is, already. */
  freed(): boolean
  closed(): void
}

/** A connection, on which one request follows the other. */
export class Wire implements AnswerHandler, AnswerSource {
  readonly #socket: Socket
  readonly #events: WireEvents
  readonly #timeoutMs: number
  readonly #parser: AnswerParser = new AnswerParser()
  #exchange: Exchange | undefined
  #answer: Answer | undefined
  #isComplete = false
  #isUsed = false
  #isPaused = false
  #isClosed = false

  constructor(socket: Socket, timeoutMs: number, events: WireEvents) {
    this.#socket = socket
    this.#events = events
    this.#timeoutMs = timeoutMs
    // Once for all requests: what is sent and what comes begins the time anew.
    socket.setTimeout(timeoutMs)
    socket.on('timeout', () => {
      // A reader that takes its time is no fault of the server.
      if (this.#isPaused) socket.setTimeout(timeoutMs)
      else this.fail(Object.assign(new Error(`no byte came for ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' }))
    })
    socket.on('data', bytes => this.#receive(bytes))
    socket.on('end', () => {
      if (this.#parser.finish()) this.#release()
      else this.#break(this.#cutShort())
    })
    socket.on('error', error => this.#break(error))
    socket.on('close', () => this.#break(this.#cutShort()))
  }

  start(exchange: Exchange): void {
    const { method, head, body } = exchange
    exchange.wire = this
    this.#exchange = exchange
    this.#isComplete = false
    this.#parser.expect(method, this)
    if (this.#isUsed) this.#socket.ref()
    if (body === undefined || body.length === 0) this.#socket.write(head, 'latin1')
    else {
      this.#socket.cork()
      this.#socket.write(head, 'latin1')
      this.#socket.write(body)
      this.#socket.uncork()
    }
  }

  /** Ends the connection, and with the reason what is under way on it. */
  fail(reason: unknown): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#socket.destroy()
    exchange?.leave()
    if (this.#answer === undefined) exchange?.reject(reason)
    else this.#answer.fail(reason)
    this.#events.closed()
  }

  begin(status: number, headers: AnswerHeaders): void {
    this.#answer = new Answer(status, headers, this)
    this.#exchange?.resolve(this.#answer)
  }

  chunk(bytes: Buffer): void {
    this.#answer?.push(bytes)
  }

  end(): void {
    this.#isComplete = true
    this.#answer?.end()
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    // The server was not asked for anything meanwhile.
    this.#socket.setTimeout(this.#timeoutMs)
    this.#socket.resume()
  }

  #receive(bytes: Buffer): void {
    if (this.#isClosed) return
    try {
      this.#parser.push(bytes)
    } catch (error) {
      return this.fail(error)
    }
    if (this.#isComplete) this.#release()
    else if (this.#exchange === undefined) this.fail(undefined)
  }

  /** After the answer. */
  #release(): void {
    this.#exchange?.leave()
    this.#exchange = undefined
    this.#answer = undefined
    this.#isUsed = true
    // A server that answers before it has read all of the request may go on to read it, or not.
    if (!this.#parser.keepsAlive || this.#socket.writableLength > 0) return this.fail(undefined)
    if (this.#isPaused) this.resume()
    if (!this.#events.freed()) this.#socket.unref()
  }

  /** The other side is gone, or the way to it. */
  #break(error: Error): void {
    const reused = this.#isUsed && this.#parser.isUntouched && (error as NodeJS.ErrnoException).code !== 'ETIMEDOUT'
    this.fail(Object.assign(error, { reused }))
  }

  #cutShort(): Error {
    return Object.assign(new Error(this.#answer === undefined ? 'socket hang up' : 'the answer was cut short'), { code: 'ECONNRESET' })
  }
}
