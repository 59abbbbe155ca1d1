import type { ReadableStorage, TransferItem, TransferOptions, TransferOutcome } from '@syncline/core'
import { copyContext } from './copy-file.ts'
import { runJob } from './threads.ts'
import { transferItems } from './transfer-items.ts'
import type { Tree } from './tree.ts'
import { packItems, unpackOutcomes, type PackedOutcomes, type ThreadOutcome } from './wire.ts'

/** By this a storage of this package knows another one. Holds the storage itself, so that what merely inherits it is no match. */
export const localTree: unique symbol = Symbol('@syncline/fs tree')

/** What a storage of this package shows to others of it. */
export interface Local {
  readonly tree: Tree
  readonly storage: object
}

/** Below this much work in total a thread does not earn its start. */
const threadFiles = 400
const threadBytes = 32 * 1024 * 1024

/** Who transfers, and how much it did so far. */
export interface TransferContext {
  readonly tree: Tree
  readonly user: object
  readonly workers: number
  readonly fsync: boolean
  files: number
  bytes: number
}

/** The tree of a storage of this package; `undefined` for any other, and for wrappers. */
export function treeOf(storage: ReadableStorage): Tree | undefined {
  const local = (storage as { readonly [localTree]?: Local })[localTree]
  return local?.storage === storage ? local.tree : undefined
}

/** Copies a batch from another local tree: here while there is little to do, else in other threads. */
export async function transfer(context: TransferContext, source: Tree, items: readonly TransferItem[], options: TransferOptions): Promise<readonly TransferOutcome[]> {
  const { signal } = options
  signal?.throwIfAborted()
  context.files += items.length
  for (const item of items) context.bytes += item.size
  const aborted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const onAbort = (): void => Atomics.store(aborted, 0, 1) as unknown as void
  signal?.addEventListener('abort', onAbort)
  try {
    const isMuch = context.files > threadFiles || context.bytes > threadBytes
    const outcomes = await ((isMuch ? inThread(context, source, items, options, aborted) : undefined) ?? here(context, source, items, options, aborted))
    return outcomes.map(outcome => outcome ?? { error: signal?.reason })
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

function here({ tree, fsync }: TransferContext, source: Tree, items: readonly TransferItem[], { hash, onProgress }: TransferOptions, aborted: Int32Array): Promise<ThreadOutcome[]> {
  return transferItems(copyContext(source, tree, { hash, fsync, isAborted: () => aborted[0] !== 0 }), items, onProgress)
}

function inThread(context: TransferContext, source: Tree, items: readonly TransferItem[], { hash, onProgress }: TransferOptions, aborted: Int32Array): Promise<ThreadOutcome[]> | undefined {
  if (context.workers === 0 || items.length === 0) return undefined
  const packed = packItems(items)
  const job = runJob(
    context.user,
    context.workers,
    { kind: 'transfer', source: packTree(source), target: packTree(context.tree), items: packed, hash, fsync: context.fsync, reports: onProgress !== undefined, aborted },
    [packed.numbers.buffer as ArrayBuffer, packed.create.buffer as ArrayBuffer],
    onProgress,
  )
  return job?.then(result => unpackOutcomes(result as PackedOutcomes, items, hash))
}

function packTree({ root, symlinks }: Tree): { readonly root: string; readonly symlinks: Tree['symlinks'] } {
  return { root, symlinks }
}
