import type { Stats } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { onAbort, type Entry, type ListOptions, type Path, type StorageError } from '@syncline/core'
import { toDirectoryEntry, toFileEntry, toProblemEntry, toSymlinkEntry } from './entry.ts'
import { scanControl, type ScanAnswer, type ScanMessage } from './jobs.ts'
import { Scan, type ScanSink, type ScanState } from './scan.ts'
import { hasThreads, runJob, scanChannel, warmThread } from './threads.ts'
import type { Tree } from './tree.ts'
import { unpackError, unpackPage } from './wire.ts'

const pageEntries = 512
/** How long this thread may scan without a look at its events. */
const sliceMs = 8
/** A thread costs 15 to 20 ms to start: begun at the first number, used from the second on. Both count what was not expected. */
const warmEntries = 10_000
const threadEntries = 16_000
/** A tree that is known to have so many is worth a thread from the start. */
const bigEntries = 30_000
/** As many entries as this thread reads while another one starts. */
const startEntries = 3_000

/** Where a listing may run, and what it leaves for `flush`. */
export interface ListContext {
  readonly tree: Tree
  /** The storage, as a user of threads. */
  readonly user: object
  readonly workers: number
  /** Absolute names of temporaries that were seen. */
  readonly temporaries: Set<string>
}

/** Lists a tree in key order, in pages. Begins in this thread; a tree that turns out big goes on in another one. */
export async function* list(context: ListContext, path: Path, options: ListOptions = {}): AsyncGenerator<readonly Entry[], void, undefined> {
  const { signal, recursive = true, descend, expected = 0 } = options
  signal?.throwIfAborted()
  const scan = Scan.start(context.tree, path, recursive, descend && { asksAhead: false, announce: () => undefined, isWanted: descend })
  const mayMove = recursive && context.workers > 0 && hasThreads
  const isBig = expected >= bigEntries
  const [warmAt, moveAt] = isBig ? [0, startEntries] : [expected + warmEntries, expected + threadEntries]
  try {
    let since = performance.now()
    for (let more = true; more;) {
      const sink = new EntrySink()
      more = scan.fill(sink, pageEntries)
      if (sink.count > 0) yield sink.entries
      if (more && mayMove && scan.total >= warmAt) {
        warmThread(context.user, context.workers)
        const rest = scan.total >= moveAt ? continueInThread(context, scan.state(), options) : undefined
        if (rest !== undefined) {
          yield* rest
          return
        }
      }
      if (performance.now() - since > sliceMs) {
        await new Promise(resolve => setImmediate(resolve))
        since = performance.now()
      }
      signal?.throwIfAborted()
    }
  } finally {
    for (const file of scan.temporaries) context.temporaries.add(file)
  }
}

/** Collects entries as they are. */
class EntrySink implements ScanSink {
  readonly entries: Entry[] = []

  get count(): number {
    return this.entries.length
  }

  addFile(prefix: string, name: string, stats: Stats): void {
    this.entries.push(toFileEntry(prefix + name, stats))
  }

  addDirectory(prefix: string, name: string, stats: Stats): void {
    this.entries.push(toDirectoryEntry(prefix + name, stats))
  }

  addSymlink(prefix: string, name: string, stats: Stats, target: string): void {
    this.entries.push(toSymlinkEntry(prefix + name, target, stats.mtimeMs))
  }

  addProblem(prefix: string, name: string, reason: string, error?: StorageError): void {
    this.entries.push(toProblemEntry(prefix + name, reason, error))
  }
}

/** The rest of a scan from another thread; `undefined` if none is free. */
function continueInThread(
  context: ListContext,
  state: ScanState,
  { descend, signal }: ListOptions,
): AsyncGenerator<readonly Entry[], void, undefined> | undefined {
  const { near, far, control } = scanChannel()
  const { root, symlinks } = context.tree
  const job = runJob(
    context.user,
    context.workers,
    { kind: 'scan', tree: { root, symlinks }, state, asks: descend !== undefined, port: far, control },
    [far],
  )
  if (job === undefined) {
    near.close()
    return undefined
  }
  const inbox = new Inbox(near, control, descend)
  job.catch((error: unknown) => inbox.fail(error))
  return receive(context, inbox, signal)
}

async function* receive(context: ListContext, inbox: Inbox, signal: AbortSignal | undefined): AsyncGenerator<readonly Entry[], void, undefined> {
  const leave = onAbort(signal, () => inbox.fail(signal?.reason))
  try {
    for (;;) {
      const message = await inbox.next()
      if (message.type === 'failed') throw unpackError(message.error)
      if (message.type === 'end') {
        for (const file of message.temporaries) context.temporaries.add(file)
        return
      }
      if (message.type === 'page') {
        const entries = unpackPage(message.page)
        if (entries.length > 0) yield entries
      }
    }
  } finally {
    leave()
    inbox.close()
  }
}

/** The near end of a scan in another thread: answers its questions at once, keeps its pages until they are taken. */
class Inbox {
  readonly #port: MessagePort
  readonly #control: Int32Array
  readonly #messages: ScanMessage[] = []
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(port: MessagePort, control: Int32Array, descend: ListOptions['descend']) {
    this.#port = port
    this.#control = control
    port.on('message', (message: ScanMessage) => {
      if (message.type === 'ask') this.#answer(message.directories.split('\0'), descend)
      else this.#messages.push(message)
      this.#wake?.()
    })
    // Only while somebody waits may the port keep the process alive.
    port.unref()
  }

  async next(): Promise<ScanMessage> {
    while (this.#messages.length === 0 && this.#failure === undefined) {
      this.#port.ref()
      await new Promise<void>(resolve => (this.#wake = resolve))
      this.#port.unref()
    }
    if (this.#failure !== undefined) throw this.#failure.error
    this.#tell(scanControl.consumed)
    return this.#messages.shift() as ScanMessage
  }

  /** Ends the wait with an error. Safe to call at any time. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake?.()
  }

  close(): void {
    this.#tell(scanControl.cancelled)
    // The other side may sleep on any of these words.
    this.#tell(scanControl.consumed)
    this.#tell(scanControl.answers)
    this.#port.close()
  }

  #answer(directories: readonly Path[], descend: ListOptions['descend']): void {
    try {
      const unwanted: number[] = []
      directories.forEach((directory, index) => {
        if (descend !== undefined && !descend(directory)) unwanted.push(index)
      })
      this.#port.postMessage(unwanted satisfies ScanAnswer)
    } catch (error) {
      this.fail(error)
      this.#port.postMessage(directories.map((_, index) => index) satisfies ScanAnswer)
    }
    this.#tell(scanControl.answers)
  }

  #tell(word: number): void {
    Atomics.add(this.#control, word, 1)
    Atomics.notify(this.#control, word)
  }
}
