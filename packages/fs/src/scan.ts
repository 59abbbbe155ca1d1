import { lstatSync, readdirSync, statSync, type Dirent, type Stats } from 'node:fs'
import { isUtf8 } from 'node:buffer'
import { compareUtf8, isStorageError, StorageError, type Path } from '@syncline/core'
import { directory, escapeName, formatOf, readTarget, regularFile, symbolicLink, undecodableTarget, unsyncableReason } from './entry.ts'
import { errnoOf, isMissing, place, toStorageError } from './errno.ts'
import { isTemporary } from './temporary.ts'
import { lstat, type Symlinks, type Tree } from './tree.ts'

/** So that the questions about a huge directory do not keep the asked thread from everything else. */
const announcedAtOnce = 500

/** Takes what a scan finds, in key order. `prefix` is the directory with its final "/", or "". */
export interface ScanSink {
  readonly count: number
  addFile(prefix: string, name: string, stats: Stats): void
  addDirectory(prefix: string, name: string, stats: Stats): void
  addSymlink(prefix: string, name: string, stats: Stats, target: string): void
  addProblem(prefix: string, name: string, reason: string, error?: StorageError): void
}

/** Which directories are to be read. */
export interface Descend {
  /** Whether to ask at all; so that the names of a directory come with their kinds. */
  readonly asksAhead: boolean
  /** Child directories that will be asked about soon. */
  announce(directories: readonly Path[]): void
  isWanted(directory: Path): boolean
}

/** Where a scan is, as plain data: another thread can go on from there. */
export interface ScanState {
  readonly path: Path
  readonly recursive: boolean
  readonly rootId: string
  readonly frames: readonly FrameState[]
}

interface FrameState {
  readonly prefix: string
  readonly names: readonly string[]
  readonly undecodable: readonly string[]
  readonly held: readonly HeldState[]
  readonly realId: string
}

interface HeldState {
  readonly name: string
  readonly mtimeMs: number
  readonly mode: number
  readonly content: FrameState | undefined
}

/** A directory whose names are being visited. */
interface Frame {
  readonly prefix: string
  readonly names: readonly string[]
  at: number
  /** Names that stand for undecodable ones. */
  readonly undecodable: ReadonlySet<string> | undefined
  /** Directories visited but not yet due: names such as "a-b" come before "a/". The last one is due first. */
  readonly held: Held[]
  /** Device and inode, only where links are followed: to find loops. */
  readonly realId: string
}

interface Held {
  readonly name: string
  readonly stats: Pick<Stats, 'mtimeMs' | 'mode'>
  /** Undefined if it is not to be read. */
  readonly content: Frame | undefined
}

/**
 * Walks a tree in key order with synchronous calls; one `lstat` per entry, no promise.
 *
 * Memory: the names of the directories on the way down, and nothing else.
 */
export class Scan {
  /** Absolute names of temporaries seen. */
  readonly temporaries: string[] = []
  /** Entries found so far. */
  total = 0
  readonly #tree: Tree
  readonly #path: Path
  readonly #recursive: boolean
  readonly #descend: Descend | undefined
  readonly #symlinks: Symlinks
  readonly #base: string
  readonly #frames: Frame[]
  readonly #rootId: string

  private constructor(tree: Tree, descend: Descend | undefined, state: ScanState) {
    this.#tree = tree
    this.#path = state.path
    this.#recursive = state.recursive
    this.#descend = descend
    this.#symlinks = tree.symlinks
    this.#base = tree.root.endsWith('/') ? tree.root : `${tree.root}/`
    this.#rootId = state.rootId
    this.#frames = state.frames.map(toFrame)
  }

  /**
   * Starts at a directory.
   *
   * @throws StorageError `NOT_FOUND`, `NOT_A_DIRECTORY`, `PERMISSION_DENIED` if it cannot be read
   */
  static start(tree: Tree, path: Path, recursive: boolean, descend?: Descend): Scan {
    try {
      const stats = startStats(tree, path)
      const scan = new Scan(tree, descend, { path, recursive, rootId: idOf(stats), frames: [] })
      scan.#frames.push(scan.#readDirectory(path === '' ? '' : `${path}/`, stats))
      return scan
    } catch (error) {
      throw toStorageError(error, 'list', path, tree.root)
    }
  }

