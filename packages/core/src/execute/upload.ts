import { isStorageError, StorageError } from '../errors.ts'
import type { Side } from '../modes.ts'
import type { PlanItem } from '../plan.ts'
import type { Bytes, Entry, FileEntry, Path, Upload, WritableStorage, WriteOptions } from '../protocol.ts'
import { isRetryable } from './retry-policy.ts'
import type { RunSide } from './run-side.ts'
import type { Run } from './run.ts'
import { targetSide } from './target.ts'

/** An upload that has begun and may be gone on with, in this process or a later one. Plain data, kept in the state. */
export interface PendingUpload {
  /** Where it goes. */
  readonly side: Side
  readonly path: Path
  readonly token: string
  /** The version that is sent: another one starts anew. */
  readonly size: number
  readonly modified?: number
  readonly etag?: string
}

/** Remembers uploads beyond the process. */
export interface UploadLedger {
  /** Those of earlier runs and of this one, the last per side and path. */
  pending(): readonly PendingUpload[]
  /** Durable when it resolves: an upload that nobody remembers is never ended. */
  begin(upload: PendingUpload): Promise<void>
  end(upload: PendingUpload): Promise<void>
}

/** Bytes from which a file goes in parts: below, sending it again costs less than remembering. */
const fromBytes = 32 * 1024 * 1024
/** Parts of one file on their way at a time. */
const partsInFlight = 4

/** Whether a file is sent in parts that outlive an interruption. */
export function goesInParts(run: Run, to: RunSide, file: FileEntry): boolean {
  return file.size >= (run.context.config.uploadFrom ?? fromBytes) && (to.storage as Partial<WritableStorage>).upload !== undefined
}

/** What one file needs to go in parts. */
export interface PartsRequest {
  readonly file: FileEntry
  readonly to: RunSide
  readonly path: Path
  readonly options: WriteOptions
  /** The content from an offset on, proven to be the planned version before its last bytes. */
  readonly read: (offset: number) => Bytes
  /** Called when all parts are there; rejects if the target is no longer what is to be replaced. */
  readonly recheck: (() => Promise<Entry | undefined>) | undefined
}

/**
 * Sends a file in parts. What is stored of an earlier try of the same version stays: within a run it is left out, and after a restart each part is
 * given to the store again, which compares it and sends only what differs. So a file that was changed in between, or half a part that a crash
 * left, never becomes part of the result.
 *
 * After a failure that may pass, the parts stay for the next try or the next run; after any other, the upload is aborted.
 */
export async function sendInParts(run: Run, request: PartsRequest): Promise<FileEntry> {
  const { recheck } = request
  const { pending, upload, sent } = await openUpload(run, request)
  try {
    await putParts(run, request, upload, sent)
    await recheck?.()
    const entry = await upload.complete({ signal: run.signal })
    await run.context.uploads?.end(pending)
    return entry
  } catch (error) {
    if (!isWorthKeeping(run, error)) {
      sent.clear()
      await upload.abort().catch(() => {})
      await run.context.uploads?.end(pending)
    }
    throw error
  }
}

/** What passes: the connection, the rights that ran out, the person who stopped it. */
function isWorthKeeping(run: Run, error: unknown): boolean {
  return run.signal?.aborted === true || isRetryable(error) || isStorageError(error, 'UNAUTHENTICATED')
}

interface OpenUpload {
  readonly pending: PendingUpload
  readonly upload: Upload
  /** Indices of the parts that this run has put. */
  readonly sent: Set<number>
}

async function openUpload(run: Run, { file, to, path, options }: PartsRequest): Promise<OpenUpload> {
  const storage = to.writable()
  const open = (resume?: string): Promise<Upload> => {
    if (storage.upload === undefined) throw new TypeError(`${storage.name} takes no parts`)
    return storage.upload(path, { ...options, ...(resume !== undefined && { resume }) })
  }
  const ledger = run.context.uploads
  const version = {
    size: file.size,
    ...(file.modified !== undefined && { modified: file.modified }),
    ...(file.etag !== undefined && { etag: file.etag }),
  }
  const old = ledger?.pending().find(item => item.side === to.side && item.path === path)
  if (old !== undefined) {
    if (isSameVersion(old, file)) {
      try {
        const upload = await open(old.token)
        const sent = to.sentParts(old.token)
        await forgetLost(upload, sent, run.signal)
        return { pending: old, upload, sent }
      } catch (error) {
        if (!isStorageError(error, 'NOT_FOUND')) throw error
        await ledger?.end(old)
        // Its parts were put by this very run: most likely the answer to its completion was lost, and what is there now will tell.
        if (to.sentParts(old.token).size > 0)
          throw new StorageError('PRECONDITION_FAILED', `the upload of ${path} to ${storage.name} has ended without an answer`, {
            path,
            cause: error,
          })
      }
    } else {
      await abandon(to, old, run.signal)
      await ledger?.end(old)
    }
  }
  const upload = await open()
  const pending: PendingUpload = { side: to.side, path, token: upload.token, ...version }
  await ledger?.begin(pending)
  return { pending, upload, sent: to.sentParts(upload.token) }
}

