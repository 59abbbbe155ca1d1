import { isStorageError, joinPath, parentPath, type AbortOptions, type FileEntry, type Path, type WritableStorage } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import type { Spool } from './spool.ts'
import type { Unapplied } from './unapplied.ts'
import type { MissingNode } from './volume-record.ts'
import type { FileNode, SymlinkNode, VolumeNode, VolumeTree } from './volume-tree.ts'
import { textOf } from '../subvolume/raw-text.ts'

/** What became of a volume in a storage. */
export interface WrittenVolume {
  readonly unapplied: readonly Unapplied[]
  readonly missing: readonly MissingNode[]
  readonly links: readonly (readonly RawPath[])[]
}

/** Calls at once at most, however many the storage says that help. */
const mostCalls = 16

interface Job {
  readonly raw: RawPath
  /** In the storage. */
  readonly path: Path
  readonly node: VolumeNode
}

/**
 * Writes a volume to a storage, directories first, each file once.
 *
 * @param at - where it is written
 * @param name - what it will be named, where a storage may refuse a path
 * @param written - gets every path that is there, or may be, so that it can be removed if the rest fails
 */
export async function writeVolume(
  storage: WritableStorage,
  tree: VolumeTree,
  spool: Spool,
  at: Path,
  name: Path,
  written: Path[],
  { signal }: AbortOptions,
): Promise<WrittenVolume> {
  return new VolumeWriter(storage, spool, at, name, written, signal).write(tree)
}

class VolumeWriter {
  readonly #storage: WritableStorage
  readonly #spool: Spool
  readonly #at: Path
  readonly #name: Path
  readonly #written: Path[]
  readonly #signal: AbortSignal | undefined
  readonly #missing: MissingNode[] = []
  readonly #names = new Map<FileNode, RawPath[]>()
  /** Paths as a storage sees them that does not tell upper from lower case. */
  readonly #folded = new Map<string, RawPath>()
  readonly #found: Unapplied[] = []

  constructor(storage: WritableStorage, spool: Spool, at: Path, name: Path, written: Path[], signal: AbortSignal | undefined) {
    this.#storage = storage
    this.#spool = spool
    this.#at = at
    this.#name = name
    this.#written = written
    this.#signal = signal
  }

