/** Which way changes may go. The words are the ones of the options and of the state. */
export const SyncMode = {
  TWO_WAY: 'two-way',
  SOURCE_TO_DESTINATION: 'source-to-destination',
  SOURCE_BACKUP: 'source-backup',
  DESTINATION_TO_SOURCE: 'destination-to-source',
  DESTINATION_BACKUP: 'destination-backup',
} as const
export type SyncMode = (typeof SyncMode)[keyof typeof SyncMode]

/** When two files count as the same. */
export const ComparisonMode = {
  HASH_THEN_MTIME: 'hash-then-mtime',
  SIZE_ONLY: 'size-only',
  HASH_ONLY: 'hash-only',
  MTIME_ONLY: 'mtime-only',
  SIZE_AND_MTIME: 'size-and-mtime',
} as const
export type ComparisonMode = (typeof ComparisonMode)[keyof typeof ComparisonMode]

/** What happens to a path that both sides changed differently. */
export const ConflictResolution = {
  NEWEST_WINS: 'newest-wins',
  SOURCE_WINS: 'source-wins',
  DESTINATION_WINS: 'destination-wins',
  KEEP_BOTH: 'keep-both',
  MANUAL: 'manual',
} as const
export type ConflictResolution = (typeof ConflictResolution)[keyof typeof ConflictResolution]

/** What happens at first contact to a path that both sides have and that differs. */
export const InitialSync = {
  MERGE: 'merge',
  SOURCE_WINS: 'source-wins',
  DESTINATION_WINS: 'destination-wins',
} as const
export type InitialSync = (typeof InitialSync)[keyof typeof InitialSync]

/** What happens to symbolic links. */
export const SymlinkMode = { KEEP: 'keep', FOLLOW: 'follow', SKIP: 'skip' } as const
export type SymlinkMode = (typeof SymlinkMode)[keyof typeof SymlinkMode]

/** One of the two places of a pair. */
export type Side = 'source' | 'destination'

/** The side across. */
export function otherSide(side: Side): Side {
  return side === 'source' ? 'destination' : 'source'
}

const modeAliases: Readonly<Record<string, SyncMode>> = {
  twoway: 'two-way',
  tw: 'two-way',
  sourcetodestination: 'source-to-destination',
  std: 'source-to-destination',
  ltc: 'source-to-destination',
  localtocloud: 'source-to-destination',
  mirror: 'source-to-destination',
  sourcebackup: 'source-backup',
  sb: 'source-backup',
  lb: 'source-backup',
  localbackup: 'source-backup',
  backup: 'source-backup',
  destinationtosource: 'destination-to-source',
  dts: 'destination-to-source',
  ctl: 'destination-to-source',
  cloudtolocal: 'destination-to-source',
  destinationbackup: 'destination-backup',
  db: 'destination-backup',
  cb: 'destination-backup',
  cloudbackup: 'destination-backup',
}

/**
 * Reads a mode as people write it: any case, with `-`, `_` or nothing between words, and the short names `tw`, `std`, `sb`, `dts`, `db`.
 *
 * @throws TypeError naming the modes there are
 */
export function parseSyncMode(text: string): SyncMode {
  return parseWord(text, 'sync mode', SyncMode, modeAliases)
}

/** As {@link parseSyncMode}, for comparison modes. */
export function parseComparisonMode(text: string): ComparisonMode {
  return parseWord(text, 'comparison mode', ComparisonMode)
}

/** As {@link parseSyncMode}, for conflict policies. */
export function parseConflictResolution(text: string): ConflictResolution {
  return parseWord(text, 'conflict resolution', ConflictResolution)
}

/** As {@link parseSyncMode}, for the policy at first contact. */
export function parseInitialSync(text: string): InitialSync {
  return parseWord(text, 'initial sync policy', InitialSync)
}

/** As {@link parseSyncMode}, for symbolic links. */
export function parseSymlinkMode(text: string): SymlinkMode {
  return parseWord(text, 'symlink mode', SymlinkMode)
}

function parseWord<T extends string>(text: string, what: string, words: Readonly<Record<string, T>>, aliases: Readonly<Record<string, T>> = {}): T {
  const plain = text.toLowerCase().replace(/[-_\s]/g, '')
  const all = Object.values(words)
  const found = all.find(word => word.replace(/-/g, '') === plain) ?? (Object.hasOwn(aliases, plain) ? aliases[plain] : undefined)
  if (found === undefined) throw new TypeError(`unknown ${what} ${JSON.stringify(text)}; use one of: ${all.join(', ')}`)
  return found
}
