import { parentPath, baseName, type AbortOptions, type Path } from '@syncline/core'
import { isRegistered, type EntryAttributes, type Metadata } from '../metadata/index.ts'
import { childrenOf, originalKey } from './children.ts'
import { containerOf, locate } from './container.ts'
import { pythonRepr, SynchronizationError } from './errors.ts'
import { isInvalidName, specialPath } from './names.ts'
import type { ObjectSpace } from './object-space.ts'
import { filesInOrder, readingAhead, withoutMetadata } from './read-ahead.ts'
import type { Repository } from './repository.ts'
import { revisionOf, type Revisions } from './revision.ts'
import type { AnySynchronizer, DirectorySynchronizer, FileSynchronizer } from './synchronizer.ts'
import { digestOfBytes, digestOfDump } from './writeable.ts'

/** Options of a {@link Check}. */
export interface CheckOptions {
  /** Throws a `SynchronizationError` at the first conflict. Default false. */
  readonly raiseOnConflicts?: boolean
}

/** What a check found. */
export interface CheckResult extends Revisions {
  /** Paths where content and repository do not fit, each once, in the order in which they were found. */
  readonly conflicts: readonly Path[]
}

/**
 * Finds out whether the content is still what was checked out, so that a commit overwrites nothing that it has not seen.
 *
 * What was changed in the repository is no conflict where its original copy (`@@Zope/Original`) equals the object; without such a copy the file itself
 * must.
 */
export class Check {
  readonly space: ObjectSpace
  readonly repository: Repository
  readonly #raiseOnConflicts: boolean
  readonly #conflicts = new Set<Path>()
  /** The space, as it is for the content that is checked. */
  #located: ObjectSpace
  #reading: Repository
  #metadata: Metadata
  #options: AbortOptions = {}

  constructor(space: ObjectSpace, repository: Repository, { raiseOnConflicts = false }: CheckOptions = {}) {
    this.space = space
    this.#located = space
    this.repository = repository
    this.#reading = repository
    this.#raiseOnConflicts = raiseOnConflicts
    this.#metadata = repository.metadata()
  }

  /** Paths of all conflicts that this object has found so far. */
  errors(): readonly Path[] {
    return [...this.#conflicts]
  }

  /**
   * @param name - of the child of `container` that is checked; the empty string for all of them
   * @param path - where it lies in the repository
   * @throws SynchronizationError for a name that is a path
   */
  async check(container: object, name: string, path: Path, options: AbortOptions = {}): Promise<CheckResult> {
    const { repository } = this
    repository.refresh()
    this.#options = options
    const files = await filesInOrder(repository, path, options)
    const before = new Set(this.#conflicts)
    const { directory, revisions } = await readingAhead(repository, files, options, async ahead => {
      this.#metadata = ahead.metadata(options)
      const { space } = await locate(this.space, this.#metadata, container, name === '' ? path : parentPath(path))
      this.#located = space
      const made = containerOf(space, container)
      const child = name === '' ? undefined : { key: await this.#keyOf(path, name) }
      // First, so that what changes while it is checked makes the commit refuse.
      return { directory: made, revisions: await revisionOf(space, ahead, this.#metadata, made, child, path) }
    })
    await readingAhead(repository, withoutMetadata(files), options, async ahead => {
      this.#reading = ahead
      await (name === '' ? this.#checkDirectory(directory, path) : this.#checkChild(directory, name, path))
    })
    return { conflicts: this.errors().filter(conflict => !before.has(conflict)), ...revisions }
  }

  async #keyOf(path: Path, name: string): Promise<unknown> {
    return originalKey(this.#located, await this.#metadata.get(path), name)
  }

  async #checkDirectory(container: DirectorySynchronizer | undefined, path: Path): Promise<void> {
    const { registered, unregistered } = await childrenOf(container, path, this.#metadata)
    for (const child of registered) await this.#checkChild(container, child.name, child.path)
    // The content has what the repository has not seen. But what has no synchronizer was left out of the checkout.
    for (const { key, path: child } of unregistered) if (this.#located.getSynchronizer(await container?.get(key)) !== undefined) this.#conflict(child)
  }

  async #checkChild(container: DirectorySynchronizer | undefined, name: string, path: Path): Promise<void> {
    this.#options.signal?.throwIfAborted()
    if (isInvalidName(name)) throw new SynchronizationError(`invalid separator in name ${pythonRepr(name)}`, { path })
    const entry = await this.#metadata.get(path)
    const key = originalKey(this.#located, entry, name)
    if (container === undefined || !(await container.has(key))) return this.#checkNew(entry, path)
    const synchronizer = this.#located.getSynchronizer(await container.get(key))
    // What has no synchronizer was left out of the checkout.
    if (synchronizer === undefined) return isRegistered(entry) ? this.#conflict(path) : undefined
    await this.#checkOld(synchronizer, entry, path)
    await this.#checkSpecial(synchronizer.extras(), specialPath(parentPath(path), 'Extra', baseName(path)))
    await this.#checkSpecial(synchronizer.annotations(), specialPath(parentPath(path), 'Annotations', baseName(path)))
  }

  /** The repository has it, the content has not. */
  async #checkNew(entry: EntryAttributes, path: Path): Promise<void> {
    const kind = await this.#reading.kindOf(path)
    if (isRegistered(entry) && (entry['flag'] !== 'added' || kind === undefined)) this.#conflict(path)
    if (kind === 'directory') await this.#checkDirectory(undefined, path)
  }

  async #checkOld(synchronizer: AnySynchronizer, entry: EntryAttributes, path: Path): Promise<void> {
    if (!isRegistered(entry)) return this.#conflict(path)
    const { flag } = entry
    const isThere = (await this.#reading.kindOf(path)) !== undefined
    const isRemoved = flag === 'removed'
    if (entry['conflict'] !== undefined || isRemoved === isThere) return this.#conflict(path)
    if (synchronizer.kind === 'directory') {
      if (isThere) await this.#checkDirectory(synchronizer, path)
      return
    }
    if (flag === 'added' || !(await this.#isWhatWasSeen(synchronizer, path))) this.#conflict(path)
  }

  async #isWhatWasSeen(synchronizer: FileSynchronizer, path: Path): Promise<boolean> {
    const original = specialPath(parentPath(path), 'Original', baseName(path))
    const seen = (await this.#reading.kindOf(original)) === 'file' ? original : path
    if ((await this.#reading.kindOf(seen)) !== 'file') return false
    return (await digestOfDump(synchronizer)) === (await digestOfBytes(this.#reading.read(seen, this.#options)))
  }

  async #checkSpecial(special: ReadonlyMap<string, unknown> | undefined, path: Path): Promise<void> {
    if (special === undefined || special.size === 0 || (await this.#reading.kindOf(path)) === undefined) return
    const synchronizer = this.#located.getSynchronizer(special)
    if (synchronizer === undefined) return
    if (synchronizer.kind === 'directory') await this.#checkDirectory(synchronizer, path)
    else if (!(await this.#isWhatWasSeen(synchronizer, path))) this.#conflict(path)
  }

  #conflict(path: Path): void {
    if (this.#raiseOnConflicts) throw new SynchronizationError(path, { path })
    this.#conflicts.add(path)
  }
}
