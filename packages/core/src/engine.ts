import { restrictPlan } from './assemble.ts'
import { PairClocks, type KnownClocks } from './clocks.ts'
import { compareTrees } from './compare-trees.ts'
import { resolveConfig } from './config.ts'
import type { Difference, OpenConflict, PlanResult, Refusal, SyncConfig, SyncOptions, SyncResult } from './engine-types.ts'
import { isStorageError } from './errors.ts'
import type { Call } from './engine-call.ts'
import { execute } from './execute/execute.ts'
import { openStats } from './execute/stats.ts'
import { ExitCode, gravestExitCode } from './exit-codes.ts'
import { explainPath, type Explanation } from './explain.ts'
import { commonHash } from './fingerprint.ts'
import { freeze } from './freeze.ts'
import { guardPlan } from './guard.ts'
import { isDamagedState, makePlan, mayWrite, type MadePlan } from './make-plan.ts'
import { SyncPauseController } from './pause.ts'
import type { Plan } from './plan.ts'
import type { SyncStats } from './progress.ts'
import { SyncProgressTracker } from './progress-tracker.ts'
import { isWritable, type Path, type ReadableStorage, type WritableStorage } from './protocol.ts'
import { knownState, metadataOf, recall } from './run-metadata.ts'
import { ChangeLog } from './state/change-log.ts'
import { acquireLock, type LockOwner } from './state/lock.ts'
import { pairId } from './state/pair-id.ts'
import type { StoredState } from './state/state-manager.ts'
import { openUploadLedger } from './state/uploads.ts'
import { SyncPair, type SyncPairOptions } from './sync-pair.ts'

/** Options of an engine; those of `SyncConfig` hold for all its runs, unless a pair or a call says otherwise. */
export interface SyncEngineOptions extends SyncConfig {
  readonly progressTracker?: SyncProgressTracker | undefined
  readonly pauseController?: SyncPauseController | undefined
  /** Who holds the lock of a pair while it runs; without it a lock left by a killed process ends only by its expiry. */
  readonly owner?: LockOwner | undefined
  /** Milliseconds since the Unix epoch; default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** At least 0, below 1; default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/**
 * Plans and runs the sync of pairs. An engine runs one pair at a time; make one engine per concurrent run.
 *
 * @example
 * const engine = new SyncEngine({ mode: SyncMode.TWO_WAY })
 * const result = await engine.syncPair(new SyncPair({ source, destination, state }))
 * console.log(result.stats.uploads, result.conflicts)
 */
export class SyncEngine {
  readonly #config: SyncConfig
  readonly #progress: SyncProgressTracker
  readonly #pause: SyncPauseController
  readonly #owner: LockOwner
  readonly #now: () => number
  readonly #random: () => number

  constructor(options: SyncEngineOptions = {}) {
    const { progressTracker, pauseController, owner, now, random, ...config } = options
    this.#config = config
    this.#progress = progressTracker ?? new SyncProgressTracker()
    this.#pause = pauseController ?? new SyncPauseController()
    this.#now = now ?? Date.now
    this.#random = random ?? Math.random
    this.#owner = owner ?? { id: `engine ${Math.floor(this.#random() * 2 ** 52).toString(36)}` }
    resolveConfig(config)
  }

  /** What runs finishes, nothing new starts, until {@link resume}. */
  pause(): void {
    this.#pause.pause()
  }

  resume(): void {
    this.#pause.resume()
  }

  /** What runs finishes, nothing new starts; what was done is recorded. */
  cancel(): void {
    this.#pause.cancel()
  }

