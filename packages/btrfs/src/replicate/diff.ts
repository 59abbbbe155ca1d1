import type { Subvolume } from '../subvolume/subvolume.ts'
import { CowTree, type CowVolume } from './cow-tree.ts'

/** What makes two subvolumes equal: any of these values that is there and the same. */
export type KeyFunction = (volume: Subvolume) => string | null | undefined

/** The UUID and the received UUID. */
export const defaultKeys: readonly KeyFunction[] = [({ uuid }) => uuid, ({ receivedUuid }) => receivedUuid]

/** For UUIDs of one side what is equal to them on the other. */
export type Matches = ReadonlyMap<string, readonly CowVolume[]>

/**
 * Finds which volumes are equal on two sides, over all that comes from the given roots. Names and paths play no role.
 *
 * @returns for each volume of the first side that has any, its equals on the second
 */
export function matchVolumes(
  ours: readonly CowVolume[],
  theirs: readonly CowVolume[],
  ourKeys: readonly KeyFunction[],
  theirKeys: readonly KeyFunction[],
): Matches {
  const byKey = new Map<string, Set<CowVolume>>()
  for (const volume of reachable(theirs)) {
    for (const value of valuesOf(volume, theirKeys)) {
      const known = byKey.get(value)
      if (known === undefined) byKey.set(value, new Set([volume]))
      else known.add(volume)
    }
  }
  const matches = new Map<string, readonly CowVolume[]>()
  for (const volume of reachable(ours)) {
    const equal = new Set(valuesOf(volume, ourKeys).flatMap(value => [...(byKey.get(value) ?? [])]))
    if (equal.size > 0) matches.set(volume.uuid, [...equal])
  }
  return matches
}

/**
 * Received UUIDs that say nothing: a subvolume that can be written to has them too, because it was made so by force, and every snapshot of it inherits
 * them, whatever was written in between.
 */
export function doubtfulReceived(volumes: readonly Subvolume[]): ReadonlySet<string> {
  return new Set(volumes.flatMap(({ readonly, receivedUuid }) => (readonly || receivedUuid === undefined ? [] : [receivedUuid])))
}

function* reachable(roots: readonly CowVolume[]): Generator<CowVolume, void, undefined> {
  for (const group of CowTree.bfs(roots)) yield* group
}

function valuesOf(volume: CowVolume, keys: readonly KeyFunction[]): readonly string[] {
  return keys.flatMap(key => key(volume) ?? [])
}
