import { isStorageError, StorageError } from '../errors.ts'
import { compareEntries } from '../path.ts'
import type { AbortOptions, Bytes, Entry, ListOptions, Path, ReadableStorage, ReadOptions, Upload, WritableStorage } from '../protocol.ts'
import { untilAborted } from './abort.ts'
import { type Decorated, decorate, type Overrides } from './decorate.ts'
import { isReplayable } from './replayable.ts'

/** A call that failed and will be repeated. */
export interface RetryInfo {
  /** The method, as in "write". */
  readonly call: string
  readonly path: Path | undefined
  /** The try that failed, from 1, since the call last got on. */
  readonly attempt: number
  readonly delayMs: number
  readonly error: unknown
}

/** Options of `retry`. */
export interface RetryOptions {
  /** Tries without progress, the first included; default 4. */
  readonly attempts?: number
  /** Milliseconds; default 200. The longest wait before the second try; it doubles with each. */
  readonly baseDelayMs?: number
  /** Milliseconds; default 20,000. */
  readonly maxDelayMs?: number
  /** From 0 to 1; default `Math.random`. */
  readonly random?: () => number
  /** Default: a timer. */
  readonly sleep?: (delayMs: number) => Promise<void>
  readonly onRetry?: (info: RetryInfo) => void
}

/**
 * Repeats calls that fail with a retryable `StorageError`, after a random wait that grows ("full jitter"), and no earlier than the store asked for.
 *
 * - `list` goes on behind the last entry it gave: nothing is given twice.
 * - `read` goes on at the byte it had come to, in the version it began with. Without `ifMatch` it asks `stat` for that version first, if the storage
 *   is `conditional`; if no version can be named, only a read that has given nothing yet is repeated. Bytes of two versions are never mixed.
 * - `write` is repeated if its content is `replayable`, or had not been touched when the call failed.
 *
 * A lost answer cannot be told from a lost call. What depends on the state of things (`ifMatch`, `ifNoneMatch`, `move`) may have happened the first time;
 * its repetition then rejects with `PRECONDITION_FAILED`, `ALREADY_EXISTS` or `NOT_FOUND`. Look before you conclude.
 *
 * @see "Exponential Backoff And Jitter", AWS Architecture Blog, for full jitter
 */
export function retry<S extends ReadableStorage>(storage: S, options: RetryOptions = {}): Decorated<S> {
  const { attempts = 4 } = options
  if (!Number.isInteger(attempts) || attempts < 1) throw new TypeError(`attempts must be a positive integer, got ${attempts}`)
  const inner = storage as ReadableStorage & Partial<WritableStorage>
  const overrides: Record<string, unknown> = {
    list: (path: Path, listOptions?: ListOptions) => list(inner, path, listOptions ?? {}, options),
    read: (path: Path, readOptions?: ReadOptions) => read(inner, path, readOptions ?? {}, options),
  }
  // The options are the last argument of every method, the path the first of all but the last two.
  for (const name of ['stat', 'hash', 'remove', 'makeDirectory', 'makeSymlink', 'setModified', 'setMode', 'copy', 'move', 'flush'] as const) {
    const method = inner[name] as ((...args: unknown[]) => Promise<unknown>) | undefined
    if (method === undefined) continue
    overrides[name] = (...args: readonly unknown[]) => {
      const { signal } = (args.findLast(isObject) ?? {}) as AbortOptions
      return repeat(async () => await method.apply(inner, [...args]), {
        ...options,
        call: name,
        path: typeof args[0] === 'string' ? args[0] : undefined,
        signal,
      })
    }
  }
  if (inner.write !== undefined) overrides['write'] = writeOf(inner as WritableStorage, options)
  const { snapshot, upload } = inner
  if (snapshot !== undefined) {
    overrides['snapshot'] = async (snapshotOptions: AbortOptions = {}) => {
      const { signal } = snapshotOptions
      return retry(await repeat(() => snapshot.call(inner, snapshotOptions), { ...options, call: 'snapshot', path: undefined, signal }), options)
    }
  }
  if (upload !== undefined) {
    overrides['upload'] = async (path: Path, uploadOptions: Parameters<typeof upload>[1] = {}) => {
      const { signal } = uploadOptions
      return retryUpload(await repeat(() => upload.call(inner, path, uploadOptions), { ...options, call: 'upload', path, signal }), path, options)
    }
  }
  return decorate(storage, overrides as Overrides<S>)
}

/** What is repeated, for `onRetry`, and what ends it. */
export interface RepeatOptions extends RetryOptions, AbortOptions {
  readonly call?: string
  readonly path?: Path | undefined
}

/**
 * Runs `run` until it succeeds, fails for good, or has been tried often enough. The loop of {@link retry}, for use inside a storage.
 *
 * @example
 * list: walk(directory => repeat(() => client.readdir(directory), { attempts: 3 }), { concurrency: 16 })
 */
export async function repeat<T>(run: () => Promise<T>, options: RepeatOptions = {}): Promise<T> {
  const patience = new Patience(options)
  for (;;) {
    try {
      return await run()
    } catch (error) {
      await patience.wait(error)
    }
  }
}

/** Counts the tries since the last progress, and waits between them. */
class Patience {
  #attempt = 0
  readonly #options: RepeatOptions

  constructor(options: RepeatOptions) {
    this.#options = options
  }

  progress(): void {
    this.#attempt = 0
  }

