import type { CliEnvironment } from './environment.ts'

const codes = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * What Ctrl-C means while a command runs. The first one lets the running operations finish, the second one ends the process.
 *
 * Before anything is changed the first one aborts `signal`; once `protect` was called it calls that instead.
 */
export class Interrupt {
  readonly #controller = new AbortController()
  readonly #stopListening: () => void
  #caught: keyof typeof codes | undefined
  #gentle: (() => void) | undefined
  #beforeExit: (() => void) | undefined

  /** @param message - what the first interrupt means, as the signal's reason says it */
  constructor(environment: Pick<CliEnvironment, 'onInterrupt' | 'exit'>, message?: string) {
    this.#stopListening = environment.onInterrupt(signal => {
      if (this.#caught !== undefined) {
        this.#beforeExit?.()
        environment.exit(codes[signal])
        return
      }
      this.#caught = signal
      if (this.#gentle === undefined) this.#controller.abort(new InterruptError(codes[signal], message))
      else this.#gentle()
    })
  }

  /** Aborted by an interrupt that comes before anything is changed. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The exit code of an interrupted process; undefined if nothing interrupted it. */
  get exitCode(): 130 | 143 | undefined {
    return this.#caught === undefined ? undefined : codes[this.#caught]
  }

  /** From here on the first interrupt calls `stop`, which must end the run in order. */
  protect(stop: () => void): void {
    this.#gentle = stop
  }

  /** Called before the second interrupt ends the process: to erase what is on the screen. */
  beforeExit(tidy: () => void): void {
    this.#beforeExit = tidy
  }

  /** Stops listening. */
  close(): void {
    this.#stopListening()
  }
}

/** Why a signal was aborted. */
export class InterruptError extends Error {
  override readonly name = 'AbortError'
  readonly exitCode: 130 | 143

  constructor(exitCode: 130 | 143, message = 'interrupted; nothing was changed') {
    super(message)
    this.exitCode = exitCode
  }
}
