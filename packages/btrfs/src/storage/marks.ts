import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { compareEntries, decorateReadable, isBelow, parentPath, type Entry, type Path, type ProblemEntry, type ReadableStorage } from '@syncline/core'

/** A directory in a subvolume whose content belongs to something else. */
export interface Nested {
  /** Relative to the storage. */
  readonly path: Path
  readonly kind: 'subvolume' | 'mount'
}

/** Entries of a snapshot that are not what they seem. */
export interface Marks {
  /** Numbers of the inodes whose content is older than their time says. */
  readonly torn: ReadonlySet<string>
  /** Directories whose content a snapshot does not hold. */
  readonly nested: readonly Nested[]
  /** Of the storage, in the snapshot; absolute. */
  readonly root: string
}

/** At the end of the etag of a file that is torn: no whole file has such an etag, so the next run compares the content. */
const mark = '~'

/** In a snapshot, the number of the empty directory in place of a subvolume. */
const emptyDirectory = 2

/**
 * A snapshot with marks on its entries. A torn file has an etag and a time that it will not have again; in place of a directory whose content is not in the snapshot
 * stands a problem, because an empty directory would look as if all in it had been deleted.
 */
export function withMarks(storage: ReadableStorage, { torn, nested, root }: Marks): ReadableStorage {
  const problems = nested
    .filter(place => isInSnapshot(place, root))
    .map(toProblem)
    .sort(compareEntries)
  const marked = (entry: Entry): Entry => {
    if (entry.kind !== 'file' || !torn.has(entry.id as string)) return entry
    return { ...entry, etag: `${entry.etag}${mark}`, modified: (entry.modified as number) - 1 }
  }
  const isMissing = (path: Path): boolean => problems.some(problem => path === problem.path || isBelow(path, problem.path))

  return decorateReadable(storage, {
    async *list(path, options = {}) {
      const { recursive = true } = options
      const mine = problems.filter(problem => (recursive ? isBelow(problem.path, path) : parentPath(problem.path) === path))
      let next = 0
      for await (const page of storage.list(path, options)) {
        const out: Entry[] = []
        for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) {
          while (next < mine.length && compareEntries(mine[next] as Entry, entry) < 0) out.push(mine[next++] as Entry)
          if (!isMissing(entry.path)) out.push(marked(entry))
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

/** What came or went while the snapshot was made is what it is in the snapshot. */
function isInSnapshot({ path, kind }: Nested, root: string): boolean {
  const stats = lstatSync(join(root, path), { throwIfNoEntry: false })
  return stats?.isDirectory() === true && (kind === 'mount' || stats.ino === emptyDirectory)
}

function toProblem({ path, kind }: Nested): ProblemEntry {
  const what = kind === 'mount' ? 'another file system is mounted there' : 'it is a subvolume of its own'
  return { kind: 'problem', path, reason: `${what}, and a snapshot does not hold what is in it; sync it by itself, and exclude it here` }
}
