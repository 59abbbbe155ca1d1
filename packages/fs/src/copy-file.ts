import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { parentPath, StorageError, type Path, type TransferItem } from '@syncline/core'
import { copyBig } from './copy-big.ts'
import { checkUnchanged, complete, type Copied, type CopyContext, type CopyJob } from './copy-job.ts'
import { Draft } from './draft.ts'
import { etagOf } from './entry.ts'
import { errnoOf, place, toStorageError } from './errno.ts'
import { digestOf, hashNames } from './hash-names.ts'
import { changed, checkTarget } from './publish.ts'
import type { Tree } from './tree.ts'

/** Up to this many bytes a file is read in one go, into one buffer that all files share. */
export const smallFileBytes: number = 1024 * 1024

const blockBytes = 4096
let shared: Buffer | undefined

/** A context for one batch. A function we cannot compute is left out, not an error: hashes are a bonus. */
export function copyContext(source: Tree, target: Tree, options: Pick<CopyContext, 'hash' | 'fsync' | 'isAborted'>): CopyContext {
  const hash = options.hash !== undefined && hashNames.includes(options.hash) ? options.hash : undefined
  return { ...options, source, target, hash, verifiedSource: new Set(), verifiedTarget: new Set(), changedDirectories: new Set() }
}

/**
 * Copies one file with every promise of `write`: atomic, conditions checked, hash in the same pass. The source must be what was listed, before and after.
 *
 * Returns at once for a small file, because a promise costs as much as its copy.
 */
export function copyFile(context: CopyContext, item: TransferItem, onBytes?: (bytes: number) => void): Copied | Promise<Copied> {
  const fd = openSource(context, item)
  let isHandedOver = false
  try {
    // A small file is looked at once, after it was read: that it is the listed version then says that it was so all the time.
    const isReadFirst = item.size <= smallFileBytes && item.fromMatch !== undefined
    if (isReadFirst) readAll(context, item, fd)
    const job = toJob(context, item, fd, statListed(context, item, fd))
    const isSparse = job.stats.blocks * 512 < item.size && item.size > blockBytes
    if (isSparse || item.size > smallFileBytes) {
      isHandedOver = true
      return copyBig(job, isSparse, onBytes).finally(() => closeSync(fd))
    }
    if (!isReadFirst) {
      readAll(context, item, fd)
      checkUnchanged(job)
    }
    return copySmall(job)
  } finally {
    if (!isHandedOver) closeSync(fd)
  }
}

/** Opens the source, whatever it is by now. */
function openSource({ source, verifiedSource }: CopyContext, item: TransferItem): number {
  try {
    if (!source.hasParent(item.from, verifiedSource))
      throw new StorageError('NOT_FOUND', `${place(item.from, source.root)} is no longer there; run the sync again`, { path: item.from })
    return openSync(source.locateTarget(item.from), openFlags)
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') throw changed(source, item.from, error)
    throw toStorageError(error, 'read', item.from, source.root)
  }
}

/** The open source, if it is what was listed. */
function statListed({ source }: CopyContext, item: TransferItem, fd: number): Stats {
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.size !== item.size || (item.fromMatch !== undefined && etagOf(stats) !== item.fromMatch))
      throw changed(source, item.from)
    return stats
  } catch (error) {
    throw toStorageError(error, 'read', item.from, source.root)
  }
}

function toJob(context: CopyContext, item: TransferItem, fd: number, stats: Stats): CopyJob {
  const { target } = context
  try {
    const file = target.locateTarget(item.to)
    makeParent(context, item.to)
    // A small file that is only to be created finds out when it gets its name. A big one had better know before.
    const isDecidedLater = item.ifNoneMatch === '*' && item.size <= smallFileBytes
    const existing = isDecidedLater ? undefined : checkTarget(target, item.to, file, item)
    return { context, item, fd, stats, file, draft: { modified: item.modified, mode: item.mode, existing, fsync: context.fsync } }
  } catch (error) {
    throw toStorageError(error, 'write', item.to, target.root)
  }
}

/** Reading a regular file, and only that: a link in its place is an error, a named pipe does not block. */
export const openFlags: number = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

function makeParent({ target, verifiedTarget, changedDirectories }: CopyContext, path: Path): void {
  if (target.hasParent(path, verifiedTarget)) return
  for (const made of target.makeParent(path, verifiedTarget)) changedDirectories.add(parentPath(made))
}

/** Copies what is in the buffer. */
function copySmall(job: CopyJob): Copied {
  const { context, item } = job
  const buffer = sharedBuffer()
  const hash = context.hash === undefined ? undefined : digestOf(context.hash, buffer.subarray(0, item.size))
  let draft: Draft | undefined
  try {
    draft = new Draft(job.file, job.draft)
    draft.write(buffer, item.size)
    return complete(job, draft, hash)
  } catch (error) {
    draft?.discard()
    throw toStorageError(error, 'write', item.to, context.target.root)
  }
}

function readAll(context: CopyContext, item: TransferItem, fd: number): void {
  const buffer = sharedBuffer()
  try {
    for (let at = 0; at < item.size;) {
      const count = readSync(fd, buffer, at, item.size - at, at)
      if (count === 0) throw changed(context.source, item.from)
      at += count
    }
  } catch (error) {
    // A directory or a pipe cannot be read like that; what it says is that it is not the file any more.
    statListed(context, item, fd)
    throw toStorageError(error, 'read', item.from, context.source.root)
  }
}

function sharedBuffer(): Buffer {
  return (shared ??= Buffer.allocUnsafeSlow(smallFileBytes))
}
