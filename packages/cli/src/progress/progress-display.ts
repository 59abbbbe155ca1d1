import type { SyncProgressEvent } from '@syncline/core'
import type { CliEnvironment } from '../environment.ts'
import type { Style } from '../terminal/style.ts'
import { frame, stoppingText } from './frame.ts'
import { progressLine } from './progress-line.ts'
import { ProgressModel } from './progress-model.ts'

const frameMs = 250
const firstLineMs = 3000
const lineMs = 10_000

/** How progress is shown: a frame that is redrawn, a line now and then, or not at all. */
export type ProgressKind = 'frame' | 'line' | 'none'

/** Decides how progress is shown: a frame only on a capable terminal that no JSON goes to. */
export function chooseProgress(environment: CliEnvironment, options: { readonly json: boolean; readonly quiet: boolean }): ProgressKind {
  if (options.quiet) return 'none'
  const { stdout, stderr, variables } = environment
  const ci = variables['CI'] !== undefined && variables['CI'] !== '' && variables['CI'] !== 'false'
  if (stderr.isTTY && variables['TERM'] !== 'dumb' && !ci) return options.json && stdout.isTTY ? 'none' : 'frame'
  return options.json ? 'none' : 'line'
}

/** Shows a run on standard error while it lasts. */
export class ProgressDisplay {
  readonly #environment: CliEnvironment
  readonly #style: Style
  readonly #title: string
  readonly #kind: ProgressKind
  readonly #model = new ProgressModel()
  #timer: ReturnType<typeof setInterval> | undefined
  #linesDrawn = 0
  #isHeld = false

  constructor(environment: CliEnvironment, style: Style, title: string, kind: ProgressKind) {
    this.#environment = environment
    this.#style = style
    this.#title = title
    this.#kind = kind
  }

  /** Whether events are of use; without, a run need not make them. */
  get wantsEvents(): boolean {
    return this.#kind !== 'none'
  }

  /** Takes one event of the run. */
  add(event: SyncProgressEvent): void {
    this.#model.add(event)
  }

  /** Begins to show. */
  start(): void {
    if (this.#kind === 'none' || this.#timer !== undefined) return
    let nextLine = this.#environment.now() + firstLineMs
    this.#timer = setInterval(() => {
      if (this.#isHeld) return
      if (this.#kind === 'frame') return this.#draw()
      const now = this.#environment.now()
      if (now < nextLine) return
      nextLine = now + lineMs
      this.#environment.stderr.write(`${progressLine(this.#model.state(), now)}\n`)
    }, frameMs)
    // A forgotten display must not keep the process alive.
    this.#timer.unref()
  }

  /** Tells that the run ends after what is running now: in the frame, else in a line. */
  announceStop(): void {
    this.#model.add({ type: 'cancelled' })
    if (this.#kind === 'frame') this.#draw()
    else this.#environment.stderr.write(`${stoppingText}\n`)
  }

  /** Erases the frame and shows nothing until `resume`: for a question. */
  hold(): void {
    this.#isHeld = true
    this.#erase()
  }

  /** Goes on after `hold`. */
  resume(): void {
    this.#isHeld = false
  }

  /** Erases the frame and ends. */
  stop(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer)
    this.#timer = undefined
    this.#erase()
  }

  #draw(): void {
    const { stderr } = this.#environment
    const lines = frame(this.#model.state(), stderr.columns ?? 80, this.#style, this.#title).slice(0, Math.max(1, (stderr.rows ?? 24) - 1))
    // One write: a frame that is erased and drawn in two would flicker.
    stderr.write(`${this.#upAndErase()}${lines.join('\n')}\n`)
    this.#linesDrawn = lines.length
  }

  #erase(): void {
    if (this.#linesDrawn > 0) this.#environment.stderr.write(this.#upAndErase())
    this.#linesDrawn = 0
  }

  #upAndErase(): string {
    return this.#linesDrawn === 0 ? '' : `\u001b[${this.#linesDrawn}A\r\u001b[J`
  }
}
