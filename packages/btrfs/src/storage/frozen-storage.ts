import { join } from 'node:path'
import { compareEntries, type AbortOptions, type Capabilities, type Entry, type ListOptions, type Path, type ReadableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import type { Commands } from '../roots/btrfs-commands.ts'
import { changesBelow, sentChanges } from './changed-paths.ts'
import type { Frozen } from './freeze.ts'
import { canBeKept, ListingWriter, SealedListing, type Row } from './listing-file.ts'
import { withMarks, type Nested } from './marks.ts'
import { patchedListing, wantedRows, type Patch } from './patched-listing.ts'
import { isOwn, type Base, type Place } from './place.ts'

/** What a frozen storage is made of. */
export interface FrozenOptions {
  readonly name: string
  readonly capabilities: Capabilities
  readonly place: Place
  readonly commands: Commands
  /** The root of the storage, relative to the subvolume. */
  readonly directory: Path
  readonly frozen: Frozen
  /** What is in the subvolume and not of it. */
  readonly nested: readonly Nested[]
  /** The snapshot that was kept. */
  readonly base: Base | undefined
  /** Whether this one is kept for the next time. */
  readonly keeps: boolean
}

/** What a storage that can only be read does not have. */
const writing = ['write', 'remove', 'makeDirectory', 'makeSymlink', 'setModified', 'setMode', 'copy', 'move', 'transferFrom', 'flush', 'freeSpace']

/** A run that differs in more paths than this walks: to look at each of them by itself costs more. */
const mostChanges = 50_000

/**
 * A snapshot as a storage. `close` deletes the snapshot, or keeps it with the listing that was made of it in place of the one that was kept before.
 *
 * It is a storage of the local file system, so files go from it to another one without passing through this process; only where entries have to be
 * marked it is a wrapper.
 */
export function frozenStorage(options: FrozenOptions): ReadableStorage {
  const { name, capabilities, frozen, directory, nested } = options
  const root = join(frozen.snapshot, directory)
  const listings = new Listings(options, root)
  const tree = fs(root)
  const release = tree.close?.bind(tree)
  const frozenMembers = {
    name,
    capabilities,
    list: (path: Path, given: ListOptions = {}) => listings.list(path, given),
    close: async () => {
      await release?.()
      await listings.close()
    },
    ...Object.fromEntries(writing.map(method => [method, undefined])),
  }
  // Onto the storage itself, because others of its kind know only the very object.
  const storage = Object.assign(tree, frozenMembers) as ReadableStorage
  return frozen.torn.size === 0 && nested.length === 0 ? storage : withMarks(storage, { torn: frozen.torn, nested, root })
}

/** The listing that was kept, and what has changed since. */
interface Patched {
  readonly kept: SealedListing
  readonly patch: Patch
}

/** The listings of a snapshot: walked, or made of the listing that was kept and what has changed since. */
class Listings {
  readonly #options: FrozenOptions
  readonly #tree: ReadableStorage
  #patch: Promise<Patched | undefined> | undefined
  /** A whole listing of this snapshot, to be kept with it. */
  #written: ListingWriter | undefined
  #isClosed = false

  constructor(options: FrozenOptions, root: string) {
    this.#options = options
    this.#tree = fs(root)
  }

  async *list(path: Path, options: ListOptions): AsyncGenerator<readonly Entry[], void, undefined> {
    const { recursive = true, descend = () => true, signal } = options
    signal?.throwIfAborted()
    const isWanted = (directory: Path): boolean => !this.#isOwn(directory) && descend(directory)
    const walk = (directory: Path): AsyncIterable<readonly Row[]> => this.#walk(directory, { ...options, descend: isWanted })
    if (path !== '' || !recursive) {
      for await (const rows of walk(path)) yield rows.map(({ entry }) => entry)
      return
    }
    const patched = await this.#patched(options)
    const rows = patched === undefined ? walk('') : patchedListing(patched.kept.pages(), patched.patch)
    const record = this.#startRecord(patched?.patch)
    try {
      for await (const page of wantedRows(rows, isWanted, walk)) {
        signal?.throwIfAborted()
        record?.add(page)
        yield page.map(({ entry }) => entry)
      }
      const written = record?.finish()
      if (written !== undefined) {
        this.#written?.discard()
        this.#written = written
      }
    } finally {
      record?.abandon()
    }
  }

  /** Deletes the snapshot, or keeps it. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { place, directory, frozen } = this.#options
    await this.#tree.close?.()
    const patched = await this.#patch?.catch(() => undefined)
    patched?.kept.close()
    const written = this.#written
    if (written !== undefined && (await place.keep(directory, frozen.snapshot, written.file))) return
    written?.discard()
    await place.remove(frozen.snapshot)
  }

  /** The file system as it is, without our own snapshots. */
  async *#walk(path: Path, options: ListOptions): AsyncGenerator<readonly Row[], void, undefined> {
    for await (const page of this.#tree.list(path, options)) {
      const rows = (Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]).map(entry => ({ entry }))
      const shown = this.#options.directory === '' ? rows.filter(({ entry }) => !isOwn(entry.path)) : rows
      if (shown.length > 0) yield shown
    }
  }

  #isOwn(path: Path): boolean {
    return this.#options.directory === '' && isOwn(path)
  }

  /** Where nothing has changed, what is kept stays as it is. */
  #startRecord(patch: Patch | undefined): Recording | undefined {
    const { keeps, nested, place } = this.#options
    if (!keeps || nested.length > 0 || this.#isClosed) return undefined
    const isSame = patch !== undefined && patch.changes.entries.size === 0 && patch.changes.trees.size === 0
    return isSame ? undefined : new Recording(place.workPath())
  }

  /** Found out once; a caller that gave up does not decide for the next. */
  #patched(options: AbortOptions): Promise<Patched | undefined> {
    this.#patch ??= this.#findChanges(options).catch((error: unknown) => {
      this.#patch = undefined
      throw error
    })
    return this.#patch
  }

  /** What has changed since the listing that was kept; `undefined` if it is better to walk, or anything is in doubt. */
  async #findChanges({ signal }: AbortOptions): Promise<Patched | undefined> {
    const { base, nested, commands, directory, frozen } = this.#options
    if (base === undefined || nested.length > 0) return undefined
    const kept = SealedListing.open(base.list)
    if (kept === undefined) return undefined
    let patch: Patch | undefined
    try {
      const changes = changesBelow(directory, await sentChanges(commands, { earlier: base.snapshot, later: frozen.snapshot }, { signal }))
      const { entries, trees } = changes
      if (trees.has('') || entries.size + trees.size > mostChanges) return undefined
      const rows: Row[] = []
      const inodes = new Set<string>()
      for (const path of [...entries, ...trees]) {
        signal?.throwIfAborted()
        const entry = await this.#tree.stat(path)
        if (entry === undefined) continue
        rows.push({ entry })
        if (entry.kind === 'file') inodes.add(entry.id as string)
        if (entry.kind !== 'directory' || !trees.has(path)) continue
        for await (const page of this.#walk(path, {})) rows.push(...page)
      }
      rows.sort((a, b) => compareEntries(a.entry, b.entry))
      patch = { changes, rows, inodes, look: path => this.#look(path) }
      return { kept, patch }
    } catch {
      signal?.throwIfAborted()
      return undefined
    } finally {
      if (patch === undefined) kept.close()
    }
  }

  async #look(path: Path): Promise<Row | undefined> {
    const entry = await this.#tree.stat(path)
    return entry === undefined ? undefined : { entry }
  }
}

/** A listing that is written down while it is given out. It is worth nobody's sync: where it cannot be written, the next run walks. */
class Recording {
  #writer: ListingWriter | undefined

  constructor(file: string) {
    this.#try(() => (this.#writer = new ListingWriter(file)))
  }

  add(rows: readonly Row[]): void {
    if (!rows.every(({ entry }) => canBeKept(entry))) this.abandon()
    this.#try(() => this.#writer?.add(rows))
  }

  finish(): ListingWriter | undefined {
    this.#try(() => this.#writer?.finish())
    const written = this.#writer
    this.#writer = undefined
    return written
  }

  abandon(): void {
    const writer = this.#writer
    this.#writer = undefined
    writer?.discard()
  }

  #try(write: () => unknown): void {
    try {
      write()
    } catch {
      this.abandon()
    }
  }
}
