import type { RetentionPolicy } from './policy.ts'
import { applySchedule } from './schedule.ts'

/** A snapshot, a received copy or a dump, as retention sees it. */
export interface RetentionItem {
  /** Names it on its side: a path. */
  readonly id: string
  /** What it is one of; each series has a schedule of its own. The name of a snapshot without its time. */
  readonly series: string
  /** When its snapshot was made, in milliseconds since the Unix epoch. */
  readonly time: number
  /** Of items with the same time, the one with the higher number is the later; default 0. */
  readonly counter?: number | undefined
  /** Of the volume. Items on two sides are the same if they share one, or a received one. */
  readonly uuid: string
  readonly receivedUuid?: string | undefined
  /** Of the volume without which it cannot be restored: the parent of a dump. Absent for what stands alone, as subvolumes do. */
  readonly needs?: string | undefined
  /** Why it stays, whatever the policy. It stands for no day and no week, and is never the latest. */
  readonly pinned?: string | undefined
}

/** A place that things are kept in. */
export interface RetentionSide {
  /** For messages. */
  readonly name: string
  /** Default: everything is kept. */
  readonly policy?: RetentionPolicy | undefined
  /** `undefined`: it could not be reached, and what it has is not known. */
  readonly items: readonly RetentionItem[] | undefined
}

/** What becomes of one item, and why. */
export interface RetentionDecision {
  readonly item: RetentionItem
  /** Sentences for people; never empty. */
  readonly reasons: readonly string[]
}

/** What becomes of the items of one side. */
export interface RetentionSidePlan {
  readonly name: string
  /** In the order of their series and times, as {@link delete}. */
  readonly keep: readonly RetentionDecision[]
  /** To be deleted in this order: what needs another comes before it. */
  readonly delete: readonly RetentionDecision[]
}

/** What would be deleted, and what not. Plain data: nothing has happened. */
export interface RetentionPlan {
  readonly sides: readonly RetentionSidePlan[]
  /** Why nothing is deleted at all. */
  readonly refused?: string
}

/** What to plan. */
export interface RetentionRequest {
  readonly source: RetentionSide
  readonly destinations: readonly RetentionSide[]
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

/**
 * Decides what is deleted. Pure: a dry run shows the very plan that would be carried out.
 *
 * Whatever the policies say, of each series stay the latest item of each side; the latest that the source has in common with each destination, on both,
 * since the next increment starts from it; and what a kept dump needs. Nothing is deleted anywhere when a side could not be reached: what it has
 * in common with the others is not known.
 */
export function planRetention({ source, destinations, now }: RetentionRequest): RetentionPlan {
  const sides = [source, ...destinations]
  const away = sides.filter(({ items }) => items === undefined).map(({ name }) => name)
  if (away.length > 0) {
    const refused = `${away.join(', ')} could not be reached, so nothing is deleted`
    return {
      sides: sides.map(side => ({ name: side.name, keep: (side.items ?? []).map(item => ({ item, reasons: [refused] })), delete: [] })),
      refused,
    }
  }
  const plans = sides.map(side => new SidePlan(side, now))
  const [first, ...others] = plans as [SidePlan, ...SidePlan[]]
  for (const other of others) keepCommon(first, other)
  for (const plan of plans) plan.keepNeeded()
  return { sides: plans.map(plan => plan.result()) }
}

/** Keeps the latest item of each series that both have, on both. */
function keepCommon(source: SidePlan, destination: SidePlan): void {
  for (const items of source.series.values()) {
    for (const item of [...items].reverse()) {
      const copies = destination.same(item)
      if (copies.length === 0) continue
      source.keep(item, `it is the latest that ${destination.name} has, too`)
      for (const copy of copies) destination.keep(copy, `it is the latest that ${source.name} has, too`)
      break
    }
  }
}

const identities = ({ uuid, receivedUuid }: RetentionItem): readonly string[] => (receivedUuid === undefined ? [uuid] : [uuid, receivedUuid])

class SidePlan {
  readonly name: string
  readonly items: readonly RetentionItem[]
  readonly series = new Map<string, RetentionItem[]>()
  readonly #reasons = new Map<RetentionItem, readonly string[]>()
  readonly #byIdentity = new Map<string, RetentionItem[]>()

  constructor({ name, policy = {}, items = [] }: RetentionSide, now: number) {
    this.name = name
    this.items = [...items].sort(compareItems)
    for (const item of this.items) {
      if (!Number.isFinite(item.time)) throw new TypeError(`the time of ${item.id} is ${item.time}`)
      for (const id of identities(item)) this.#byIdentity.set(id, [...(this.#byIdentity.get(id) ?? []), item])
      if (item.pinned !== undefined) {
        this.keep(item, item.pinned)
        continue
      }
      const known = this.series.get(item.series)
      if (known === undefined) this.series.set(item.series, [item])
      else known.push(item)
    }
    for (const list of this.series.values()) for (const [item, reasons] of applySchedule(list, policy, now)) this.#reasons.set(item, reasons)
  }

  /** What holds the same volume. */
  same(item: RetentionItem): readonly RetentionItem[] {
    return [...new Set(identities(item).flatMap(id => this.#byIdentity.get(id) ?? []))]
  }

  keep(item: RetentionItem, reason: string): void {
    this.#reasons.set(item, [...(this.#reasons.get(item) ?? []), reason])
  }

  /** Keeps what the kept ones cannot be restored without, and what that needs in turn. Of several dumps of a volume all stay. */
  keepNeeded(): void {
    const waiting = [...this.#reasons.keys()]
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      if (item.needs === undefined) continue
      for (const parent of this.#byIdentity.get(item.needs) ?? []) {
        if (this.#reasons.has(parent)) continue
        this.keep(parent, `${item.id} needs it`)
        waiting.push(parent)
      }
    }
  }

  result(): RetentionSidePlan {
    const keep = this.items.flatMap(item => {
      const reasons = this.#reasons.get(item)
      return reasons === undefined ? [] : [{ item, reasons }]
    })
    const others = this.items.filter(item => !this.#reasons.has(item))
    return { name: this.name, keep, delete: childrenFirst(others).map(item => ({ item, reasons: ['nothing keeps it'] })) }
  }
}

/** So that a run that is cut short never leaves something without what it needs. */
function childrenFirst(items: readonly RetentionItem[]): readonly RetentionItem[] {
  const needing = new Map<string, RetentionItem[]>()
  for (const item of items) if (item.needs !== undefined) needing.set(item.needs, [...(needing.get(item.needs) ?? []), item])
  const ordered = new Set<RetentionItem>()
  const begun = new Set<RetentionItem>()
  const visit = (item: RetentionItem): void => {
    if (begun.has(item)) return
    begun.add(item)
    for (const id of identities(item)) for (const child of needing.get(id) ?? []) visit(child)
    ordered.add(item)
  }
  for (const item of items) visit(item)
  return [...ordered]
}

function compareItems(a: RetentionItem, b: RetentionItem): number {
  if (a.series !== b.series) return a.series < b.series ? -1 : 1
  return a.time - b.time || (a.counter ?? 0) - (b.counter ?? 0) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
