import { chmodSync, lutimesSync, mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { StorageError, type Path, type RemoveOptions } from '@syncline/core'
import { toSeconds } from './draft.ts'
import { errnoOf, place, toStorageError } from './errno.ts'
import { checkVersion } from './publish.ts'
import { temporaryName } from './temporary.ts'
import { directoryOf, lstat, Tree } from './tree.ts'

// What changes names and attributes. All synchronous: each is one or two system calls.

/**
 * Removes a file, a link or an empty directory.
 *
 * @returns whether something was there
 */
export function remove(tree: Tree, path: Path, { ifMatch }: RemoveOptions): boolean {
  return attempt(tree, 'remove', path, () => {
    const file = tree.locate(path)
    if (path === '') throw new StorageError('INVALID_PATH', `could not remove ${tree.root}: the root of a storage stays`, { path })
    // Never through a link, also where links are followed: that would delete a file at its other, real place.
    if (!strictly(tree).hasParent(path)) return missing(tree, path, ifMatch)
    const stats = lstat(file)
    if (stats === undefined || (stats.isSymbolicLink() && tree.symlinks === 'skip')) return missing(tree, path, ifMatch)
    if (ifMatch !== undefined) checkVersion(tree, path, file, stats, ifMatch)
    try {
      if (stats.isDirectory()) rmdirSync(file)
      else unlinkSync(file)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false
      // POSIX allows either for a directory that is not empty.
      if (stats.isDirectory() && errnoOf(error) === 'EEXIST')
        throw new StorageError('NOT_EMPTY', `could not remove ${place(path, tree.root)}: the directory is not empty`, { path, cause: error })
      throw error
    }
    return true
  })
}

/** Makes a directory and the ones above it. Returns those made, outermost first. */
export function makeDirectory(tree: Tree, path: Path): readonly Path[] {
  return attempt(tree, 'make the directory', path, () => {
    const file = tree.locate(path)
    const made = [...tree.makeParent(path)]
    if (path === '') return made
    try {
      mkdirSync(file)
      return [...made, path]
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
      if (tree.look(path, file)?.isDirectory() === true) return made
      throw new StorageError('ALREADY_EXISTS', `could not make the directory ${place(path, tree.root)}: a file or link is there`, {
        path,
        cause: error,
      })
    }
  })
}

/** Makes a link, or replaces a file or link by one, in one step. */
export function makeSymlink(tree: Tree, path: Path, target: string): readonly Path[] {
  return attempt(tree, 'make the symbolic link', path, () => {
    const file = tree.locate(path)
    if (path === '' || lstat(file)?.isDirectory() === true)
      throw new StorageError('IS_A_DIRECTORY', `could not make the symbolic link ${place(path, tree.root)}: a directory is there`, { path })
    const made = tree.hasParent(path) ? [] : tree.makeParent(path)
    const temporary = directoryOf(file) + temporaryName()
    symlinkSync(target, temporary)
    try {
      renameSync(temporary, file)
    } catch (error) {
      unlinkSync(temporary)
      throw error
    }
    return made
  })
}

/** Sets the modification time, of a link itself. */
export function setModified(tree: Tree, path: Path, modified: number): void {
  attempt(tree, 'set the time of', path, () => {
    const seconds = toSeconds(modified)
    lutimesSync(existing(tree, path), seconds, seconds)
  })
}

/** Sets the permission bits of a file or directory. */
export function setMode(tree: Tree, path: Path, mode: number): void {
  attempt(tree, 'set the mode of', path, () => {
    const file = existing(tree, path)
    if (lstat(file)?.isSymbolicLink() === true)
      throw new StorageError('NOT_SUPPORTED', `could not set the mode of ${place(path, tree.root)}: a symbolic link has none`, { path })
    chmodSync(file, mode & 0o7777)
  })
}

/** The same tree as one that goes through no link. */
export function strictly(tree: Tree): Tree {
  return tree.symlinks === 'keep' ? tree : new Tree(tree.root, 'keep')
}

/** Runs system calls and translates what they throw. */
export function attempt<T>(tree: Tree, doing: string, path: Path, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw toStorageError(error, doing, path, tree.root)
  }
}

function existing(tree: Tree, path: Path): string {
  const file = tree.locateTarget(path)
  if (!tree.hasParent(path) || tree.look(path, file) === undefined)
    throw new StorageError('NOT_FOUND', `${place(path, tree.root)} does not exist`, { path })
  return file
}

function missing(tree: Tree, path: Path, ifMatch: string | undefined): false {
  if (ifMatch === undefined) return false
  throw new StorageError('PRECONDITION_FAILED', `${place(path, tree.root)} is no longer there; run the sync again`, { path })
}
