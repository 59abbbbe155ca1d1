import {
  baseName,
  isStorageError,
  SyncEngine,
  SyncPauseController,
  SyncProgressTracker,
  type Plan,
  type StorageError,
  type SyncConfig,
  type SyncOptions,
  type SyncPair,
  type SyncProgressEvent,
  type SyncResult,
} from '@syncline/core'
import type { Invocation } from './command.ts'
import { Interrupt } from './interrupt.ts'
import { openPair, type OpenedPair } from './opened-pair.ts'
import { chooseProgress, ProgressDisplay } from './progress/progress-display.ts'
import { blockedObject, completeObject } from './report/json-lines.ts'
import { escapeControls, toJsonLine } from './terminal/escape.ts'
import { summary, troubles } from './report/summary.ts'
import { formatPlural } from './terminal/format.ts'
import { UsageError } from './usage-error.ts'

/** Lines of single paths that are shown unless `--all` is given. */
const defaultRows = 20

/** How many lines of single paths a command shows. */
export function rowsOf({ options }: Pick<Invocation, 'options'>): number {
  return options.has('all') ? Infinity : defaultRows
}

/** One use of the engine with what a person sees meanwhile. */
export interface EngineSession {
  readonly opened: OpenedPair
  readonly engine: SyncEngine
  readonly display: ProgressDisplay
  readonly interrupt: Interrupt
  /** Retries so far. */
  retries(): number
  /** To be called before anything is changed: from then on the first interrupt lets the running operations finish. */
  protect(): void
  /** Options of every call: the configuration and the signal. */
  readonly options: SyncOptions
}

/** How a session is set up. */
export interface SessionOptions {
  /** What kind of work it is: only a run prints its events as JSON. */
  readonly printEvents?: boolean
}

/** Opens a pair, gives it to `work` with an engine, and closes everything whatever happens. */
export async function withEngine<T>(
  invocation: Invocation,
  locations: readonly [string, string],
  work: (session: EngineSession) => Promise<T>,
  setup: SessionOptions = {},
): Promise<T> {
  const { options, environment, err } = invocation
  const interrupt = new Interrupt(environment)
  try {
    const opened = await openPair(locations, invocation, interrupt.signal)
    const json = options.has('json')
    const title = `${opened.pair.source.name} ${err.symbols.both} ${opened.pair.destination.name}`
    const display = new ProgressDisplay(environment, err, title, chooseProgress(environment, { json, quiet: options.has('quiet') }))
    const printsEvents = json && setup.printEvents === true
    let retries = 0
    const onEvent = (event: SyncProgressEvent): void => {
      if (event.type === 'retry') retries++
      display.add(event)
      // The last object is printed by the command, with the conflicts and failures that the event lacks.
      if (printsEvents && event.type !== 'sync_complete') environment.stdout.write(`${toJsonLine(event)}\n`)
    }
    // Events cost a little for each file, so they are made only for somebody.
    const tracker = new SyncProgressTracker(printsEvents || display.wantsEvents ? onEvent : undefined, { now: () => environment.now() })
    const engine = new SyncEngine({
      progressTracker: tracker,
      pauseController: new SyncPauseController(),
      owner: await environment.owner(),
      now: () => environment.now(),
    })
    interrupt.beforeExit(() => display.stop())
    const protect = (): void =>
      interrupt.protect(() => {
        engine.cancel()
        // The engine tells of it when it comes to the end of a file; a person waits for an answer now.
        display.announceStop()
      })
    display.start()
    try {
      return await work({
        opened,
        engine,
        display,
        interrupt,
        protect,
        retries: () => retries,
        options: { ...opened.config, signal: interrupt.signal },
      })
    } catch (error) {
      if (!isAboutRules(error, opened.config)) throw error
      // Rules are read before anything else, so a root that cannot be read shows in them first.
      await readRoots(opened.pair)
      throw new UsageError(error.message, undefined, { cause: error })
    } finally {
      display.stop()
      await opened.close()
    }
  } finally {
    interrupt.close()
  }
}

/** Only a file with rules ends a run by itself: of any other path it is told that it failed. */
function isAboutRules(error: unknown, { ignoreFile = '.syncignore' }: SyncConfig): error is StorageError {
  return isStorageError(error) && error.path !== undefined && ignoreFile !== false && baseName(error.path) === ignoreFile
}

/** @throws StorageError if a root cannot be listed */
async function readRoots({ source, destination }: SyncPair): Promise<void> {
  for (const storage of [source, destination]) {
    for await (const _ of storage.list('', { recursive: false })) break
  }
}

/**
 * Asks on a terminal whether to go on with a plan; without one, with `--yes`, or with nothing to do it goes on.
 * From then on the first interrupt lets the running operations finish.
 */
export async function confirmPlan(plan: Plan, session: EngineSession, invocation: Invocation, show: () => string): Promise<boolean> {
  const answer = await askAboutPlan(plan, session.display, invocation, show)
  if (answer) session.protect()
  return answer
}

async function askAboutPlan(plan: Plan, display: ProgressDisplay, { options, environment }: Invocation, show: () => string): Promise<boolean> {
  if (environment.confirm === undefined || options.has('yes') || options.has('json')) return true
  const { uploads, downloads, renamesSource, renamesDestination, deletesSource, deletesDestination } = plan.counts
  const deletes = deletesSource + deletesDestination
  if (uploads + downloads + renamesSource + renamesDestination + deletes === 0 && plan.items.every(({ phase }) => phase === 'none')) return true
  display.hold()
  environment.stderr.write(`${show()}\n\n`)
  const answer = await environment.confirm(deletes > 0 ? `Go on? This deletes ${formatPlural(deletes, 'path')}.` : 'Go on?', deletes === 0)
  display.resume()
  return answer
}

/** Prints how a run ended and returns the exit code of the process. */
export function reportRun(result: SyncResult, session: EngineSession, invocation: Invocation): number {
  const { options, environment, out, err } = invocation
  const { opened, interrupt, display } = session
  display.stop()
  const exitCode = result.cancelled ? (interrupt.exitCode ?? result.exitCode) : result.exitCode
  const context = { resolveCommand: `syncline conflicts resolve ${opened.operands}`, rows: rowsOf(invocation), retries: session.retries(), exitCode }
  if (options.has('json')) {
    for (const refusal of result.refusals) environment.stdout.write(`${toJsonLine(blockedObject(refusal))}\n`)
    environment.stdout.write(`${toJsonLine(completeObject(result, exitCode))}\n`)
  } else if (options.has('quiet')) {
    const lines = [
      ...result.refusals.map(({ message, override }) => `refused: ${escapeControls(message)}; ${override} allows it`),
      ...troubles(result, err, context),
    ]
    if (lines.length > 0) environment.stderr.write(`${lines.join('\n')}\n`)
  } else {
    environment.stdout.write(`${summary(result, out, context)}\n`)
  }
  return exitCode
}
