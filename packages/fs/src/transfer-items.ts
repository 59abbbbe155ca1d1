import { closeSync, fsyncSync, openSync } from 'node:fs'
import { isStorageError, type Path, type TransferItem } from '@syncline/core'
import { copyFile } from './copy-file.ts'
import type { Copied, CopyContext } from './copy-job.ts'
import { toStorageError } from './errno.ts'
import { Aborted } from './pump.ts'
import type { Tree } from './tree.ts'

/** One outcome inside a thread: `undefined` if it was not begun. */
export type ThreadOutcome = { readonly copied: Copied } | { readonly error: unknown } | undefined

/** Files up to this size are done before anybody could show a bar for them. */
const progressBytes = 1024 * 1024
/** How long a thread may be busy without a look at its events. */
const sliceMs = 8

/**
 * Copies a batch, one file after the other, in this thread.
 *
 * @returns one outcome per item; `undefined` for those not begun because of an abort
 */
export async function transferItems(
  context: CopyContext,
  items: readonly TransferItem[],
  onProgress?: (index: number, bytes: number) => void,
): Promise<ThreadOutcome[]> {
  const outcomes: ThreadOutcome[] = []
  let since = performance.now()
  for (const [index, item] of items.entries()) {
    if (context.isAborted()) {
      outcomes.push(undefined)
      continue
    }
    try {
      const report = onProgress !== undefined && item.size > progressBytes ? (bytes: number) => onProgress(index, bytes) : undefined
      const copied = copyFile(context, item, report)
      outcomes.push({ copied: copied instanceof Promise ? await copied : copied })
    } catch (error) {
      outcomes.push(error instanceof Aborted ? undefined : { error })
    }
    if (performance.now() - since > sliceMs) {
      await new Promise(resolve => setImmediate(resolve))
      since = performance.now()
    }
  }
  if (context.fsync) return syncDirectories(context, outcomes)
  return outcomes
}

/** The names become durable too. If they cannot, no file of the batch counts as written. */
function syncDirectories({ target, changedDirectories }: CopyContext, outcomes: ThreadOutcome[]): ThreadOutcome[] {
  try {
    for (const directory of changedDirectories) syncDirectory(target, directory)
    return outcomes
  } catch (error) {
    return outcomes.map(outcome => (outcome !== undefined && 'copied' in outcome ? { error } : outcome))
  }
}

/** Makes the names in a directory durable. */
function syncDirectory(tree: Tree, directory: Path): void {
  // Windows cannot open a directory, and keeps names by itself.
  if (process.platform === 'win32') return
  try {
    const fd = openSync(tree.locate(directory), 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw isStorageError(error) ? error : toStorageError(error, 'make durable the directory', directory, tree.root)
  }
}
