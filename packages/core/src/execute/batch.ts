import type { StateChange } from '../ancestor.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { otherSide, type Side } from '../modes.ts'
import type { PlanItem } from '../plan.ts'
import type { FileEntry, TransferItem, TransferOutcome, WritableStorage } from '../protocol.ts'
import { arrived, gone } from './changes.ts'
import { isRefusal, StaleError } from './check.ts'
import { takeBack } from './effects.ts'
import { isRetryable } from './retry-policy.ts'
import type { RunSide } from './run-side.ts'
import { ForgetError, type Run } from './run.ts'
import { contradiction, reportedHash } from './send.ts'
import { targetSide } from './target.ts'
import { endsOf, hasEtag, transfer, type Ends } from './transfer.ts'
import { goesInParts } from './upload.ts'

const batchFiles = 128
const batchBytes = 16 * 1024 * 1024

/** Transfers that a destination may take by itself in one go, or one that has to go alone. */
export type TransferJob = readonly PlanItem[]

/**
 * Cuts the transfers to one side into jobs, in their order. Only files whose versions both stores can check by etag go together; what has to
 * be kept in the trash, links and metadata go alone.
 */
export function toJobs(run: Run, items: readonly PlanItem[], target: Side): TransferJob[] {
  const { config } = run.context
  const takesBatches = items.length > 0 && config.bandwidth === undefined && understands(run, target)
  const jobs: PlanItem[][] = []
  let open: PlanItem[] | undefined
  let bytes = 0
  for (const item of items) {
    if (!takesBatches || !fitsBatch(run, item)) {
      jobs.push([item])
      continue
    }
    if (open === undefined || open.length >= batchFiles || bytes + item.size > batchBytes) {
      jobs.push((open = []))
      bytes = 0
    }
    open.push(item)
    bytes += item.size
  }
  return jobs
}

/** An empty batch tells. Where it is not understood, the files of a batch would go one after the other. */
function understands(run: Run, target: Side): boolean {
  const answer = (run.sides[target].storage as Partial<WritableStorage>).transferFrom?.(run.sides[otherSide(target)].storage, [])
  answer?.catch(() => {})
  return answer !== undefined
}

function fitsBatch(run: Run, item: PlanItem): boolean {
  if (item.kind !== 'file' || item.metadata === true || (item.trash === true && run.context.config.trash)) return false
  const target = targetSide(item) as Side
  const [from, to] = [run.sides[otherSide(target)], run.sides[target]]
  const occupant = to.expected(item.path, item[target])
  const file = from.expected(item.path, item[from.side])
  if (file?.kind === 'file' && goesInParts(run, to, file)) return false
  return hasEtag(from.expected(item.path, item[from.side])) && (occupant === null || hasEtag(occupant))
}

/** Does a job: by the destination itself if it understands the source, else one by one. */
export async function transferJob(run: Run, job: TransferJob): Promise<void> {
  const first = job[0]
  if (first === undefined) return
  const single = async (item: PlanItem, uncertain: boolean): Promise<void> => void (await run.perform(item, () => transfer(run, item, uncertain)))
  if (!fitsBatch(run, first) || run.context.config.bandwidth !== undefined) {
    for (const item of job) await single(item, false)
    return
  }
  if (!(await run.mayStart())) return
  const batch = await prepare(run, job)
  if (batch.length === 0) return
  const outcomes = await takeBatch(run, batch)
  if (outcomes === 'not-understood') {
    for (const { item } of batch) await single(item, false)
    return
  }
  const changes: StateChange[] = []
  for (const [index, entry] of batch.entries()) {
    const outcome = outcomes?.[index]
    // The batch or its answer was lost: each file is looked at by itself, and what has arrived is recognised.
    if (outcome === undefined || ('error' in outcome && isRetryable(outcome.error))) {
      run.context.progress.transferFailed(entry.item.path)
      await single(entry.item, true)
    } else if ('error' in outcome) await refuse(run, entry, outcome.error)
    else {
      const failing = settle(run, entry, outcome.entry, changes)
      if (failing !== undefined) await failing
    }
  }
  await run.record(changes)
}

interface Batched {
  readonly item: PlanItem
  readonly ends: Ends
  readonly file: FileEntry
  readonly request: TransferItem
}

async function prepare(run: Run, job: TransferJob): Promise<Batched[]> {
  const batch: Batched[] = []
  for (const item of job) {
    try {
      const ends = endsOf(run, item)
      const file = ends.entry as FileEntry
      const occupant = ends.occupant as FileEntry | null
      const request: { -readonly [K in keyof TransferItem]: TransferItem[K] } = { from: file.path, to: item.path, size: file.size }
      if (file.modified !== undefined) request.modified = file.modified
      if (file.mode !== undefined) request.mode = file.mode
      if (file.etag !== undefined) request.fromMatch = file.etag
      if (occupant === null) request.ifNoneMatch = '*'
      else if (occupant.etag !== undefined) request.ifMatch = occupant.etag
      batch.push({ item, ends, file, request })
    } catch (error) {
      await run.missed(item, error)
    }
  }
  return batch
}

async function takeBatch(run: Run, batch: readonly Batched[]): Promise<readonly TransferOutcome[] | 'not-understood' | undefined> {
  const { from, to } = (batch[0] as Batched).ends
  const { progress, hash } = run.context
  const direction = to.side === 'destination' ? 'upload' : 'download'
  if (progress.active) for (const { item, file } of batch) progress.transferStart(direction, item.path, file.size)
  try {
    const answer = to.writable().transferFrom?.(
      from.storage,
      batch.map(({ request }) => request),
      {
        signal: run.signal,
        ...(hash !== undefined && { hash }),
        ...(progress.active && {
          onProgress: (index: number, bytes: number) => progress.transferProgress((batch[index] as Batched).item.path, bytes),
        }),
      },
    )
    return answer === undefined ? 'not-understood' : await answer
  } catch (error) {
    if (run.signal?.aborted === true) return batch.map(() => ({ error }))
    return undefined
  }
}

async function refuse(run: Run, { item }: Batched, error: unknown): Promise<void> {
  run.context.progress.transferFailed(item.path)
  const stale = isRefusal(error) || isStorageError(error, 'NOT_FOUND')
  return run.missed(item, stale ? new StaleError((error as Error).message, (error as StorageError).code, { cause: error }) : error)
}

/** Takes a file that has arrived, if it is what was sent. Its change goes to `changes`: a promise for each file costs as much as the rest of this. */
function settle(run: Run, { item, ends, file }: Batched, entry: FileEntry, changes: StateChange[]): Promise<void> | undefined {
  const { to } = ends
  const wrong = entry.size !== file.size ? `${entry.size} of ${file.size} bytes` : contradiction(file, entry, item.hash)
  if (wrong !== undefined) return giveBack(run, item, to, entry, wrong)
  run.context.progress.transferComplete(item.path)
  run.count(item, { bytes: file.size })
  changes.push(arrived(item.path, to.side, file, entry, reportedHash(entry, item.hash) ?? item.hash))
  return undefined
}

async function giveBack(run: Run, item: PlanItem, to: RunSide, entry: FileEntry, wrong: string): Promise<void> {
  run.context.progress.transferFailed(item.path)
  await takeBack(run, to, item.path, entry)
  const error = new StorageError('CORRUPT', `${to.storage.name} did not take ${item.path} as it is: ${wrong}`, { path: item.path })
  return run.missed(item, new ForgetError(error, [gone(item.path)]))
}
