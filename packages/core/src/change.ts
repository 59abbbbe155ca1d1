import type { Ancestor } from './ancestor.ts'
import type { ComparisonMode } from './modes.ts'
import type { SyncableEntry } from './plan.ts'

/** What became of an entry since the last sync; `doubtful`: size and perhaps time are the same, but its content may differ, and only a hash can tell. */
export type Change = 'same' | 'modified' | 'doubtful'

/** Milliseconds: times of one store are the same if they agree to the microsecond, which is what a float of seconds in the state can hold. */
const sameTimeMs = 0.001

/**
 * Judges an entry against its own side's ancestor, never against the other side.
 *
 * An equal etag proves equal content. A different one leaves a doubt that a hash can settle: a change of permissions, a restored file.
 * The etag holds the change time where there is one, so an edit that keeps size and modification time is noticed.
 */
export function changeSince(ancestor: Ancestor, entry: SyncableEntry, comparison: ComparisonMode): Change {
  if (ancestor.kind !== entry.kind) return 'modified'
  if (entry.kind === 'directory') return 'same'
  if (entry.kind === 'symlink') return ancestor.target === entry.target ? 'same' : 'modified'
  if (ancestor.size !== entry.size) return 'modified'
  if (comparison === 'size-only') return 'same'
  const sameTime = haveSameTime(ancestor, entry)
  if (comparison === 'mtime-only' || comparison === 'size-and-mtime') {
    // These modes declare the time to be the evidence; without one only the etag is left.
    if (sameTime !== undefined) return sameTime ? 'same' : 'modified'
    return ancestor.etag !== undefined && ancestor.etag === entry.etag ? 'same' : 'modified'
  }
  if (ancestor.etag !== undefined && entry.etag !== undefined) return ancestor.etag === entry.etag ? 'same' : 'doubtful'
  return sameTime === true ? 'same' : 'doubtful'
}

/** Whether both have a time and it is the same; `undefined` if one has none. */
function haveSameTime(ancestor: Ancestor, entry: SyncableEntry): boolean | undefined {
  if (ancestor.modified === undefined || entry.modified === undefined) return undefined
  return Math.abs(ancestor.modified - entry.modified) < sameTimeMs
}

/** What changed beside the content, and can be carried over alone. */
export interface MetadataChange {
  readonly modified: boolean
  readonly mode: boolean
}

/** Times and permissions against the side's own ancestor. */
export function metadataSince(ancestor: Ancestor, entry: SyncableEntry): MetadataChange {
  return {
    modified: entry.kind !== 'directory' && haveSameTime(ancestor, entry) === false,
    mode: entry.kind !== 'symlink' && ancestor.mode !== undefined && entry.mode !== undefined && ancestor.mode !== entry.mode,
  }
}
