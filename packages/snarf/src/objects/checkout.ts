import { compareUtf8, isBelow, joinPath, messageOf, type AbortOptions, type Path } from '@syncline/core'
import { attributesOf, entriesPath, type EntryAttributes, InvalidEntriesFileError, writeEntries } from '../metadata/index.ts'
import { locate } from './container.ts'
import { SynchronizationError } from './errors.ts'
import { checkFileName, specialPath } from './names.ts'
import type { ObjectSpace } from './object-space.ts'
import type { Repository } from './repository.ts'
import { registeredFiles, removeFiles } from './stale.ts'
import { DirectorySynchronizer, type AnySynchronizer } from './synchronizer.ts'
import { sendDump } from './writeable.ts'

/** Options of {@link Checkout.perform}. */
export interface CheckoutOptions extends AbortOptions {
  /** Removes the files of objects that earlier checkouts wrote below the same name and that are gone. What is not registered stays. Default false. */
  readonly removeStale?: boolean
  /**
   * The container of the object, which lies at `location`: where only a part is checked out, pickles refer to what lies elsewhere in it. Default: what is
   * not below the object has no path, and is held by value.
   */
  readonly container?: object
}

/** What a checkout did. */
export interface CheckoutResult {
  /** Files that it wrote, or found written already. */
  readonly files: number
  /** Paths of objects without a synchronizer: they are not in the repository. */
  readonly skipped: readonly Path[]
  /** Files of earlier checkouts that were removed. */
  readonly removed: readonly Path[]
}

/** A child of a directory on its way out. */
interface Item {
  readonly name: string
  readonly key: unknown
  readonly synchronizer: AnySynchronizer
}

/**
 * Writes an object and everything below it to a repository.
 *
 * @example
 * await new Checkout(space, repository).perform(root, 'site')
 */
export class Checkout {
  readonly space: ObjectSpace
  repository: Repository

  constructor(space: ObjectSpace, repository: Repository) {
    this.space = space
    this.repository = repository
  }

  /**
   * @param name - under which the object is stored
   * @param location - directory of the repository; default its root
   * @throws SynchronizationError with the path of an object that cannot be stored. What was written before stays.
   */
  async perform(object: unknown, name: string, location: Path = '', options: CheckoutOptions = {}): Promise<CheckoutResult> {
    const { repository } = this
    repository.refresh()
    const only = new Map([[name, object]])
    const { container = only } = options
    const { space } = await locate(this.space, repository.metadata(options), container, location)
    if (space.compat === 'fixed') repository.forgetNames()
    const earlier = options.removeStale === true ? await registeredFiles(repository, repository.metadata(options), location, name) : []
    const run = new CheckoutRun(space, repository, earlier, options)
    await run.dump(new DirectorySynchronizer(only, space), location)
    await run.finish()
    await repository.flush(options)
    return { files: run.written.size, skipped: run.skipped, removed: [...run.removed] }
  }
}

class CheckoutRun {
  readonly written = new Set<Path>()
  readonly skipped: Path[] = []
  readonly #gone = new Set<Path>()
  readonly #earlier: ReadonlySet<Path>
  readonly #space: ObjectSpace
  readonly #repository: Repository
  readonly #options: AbortOptions
  readonly #writing = new Set<Promise<void>>()
  readonly #above = new Set<unknown>()
  #failure: { readonly error: unknown } | undefined

  constructor(space: ObjectSpace, repository: Repository, earlier: readonly Path[], { signal }: AbortOptions) {
    this.#earlier = new Set(earlier)
    this.#space = space
    this.#repository = repository
    this.#options = { signal }
  }

  get removed(): ReadonlySet<Path> {
    return this.#gone
  }

  async dump(synchronizer: AnySynchronizer, path: Path): Promise<void> {
    this.#options.signal?.throwIfAborted()
    await this.#makeRoom(path, synchronizer.kind)
    if (synchronizer.kind === 'directory') return this.#dumpDirectory(synchronizer, path)
    await this.#dumpFile(synchronizer, path)
  }

  /** Resolves when everything is written, and what is left of earlier checkouts is removed. */
  async finish(): Promise<void> {
    await this.#written()
    await this.#remove(path => !this.written.has(path))
  }

