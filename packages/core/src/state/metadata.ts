import type { KnownClocks } from '../clocks.ts'
import type { OpenConflict } from '../engine-types.ts'
import type { SyncMode } from '../modes.ts'
import type { SyncStats } from '../progress.ts'
import type { HashName, Json, Path } from '../protocol.ts'
import { stateFormat } from './journal.ts'
import type { TreeSeal } from './tree-reader.ts'
import { xxh32 } from './xxh32.ts'

/** How the last run ended that changed the state. */
export interface LastRun {
  /** Milliseconds since the Unix epoch. */
  readonly start: number
  readonly end: number
  readonly exitCode: number
  readonly stats: SyncStats
}

/** What the state knows beside the trees. Plain data. */
export interface SyncMetadata {
  /** Names of the storages, for messages. */
  readonly source: string
  readonly destination: string
  readonly mode: SyncMode
  /** Digest of the rules: differs when other paths may be visible. */
  readonly filter?: string
  /** Where ignore files were seen, so that the next run knows them before it scans. */
  readonly ignoreFiles?: readonly Path[]
  /** The function of the fingerprints. */
  readonly hash?: HashName
  /** When a whole run last looked at both sides, in milliseconds since the Unix epoch. */
  readonly asOf?: number
  /** What each side's storage found out about its server. @see Learned */
  readonly learned?: { readonly source?: Json; readonly destination?: Json }
  /** What was learned of the clocks of the sides that have one of their own. */
  readonly clocks?: KnownClocks
  readonly lastRun?: LastRun
  /** What waits for a decision. */
  readonly conflicts: readonly OpenConflict[]
}

/** `sync_metadata.json`. */
export interface StoredMetadata {
  readonly format: number
  readonly pair: string
  /** Counts commits that wrote trees. */
  readonly generation: number
  readonly trees: { readonly source: TreeSeal; readonly destination: TreeSeal }
  readonly sync: SyncMetadata
}

/** The metadata as the text of its file: readable JSON with a checksum of everything else in it. */
export function formatMetadata(metadata: StoredMetadata): string {
  const { format, pair, generation, trees, sync } = JSON.parse(JSON.stringify(metadata)) as StoredMetadata
  const plain: StoredMetadata = { format, pair, generation, trees, sync }
  return JSON.stringify({ ...plain, xxh32: checksum(plain) }, undefined, 2) + '\n'
}

function checksum({ format, pair, generation, trees, sync }: StoredMetadata): string {
  return xxh32(JSON.stringify({ format, pair, generation, trees, sync }))
}

/**
 * Reads the text of a metadata file.
 *
 * @returns the metadata; or the number of a newer format; or, in words, why it is damaged
 */
export function parseMetadata(bytes: Uint8Array): StoredMetadata | number | string {
  let stored: StoredMetadata & { readonly xxh32?: unknown }
  try {
    stored = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as typeof stored
  } catch {
    return 'it is no JSON, so it was cut short or changed'
  }
  if (typeof stored !== 'object' || stored === null || !Number.isSafeInteger(stored.format)) return 'it has no format number'
  if (stored.format > stateFormat) return stored.format
  return stored.xxh32 === checksum(stored) ? stored : 'its checksum does not fit its content'
}

/** Whether a commit of `next` over `stored` would tell nothing new. Only when and how long the last run was may differ. */
export function sameMetadata(stored: SyncMetadata, next: SyncMetadata): boolean {
  return comparable(stored) === comparable(next)
}

function comparable({ lastRun, ...rest }: SyncMetadata): string {
  return JSON.stringify([
    Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    lastRun?.exitCode,
  ])
}
