import { isStorageError, StorageError } from '../errors.ts'
import { temporaryPrefix } from '../filter/own-names.ts'
import { baseName, joinPath, parentPath } from '../path.ts'
import type { Bytes, Entry, FileEntry, Path, WriteOptions } from '../protocol.ts'
import { removeEntry, moveEntry } from './effects.ts'
import type { RunSide } from './run-side.ts'
import type { Run } from './run.ts'

const longestName = 180

/** `new`: being written; `old`: put aside for a `new` one; `case`: on its way to another spelling. */
export type TemporaryUse = 'new' | 'old' | 'case'

/**
 * The name under which a file is written before it takes its place, or put aside. Always the same for one path: the next try, in this run
 * or a later one, replaces what an interrupted one left.
 */
export function temporaryPath(path: Path, use: TemporaryUse): Path {
  const name = baseName(path)
  const bytes = new TextEncoder().encode(name).length
  return joinPath(parentPath(path), `${temporaryPrefix}${use}-${bytes <= longestName ? name : shortName(name)}`)
}

/** FNV-1a, 2 x 32 bit: names in one directory must differ, nothing more. */
function shortName(name: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193]
  for (let i = 0; i < name.length; i++) {
    a = Math.imul(a ^ name.charCodeAt(i), 0x01000193)
    b = Math.imul(b ^ name.charCodeAt(name.length - 1 - i), 0x01000193)
  }
  return `${(a >>> 0).toString(16).padStart(8, '0')}${(b >>> 0).toString(16).padStart(8, '0')}`
}

/** Whether a store without atomic writes can write elsewhere first. */
export function canStage(at: RunSide): boolean {
  const storage = at.writable()
  return storage.move !== undefined || storage.copy !== undefined
}

/**
 * Writes to a temporary name, and puts the whole file in its place only then. For stores whose `write` shows partial files.
 *
 * @param recheck - called when the content is complete; rejects if the target is no longer what is to be replaced
 */
export async function writeStaged(
  run: Run,
  at: RunSide,
  path: Path,
  content: Bytes,
  options: WriteOptions,
  recheck: () => Promise<Entry | undefined>,
): Promise<FileEntry> {
  const storage = at.writable()
  const staged = temporaryPath(path, 'new')
  const { ifMatch, ifNoneMatch, ...plain } = options
  try {
    const written = await storage.write(staged, content, plain)
    if (options.size !== undefined && written.size !== options.size) {
      throw new StorageError('CORRUPT', `${storage.name} stored ${written.size} of the ${options.size} bytes of ${path}`, { path })
    }
    const occupant = await recheck()
    if (storage.move !== undefined) await place(run, at, staged, written, path, occupant)
    else {
      await storage.copy?.(staged, path, { ...plain, ...(ifMatch !== undefined && { ifMatch }), ...(ifNoneMatch !== undefined && { ifNoneMatch }) })
      await removeEntry(run, at, staged, undefined)
    }
  } catch (error) {
    await run.sweep(at, staged)
    throw error
  }
  const entry = await run.stat(at, path)
  if (entry?.kind !== 'file') throw new StorageError('CORRUPT', `${path} is not on ${storage.name} after it was written`, { path })
  return entry
}

/** Moves a complete file to where `occupant` is. What it replaces stays until it is there, and comes back if it cannot get there. */
async function place(run: Run, at: RunSide, staged: Path, written: FileEntry, path: Path, occupant: Entry | undefined): Promise<void> {
  if (occupant === undefined) return moveEntry(run, at, staged, path, written)
  if (occupant.kind === 'file' && occupant.etag !== undefined) {
    try {
      return await moveEntry(run, at, staged, path, written, { ifMatch: occupant.etag })
    } catch (error) {
      // A store that moves but cannot replace.
      if (!isStorageError(error, 'ALREADY_EXISTS') && !isStorageError(error, 'NOT_SUPPORTED')) throw error
    }
  }
  const aside = temporaryPath(path, 'old')
  try {
    await moveEntry(run, at, path, aside, occupant)
  } catch (error) {
    if (!isStorageError(error, 'ALREADY_EXISTS')) throw error
    // An interrupted run had come this far; what it put aside has been replaced since.
    await removeEntry(run, at, aside, undefined)
    await moveEntry(run, at, path, aside, occupant)
  }
  try {
    await moveEntry(run, at, staged, path, written)
  } catch (error) {
    await moveEntry(run, at, aside, path, occupant)
    throw error
  }
  await run.sweep(at, aside)
}
