import { close, closeSync, fstat, fstatSync, openSync, read as readFd, readSync, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { StorageError, type Path, type ReadOptions } from '@syncline/core'
import { openFlags } from './copy-file.ts'
import { isSameVersion } from './copy-job.ts'
import { etagOf } from './entry.ts'
import { errnoOf, isMissing, place, toStorageError } from './errno.ts'
import { changed } from './publish.ts'
import type { Tree } from './tree.ts'

const readAsync = promisify(readFd)
const fstatAsync = promisify(fstat) as (fd: number) => Promise<Stats>
const closeAsync = promisify(close)

const chunkBytes = 256 * 1024

/**
 * The content of a file, in chunks of 256 KiB.
 *
 * A file that changes while it is read is not passed off as a version: the last step rejects with `PRECONDITION_FAILED`.
 */
export async function* read(
  tree: Tree,
  path: Path,
  { offset = 0, length = Number.POSITIVE_INFINITY, ifMatch, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted()
  const { fd, stats } = open(tree, path, ifMatch)
  // Three trips through the thread pool would cost more than a small file itself.
  const isSmall = Math.min(stats.size, offset + length) - offset <= chunkBytes
  try {
    const end = Math.min(stats.size, offset + length)
    for (let position = offset; position < end;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - position))
      const count = isSmall ? readSync(fd, buffer, 0, buffer.length, position) : (await readAsync(fd, buffer, 0, buffer.length, position)).bytesRead
      signal?.throwIfAborted()
      if (count === 0) throw changed(tree, path)
      position += count
      yield count === buffer.length ? buffer : buffer.subarray(0, count)
      signal?.throwIfAborted()
    }
    if (!isSameVersion(stats, isSmall ? fstatSync(fd) : await fstatAsync(fd))) throw changed(tree, path)
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    throw toStorageError(error, 'read', path, tree.root)
  } finally {
    if (isSmall) closeSync(fd)
    else await closeAsync(fd)
  }
}

function open(tree: Tree, path: Path, ifMatch: string | undefined): { readonly fd: number; readonly stats: Stats } {
  let fd: number | undefined
  try {
    const file = tree.locate(path)
    const found = tree.canSeeParent(path) ? tree.look(path, file) : undefined
    if (found === undefined) throw new StorageError('NOT_FOUND', `could not read ${place(path, tree.root)}: nothing is there`, { path })
    checkIsFile(tree, path, found)
    fd = openSync(tree.locateTarget(path), openFlags)
    const stats = fstatSync(fd)
    checkIsFile(tree, path, stats)
    if (ifMatch !== undefined && etagOf(stats) !== ifMatch) throw changed(tree, path)
    return { fd, stats }
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    // Replaced by a link since the look above.
    if (errnoOf(error) === 'ELOOP') throw changed(tree, path, error)
    if (ifMatch !== undefined && isMissing(error)) throw changed(tree, path, error)
    throw toStorageError(error, 'read', path, tree.root)
  }
}

function checkIsFile(tree: Tree, path: Path, stats: Stats): void {
  if (stats.isFile()) return
  if (stats.isDirectory()) throw new StorageError('IS_A_DIRECTORY', `could not read ${place(path, tree.root)}: it is a directory`, { path })
  throw new StorageError('NOT_SUPPORTED', `could not read ${place(path, tree.root)}: it is not a regular file`, { path })
}
