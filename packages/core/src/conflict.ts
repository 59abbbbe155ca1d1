import { duration } from './compare.ts'
import { baseName, joinPath, parentPath } from './path.ts'
import type { ComparisonMode, ConflictResolution, InitialSync, Side } from './modes.ts'
import type { SyncableEntry } from './plan.ts'
import type { Path } from './protocol.ts'

/** Who wins a conflict; undefined: it stays open. */
export interface ConflictDecision {
  readonly winner: Side | 'both' | undefined
  readonly by: ConflictResolution | 'initial-sync'
  /** Why, in words. */
  readonly reason: string
}

/** What a conflict is decided from. */
export interface ConflictFacts {
  readonly source: SyncableEntry
  readonly destination: SyncableEntry
  readonly comparison: ComparisonMode
  readonly toleranceMs: number
  readonly policy: ConflictResolution
  /** The policy at first contact, if this is one. */
  readonly initialSync?: InitialSync | undefined
  /** What is known to be wrong with the clocks. */
  readonly clockDoubt?: ClockDoubt | undefined
}

/** A clock that is wrong: times of the two sides say nothing where they are closer than that. */
export interface ClockDoubt {
  /** Of the storage with the worse clock, for the message. */
  readonly name: string
  /** Milliseconds that it is ahead of ours. */
  readonly offsetMs: number
  /** Milliseconds that times may be apart by the clocks alone. */
  readonly withinMs: number
}

/** Decides by policy. Pure. `manual` always leaves it open: the handler is asked by the planner. */
export function decideConflict(facts: ConflictFacts): ConflictDecision {
  if (facts.initialSync === 'source-wins') return { winner: 'source', by: 'initial-sync', reason: 'the source wins at first contact' }
  if (facts.initialSync === 'destination-wins') return { winner: 'destination', by: 'initial-sync', reason: 'the destination wins at first contact' }
  switch (facts.policy) {
    case 'source-wins':
      return { winner: 'source', by: facts.policy, reason: 'the source wins' }
    case 'destination-wins':
      return { winner: 'destination', by: facts.policy, reason: 'the destination wins' }
    case 'keep-both':
      return { winner: 'both', by: facts.policy, reason: 'both are kept' }
    case 'manual':
      return { winner: undefined, by: facts.policy, reason: 'waits for a decision' }
    case 'newest-wins':
      return decideByTime(facts)
  }
}

function decideByTime({ source, destination, comparison, toleranceMs, policy, clockDoubt }: ConflictFacts): ConflictDecision {
  const open = (reason: string): ConflictDecision => ({ winner: undefined, by: policy, reason })
  if (comparison === 'size-only' || comparison === 'hash-only')
    return open(`${comparison} declares modification times unreliable, so the newest is not known`)
  if (source.kind === 'directory' || destination.kind === 'directory') return open('a directory has no time that tells which is newer')
  if (source.modified === undefined || destination.modified === undefined)
    return open(`no modification time at the ${source.modified === undefined ? 'source' : 'destination'}`)
  const apart = source.modified - destination.modified
  if (Math.abs(apart) <= toleranceMs) return open(`both were modified within ${toleranceMs} ms of each other`)
  if (clockDoubt !== undefined && clockDoubt.withinMs > toleranceMs && Math.abs(apart) <= clockDoubt.withinMs) {
    const how = `${duration(Math.abs(clockDoubt.offsetMs))} ${clockDoubt.offsetMs > 0 ? 'ahead' : 'behind'}`
    return open(`the clock of ${clockDoubt.name} is ${how}, and they are ${duration(Math.abs(apart))} apart, so the newest is not known`)
  }
  const winner = apart > 0 ? 'source' : 'destination'
  return { winner, by: policy, reason: `the ${winner} is ${duration(Math.abs(apart))} newer` }
}

/**
 * The name of a conflict copy: `name (conflict destination 2026-11-20 10.31.05).ext`, in UTC, with the losing side in it.
 * Names that `taken` refuses get a number.
 */
export function conflictCopyPath(path: Path, loser: Side, time: number, taken: (path: Path) => boolean): Path {
  const name = baseName(path)
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const [date, clock] = new Date(time).toISOString().split('T') as [string, string]
  const label = `conflict ${loser} ${date} ${clock.slice(0, 8).replaceAll(':', '.')}`
  for (let n = 1; ; n++) {
    const candidate = joinPath(parentPath(path), `${stem} (${label}${n === 1 ? '' : ` ${n}`})${extension}`)
    if (!taken(candidate)) return candidate
  }
}