  async write(tree: VolumeTree): Promise<WrittenVolume> {
    const jobs = this.#jobs(tree)
    const directories = jobs.filter(({ node }) => node.kind === 'directory')
    for (const job of directories) await this.#makeDirectory(job)
    await eachOf(jobs.filter(({ node }) => node.kind !== 'directory'), this.#concurrency(), job => this.#writeLeaf(job)) // prettier-ignore
    if (this.#storage.makeDirectory === undefined) this.#missEmpty(directories)
    // The deepest first: what is made in a directory changes its time.
    for (const job of directories.reverse()) await this.#finishDirectory(job)
    const links = [...this.#names.values()].filter(names => names.length > 1)
    for (const [first, ...others] of links)
      for (const path of others)
        this.#note(path, 'links', `it is another name of ${JSON.stringify(textOf(first as RawPath))}, and here a file of its own`)
    for (const [path, node] of tree) for (const note of node.notes.values()) this.#found.push({ path, ...note })
    return { unapplied: this.#found.sort(byPath), missing: this.#missing.sort(byPath), links }
  }

  /** What can be there, in the order of the tree; the rest is noted. */
  #jobs(tree: VolumeTree): Job[] {
    const jobs: Job[] = []
    const barred = new Set<RawPath>()
    for (const [raw, node] of tree) {
      const slash = raw.lastIndexOf('/')
      const reason =
        barred.has(slash === -1 ? '' : raw.slice(0, slash)) && raw !== '' ? 'a directory above it cannot be there' : this.#refusal(raw, node)
      if (node.kind === 'file') this.#names.set(node, [...(this.#names.get(node) ?? []), raw])
      if (reason === undefined) jobs.push({ raw, path: joinPath(this.#at, textOf(raw)), node })
      else {
        if (node.kind === 'directory') barred.add(raw)
        this.#miss(raw, node, 'name', reason)
      }
    }
    return jobs
  }

  #refusal(raw: RawPath, node: VolumeNode): string | undefined {
    if (raw === '') return undefined
    const path = textOf(raw)
    if (Buffer.from(path).toString('latin1') !== raw) return 'its name is not UTF-8, and names in storages are text'
    const refused = this.#storage.refuses?.(joinPath(this.#name, path))
    if (refused !== undefined) return refused
    if (this.#storage.capabilities.exactNames === true || node.kind === 'special') return undefined
    const folded = path.normalize('NFC').toLowerCase()
    const other = this.#folded.get(folded)
    if (other !== undefined)
      return `its name differs from ${JSON.stringify(textOf(other))} only in case or form, and the storage may take them for one`
    this.#folded.set(folded, raw)
    return undefined
  }

  async #makeDirectory({ path }: Job): Promise<void> {
    if (this.#storage.makeDirectory === undefined) return
    this.#written.push(path)
    await this.#storage.makeDirectory(path, { signal: this.#signal })
  }

  /** Where a directory is only a part of names, it is there if something in it is. */
  #missEmpty(directories: readonly Job[]): void {
    const filled = new Set<Path>()
    for (const path of this.#written)
      for (let above = parentPath(path); !filled.has(above); above = parentPath(above)) {
        filled.add(above)
        if (above === '') break
      }
    for (const { raw, path, node } of directories)
      if (!filled.has(path) && raw !== '') this.#miss(raw, node, 'node', 'it is a directory without files, and the storage has none')
  }

  async #finishDirectory({ raw, path, node }: Job): Promise<void> {
    const { setMode, setModified } = this.#storage
    const call = async (what: 'mode' | 'times', failure: string, act: (() => Promise<void>) | undefined): Promise<void> => {
      node.notes.delete(what)
      try {
        // A directory that is only a part of names has none, whatever the storage answers.
        if (act === undefined || this.#storage.capabilities.directories !== true)
          this.#note(raw, what, `${failure}: the storage cannot set it for a directory`)
        else await act()
      } catch (error) {
        this.#signal?.throwIfAborted()
        this.#note(raw, what, `${failure}: ${(error as Error).message}`)
      }
    }
    const { mode, modified } = node
    const options = { signal: this.#signal }
    if (modified !== undefined)
      await call('times', 'its time could not be set', setModified && (() => setModified.call(this.#storage, path, modified, options)))
    if (mode !== undefined)
      await call('mode', `mode ${mode.toString(8)} could not be set`, setMode && (() => setMode.call(this.#storage, path, mode, options)))
  }

  async #writeLeaf(job: Job): Promise<void> {
    const { raw, node } = job
    if (node.kind === 'file') {
      if (node.content.kind === 'lost') this.#miss(raw, node, 'content', node.content.reason)
      else await this.#writeFile(job, node)
    } else if (node.kind === 'symlink') await this.#writeSymlink(job, node)
    else if (node.kind === 'special') this.#miss(raw, node, 'node', node.reason)
  }

  async #writeFile({ raw, path }: Job, node: FileNode): Promise<void> {
    const { content, mode, modified } = node
    const options = {
      ...(modified !== undefined && { modified }),
      ...(mode !== undefined && { mode }),
      ifNoneMatch: '*',
      signal: this.#signal,
    } as const
    const size = await this.#spool.size(content)
    const { copy } = this.#storage
    try {
      const entry =
        content.kind === 'stored' && copy !== undefined
          ? await copy.call(this.#storage, content.path, path, { ...options, size })
          : await this.#storage.write(path, this.#spool.read(content), { ...options, size })
      this.#written.push(path)
      this.#compare(raw, node, entry)
    } catch (error) {
      // A call that failed may have had its effect all the same, unless it says that somebody else's file is there.
      if (!isStorageError(error, 'PRECONDITION_FAILED') && !isStorageError(error, 'ALREADY_EXISTS')) this.#written.push(path)
      throw error
    }
  }

  #compare(raw: RawPath, node: FileNode, { mode, modified }: FileEntry): void {
    if (node.mode !== undefined) {
      node.notes.delete('mode')
      if (mode !== node.mode)
        this.#note(raw, 'mode', `it has mode ${mode === undefined ? 'of its own' : mode.toString(8)} instead of ${node.mode.toString(8)}`)
    }
    if (node.modified !== undefined) {
      node.notes.delete('times')
      const precision = Math.max(1, this.#storage.capabilities.modifiedPrecision ?? 1)
      if (modified === undefined || Math.abs(modified - node.modified) > precision)
        this.#note(raw, 'times', `the storage gave it another time instead of ${node.modified} ms`)
    }
  }

  async #writeSymlink({ raw, path }: Job, node: SymlinkNode): Promise<void> {
    const target = textOf(node.target)
    if (this.#storage.makeSymlink === undefined) return this.#miss(raw, node, 'node', 'it is a symbolic link, and the storage has none')
    if (Buffer.from(target).toString('latin1') !== node.target)
      return this.#miss(raw, node, 'node', 'it is a symbolic link to a name that is not UTF-8')
    this.#written.push(path)
    await this.#storage.makeSymlink(path, target, { signal: this.#signal })
    const { modified } = node
    if (modified === undefined) return
    node.notes.delete('times')
    await this.#storage.setModified?.(path, modified, { signal: this.#signal }).catch((error: unknown) => {
      this.#signal?.throwIfAborted()
      this.#note(raw, 'times', `its time could not be set: ${(error as Error).message}`)
    })
  }

  #note(path: RawPath, what: Unapplied['what'], reason: string): void {
    this.#found.push({ path, what, reason })
  }

  #miss(path: RawPath, node: VolumeNode, what: 'name' | 'node' | 'content', reason: string): void {
    const { kind, mode, modified } = node
    const kept = { ...(mode !== undefined && { mode }), ...(modified !== undefined && { modified }) }
    this.#missing.push({ path, kind, ...(kind === 'symlink' && { target: node.target }), ...kept, reason })
    this.#note(path, what, reason)
  }

  #concurrency(): number {
    return Math.max(1, Math.min(mostCalls, this.#storage.capabilities.concurrency ?? 1))
  }
}

/** A directory before what is in it. */
function byPath(a: { readonly path: RawPath }, b: { readonly path: RawPath }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}

/** Several at once; the first failure ends it, after what has begun. */
async function eachOf<T>(items: readonly T[], concurrency: number, act: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  let failed = false
  const work = async (): Promise<void> => {
    for (const item of rest) {
      if (failed) return
      try {
        await act(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: concurrency }, work))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
