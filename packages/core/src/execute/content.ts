import { StorageError } from '../errors.ts'
import type { Bytes, FileEntry } from '../protocol.ts'
import { difference, staleAt } from './check.ts'
import type { RunSide } from './run-side.ts'
import type { Run } from './run.ts'

/** What went wrong on the reading side of a transfer: a store that is being written to may wrap or replace the error. */
export interface Reading {
  error?: unknown
}

/**
 * The content of a file, proven to be the planned version before its last bytes are handed out: a store that replaces atomically then never
 * shows a mixture, and a file that changed midway leaves the old one in place.
 *
 * @param onBytes - bytes so far, those before `start` included
 * @param start - bytes to leave out
 */
export async function* readPlanned(
  run: Run,
  from: RunSide,
  file: FileEntry,
  reading: Reading,
  onBytes: (bytes: number) => void,
  start = 0,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    let count = start
    if (file.size === start) await confirm(run, from, file)
    const options = { signal: run.signal, ...(file.etag !== undefined && { ifMatch: file.etag }), ...(start > 0 && { offset: start }) }
    for await (const chunk of from.storage.read(file.path, options)) {
      if (chunk.length === 0) continue
      count += chunk.length
      if (count > file.size) {
        await confirm(run, from, file)
        throw new StorageError('CORRUPT', `${from.storage.name} gave more than the ${file.size} bytes of ${file.path}`, { path: file.path })
      }
      if (count === file.size) await confirm(run, from, file)
      await run.bandwidth?.take(chunk.length, run.signal)
      onBytes(count)
      yield chunk
    }
    if (count < file.size) {
      await confirm(run, from, file)
      // A connection that was cut can look like an end.
      throw new StorageError('CORRUPT', `${from.storage.name} gave ${count} of the ${file.size} bytes of ${file.path}`, {
        path: file.path,
        retryable: true,
      })
    }
  } catch (error) {
    reading.error = error
    throw error
  }
}

/** A store that looks at `ifMatch` itself has confirmed by reading. */
async function confirm(run: Run, from: RunSide, file: FileEntry): Promise<void> {
  const { conditional, checksConditions } = from.storage.capabilities
  if ((conditional === true || checksConditions === true) && file.etag !== undefined) return
  const how = difference(file, await from.storage.stat(file.path, { signal: run.signal }), from.precisionMs)
  if (how !== undefined) throw staleAt(file.path, from.storage.name, how)
}

/** Whether two contents are the same; with `prefix`, whether the first is a start of the second. */
export async function sameBytes(a: Bytes, b: Bytes, prefix = false): Promise<boolean> {
  const [left, right] = [new Cursor(a), new Cursor(b)]
  try {
    for (;;) {
      const [x, y] = [await left.peek(), await right.peek()]
      if (x === undefined) return prefix || y === undefined
      if (y === undefined) return false
      const length = Math.min(x.length, y.length)
      for (let i = 0; i < length; i++) if (x[i] !== y[i]) return false
      left.skip(length)
      right.skip(length)
    }
  } finally {
    await left.close()
    await right.close()
  }
}

class Cursor {
  readonly #iterator: AsyncIterator<Uint8Array>
  #rest: Uint8Array | undefined

  constructor(content: Bytes) {
    this.#iterator = content[Symbol.asyncIterator]()
  }

  async peek(): Promise<Uint8Array | undefined> {
    while (this.#rest === undefined || this.#rest.length === 0) {
      const { done, value } = await this.#iterator.next()
      if (done === true) return undefined
      this.#rest = value
    }
    return this.#rest
  }

  skip(bytes: number): void {
    this.#rest = this.#rest?.subarray(bytes)
  }

  async close(): Promise<void> {
    await this.#iterator.return?.()
  }
}