  /** Waits before the next try, or throws `error` if there must be none. */
  async wait(error: unknown): Promise<void> {
    const {
      attempts = 4,
      baseDelayMs = 200,
      maxDelayMs = 20_000,
      random = Math.random,
      sleep = sleepFor,
      onRetry,
      signal,
      call = 'call',
      path,
    } = this.#options
    this.#attempt++
    if (!isStorageError(error) || !error.retryable || this.#attempt >= attempts || signal?.aborted === true) throw error
    const jittered = random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (this.#attempt - 1))
    const delayMs = Math.max(jittered, error.retryAfterMs ?? 0)
    onRetry?.({ call, path, attempt: this.#attempt, delayMs, error })
    await untilAborted(sleep(delayMs), signal)
  }
}

async function sleepFor(delayMs: number): Promise<void> {
  await new Promise<void>(resolve => setTimeout(resolve, delayMs))
}

async function* list(storage: ReadableStorage, path: Path, listOptions: ListOptions, options: RetryOptions): AsyncGenerator<readonly Entry[]> {
  const patience = new Patience({ ...options, call: 'list', path, signal: listOptions.signal })
  // In key order the last entry says what was given; without it every path must be remembered.
  const given = storage.capabilities.ordered === true ? undefined : new Set<string>()
  let last: Entry | undefined
  let restarted = false
  for (;;) {
    try {
      let before: Entry | undefined
      for await (const item of storage.list(path, listOptions)) {
        const page: readonly Entry[] = Array.isArray(item) ? (item as readonly Entry[]) : [item as Entry]
        let fresh = page
        if (restarted) {
          fresh = page.filter(entry => {
            // Skipping by key would lose entries of a listing that breaks its promise, and what is lost looks deleted.
            if (given === undefined && before !== undefined && compareEntries(before, entry) >= 0) {
              throw new StorageError('UNORDERED', `${storage.name} listed ${entry.path} after ${before.path}, although it promises key order`, {
                path: entry.path,
              })
            }
            before = entry
            return given === undefined ? last === undefined || compareEntries(last, entry) < 0 : !given.has(keyOf(entry))
          })
        }
        if (fresh.length === 0) continue
        last = fresh[fresh.length - 1]
        if (given !== undefined) for (const entry of fresh) given.add(keyOf(entry))
        patience.progress()
        yield fresh
      }
      return
    } catch (error) {
      await patience.wait(error)
      restarted = true
    }
  }
}

function keyOf(entry: Entry): string {
  return entry.kind === 'directory' ? `${entry.path}/` : entry.path
}

async function* read(storage: ReadableStorage, path: Path, readOptions: ReadOptions, options: RetryOptions): AsyncGenerator<Uint8Array> {
  const { offset = 0, length, ifMatch, signal } = readOptions
  const patience = new Patience({ ...options, call: 'read', path, signal })
  const { conditional, checksConditions } = storage.capabilities
  const isPinnable = ifMatch === undefined && (conditional === true || checksConditions === true)
  let version = ifMatch
  let delivered = 0
  for (;;) {
    try {
      if (delivered === 0 && isPinnable) {
        const entry = await storage.stat(path, { signal })
        version = entry?.kind === 'file' ? entry.etag : undefined
      }
      const rest: ReadOptions = {
        ...readOptions,
        offset: offset + delivered,
        ...(length !== undefined && { length: length - delivered }),
        ...(version !== undefined && { ifMatch: version }),
      }
      for await (const chunk of storage.read(path, rest)) {
        delivered += chunk.length
        patience.progress()
        yield chunk
      }
      return
    } catch (error) {
      // Replaced between our own stat and the read: nobody asked for that version.
      if (isPinnable && delivered === 0 && isStorageError(error, 'PRECONDITION_FAILED')) {
        await patience.wait(new StorageError(error.code, error.message, { path, retryable: true, cause: error }))
        continue
      }
      if (delivered > 0 && version === undefined) throw error
      await patience.wait(error)
      if (length !== undefined && delivered >= length) return
    }
  }
}

function writeOf(storage: WritableStorage, options: RetryOptions): WritableStorage['write'] {
  return async (path, content, writeOptions = {}) => {
    const patience = new Patience({ ...options, call: 'write', path, signal: writeOptions.signal })
    let isTouched = false
    const watched: Bytes = {
      [Symbol.asyncIterator]: () => {
        isTouched = true
        return content[Symbol.asyncIterator]()
      },
    }
    for (;;) {
      try {
        return await storage.write(path, isReplayable(content) ? content : watched, writeOptions)
      } catch (error) {
        if (isTouched) throw error
        await patience.wait(error)
      }
    }
  }
}

function retryUpload(upload: Upload, path: Path, options: RetryOptions): Upload {
  const again = async <T>(call: string, { signal }: AbortOptions, run: () => Promise<T>): Promise<T> =>
    await repeat(run, { ...options, call, path, signal })
  return {
    token: upload.token,
    partSize: upload.partSize,
    ...(upload.sequential !== undefined && { sequential: upload.sequential }),
    stored: (o = {}) => again('upload.stored', o, () => upload.stored(o)),
    put: (index, part, o = {}) => again('upload.put', o, () => upload.put(index, part, o)),
    complete: (o = {}) => again('upload.complete', o, () => upload.complete(o)),
    abort: () => again('upload.abort', {}, () => upload.abort()),
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
