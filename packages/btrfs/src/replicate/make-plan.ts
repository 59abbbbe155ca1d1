import type { RawPath } from '../stream/command.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { directoryOf, nameOf, type Subvolume } from '../subvolume/subvolume.ts'
import type { CowTree, CowVolume } from './cow-tree.ts'
import type { PlannedTransfer, ReplicationPlan } from './plan.ts'

/** What a plan is made from. */
export interface PlanInput {
  readonly source: CowTree
  readonly destination: readonly Subvolume[]
  /** For UUIDs of the source what is equal at the destination. What is planned is added. */
  readonly present: Map<string, readonly Subvolume[]>
  /** For UUIDs of the source why it cannot be transferred. */
  readonly problems: ReadonlyMap<string, string>
  /** Of source and destination. */
  readonly names: readonly [string, string]
}

/** What is wanted. */
export interface PlanRules {
  readonly batch: boolean
  readonly transferExisting: boolean
  readonly clones: boolean
  volgroups(roots: readonly CowVolume[]): Iterable<readonly CowVolume[]>
  target(vol: CowVolume): boolean
  parent(vol: CowVolume): CowVolume | undefined
  check(vol: CowVolume, parent: CowVolume | undefined): boolean
  readonly targetOf?: ((volume: Subvolume) => RawPath) | undefined
}

/** How many parents are tried before a volume is sent whole, and how many volumes extents are shared with. */
const mostOthers = 3
const mostClones = 8

/** Decides what is transferred, in which order, and as what changed since what. Pure, but for the rules. */
export function makePlan(input: PlanInput, rules: PlanRules): ReplicationPlan {
  const { source, present, names } = input
  const transfers: PlannedTransfer[] = []
  const problems: string[] = []
  const taken = takenPaths(input)
  let asked = 0
  let found = 0
  let group = 0
  /** Planned in the groups before. */
  const sent = new Set<string>()
  for (const volumes of rules.volgroups(source.roots)) {
    const planned: PlannedTransfer[] = []
    for (const volume of volumes) {
      if (!rules.target(volume)) continue
      asked++
      const problem = input.problems.get(volume.uuid)
      if (problem !== undefined) {
        problems.push(problem)
        continue
      }
      const isPresent = present.has(volume.uuid)
      if (isPresent) found++
      if (isPresent && !rules.transferExisting) continue
      // What is sent again later would need what needs it: kept as dumps, neither could be restored.
      const comesLater = (other: CowVolume): boolean => rules.transferExisting && other !== volume && !sent.has(other.uuid) && rules.target(other)
      const candidates = parentsOf(volume, input, rules).filter(other => !comesLater(other))
      const parent = candidates.find(candidate => rules.check(volume, candidate))
      if (parent === undefined && !rules.check(volume, undefined)) continue
      const target = rules.targetOf?.(volume)
      const clash = target === undefined ? undefined : claim(taken, target, volume, input)
      if (clash !== undefined) {
        problems.push(clash)
        continue
      }
      const otherParents = candidates.filter(candidate => candidate !== parent && rules.check(volume, candidate))
      planned.push({
        volumes: [volume],
        parent,
        otherParents: parent === undefined ? [] : otherParents.slice(0, mostOthers),
        clones: rules.clones && parent !== undefined ? nearest(volume, presentVolumes(input), mostClones).filter(clone => clone !== parent) : [],
        group,
        why: why(volume, parent, input, transfers),
        ...(target === undefined ? {} : { target }),
      })
    }
    transfers.push(...(rules.batch ? batches(planned) : planned))
    for (const volume of planned.flatMap(transfer => transfer.volumes)) {
      sent.add(volume.uuid)
      if (!present.has(volume.uuid)) present.set(volume.uuid, [])
    }
    group++
  }
  // What is read-only and has no place in the tree was asked for, too, but nobody can send it.
  for (const [uuid, problem] of input.problems) if (source.get(uuid) === undefined) problems.push(problem)
  return { source: names[0], destination: names[1], transfers, present: found, problems: asked === 0 ? [] : problems }
}

