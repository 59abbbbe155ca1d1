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

/** A page of what is remembered of another listing. Its items are made when they are asked for, and most are never asked for. */
export interface LazyPage<T> {
  readonly done: boolean
  /** Steps over the next item if it says what the item of the other listing says. */
  takeIfSame(item: T): boolean
  /** Takes back what `takeIfSame` did last. */
  putBack(): void
  /** Makes the next item. There is one. */
  next(): T
}

/** One path: `entries[i]` is what listing i has there. `clash[i]` is set if listing i has a leaf and a directory of that name; the directory is in `entries[i]`. */
export interface Joined<T> {
  readonly path: Path
  readonly entries: readonly (T | undefined)[]
  readonly clash?: readonly (T | undefined)[]
  /** The first half of the listings all have the path, and the second half remembers just that: its entries were not made. */
  readonly same?: boolean
}

interface Row<T> {
  path: Path
  entries: (T | undefined)[]
  clash?: (T | undefined)[]
  same?: boolean
}

/** How the second half of the listings belongs to the first. */
export interface JoinOptions<T> {
  /** What is remembered of an item that is the same; for the rare row that turns out to need it. */
  readonly remember: (item: T) => T
}

/**
 * Joins ordered listings by path in one pass. Memory is one page per listing.
 *
 * A leaf `a` (key `a`) and a directory `a` (key `a/`) are one path but not neighbours: `a-b` and `a.txt` lie between. So a leaf is held until
 * no listing can bring a directory of that name any more.
 *
 * @param listings - in key order, in pages; see `hasDirectoryKey`. If there are lazy pages, listing n/2 + i is what is remembered of listing i
 * @param names - of the listings, for the message of an order that is broken
 * @returns pages of one item per distinct path, in the order in which paths are complete
 * @throws StorageError `UNORDERED` if a listing goes backwards or names a path twice; the other listings are closed first
 * @see git, tree-walk.c, `traverse_trees`: the same lookahead for a file and a directory of one name
 */
export async function* mergeJoin<T extends Keyed>(
  listings: readonly AsyncIterable<readonly T[] | LazyPage<T>>[],
  names: readonly string[] = [],
  { remember }: JoinOptions<T> = { remember: item => item },
): AsyncGenerator<readonly Joined<T>[], void, undefined> {
  const cursors = listings.map((listing, i) => new Cursor(listing, names[i] ?? `listing ${i + 1}`))
  try {
    // As many as there are listings, all started at once so that they scan side by side.
    // eslint-disable-next-line no-restricted-syntax
    await Promise.all(cursors.map(cursor => cursor.fill()))
    const join = new Join(cursors, remember)
    for (let hasMore = true; hasMore;) {
      const page: Joined<T>[] = []
      hasMore = join.fill(page)
      if (page.length > 0) yield page
      if (hasMore) for (const cursor of cursors) await cursor.fill()
    }
  } finally {
    for (const cursor of cursors) await cursor.close()
  }
}

/** The join of the pages that the cursors have. These steps are done for every path, so there is no promise in them. */
class Join<T extends Keyed> {
  readonly #cursors: readonly Cursor<T>[]
  readonly #remember: (item: T) => T
  /** Leaves whose directory may still come, in key order. */
  #held: Row<T>[] = []
  /** Whether all listings had the last path; then they still go in step. */
  #wereTogether = false
  #needsFill = false

  constructor(cursors: readonly Cursor<T>[], remember: (item: T) => T) {
    this.#cursors = cursors
    this.#remember = remember
  }

  /** Adds rows until a listing has to be read on; false if all have ended. */
  fill(page: Joined<T>[]): boolean {
    const cursors = this.#cursors
    for (;;) {
      const same = takeSame(cursors)
      if (!same) for (const cursor of cursors) cursor.look()
      const together = same || areTogether(cursors)
      if (together && this.#wereTogether) (cursors[0] as Cursor<T>).check()
      else for (const cursor of cursors) cursor.check()
      this.#wereTogether = together
      const first = together ? cursors[0]?.head : smallest(cursors)
      if (this.#held.length > 0) this.#release(first, page)
      if (first === undefined) return false
      const isDirectory = hasDirectoryKey(first)
      const held = isDirectory && this.#held.length > 0 ? takeHeld(this.#held, first.path, this.#remember) : undefined
      const row: Row<T> = same && held === undefined ? this.#sameRow(first.path) : this.#row(first, held, same)
      if (isDirectory) page.push(row)
      else this.#held.push(row)
      if (this.#needsFill) {
        this.#needsFill = false
        return true
      }
    }
  }

  #release(next: T | undefined, page: Joined<T>[]): void {
    const single = this.#held.length === 1 ? this.#held[0] : undefined
    if (single === undefined) {
      const { done, kept } = release(this.#held, next)
      page.push(...done)
      this.#held = kept
    } else if (next === undefined || isPast(next, single.path)) {
      // Nearly always: what comes next is past the key of a directory of that name.
      page.push(single)
      this.#held.pop()
    }
  }

  /** The row of the path that the first half of the listings are at; the second half has been stepped over. */
  #sameRow(path: Path): Row<T> {
    const cursors = this.#cursors
    const entries = new Array<T | undefined>(cursors.length)
    for (let i = 0; i < cursors.length; i++) {
      const cursor = cursors[i] as Cursor<T>
      entries[i] = cursor.head
      if (cursor.step()) this.#needsFill = true
    }
    return { path, entries, same: true }
  }

  /** The row of `first`, from all listings that are at its key; of a directory whose leaf was held, that row. */
  #row(first: T, held: Row<T> | undefined, same: boolean): Row<T> {
    const cursors = this.#cursors
    const { path } = first
    const isDirectory = hasDirectoryKey(first)
    const row: Row<T> = held ?? { path, entries: new Array<T | undefined>(cursors.length).fill(undefined) }
    const half = cursors.length / 2
    for (let i = cursors.length - 1; i >= 0; i--) {
      const cursor = cursors[i] as Cursor<T>
      const head = same && i >= half ? this.#remember((cursors[i - half] as Cursor<T>).head as T) : cursor.head
      if (head === undefined || (head !== first && (head.path !== path || hasDirectoryKey(head) !== isDirectory))) continue
      if (row.entries[i] !== undefined) (row.clash ??= new Array<T | undefined>(cursors.length).fill(undefined))[i] = row.entries[i]
      row.entries[i] = head
      if (cursor.step()) this.#needsFill = true
    }
    return row
  }
}

