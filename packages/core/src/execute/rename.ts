import { toAncestor, type StateChange } from '../ancestor.ts'
import { isStorageError, messageOf, StorageError } from '../errors.ts'
import { otherSide, type Side } from '../modes.ts'
import { isBelow, parentPath } from '../path.ts'
import type { MovedEntry, PlanItem, SyncableEntry } from '../plan.ts'
import type { Entry, Path } from '../protocol.ts'
import { arrived, gone } from './changes.ts'
import { asStale, difference, differenceOfMoved, staleAt, StaleError } from './check.ts'
import { copyFile, moveEntry, removeEntry } from './effects.ts'
import type { RunSide } from './run-side.ts'
import { ForgetError, type Done, type Run } from './run.ts'
import { sendFile } from './send.ts'
import { temporaryPath } from './temporary.ts'
import { targetSide } from './target.ts'

/** One side follows the other's new name. */
interface Follow {
  readonly at: RunSide
  readonly other: RunSide
  readonly from: Path
  readonly to: Path
  /** What the following side has at `from`. */
  readonly entry: SyncableEntry
  /** What the other side has at `to`; null if this only puts a conflict's loser out of the way. */
  readonly renamed: SyncableEntry | null
  readonly hash: string | undefined
}

/**
 * Cuts renames into rounds: first a leaf that gives its name to a directory, for what is renamed into that; then what leaves a directory that is
 * renamed itself, then the directories from the top, then what goes into one of them. Within a round files go in parallel.
 */
export function renameRounds(items: readonly PlanItem[]): PlanItem[][] {
  const aside = leavesInTheWay(items)
  if (aside.size === 0) return roundsOf(items)
  return [[...aside], ...roundsOf(items.filter(item => !aside.has(item)))]
}

/** What is put aside because both versions are kept, where the other one is a directory that something is renamed into. */
function leavesInTheWay(items: readonly PlanItem[]): ReadonlySet<PlanItem> {
  const kept = items.filter(item => item.resolved?.winner === 'both')
  if (kept.length === 0) return new Set()
  const parents = new Set<Path>()
  for (const { path } of items) for (let at = parentPath(path); at !== '' && !parents.has(at); at = parentPath(at)) parents.add(at)
  return new Set(kept.filter(({ from }) => from !== null && parents.has(from)))
}

function roundsOf(items: readonly PlanItem[]): PlanItem[][] {
  const directories = items.filter(item => item.kind === 'directory')
  if (directories.length === 0) return [[...items]]
  const [leave, enter, rest]: [PlanItem[], PlanItem[], PlanItem[]] = [[], [], []]
  for (const item of items) {
    if (directories.some(directory => directory !== item && isBelow(item.path, directory.path))) enter.push(item)
    else if (directories.some(directory => directory !== item && isBelow(item.from ?? '', directory.from ?? ''))) leave.push(item)
    else rest.push(item)
  }
  const alone = rest.filter(item => item.kind === 'directory').map(item => [item])
  return [leave, ...alone, rest.filter(item => item.kind !== 'directory'), enter].filter(round => round.length > 0)
}

/** Renames on the side that follows: a move, else a copy, else a transfer from the side that has it already; the old path goes last. */
export async function rename(run: Run, item: PlanItem): Promise<Done> {
  const side = targetSide(item) as Side
  const [at, other] = [run.sides[side], run.sides[otherSide(side)]]
  const from = item.from
  if (from === null) throw new TypeError(`${item.path}: a rename without an old path`)
  const entry = at.expected(from, item[side])
  const renamed = other.expected(item.path, item[other.side])
  if (entry === null) throw staleAt(from, at.storage.name, 'it is gone')
  if (entry.kind === 'problem' || renamed?.kind === 'problem')
    throw new StorageError('NOT_SUPPORTED', `${item.path} could not be read; it is left alone`, { path: item.path })
  at.checkNotBlocked(item.path)
  const follow: Follow = { at, other, from, to: item.path, entry: { ...entry, path: from }, renamed, hash: item.hash }
  await run.check(at, from, item[side])
  await run.check(other, item.path, item[other.side])
  const caseOnly = isCaseOnly(at, from, item.path)
  if (!caseOnly) await run.check(at, item.path, null)
  at.writable()
  try {
    await moveEntry(run, at, from, item.path, entry).catch((error: unknown) => {
      // A store that takes the other spelling for an obstacle.
      if (caseOnly && isStorageError(error, 'ALREADY_EXISTS')) return moveThroughTemporary(run, follow)
      throw error
    })
  } catch (error) {
    if (!isStorageError(error, 'NOT_SUPPORTED')) throw asStale(error)
    return { changes: item.kind === 'directory' ? await followOneByOne(run, follow, item.moved ?? []) : [...(await followByCopy(run, follow))] }
  }
  return { changes: item.kind === 'directory' ? await movedDirectory(run, follow, item.moved ?? []) : await movedOne(run, follow) }
}

