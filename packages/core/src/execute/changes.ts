import { toAncestor, type StateChange } from '../ancestor.ts'
import type { Side } from '../modes.ts'
import type { SyncableEntry } from '../plan.ts'
import type { Path } from '../protocol.ts'

/** The path is the same on both sides: `from` is what was sent, `to` what the target's store made of it. */
export function arrived(path: Path, target: Side, from: SyncableEntry, to: SyncableEntry, hash: string | undefined): StateChange {
  const sent = toAncestor(from.path === path ? from : { ...from, path }, hash)
  const written = toAncestor(to.path === path ? to : { ...to, path }, hash)
  return target === 'destination' ? { path, source: sent, destination: written } : { path, source: written, destination: sent }
}

/** The path leaves the state. */
export function gone(path: Path): StateChange {
  return { path, source: undefined, destination: undefined }
}