  /**
   * What a run would do, with what the guards say of it. Changes nothing, takes no lock.
   *
   * @throws TypeError for a wrong configuration; StorageError if a root or the state cannot be read
   */
  async plan(pair: SyncPair | SyncPairOptions, options: SyncOptions = {}): Promise<PlanResult> {
    const { made, refusals } = await frozen(this.#prepare(pair, options), run => this.#planOnly(run))
    const conflicts = openConflicts(made.plan)
    const codes = [
      refusals.length > 0 && ExitCode.REFUSED,
      made.plan.problems.length > 0 && ExitCode.PARTIAL,
      conflicts.length > 0 && ExitCode.CONFLICTS,
    ].filter(code => code !== false)
    return { plan: made.plan, refusals, conflicts, exitCode: gravestExitCode(codes) }
  }

  /**
   * Makes the two sides of a pair the same, as the mode says.
   *
   * Resolves also when paths failed, conflicts stay open or a guard refused: `exitCode` and the lists tell.
   *
   * @throws TypeError for a wrong configuration; `LockedError` if another run has the pair, or took it over meanwhile; StorageError if a root or the state cannot be read;
   *   `signal.reason` after an abort before anything was changed
   */
  async syncPair(pair: SyncPair | SyncPairOptions, options: SyncOptions = {}): Promise<SyncResult> {
    if (options.dryRun === true) {
      return frozen(this.#prepare(pair, options), async run => {
        const { made, refusals } = await this.#planOnly(run)
        return this.#notRun(run, made.plan, refusals)
      })
    }
    return this.#locked(this.#prepare(pair, options), locked =>
      frozen(locked, async run => {
        const { made, stored, clocks } = await this.#makePlan(run, { learn: true })
        const refusals = await this.#guard(run, made)
        if (refusals.length > 0) return this.#notRun(run, made.plan, refusals)
        if (options.confirm !== undefined && !(await options.confirm(made.plan))) return this.#notRun(run, made.plan, [refusedByUser])
        return this.#execute(run, made.plan, { ...made, clocks }, stored)
      }),
    )
  }

  async #planOnly(run: Call): Promise<{ readonly made: MadePlan; readonly refusals: readonly Refusal[] }> {
    const { made } = await this.#makePlan(run)
    return { made, refusals: await this.#guard(run, made) }
  }

