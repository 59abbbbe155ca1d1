import type { StateChange } from '../ancestor.ts'
import type { SyncFailure } from '../engine-types.ts'
import { isStorageError, messageOf } from '../errors.ts'
import type { Side } from '../modes.ts'
import type { Plan, PlanItem } from '../plan.ts'
import type { Entry, Path, WritableStorage } from '../protocol.ts'
import { Bandwidth, sleep, type Sleep } from './bandwidth.ts'
import { difference, staleAt, StaleError } from './check.ts'
import { ContentBudget } from './content-budget.ts'
import { Reachability } from './reachability.ts'
import { Recorder } from './recorder.ts'
import { isRetryable, retryDelay } from './retry-policy.ts'
import { RunSide } from './run-side.ts'
import { countAction, openStats, type OpenStats } from './stats.ts'
import type { ExecuteContext, ExecuteResult } from './types.ts'

/** The run was aborted while an item was under way: it is neither done nor failed. */
class AbortedError extends Error {
  override readonly name = 'AbortedError'
}

/** What an item did. */
export interface Done {
  readonly changes: readonly StateChange[]
  /** Content bytes moved. */
  readonly bytes?: number
  /** The item needed nothing. */
  readonly nothing?: true
}

/** A failure after which the state must forget something: what it knew of a path is certainly no longer there. */
export class ForgetError extends Error {
  override readonly name = 'ForgetError'
  readonly changes: readonly StateChange[]

  constructor(cause: unknown, changes: readonly StateChange[]) {
    super(messageOf(cause), { cause })
    this.changes = changes
  }
}

/** Bytes of content in parts that one run holds. */
const contentBytes = 96 * 1024 * 1024

/** What the parts of an execution share: the sides, tries, outcomes. */
export class Run {
  readonly context: ExecuteContext
  readonly sides: Readonly<Record<Side, RunSide>>
  readonly bandwidth: Bandwidth | undefined
  readonly content: ContentBudget = new ContentBudget(contentBytes)
  readonly #plan: Plan
  readonly #recorder: Recorder
  readonly #batches: boolean
  readonly #sleep: Sleep
  readonly #startedAt: number
  readonly #failures: SyncFailure[] = []
  readonly #stale: SyncFailure[] = []
  readonly #stats: OpenStats
  readonly #leftovers: { readonly at: RunSide; readonly path: Path }[] = []
  /** Errors of calls whose tries are used up: whoever called the caller does not try all of it again. */
  readonly #givenUp = new WeakSet<object>()
  #stopped = false
  #waiting = false
  readonly #reachability: Reachability

