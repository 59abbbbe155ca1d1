import type { Dump } from './read-dumps.ts'

/** The volumes that have to be there before others, or why there is no way to them. */
export type Chain =
  /** From the first that is needed to the one that was asked for. */
  | { readonly dumps: readonly Dump[]; readonly base?: string }
  /** A volume that is needed and that nothing has. */
  | { readonly missing: string }

/**
 * Finds how to get from nothing, or from a volume that is there, to each volume of some dumps, in as few steps as there may be.
 *
 * @param present - volumes that are there already, by the UUID in their stream: nothing needs to be restored for what starts from them
 */
export class Chains {
  readonly #present: ReadonlySet<string>
  /** By UUID and transaction: where a dump leads to, and where it starts from. */
  readonly #best = new Map<string, readonly Dump[]>()
  readonly #waiting = new Map<string, Dump[]>()
  readonly #dumps = new Map<string, Dump>()

  constructor(dumps: readonly Dump[], present: ReadonlySet<string> = new Set()) {
    this.#present = present
    let next: (readonly Dump[])[] = []
    for (const dump of dumps) {
      this.#dumps.set(keyOf(dump), dump)
      const parent = parentKeyOf(dump)
      if (parent === undefined || (dump.parentUuid !== undefined && present.has(dump.parentUuid))) next.push([dump])
      else this.#waiting.set(parent, [...(this.#waiting.get(parent) ?? []), dump])
    }
    // Breadth first: the first way that leads to a volume has the fewest steps. Dumps that are known to be whole come first.
    while (next.length > 0) {
      const found: (readonly Dump[])[] = []
      for (const way of [...next].sort((a, b) => rank(a) - rank(b))) {
        const last = way[way.length - 1] as Dump
        const key = keyOf(last)
        if (this.#best.has(key)) continue
        this.#best.set(key, way)
        for (const dump of this.#waiting.get(key) ?? []) found.push([...way, dump])
      }
      next = found
    }
  }

  /** The way to a dump's volume, the dump itself included: other dumps of the same volume are not taken for it. */
  to(dump: Dump): Chain {
    const parent = parentKeyOf(dump)
    if (parent === undefined) return { dumps: [dump] }
    const { parentUuid } = dump
    if (parentUuid !== undefined && this.#present.has(parentUuid)) return { dumps: [dump], base: parentUuid }
    const way = this.#best.get(parent)
    if (way === undefined) return { missing: this.#missing(dump) }
    const base = way[0]?.parentUuid
    return { dumps: [...way, dump], ...(base !== undefined && { base }) }
  }

  /** The shortest way to the volume that a dump holds, by that dump or another one of it; nothing if there is none. */
  of(dump: Dump): readonly Dump[] {
    return this.#best.get(keyOf(dump)) ?? []
  }

  /** The volume at the far end, where nothing leads on. */
  #missing(dump: Dump): string {
    const seen = new Set<Dump>()
    let at = dump
    for (;;) {
      seen.add(at)
      const before = this.#dumps.get(parentKeyOf(at) ?? '')
      // Dumps that start from each other exist only where somebody made them up.
      if (before === undefined || seen.has(before)) return `${at.parentUuid} as of transaction ${at.parentCtransid}`
      at = before
    }
  }
}

function rank(way: readonly Dump[]): number {
  return way.filter(dump => dump.record === undefined).length
}

const keyOf = ({ uuid, ctransid }: Dump): string => `${uuid} ${ctransid}`

function parentKeyOf({ parentUuid, parentCtransid }: Dump): string | undefined {
  return parentUuid === undefined ? undefined : `${parentUuid} ${parentCtransid}`
}
