import { createHash, hash, type Hash } from 'node:crypto'
import {
  StorageError,
  type FileEntry,
  type ReadableStorage,
  type TransferItem,
  type TransferOptions,
  type TransferOutcome,
  type WriteOptions,
} from '@syncline/core'
import { toFileEntry } from './entry.ts'
import { place } from './errors.ts'
import { renameRefuses } from './publish.ts'
import { writeSmall } from './write-small.ts'
import { checkWritable, describeFailure, fillAndPublish, wrongSize, type WriteContext } from './write.ts'
import { StatusError } from './wire/packets.ts'

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
  return context.slots.map(items, (item, index) => transferItem(context, source, item, index, options))
}

/** One file on its way. */
interface Passage {
  readonly context: WriteContext
  readonly source: ReadableStorage
  readonly item: TransferItem
  readonly hash: Hash | undefined
  readonly signal: AbortSignal | undefined
  /** What went wrong on the reading side: that is passed on as it is. */
  readError?: unknown
}

async function transferItem(
  context: WriteContext,
  source: ReadableStorage,
  item: TransferItem,
  index: number,
  { signal, hash: hashName, onProgress }: TransferOptions,
): Promise<TransferOutcome> {
  const algorithm = hashName === undefined ? undefined : hashNames[hashName]
  const isSmall = isSmallAndNew(context, item)
  const running = algorithm === undefined || isSmall ? undefined : createHash(algorithm)
  const passage: Passage = { context, source, item, hash: running, signal }
  try {
    signal?.throwIfAborted()
    checkWritable(context.tree, item.to)
    if (!isSmall) {
      const entry = await takeBig(passage, bytes => onProgress?.(index, bytes))
      return { entry: running === undefined ? entry : { ...entry, hashes: { [hashName as string]: running.digest('hex') } } }
    }
    // A producer may use its buffer again once it is asked for more.
    const bytes = takeSpace(item.size)
    await readAll(passage, (chunk, before) => void bytes.set(chunk, before))
    const entry = await putSmall(context, item, bytes)
    return { entry: algorithm === undefined ? entry : { ...entry, hashes: { [hashName as string]: hash(algorithm, bytes, 'hex') } } }
  } catch (error) {
    if (signal?.aborted === true) return { error: signal.reason }
    return { error: passage.readError ?? (await describeFailure(context.tree, item.to, error, item.size).catch(() => error)) }
  }
}

function isSmallAndNew({ tree, fsync }: WriteContext, { size, ifMatch, ifNoneMatch }: TransferItem): boolean {
  const { server } = tree.connection
  return size <= server.writeBytes && ifNoneMatch !== undefined && ifMatch === undefined && renameRefuses(server.software) && !fsync
}

/** Without `async` and `await`, as in {@link writeSmall}. */
function putSmall(context: WriteContext, item: TransferItem, bytes: Uint8Array): Promise<FileEntry> {
  const { tree } = context
  const { to, modified, mode } = item
  const file = { path: to, bytes, modified, mode }
  const channel = tree.connection.channelNow
  const writing =
    channel !== undefined && tree.knowsParent(to)
      ? writeSmall(tree, channel, file)
      : tree.makeParents(to).then(async () => writeSmall(tree, await tree.connection.channel(), file))
  return writing.then(
    attributes => toFileEntry(to, attributes),
    (error: unknown) => {
      if (!(error instanceof StatusError)) throw error
      // Step by step, which tells why the server refuses.
      return fillAndPublish(context, to, optionsOf(item), draft => draft.write(bytes))
    },
  )
}

/** Space for small files comes from larger pieces: memory of its own for each costs the collector more than its content costs the network. */
let space = Buffer.allocUnsafeSlow(0)
const spaceBytes = 256 * 1024

function takeSpace(size: number): Buffer {
  if (size > spaceBytes / 8) return Buffer.allocUnsafeSlow(size)
  if (size > space.length) space = Buffer.allocUnsafeSlow(spaceBytes)
  const taken = space.subarray(0, size)
  space = space.subarray(size)
  return taken
}

function takeBig(passage: Passage, onBytes: (bytes: number) => void): Promise<FileEntry> {
  const { context, item } = passage
  return fillAndPublish(context, item.to, optionsOf(item), draft =>
    readAll(passage, async chunk => {
      await draft.write(chunk)
      onBytes(draft.size)
    }),
  )
}

/** Without the signal: what is under way ends by itself, and hundreds of listeners would cost more than they save. */
function optionsOf({ size, modified, mode, ifMatch, ifNoneMatch }: TransferItem): WriteOptions {
  return {
    size,
    ...(modified !== undefined && { modified }),
    ...(mode !== undefined && { mode }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
  }
}

/** Reads the version that was asked for, all of it and no more. @param onChunk - is told how many bytes came before */
async function readAll(passage: Passage, onChunk: (chunk: Uint8Array, before: number) => Promise<void> | void): Promise<void> {
  const { context, source, item, hash, signal } = passage
  const { from, to, size, fromMatch } = item
  const content = source.read(from, { signal, ...(fromMatch !== undefined && { ifMatch: fromMatch }) })[Symbol.asyncIterator]()
  let count = 0
  let isFinished = false
  try {
    for (;;) {
      const next = await content.next().catch((error: unknown) => {
        isFinished = true
        passage.readError = error
        throw error
      })
      if (next.done === true) {
        isFinished = true
        break
      }
      if (count + next.value.length > size) throw wrongSize(context.tree, to, 'more', size)
      hash?.update(next.value)
      await onChunk(next.value, count)
      count += next.value.length
    }
  } finally {
    if (!isFinished) await Promise.resolve(content.return?.()).catch(() => undefined)
  }
  signal?.throwIfAborted()
  if (count !== size) throw wrongSize(context.tree, to, 'fewer', size)
  if (fromMatch !== undefined && source.capabilities.conditional !== true) await confirm(passage, fromMatch)
}

/** The source may have changed while it was read. Nothing is in its place yet. */
async function confirm(passage: Passage, etag: string): Promise<void> {
  const { source, item, signal } = passage
  const entry = await source.stat(item.from, { signal })
  if (entry?.kind === 'file' && entry.etag === etag) return
  passage.readError = new StorageError('PRECONDITION_FAILED', `${place(item.from, source.name)} changed while it was read`, { path: item.from })
  throw passage.readError
}
