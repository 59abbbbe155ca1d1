import { SynchronizationError, type PathError } from './errors.ts'
import { missingObject, type Locations } from './locations.ts'
import type { ObjectSpace } from './object-space.ts'
import type { CommitItem, PlanNode } from './plan.ts'

/** What has to be read again because it refers to objects whose places are taken by others. */
export interface Relink {
  /** Of `body`, the object that is made anew; else the one whose part it is. */
  readonly object: object
  /** Of the object, as {@link Locations} has it. */
  readonly path: string
  readonly part: 'body' | 'extras' | 'annotations'
  readonly reason: string
}

/** What a plan makes of references by path. */
export interface Links {
  /** What refers to nothing, or to what the plan takes away. */
  readonly problems: readonly PathError[]
  readonly relinks: readonly Relink[]
}

/**
 * Looks at every reference that a commit reads, and at those that stay in the content while what they refer to is replaced.
 *
 * @param base - keys that lead to the nodes
 * @param references - of the pickles that the commit reads, by file
 */
export function linksOf(
  space: ObjectSpace,
  locations: Locations,
  nodes: readonly PlanNode[],
  base: string,
  references: ReadonlyMap<string, readonly string[]>,
): Links {
  const planned = plannedPaths(nodes, base)
  const gone = new Set(
    [...planned].filter(([, { old, action }]) => old !== undefined && action !== 'update' && action !== undefined).map(([path]) => path),
  )
  const isGone = (path: string): boolean => ancestorsOf(path).some(one => gone.has(one))
  const isMade = (path: string): boolean => ['create', 'replace'].includes(planned.get(path)?.action ?? '')
  const problems: PathError[] = []
  for (const [path, paths] of references) {
    for (const reference of paths) {
      if (reference === '..' || isMade(reference) || (locations.objectAt(reference) !== undefined && !isGone(reference))) continue
      problems.push({ path, error: new SynchronizationError(missingObject(reference).message, { path }) })
    }
  }
  const relinks: Relink[] = []
  if (gone.size === 0) return { problems, relinks }
  const referrers = referrersIn(space, locations, planned, isGone)
  const seen = new Set<Referrer>()
  const waiting = [...gone]
  for (let target = waiting.pop(); target !== undefined; target = waiting.pop()) {
    for (const referrer of referrers.get(target) ?? []) {
      const { object, path, part } = referrer
      if (gone.has(target) && !isMade(target)) {
        const error = new SynchronizationError(`it refers to ${target}, which this commit takes away; change it in the same commit`, {
          path: path.slice(1),
        })
        problems.push({ path: path.slice(1), error })
      } else if (!seen.has(referrer)) {
        seen.add(referrer)
        relinks.push({ object, path, part, reason: `it refers to ${target}, which becomes another object` })
        if (part === 'body') waiting.push(path)
      }
    }
  }
  return { problems, relinks }
}

/** What a plan says about them. */
export function itemsOfRelinks(locations: Locations, relinks: readonly Relink[]): readonly CommitItem[] {
  return relinks.map(({ object, path, part, reason }) => ({
    action: part === 'body' ? 'replace' : 'update',
    path: path.slice(1),
    key: String(locations.placeOf(object)?.holders[0]?.key),
    part,
    reason,
  }))
}

/** The nodes of a plan by the keys that lead to their objects. */
export function plannedPaths(nodes: readonly PlanNode[], base: string, found: Map<string, PlanNode> = new Map()): Map<string, PlanNode> {
  for (const node of nodes) {
    const path = `${base}/${String(node.key)}`
    found.set(path, node)
    plannedPaths(node.children, path, found)
  }
  return found
}

interface Referrer {
  readonly object: object
  readonly path: string
  readonly part: Relink['part']
}

/** Who of what stays refers to a path: objects that are pickled, and those with extras or annotations that are. */
function referrersIn(
  space: ObjectSpace,
  locations: Locations,
  planned: ReadonlyMap<string, PlanNode>,
  isGone: (path: string) => boolean,
): ReadonlyMap<string, readonly Referrer[]> {
  const found = new Map<string, Referrer[]>()
  const add = (pickled: object, referrer: Referrer): void => {
    if (locations.referencesOf(pickled) === undefined) space.pickle(pickled)
    for (const target of locations.referencesOf(pickled) ?? []) {
      const known = found.get(target)
      if (known === undefined) found.set(target, [referrer])
      else known.push(referrer)
    }
  }
  for (const object of locations.objects()) {
    const path = locations.placeOf(object)?.path ?? ''
    if (isGone(path)) continue
    const synchronizer = space.getSynchronizer(object)
    if (synchronizer === undefined) continue
    if (synchronizer.kind === 'file' && synchronizer.isDefault) add(object, { object, path, part: 'body' })
    for (const part of ['extras', 'annotations'] as const) {
      const special = planned.get(path)?.[part] === undefined ? synchronizer[part]() : undefined
      const shape = special === undefined || special.size === 0 ? undefined : space.getSynchronizer(special)
      if (special !== undefined && shape?.kind === 'file' && shape.isDefault) add(special, { object, path, part })
    }
  }
  return found
}

/** A path and those of the containers above it. */
function ancestorsOf(path: string): readonly string[] {
  const paths: string[] = []
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) paths.push(at)
  return paths
}
