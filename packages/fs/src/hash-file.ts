import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { StorageError, type HashName, type Path } from '@syncline/core'
import { openFlags, smallFileBytes } from './copy-file.ts'
import { isSameVersion } from './copy-job.ts'
import { errnoOf, place, toStorageError } from './errno.ts'
import { digestOf } from './hash-names.ts'
import { changed } from './publish.ts'
import { Aborted, pump } from './pump.ts'
import type { Tree } from './tree.ts'

let shared: Buffer | undefined

/**
 * Lower-case hex over the content of a file, computed in this thread.
 *
 * @throws StorageError `PRECONDITION_FAILED` if it was written meanwhile; {@link Aborted}
 */
export async function hashFile(tree: Tree, path: Path, name: HashName, isAborted: () => boolean): Promise<string> {
  let fd: number | undefined
  try {
    const file = tree.locate(path)
    const stats = tree.canSeeParent(path) ? tree.look(path, file) : undefined
    if (stats === undefined) throw new StorageError('NOT_FOUND', `could not hash ${place(path, tree.root)}: nothing is there`, { path })
    checkIsFile(tree, path, stats)
    fd = openSync(tree.locateTarget(path), openFlags)
    const before = fstatSync(fd)
    checkIsFile(tree, path, before)
    const digest = before.size <= smallFileBytes ? hashSmall(fd, name, before.size) : await hashBig(fd, name, before.size, isAborted)
    if (!isSameVersion(before, fstatSync(fd))) throw changed(tree, path)
    return digest
  } catch (error) {
    if (error instanceof Aborted) throw error
    // Replaced by a link since the look above.
    throw errnoOf(error) === 'ELOOP' ? changed(tree, path, error) : toStorageError(error, 'hash', path, tree.root)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function checkIsFile(tree: Tree, path: Path, stats: Stats): void {
  if (stats.isFile()) return
  if (stats.isDirectory()) throw new StorageError('IS_A_DIRECTORY', `could not hash ${place(path, tree.root)}: it is a directory`, { path })
  throw new StorageError('NOT_SUPPORTED', `could not hash ${place(path, tree.root)}: it is not a regular file`, { path })
}

function hashSmall(fd: number, name: HashName, size: number): string {
  shared ??= Buffer.allocUnsafeSlow(smallFileBytes)
  let at = 0
  while (at < size) {
    const count = readSync(fd, shared, at, size - at, at)
    if (count === 0) break
    at += count
  }
  return digestOf(name, shared.subarray(0, at))
}

async function hashBig(fd: number, name: HashName, size: number, isAborted: () => boolean): Promise<string> {
  const hash = createHash(name)
  await pump({ from: fd, size, hash, isAborted })
  return hash.digest('hex')
}
