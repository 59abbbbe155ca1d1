import { createHash } from 'node:crypto'
import { constants, copyFileSync, ftruncateSync, statSync } from 'node:fs'
import { checkUnchanged, complete, type Copied, type CopyJob } from './copy-job.ts'
import { Draft } from './draft.ts'
import { errnoOf, toStorageError } from './errno.ts'
import { Aborted, pump } from './pump.ts'
import { directoryOf } from './tree.ts'

/** Pairs of file systems between which blocks cannot be shared. */
const unreflinkable = new Set<string>()

/** Copies a file that is too big to be read at once, or that has holes. */
export async function copyBig(job: CopyJob, isSparse: boolean, onBytes?: (bytes: number) => void): Promise<Copied> {
  const { context, item } = job
  let draft: Draft | undefined
  try {
    const reflinked = reflink(job)
    if (reflinked !== undefined) {
      onBytes?.(item.size)
      return reflinked
    }
    draft = new Draft(job.file, job.draft)
    const hash = context.hash === undefined ? undefined : createHash(context.hash)
    await pump({ from: job.fd, to: draft.fd, size: item.size, hash, isSparse, isAborted: context.isAborted, onBytes })
    checkUnchanged(job)
    if (isSparse) ftruncateSync(draft.fd, item.size)
    return complete(job, draft, hash?.digest('hex'))
  } catch (error) {
    draft?.discard()
    if (error instanceof Aborted) throw error
    throw toStorageError(error, 'copy', item.to, context.target.root)
  }
}

/**
 * Shares the blocks of a file where the file system can (btrfs, XFS, APFS). No byte passes through, so no hash is computed either.
 *
 * Tried once for each pair of file systems. Returns `undefined` where it cannot be done.
 */
function reflink(job: CopyJob): Copied | undefined {
  const { context, item, file } = job
  const pair = `${job.stats.dev}-${statSync(directoryOf(file)).dev}`
  if (unreflinkable.has(pair)) return undefined
  const draft = new Draft(file, job.draft)
  try {
    // Through the open descriptor where the system has it as a path: the name may lead to another file by now.
    const source = process.platform === 'linux' ? `/proc/self/fd/${job.fd}` : context.source.locateTarget(item.from)
    copyFileSync(source, draft.file, constants.COPYFILE_FICLONE_FORCE)
    checkUnchanged(job)
    return complete(job, draft, undefined)
  } catch (error) {
    draft.discard()
    if (!cannotReflink(error)) throw error
    unreflinkable.add(pair)
    return undefined
  }
}

function cannotReflink(error: unknown): boolean {
  return ['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY'].includes(errnoOf(error) ?? '')
}
