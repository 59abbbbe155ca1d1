import type { Entry, Path } from './protocol.ts'

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
  const known = hash ?? (entry.kind === 'file' ? fingerprintOf(entry.hashes) : undefined)
  return {
    path: entry.path,
    kind: entry.kind,
    size: entry.kind === 'file' ? entry.size : 0,
    // A directory's time moves with its content and is not synced.
    ...(entry.modified !== undefined && entry.kind !== 'directory' && { modified: entry.modified }),
    ...(entry.mode !== undefined && { mode: entry.mode }),
    ...(entry.kind === 'file' && entry.etag !== undefined && { etag: entry.etag }),
    ...(entry.kind === 'file' && entry.id !== undefined && { id: entry.id }),
    ...(known !== undefined && { hash: known }),
    ...(entry.kind === 'symlink' && { target: entry.target }),
  }
}

/** The first of an entry's hashes as a fingerprint. */
function fingerprintOf(hashes: Readonly<Partial<Record<string, string>>> | undefined): string | undefined {
  for (const name in hashes) return `${name}:${hashes[name]}`
  return undefined
}
