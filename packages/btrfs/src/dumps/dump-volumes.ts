import { rawOf } from '../subvolume/raw-text.ts'
import type { SubvolumeDetails } from '../subvolume/subvolume.ts'
import { Chains } from './chains.ts'
import type { Dump } from './read-dumps.ts'

/** A dump as a root lists it, with the dumps that hold the same volume. */
export interface DumpVolume {
  readonly volume: SubvolumeDetails
  /** The best first. */
  readonly dumps: readonly Dump[]
}

/**
 * Volumes of dumps as a root lists them, what starts from another after it. A volume is known by the UUID that its stream has: it is the same as the
 * one that was sent, and as every copy that was received.
 *
 * @param sendable - whether they can be sent from there
 */
export function volumesOf(dumps: readonly Dump[], sendable: boolean): readonly DumpVolume[] {
  const byUuid = new Map<string, Dump[]>()
  for (const dump of dumps) byUuid.set(dump.uuid, [...(byUuid.get(dump.uuid) ?? []), dump])
  const chains = new Chains(dumps)
  const found: DumpVolume[] = []
  const seen = new Set<string>()
  const visit = (uuid: string): void => {
    const all = byUuid.get(uuid)
    if (all === undefined || seen.has(uuid)) return
    seen.add(uuid)
    // A snapshot that was changed and made read-only again has its old UUID: only the last of its states is the volume.
    const latest = Math.max(...all.map(({ ctransid }) => ctransid))
    const same = all.filter(({ ctransid }) => ctransid === latest).sort((a, b) => rank(chains, a) - rank(chains, b))
    const best = same[0] as Dump
    if (best.parentUuid !== undefined) visit(best.parentUuid)
    const path = rawOf(best.path)
    const created = best.record === undefined ? {} : { created: Math.floor(Date.parse(best.record.created) / 1000) * 1000 }
    const { parentUuid, ctransid } = best
    const volume: SubvolumeDetails = {
      uuid,
      ...(parentUuid !== undefined && { parentUuid }),
      receivedUuid: uuid,
      generation: ctransid,
      id: found.length + 1,
      path,
      treePath: path,
      readonly: true,
      sendable,
      ...created,
    }
    found.push({ volume, dumps: same })
  }
  for (const uuid of byUuid.keys()) visit(uuid)
  return found
}

/** How many steps away from nothing it is; what cannot be restored comes last. */
function rank(chains: Chains, dump: Dump): number {
  const chain = chains.to(dump)
  return 'missing' in chain ? Infinity : chain.dumps.length
}
