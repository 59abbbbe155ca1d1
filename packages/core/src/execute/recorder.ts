import type { StateChange } from '../ancestor.ts'
import { ChangeLog } from '../state/change-log.ts'

/** Less work than that costs the run after a kill less to compare again than every run would pay to journal it. */
const checkpointMs = 10_000
/** With `always`, a crash loses at most this many changes. */
const alwaysChanges = 256

/**
 * Collects finished changes and hands them to the journal in checkpoints, never before they are durable.
 *
 * What a checkpoint records was finished before its flush began. A failed flush or journal stops the run: what is not recorded is
 * compared again by the next one, which is safe.
 */
export class Recorder {
  readonly #flush: () => Promise<void>
  readonly #record: (changes: ChangeLog, last: boolean) => Promise<void>
  readonly #now: () => number
  readonly #checkpointChanges: number
  readonly #checkpointMs: number
  #pending = new ChangeLog()
  #lastCheckpoint: number
  #running: Promise<void> = Promise.resolve()
  #isRunning = false
  #failure: { readonly error: unknown } | undefined

  /** @param batches - a flush costs as much as the whole tree: there is one, at the end */
  constructor(
    flush: () => Promise<void>,
    record: (changes: ChangeLog, last: boolean) => Promise<void>,
    now: () => number,
    always: boolean,
    batches = false,
  ) {
    this.#flush = flush
    this.#record = record
    this.#now = now
    this.#checkpointChanges = always && !batches ? alwaysChanges : Infinity
    this.#checkpointMs = batches ? Infinity : checkpointMs
    this.#lastCheckpoint = now()
  }

  /** Whether a checkpoint failed, so that nothing more can be recorded. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Takes finished changes. Resolves at once, or after a checkpoint that is due. */
  async add(changes: readonly StateChange[]): Promise<void> {
    this.#pending.addAll(changes)
    const due = this.#pending.length >= this.#checkpointChanges || this.#now() - this.#lastCheckpoint >= this.#checkpointMs
    // One at a time: changes that finish meanwhile go with the next.
    if (due && !this.#isRunning) await this.checkpoint()
  }

  /** Flushes and records what is finished. Never rejects; {@link finish} does. */
  checkpoint(last = false): Promise<void> {
    this.#running = this.#running.then(() => this.#checkpoint(last))
    return this.#running
  }

  /** The last checkpoint. @throws what a flush or the journal threw */
  async finish(): Promise<void> {
    await this.checkpoint(true)
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #checkpoint(last: boolean): Promise<void> {
    const changes = this.#pending
    if (changes.length === 0 || this.failed) return
    this.#pending = new ChangeLog()
    this.#isRunning = true
    try {
      await this.#flush()
      await this.#record(changes, last)
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#isRunning = false
      this.#lastCheckpoint = this.#now()
    }
  }
}
