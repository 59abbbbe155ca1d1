import { randomBytes } from 'node:crypto'
import type { Outcome } from './host.ts'
import type { Running } from './process.ts'

/** What waits for its turn, or runs. */
interface Turn {
  readonly line: string
  readonly resolve: (outcome: Outcome | undefined) => void
}

/**
 * A shell that stays open and runs one line after the other: a round trip each, where a session of ssh takes several and a log in.
 *
 * What a line prints is told apart by marks that nobody can guess.
 */
export class RemoteShell {
  readonly #running: Running
  readonly #mark: string = randomBytes(16).toString('hex')
  readonly #waiting: Turn[] = []
  #turn: Turn | undefined
  #hasEnded = false
  #printed = ''
  #complained = ''

  /** @param running - a POSIX shell that reads its lines from standard input */
  constructor(running: Running) {
    this.#running = running
    running.stdout.on('data', (chunk: Buffer) => {
      this.#printed += chunk.toString('latin1')
      this.#look()
    })
    running.stderr.on('data', (chunk: Buffer) => {
      this.#complained += chunk.toString('latin1')
      this.#look()
    })
    void running.ended.then(() => {
      this.#hasEnded = true
      for (const { resolve } of [...(this.#turn === undefined ? [] : [this.#turn]), ...this.#waiting.splice(0)]) resolve(undefined)
      this.#turn = undefined
    })
  }

  /** Runs a line to its end, after all before it. @returns `undefined` if the shell ended before */
  run(line: string): Promise<Outcome | undefined> {
    if (this.#hasEnded) return Promise.resolve(undefined)
    return new Promise(resolve => {
      this.#waiting.push({ line, resolve })
      this.#next()
    })
  }

  /** What came on standard error after the last line that ended: why it ended itself. */
  get lastWords(): string {
    return Buffer.from(this.#complained, 'latin1').toString().trim()
  }

  #next(): void {
    if (this.#turn !== undefined) return
    this.#turn = this.#waiting.shift()
    if (this.#turn === undefined) return
    const { line } = this.#turn
    this.#running.stdin.write(`( ${line} ) </dev/null; printf '\\n${this.#mark} %s\\n' $?; printf '\\n${this.#mark}\\n' >&2\n`)
  }

  #look(): void {
    const printed = new RegExp(`\\n${this.#mark} (\\d+)\\n$`).exec(this.#printed)
    const end = `\n${this.#mark}\n`
    if (printed === null || !this.#complained.endsWith(end) || this.#turn === undefined) return
    const { resolve } = this.#turn
    const stderr = Buffer.from(this.#complained.slice(0, -end.length), 'latin1').toString().trimEnd()
    resolve({ code: Number(printed[1]), signal: null, stderr, stdout: this.#printed.slice(0, printed.index) })
    this.#turn = undefined
    this.#printed = ''
    this.#complained = ''
    this.#next()
  }
}
