import { isStorageError, messageOf } from '../errors.ts'
import type { Entry, Path } from '../protocol.ts'

/** An item no longer fits what is there. Nothing was changed. */
export class StaleError extends Error {
  override readonly name = 'StaleError'
  readonly code: string

  constructor(message: string, code = 'PRECONDITION_FAILED', options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What a storage says when a precondition does not hold. */
export function isRefusal(error: unknown): boolean {
  return isStorageError(error, 'PRECONDITION_FAILED') || isStorageError(error, 'ALREADY_EXISTS')
}

/** A refusal as staleness, everything else as it is. */
export function asStale(error: unknown): unknown {
  return isRefusal(error) ? new StaleError(messageOf(error), 'PRECONDITION_FAILED', { cause: error }) : error
}

/**
 * Says how an entry differs from what the plan saw, or `undefined` if it is the same.
 *
 * @param planned - null: nothing was there
 * @param precisionMs - times of one file this far apart are the same: listings may be coarser than `stat`
 */
export function difference(planned: Entry | null, now: Entry | undefined, precisionMs: number): string | undefined {
  if (planned === null) return now === undefined ? undefined : `a ${now.kind} has appeared there`
  if (now === undefined) return 'it is gone'
  if (now.kind !== planned.kind) return `it is a ${now.kind} now`
  if (planned.kind === 'symlink') return now.kind === 'symlink' && now.target === planned.target ? undefined : 'it points elsewhere now'
  if (planned.kind !== 'file' || now.kind !== 'file') return undefined
  if (now.size !== planned.size) return `its size is ${now.size} now, not ${planned.size}`
  if (planned.etag !== undefined && now.etag !== undefined) return planned.etag === now.etag ? undefined : 'its etag is another now'
  return differenceOfMoved(planned, now, precisionMs)
}

/** As {@link difference}, for an entry that this run moved: a move may change the etag, as it changes the change time of a local file. */
export function differenceOfMoved(planned: Entry, now: Entry | undefined, precisionMs: number): string | undefined {
  if (now === undefined) return 'it is gone'
  if (planned.kind !== 'file' || now.kind !== 'file') return difference(planned, now, precisionMs)
  if (now.size !== planned.size) return `its size is ${now.size} now, not ${planned.size}`
  if (planned.id !== undefined && now.id !== undefined && planned.id !== now.id) return 'another file is in its place'
  if (planned.modified !== undefined && now.modified !== undefined && Math.abs(planned.modified - now.modified) > precisionMs)
    return 'its modification time is another now'
  return undefined
}

/** `path` on a storage no longer is what the plan saw. */
export function staleAt(path: Path, storage: string, how: string): StaleError {
  return new StaleError(`${path} on ${storage} is not what the plan saw: ${how}; run the sync again`)
}
