import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker, type MessagePort, type Transferable } from 'node:worker_threads'
import { StorageError } from '@syncline/core'
import { scanControl, type Answer, type Job } from './jobs.ts'
import { unpackError, type PackedOutcomes } from './wire.ts'

interface Pending {
  resolve(result: PackedOutcomes | string | undefined): void
  reject(error: unknown): void
  readonly onProgress: ((index: number, bytes: number) => void) | undefined
}

interface Thread {
  readonly worker: Worker
  readonly pending: Map<number, Pending>
  /** Busy with a scan, during which it takes nothing else. */
  isScanning: boolean
}

/** Nothing here lives longer than a page or a batch. */
const maxYoungGenerationSizeMb = 4

let threads: Thread[] = []
let nextId = 0
const users = new Set<object>()
/** Those who have had a thread started for them and not used one yet. */
const waiting = new Set<object>()

/** The worker's file: beside this one when built, in `dist` when run from the sources, if it was built. */
const workerUrl: URL | undefined = [new URL('./worker.js', import.meta.url), new URL('../dist/worker.js', import.meta.url)].find(
  url => url.protocol === 'file:' && existsSync(fileURLToPath(url)),
)

/** Whether work can go to other threads at all. */
export const hasThreads: boolean = workerUrl !== undefined

/** Starts a thread if there are fewer than `limit` and others wait for those that are idle, so that it is ready when it is needed. */
export function warmThread(user: object, limit: number): void {
  waiting.add(user)
  if (threads.filter(isIdle).length >= waiting.size || threads.length >= limit) return
  startThread(user)
}

/**
 * Gives a job to the thread that has least to do, starting up to `limit` of them.
 *
 * @param user - a storage; threads end when all their users have called {@link releaseThreads}
 * @returns `undefined` if no thread can take it
 */
export function runJob(
  user: object,
  limit: number,
  job: Job,
  transfer: readonly Transferable[] = [],
  onProgress?: (index: number, bytes: number) => void,
): Promise<PackedOutcomes | string | undefined> | undefined {
  waiting.delete(user)
  const thread = pickThread(user, limit, job.kind === 'scan')
  if (thread === undefined) return undefined
  const id = nextId++
  if (job.kind === 'scan') thread.isScanning = true
  // A process may end while a thread is idle, not while somebody waits for it. A scan is waited for at its own port.
  else thread.worker.ref()
  return new Promise((resolve, reject) => {
    thread.pending.set(id, { resolve, reject, onProgress })
    thread.worker.postMessage({ ...job, id }, transfer)
  })
}

/** Whether one of `limit` threads has at most `pending` jobs to do, or could be started. */
export function hasFreeThread(limit: number, pending: number): boolean {
  return threads.length < limit || threads.some(thread => !thread.isScanning && thread.pending.size <= pending)
}

/** Ends the threads once no storage uses them. */
export async function releaseThreads(user: object): Promise<void> {
  users.delete(user)
  waiting.delete(user)
  if (users.size > 0) return
  const ended = threads
  threads = []
  for (const thread of ended) await thread.worker.terminate()
}

/** A channel for a scan. */
export function scanChannel(): { readonly near: MessagePort; readonly far: MessagePort; readonly control: Int32Array } {
  const { port1, port2 } = new MessageChannel()
  return { near: port1, far: port2, control: new Int32Array(new SharedArrayBuffer(scanControl.length * Int32Array.BYTES_PER_ELEMENT)) }
}

function pickThread(user: object, limit: number, alone: boolean): Thread | undefined {
  const free = threads.filter(thread => !thread.isScanning && (!alone || isIdle(thread))).sort((a, b) => a.pending.size - b.pending.size)[0]
  if (free !== undefined && (isIdle(free) || threads.length >= limit)) {
    users.add(user)
    return free
  }
  return threads.length < limit ? startThread(user) : free
}

function startThread(user: object): Thread | undefined {
  if (workerUrl === undefined) return undefined
  users.add(user)
  // Without the parent's flags: those of a test runner or a loader mean nothing to a built file.
  const worker = new Worker(workerUrl, { execArgv: [], name: 'syncline-fs', resourceLimits: { maxYoungGenerationSizeMb } })
  const thread: Thread = { worker, pending: new Map(), isScanning: false }
  worker.unref()
  worker.on('message', (answer: Answer) => takeAnswer(thread, answer))
  worker.on('error', error => endThread(thread, error))
  worker.on('exit', () => endThread(thread, undefined))
  threads.push(thread)
  return thread
}

function takeAnswer(thread: Thread, answer: Answer): void {
  const pending = thread.pending.get(answer.id)
  if (pending === undefined) return
  if (answer.type === 'progress') {
    pending.onProgress?.(answer.index, answer.bytes)
    return
  }
  thread.pending.delete(answer.id)
  thread.isScanning = false
  if (isIdle(thread)) thread.worker.unref()
  if (answer.type === 'done') pending.resolve(answer.result)
  else pending.reject(unpackError(answer.error))
}

function endThread(thread: Thread, error: unknown): void {
  threads = threads.filter(each => each !== thread)
  for (const pending of thread.pending.values())
    pending.reject(new StorageError('UNKNOWN', 'a thread of the local storage ended before its work was done; run the sync again', { cause: error }))
  thread.pending.clear()
}

function isIdle(thread: Thread): boolean {
  return thread.pending.size === 0 && !thread.isScanning
}
