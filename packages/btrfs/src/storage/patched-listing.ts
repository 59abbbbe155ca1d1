import { compareEntries, isBelow, parentPath, type Path } from '@syncline/core'
import { isBelowAny, type Changes } from './changed-paths.ts'
import type { Row } from './listing-file.ts'

/** What is known of a tree that differs from one whose listing was kept. */
export interface Patch {
  readonly changes: Changes
  /** What is now at the changed paths, in key order; a path of which nothing is here is gone. */
  readonly rows: readonly Row[]
  /** Numbers of the inodes that changed and have several names: the changes tell only one of these. */
  readonly inodes: ReadonlySet<string>
  /** What is at a path now. */
  look(path: Path): Promise<Row | undefined>
}

/**
 * A listing that was kept, brought up to date. In key order, as it was.
 *
 * @param kept - pages in key order
 */
export async function* patchedListing(
  kept: AsyncIterable<readonly Row[]>,
  { changes, rows, inodes, look }: Patch,
): AsyncGenerator<readonly Row[], void, undefined> {
  const isStale = staleness(changes)
  let next = 0
  for await (const page of kept) {
    const out: Row[] = []
    for (const row of page) {
      const { entry } = row
      while (next < rows.length && compareEntries((rows[next] as Row).entry, entry) < 0) out.push(rows[next++] as Row)
      if (isStale(entry.path)) continue
      const now = entry.kind === 'file' && inodes.has(entry.id as string) ? await look(entry.path) : row
      if (now !== undefined) out.push(now)
    }
    if (out.length > 0) yield out
  }
  if (next < rows.length) yield rows.slice(next)
}

/** Whether what was kept of a path says nothing any more. */
function staleness({ entries, trees }: Changes): (path: Path) => boolean {
  let parent: Path | undefined
  let isGone = false
  return path => {
    if (entries.has(path) || trees.has(path)) return true
    if (trees.size === 0) return false
    // Neighbours mostly have the directory in common.
    const above = parentPath(path)
    if (above !== parent) {
      parent = above
      isGone = trees.has(above) || isBelowAny(above, trees)
    }
    return isGone
  }
}

/** How a directory is read on that a kept listing has not read. */
export type ReadDirectory = (directory: Path) => AsyncIterable<readonly Row[]>

/**
 * Leaves out what lies below directories that nobody wants to know, and reads those that are wanted now and were not before. Marks what was left out, so
 * that a listing of these rows can be kept.
 */
export async function* wantedRows(
  pages: AsyncIterable<readonly Row[]>,
  isWanted: (directory: Path) => boolean,
  read: ReadDirectory,
): AsyncGenerator<readonly Row[], void, undefined> {
  /** A directory that is dealt with: whatever else comes of it is left out. */
  let done: Path | undefined
  for await (const page of pages) {
    let out: Row[] = []
    for (const row of page) {
      const { entry } = row
      if (done !== undefined) {
        if (isBelow(entry.path, done)) continue
        done = undefined
      }
      if (entry.kind !== 'directory') out.push(row)
      else if (!isWanted(entry.path)) {
        out.push({ entry, unread: true })
        done = entry.path
      } else {
        out.push({ entry })
        if (row.unread !== true) continue
        yield out
        out = []
        yield* wantedRows(read(entry.path), isWanted, read)
        done = entry.path
      }
    }
    if (out.length > 0) yield out
  }
}
