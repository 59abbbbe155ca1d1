import { StorageError } from '../errors.ts'
import { otherSide, type Side } from '../modes.ts'
import type { PlanItem, SyncableEntry } from '../plan.ts'
import type { Entry, FileEntry } from '../protocol.ts'
import { arrived, gone } from './changes.ts'
import { asStale, staleAt, StaleError } from './check.ts'
import { removeEntry } from './effects.ts'
import type { RunSide } from './run-side.ts'
import { ForgetError, type Done, type Run } from './run.ts'
import { sendFile, type Sent } from './send.ts'
import { targetSide } from './target.ts'
import { copyToTrash, moveToTrash, notKept, putBack } from './trash.ts'

/** Both ends of an item that carries something over, as this run expects them now. */
export interface Ends {
  readonly from: RunSide
  readonly to: RunSide
  /** What is carried over. */
  readonly entry: SyncableEntry
  /** What is in its place; null for nothing. */
  readonly occupant: SyncableEntry | null
}

/**
 * @throws StaleError if this run itself removed what is to be carried over
 * @throws StorageError if nothing may be written there
 */
export function endsOf(run: Run, item: PlanItem): Ends {
  const target = targetSide(item) as Side
  const [from, to] = [run.sides[otherSide(target)], run.sides[target]]
  const entry = from.expected(item.path, item[from.side])
  const occupant = to.expected(item.path, item[to.side])
  if (entry === null) throw staleAt(item.path, from.storage.name, 'it is gone')
  if (entry.kind === 'problem' || occupant?.kind === 'problem')
    throw new StorageError('NOT_SUPPORTED', `${item.path} could not be read; it is left alone`, { path: item.path })
  to.checkNotBlocked(item.path)
  return { from, to, entry: entry.path === item.path ? entry : { ...entry, path: item.path }, occupant }
}

/** Sends one file or link. */
export function transfer(run: Run, item: PlanItem, uncertain = false): Promise<Done> {
  const ends = endsOf(run, item)
  if (item.metadata === true) return carryMetadata(run, item, ends)
  return ends.entry.kind === 'file' ? transferFile(run, item, { ...ends, entry: ends.entry }, uncertain) : transferLink(run, item, ends)
}

async function transferFile(run: Run, item: PlanItem, ends: Ends & { readonly entry: FileEntry }, uncertain: boolean): Promise<Done> {
  const { path, hash } = item
  const { from, to, entry } = ends
  const { progress } = run.context
  const onProgress = (bytes: number): void => {
    if (bytes === 0) progress.transferStart(to.side === 'destination' ? 'upload' : 'download', path, entry.size)
    else progress.transferProgress(path, bytes)
  }
  const send = (expected: FileEntry | null): Promise<Sent> => sendFile(run, { from, file: entry, to, path, expected, hash, uncertain, onProgress })
  try {
    const sent = await replacing(run, item, ends, send)
    progress.transferComplete(path)
    return { changes: [arrived(path, to.side, entry, sent.entry, sent.hash)], bytes: entry.size }
  } catch (error) {
    progress.transferFailed(path)
    throw error
  }
}

/**
 * Makes room for what replaces the occupant, and keeps its old version where the item says so.
 *
 * @param write - called with the file that it replaces, or null when nothing is there
 */
async function replacing<T>(run: Run, item: PlanItem, { from, to, occupant }: Ends, write: (expected: FileEntry | null) => Promise<T>): Promise<T> {
  const { path } = item
  if (occupant === null) return write(null)
  if (occupant.kind === 'directory') throw new StorageError('IS_A_DIRECTORY', `a directory is in the way of ${path} on ${to.storage.name}`, { path })
  const keeps = item.trash === true && run.context.config.trash
  if (!keeps && occupant.kind === 'file' && item.kind === 'file') return write(occupant)
  await run.check(to, path, item[to.side])
  // A version that nobody can send any more is no reason to give up the one that is there.
  await run.check(from, path, item[from.side])
  if (keeps && occupant.kind === 'file' && item.kind === 'file' && canCopy(to)) {
    await copyToTrash(run, to, path, occupant).catch((error: unknown) => {
      throw notKept(path, error)
    })
    return write(occupant)
  }
  let place: string | undefined
  if (keeps) {
    place = await moveToTrash(run, to, path, occupant).catch((error: unknown) => {
      throw notKept(path, error)
    })
  } else await removeEntry(run, to, path, occupant)
  to.expect(path, null)
  try {
    return await write(null)
  } catch (error) {
    const back = place !== undefined ? await putBack(run, to, place, path, occupant) : await remake(run, to, occupant)
    // What is not there any more must not look like a deletion by the user.
    throw back ? error : new ForgetError(error instanceof ForgetError ? error.cause : error, [gone(path)])
  }
}

