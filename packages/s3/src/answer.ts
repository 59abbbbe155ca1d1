import type { AnswerHeaders } from './answer-parser.ts'

/** Bytes of a body that are held for a reader before the connection is told to wait. */
const most = 256 * 1024

/** What an answer does with the connection it comes over. */
export interface AnswerSource {
  pause(): void
  resume(): void
  /** Ends it. */
  fail(reason: unknown): void
}

/** The head of an answer, and its body, which is read once: in chunks, by {@link text}, or not at all, by `destroy`. */
export class Answer implements AsyncIterable<Buffer> {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly #source: AnswerSource
  readonly #chunks: Buffer[] = []
  #held = 0
  #isPaused = false
  #isEnded = false
  #failure: { readonly reason: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(status: number, headers: AnswerHeaders, source: AnswerSource) {
    this.status = status
    this.headers = headers
    this.#source = source
  }

  /** Whether it came to its end without a body. */
  get isEmpty(): boolean {
    return this.#isEnded && this.#chunks.length === 0 && this.#failure === undefined
  }

  push(chunk: Buffer): void {
    if (this.#failure !== undefined) return
    this.#chunks.push(chunk)
    this.#held += chunk.length
    if (this.#held > most && !this.#isPaused) {
      this.#isPaused = true
      this.#source.pause()
    }
    this.#wake?.()
  }

  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }

  /** Ends the reading, at once, with a reason. */
  fail(reason: unknown): void {
    if (this.#isEnded || this.#failure !== undefined) return
    this.#failure = { reason }
    this.#wake?.()
  }

  /** Gives the rest of the body up, and the connection with it if there is a rest. */
  destroy(reason: unknown = new Error('the answer was not wanted any more')): void {
    if (!this.#isEnded) this.#source.fail(reason)
    this.fail(reason)
    this.#chunks.length = 0
  }

  /** The whole body. */
  async text(): Promise<string> {
    if (this.isEmpty) return ''
    const chunks: Buffer[] = []
    for await (const chunk of this) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure.reason
        const chunk = this.#chunks.shift()
        if (chunk !== undefined) {
          this.#held -= chunk.length
          if (this.#isPaused && !this.#isEnded && this.#held <= most / 2) {
            this.#isPaused = false
            this.#source.resume()
          }
          yield chunk
        } else if (this.#isEnded) return
        else await new Promise<void>(resolve => (this.#wake = resolve))
      }
    } finally {
      if (!this.#isEnded) this.destroy()
    }
  }
}