/** Steps over what the second half of the listings remembers, if the first half is at one path and just that is remembered: the common case. */
function takeSame<T extends Keyed>(cursors: readonly Cursor<T>[]): boolean {
  const half = cursors.length / 2
  const first = cursors[0]?.head
  if (first === undefined || (cursors[half] as Cursor<T> | undefined)?.isLazy !== true) return false
  const isDirectory = hasDirectoryKey(first)
  for (let i = 1; i < half; i++) {
    const head = (cursors[i] as Cursor<T>).head
    if (head === undefined || head.path !== first.path || hasDirectoryKey(head) !== isDirectory) return false
  }
  for (let i = 0; i < half; i++) {
    if ((cursors[half + i] as Cursor<T>).takeIfSame((cursors[i] as Cursor<T>).head as T)) continue
    while (--i >= 0) (cursors[half + i] as Cursor<T>).putBack()
    return false
  }
  return true
}

/** Whether all listings are at one path: the common case otherwise, and the cheapest to tell. */
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
function takeHeld<T>(held: Row<T>[], path: Path, remember: (item: T) => T): Row<T> | undefined {
  const at = held.findIndex(row => row.path === path)
  const row = at === -1 ? undefined : held.splice(at, 1)[0]
  if (row?.same === true) {
    row.same = false
    const half = row.entries.length / 2
    for (let i = 0; i < half; i++) row.entries[half + i] = remember(row.entries[i] as T)
  }
  return row
}

/** Reads one listing and checks its order; that of lazy pages is checked by who makes them. */
class Cursor<T extends Keyed> {
  /** The next item. Of a lazy page it is made by `look`. */
  head: T | undefined
  readonly #iterator: AsyncIterator<readonly T[] | LazyPage<T>>
  readonly #name: string
  #page: readonly T[] = []
  #lazy: LazyPage<T> | undefined
  #at = 0
  #ended = false
  /** What was the head before. */
  #last: T | undefined

  constructor(listing: AsyncIterable<readonly T[] | LazyPage<T>>, name: string) {
    this.#iterator = listing[Symbol.asyncIterator]()
    this.#name = name
  }

  /** Whether the next item is not made yet. */
  get isLazy(): boolean {
    return this.#lazy !== undefined && this.head === undefined
  }

  /** Whether the page is used up and the listing may have more. */
  get isUsedUp(): boolean {
    return this.head === undefined && !this.#ended && this.#lazy?.done !== false
  }

  /** Makes the head of a lazy page. */
  look(): void {
    if (this.#lazy?.done === false) this.head ??= this.#lazy.next()
  }

  takeIfSame(item: T): boolean {
    return this.head === undefined && this.#lazy?.done === false && this.#lazy.takeIfSame(item)
  }

  putBack(): void {
    this.#lazy?.putBack()
  }

  /** Goes on to the next item of the page; true if the page is used up and the listing may have more. */
  step(): boolean {
    if (this.#lazy !== undefined) {
      this.head = undefined
      return this.#lazy.done && !this.#ended
    }
    this.#last = this.head
    this.head = this.#page[++this.#at]
    return this.head === undefined && !this.#ended
  }

  /** Reads the next page that is not empty, if the last one is used up. */
  async fill(): Promise<void> {
    if (!this.isUsedUp) return
    for (;;) {
      const { done, value } = await this.#iterator.next()
      this.#lazy = undefined
      if (done === true) {
        this.#ended = true
        this.#page = []
        return
      }
      if (!isPage(value)) {
        if (value.done) continue
        this.#lazy = value
        this.#page = []
        this.#last = undefined
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

function isPage<T>(page: readonly T[] | LazyPage<T>): page is readonly T[] {
  return Array.isArray(page)
}
