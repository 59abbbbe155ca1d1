import { StorageError } from './errors.ts'
import { compareKeys, hasDirectoryKey } from './path.ts'
import type { Path } from './protocol.ts'

/** What the join needs to know of an item. */
export interface Keyed {
  readonly path: Path
  readonly kind: string
  /** Set on what is no directory but has a directory's key. */
  readonly directory?: boolean
}

/** One path: `entries[i]` is what listing i has there. `clash[i]` is set if listing i has a leaf and a directory of that name; the directory is in `entries[i]`. */
export interface Joined<T> {
  readonly path: Path
  readonly entries: readonly (T | undefined)[]
  readonly clash?: readonly (T | undefined)[]
}

interface Row<T> {
  path: Path
  entries: (T | undefined)[]
  clash?: (T | undefined)[]
}

/**
 * Joins ordered listings by path in one pass. Memory is one page per listing.
 *
 * A leaf `a` (key `a`) and a directory `a` (key `a/`) are one path but not neighbours: `a-b` and `a.txt` lie between. So a leaf is held until
 * no listing can bring a directory of that name any more.
 *
 * @param listings - in key order, in pages; see `hasDirectoryKey`
 * @param names - of the listings, for the message of an order that is broken
 * @returns pages of one item per distinct path, in the order in which paths are complete
 * @throws StorageError `UNORDERED` if a listing goes backwards or names a path twice; the other listings are closed first
 * @see git, tree-walk.c, `traverse_trees`: the same lookahead for a file and a directory of one name
 */
export async function* mergeJoin<T extends Keyed>(
  listings: readonly AsyncIterable<readonly T[]>[],
  names: readonly string[] = [],
): AsyncGenerator<readonly Joined<T>[], void, undefined> {
  const cursors = listings.map((listing, i) => new Cursor(listing, names[i] ?? `listing ${i + 1}`))
  try {
    // As many as there are listings, all started at once so that they scan side by side.
    // eslint-disable-next-line no-restricted-syntax
    await Promise.all(cursors.map(cursor => cursor.fill()))
    let page: Joined<T>[] = []
    /** Leaves whose directory may still come, in key order. */
    let held: Row<T>[] = []
    /** Whether all listings had the last path; then they still go in step. */
    let wereTogether = false
    for (;;) {
      const together = areTogether(cursors)
      if (together && wereTogether) (cursors[0] as Cursor<T>).check()
      else for (const cursor of cursors) cursor.check()
      const first = together ? cursors[0]?.head : smallest(cursors)
      const single = held.length === 1 ? held[0] : undefined
      if (single !== undefined && (first === undefined || isPast(first, single.path))) {
        // Nearly always: what comes next is past the key of a directory of that name.
        page.push(single)
        held.pop()
      } else if (held.length > 0) {
        const { done, kept } = release(held, first)
        page.push(...done)
        held = kept
      }
      if (first === undefined) break
      const path = first.path
      const isDirectory = hasDirectoryKey(first)
      const row: Row<T> = (isDirectory && held.length > 0 && takeHeld(held, path)) || { path, entries: new Array<T | undefined>(cursors.length) }
      let needsFill = false
      for (let i = 0; i < cursors.length; i++) {
        const cursor = cursors[i] as Cursor<T>
        const head = cursor.head
        if (head === undefined || (!together && head !== first && (head.path !== path || hasDirectoryKey(head) !== isDirectory))) {
          row.entries[i] ??= undefined
          continue
        }
        if (row.entries[i] !== undefined) (row.clash ??= new Array<T | undefined>(cursors.length).fill(undefined))[i] = row.entries[i]
        row.entries[i] = head
        if (cursor.step()) needsFill = true
      }
      wereTogether = together
      if (isDirectory) page.push(row)
      else held.push(row)
      if (needsFill) {
        if (page.length > 0) {
          yield page
          page = []
        }
        for (const cursor of cursors) if (cursor.head === undefined) await cursor.fill()
      }
    }
    if (page.length > 0) yield page
  } finally {
    for (const cursor of cursors) await cursor.close()
  }
}

