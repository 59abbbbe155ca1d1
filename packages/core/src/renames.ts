import type { Ancestor } from './ancestor.ts'
import { hashNameOf, type Fingerprint } from './fingerprint.ts'
import { otherSide, type ComparisonMode, type Side } from './modes.ts'
import { compareUtf8, isBelow } from './path.ts'
import { SyncAction, type MovedEntry, type PlanItem, type SyncableEntry } from './plan.ts'
import type { Evidence } from './judge.ts'
import type { Decisions } from './decisions.ts'
import type { FileEntry, Path } from './protocol.ts'

/** A deletion and a creation that are one file under a new name. */
interface Pair {
  readonly deletion: PlanItem
  readonly creation: PlanItem
  readonly why: string
  readonly hash: Fingerprint | undefined
}

/**
 * Finds the deletions and creations that are renames, and turns them into one rename each; whole directories fold into one.
 *
 * Evidence in order: the file id with size and time equal, the content hash, the etag. Only one to one: where two files could be the
 * one that moved, or the match is in doubt, it stays a transfer and a deletion, which is always right.
 *
 * @param comparison - modes that declare times to be the evidence of content trust them here too
 * @returns the items with the renames in place of what they replace
 */
export async function findRenames(decisions: Decisions, evidence: Evidence, comparison: ComparisonMode): Promise<PlanItem[]> {
  let items: PlanItem[] = decisions.items
  for (const side of ['source', 'destination'] as const) {
    const pairs = await matchFiles(items, decisions.deleted, side, evidence, comparison)
    if (pairs.length > 0) items = replace(items, pairs, side)
  }
  return items
}

/** Files hashed at a time. */
const hashesInFlight = 16

/** The renames that `side` made and the other side has to follow. */
async function matchFiles(
  items: readonly PlanItem[],
  deleted: ReadonlyMap<PlanItem, Ancestor>,
  side: Side,
  evidence: Evidence,
  comparison: ComparisonMode,
): Promise<Pair[]> {
  const follower = otherSide(side)
  const deleteAction = follower === 'source' ? SyncAction.DELETE_SOURCE : SyncAction.DELETE_DESTINATION
  const createAction = follower === 'source' ? SyncAction.DOWNLOAD_NEW : SyncAction.UPLOAD_NEW
  const deletions = items.filter(item => item.action === deleteAction && item.phase === 'delete-file' && item.kind === 'file' && deleted.has(item))
  if (deletions.length === 0) return []
  const blocked = new Set(items.filter(item => item.phase === 'clear').map(item => item.path))
  // A conflict copy gets its name in this very run: there is nothing to follow yet.
  const creations = items.filter(
    item =>
      item.action === createAction && item.kind === 'file' && item[side] !== null && item.resolved === undefined && !isInTheWay(item.path, blocked),
  )
  if (creations.length === 0) return []

  const free = new Set(deletions)
  const pairs: Pair[] = []
  const join = (deletion: PlanItem, creation: PlanItem, why: string, hash: Fingerprint | undefined): void => {
    if (isBelow(creation.path, deletion.path)) return
    free.delete(deletion)
    pairs.push({ deletion, creation, why, hash })
  }
  const byId = groupBy(deletions, item => deleted.get(item)?.id)
  const rest: PlanItem[] = []
  const byName = creations.map(creation => ({ creation, deletion: sameId(creation[side] as FileEntry, byId, deleted) }))
  for (let i = 0; i < byName.length; i += hashesInFlight) {
    const some = byName.slice(i, i + hashesInFlight)
    // At most `hashesInFlight`.
    const moved = await Promise.all(
      // eslint-disable-next-line no-restricted-syntax
      some.map(async ({ creation, deletion }) => {
        const ancestor = deletion === undefined ? undefined : deleted.get(deletion)
        return ancestor !== undefined && (await hasKeptContent(ancestor, creation[side] as FileEntry, side, evidence, comparison))
      }),
    )
    for (const [at, { creation, deletion }] of some.entries()) {
      if (deletion !== undefined && moved[at] === true && free.has(deletion))
        join(deletion, creation, 'same file id, size and time', deleted.get(deletion)?.hash)
      else rest.push(creation)
    }
  }
  if (free.size === 0 || rest.length === 0) return pairs

  // By content: only sizes that a deleted file had are worth hashing, and empty files say nothing.
  const bySize = groupBy([...free], item => deleted.get(item)?.size)
  const byContent = new Map<string, { deletions: PlanItem[]; creations: PlanItem[] }>()
  for (const creation of rest) {
    const entry = creation[side] as FileEntry
    const candidates = entry.size === 0 ? undefined : bySize.get(entry.size)
    if (candidates === undefined) continue
    for (const name of new Set(
      candidates
        .map(item => deleted.get(item)?.hash)
        .filter(hash => hash !== undefined)
        .map(hashNameOf),
    )) {
      const hash = await evidence.fingerprint(side, entry, name).catch(() => undefined)
      if (hash !== undefined) groupOf(byContent, hash).creations.push(creation)
    }
    if (entry.etag !== undefined) groupOf(byContent, `etag:${entry.etag}`).creations.push(creation)
  }
  for (const deletion of free) {
    const ancestor = deleted.get(deletion) as Ancestor
    if (ancestor.hash !== undefined) byContent.get(ancestor.hash)?.deletions.push(deletion)
    if (ancestor.etag !== undefined) byContent.get(`etag:${ancestor.etag}`)?.deletions.push(deletion)
  }
  const taken = new Set<PlanItem>()
  for (const [key, group] of byContent) {
    const [deletion, creation] = [group.deletions[0], group.creations[0]]
    if (group.deletions.length !== 1 || group.creations.length !== 1 || deletion === undefined || creation === undefined) continue
    if (!free.has(deletion) || taken.has(creation)) continue
    taken.add(creation)
    join(deletion, creation, key.startsWith('etag:') ? 'same etag' : 'same content', key.startsWith('etag:') ? deleted.get(deletion)?.hash : key)
  }
  return pairs
}

