import { probeClock, type ClockProbe } from './clock.ts'
import type { ClockDoubt } from './conflict.ts'
import type { Side } from './modes.ts'
import { isWritable, type AbortOptions, type ReadableStorage } from './protocol.ts'
import { sides } from './site.ts'

/** What is known of the sides' clocks. */
export type KnownClocks = Readonly<Partial<Record<Side, ClockProbe>>>

/** How far a store's clock is ahead of ours. */
export interface ClockOffset {
  readonly offsetMs: number
  /** Milliseconds that it may be wrong by. */
  readonly uncertaintyMs: number
}

/** Of a clock that nobody has asked. */
const unknownOffset: ClockOffset = { offsetMs: 0, uncertaintyMs: 2000 }

/**
 * The clocks of both sides of a pair: as the state knows them, else learned while the sides are scanned.
 *
 * Only storages that learn things of a server have a clock worth asking; a local disk has ours. A probe that fails leaves the clock unknown, which
 * is no worse than it was; the next run tries again.
 */
export class PairClocks {
  readonly #known: { -readonly [S in Side]?: ClockProbe }
  readonly #probes: Promise<void>[] = []

  constructor(known: KnownClocks = {}) {
    this.#known = { ...known }
  }

  /** Milliseconds that a side's store is known to keep times to, by now. */
  precisionMs(side: Side): number {
    return this.#known[side]?.kept?.precisionMs ?? 0
  }

  /** How far a side's clock is known to be ahead, by now. */
  offset(side: Side): ClockOffset {
    const { offsetMs, uncertaintyMs } = this.#known[side] ?? {}
    return offsetMs === undefined || uncertaintyMs === undefined ? unknownOffset : { offsetMs, uncertaintyMs }
  }

  /** Begins to learn a side's clock, if it is not known. A root that is a directory has to exist: a probe must not make one that is missing. */
  learn(side: Side, storage: ReadableStorage, options: AbortOptions & { readonly now: () => number }): void {
    if (this.#known[side] !== undefined || storage.learned === undefined || !isWritable(storage)) return
    const probe = async (): Promise<void> => {
      try {
        if (storage.capabilities.directories === true && (await storage.stat('', options))?.kind !== 'directory') return
        this.#known[side] = await probeClock(storage, options)
      } catch {
        return
      }
    }
    this.#probes.push(probe())
  }

  /** What is known, once everything that was begun has ended. */
  async settled(): Promise<KnownClocks> {
    await Promise.all(this.#probes)
    return this.#known
  }

  /** How far times of the two sides may be apart by their clocks alone; `undefined` if nothing is known that says so. */
  async doubt(names: Readonly<Record<Side, string>>): Promise<ClockDoubt | undefined> {
    const known = await this.settled()
    let worst: ClockDoubt | undefined
    let sum = 0
    for (const side of sides) {
      const { offsetMs = 0, uncertaintyMs = 0 } = known[side] ?? {}
      if (Math.abs(offsetMs) <= uncertaintyMs) continue
      sum += Math.abs(offsetMs)
      if (Math.abs(offsetMs) > Math.abs(worst?.offsetMs ?? 0)) worst = { name: names[side], offsetMs, withinMs: 0 }
    }
    return worst && { ...worst, withinMs: sum }
  }
}