  /**
   * Runs exactly the plan. Items that no longer fit what is there are left alone and listed as stale.
   *
   * @throws TypeError if the plan was made for another pair
   */
  async apply(plan: Plan, pair: SyncPair | SyncPairOptions, options: SyncOptions = {}): Promise<SyncResult> {
    const prepared = this.#prepare(pair, { ...options, mode: plan.mode, comparisonMode: plan.comparison })
    if (plan.pair !== (await prepared.id)) {
      throw new TypeError(
        `the plan was made for ${plan.source.name} and ${plan.destination.name}, not for ${prepared.pair.source.name} and ${prepared.pair.destination.name}`,
      )
    }
    return this.#locked(prepared, locked =>
      frozen(locked, async run => {
        const stored = await run.pair.state.open(plan.pair, signalOf(run))
        recall(run, stored)
        const free = await freeSpace(run, plan)
        const refusals = guardPlan({ plan, config: run.config, vanished: [], collisions: [], forbidden: [], free })
        if (refusals.length > 0) return this.#notRun(run, plan, refusals)
        if (options.confirm !== undefined && !(await options.confirm(plan))) return this.#notRun(run, plan, [refusedByUser])
        return this.#execute(run, plan, undefined, stored)
      }),
    )
  }

  /** Compares the two sides of a pair by the comparison mode, without a state, and yields every path in key order. */
  compare(pair: SyncPair | SyncPairOptions, options: SyncOptions = {}): AsyncIterable<Difference> {
    return compareFrozen(this.#prepare(pair, options))
  }

  /** Everything that decides about one path: rules, what each side and the state have, and what a run would do. Scans both sides. */
  async explain(pair: SyncPair | SyncPairOptions, path: Path, options: SyncOptions = {}): Promise<Explanation> {
    const run = this.#prepare(pair, options)
    return frozen(run, still => explainPath(path, async onRow => (await this.#makePlan(still, { onRow })).made))
  }

  /** Copies what `from` has to `to`; nothing is deleted, and what only `to` has stays. */
  downloadFolder(from: ReadableStorage, to: WritableStorage, options: SyncOptions = {}): Promise<SyncResult> {
    return this.syncPair(new SyncPair({ source: to, destination: from }), { ...options, mode: 'destination-backup' })
  }

  /** As {@link downloadFolder}, seen from the other side. */
  uploadFolder(from: ReadableStorage, to: WritableStorage, options: SyncOptions = {}): Promise<SyncResult> {
    return this.syncPair(new SyncPair({ source: from, destination: to }), { ...options, mode: 'source-backup' })
  }

  #prepare(given: SyncPair | SyncPairOptions, options: SyncOptions): Call {
    const pair = given instanceof SyncPair ? given : new SyncPair(given)
    const config = resolveConfig(this.#config, pair.config, configOf(options))
    for (const side of ['source', 'destination'] as const) {
      if (mayWrite(config, side) && !isWritable(pair[side]))
        throw new TypeError(`${pair[side].name} can only be read, and the mode ${config.mode} writes to the ${side}`)
    }
    if (pair.source === pair.destination) throw new TypeError(`${pair.source.name} cannot be synced with itself`)
    return {
      pair,
      config,
      options,
      id: pair.id === undefined ? pairId(pair.source, pair.destination) : Promise.resolve(pair.id),
      started: this.#now(),
    }
  }

  /** A lock that is lost ends the run like an abort: another one may be writing. */
  async #locked<T>(run: Call, work: (run: Call) => Promise<T>): Promise<T> {
    const lock = await acquireLock(run.pair.state.storage, this.#owner, { now: this.#now, ...signalOf(run) })
    const { signal } = run.options
    try {
      const options = { ...run.options, signal: signal === undefined ? lock.lost : AbortSignal.any([signal, lock.lost]) }
      return await work({ ...run, options, lost: lock.lost })
    } finally {
      await lock.release()
    }
  }

  /** Opens the state and plans; a tree of the state that turns out to be damaged makes it a first contact. */
  async #makePlan(
    run: Call,
    { onRow, learn = false }: { readonly onRow?: Parameters<typeof makePlan>[0]['onRow']; readonly learn?: boolean } = {},
  ): Promise<{ made: MadePlan; stored: StoredState; clocks: KnownClocks }> {
    const { source, destination, state } = run.pair
    const pair = await run.id
    for (let damaged = false; ; damaged = true) {
      const stored = await state.open(pair, signalOf(run))
      recall(run, stored)
      const clocks = new PairClocks(stored.metadata?.clocks)
      // A mode that never writes a side does not write a probe there either.
      if (learn)
        for (const side of ['source', 'destination'] as const)
          if (mayWrite(run.config, side)) clocks.learn(side, run.pair[side], { now: this.#now, ...signalOf(run) })
      try {
        const made = await makePlan({
          source,
          destination,
          pair,
          config: run.config,
          state: knownState(stored),
          now: this.#now(),
          progress: this.#progress,
          clocks,
          signal: run.options.signal,
          onRow,
        })
        const { only } = run.config
        const plan = only === undefined ? made.plan : restrictPlan(made.plan, only)
        this.#progress.emit({ type: 'plan_complete', counts: plan.counts, migration: plan.migration })
        return { made: { ...made, plan }, stored, clocks: await clocks.settled() }
      } catch (error) {
        if (damaged || !isDamagedState(error) || isOfSides(error, run)) throw error
      } finally {
        // Nothing of it goes on when the call has ended.
        await clocks.settled()
      }
    }
  }

  async #guard(run: Call, made: MadePlan): Promise<Refusal[]> {
    return guardPlan({ plan: made.plan, config: run.config, ...made.facts, free: await freeSpace(run, made.plan) })
  }

  async #execute(run: Call, plan: Plan, made: (MadePlan & { readonly clocks: KnownClocks }) | undefined, stored: StoredState): Promise<SyncResult> {
    const { pair, config, options } = run
    for (const item of plan.items) if (item.action === 'CONFLICT') this.#progress.emit({ type: 'conflict', filePath: item.path, reason: item.reason })
    const changes = new ChangeLog(plan.settled)
    const runId = runIdOf(run.started, this.#random)
    const result = await execute(plan, {
      source: pair.source,
      destination: pair.destination,
      config,
      runId,
      now: this.#now,
      random: this.#random,
      hash: made?.hash ?? commonHash(pair.source, pair.destination),
      ...(made !== undefined && { leftovers: made.leftovers }),
      ...signalOf(run),
      uploads: await openUploadLedger(pair.state.storage, signalOf(run)),
      whole: config.only === undefined,
      pause: this.#pause,
      progress: this.#progress,
      record: async (done, last) => {
        run.lost?.throwIfAborted()
        if (!last) return pair.state.record(done, { asOf: run.started })
        changes.addAll(done)
      },
    })
    const conflicts = openConflicts(plan)
    const failures = result.failures
    const codes = [
      (failures.length > 0 || plan.problems.length > 0) && ExitCode.PARTIAL,
      conflicts.length > 0 && ExitCode.CONFLICTS,
      result.stale.length > 0 && ExitCode.STALE,
    ].filter(code => code !== false)
    const exitCode = result.cancelled ? ExitCode.INTERRUPTED : gravestExitCode(codes)
    const stats: SyncStats = { ...result.stats, conflicts: conflicts.length, durationMs: this.#now() - run.started }
    const lastRun = { start: run.started, end: this.#now(), exitCode, stats }
    const metadata = metadataOf(run, { plan, made, stored, changed: changes.length > 0, conflicts, lastRun })
    // Work that is done is recorded whatever the signal says: a cancelled run keeps what it achieved. Only a state that another run may be
    // writing by now is left alone: what was done here is compared again by the next run.
    run.lost?.throwIfAborted()
    await pair.state.commit(metadata, { changes })
    this.#progress.emit({ type: 'sync_complete', exitCode, stats })
    return {
      exitCode,
      stats,
      plan,
      runId,
      conflicts,
      failures,
      stale: result.stale,
      problems: plan.problems,
      refusals: [],
      cancelled: result.cancelled,
      dryRun: options.dryRun ?? false,
    }
  }

  /** A result of a run that changed nothing. */
  #notRun(run: Call, plan: Plan, refusals: readonly Refusal[]): SyncResult {
    const conflicts = openConflicts(plan)
    const stats: SyncStats = { ...openStats(plan.counts.unchanged), conflicts: conflicts.length, durationMs: this.#now() - run.started }
    const codes = [
      refusals.length > 0 && ExitCode.REFUSED,
      plan.problems.length > 0 && ExitCode.PARTIAL,
      conflicts.length > 0 && ExitCode.CONFLICTS,
    ].filter(code => code !== false)
    const exitCode = gravestExitCode(codes)
    return {
      exitCode,
      stats,
      plan,
      runId: undefined,
      conflicts,
      failures: [],
      stale: [],
      problems: plan.problems,
      refusals,
      cancelled: false,
      dryRun: run.options.dryRun ?? false,
    }
  }
}

/** Works on the pair with the side that the mode only reads standing still, so that what is planned is what is transferred. */
async function frozen<T>(run: Call, work: (run: Call) => Promise<T>): Promise<T> {
  const { pair } = run
  const { sides, release } = await freeze(pair, side => !mayWrite(run.config, side), signalOf(run))
  try {
    return await work({ ...run, pair: new SyncPair({ ...pair.config, ...sides, state: pair.state, id: pair.id }) })
  } finally {
    await release()
  }
}

/** A comparison writes nothing, so both sides stand still where they can. */
async function* compareFrozen({ pair, config, options: { signal } }: Call): AsyncGenerator<Difference, void, undefined> {
  const { sides, release } = await freeze(pair, () => true, { signal })
  try {
    yield* compareTrees({ ...sides, config, signal })
  } finally {
    await release()
  }
}

const refusedByUser: Refusal = { guard: 'confirm', message: 'the plan was not confirmed', limit: 'yes', actual: 'no', override: '--yes' }

/** Syncs one pair with an engine of its own. @see SyncEngine.syncPair */
export function syncPair(pair: SyncPair | SyncPairOptions, options: SyncOptions & SyncEngineOptions = {}): Promise<SyncResult> {
  const { progressTracker, pauseController, owner, now, random, ...rest } = options
  return new SyncEngine({ progressTracker, pauseController, owner, now, random }).syncPair(pair, rest)
}

function configOf({ signal: _signal, dryRun: _dryRun, confirm: _confirm, ...config }: SyncOptions): SyncConfig {
  return config
}

function signalOf(run: Call): { readonly signal?: AbortSignal } {
  return run.options.signal === undefined ? {} : { signal: run.options.signal }
}

function openConflicts(plan: Plan): OpenConflict[] {
  return plan.items.filter(item => item.action === 'CONFLICT').map(({ path, reason, source, destination }) => ({ path, reason, source, destination }))
}

/** Whether an error comes from one of the sides rather than from the state. */
function isOfSides(error: unknown, { pair }: Call): boolean {
  return (
    isStorageError(error) &&
    (error.message.includes(pair.source.name) || error.message.includes(pair.destination.name)) &&
    !error.message.includes(pair.state.storage.name)
  )
}

/** What each side that can be written has left, where it tells. */
async function freeSpace(run: Call, plan: Plan): Promise<Partial<Record<'source' | 'destination', number>>> {
  // A run that moves nothing asks nothing: a request more, on a server.
  if (run.config.ignoreSpace === true || plan.counts.bytes === 0) return {}
  const free: Partial<Record<'source' | 'destination', number>> = {}
  for (const side of ['source', 'destination'] as const) {
    if (!mayWrite(run.config, side)) continue
    const bytes = await (run.pair[side] as Partial<WritableStorage>).freeSpace?.(signalOf(run))
    if (bytes !== undefined) free[side] = bytes
  }
  return free
}

/** Names a run, in the order of time: `20261120-103105-x7k2`. */
function runIdOf(time: number, random: () => number): string {
  const [date, clock] = new Date(time).toISOString().split('T') as [string, string]
  return `${date.replaceAll('-', '')}-${clock.slice(0, 8).replaceAll(':', '')}-${Math.floor(random() * 36 ** 4)
    .toString(36)
    .padStart(4, '0')}`
}