  async #written(): Promise<void> {
    await Promise.all(this.#writing)
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Where an earlier checkout left a file and a directory is needed, or the other way round. */
  async #makeRoom(path: Path, kind: 'file' | 'directory'): Promise<void> {
    if (this.#earlier.size === 0 || path === '') return
    const found = await this.#repository.kindOf(path)
    if (found !== undefined && found !== kind) await this.#remove(one => one === path || isBelow(one, path))
  }

  async #remove(isMeant: (path: Path) => boolean): Promise<void> {
    const paths = [...this.#earlier].filter(path => !this.#gone.has(path) && isMeant(path))
    if (paths.length === 0) return
    await this.#written()
    await removeFiles(this.#repository, paths, this.#options)
    for (const path of paths) this.#gone.add(path)
  }

  async #dumpFile(synchronizer: Exclude<AnySynchronizer, DirectorySynchronizer>, path: Path): Promise<void> {
    try {
      await sendDump(synchronizer, content => this.#write(path, content))
    } catch (cause) {
      if (this.#options.signal?.aborted === true || this.#failure !== undefined || cause instanceof SynchronizationError) throw cause
      throw new SynchronizationError(`${path} was not checked out: ${messageOf(cause)}`, { path, cause })
    }
  }

  async #dumpDirectory(synchronizer: DirectorySynchronizer, path: Path): Promise<void> {
    const { context } = synchronizer
    if (this.#above.has(context)) throw new SynchronizationError(`${path} contains itself; a cycle of directories has no files`, { path })
    this.#above.add(context)
    const items = await this.#itemsOf(synchronizer, path)
    await this.#dumpSpecials(items, path)
    for (const item of items) await this.dump(item.synchronizer, joinPath(path, item.name))
    this.#above.delete(context)
  }

  async #itemsOf(synchronizer: DirectorySynchronizer, path: Path): Promise<readonly Item[]> {
    const { compat } = this.#space
    const children: { readonly text: string; readonly key: unknown; readonly synchronizer: AnySynchronizer }[] = []
    for await (const [key, value] of synchronizer.entries()) {
      const text = String(key)
      const child = this.#synchronizerOf(value, joinPath(path, text))
      if (child === undefined) this.skipped.push(joinPath(path, text))
      else children.push({ text, key, synchronizer: child })
    }
    // Who comes first gets the plain name: the order of the keys, so that the names do not depend on the order in which a container keeps them.
    if (compat === 'fixed') children.sort((a, b) => compareUtf8(a.text, b.text))
    const taken = new Set<string>()
    const items = children.map(({ text, key, synchronizer: child }) => {
      const name = this.#repository.disambiguate(path, text)
      checkFileName(path, name)
      if (taken.has(name))
        throw new SynchronizationError(`two children of ${path} have the file name ${JSON.stringify(name)}`, { path: joinPath(path, name) })
      taken.add(name)
      return { name, key, synchronizer: child }
    })
    return items.sort((a, b) => compareUtf8(a.name, b.name))
  }

  #synchronizerOf(value: unknown, path: Path): AnySynchronizer | undefined {
    try {
      return this.#space.getSynchronizer(value)
    } catch (cause) {
      throw new SynchronizationError(`${path} was not checked out: ${messageOf(cause)}`, { path, cause })
    }
  }

  async #dumpSpecials(items: readonly Item[], path: Path): Promise<void> {
    const entries = new Map(items.map(item => [item.name, this.#entryOf(item, path)]))
    const write = async (): Promise<void> => this.#write(entriesPath(path), new TextEncoder().encode(this.#textOf(entries, path)))
    // The metadata of the top come after annotations and extras, those of other directories before: so the original orders its archives.
    if (path !== '') await write()
    for (const { name, synchronizer } of items) await this.#dumpSpecial(synchronizer.annotations(), specialPath(path, 'Annotations', name))
    for (const { name, synchronizer } of items) await this.#dumpSpecial(synchronizer.extras(), specialPath(path, 'Extra', name))
    if (path === '') await write()
  }

  #textOf(entries: ReadonlyMap<string, EntryAttributes>, path: Path): string {
    try {
      return writeEntries(entries)
    } catch (cause) {
      if (!(cause instanceof InvalidEntriesFileError)) throw cause
      throw new SynchronizationError(`the metadata of ${path === '' ? 'the top' : path} cannot be written: ${cause.message}`, { path, cause })
    }
  }

  async #dumpSpecial(special: ReadonlyMap<string, unknown> | undefined, path: Path): Promise<void> {
    if (special === undefined || special.size === 0) return
    const synchronizer = this.#synchronizerOf(special, path)
    if (synchronizer === undefined) this.skipped.push(path)
    else await this.dump(synchronizer, path)
  }

  /** What is falsy is left out, as in the original; but an id of 0 is an id. */
  #entryOf({ name, key, synchronizer }: Item, path: Path): EntryAttributes {
    const { context } = synchronizer
    const entry: [string, string][] = [['type', this.#space.typeOf(context)]]
    for (const [attribute, value] of Object.entries(synchronizer.metadata() ?? {})) if (value) entry.push([attribute, value])
    const id = this.#space.entryId(context)
    if (id !== undefined && !(id === '0' && this.#space.compat !== 'fixed')) entry.push(['id', id])
    if (String(key) !== name) entry.push(['key', String(key)])
    entry.push(['keytype', this.#keyType(key, joinPath(path, name))])
    return attributesOf(entry)
  }

  #keyType(key: unknown, path: Path): string {
    try {
      const keyType = this.#space.typeOf(key)
      // Found out now rather than by the commit that could not make the key again.
      const again = this.#space.registry.findKeyType(keyType)(String(key))
      if (again !== key && typeof key !== 'object') throw new TypeError(`the key ${String(key)} does not come back from its text`)
      return keyType
    } catch (cause) {
      throw new SynchronizationError(`${path} was not checked out: ${messageOf(cause)}`, { path, cause })
    }
  }

  /** Waits only as long as the repository can take no more. */
  async #write(path: Path, content: Parameters<Repository['write']>[1]): Promise<void> {
    this.written.add(path)
    if (!(content instanceof Uint8Array) || this.#repository.concurrency <= 1) return this.#repository.write(path, content, this.#options)
    if (this.#failure !== undefined) throw this.#failure.error
    const writing: Promise<void> = this.#repository
      .write(path, content, this.#options)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
    if (this.#writing.size >= this.#repository.concurrency) await Promise.race(this.#writing)
  }
}
