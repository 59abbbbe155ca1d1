import { toAncestor, type Ancestor } from './ancestor.ts'
import { metadataSince } from './change.ts'
import type { Fingerprint } from './fingerprint.ts'
import { otherSide, type ComparisonMode, type Side } from './modes.ts'
import { SyncAction, type PlanItem, type PlanPhase, type SyncableEntry } from './plan.ts'
import type { Entry, Path } from './protocol.ts'
import type { Site } from './site.ts'

type Resolved = NonNullable<PlanItem['resolved']>

/** The action that writes to a side what the other one has. */
export function writeTo(side: Side, isNew = false): SyncAction {
  if (side === 'destination') return isNew ? SyncAction.UPLOAD_NEW : SyncAction.UPLOAD_UPDATE
  return isNew ? SyncAction.DOWNLOAD_NEW : SyncAction.DOWNLOAD_UPDATE
}

/** The action that deletes on a side. */
function deletionOn(side: Side): SyncAction {
  return side === 'source' ? SyncAction.DELETE_SOURCE : SyncAction.DELETE_DESTINATION
}

/** The action that renames on a side. */
function renameOn(side: Side): SyncAction {
  return side === 'source' ? SyncAction.RENAME_SOURCE : SyncAction.RENAME_DESTINATION
}

/** Whether an outcome deletes. */
export function isDeletion(outcome: string): boolean {
  return outcome === SyncAction.DELETE_SOURCE || outcome === SyncAction.DELETE_DESTINATION
}

export interface TransferDetails {
  readonly trash?: boolean
  readonly hash?: Fingerprint | undefined
  readonly resolved?: Resolved | undefined
  /** This side's old kind is removed by an item of its own first, so nothing is there when this one runs. */
  readonly cleared?: Side
}

/** An entry goes to the other side. */
export function transferItem(site: Site, action: SyncAction, reason: string, details: TransferDetails = {}): PlanItem {
  const entry = site[action.startsWith('UPLOAD') ? 'source' : 'destination'] as SyncableEntry
  const { source, destination } = viewOf(site, details.cleared)
  const phase = entry.kind === 'directory' ? 'directory' : 'transfer'
  const item: PlanItem = { action, path: site.path, from: null, kind: entry.kind, phase, size: sizeOf(entry), reason, source, destination }
  // Most items of a first sync are no more than that, and there may be a million of them.
  if (details.hash === undefined && details.trash !== true && details.resolved === undefined) return item
  return {
    ...item,
    ...(details.hash !== undefined && { hash: details.hash }),
    ...(details.trash === true && { trash: true as const }),
    ...(details.resolved !== undefined && { resolved: details.resolved }),
  }
}

/** What a side has goes. `cleared`: it makes room for the other side's entry, which is no copy of it. */
export function deletionItem(
  site: Site,
  side: Side,
  phase: PlanPhase,
  reason: string,
  details: { readonly trash: boolean; readonly clears?: boolean },
): PlanItem {
  return {
    action: deletionOn(side),
    path: site.path,
    from: null,
    kind: (site[side] as SyncableEntry).kind,
    phase,
    size: 0,
    reason,
    ...viewOf(site, details.clears === true ? otherSide(side) : undefined),
    ...(details.trash && { trash: true as const }),
  }
}

/** A conflict that waits for a decision. */
export function conflictItem(site: Site, reason: string): PlanItem {
  const [source, destination] = [site.source as SyncableEntry, site.destination as SyncableEntry]
  const kind = source.kind === 'directory' ? destination.kind : source.kind
  return { action: SyncAction.CONFLICT, path: site.path, from: null, kind, phase: 'none', size: 0, reason, source, destination }
}

/** The loser takes a new name on its side, and each side gets what it lacks. */
export function keepBothItems(site: Site, loser: Side, copy: Path, reason: string, resolved: Resolved): PlanItem[] {
  const winner = otherSide(loser)
  const [lost, won] = [site[loser] as SyncableEntry, site[winner] as SyncableEntry]
  const view = (side: Side, entry: Entry): Pick<PlanItem, 'source' | 'destination'> => ({
    source: side === 'source' ? entry : null,
    destination: side === 'destination' ? entry : null,
  })
  const common = { reason, resolved } as const
  return [
    { ...common, action: renameOn(loser), path: copy, from: site.path, kind: lost.kind, phase: 'rename', size: 0, ...view(loser, lost) },
    {
      ...common,
      action: writeTo(loser),
      path: site.path,
      from: null,
      kind: won.kind,
      phase: won.kind === 'directory' ? 'directory' : 'transfer',
      size: sizeOf(won),
      ...view(winner, won),
    },
    // The rename moves the change time, so the copy is recognised by size and time alone.
    {
      ...common,
      action: writeTo(winner, true),
      path: copy,
      from: null,
      kind: lost.kind,
      phase: 'transfer',
      size: sizeOf(lost),
      ...view(loser, withoutIdentity(lost, copy)),
    },
  ]
}

