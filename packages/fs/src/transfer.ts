import { onAbort, type ReadableStorage, type TransferItem, type TransferOptions, type TransferOutcome } from '@syncline/core'
import { copyContext } from './copy-file.ts'
import { toFileEntry } from './entry.ts'
import { hasFreeThread, runJob } from './threads.ts'
import { transferItems, type ThreadOutcome } from './transfer-items.ts'
import type { Tree } from './tree.ts'
import { packItems, unpackOutcomes, type PackedOutcomes } from './wire.ts'

/** By this a storage of this package knows another one. Holds the storage itself, so that what merely inherits it is no match. */
export const localTree: unique symbol = Symbol('@syncline/fs tree')

/** What a storage of this package shows to others of it. */
export interface Local {
  readonly tree: Tree
  readonly storage: object
}

/** Below this much work in total a thread does not earn its start. */
const threadFiles = 1500
const threadBytes = 32 * 1024 * 1024

/** Who transfers, and how much it did so far. */
export interface TransferContext {
  readonly tree: Tree
  readonly user: object
  readonly workers: number
  readonly fsync: boolean
  files: number
  bytes: number
  /** Batches that run in this thread. */
  here: number
}

/** The tree of a storage of this package; `undefined` for any other, and for wrappers. */
export function treeOf(storage: ReadableStorage): Tree | undefined {
  const local = (storage as { readonly [localTree]?: Local })[localTree]
  return local?.storage === storage ? local.tree : undefined
}

/** Copies a batch from another local tree: here while there is little to do, else in other threads. */
export async function transfer(
  context: TransferContext,
  source: Tree,
  items: readonly TransferItem[],
  options: TransferOptions,
): Promise<readonly TransferOutcome[]> {
  const { signal } = options
  signal?.throwIfAborted()
  context.files += items.length
  for (const item of items) context.bytes += item.size
  const aborted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const leave = onAbort(signal, () => void Atomics.store(aborted, 0, 1))
  try {
    const outcomes = await (inThread(context, source, items, options, aborted) ?? here(context, source, items, options, aborted))
    return outcomes.map((outcome, index) => toOutcome(outcome, items[index] as TransferItem, options))
  } finally {
    leave()
  }
}

function toOutcome(outcome: ThreadOutcome, { to }: TransferItem, { hash, signal }: TransferOptions): TransferOutcome {
  if (outcome === undefined) return { error: signal?.reason }
  if ('error' in outcome) return outcome
  const { stats, hash: digest } = outcome.copied
  return { entry: toFileEntry(to, stats, digest === undefined || hash === undefined ? undefined : { [hash]: digest }) }
}

async function here(
  context: TransferContext,
  source: Tree,
  items: readonly TransferItem[],
  { hash, onProgress }: TransferOptions,
  aborted: Int32Array,
): Promise<ThreadOutcome[]> {
  context.here++
  try {
    return await transferItems(
      copyContext(source, context.tree, { hash, fsync: context.fsync, isAborted: () => aborted[0] !== 0 }),
      items,
      onProgress,
    )
  } finally {
    context.here--
  }
}

function inThread(
  context: TransferContext,
  source: Tree,
  items: readonly TransferItem[],
  { hash, onProgress }: TransferOptions,
  aborted: Int32Array,
): Promise<ThreadOutcome[]> | undefined {
  if (items.length === 0 || !isWorthThread(context, items)) return undefined
  const packed = packItems(items)
  const job = runJob(
    context.user,
    threadsOf(context),
    {
      kind: 'transfer',
      source: packTree(source),
      target: packTree(context.tree),
      items: packed,
      hash,
      fsync: context.fsync,
      reports: onProgress !== undefined,
      aborted,
    },
    [packed.numbers.buffer as ArrayBuffer, packed.create.buffer as ArrayBuffer],
    onProgress,
  )
  return job?.then(result => unpackOutcomes(result as PackedOutcomes))
}

/** This thread does its share: it is warm already, and would only wait. */
function isWorthThread(context: TransferContext, items: readonly TransferItem[]): boolean {
  if (context.workers === 0 || (context.files <= threadFiles && context.bytes <= threadBytes)) return false
  // A big file goes to a thread in any case: hashing it would keep this one from its events.
  return items.some(item => item.size > threadBytes) || hasFreeThread(threadsOf(context), context.here)
}

function threadsOf({ workers }: TransferContext): number {
  return Math.max(1, workers - 1)
}

function packTree({ root, symlinks }: Tree): { readonly root: string; readonly symlinks: Tree['symlinks'] } {
  return { root, symlinks }
}
