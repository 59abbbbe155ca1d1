import { messageOf, StorageError } from './errors.ts'
import { checkPath, compareEntries, compareKeys, pathProblem } from './path.ts'
import type { AbortOptions, DirectoryEntry, Entry, ListOptions, Path, ProblemEntry } from './protocol.ts'
import { untilAborted } from './storages/abort.ts'
import { onAbort } from './storages/on-abort.ts'
import { Heap } from './storages/heap.ts'

/**
 * Reads one directory: its direct children, in any order, each with its path from the root (`joinPath(directory, name)`).
 *
 * May return an array, a promise of one, or yield entries or pages of them. Rejects if the directory cannot be read.
 */
export type ReadDirectory = (
  directory: Path,
  options: AbortOptions,
) => readonly Entry[] | Promise<readonly Entry[]> | AsyncIterable<Entry | readonly Entry[]>

/** Options of `walk`. */
export interface WalkOptions {
  /** Directories that are read at once, ahead of the listing; default 1. Pointless for a reader that returns arrays, not promises. */
  readonly concurrency?: number
}

/** Entries per page. */
const pageSize = 256

/** Entries that may wait, read ahead of the listing, before no further directory is begun. */
const aheadLimit = 20_000

/**
 * Turns a reader of one directory into a storage's `list`: recursive, in key order, in pages.
 *
 * Directories are read ahead in parallel while the order is kept; how many entries wait is limited. A directory that cannot be read becomes a
 * problem entry in its place, and the listing goes on; the failure of the directory that was asked for rejects. Honours `recursive`, `descend` and `signal`.
 *
 * @example
 * const storage = { list: walk(directory => server.readdir(directory).map(toEntry), { concurrency: 16 }), … }
 */
export function walk(
  readDirectory: ReadDirectory,
  options: WalkOptions = {},
): (path: Path, options?: ListOptions) => AsyncGenerator<readonly Entry[]> {
  const concurrency = options.concurrency ?? 1
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new TypeError(`concurrency must be a positive integer, got ${concurrency}`)
  return async function* list(path, listOptions = {}) {
    const { signal, recursive = true, descend } = listOptions
    signal?.throwIfAborted()
    const root = new Directory(undefined, checkPath(path))
    const reader = new ReadAhead(readDirectory, concurrency, signal, entry => recursive && (descend === undefined || descend(entry.path)))
    const open = [root]
    let page: Entry[] = []
    try {
      await reader.finish(root)
      if (root.failed) throw root.error
      reader.take(root)
      // Not recursion: a deep tree would hold a generator per level and pass every page through all of them.
      while (open.length > 0) {
        const directory = open[open.length - 1] as Directory
        const step = directory.steps[directory.next++]
        if (step === undefined) {
          open.pop()
        } else if (!(step instanceof Directory)) {
          page.push(step)
        } else if (!step.probed) {
          // A problem is ordered as a leaf, before "a-b" and "a.txt", a directory after them: so its failure must be known here.
          step.probed = true
          await reader.finish(step)
          if (step.failed) page.push(problemOf(step))
        } else if (step.failed) {
          reader.take(step)
        } else {
          page.push(step.entry as DirectoryEntry)
          reader.take(step)
          open.push(step)
        }
        if (page.length >= pageSize) {
          yield page
          page = []
          signal?.throwIfAborted()
        }
      }
      if (page.length > 0) yield page
    } finally {
      reader.close()
    }
  }
}

/** A directory on its way from "seen in its parent" to "listed". */
class Directory {
  readonly entry: DirectoryEntry | undefined
  readonly path: Path
  /** The children in key order; a directory to be read appears twice: where its failure would be listed, and where it is itself. */
  steps: readonly (Entry | Directory)[] = []
  next = 0
  reading: Promise<void> | undefined
  begun = false
  finished = false
  failed = false
  error: unknown
  probed = false

  constructor(entry: DirectoryEntry | undefined, path: Path) {
    this.entry = entry
    this.path = path
  }
}

/** Reads directories when the listing comes to them, and the ones that come next before it does. */
class ReadAhead {
  /** Not begun, the next one first. */
  readonly #queue = new Heap<Directory>((a, b) => compareKeys(a.path, true, b.path, true))
  #running = 0
  /** Entries and directories that were read and that the listing has not come to. */
  #waiting = 0
  /** False once the reader has answered at once: then there is nothing to wait for, and nothing to gain. */
  #useful = true
  readonly #stop = new AbortController()
  readonly #readDirectory: ReadDirectory
  readonly #concurrency: number
  readonly #signal: AbortSignal | undefined
  readonly #enters: (entry: DirectoryEntry) => boolean
  readonly #leave: () => void

  constructor(readDirectory: ReadDirectory, concurrency: number, signal: AbortSignal | undefined, enters: (entry: DirectoryEntry) => boolean) {
    this.#readDirectory = readDirectory
    this.#concurrency = concurrency
    this.#signal = signal
    this.#enters = enters
    this.#leave = onAbort(signal, () => this.#stop.abort(signal?.reason))
  }