  /** Goes on where another scan of the same tree was; see {@link Scan.state}. */
  static resume(tree: Tree, state: ScanState, descend?: Descend): Scan {
    const scan = new Scan(tree, descend, state)
    if (descend?.asksAhead === true) for (const frame of scan.#frames) scan.#announce(frame)
    return scan
  }

  /** Where this scan is. */
  state(): ScanState {
    return { path: this.#path, recursive: this.#recursive, rootId: this.#rootId, frames: this.#frames.map(toFrameState) }
  }

  /**
   * Adds entries to `sink` until it has `limit`.
   *
   * @returns whether there is more
   * @throws StorageError `UNAVAILABLE` if the root was replaced meanwhile: what then seemed absent was not
   */
  fill(sink: ScanSink, limit: number): boolean {
    const before = sink.count
    for (;;) {
      const frame = this.#frames.at(-1)
      if (frame === undefined) break
      if (sink.count >= limit) {
        this.total += sink.count - before
        return true
      }
      const next = frame.names[frame.at]
      const held = frame.held.at(-1)
      if (held !== undefined && (next === undefined || !comesBefore(next, held.name))) {
        frame.held.pop()
        sink.addDirectory(frame.prefix, held.name, held.stats as Stats)
        if (held.content !== undefined) this.#frames.push(held.content)
      } else if (next !== undefined) {
        frame.at++
        this.#visit(frame, next, sink)
      } else {
        this.#frames.pop()
      }
    }
    this.total += sink.count - before
    this.#checkRoot()
    return false
  }

  #visit(frame: Frame, name: string, sink: ScanSink): void {
    const file = this.#base + frame.prefix + name
    if (isTemporary(name)) {
      this.temporaries.push(file)
      return
    }
    if (frame.undecodable?.has(name) === true) {
      sink.addProblem(frame.prefix, name, 'the name is not valid UTF-8 and cannot be synced; rename it')
      return
    }
    let stats: Stats | undefined
    try {
      stats = lstatSync(file, { throwIfNoEntry: false })
      // Removed since its directory was read.
      if (stats === undefined) return
      const format = formatOf(stats.mode)
      if (format === regularFile) sink.addFile(frame.prefix, name, stats)
      else if (format === directory) this.#visitDirectory(frame, name, stats, sink)
      else if (format === symbolicLink) this.#visitLink(frame, name, file, stats, sink)
      else sink.addProblem(frame.prefix, name, unsyncableReason(stats.mode))
    } catch (error) {
      if (!isMissing(error)) this.#addFailure(frame, name, stats === undefined ? 'look at' : 'read', error, sink)
    }
  }

  #visitDirectory(frame: Frame, name: string, stats: Stats, sink: ScanSink): void {
    const path = frame.prefix + name
    let content: Frame | undefined
    if (this.#recursive && (this.#descend === undefined || this.#descend.isWanted(path))) {
      try {
        content = this.#readDirectory(`${path}/`, stats)
      } catch (error) {
        // Now, and not when the directory is due: a problem has the key of a file.
        if (errnoOf(error) !== 'ENOENT') this.#addFailure(frame, name, 'list the directory', error, sink)
        return
      }
    }
    frame.held.push({ name, stats, content })
  }

  #visitLink(frame: Frame, name: string, file: string, stats: Stats, sink: ScanSink): void {
    if (this.#symlinks === 'skip') return
    if (this.#symlinks === 'follow') {
      this.#followLink(frame, name, file, sink)
      return
    }
    const target = readTarget(file)
    if (target === undefined) sink.addProblem(frame.prefix, name, undecodableTarget)
    else sink.addSymlink(frame.prefix, name, stats, target)
  }

  #followLink(frame: Frame, name: string, file: string, sink: ScanSink): void {
    let stats: Stats
    try {
      stats = statSync(this.#tree.follow(frame.prefix + name, file))
    } catch (error) {
      if (isStorageError(error)) sink.addProblem(frame.prefix, name, error.message, error)
      else sink.addProblem(frame.prefix, name, errnoOf(error) === 'ELOOP' ? 'the symbolic link leads to itself' : 'the symbolic link leads nowhere')
      return
    }
    const format = formatOf(stats.mode)
    if (format === regularFile) sink.addFile(frame.prefix, name, stats)
    else if (format !== directory) sink.addProblem(frame.prefix, name, unsyncableReason(stats.mode))
    else if (this.#frames.some(each => each.realId === idOf(stats)))
      sink.addProblem(frame.prefix, name, 'the symbolic link leads to a directory that it is in itself')
    else this.#visitDirectory(frame, name, stats, sink)
  }

  #addFailure(frame: Frame, name: string, doing: string, error: unknown, sink: ScanSink): void {
    const problem = toStorageError(error, doing, frame.prefix + name, this.#tree.root)
    sink.addProblem(frame.prefix, name, problem.message, problem)
  }

  #readDirectory(prefix: string, stats: Stats): Frame {
    const file = this.#base + prefix
    const realId = this.#symlinks === 'follow' ? idOf(stats) : ''
    if (this.#descend?.asksAhead !== true) return this.#toFrame(prefix, file, readdirSync(file), realId)
    const found = readdirSync(file, { withFileTypes: true })
    this.#announceDirectories(prefix, found)
    return this.#toFrame(
      prefix,
      file,
      found.map(each => each.name),
      realId,
    )
  }

