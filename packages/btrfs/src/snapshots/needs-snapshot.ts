import type { Subvolume } from '../subvolume/subvolume.ts'

/**
 * When a snapshot is made: `always`; `on-change`, when the volume has changed since the last one; `on-demand`, when it has, and there is a destination
 * that can be reached and so lacks it.
 */
export type SnapshotMode = 'always' | 'on-change' | 'on-demand'

/** What is known when it is to be decided. */
export interface SnapshotSituation {
  readonly mode: SnapshotMode
  readonly source: Subvolume
  /** Snapshots of the series that may be the last. */
  readonly snapshots: readonly Subvolume[]
  /** What each destination has; `undefined`: it cannot be reached. */
  readonly destinations: readonly (readonly Subvolume[] | undefined)[]
}

/** Whether a snapshot is made, and why. */
export interface SnapshotDecision {
  readonly make: boolean
  /** A sentence for people. */
  readonly reason: string
  /** The last one, if it still shows the volume as it is. */
  readonly current?: Subvolume
}

/**
 * Decides whether a snapshot is made. Pure.
 *
 * A volume has changed when its generation is not the one in which the last snapshot was made: making one leaves both the same. When in doubt it has
 * changed.
 */
export function needsSnapshot({ mode, source, snapshots, destinations }: SnapshotSituation): SnapshotDecision {
  if (mode === 'always') return { make: true, reason: 'a snapshot is made always' }
  if (mode === 'on-demand' && !destinations.some(volumes => volumes !== undefined)) return { make: false, reason: 'no destination can be reached' }
  const own = snapshots.filter(({ parentUuid, readonly }) => readonly && parentUuid === source.uuid)
  const last = own.reduce<Subvolume | undefined>((a, b) => ((a?.createdGeneration ?? -1) > (b.createdGeneration ?? -1) ? a : b), undefined)
  if (last === undefined) return { make: true, reason: 'there is none yet' }
  if (source.generation === undefined || source.generation !== last.createdGeneration)
    return { make: true, reason: 'it has changed since the last one' }
  return { make: false, reason: 'it has not changed since the last one', current: last }
}
