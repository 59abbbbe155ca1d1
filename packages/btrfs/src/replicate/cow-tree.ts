import type { RawPath } from '../stream/command.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'

/** A subvolume with what it came from by copy on write, and what came from it. As JSON it is the subvolume alone. */
export class CowVolume implements Subvolume {
  readonly uuid: string
  readonly parentUuid: string | undefined
  readonly receivedUuid: string | undefined
  readonly generation: number | undefined
  readonly createdGeneration: number | undefined
  readonly id: number | undefined
  readonly path: RawPath | undefined
  readonly readonly: boolean
  readonly sendable: boolean
  readonly unfinished: true | undefined
  readonly problem: string | undefined
  readonly #parent: CowVolume | undefined
  readonly #successors: CowVolume[] = []

  constructor(volume: Subvolume, parent: CowVolume | undefined) {
    this.uuid = volume.uuid
    this.parentUuid = volume.parentUuid
    this.receivedUuid = volume.receivedUuid
    this.generation = volume.generation
    this.createdGeneration = volume.createdGeneration
    this.id = volume.id
    this.path = volume.path
    this.readonly = volume.readonly
    this.sendable = volume.sendable
    this.unfinished = volume.unfinished
    this.problem = volume.problem
    this.#parent = parent
    if (parent !== undefined) parent.#successors.push(this)
  }

  /** The nearest that it came from, of those that count; what does not count is seen through. */
  get parent(): CowVolume | undefined {
    return this.#parent
  }

  /** Those that it is the parent of, in the order in which they were made. */
  get successors(): readonly CowVolume[] {
    return this.#successors
  }
}

/**
 * The subvolumes of a file system, as what came from what by copy on write.
 *
 * Only volumes that count have a place in it: read-only ones usually. The parent of a volume is, in this order: what it is a snapshot of, if that counts;
 * the latest earlier snapshot of the same that counts; the parent of what it is a snapshot of. So the snapshots of a directory in use form a chain, also
 * when that is deleted, and changes are small from link to link.
 */
export class CowTree {
  /** Those without a parent. */
  readonly roots: readonly CowVolume[]
  readonly #volumes: ReadonlyMap<string, CowVolume>

  /**
   * @param volumes - in the order in which they were made
   * @param counts - which may be sent, or sent against; default: what is sendable
   */
  constructor(volumes: readonly Subvolume[], counts: (volume: Subvolume) => boolean = ({ sendable }) => sendable) {
    const all = new Map(volumes.map(volume => [volume.uuid, volume]))
    const counting = new Set(volumes.filter(counts).map(({ uuid }) => uuid))
    const earlier = earlierSiblings(volumes, counting)
    const placed = new Map<string, CowVolume>()
    const roots: CowVolume[] = []
    // Parents first, whatever the order is: a chain is followed to what has its place.
    for (const volume of volumes) {
      if (!counting.has(volume.uuid)) continue
      const chain: Subvolume[] = []
      let at: Subvolume | undefined = volume
      while (at !== undefined && !placed.has(at.uuid) && !chain.includes(at)) {
        chain.push(at)
        at = parentOf(at, all, counting, earlier)
      }
      for (const next of chain.reverse()) {
        const parent = parentOf(next, all, counting, earlier)
        const node = new CowVolume(next, parent === undefined ? undefined : placed.get(parent.uuid))
        placed.set(next.uuid, node)
        if (node.parent === undefined) roots.push(node)
      }
    }
    this.roots = roots
    this.#volumes = placed
  }

  /** The volume of a UUID, if it counts. */
  get(uuid: string): CowVolume | undefined {
    return this.#volumes.get(uuid)
  }

  /** A volume, and all that came from it, each before what came from it. */
  static *dfs(volume: CowVolume): Generator<CowVolume, void, undefined> {
    const left = [volume]
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      yield at
      left.push(...[...at.successors].reverse())
    }
  }

  /** Volumes in groups: the given ones, what came from them directly, and so on. Within a group none depends on another. */
  static *bfs(volumes: readonly CowVolume[]): Generator<readonly CowVolume[], void, undefined> {
    for (let group = volumes; group.length > 0; group = group.flatMap(({ successors }) => successors)) yield group
  }

  /** The volume itself, its parent, and so on. */
  static *ancestors(volume: CowVolume): Generator<CowVolume, void, undefined> {
    for (let at: CowVolume | undefined = volume; at !== undefined; at = at.parent) yield at
  }
}

/** For each volume the latest one before it that counts and is a snapshot of the same. */
function earlierSiblings(volumes: readonly Subvolume[], counting: ReadonlySet<string>): ReadonlyMap<string, Subvolume> {
  const latest = new Map<string, Subvolume>()
  const earlier = new Map<string, Subvolume>()
  for (const volume of volumes) {
    if (volume.parentUuid === undefined) continue
    const sibling = latest.get(volume.parentUuid)
    if (sibling !== undefined) earlier.set(volume.uuid, sibling)
    if (counting.has(volume.uuid)) latest.set(volume.parentUuid, volume)
  }
  return earlier
}

function parentOf(
  volume: Subvolume,
  all: ReadonlyMap<string, Subvolume>,
  counting: ReadonlySet<string>,
  earlier: ReadonlyMap<string, Subvolume>,
): Subvolume | undefined {
  const seen = new Set<string>()
  let at: Subvolume | undefined = volume
  // What does not count is seen through. A file system that says that two came from each other must not hang anybody.
  while (at?.parentUuid !== undefined && !seen.has(at.uuid)) {
    seen.add(at.uuid)
    const origin: Subvolume | undefined = all.get(at.parentUuid)
    if (origin !== undefined && counting.has(origin.uuid)) return origin
    const sibling = earlier.get(at.uuid)
    if (sibling !== undefined) return sibling
    at = origin
  }
  return undefined
}
