import { isStorageError, messageOf, StorageError } from '../errors.ts'
import { trashName } from '../filter/own-names.ts'
import type { SyncableEntry } from '../plan.ts'
import type { Entry, Path } from '../protocol.ts'
import { differenceOfMoved, staleAt } from './check.ts'
import { copyFile, moveEntry, removeEntry } from './effects.ts'
import type { RunSide } from './run-side.ts'
import type { Run } from './run.ts'
import { sendFile } from './send.ts'

/**
 * Moves what is at `path` to the trash of its side.
 *
 * @param as - the path it has there; default its own
 * @returns where it is now
 */
export async function moveToTrash(run: Run, at: RunSide, path: Path, entry: SyncableEntry, as: Path = path): Promise<Path> {
  const place = await freePlace(run, at, as)
  if (!(await tryMove(run, at, path, place, entry))) {
    await copyTo(run, at, path, place, entry)
    await run.flush(at)
    await removeEntry(run, at, path, entry)
    return place
  }
  const there = await run.stat(at, place)
  const how = differenceOfMoved({ ...entry, path: place }, there, at.precisionMs)
  if (how === undefined) return place
  // It was edited between the check and the move: the edit goes back to where it was made.
  if (there !== undefined) await moveEntry(run, at, place, path, there)
  throw staleAt(path, at.storage.name, how)
}

/** Copies what is at `path` to the trash, durably, before it is overwritten. */
export async function copyToTrash(run: Run, at: RunSide, path: Path, entry: SyncableEntry): Promise<void> {
  await copyTo(run, at, path, await freePlace(run, at, path), entry)
  await run.flush(at)
}

/** Puts back what {@link moveToTrash} took. Best effort: resolves to whether it is there again. */
export async function putBack(run: Run, at: RunSide, place: Path, path: Path, entry: SyncableEntry): Promise<boolean> {
  try {
    await moveEntry(run, at, place, path, { ...entry, path: place })
    return true
  } catch {
    return false
  }
}

/** A name in the trash that nothing has: `name`, `name (2)`, … */
async function freePlace(run: Run, at: RunSide, path: Path): Promise<Path> {
  const place = `${trashName}/${run.context.runId}/${path}`
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? place : `${place} (${n})`
    if ((await run.stat(at, candidate)) === undefined) return candidate
  }
}

async function tryMove(run: Run, at: RunSide, path: Path, place: Path, entry: Entry): Promise<boolean> {
  try {
    await moveEntry(run, at, path, place, entry)
    return true
  } catch (error) {
    if (isStorageError(error, 'NOT_SUPPORTED')) return false
    throw error
  }
}

async function copyTo(run: Run, at: RunSide, path: Path, place: Path, entry: SyncableEntry): Promise<void> {
  const storage = at.writable()
  if (entry.kind === 'symlink') {
    if (storage.makeSymlink === undefined)
      throw new StorageError('NOT_SUPPORTED', `${storage.name} cannot keep the link ${path} in its trash`, { path })
    return run.retry(path, () => storage.makeSymlink?.(place, entry.target) ?? Promise.resolve())
  }
  if (entry.kind === 'directory')
    throw new StorageError('IS_A_DIRECTORY', `${path} on ${storage.name} is a directory; only what it holds goes to the trash`, { path })
  try {
    return await copyFile(run, at, path, place, entry)
  } catch (error) {
    if (!isStorageError(error, 'NOT_SUPPORTED')) throw error
  }
  await sendFile(run, { from: at, file: entry, to: at, path: place, expected: null })
}

/** The failure of an item whose old version could not be kept. */
export function notKept(path: Path, error: unknown): unknown {
  if (!isStorageError(error)) return error
  return new StorageError(error.code, `${path} was left as it is, because it could not be put in the trash: ${messageOf(error)}`, {
    path,
    cause: error,
    retryable: false,
  })
}