/** Whether all listings are at one path: the common case, and the cheapest to tell. */
function areTogether<T extends Keyed>(cursors: readonly Cursor<T>[]): boolean {
  const first = cursors[0]?.head
  if (first === undefined) return false
  const isDirectory = hasDirectoryKey(first)
  for (let i = 1; i < cursors.length; i++) {
    const head = (cursors[i] as Cursor<T>).head
    if (head === undefined || head.path !== first.path || hasDirectoryKey(head) !== isDirectory) return false
  }
  return true
}

/** Whether an item that comes after the leaf `path` comes after a directory of that name too. */
function isPast(next: Keyed, path: Path): boolean {
  // What does not go on from the leaf's path differs from it in a unit that also decides against the directory's key.
  return !next.path.startsWith(path) || compareKeys(next.path, hasDirectoryKey(next), path, true) > 0
}

/** The head with the smallest key. */
function smallest<T extends Keyed>(cursors: readonly Cursor<T>[]): T | undefined {
  let best: T | undefined
  for (const cursor of cursors) {
    const head = cursor.head
    if (head === undefined || head === best) continue
    if (best === undefined || ((head.path !== best.path || hasDirectoryKey(head) !== hasDirectoryKey(best)) && before(head, best))) best = head
  }
  return best
}

function before(a: Keyed, b: Keyed): boolean {
  return compareKeys(a.path, hasDirectoryKey(a), b.path, hasDirectoryKey(b)) < 0
}

/**
 * Held leaves that no directory can join any more, because every listing has passed its key, and the others.
 * Released in the order of those keys: of `a` and `a-b/c` the second comes first, so that a directory's paths stay together.
 */
function release<T extends Keyed>(held: Row<T>[], next: T | undefined): { done: Row<T>[]; kept: Row<T>[] } {
  const done: Row<T>[] = []
  const kept: Row<T>[] = []
  for (const row of held) (next === undefined || compareKeys(next.path, hasDirectoryKey(next), row.path, true) > 0 ? done : kept).push(row)
  if (done.length > 1) done.sort((a, b) => compareKeys(a.path, true, b.path, true))
  return { done, kept }
}

/** Takes the held leaf of this path out of the list. */
function takeHeld<T>(held: Row<T>[], path: Path): Row<T> | undefined {
  const at = held.findIndex(row => row.path === path)
  return at === -1 ? undefined : held.splice(at, 1)[0]
}

/** Reads one listing and checks its order. */
class Cursor<T extends Keyed> {
  head: T | undefined
  readonly #iterator: AsyncIterator<readonly T[]>
  readonly #name: string
  #page: readonly T[] = []
  #at = 0
  #ended = false
  /** What was the head before. */
  #last: T | undefined

  constructor(listing: AsyncIterable<readonly T[]>, name: string) {
    this.#iterator = listing[Symbol.asyncIterator]()
    this.#name = name
  }

  /** Goes on to the next item of the page; true if the page is used up and the listing may have more. */
  step(): boolean {
    this.#last = this.head
    this.head = this.#page[++this.#at]
    return this.head === undefined && !this.#ended
  }

  /** Reads the next page that is not empty. */
  async fill(): Promise<void> {
    if (this.#ended || this.head !== undefined) return
    for (;;) {
      const { done, value } = await this.#iterator.next()
      if (done === true) {
        this.#ended = true
        this.#page = []
        return
      }
      const head = value[0]
      if (head === undefined) continue
      this.#page = value
      this.#at = 0
      this.head = head
      return
    }
  }

  /** Stops a listing that was not read to its end. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#iterator.return?.()
  }

  /** @throws StorageError `UNORDERED` if the head does not come after the one before */
  check(): void {
    const [last, next] = [this.#last, this.head]
    if (last === undefined || next === undefined || compareKeys(last.path, hasDirectoryKey(last), next.path, hasDirectoryKey(next)) < 0) return
    throw new StorageError(
      'UNORDERED',
      `${this.#name} lists ${JSON.stringify(next.path)} after ${JSON.stringify(last.path)}, which is not the order it promises; the storage has a bug, report it to its author`,
      { path: next.path },
    )
  }
}
