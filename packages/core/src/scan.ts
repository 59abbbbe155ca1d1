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
  const { filter } = options
  const listed = filtered(valid(listing(storage, options), options), filter, options)
  const pages = storage.capabilities.directories === true ? listed : withImpliedDirectories(listed)
  let entries = 0
  let bytes = 0
  for await (const page of pages) {
    for (const entry of page) {
      if (entry.kind === 'hidden') continue
      entries++
      if (entry.kind === 'file') bytes += entry.size
    }
    options.onProgress?.(entries, bytes)
    yield page
  }
}

/** The pages of the storage, sorted if it does not promise order. */
async function* listing(storage: ReadableStorage, options: ScanOptions): AsyncGenerator<readonly Entry[], void, undefined> {
  const { filter, signal, expected } = options
  const descend = filter?.descend
  const hints = { ...(signal !== undefined && { signal }), ...(descend !== undefined && { descend }), ...(expected !== undefined && { expected }) }
  const pages = toPages<Entry>(storage.list('', hints))
  try {
    if (storage.capabilities.ordered === true) {
      for await (const page of pages) {
        signal?.throwIfAborted()
        yield page
      }
      return
    }
    const all: Entry[] = []
    for await (const page of pages) {
      signal?.throwIfAborted()
      for (const entry of page) all.push(entry)
    }
    all.sort(compareEntries)
    for (let i = 0; i < all.length; i += pageSize) yield all.slice(i, i + pageSize)
  } catch (error) {
    if (options.onMissing === undefined || !isStorageError(error, 'NOT_FOUND') || (error.path ?? '') !== '') throw error
    options.onMissing()
  }
}

/** Takes out what is no valid path. */
async function* valid(pages: AsyncIterable<readonly Entry[]>, options: ScanOptions): AsyncGenerator<readonly Entry[], void, undefined> {
  for await (const page of pages) {
    let kept: Entry[] | undefined
    for (let i = 0; i < page.length; i++) {
      const entry = page[i] as Entry
      const problem = entry.path === '' ? 'it is empty' : pathProblem(entry.path)
      if (problem === undefined) {
        kept?.push(entry)
        continue
      }
      kept ??= page.slice(0, i)
      options.onBadName?.(entry.path, problem)
    }
    yield kept ?? page
  }
}

/** Marks what the filter hides, and drops what lies below a hidden directory. */
async function* filtered(
  pages: AsyncIterable<readonly Entry[]>,
  filter: Filter | undefined,
  options: ScanOptions,
): AsyncGenerator<readonly ScannedEntry[], void, undefined> {
  if (filter === undefined) {
    yield* pages
    return
  }
  let hiddenDirectory: Path | undefined
  for await (const page of pages) {
    const kept: ScannedEntry[] = []
    for (const entry of page) {
      if (hiddenDirectory !== undefined) {
        if (isBelow(entry.path, hiddenDirectory)) continue
        hiddenDirectory = undefined
      }
      const isDirectory = hasDirectoryKey(entry)
      if (filter.isNewIgnoreFile(entry.path, isDirectory)) options.onIgnoreFile?.(entry.path)
      // What a problem is cannot be told: it is hidden if a rule hides either kind.
      if (filter.hides(entry.path, isDirectory) || (entry.kind === 'problem' && !isDirectory && filter.hides(entry.path, true))) {
        if (isDirectory) hiddenDirectory = entry.path
        kept.push({ kind: 'hidden', path: entry.path, directory: isDirectory })
      } else if (entry.kind === 'file' && filter.hidesFile(entry)) kept.push({ kind: 'hidden', path: entry.path, directory: false })
      else kept.push(entry)
    }
    yield kept
  }
}

/** Inserts the directories that paths imply. The key order makes it one pass: a directory is new when the prefix changes. */
async function* withImpliedDirectories(pages: AsyncIterable<readonly ScannedEntry[]>): AsyncGenerator<readonly ScannedEntry[], void, undefined> {
  let open: Path = ''
  for await (const page of pages) {
    const out: ScannedEntry[] = []
    for (const entry of page) {
      const parent = parentPath(entry.path)
      if (parent !== open && !isBelow(open, parent)) for (const path of missingParents(open, parent)) out.push({ kind: 'directory', path })
      open = entry.kind === 'directory' ? entry.path : parent
      if (entry.kind === 'directory' && out[out.length - 1]?.path === entry.path) out.pop()
      out.push(entry)
    }
    yield out
  }
}

/** The directories from below the common part of both to `parent`, outermost first. */
function missingParents(open: Path, parent: Path): Path[] {
  const missing: Path[] = []
  for (let path = parent; path !== '' && path !== open && !isBelow(open, path); path = parentPath(path)) missing.push(path)
  return missing.reverse()
}
