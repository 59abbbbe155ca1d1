import { linkSync, renameSync, unlinkSync, type Stats } from 'node:fs'
import { baseName, isBelow, parentPath, StorageError, type Path, type WriteOptions } from '@syncline/core'
import { attempt, strictly } from './change.ts'
import { errnoOf, place } from './errno.ts'
import { checkVersion, lacksHardLinks } from './publish.ts'
import { lstat, type Tree } from './tree.ts'

/**
 * Moves a file, a link or a whole directory within the tree. Returns the directories made for it.
 *
 * @throws StorageError `ALREADY_EXISTS` rather than replace, unless `ifMatch` names what is replaced; `NOT_SUPPORTED` between file systems
 */
export function move(tree: Tree, from: Path, to: Path, { ifMatch }: Pick<WriteOptions, 'ifMatch'>): readonly Path[] {
  return attempt(tree, `move ${JSON.stringify(from)} to`, to, () => {
    const strict = strictly(tree)
    const [source, target] = [strict.locate(from), strict.locate(to)]
    const stats = from !== '' && strict.hasParent(from) ? lstat(source) : undefined
    if (stats === undefined || (stats.isSymbolicLink() && tree.symlinks === 'skip'))
      throw new StorageError('NOT_FOUND', `could not move ${place(from, tree.root)}: nothing is there`, { path: from })
    if (to === '' || isBelow(to, from))
      throw new StorageError('INVALID_PATH', `could not move ${JSON.stringify(from)} to ${place(to, tree.root)}: that is inside itself`, { path: to })
    if (from === to) return []
    const made = strict.hasParent(to) ? [] : strict.makeParent(to)
    if (ifMatch !== undefined) replace(tree, source, to, target, ifMatch)
    else if (stats.isDirectory()) moveDirectory(tree, stats, source, to, target)
    else moveFile(tree, stats, source, to, target)
    return made
  })
}

function replace(tree: Tree, source: string, to: Path, target: string, ifMatch: string): void {
  checkVersion(tree, to, target, lstat(target), ifMatch)
  renameSync(source, target)
}

function moveDirectory(tree: Tree, stats: Stats, source: string, to: Path, target: string): void {
  const existing = lstat(target)
  if (existing !== undefined && !isOtherSpelling(stats, existing, source, target)) throw existsAlready(tree, to)
  renameSync(source, target)
}

/** A second name, then the first one removed: unlike `rename`, this never replaces. Killed in between, both names hold the file. */
function moveFile(tree: Tree, stats: Stats, source: string, to: Path, target: string): void {
  // Elsewhere `link` follows a symbolic link instead of linking it.
  if (stats.isSymbolicLink() && process.platform !== 'linux') {
    if (lstat(target) !== undefined) throw existsAlready(tree, to)
    renameSync(source, target)
    return
  }
  try {
    linkSync(source, target)
  } catch (error) {
    const existing = lstat(target)
    if (existing !== undefined && !isOtherSpelling(stats, existing, source, target)) throw existsAlready(tree, to, error)
    if (errnoOf(error) !== 'EEXIST' && !lacksHardLinks(error)) throw error
    renameSync(source, target)
    return
  }
  try {
    unlinkSync(source)
  } catch (error) {
    unlinkSync(target)
    throw error
  }
}

/** Whether both names are one thing on a file system that does not tell them apart: "a" to "A". Two hard links are two things. */
function isOtherSpelling(stats: Stats, existing: Stats, source: string, target: string): boolean {
  const fold = (name: string): string => name.normalize('NFC').toLowerCase()
  return (
    existing.ino === stats.ino &&
    existing.dev === stats.dev &&
    (stats.nlink === 1 || stats.isDirectory()) &&
    fold(baseName(source)) === fold(baseName(target)) &&
    parentPath(source) === parentPath(target)
  )
}

function existsAlready(tree: Tree, path: Path, cause?: unknown): StorageError {
  return new StorageError('ALREADY_EXISTS', `could not move to ${place(path, tree.root)}: something is already there`, { path, cause })
}
