import { existsSync, lstatSync, mkdirSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { baseName, checkPath, parentPath, StorageError, type Path } from '@syncline/core'
import { errnoOf, place, toStorageError } from './errno.ts'
import { isTemporary } from './temporary.ts'

/** What happens to symbolic links: kept as links, replaced by what they point to, or invisible. */
export type Symlinks = 'keep' | 'follow' | 'skip'

/**
 * A directory tree, and the paths in it. Every operation goes through here, so that none leaves the tree.
 *
 * Holds no state but the answer of `realRoot`; cheap to make, also in a worker thread.
 */
export class Tree {
  /** Absolute; "/" or without a final slash. */
  readonly root: string
  readonly symlinks: Symlinks
  readonly #prefix: string

  constructor(root: string, symlinks: Symlinks) {
    this.root = root
    this.symlinks = symlinks
    this.#prefix = root.endsWith('/') ? root : `${root}/`
  }

  /**
   * The absolute file name of a path. Looks only at the text: whether a symbolic link is in the way is asked of {@link Tree.hasParent}.
   *
   * @throws StorageError `INVALID_PATH`
   */
  locate(path: Path): string {
    if (path === '') return this.root
    checkPath(path)
    // A lone surrogate would silently become U+FFFD: another file.
    if (!isWellFormed.call(path)) throw new StorageError('INVALID_PATH', `${place(path, this.root)} is not valid Unicode`, { path })
    if (process.platform === 'win32' && /[\\:]/.test(path))
      throw new StorageError('INVALID_PATH', `${place(path, this.root)} has "\\" or ":", which mean something else on Windows`, { path })
    if (path.includes('.syncline-tmp-') && path.split('/').some(isTemporary)) {
      throw new StorageError('INVALID_PATH', `${place(path, this.root)} has a reserved name: ".syncline-tmp-…" are files being written`, { path })
    }
    return this.#prefix + path
  }

  /**
   * Whether the directory that holds `path` exists and may be written through.
   *
   * @param verified - directories already found good; kept by the caller for one batch
   * @throws StorageError `INVALID_PATH` naming a symbolic link on the way; `NOT_A_DIRECTORY` for a file on the way
   */
  hasParent(path: Path, verified: Set<Path> = new Set()): boolean {
    const parent = parentPath(path)
    return parent === '' ? this.#hasRoot(verified) : this.#isDirectory(parent, path, verified)
  }

  /** A root may be missing until the first write makes it. */
  #hasRoot(verified: Set<Path>): boolean {
    if (verified.has('')) return true
    if (lstat(this.root) === undefined) return false
    verified.add('')
    return true
  }

  /** As {@link Tree.hasParent}, for calls that only look: false also where a link, a file or a lack of permission is on the way, because a listing shows nothing below either. */
  canSeeParent(path: Path, verified?: Set<Path>): boolean {
    try {
      return this.hasParent(path, verified)
    } catch (error) {
      if (error instanceof StorageError && (error.code === 'INVALID_PATH' || error.code === 'NOT_A_DIRECTORY')) return false
      throw error
    }
  }

  /** Makes the directory that holds `path`, and the ones above it, where they are missing. Returns the directories made, outermost first. */
  makeParent(path: Path, verified: Set<Path> = new Set()): readonly Path[] {
    const made: Path[] = []
    this.#makeDirectory(parentPath(path), path, verified, made)
    return made
  }

  /** The file system's answer about a path, `undefined` if nothing is there. In `follow` mode about what a link points to; in `skip` mode a link is nothing. */
  look(path: Path, file: string): Stats | undefined {
    const stats = lstat(file)
    if (stats === undefined || !stats.isSymbolicLink() || this.symlinks === 'keep') return stats
    return this.symlinks === 'skip' ? undefined : statSync(this.follow(path, file))
  }

  /**
   * Where a symbolic link leads, which must be inside the tree.
   *
   * @throws StorageError `INVALID_PATH` if it leaves the tree or loops, `NOT_FOUND` if it leads nowhere
   */
  follow(path: Path, file: string): string {
    const target = realpathSync.native(file)
    const root = realpathSync.native(this.root)
    if (target !== root && !target.startsWith(root.endsWith('/') ? root : `${root}/`)) {
      throw new StorageError('INVALID_PATH', `${place(path, this.root)} is a symbolic link to ${target}, outside the tree`, { path })
    }
    return target
  }

  /** Where content for `path` goes: in `follow` mode, where its link leads, so that the link stays. */
  locateTarget(path: Path): string {
    const file = this.locate(path)
    return this.symlinks === 'follow' && lstat(file)?.isSymbolicLink() === true ? this.follow(path, file) : file
  }

  #isDirectory(directory: Path, path: Path, verified: Set<Path>): boolean {
    if (verified.has(directory)) return true
    const parent = parentPath(directory)
    if (parent !== '' && !this.#isDirectory(parent, path, verified)) return false
    const file = this.locate(directory)
    const stats = lstat(file)
    if (stats === undefined) return false
    if (stats.isSymbolicLink()) this.#checkLink(directory, path, file)
    else if (!stats.isDirectory())
      throw new StorageError('NOT_A_DIRECTORY', `${place(directory, this.root)} is not a directory, so nothing can be below it`, { path })
    verified.add(directory)
    return true
  }

  #checkLink(directory: Path, path: Path, file: string): void {
    if (this.symlinks !== 'follow') {
      throw new StorageError('INVALID_PATH', `${place(directory, this.root)} is a symbolic link; nothing is read or written through it`, { path })
    }
    if (!statSync(this.follow(directory, file)).isDirectory()) {
      throw new StorageError('NOT_A_DIRECTORY', `${place(directory, this.root)} leads to a file, so nothing can be below it`, { path })
    }
  }

  #makeDirectory(directory: Path, path: Path, verified: Set<Path>, made: Path[]): void {
    if (directory === '') {
      makeRoot(this.root)
      return
    }
    if (this.#isDirectory(directory, path, verified)) return
    this.#makeDirectory(parentPath(directory), path, verified, made)
    try {
      mkdirSync(this.locate(directory))
      made.push(directory)
    } catch (error) {
      // Somebody else made it in between, or something of another kind: look again.
      if (errnoOf(error) !== 'EEXIST') throw toStorageError(error, `make the directory ${JSON.stringify(directory)} for`, path, this.root)
      if (!this.#isDirectory(directory, path, verified))
        throw toStorageError(error, `make the directory ${JSON.stringify(directory)} for`, path, this.root)
    }
    verified.add(directory)
  }
}

/** The directory part of an absolute file name, with the final slash. */
export function directoryOf(file: string): string {
  return file.slice(0, file.length - baseName(file).length)
}

/** `lstat` without an exception for what is missing. */
export function lstat(file: string): Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false })
  } catch (error) {
    // A file where a directory was expected: nothing can be there. (`throwIfNoEntry` covers this in some versions of Node only.)
    if (errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** Of ES2024, and in every Node that we support. */
const { isWellFormed } = String.prototype as unknown as { isWellFormed(this: string): boolean }

function makeRoot(root: string): void {
  try {
    makeDirectories(root)
  } catch (error) {
    throw toStorageError(error, 'make the directory', '', root)
  }
}

/** As `mkdir -p`. The `recursive` of Node 20 never ends where the system says of a directory that is there that it has no such parent, as in /proc. */
function makeDirectories(directory: string): void {
  try {
    mkdirSync(directory)
  } catch (error) {
    const parent = dirname(directory)
    if (errnoOf(error) === 'EEXIST' && statSync(directory).isDirectory()) return
    if (errnoOf(error) !== 'ENOENT' || parent === directory || existsSync(parent)) throw error
    makeDirectories(parent)
    mkdirSync(directory)
  }
}
