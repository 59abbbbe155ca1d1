import { StorageError } from '../errors.ts'
import type { Entry, FileEntry, Path, WriteOptions } from '../protocol.ts'
import { difference, differenceOfMoved, isRefusal } from './check.ts'
import { sameBytes } from './content.ts'
import type { RunSide } from './run-side.ts'
import type { Run } from './run.ts'

// Calls that change a storage can fail after their effect: the answer is lost. So a failure here is one only if the effect is not seen.

/** Removes what is at `path`, if it still is `entry`. Missing is fine. */
export async function removeEntry(run: Run, at: RunSide, path: Path, entry: Entry | undefined): Promise<void> {
  const storage = at.writable()
  const options = entry?.kind === 'file' && entry.etag !== undefined ? { ifMatch: entry.etag } : {}
  await run.retry(path, async () => {
    try {
      await storage.remove(path, options)
    } catch (error) {
      if ((await look(at, path)) !== 'absent') throw error
    }
  })
}

/** Moves what is at `from`, which is `entry`, to `to`, where nothing is. @throws StorageError `NOT_SUPPORTED` if the store cannot move it */
export async function moveEntry(run: Run, at: RunSide, from: Path, to: Path, entry: Entry, options?: WriteOptions): Promise<void> {
  const storage = at.writable()
  if (storage.move === undefined) throw new StorageError('NOT_SUPPORTED', `${storage.name} cannot move ${from}`, { path: from })
  await run.retry(from, async () => {
    try {
      await storage.move?.(from, to, options)
    } catch (error) {
      if ((await look(at, from)) !== 'absent') throw error
      const there = await look(at, to)
      if (there === 'absent' || there === 'unknown' || differenceOfMoved({ ...entry, path: to }, there, at.precisionMs) !== undefined) throw error
    }
  })
}

/** Copies a file within a store, to where nothing is. @throws StorageError `NOT_SUPPORTED` if the store cannot copy it */
export async function copyFile(run: Run, at: RunSide, from: Path, to: Path, file: FileEntry): Promise<void> {
  const storage = at.writable()
  if (storage.copy === undefined) throw new StorageError('NOT_SUPPORTED', `${storage.name} cannot copy ${from}`, { path: from })
  const options: WriteOptions = {
    ifNoneMatch: '*',
    ...(file.modified !== undefined && { modified: file.modified }),
    ...(file.mode !== undefined && { mode: file.mode }),
  }
  const size = await run.retry(to, async attempt => {
    try {
      return (await storage.copy?.(from, to, options))?.size
    } catch (error) {
      if (attempt === 1 || !isRefusal(error) || !(await sameBytes(storage.read(from), storage.read(to)))) throw error
      return file.size
    }
  })
  if (size !== file.size) throw new StorageError('CORRUPT', `${storage.name} copied ${size} of the ${file.size} bytes of ${from}`, { path: to })
}

/** Removes what this run has just written, if it still is that. Best effort: resolves to whether nothing is left. */
export async function takeBack(run: Run, at: RunSide, path: Path, written: Entry): Promise<boolean> {
  try {
    const now = await at.storage.stat(path)
    if (now === undefined) return true
    if (difference(written, now, at.precisionMs) !== undefined) return false
    await removeEntry(run, at, path, now)
    return true
  } catch {
    return false
  }
}

/** As {@link takeBack}, for a store whose sizes cannot be believed: the etag alone tells whether it still is that version. */
export async function takeBackVersion(run: Run, at: RunSide, path: Path, written: FileEntry): Promise<boolean> {
  const now = await at.storage.stat(path).catch(() => undefined)
  return takeBack(run, at, path, now?.kind === 'file' && now.etag !== undefined && now.etag === written.etag ? now : written)
}

async function look(at: RunSide, path: Path): Promise<Entry | 'absent' | 'unknown'> {
  try {
    return (await at.storage.stat(path)) ?? 'absent'
  } catch {
    return 'unknown'
  }
}
