import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { compareEntries, decorateReadable, isBelow, parentPath, type Entry, type Path, type ProblemEntry, type ReadableStorage } from '@syncline/core'

/** Entries of a snapshot that are not what they seem. */
export interface Marks {
  /** Numbers of the inodes whose content is older than their time says. */
  readonly torn: ReadonlySet<string>
  /** Paths of subvolumes that a snapshot does not hold. */
  readonly nested: readonly Path[]
  /** Of the storage, in the snapshot; absolute. */
  readonly root: string
}

/** At the end of the etag of a file that is torn: no whole file has such an etag, so the next run compares the content. */
const mark = '~'

/** In a snapshot, the number of the empty directory in place of a subvolume. */
const emptyDirectory = 2

/**
 * A snapshot with marks on its entries. A torn file has an etag and a time that it will not have again; in place of a subvolume that is not in the snapshot
 * stands a problem, because an empty directory would look as if all in it had been deleted.
 */
export function withMarks(storage: ReadableStorage, { torn, nested, root }: Marks): ReadableStorage {
  const problems = nested
    .filter(path => lstatSync(join(root, path), { throwIfNoEntry: false })?.ino === emptyDirectory)
    .map(toProblem)
    .sort(compareEntries)
  const missing = new Set(problems.map(({ path }) => path))
  const marked = (entry: Entry): Entry => {
    if (entry.kind !== 'file' || !torn.has(entry.id as string)) return entry
    return { ...entry, etag: `${entry.etag}${mark}`, modified: (entry.modified as number) - 1 }
  }
  const isMissing = (path: Path): boolean => missing.has(path) || problems.some(problem => isBelow(path, problem.path))

  return decorateReadable(storage, {
    async *list(path, options = {}) {
      const { recursive = true } = options
      const mine = problems.filter(problem => (recursive ? isBelow(problem.path, path) : parentPath(problem.path) === path))
      let next = 0
      for await (const page of storage.list(path, options)) {
        const out: Entry[] = []
        for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) {
          while (next < mine.length && compareEntries(mine[next] as Entry, entry) < 0) out.push(mine[next++] as Entry)
          if (!missing.has(entry.path)) out.push(marked(entry))
        }
        yield out
      }
      if (next < mine.length) yield mine.slice(next)
    },
    async stat(path, options) {
      const entry = await storage.stat(path, options)
      if (entry === undefined || !isMissing(path)) return entry && marked(entry)
      return problems.find(problem => problem.path === path)
    },
    read(path, { ifMatch, ...options } = {}) {
      return storage.read(path, { ...options, ...(ifMatch !== undefined && { ifMatch: ifMatch.endsWith(mark) ? ifMatch.slice(0, -1) : ifMatch }) })
    },
  })
}

function toProblem(path: Path): ProblemEntry {
  return {
    kind: 'problem',
    path,
    reason: 'it is a subvolume of its own, which a snapshot of the one around it does not hold; sync it by itself, and exclude it here',
  }
}