/** The deletion of the one file that had this entry's id, size and time. */
function sameId(entry: FileEntry, byId: ReadonlyMap<string, readonly PlanItem[]>, deleted: ReadonlyMap<PlanItem, Ancestor>): PlanItem | undefined {
  const candidates = entry.id === undefined ? undefined : byId.get(entry.id)
  const deletion = candidates?.length === 1 ? candidates[0] : undefined
  const ancestor = deletion === undefined ? undefined : deleted.get(deletion)
  return ancestor !== undefined && isSameFile(ancestor, entry) ? deletion : undefined
}

/**
 * Whether a file of the same id, size and time has the content it had. It may have been edited and given its old time again, or be another file
 * to which the id went: then a rename would leave the other side with the old content for ever. An equal etag proves it; the change time in
 * another one may have come from the rename itself, so the content has to be looked at.
 */
async function hasKeptContent(ancestor: Ancestor, entry: FileEntry, side: Side, evidence: Evidence, comparison: ComparisonMode): Promise<boolean> {
  if (comparison !== 'hash-then-mtime' && comparison !== 'hash-only') return true
  // Without versions, time and size are all that changes are known by.
  if (ancestor.etag === undefined || entry.etag === undefined || ancestor.etag === entry.etag) return true
  if (ancestor.hash === undefined) return false
  return (await evidence.fingerprint(side, entry, hashNameOf(ancestor.hash)).catch(() => undefined)) === ancestor.hash
}

/** The id alone proves nothing: inodes are used again. */
function isSameFile(ancestor: Ancestor, entry: FileEntry): boolean {
  return (
    ancestor.size === entry.size &&
    ancestor.modified !== undefined &&
    entry.modified !== undefined &&
    Math.abs(ancestor.modified - entry.modified) < 0.001
  )
}

/** Whether a path lies at or below something that has to be cleared first: renames run before that. */
function isInTheWay(path: Path, blocked: ReadonlySet<Path>): boolean {
  if (blocked.size === 0) return false
  for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) if (blocked.has(path.slice(0, at))) return true
  return false
}

/** Puts the renames in place of the deletions and creations that they are. */
function replace(items: readonly PlanItem[], pairs: readonly Pair[], side: Side): PlanItem[] {
  const follower = otherSide(side)
  const folded = foldDirectories(items, pairs, side)
  const gone = new Set<PlanItem>(folded.flatMap(fold => fold.replaces))
  const inFold = new Set<Pair>(folded.flatMap(fold => fold.pairs))
  const renames = folded.map(fold => fold.rename)
  for (const pair of pairs) {
    if (inFold.has(pair)) continue
    gone.add(pair.deletion)
    gone.add(pair.creation)
    renames.push(renameItem(pair, side, follower))
  }
  return [...items.filter(item => !gone.has(item)), ...renames]
}

function renameItem(pair: Pair, side: Side, follower: Side): PlanItem {
  const view = { [side]: pair.creation[side], [follower]: pair.deletion[follower] } as Pick<PlanItem, 'source' | 'destination'>
  return {
    action: follower === 'source' ? SyncAction.RENAME_SOURCE : SyncAction.RENAME_DESTINATION,
    path: pair.creation.path,
    from: pair.deletion.path,
    kind: 'file',
    phase: 'rename',
    size: 0,
    reason: `renamed at the ${side}: ${pair.why}`,
    ...view,
    ...(pair.hash !== undefined && { hash: pair.hash }),
  }
}

interface Fold {
  readonly rename: PlanItem
  readonly pairs: readonly Pair[]
  readonly replaces: readonly PlanItem[]
}

