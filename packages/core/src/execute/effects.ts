import { StorageError } from '../errors.ts'
import type { Entry, Path, WriteOptions } from '../protocol.ts'
import { difference, differenceOfMoved } from './check.ts'
import type { Run, RunSide } from './run.ts'

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

async function look(at: RunSide, path: Path): Promise<Entry | 'absent' | 'unknown'> {
  try {
    return (await at.storage.stat(path)) ?? 'absent'
  } catch {
    return 'unknown'
  }
}
