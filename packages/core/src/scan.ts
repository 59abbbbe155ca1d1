import { isStorageError } from './errors.ts'
import type { Filter } from './filter/filter.ts'
import { compareEntries, hasDirectoryKey, isBelow, parentPath, pathProblem } from './path.ts'
import { pageSize, toPages } from './pages.ts'
import type { AbortOptions, Entry, Path, ReadableStorage } from './protocol.ts'

/** Something the rules hide: it is not synced, but it is there, so its directory is not deleted. */
export interface HiddenEntry {
  readonly kind: 'hidden'
  readonly path: Path
  readonly directory: boolean
}

/** What a scan yields. */
export type ScannedEntry = Entry | HiddenEntry

export interface ScanOptions extends AbortOptions {
  readonly filter?: Filter | undefined
  /** About how many entries are known from an earlier scan. */
  readonly expected?: number | undefined
  /** Called per page with the totals so far. */
  readonly onProgress?: ((entries: number, bytes: number) => void) | undefined
  /** Called at the end with the totals. */
  readonly onComplete?: ((entries: number, bytes: number) => void) | undefined
  /** Called for an ignore file that is met. */
  readonly onIgnoreFile?: ((path: Path) => void) | undefined
  /** Called for a name that is no path; it takes no part in the sync. */
  readonly onBadName?: ((name: string, reason: string) => void) | undefined
  /** With it a root that does not exist reads as an empty tree, and it is called. */
  readonly onMissing?: (() => void) | undefined
}

/**
 * Reads a storage's whole tree in key order, in pages: sorted where the storage does not promise order, with the directories that its paths imply
 * where it has none of its own, and with what the filter hides marked as hidden. The order itself is checked by the join.
 *
 * Names that are no valid path (`..`, absolute, NUL) are reported to `onBadName` and never reach the other side.
 */
export async function* scan(storage: ReadableStorage, options: ScanOptions = {}): AsyncGenerator<readonly ScannedEntry[], void, undefined> {
  const { filter, signal, expected } = options
  const descend = filter?.descend
  const hints = { ...(signal !== undefined && { signal }), ...(descend !== undefined && { descend }), ...(expected !== undefined && { expected }) }
  const selection = new Selection(options)
  const implied = storage.capabilities.directories === true ? undefined : new ImpliedDirectories()
  try {
    const pages = toPages<Entry>(storage.list('', hints))
    for await (const page of storage.capabilities.ordered === true ? pages : sorted(pages, signal)) {
      signal?.throwIfAborted()
      // One pass without a promise: a step of each kind for every entry is what a scan costs beside the storage.
      const selected = selection.take(page)
      const complete = implied === undefined ? selected : implied.take(selected)
      options.onProgress?.(selection.entries + (implied?.inserted ?? 0), selection.bytes)
      yield complete
    }
  } catch (error) {
    if (options.onMissing === undefined || !isStorageError(error, 'NOT_FOUND') || (error.path ?? '') !== '') throw error
    options.onMissing()
  }
  options.onComplete?.(selection.entries + (implied?.inserted ?? 0), selection.bytes)
}

async function* sorted(pages: AsyncIterable<readonly Entry[]>, signal: AbortSignal | undefined): AsyncGenerator<readonly Entry[], void, undefined> {
  const all: Entry[] = []
  for await (const page of pages) {
    signal?.throwIfAborted()
    for (const entry of page) all.push(entry)
  }
  all.sort(compareEntries)
  for (let i = 0; i < all.length; i += pageSize) yield all.slice(i, i + pageSize)
}

/** Takes out what is no valid path, marks what the filter hides, drops what lies below a hidden directory, and counts the rest. */
class Selection {
  entries = 0
  bytes = 0
  readonly #filter: Filter | undefined
  readonly #options: ScanOptions
  #hiddenDirectory: Path | undefined

  constructor(options: ScanOptions) {
    this.#filter = options.filter
    this.#options = options
  }

  /** The page itself if all of it stays as it is. */
  take(page: readonly Entry[]): readonly ScannedEntry[] {
    let kept: ScannedEntry[] | undefined
    for (let i = 0; i < page.length; i++) {
      const entry = page[i] as Entry
      const seen = this.#look(entry)
      if (seen === entry) kept?.push(entry)
      else {
        kept ??= page.slice(0, i)
        if (seen !== undefined) kept.push(seen)
      }
    }
    return kept ?? page
  }

  #look(entry: Entry): ScannedEntry | undefined {
    const { path } = entry
    const problem = path === '' ? 'it is empty' : pathProblem(path)
    if (problem !== undefined) {
      this.#options.onBadName?.(path, problem)
      return undefined
    }
    if (this.#filter !== undefined) {
      if (this.#hiddenDirectory !== undefined) {
        if (isBelow(path, this.#hiddenDirectory)) return undefined
        this.#hiddenDirectory = undefined
      }
      const hidden = this.#hide(entry, this.#filter)
      if (hidden !== undefined) return hidden
    }
    this.entries++
    if (entry.kind === 'file') this.bytes += entry.size
    return entry
  }

  #hide(entry: Entry, filter: Filter): HiddenEntry | undefined {
    const { path } = entry
    const isDirectory = hasDirectoryKey(entry)
    if (filter.isNewIgnoreFile(path, isDirectory)) this.#options.onIgnoreFile?.(path)
    // What a problem is cannot be told: it is hidden if a rule hides either kind.
    if (filter.hides(path, isDirectory) || (entry.kind === 'problem' && !isDirectory && filter.hides(path, true))) {
      if (isDirectory) this.#hiddenDirectory = path
      return { kind: 'hidden', path, directory: isDirectory }
    }
    return entry.kind === 'file' && filter.hidesFile(entry) ? { kind: 'hidden', path, directory: false } : undefined
  }
}

/** Inserts the directories that paths imply. The key order makes it one pass: a directory is new when the prefix changes. */
class ImpliedDirectories {
  inserted = 0
  #open: Path = ''

  take(page: readonly ScannedEntry[]): readonly ScannedEntry[] {
    const out: ScannedEntry[] = []
    for (const entry of page) {
      const parent = parentPath(entry.path)
      if (parent !== this.#open && !isBelow(this.#open, parent)) this.#insert(missingParents(this.#open, parent), out)
      this.#open = entry.kind === 'directory' ? entry.path : parent
      out.push(entry)
    }
    return out
  }

  #insert(paths: readonly Path[], out: ScannedEntry[]): void {
    for (const path of paths) out.push({ kind: 'directory', path })
    this.inserted += paths.length
  }
}

/** The directories from below the common part of both to `parent`, outermost first. */
function missingParents(open: Path, parent: Path): Path[] {
  const missing: Path[] = []
  for (let path = parent; path !== '' && path !== open && !isBelow(open, path); path = parentPath(path)) missing.push(path)
  return missing.reverse()
}