/** What a volume may be sent as changes against, the best first: what it came from, then what came from the same. */
function parentsOf(volume: CowVolume, input: PlanInput, rules: PlanRules): readonly CowVolume[] {
  const first = rules.parent(volume)
  const candidates = new Set(first === undefined ? [] : [first])
  for (let at = volume.parent; at !== undefined && candidates.size <= mostOthers; at = at.parent) if (input.present.has(at.uuid)) candidates.add(at)
  if (candidates.size <= mostOthers) {
    const root = rootOf(volume)
    const relatives = presentVolumes(input).filter(other => other !== volume && !candidates.has(other) && rootOf(other) === root)
    for (const relative of nearest(volume, relatives, mostOthers)) candidates.add(relative)
  }
  return [...candidates]
}

function presentVolumes({ source, present }: PlanInput): readonly CowVolume[] {
  return [...present.keys()].flatMap(uuid => source.get(uuid) ?? [])
}

function rootOf(volume: CowVolume): CowVolume {
  let at = volume
  while (at.parent !== undefined) at = at.parent
  return at
}

/** Those made next to a volume in time. */
function nearest(volume: CowVolume, others: readonly CowVolume[], most: number): readonly CowVolume[] {
  const distance = ({ createdGeneration = 0 }: CowVolume): number => Math.abs(createdGeneration - (volume.createdGeneration ?? 0))
  return others
    .filter(other => other !== volume)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, most)
}

function why(volume: CowVolume, parent: CowVolume | undefined, { present }: PlanInput, transfers: readonly PlannedTransfer[]): string {
  if (parent === undefined) return 'whole: the destination has nothing that it came from'
  if (parent === volume) return 'what changed since itself: the destination has it'
  const name = textOf(parent.path ?? parent.uuid)
  const isSent = transfers.some(({ volumes }) => volumes.some(({ uuid }) => uuid === parent.uuid))
  const [copy] = present.get(parent.uuid) ?? []
  return `what changed since ${name}, ${isSent ? 'which is sent before' : `which the destination has as ${textOf(copy?.path ?? copy?.uuid ?? name)}`}`
}

/** Those with one parent and one directory, together. */
function batches(planned: readonly PlannedTransfer[]): readonly PlannedTransfer[] {
  const byKey = new Map<string, PlannedTransfer>()
  for (const transfer of planned) {
    const [volume] = transfer.volumes
    const key = JSON.stringify([transfer.parent?.uuid, directoryOf(volume?.path ?? ''), transfer.target])
    const known = byKey.get(key)
    byKey.set(key, known === undefined ? transfer : { ...known, volumes: [...known.volumes, ...transfer.volumes] })
  }
  return [...byKey.values()]
}

/** What is at a path of the destination, or is going there. */
interface Taken {
  readonly volume: Subvolume
  readonly isComing: boolean
}

function takenPaths({ destination }: PlanInput): Map<RawPath, Taken> {
  return new Map(destination.flatMap(volume => (volume.path === undefined ? [] : [[volume.path, { volume, isComing: false }]])))
}

/** Reserves the path that a volume is going to have. @returns why that cannot be */
function claim(taken: Map<RawPath, Taken>, target: RawPath, volume: CowVolume, { present }: PlanInput): string | undefined {
  const path = [target, nameOf(volume.path ?? '')].filter(Boolean).join('/')
  const known = taken.get(path)
  if (known === undefined) {
    taken.set(path, { volume, isComing: true })
    return undefined
  }
  const cannot = `${textOf(volume.path ?? volume.uuid)} cannot be received as ${textOf(path)}`
  const { path: other = known.volume.uuid, readonly, receivedUuid } = known.volume
  if (known.isComing) return `${cannot}: ${textOf(other)} is going there; keep the directories of the source apart, or choose another place`
  if (present.get(volume.uuid)?.some(({ uuid }) => uuid === known.volume.uuid) === true) return `${cannot}: its copy is there; choose another place`
  const what = readonly ? (receivedUuid === undefined ? 'another subvolume' : 'a copy of another subvolume') : 'a subvolume that can be written to'
  return `${cannot}: ${what} is there; move that away, or choose another place`
}
