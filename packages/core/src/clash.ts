import { decideConflict } from './conflict.ts'
import type { PlannerOptions } from './decisions.ts'
import type { ModeRow } from './mode-table.ts'
import { otherSide, type Side, type SyncMode } from './modes.ts'
import { SyncAction, type PlanItem, type SyncableEntry } from './plan.ts'
import { isHidden, isProblem, type Site } from './site.ts'

/** What a directory holds that would be lost with it: nothing, changes that a policy may give up, or what nobody may touch. */
export type Survivors = 'none' | 'changed' | 'fixed'

/** A leaf on one side against a directory on the other, with all that decides between them. */
export interface Clash {
  readonly site: Site
  /** What the table says of the path alone. */
  readonly row: ModeRow
  /** The side that has the directory. */
  readonly directory: Side
  readonly survivors: Survivors
  readonly options: Pick<PlannerOptions, 'mode' | 'comparison' | 'toleranceMs' | 'policy' | 'initialSync' | 'firstContact'>
  /** Asks the conflict handler. */
  readonly ask: (reason: string) => Promise<Side | 'both' | undefined>
}

/** Who wins a clash. `both`: the leaf takes a new name; no winner: it stays open, and nothing at or below the path is touched. */
export interface ClashDecision {
  readonly winner: Side | 'both' | undefined
  readonly resolved: PlanItem['resolved'] | undefined
  /** Why it is a conflict, in words. */
  readonly reason: string
}

/** Whether a path holds what nobody may touch: something hidden, or something that could not be read. */
export function isFixed(site: Site): boolean {
  return isHidden(site.source) || isHidden(site.destination) || isProblem(site.source) || isProblem(site.destination) || site.ambiguous !== undefined
}

/**
 * Decides a leaf against a directory. A directory goes only if nothing in it was changed, unless the policy gives the changes up; it never
 * goes with what nobody may touch, and never in a mode that does not delete on its side.
 */
export async function decideClash(clash: Clash): Promise<ClashDecision> {
  const { row, directory, survivors, options } = clash
  const leaf = otherSide(directory)
  const byTable: Side | undefined =
    row.outcome === SyncAction.UPLOAD_UPDATE ? 'source' : row.outcome === SyncAction.DOWNLOAD_UPDATE ? 'destination' : undefined
  const isClean = byTable === directory || (byTable === leaf && survivors === 'none')
  const { winner, resolved } = isClean ? { winner: byTable, resolved: undefined } : await decideByPolicy(clash)
  const reason = `${whatIsWhere(clash)}${whatItHolds[survivors]}`
  if (winner === leaf && (survivors === 'fixed' || !mayDelete(options.mode, directory))) return { winner: undefined, resolved: undefined, reason }
  return { winner, resolved, reason }
}

const whatItHolds: Readonly<Record<Survivors, string>> = {
  none: '',
  changed: ', and the directory holds changes',
  fixed: ', and the directory holds what cannot be touched',
}

function whatIsWhere({ site, directory }: Pick<Clash, 'site' | 'directory'>): string {
  const leaf = otherSide(directory)
  return `a directory at the ${directory}, a ${site[leaf]?.kind} at the ${leaf}`
}

async function decideByPolicy(clash: Clash): Promise<Pick<ClashDecision, 'winner' | 'resolved'>> {
  const { site, row, options, ask } = clash
  // A one-way mode has its winner; what a backup never deletes, and what nobody may touch, still stands in its way.
  if (options.mode !== 'two-way') return { winner: undefined, resolved: undefined }
  const { comparison, toleranceMs, policy, initialSync, firstContact } = options
  const decision = decideConflict({
    source: site.source as SyncableEntry,
    destination: site.destination as SyncableEntry,
    comparison,
    toleranceMs,
    policy,
    initialSync: row.outcome === 'FIRST_CONTACT' && firstContact ? initialSync : undefined,
  })
  const isAsked = policy === 'manual' && decision.by !== 'initial-sync'
  const winner = isAsked ? await ask(whatIsWhere(clash)) : decision.winner
  return { winner, resolved: winner === undefined ? undefined : { by: decision.by, winner } }
}

/** Modes that never delete on a side cannot put a leaf in a directory's place there. */
function mayDelete(mode: SyncMode, side: Side): boolean {
  return mode === 'two-way' || (side === 'destination' ? mode === 'source-to-destination' : mode === 'destination-to-source')
}