/** Without `move`, the copy in the trash is made by reading and writing, which is the same to the caller. */
function canCopy(to: RunSide): boolean {
  const storage = to.writable()
  return storage.copy !== undefined || storage.move === undefined
}

async function remake(run: Run, to: RunSide, occupant: SyncableEntry): Promise<boolean> {
  const storage = to.writable()
  if (occupant.kind !== 'symlink' || storage.makeSymlink === undefined) return false
  try {
    await run.retry(occupant.path, () => storage.makeSymlink?.(occupant.path, occupant.target) ?? Promise.resolve())
    return true
  } catch {
    return false
  }
}

async function transferLink(run: Run, item: PlanItem, ends: Ends): Promise<Done> {
  const { path } = item
  const { from, to, entry } = ends
  if (entry.kind !== 'symlink') throw new TypeError(`${path} is a ${entry.kind} in the transfer phase`)
  const storage = to.writable()
  if (storage.makeSymlink === undefined)
    throw new StorageError('NOT_SUPPORTED', `${storage.name} has no symbolic links; leave ${path} out or follow links`, { path })
  await run.check(from, path, item[from.side])
  const written = await replacing(run, item, ends, async () => {
    await run.check(to, path, to.expected(path, item[to.side]))
    await run.retry(path, () => storage.makeSymlink?.(path, entry.target) ?? Promise.resolve())
    if (entry.modified !== undefined && storage.setModified !== undefined) {
      const { modified } = entry
      await run.retry(path, () => storage.setModified?.(path, modified) ?? Promise.resolve())
    }
    return run.stat(to, path)
  })
  if (written?.kind !== 'symlink' || written.target !== entry.target)
    throw new StorageError('CORRUPT', `${storage.name} did not keep the link ${path} as it was made`, { path })
  return { changes: [arrived(path, to.side, entry, written, undefined)] }
}

/** Carries over time and permissions; the content agrees. */
export async function carryMetadata(run: Run, item: PlanItem, { from, to, entry, occupant }: Ends): Promise<Done> {
  const { path } = item
  if (occupant === null) throw staleAt(path, to.storage.name, 'it is gone')
  await run.check(from, path, item[from.side])
  await run.check(to, path, item[to.side])
  const storage = to.writable()
  const { modified, mode } = entry
  try {
    if (mode !== undefined && mode !== occupant.mode && storage.setMode !== undefined)
      await run.retry(path, () => storage.setMode?.(path, mode) ?? Promise.resolve())
    if (entry.kind === 'file' && modified !== undefined && modified !== occupant.modified && storage.setModified !== undefined) {
      await run.retry(path, () => storage.setModified?.(path, modified) ?? Promise.resolve())
    }
  } catch (error) {
    throw asStale(error)
  }
  const now = await run.stat(to, path)
  if (now === undefined || now.kind === 'problem' || now.kind !== entry.kind) throw staleAt(path, to.storage.name, 'it was replaced meanwhile')
  if (now.kind === 'file' && entry.kind === 'file' && now.size !== entry.size)
    throw new StaleError(`${path} on ${to.storage.name} was edited meanwhile; run the sync again`)
  return { changes: [arrived(path, to.side, entry, now, item.hash)] }
}

/** Whether what an item says it sees is a file that a store can check by itself. */
export function hasEtag(entry: Entry | null): entry is FileEntry & { readonly etag: string } {
  return entry?.kind === 'file' && entry.etag !== undefined
}
