import { toAncestor, type Ancestor } from './ancestor.ts'
import type { Joined } from './merge-join.ts'
import type { Side } from './modes.ts'
import type { SyncableEntry } from './plan.ts'
import type { Entry, Path } from './protocol.ts'
import type { ScannedEntry } from './scan.ts'

/** What the join yields for a sync: source, destination, and what each had at the last sync, in this order. */
export type SyncRow = Joined<ScannedEntry | Ancestor>

/** The four views of one path. */
export interface Site {
  readonly path: Path
  readonly source: ScannedEntry | undefined
  readonly destination: ScannedEntry | undefined
  readonly sourceAncestor: Ancestor | undefined
  readonly destinationAncestor: Ancestor | undefined
  /** A side that has a leaf and a directory of this name. */
  readonly ambiguous?: Side
}

/** Both sides, for what is done to each. */
export const sides: readonly Side[] = ['source', 'destination']

/** What the state has of an entry that has not changed, but for its hash. */
export function remember(entry: ScannedEntry | Ancestor): ScannedEntry | Ancestor {
  return toAncestor(entry as SyncableEntry)
}

/** A joined row as four views. */
export function toSite({ path, entries, clash, same }: SyncRow): Site {
  // By index: for a row of four, destructuring costs more than all the rest.
  const source = entries[0] as ScannedEntry | undefined
  const destination = entries[1] as ScannedEntry | undefined
  const sourceAncestor = (same === true ? remember(source as SyncableEntry) : entries[2]) as Ancestor | undefined
  const destinationAncestor = (same === true ? remember(destination as SyncableEntry) : entries[3]) as Ancestor | undefined
  const ambiguous: Side | undefined =
    clash === undefined ? undefined : clash[0] !== undefined ? 'source' : clash[1] !== undefined ? 'destination' : undefined
  return ambiguous === undefined
    ? { path, source, destination, sourceAncestor, destinationAncestor }
    : { path, source, destination, sourceAncestor, destinationAncestor, ambiguous }
}

/** What the state knows of one side. */
export function ancestorOf(site: Site, side: Side): Ancestor | undefined {
  return side === 'source' ? site.sourceAncestor : site.destinationAncestor
}

/** Whether the state knows the path. */
export function isKnown(site: Site): boolean {
  return site.sourceAncestor !== undefined && site.destinationAncestor !== undefined
}

export function isProblem(entry: ScannedEntry | undefined): entry is Extract<Entry, { kind: 'problem' }> {
  return entry?.kind === 'problem'
}

export function isHidden(entry: ScannedEntry | undefined): entry is Extract<ScannedEntry, { kind: 'hidden' }> {
  return entry?.kind === 'hidden'
}

export function isDirectory(entry: ScannedEntry | undefined): boolean {
  return entry?.kind === 'directory'
}

/** Whether a side's listing has another size than its state under the same etag. */
export function contradictsItself(site: Site, side: Side): boolean {
  const [entry, ancestor] = [site[side], ancestorOf(site, side)]
  return (
    entry?.kind === 'file' && ancestor?.kind === 'file' && entry.etag !== undefined && entry.etag === ancestor.etag && entry.size !== ancestor.size
  )
}