  /** Returns once `directory` has been read, well or not; rejects on abort only. */
  async finish(directory: Directory): Promise<void> {
    // Whatever the limits say: the listing waits for this one.
    if (!directory.begun) this.#begin(directory)
    this.#beginMore()
    if (!directory.finished) await untilAborted(directory.reading, this.#signal)
    this.#signal?.throwIfAborted()
  }

  /** The listing has come to `directory`. */
  take(directory: Directory): void {
    this.#waiting -= directory.steps.length + 1
    this.#beginMore()
  }

  /** Ends the reads under way; nobody waits for their outcome. */
  close(): void {
    this.#leave()
    this.#stop.abort(new Error('the listing was left'))
  }

  #beginMore(): void {
    while (this.#useful && this.#running < this.#concurrency && this.#waiting < aheadLimit && !this.#stop.signal.aborted) {
      const directory = this.#queue.pop()
      if (directory === undefined) return
      if (!directory.begun) this.#begin(directory)
    }
  }

  #begin(directory: Directory): void {
    directory.begun = true
    try {
      const result = this.#readDirectory(directory.path, { signal: this.#stop.signal })
      if (isArray(result)) {
        this.#useful = false
        this.#accept(directory, result)
      } else {
        this.#running++
        directory.reading = this.#receive(directory, result)
      }
    } catch (error) {
      this.#reject(directory, error)
    }
  }

  async #receive(directory: Directory, result: Promise<readonly Entry[]> | AsyncIterable<Entry | readonly Entry[]>): Promise<void> {
    try {
      this.#accept(directory, await entriesOf(result))
    } catch (error) {
      this.#reject(directory, error)
    } finally {
      this.#running--
      this.#beginMore()
    }
  }

  #accept(directory: Directory, entries: readonly Entry[]): void {
    const children = entries.map(entry => checkChild(directory.path, entry))
    if (!isSorted(children)) children.sort(compareEntries)
    directory.steps = stepsOf(children, entry => {
      if (!this.#enters(entry)) return undefined
      const child = new Directory(entry, entry.path)
      this.#queue.push(child)
      return child
    })
    this.#finished(directory)
  }

  #reject(directory: Directory, error: unknown): void {
    directory.failed = true
    directory.error = error
    this.#finished(directory)
  }

  #finished(directory: Directory): void {
    directory.finished = true
    directory.reading = undefined
    this.#waiting += directory.steps.length + 1
  }
}

function isArray(result: ReturnType<ReadDirectory>): result is readonly Entry[] {
  return Array.isArray(result)
}

async function entriesOf(result: Promise<readonly Entry[]> | AsyncIterable<Entry | readonly Entry[]>): Promise<readonly Entry[]> {
  if (!(Symbol.asyncIterator in result)) return await result
  const entries: Entry[] = []
  for await (const item of result) {
    if (Array.isArray(item)) for (const entry of item as readonly Entry[]) entries.push(entry)
    else entries.push(item as Entry)
  }
  return entries
}

/** A server may answer with any name. One that leads elsewhere must not be followed, or the listing might never end. */
function checkChild(directory: Path, entry: Entry): Entry {
  const { path } = entry
  const at = path.lastIndexOf('/')
  const isChild = directory === '' ? at === -1 : at === directory.length && path.startsWith(directory)
  if (!isChild || path.length === at + 1) {
    throw new StorageError('CORRUPT', `${JSON.stringify(path)} was listed in ${JSON.stringify(directory)}, which cannot hold it`, { path: directory })
  }
  const problem = entry.kind === 'directory' ? pathProblem(path) : undefined
  return problem === undefined ? entry : { kind: 'problem', path, reason: `${JSON.stringify(path)} cannot be the name of a directory: ${problem}` }
}

function isSorted(entries: readonly Entry[]): boolean {
  for (let i = 1; i < entries.length; i++) if (compareEntries(entries[i - 1] as Entry, entries[i] as Entry) > 0) return false
  return true
}

/** The children of a directory with the places where each of its directories is probed and entered. */
function stepsOf(children: readonly Entry[], enter: (entry: DirectoryEntry) => Directory | undefined): readonly (Entry | Directory)[] {
  const entered = new Map<number, Directory>()
  const probes = new Map<number, Directory[]>()
  for (let i = 0; i < children.length; i++) {
    const entry = children[i] as Entry
    const directory = entry.kind === 'directory' ? enter(entry) : undefined
    if (directory === undefined) continue
    entered.set(i, directory)
    // Between "a" and "a/" lie only names that begin with "a", such as "a-b" and "a.txt".
    let at = i
    while (at > 0 && isLongerName((children[at - 1] as Entry).path, entry.path)) at--
    const others = probes.get(at)
    if (others === undefined) probes.set(at, [directory])
    else others.push(directory)
  }
  if (entered.size === 0) return children
  const steps: (Entry | Directory)[] = []
  for (let i = 0; i < children.length; i++) {
    // Each of these begins the name of the next child, so the shorter comes first in key order.
    for (const directory of (probes.get(i) ?? []).sort((a, b) => a.path.length - b.path.length)) steps.push(directory)
    steps.push(entered.get(i) ?? (children[i] as Entry))
  }
  return steps
}

function isLongerName(path: Path, beginning: Path): boolean {
  return path.length > beginning.length && path.startsWith(beginning)
}

function problemOf(directory: Directory): ProblemEntry {
  return { kind: 'problem', path: directory.path, reason: `the directory could not be read: ${messageOf(directory.error)}`, error: directory.error }
}
