import type { DirectoryEntry, Entry, Path, SymlinkEntry } from './protocol.ts'

/**
 * What one side had at a path after the last sync: a line of the state.
 *
 * Kept per side, because each side is judged only against its own past, never against the other side's clock.
 */
export interface Ancestor {
  readonly path: Path
  readonly kind: 'file' | 'directory' | 'symlink'
  /** Bytes; 0 for what is no file. */
  readonly size: number
  /** Milliseconds since the Unix epoch. */
  readonly modified?: number
  readonly mode?: number
  readonly etag?: string
  readonly id?: string
  /** A fingerprint: the hash function's name, a colon, lower-case hex. */
  readonly hash?: string
  /** Of a symlink. */
  readonly target?: string
}

/** What a finished action makes of the state at one path; `undefined` means that the side has nothing there. Both undefined: the path leaves the state. */
export interface StateChange {
  readonly path: Path
  readonly source: Ancestor | undefined
  readonly destination: Ancestor | undefined
}

/** The ancestor that an entry becomes once it is synced. `hash` is a fingerprint of its content, if one is known. */
export function toAncestor(entry: Exclude<Entry, { kind: 'problem' }>, hash?: string): Ancestor {
  if (entry.kind !== 'file') return toOtherAncestor(entry, hash)
  const { path, size, modified, mode, etag, id } = entry
  const known = hash ?? fingerprintOf(entry.hashes)
  // A literal with everything in it takes half the memory of one that is put together, and a run makes two for each file.
  if (modified !== undefined && mode !== undefined && etag !== undefined && id !== undefined && known !== undefined)
    return { path, kind: 'file', size, modified, mode, etag, id, hash: known }
  return {
    path,
    kind: 'file',
    size,
    ...(modified !== undefined && { modified }),
    ...(mode !== undefined && { mode }),
    ...(etag !== undefined && { etag }),
    ...(id !== undefined && { id }),
    ...(known !== undefined && { hash: known }),
  }
}

function toOtherAncestor(entry: DirectoryEntry | SymlinkEntry, hash: string | undefined): Ancestor {
  return {
    path: entry.path,
    kind: entry.kind,
    size: 0,
    // A directory's time moves with its content and is not synced.
    ...(entry.modified !== undefined && entry.kind !== 'directory' && { modified: entry.modified }),
    ...(entry.mode !== undefined && { mode: entry.mode }),
    ...(hash !== undefined && { hash }),
    ...(entry.kind === 'symlink' && { target: entry.target }),
  }
}

/** The first of an entry's hashes as a fingerprint. */
function fingerprintOf(hashes: Readonly<Partial<Record<string, string>>> | undefined): string | undefined {
  for (const name in hashes) return `${name}:${hashes[name]}`
  return undefined
}
