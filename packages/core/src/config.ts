import type { SyncConfig } from './engine-types.ts'
import {
  parseComparisonMode,
  parseConflictResolution,
  parseInitialSync,
  parseSyncMode,
  type ComparisonMode,
  type ConflictResolution,
  type InitialSync,
  type SyncMode,
} from './modes.ts'

/** A configuration with its defaults, checked. */
export interface ResolvedConfig extends SyncConfig {
  readonly mode: SyncMode
  readonly comparisonMode: ComparisonMode
  readonly toleranceMs: number
  readonly conflictResolution: ConflictResolution
  readonly initialSync: InitialSync
  readonly acceptDestinationChanges: boolean
  readonly forceUpload: boolean
  readonly forceDownload: boolean
  readonly trash: boolean
  readonly allowEmpty: boolean
  readonly fsync: 'auto' | 'always' | 'never'
}

/**
 * Merges configurations, later ones over earlier ones, fills in the defaults and checks every value before anything is touched.
 *
 * @throws TypeError naming the option, what was given and what there is
 */
export function resolveConfig(...layers: readonly SyncConfig[]): ResolvedConfig {
  const merged: SyncConfig = Object.assign({}, ...layers.map(withoutUndefined))
  const mode = parseSyncMode(merged.mode ?? 'two-way')
  const { only } = merged
  const config: ResolvedConfig = {
    ...merged,
    // Read more than once, which not everything that can be iterated allows.
    ...(only !== undefined && { only: [...only] }),
    mode,
    comparisonMode: parseComparisonMode(merged.comparisonMode ?? 'hash-then-mtime'),
    toleranceMs: merged.toleranceMs ?? 2000,
    conflictResolution: parseConflictResolution(merged.conflictResolution ?? 'newest-wins'),
    initialSync: parseInitialSync(merged.initialSync ?? 'merge'),
    acceptDestinationChanges: merged.acceptDestinationChanges ?? false,
    forceUpload: merged.forceUpload ?? false,
    forceDownload: merged.forceDownload ?? false,
    trash: merged.trash ?? true,
    allowEmpty: merged.allowEmpty ?? false,
    fsync: merged.fsync ?? 'auto',
  }
  checkNumbers(config)
  checkForce(config)
  checkMaxDelete(config.maxDelete)
  return config
}

function withoutUndefined(layer: SyncConfig): SyncConfig {
  return Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined))
}

function checkNumbers(config: ResolvedConfig): void {
  const limits: readonly (readonly [string, number | undefined, number])[] = [
    ['toleranceMs', config.toleranceMs, 0],
    ['minSize', config.minSize, 0],
    ['maxSize', config.maxSize, 0],
    ['maxBytes', config.maxBytes, 0],
    ['bandwidth', config.bandwidth, 1],
    ['attempts', config.attempts, 1],
    ['concurrency.transfers', config.concurrency?.transfers, 1],
    ['concurrency.operations', config.concurrency?.operations, 1],
  ]
  for (const [name, value, least] of limits) {
    if (value !== undefined && !(typeof value === 'number' && value >= least))
      throw new TypeError(`${name} must be a number of at least ${least}, got ${String(value)}`)
  }
}

function checkForce({ forceUpload, forceDownload, mode }: ResolvedConfig): void {
  if (forceUpload && forceDownload) throw new TypeError('forceUpload and forceDownload exclude each other')
  if (forceUpload && (mode === 'destination-to-source' || mode === 'destination-backup'))
    throw new TypeError(`forceUpload cannot be used with the mode ${mode}, which never uploads`)
  if (forceDownload && (mode === 'source-to-destination' || mode === 'source-backup'))
    throw new TypeError(`forceDownload cannot be used with the mode ${mode}, which never downloads`)
}

function checkMaxDelete(limit: SyncConfig['maxDelete']): void {
  const valid = limit === undefined || (typeof limit === 'number' ? limit >= 0 : limit.share >= 0 && limit.share <= 1 && (limit.of ?? 0) >= 0)
  if (!valid) throw new TypeError(`maxDelete must be a count or a share between 0 and 1, got ${JSON.stringify(limit)}`)
}
