import { createHash, type Hash } from 'node:crypto'
import { StorageError, type ReadableStorage, type TransferItem, type TransferOptions, type TransferOutcome, type WriteOptions } from '@syncline/core'
import type { Draft } from './draft.ts'
import { place } from './errors.ts'
import { checkWritable, describeFailure, fillAndPublish, wrongSize, type WriteContext } from './write.ts'

/** Hashes that are computed while content passes through. */
const hashNames: Readonly<Record<string, string>> = { md5: 'md5', sha1: 'sha1', sha256: 'sha256', sha512: 'sha512' }

/**
 * Writes a batch of files from any source.
 *
 * What it saves is waiting: while the content of one file is read, the requests for others are on their way, and those of one moment share packets.
 */
export async function transfer(
  context: WriteContext,
  source: ReadableStorage,
  items: readonly TransferItem[],
  options: TransferOptions,
): Promise<readonly TransferOutcome[]> {
  options.signal?.throwIfAborted()
  await context.tree.removeLeftovers()
  // The slots are the limit: most of these wait.
  return Promise.all(items.map((item, index) => context.slots.run(() => transferItem(context, source, item, index, options))))
}

async function transferItem(
  context: WriteContext,
  source: ReadableStorage,
  item: TransferItem,
  index: number,
  { signal, hash: hashName, onProgress }: TransferOptions,
): Promise<TransferOutcome> {
  const { tree } = context
  const { to, size, modified, mode, ifMatch, ifNoneMatch } = item
  try {
    signal?.throwIfAborted()
    checkWritable(tree, to)
    const algorithm = hashName === undefined ? undefined : hashNames[hashName]
    const hash = algorithm === undefined ? undefined : createHash(algorithm)
    // Without the signal: what is under way ends by itself, and hundreds of listeners would cost more than they save.
    const wanted: WriteOptions = {
      size,
      ...(modified !== undefined && { modified }),
      ...(mode !== undefined && { mode }),
      ...(ifMatch !== undefined && { ifMatch }),
      ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    }
    const reading: Reading = {}
    let entry
    try {
      entry = await fillAndPublish(context, to, wanted, draft =>
        fill(context, draft, source, item, hash, reading, bytes => onProgress?.(index, bytes), signal),
      )
    } catch (error) {
      throw reading.error ?? error
    }
    return { entry: hash === undefined ? entry : { ...entry, hashes: { [hashName as string]: hash.digest('hex') } } }
  } catch (error) {
    if (signal?.aborted === true) return { error: signal.reason }
    return { error: await describeFailure(tree, to, error, size).catch(() => error) }
  }
}

/** What went wrong on the reading side: that is passed on as it is. */
interface Reading {
  error?: unknown
}

async function fill(
  { tree }: WriteContext,
  draft: Draft,
  source: ReadableStorage,
  { from, to, size, fromMatch }: TransferItem,
  hash: Hash | undefined,
  reading: Reading,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const content = source.read(from, { signal, ...(fromMatch !== undefined && { ifMatch: fromMatch }) })[Symbol.asyncIterator]()
  let isFinished = false
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array>
      try {
        next = await content.next()
      } catch (error) {
        isFinished = true
        reading.error = error
        throw error
      }
      if (next.done === true) {
        isFinished = true
        break
      }
      if (draft.size + next.value.length > size) throw wrongSize(tree, to, 'more', size)
      hash?.update(next.value)
      await draft.write(next.value)
      onBytes(draft.size)
    }
  } finally {
    if (!isFinished) await Promise.resolve(content.return?.()).catch(() => undefined)
  }
  signal?.throwIfAborted()
  if (draft.size !== size) throw wrongSize(tree, to, 'fewer', size)
  if (fromMatch !== undefined && source.capabilities.conditional !== true) await confirm(source, from, fromMatch, reading, signal)
}

/** The source may have changed while it was read. Nothing is in its place yet. */
async function confirm(source: ReadableStorage, from: string, etag: string, reading: Reading, signal: AbortSignal | undefined): Promise<void> {
  const entry = await source.stat(from, { signal })
  if (entry?.kind === 'file' && entry.etag === etag) return
  reading.error = new StorageError('PRECONDITION_FAILED', `${place(from, source.name)} changed while it was read`, { path: from })
  throw reading.error
}