/**
 * A directory that is gone from one side and whose every path is found again, by the same relative name, below one new directory, was renamed
 * as a whole. Its item replaces the ones of everything in it. The outermost directories are taken first.
 */
function foldDirectories(items: readonly PlanItem[], pairs: readonly Pair[], side: Side): Fold[] {
  const follower = otherSide(side)
  const deleteAction = follower === 'source' ? SyncAction.DELETE_SOURCE : SyncAction.DELETE_DESTINATION
  const createAction = follower === 'source' ? SyncAction.DOWNLOAD_NEW : SyncAction.UPLOAD_NEW
  const deletions = items.filter(item => item.action === deleteAction && item.phase !== 'clear').sort((a, b) => compareUtf8(a.path, b.path))
  const creations = new Map(items.filter(item => item.action === createAction).map(item => [item.path, item]))
  const pairOf = new Map(pairs.map(pair => [pair.deletion, pair]))
  const folds: Fold[] = []
  let folded: Path | undefined
  for (const directory of deletions) {
    if (directory.kind !== 'directory' || (folded !== undefined && isBelow(directory.path, folded))) continue
    const inside = below(deletions, directory.path)
    const target = targetOf(directory.path, inside, pairOf)
    const creation = target === undefined ? undefined : creations.get(target)
    if (target === undefined || creation?.kind !== 'directory' || isBelow(target, directory.path)) continue
    const fold = foldOf(directory, inside, target, creation, creations, pairOf, side)
    if (fold === undefined) continue
    folds.push(fold)
    folded = directory.path
  }
  return folds
}

/** The directory that the first renamed file inside points to. */
function targetOf(directory: Path, inside: readonly PlanItem[], pairOf: ReadonlyMap<PlanItem, Pair>): Path | undefined {
  for (const item of inside) {
    const pair = pairOf.get(item)
    if (pair === undefined) continue
    const relative = item.path.slice(directory.length)
    return pair.creation.path.endsWith(relative) && pair.creation.path.length > relative.length
      ? pair.creation.path.slice(0, -relative.length)
      : undefined
  }
  return undefined
}

function foldOf(
  directory: PlanItem,
  inside: readonly PlanItem[],
  target: Path,
  creation: PlanItem,
  creations: ReadonlyMap<Path, PlanItem>,
  pairOf: ReadonlyMap<PlanItem, Pair>,
  side: Side,
): Fold | undefined {
  const follower = otherSide(side)
  const moved: MovedEntry[] = []
  const pairs: Pair[] = []
  const replaces: PlanItem[] = [directory, creation]
  for (const item of inside) {
    const to = target + item.path.slice(directory.path.length)
    const found = creations.get(to)
    const [renamed, follows] = [found?.[side] as SyncableEntry | null | undefined, item[follower] as SyncableEntry | null]
    if (found === undefined || found.kind !== item.kind || renamed === undefined || renamed === null || follows === null) return undefined
    const pair = pairOf.get(item)
    if (item.kind === 'file' && pair?.creation !== found) return undefined
    if (renamed.kind === 'symlink' && (follows.kind !== 'symlink' || renamed.target !== follows.target)) return undefined
    if (pair !== undefined) pairs.push(pair)
    replaces.push(item, found)
    moved.push({ from: item.path, to, renamed, follows, ...(pair?.hash !== undefined && { hash: pair.hash }) })
  }
  const view = { [side]: creation[side], [follower]: directory[follower] } as Pick<PlanItem, 'source' | 'destination'>
  const rename: PlanItem = {
    action: follower === 'source' ? SyncAction.RENAME_SOURCE : SyncAction.RENAME_DESTINATION,
    path: target,
    from: directory.path,
    kind: 'directory',
    phase: 'rename',
    size: 0,
    reason: `renamed at the ${side}: everything in it is found there`,
    ...view,
    moved,
  }
  return { rename, pairs, replaces }
}

/** The items below a directory, of items sorted by the bytes of their paths. */
function below(sorted: readonly PlanItem[], directory: Path): PlanItem[] {
  const prefix = `${directory}/`
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareUtf8((sorted[middle] as PlanItem).path, prefix) < 0) low = middle + 1
    else high = middle
  }
  let end = low
  while (end < sorted.length && (sorted[end] as PlanItem).path.startsWith(prefix)) end++
  return sorted.slice(low, end)
}

function groupBy<K>(items: Iterable<PlanItem>, keyOf: (item: PlanItem) => K | undefined): Map<K, PlanItem[]> {
  const groups = new Map<K, PlanItem[]>()
  for (const item of items) {
    const key = keyOf(item)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

function groupOf(
  groups: Map<string, { deletions: PlanItem[]; creations: PlanItem[] }>,
  key: string,
): { deletions: PlanItem[]; creations: PlanItem[] } {
  let group = groups.get(key)
  if (group === undefined) groups.set(key, (group = { deletions: [], creations: [] }))
  return group
}