/** A store that went down may have lost what it had confirmed. */
async function forgetLost(upload: Upload, sent: Set<number>, signal: AbortSignal | undefined): Promise<void> {
  if (sent.size === 0) return
  const stored = new Set(await upload.stored({ signal }))
  for (const index of sent) if (!stored.has(index)) sent.delete(index)
}

function isSameVersion(pending: PendingUpload, file: FileEntry): boolean {
  return pending.size === file.size && pending.modified === file.modified && pending.etag === file.etag
}

/** Reads and puts, so many parts at a time as help and memory allows. */
async function putParts(run: Run, { file, path, read }: PartsRequest, upload: Upload, sent: Set<number>): Promise<void> {
  const { partSize } = upload
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  let index = 0
  while (sent.has(index)) index++
  const content = read(index * partSize)[Symbol.asyncIterator]()
  const most = upload.sequential === true ? 1 : partsInFlight
  const parts = new PartReader(content)
  try {
    for (; index * partSize < file.size; index++) {
      const length = Math.min(partSize, file.size - index * partSize)
      const release = await run.content.take(length)
      let part: Uint8Array | undefined
      try {
        part = await parts.next(length)
      } finally {
        if (part === undefined) release()
      }
      // Waited for only now, so that a part is read while the ones before it are on their way.
      while (underWay.size >= most) await Promise.race(underWay)
      if (failure !== undefined) {
        release()
        break
      }
      const at = index
      const bytes = part
      const putting: Promise<void> = (sent.has(at) ? Promise.resolve() : upload.put(at, bytes, { signal: run.signal }))
        .then(() => {
          sent.add(at)
          parts.giveBack(bytes)
        })
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => {
          release()
          underWay.delete(putting)
        })
      underWay.add(putting)
    }
    // The reader has a last word: whether what was read is still the planned version.
    if (failure === undefined) await parts.end(path)
  } finally {
    await Promise.all(underWay)
    await content.return?.()
  }
  // Set in a callback, which the compiler cannot see.
  const failed = failure as { readonly error: unknown } | undefined
  if (failed !== undefined) throw failed.error
}

/** Cuts content into parts of given lengths. */
class PartReader {
  readonly #content: AsyncIterator<Uint8Array>
  /** Memory of parts that were put. To get some anew for each part costs more than to fill it: it makes the collector look at everything. */
  readonly #spare: Uint8Array[] = []
  #rest: Uint8Array = new Uint8Array(0)

  constructor(content: AsyncIterator<Uint8Array>) {
    this.#content = content
  }

  /** Nobody needs a part any more. */
  giveBack(part: Uint8Array): void {
    this.#spare.push(part)
  }

  /** The next `length` bytes, in memory of their own until it is given back. */
  async next(length: number): Promise<Uint8Array> {
    const spare = this.#spare.pop()
    const part = spare !== undefined && spare.length >= length ? spare.subarray(0, length) : new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#content.next()
        if (done === true) throw new StorageError('CORRUPT', `the content ended ${length - filled} bytes early`, { retryable: true })
        this.#rest = value
      }
      const piece = this.#rest.subarray(0, length - filled)
      part.set(piece, filled)
      filled += piece.length
      this.#rest = this.#rest.subarray(piece.length)
    }
    return part
  }

  /** Reads on to the end, where nothing more may come. */
  async end(path: Path): Promise<void> {
    const { done } = await this.#content.next()
    if (done !== true || this.#rest.length > 0) throw new StorageError('CORRUPT', `${path} has more content than it was listed with`, { path })
  }
}

/** Aborts what earlier runs began and this plan does not go on with: its file was deleted, or is the same by now. */
export async function abandonUploads(run: Run, items: readonly PlanItem[]): Promise<void> {
  const ledger = run.context.uploads
  const pending = ledger?.pending() ?? []
  if (pending.length === 0) return
  const wanted = new Set(items.map(item => `${targetSide(item)} ${item.path}`))
  for (const upload of pending) {
    if (wanted.has(`${upload.side} ${upload.path}`)) continue
    await abandon(run.sides[upload.side], upload, run.signal)
    await ledger?.end(upload)
  }
}

/** Best effort: a store that cannot be asked now forgets unfinished uploads by rules of its own. */
async function abandon(to: RunSide, { path, token }: PendingUpload, signal: AbortSignal | undefined): Promise<void> {
  const storage = to.storage as Partial<WritableStorage>
  try {
    await (await storage.upload?.(path, { resume: token, signal }))?.abort()
  } catch {
    return
  }
}