/** On a store that folds names, `a` is there when `A` is asked for. */
function isCaseOnly(at: RunSide, from: Path, to: Path): boolean {
  const fold = (path: Path): string => path.normalize('NFC').toLowerCase()
  return at.storage.capabilities.exactNames !== true && fold(from) === fold(to)
}

async function moveThroughTemporary(run: Run, { at, from, to, entry }: Follow): Promise<void> {
  const between = temporaryPath(to, 'case')
  await moveEntry(run, at, from, between, entry)
  try {
    await moveEntry(run, at, between, to, entry)
  } catch (error) {
    await moveEntry(run, at, between, from, entry)
    throw error
  }
}

async function movedOne(run: Run, follow: Follow): Promise<StateChange[]> {
  const { at, from, to, entry } = follow
  const now = await run.stat(at, to)
  at.expect(from, null)
  at.expect(to, now ?? null)
  if (now === undefined || now.kind === 'problem') {
    throw new ForgetError(new StorageError('UNKNOWN', `${to} is not on ${at.storage.name} after ${from} was renamed to it`, { path: to }), [
      gone(from),
    ])
  }
  return [gone(from), ...entered(follow, entry, now)]
}

/**
 * What both sides have at the new path. A file that was edited on the way enters as it was before: the edit is then a change since the last sync.
 */
function entered({ at, to, renamed, hash }: Follow, before: SyncableEntry, now: SyncableEntry): StateChange[] {
  if (renamed === null) return []
  const same = differenceOfMoved({ ...before, path: to }, now, at.precisionMs) === undefined
  return [arrived(to, at.side, renamed, same ? now : { ...before, path: to }, hash)]
}

/** Lists the directory once where it is now: a move may have changed the etags in it. */
async function movedDirectory(run: Run, follow: Follow, moved: readonly MovedEntry[]): Promise<StateChange[]> {
  const { at, other, from, to, entry } = follow
  const now = await listBelow(run, at, to, new Set(moved.map(child => child.to)))
  const changes: StateChange[] = [gone(from)]
  const self = await run.stat(at, to)
  if (self !== undefined && self.kind !== 'problem') changes.push(...entered(follow, entry, self))
  at.expect(from, null)
  at.expect(to, self ?? null)
  for (const child of moved) {
    const there = now.get(child.to)
    at.expect(child.from, null)
    at.expect(child.to, there ?? null)
    changes.push(gone(child.from))
    // What vanished from the directory meanwhile enters too, as it was: its absence is then a deletion since the last sync.
    const present = there === undefined || there.kind === 'problem' ? { ...child.follows, path: child.to } : there
    changes.push(
      ...entered(
        { at, other, from: child.from, to: child.to, entry: child.follows, renamed: child.renamed, hash: child.hash },
        child.follows,
        present,
      ),
    )
  }
  return changes
}

async function listBelow(run: Run, at: RunSide, directory: Path, wanted: ReadonlySet<Path>): Promise<Map<Path, Entry>> {
  return run.retry(directory, async () => {
    const found = new Map<Path, Entry>()
    if (wanted.size === 0) return found
    for await (const page of at.storage.list(directory, { signal: run.signal })) {
      for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) if (wanted.has(entry.path)) found.set(entry.path, entry)
    }
    return found
  })
}

/** One file or link, where the store cannot move it. The old path goes only when the new one is complete. */
async function followByCopy(run: Run, follow: Follow): Promise<StateChange[]> {
  const { at, from, to, entry } = follow
  await duplicate(run, follow)
  await run.flush(at)
  const now = await run.stat(at, to)
  if (now?.kind !== entry.kind) throw new StorageError('CORRUPT', `${to} is not on ${at.storage.name} after it was copied from ${from}`, { path: to })
  try {
    await removeEntry(run, at, from, entry)
  } catch (error) {
    throw asStale(error)
  }
  at.expect(from, null)
  at.expect(to, now)
  return [gone(from), ...entered({ ...follow, entry: withoutIdentity(entry) }, withoutIdentity(entry), now)]
}

