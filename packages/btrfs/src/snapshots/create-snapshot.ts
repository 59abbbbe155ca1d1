import { isStorageError, StorageError, type AbortOptions } from '@syncline/core'
import type { BtrfsRoot } from '../roots/root.ts'
import type { RawPath, RawText } from '../stream/command.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { directoryOf, nameOf, type Subvolume } from '../subvolume/subvolume.ts'
import { needsSnapshot, type SnapshotMode } from './needs-snapshot.ts'
import { parseSnapshotName, snapshotName } from './snapshot-name.ts'

/** What to make a snapshot of, and when. */
export interface CreateSnapshotOptions extends AbortOptions {
  /** Where it goes, relative to the root. */
  readonly directory: RawPath
  /** What stands before the time in its name; default the name of the subvolume. */
  readonly series?: RawText | undefined
  /** Default `always`. */
  readonly mode?: SnapshotMode | undefined
  /** What each destination has, for `on-demand`; `undefined`: it cannot be reached. */
  readonly destinations?: readonly (readonly Subvolume[] | undefined)[] | undefined
  /** Milliseconds since the Unix epoch; default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Only say what would be done. */
  readonly dryRun?: boolean | undefined
}

/** What was done, or would be. */
export interface CreatedSnapshot {
  readonly made: boolean
  /** A sentence for people. */
  readonly reason: string
  /** Of the snapshot that was or would be made, or that shows the subvolume as it is; `undefined` if there is none. */
  readonly path: RawPath | undefined
}

/** Tries for a name that nobody else takes meanwhile. */
const mostTries = 100

/**
 * Makes a read-only snapshot of a subvolume, if it is called for. Its name tells the time in UTC, and of two in a minute the second gets a counter.
 *
 * @param source - relative to the root
 * @throws StorageError `NOT_FOUND` if there is no such subvolume, `NOT_SUPPORTED` for a root that makes no snapshots
 */
export async function createSnapshot(root: BtrfsRoot, source: RawPath, options: CreateSnapshotOptions): Promise<CreatedSnapshot> {
  const { directory, mode = 'always', destinations = [], now = Date.now, dryRun = false, signal } = options
  if (root.snapshot === undefined) throw new StorageError('NOT_SUPPORTED', `no snapshots can be made in ${root.name}`)
  // What programs have written just now shows in the generation only then.
  if (mode !== 'always') await root.sync?.({ signal })
  const volume = await root.show(source, { signal })
  if (volume === undefined) throw new StorageError('NOT_FOUND', `there is no subvolume ${textOf(source)} in ${root.name}`)
  const series = options.series ?? (nameOf(source) || 'root')
  const time = now()
  const there = await root.list({ signal })
  const snapshots = there.filter(
    ({ path }) => path !== undefined && directoryOf(path) === directory && parseSnapshotName(nameOf(path))?.series === series,
  )
  const { make, reason, current } = needsSnapshot({ mode, source: volume, snapshots, destinations })
  if (!make) return { made: false, reason, path: current?.path }
  const taken = new Set(there.map(({ path }) => path))
  for (let counter = 0; counter < mostTries; counter++) {
    const name = snapshotName({ series, time, counter })
    const path = directory === '' ? name : `${directory}/${name}`
    if (taken.has(path)) continue
    if (dryRun) return { made: false, reason, path }
    if (await makeAt(root, source, path, volume, signal)) return { made: true, reason, path }
  }
  throw new StorageError('ALREADY_EXISTS', `${mostTries} snapshots of ${textOf(source)} have the name ${textOf(snapshotName({ series, time }))}`)
}

/** @returns whether the name was free */
async function makeAt(root: BtrfsRoot, source: RawPath, path: RawPath, volume: Subvolume, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await root.snapshot?.(source, path, { signal })
  } catch (error) {
    signal?.throwIfAborted()
    if (isStorageError(error, 'ALREADY_EXISTS')) return false
    // Somebody else may have taken the name since it was looked at: then another will do.
    const found = await root.show(path, { signal }).catch((cause: unknown) => isStorageError(cause, 'NOT_SUPPORTED'))
    if (found === undefined || found === false) throw error
    return false
  }
  const made = await root.show(path, { signal })
  if (made?.readonly === true && made.parentUuid === volume.uuid) return true
  throw new StorageError('UNKNOWN', `the snapshot ${root.name}/${textOf(path)} was made, but is not a read-only snapshot of ${volume.uuid}`)
}