  /** For a directory that another thread began: one question for all that is left of it, instead of one each. */
  #announce(frame: Frame): void {
    const left = new Set(frame.names)
    try {
      this.#announceDirectories(
        frame.prefix,
        readdirSync(this.#base + frame.prefix, { withFileTypes: true }).filter(each => left.has(each.name)),
      )
    } catch {
      // Gone or unreadable by now: its names are asked about one by one, and fail one by one.
    }
  }

  #announceDirectories(prefix: string, found: readonly Dirent[]): void {
    const directories = found
      .filter(each => each.isDirectory() || (this.#symlinks === 'follow' && each.isSymbolicLink()))
      .map(each => prefix + each.name)
    for (let at = 0; at < directories.length; at += announcedAtOnce) this.#descend?.announce(directories.slice(at, at + announcedAtOnce))
  }

  #toFrame(prefix: string, file: string, found: string[], realId: string): Frame {
    const isSuspect = found.some(name => name.includes('\uFFFD'))
    const { names, undecodable } = isSuspect ? decodeNames(readdirSync(file, 'buffer')) : { names: found, undecodable: undefined }
    // libuv sorts by bytes on Unix; sorting again only where that does not hold.
    if (!isSorted(names)) names.sort(compareUtf8)
    return { prefix, names, at: 0, undecodable, held: [], realId }
  }

  #checkRoot(): void {
    const stats = lstat(this.#path === '' ? this.#tree.root : this.#base + this.#path)
    const now =
      stats?.isSymbolicLink() === true ? statSync(this.#path === '' ? this.#tree.root : this.#base + this.#path, { throwIfNoEntry: false }) : stats
    if (now === undefined || idOf(now) !== this.#rootId) {
      throw new StorageError(
        'UNAVAILABLE',
        `${place(this.#path, this.#tree.root)} went away or was replaced while it was listed; see whether its disk is still mounted`,
        { path: this.#path },
      )
    }
  }
}

function startStats(tree: Tree, path: Path): Stats {
  const file = tree.locate(path)
  if (path === '') {
    const stats = statSync(file)
    if (!stats.isDirectory()) throw new StorageError('NOT_A_DIRECTORY', `could not list ${tree.root}: it is not a directory`, { path })
    return stats
  }
  const stats = tree.canSeeParent(path) ? tree.look(path, file) : undefined
  if (stats?.isDirectory() !== true) throw new StorageError('NOT_FOUND', `could not list ${place(path, tree.root)}: no directory is there`, { path })
  return stats
}

/** Whether `next` has a smaller key than the directory `name`, although it is the longer one: "a-b" and "a.b" lie between "a" and "a/". */
function comesBefore(next: string, name: string): boolean {
  return next.length > name.length && next.charCodeAt(name.length) < 0x2f && next.startsWith(name)
}

function isSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) if (compareUtf8(names[i - 1] as string, names[i] as string) > 0) return false
  return true
}

/** Names of which some are no UTF-8: those get a readable form that no other name of the directory has. */
function decodeNames(raw: readonly Buffer[]): { readonly names: string[]; readonly undecodable: ReadonlySet<string> } {
  const names = raw.filter(name => isUtf8(name)).map(name => name.toString())
  const taken = new Set(names)
  const undecodable = new Set<string>()
  for (const name of raw) {
    if (isUtf8(name)) continue
    let escaped = escapeName(name)
    while (taken.has(escaped)) escaped += '~'
    taken.add(escaped)
    undecodable.add(escaped)
  }
  return { names: [...names, ...undecodable], undecodable }
}

function idOf(stats: Stats): string {
  return `${stats.dev}-${stats.ino}`
}

function toFrameState(frame: Frame): FrameState {
  return {
    prefix: frame.prefix,
    names: frame.names.slice(frame.at),
    undecodable: [...(frame.undecodable ?? [])],
    held: frame.held.map(({ name, stats, content }) => ({
      name,
      mtimeMs: stats.mtimeMs,
      mode: stats.mode,
      content: content && toFrameState(content),
    })),
    realId: frame.realId,
  }
}

function toFrame({ prefix, names, undecodable, held, realId }: FrameState): Frame {
  return {
    prefix,
    names,
    at: 0,
    undecodable: undecodable.length === 0 ? undefined : new Set(undecodable),
    held: held.map(({ name, mtimeMs, mode, content }) => ({ name, stats: { mtimeMs, mode }, content: content && toFrame(content) })),
    realId,
  }
}
