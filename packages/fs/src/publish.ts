import { linkSync, lstatSync, renameSync, unlinkSync, type Stats } from 'node:fs'
import { StorageError, type Path, type WriteOptions } from '@syncline/core'
import { etagOf } from './entry.ts'
import { errnoOf, place, toStorageError } from './errno.ts'
import { lstat, type Tree } from './tree.ts'

type Conditions = Pick<WriteOptions, 'ifMatch' | 'ifNoneMatch'>

/**
 * Checks what is about to be replaced, and returns it.
 *
 * @throws StorageError `PRECONDITION_FAILED`; `IS_A_DIRECTORY`; `INVALID_PATH` for a link that the tree hides
 */
export function checkTarget(tree: Tree, path: Path, file: string, conditions: Conditions): Stats | undefined {
  const existing = lstat(file)
  if (existing?.isDirectory() === true)
    throw new StorageError('IS_A_DIRECTORY', `${place(path, tree.root)} is a directory; a file cannot replace it`, { path })
  if (existing?.isSymbolicLink() === true && tree.symlinks === 'skip') {
    throw new StorageError('INVALID_PATH', `${place(path, tree.root)} is a symbolic link, and links are left alone here`, { path })
  }
  if (conditions.ifNoneMatch === '*' && existing !== undefined) throw existsAlready(tree, path)
  if (conditions.ifMatch !== undefined) checkVersion(tree, path, file, existing, conditions.ifMatch)
  return existing
}

/** Rejects unless the file is still the version that `etag` names. */
export function checkVersion(tree: Tree, path: Path, file: string, stats: Stats | undefined, etag: string): void {
  const seen = stats?.isSymbolicLink() === true ? tree.look(path, file) : stats
  if (seen === undefined) throw new StorageError('PRECONDITION_FAILED', `${place(path, tree.root)} is no longer there; run the sync again`, { path })
  if (!seen.isFile() || etagOf(seen) !== etag) throw changed(tree, path)
}

/** The error for a file that is not the version that was expected. */
export function changed(tree: Tree, path: Path, cause?: unknown): StorageError {
  return new StorageError('PRECONDITION_FAILED', `${place(path, tree.root)} changed since it was listed; run the sync again`, { path, cause })
}

/**
 * Gives a finished temporary its name, in one step: whoever looks sees the old file or the new one.
 *
 * @throws StorageError if the conditions do not hold; the temporary is then still there
 */
export function publish(tree: Tree, temporary: string, path: Path, file: string, conditions: Conditions): void {
  try {
    if (conditions.ifNoneMatch === '*') {
      linkThere(tree, temporary, path, file)
      return
    }
    // Checked before the content came too; here again, because content takes its time.
    if (conditions.ifMatch !== undefined || tree.symlinks === 'skip') checkTarget(tree, path, file, conditions)
    renameSync(temporary, file)
  } catch (error) {
    throw toStorageError(error, 'write', path, tree.root)
  }
}

/** `link` never replaces, `rename` always does. */
function linkThere(tree: Tree, temporary: string, path: Path, file: string): void {
  try {
    linkSync(temporary, file)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw existsAlready(tree, path, error)
    if (!lacksHardLinks(error)) throw error
    // vfat and some network file systems have no hard links: look once more, then rename.
    if (lstat(file) !== undefined) throw existsAlready(tree, path, error)
    renameSync(temporary, file)
    return
  }
  try {
    unlinkSync(temporary)
  } catch {
    // The file has its name and content. What stays is a hidden temporary, removed by a later flush.
  }
}

/** Whether an error of `link` says that the file system has no hard links, or allows none for this file. */
export function lacksHardLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'].includes(errnoOf(error) ?? '')
}

/**
 * What is at `file` after a write, unless somebody replaced or changed it at once: then the numbers of what was written, whose version
 * no later look will find. So the foreign change is seen as one, instead of being recorded as ours.
 */
export function statWritten(file: string, written: Stats): Stats {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  return stats !== undefined && stats.ino === written.ino && stats.size === written.size && stats.mtimeMs === written.mtimeMs ? stats : written
}

function existsAlready(tree: Tree, path: Path, cause?: unknown): StorageError {
  return new StorageError('PRECONDITION_FAILED', `${place(path, tree.root)} already exists; it was to be created`, { path, cause })
}