/** What carrying over a time or permissions depends on. */
export interface MetadataAbilities {
  readonly mayWrite: (side: Side) => boolean
  readonly comparison: ComparisonMode
  readonly sets: Readonly<Record<Side, { readonly setsModified: boolean; readonly setsMode: boolean }>>
}

/** Content agrees: an item for a time or permissions that one side changed. `undefined` if there is nothing to carry or nobody to take it. */
export function metadataItem(
  site: Site,
  source: SyncableEntry,
  destination: SyncableEntry,
  hash: Fingerprint | undefined,
  abilities: MetadataAbilities,
): PlanItem | undefined {
  const { sourceAncestor, destinationAncestor } = site
  if (sourceAncestor === undefined || destinationAncestor === undefined || source.kind !== destination.kind || source.kind === 'symlink')
    return undefined
  const ours = metadataSince(sourceAncestor, source)
  const theirs = metadataSince(destinationAncestor, destination)
  if ((ours.modified || ours.mode) === (theirs.modified || theirs.mode)) return undefined
  const from: Side = ours.modified || ours.mode ? 'source' : 'destination'
  const to = otherSide(from)
  if (!abilities.mayWrite(to)) return undefined
  const change = from === 'source' ? ours : theirs
  // Equal sizes prove no equal content: with its time carried over, a file that was edited would look like the other one in every other mode too.
  const time = change.modified && abilities.sets[to].setsModified && abilities.comparison !== 'size-only'
  const mode = change.mode && abilities.sets[to].setsMode && (to === 'source' ? source : destination).mode !== undefined
  if (!time && !mode) return undefined
  const known = hash ?? sourceAncestor.hash
  return {
    action: writeTo(to),
    path: site.path,
    from: null,
    kind: source.kind,
    phase: source.kind === 'directory' ? 'directory' : 'transfer',
    size: 0,
    reason: `${[time && 'time', mode && 'permissions'].filter(Boolean).join(' and ')} changed at the ${from}, same content`,
    source,
    destination,
    metadata: true,
    ...(known !== undefined && { hash: known }),
  }
}

/** The records of a path on which both sides agree; `undefined` if the state knows them already. */
export function settledRecords(
  site: Site,
  hashes: Readonly<Record<Side, Fingerprint | undefined>>,
): { readonly path: Path; readonly source: Ancestor; readonly destination: Ancestor } | undefined {
  const source = toAncestor(site.source as SyncableEntry, hashes.source)
  const destination = toAncestor(site.destination as SyncableEntry, hashes.destination)
  if (sameRecord(source, site.sourceAncestor) && sameRecord(destination, site.destinationAncestor)) return undefined
  return { path: site.path, source, destination }
}

/** Whether two records of a path say the same. */
function sameRecord(a: Ancestor, b: Ancestor | undefined): boolean {
  return (
    b !== undefined &&
    a.kind === b.kind &&
    a.size === b.size &&
    a.mode === b.mode &&
    a.etag === b.etag &&
    a.id === b.id &&
    a.hash === b.hash &&
    a.target === b.target &&
    (a.modified === b.modified || (a.modified !== undefined && b.modified !== undefined && Math.abs(a.modified - b.modified) < 0.001))
  )
}

/** What both sides have, as the item's run will check it. */
function viewOf(site: Site, absent: Side | undefined): Pick<PlanItem, 'source' | 'destination'> {
  const entryOf = (side: Side): Entry | null => (side === absent ? null : ((site[side] ?? null) as Entry | null))
  return { source: entryOf('source'), destination: entryOf('destination') }
}

function sizeOf(entry: SyncableEntry): number {
  return entry.kind === 'file' ? entry.size : 0
}

function withoutIdentity(entry: SyncableEntry, path: Path): SyncableEntry {
  if (entry.kind !== 'file') return { ...entry, path }
  const { etag: _etag, hashes: _hashes, ...rest } = entry
  return { ...rest, path }
}