  constructor(plan: Plan, context: ExecuteContext) {
    const { config, now } = context
    this.context = context
    this.#plan = plan
    this.#sleep = context.sleep ?? sleep
    this.#startedAt = now()
    this.sides = {
      source: new RunSide('source', context.source, config.toleranceMs),
      destination: new RunSide('destination', context.destination, config.toleranceMs),
    }
    this.#reachability = new Reachability([context.source, context.destination], context.signal)
    this.bandwidth = config.bandwidth === undefined ? undefined : new Bandwidth(config.bandwidth, now, this.#sleep)
    this.#batches = Object.values(this.sides).some(at => at.batches)
    this.#recorder = new Recorder(() => this.#flushAll(), context.record, now, config.fsync === 'always', this.#batches)
    this.#stats = openStats(plan.counts.unchanged)
  }

  get signal(): AbortSignal | undefined {
    return this.context.signal
  }

  /** Waits while paused; false when nothing new may start. */
  async mayStart(): Promise<boolean> {
    const { pause, progress } = this.context
    if (this.#stopped) return false
    if (pause.paused) {
      // Whoever comes first tells it for all.
      if (!this.#waiting) progress.emit({ type: 'paused' })
      this.#waiting = true
      const goesOn = await pause.waitIfPaused(this.signal)
      if (this.#waiting && goesOn) progress.emit({ type: 'resumed' })
      this.#waiting = false
    }
    if (!this.#isEnding()) return !this.#recorder.failed
    this.#stop()
    return false
  }

  #stop(): void {
    if (!this.#stopped) this.context.progress.emit({ type: 'cancelled' })
    this.#stopped = true
  }

  /** Whether the run was cancelled or aborted. */
  get cancelled(): boolean {
    return this.#stopped || this.#isEnding()
  }

  /** Does one item from start to record; its failure is noted and never thrown. */
  async perform(item: PlanItem, act: () => Promise<Done>): Promise<boolean> {
    if (!(await this.mayStart())) return false
    try {
      await this.#reachability.check(item.path)
      await this.done(item, await act())
      return true
    } catch (error) {
      await this.missed(item, error)
      return false
    }
  }

  /** Counts and records what an item did. */
  async done(item: PlanItem, done: Done): Promise<void> {
    this.count(item, done)
    await this.#recorder.add(done.changes)
  }

  /** Counts what an item did; its changes go to {@link Run.record}, together with those of other items. */
  count(item: PlanItem, { bytes = 0, nothing }: Omit<Done, 'changes'>): void {
    this.#reachability.reached()
    this.#stats.bytes += bytes
    if (nothing === true) this.#stats.skips++
    else countAction(this.#stats, item.action)
    this.context.progress.itemDone()
  }

  /** Records what items did that were counted. */
  record(changes: readonly StateChange[]): Promise<void> {
    return this.#recorder.add(changes)
  }

  /** Records what the next run has to know if this one is killed before the item is done. */
  async recordNow(changes: readonly StateChange[]): Promise<void> {
    await this.#recorder.add(changes)
    await this.#recorder.checkpoint()
  }

  /** Notes why an item did not happen. */
  async missed(item: PlanItem, thrown: unknown): Promise<void> {
    const error = thrown instanceof ForgetError ? thrown.cause : thrown
    const { progress } = this.context
    if (thrown instanceof ForgetError) await this.#recorder.add(thrown.changes)
    if (this.#isAbort(error)) return
    progress.itemDone()
    const failure: SyncFailure = { path: item.path, action: item.action, code: codeOf(error), message: messageOf(error) }
    if (error instanceof StaleError) {
      this.#stale.push(failure)
      this.#stats.skips++
      progress.emit({ type: 'skip', filePath: item.path, reason: failure.message, stale: true })
      return
    }
    this.#reachability.failed(error)
    this.#failures.push(failure)
    this.#stats.errors++
    progress.emit({ type: 'error', filePath: item.path, action: item.action, code: failure.code, error: failure.message })
  }

  /** Notes an item that is not acted on: an open conflict, of which the engine tells, or a path to skip. */
  noted(item: PlanItem): void {
    if (item.action === 'CONFLICT') this.#stats.conflicts++
    else {
      this.#stats.skips++
      this.context.progress.emit({ type: 'skip', filePath: item.path, reason: item.reason, stale: false })
    }
  }

  /** Calls until it succeeds, fails for good, or the tries are used up. `attempt` counts from 1. */
  async retry<T>(path: Path, call: (attempt: number) => Promise<T>): Promise<T> {
    const { config, pause, progress, random } = this.context
    const attempts = config.attempts ?? 4
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(attempt)
      } catch (error) {
        if (this.signal?.aborted === true) throw this.#isAbort(error) ? new AbortedError('aborted', { cause: error }) : error
        if (pause.cancelled || !isRetryable(error) || this.#givenUp.has(error as object)) throw error
        if (attempt >= attempts) {
          this.#givenUp.add(error as object)
          throw error
        }
        const delayMs = retryDelay(attempt, error, random)
        progress.emit({ type: 'retry', filePath: path, attempt, delayMs, error: messageOf(error) })
        await this.#sleep(delayMs, this.signal, pause.signal)
        if (this.#isEnding()) throw error
      }
    }
  }

  /** `stat`, with tries. */
  stat(at: RunSide, path: Path): Promise<Entry | undefined> {
    return this.retry(path, () => at.storage.stat(path, { signal: this.signal }))
  }

  /** Resolves to what is at `path`. @throws StaleError if that is not what the plan saw, or what earlier items made of it */
  async check(at: RunSide, path: Path, planned: Entry | null): Promise<Entry | undefined> {
    const now = await this.stat(at, path)
    const expected = at.expected(path, planned)
    // Where directories are only implied by what is in them, there is none to look at.
    if (now === undefined && expected?.kind === 'directory' && at.storage.capabilities.directories !== true) return expected
    const how = difference(expected, now, at.precisionMs)
    if (how !== undefined) throw staleAt(path, at.storage.name, how)
    return now
  }

  /** Makes one side durable, before something there is given up for what replaced it. */
  async flush(at: RunSide): Promise<void> {
    // Where changes take effect together, the one is never there without the other.
    if (this.context.config.fsync !== 'never' && !at.batches) await this.#flush(at)
  }

  async #flush(at: RunSide): Promise<void> {
    const storage = at.storage as WritableStorage
    if (storage.flush !== undefined) await this.retry('', () => storage.flush?.() ?? Promise.resolve())
  }

  /** Removes a temporary file of this run; if that fails now, again at the end. */
  async sweep(at: RunSide, path: Path): Promise<void> {
    try {
      await at.writable().remove(path)
    } catch {
      this.#leftovers.push({ at, path })
    }
  }

  /** A point between phases. */
  async checkpoint(): Promise<void> {
    if (this.context.config.fsync === 'always' && !this.#batches) await this.#recorder.checkpoint()
  }

  /** Records what is left and sums up. @throws what a flush or the journal threw */
  async finish(): Promise<ExecuteResult> {
    // Best effort: the next transfer of the path replaces what stays.
    for (const { at, path } of this.#leftovers) await this.retry(path, () => at.writable().remove(path)).catch(() => {})
    if (this.#isEnding()) this.#stop()
    await this.#recorder.finish()
    this.#stats.durationMs = this.context.now() - this.#startedAt
    return { stats: { ...this.#stats }, failures: this.#failures, stale: this.#stale, cancelled: this.cancelled }
  }

  /** In one-way modes a loss cannot travel: the next run copies again what a power cut took. */
  async #flushAll(): Promise<void> {
    const { fsync } = this.context.config
    const isNeeded = fsync === 'always' || (fsync === 'auto' && this.#plan.mode === 'two-way')
    // Without a flush, what waits aside is not merely at the mercy of a power cut: nobody has it yet.
    for (const at of Object.values(this.sides)) if (at.dirty && (isNeeded || at.batches)) await this.#flush(at)
  }

  #isEnding(): boolean {
    return this.context.pause.cancelled || this.signal?.aborted === true
  }

  #isAbort(error: unknown): boolean {
    return (
      error instanceof AbortedError ||
      (this.signal?.aborted === true && (error === this.signal.reason || (error as Error | undefined)?.name === 'AbortError'))
    )
  }
}

function codeOf(error: unknown): string {
  return isStorageError(error) || error instanceof StaleError ? error.code : 'UNKNOWN'
}