/** A copy is another file, with a time of its own where the store does not keep times. */
function withoutIdentity(entry: SyncableEntry): SyncableEntry {
  if (entry.kind !== 'file') return entry
  const { id: _id, etag: _etag, modified: _modified, ...rest } = entry
  return rest
}

async function duplicate(run: Run, follow: Follow): Promise<void> {
  const { at, other, from, to, entry, renamed, hash } = follow
  const storage = at.writable()
  if (entry.kind === 'symlink') {
    if (storage.makeSymlink === undefined) throw new StorageError('NOT_SUPPORTED', `${storage.name} cannot make the link ${to}`, { path: to })
    return run.retry(to, () => storage.makeSymlink?.(to, entry.target) ?? Promise.resolve())
  }
  if (entry.kind === 'directory') return run.retry(to, () => storage.makeDirectory?.(to) ?? Promise.resolve())
  try {
    return await copyFile(run, at, from, to, entry)
  } catch (error) {
    if (!isStorageError(error, 'NOT_SUPPORTED')) throw asStale(error)
  }
  const [origin, file] = renamed?.kind === 'file' ? [other, { ...renamed, path: to }] : [at, { ...entry, path: from }]
  await sendFile(run, { from: origin, file, to: at, path: to, expected: null, hash })
}

/**
 * A directory, path by path, where the store cannot move it. What fails keeps its old path, and so do the directories that hold it.
 *
 * @throws ForgetError with what has moved, if not everything has
 */
async function followOneByOne(run: Run, follow: Follow, moved: readonly MovedEntry[]): Promise<StateChange[]> {
  const { at, other, from, to, entry } = follow
  const changes: StateChange[] = []
  let failure: { readonly error: unknown } | undefined
  const directories: Follow[] = [follow]
  const hasDirectories = at.storage.capabilities.directories === true
  if (hasDirectories) await duplicate(run, { ...follow, entry: { ...entry, path: from } })
  for (const child of moved) {
    const each: Follow = { at, other, from: child.from, to: child.to, entry: child.follows, renamed: child.renamed, hash: child.hash }
    if (child.follows.kind === 'directory') directories.push(each)
    try {
      if (child.follows.kind === 'directory') {
        if (hasDirectories) await duplicate(run, each)
        continue
      }
      const how = difference(child.follows, await run.stat(at, child.from), at.precisionMs)
      if (how !== undefined) throw staleAt(child.from, at.storage.name, how)
      const theirs = difference(child.renamed, await run.stat(other, child.to), other.precisionMs)
      if (theirs !== undefined) throw staleAt(child.to, other.storage.name, theirs)
      changes.push(...(await followFile(run, each)))
    } catch (error) {
      failure ??= { error }
      at.keep(child.from)
    }
  }
  for (const each of directories.reverse()) {
    if (at.keeps(each.from)) continue
    try {
      if (hasDirectories) await removeEntry(run, at, each.from, undefined)
      const now = hasDirectories ? await run.stat(at, each.to) : undefined
      at.expect(each.from, null)
      changes.push(gone(each.from))
      if (now?.kind === 'directory' && each.renamed !== null) {
        at.expect(each.to, now)
        changes.push({ path: each.to, ...sides(at.side, toAncestor(each.renamed), toAncestor(now)) })
      }
    } catch (error) {
      at.keep(each.from)
      if (!isStorageError(error, 'NOT_EMPTY')) failure ??= { error }
    }
  }
  if (failure !== undefined) {
    const message = `${from} was not renamed to ${to} as a whole on ${at.storage.name}: ${messageOf(failure.error)}`
    const { error: cause } = failure
    const code = isStorageError(cause) ? cause.code : 'UNKNOWN'
    throw new ForgetError(
      cause instanceof StaleError ? new StaleError(message, cause.code, { cause }) : new StorageError(code, message, { path: to, cause }),
      changes,
    )
  }
  return changes
}

async function followFile(run: Run, follow: Follow): Promise<StateChange[]> {
  const { at, from, to, entry } = follow
  if (follow.at.writable().move !== undefined) {
    try {
      await run.check(at, to, null)
      await moveEntry(run, at, from, to, entry)
      return await movedOne(run, follow)
    } catch (error) {
      if (!isStorageError(error, 'NOT_SUPPORTED')) throw asStale(error)
    }
  }
  await run.check(at, to, null)
  return followByCopy(run, follow)
}

function sides(target: Side, theirs: StateChange['source'], ours: StateChange['source']): Pick<StateChange, 'source' | 'destination'> {
  return target === 'destination' ? { source: theirs, destination: ours } : { source: ours, destination: theirs }
}
