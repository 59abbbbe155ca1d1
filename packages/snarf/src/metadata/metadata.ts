import { compareUtf8, parentPath, type Path } from '@syncline/core'
import { attributesOf, type EntryAttributes } from './entries.ts'
import { readEntries, type ReadEntriesOptions } from './read-entries.ts'
import { writeEntries } from './write-entries.ts'

/** Name of the directory that holds what fssync itself needs, in every directory of a repository. */
export const zopeDirectory = '@@Zope'

/** Where the metadata of the children of `directory` are. */
export function entriesPath(directory: Path): Path {
  return directory === '' ? `${zopeDirectory}/Entries.xml` : `${directory}/${zopeDirectory}/Entries.xml`
}

/** What {@link Metadata} needs of the place where the files are. */
export interface MetadataFiles {
  /** Resolves to `undefined` if there is no such file. */
  read(path: Path): Promise<Uint8Array | undefined>
  /** Absent: the metadata can be read, and changed in memory only. */
  write?(path: Path, content: Uint8Array): Promise<void>
}

/** Attributes of an entry that is not registered. */
const unregistered: EntryAttributes = attributesOf([])

interface Directory {
  readonly entries: Map<string, EntryAttributes>
  isChanged: boolean
}

/**
 * The metadata of a repository: one `Entries.xml` per directory, each read once, when it is first asked for.
 *
 * @example
 * const metadata = new Metadata({ read: path => readIfThere(storage, path), write: (path, content) => storage.write(path, toBytes(content)) })
 * await metadata.set('docs/a.txt', { ...(await metadata.get('docs/a.txt')), flag: 'removed' })
 * await metadata.flush()
 */
export class Metadata {
  readonly #files: MetadataFiles
  readonly #options: Omit<ReadEntriesOptions, 'path'>
  readonly #directories = new Map<Path, Promise<Directory>>()

  constructor(files: MetadataFiles, options: Omit<ReadEntriesOptions, 'path'> = {}) {
    this.#files = files
    this.#options = options
  }

  /** The attributes of what is at `path`; `{}` if it is not registered. */
  async get(path: Path): Promise<EntryAttributes> {
    const { entries } = await this.#directory(parentPath(path))
    return entries.get(nameOf(path)) ?? unregistered
  }

  /** Names of the registered children of a directory, in byte order. */
  async names(directory: Path): Promise<readonly string[]> {
    const { entries } = await this.#directory(directory)
    const names: string[] = []
    for (const [name, attributes] of entries) if (isRegistered(attributes)) names.push(name)
    return names.sort(compareUtf8)
  }

  /** Replaces the attributes of what is at `path`; `undefined` or `{}` unregisters it. Written by {@link flush}. */
  async set(path: Path, attributes: EntryAttributes | undefined): Promise<void> {
    const directory = await this.#directory(parentPath(path))
    const name = nameOf(path)
    if (attributes !== undefined && isRegistered(attributes)) directory.entries.set(name, attributesOf(Object.entries(attributes)))
    else if (!directory.entries.delete(name)) return
    directory.isChanged = true
  }

  /**
   * Writes every directory that was changed; one whose last entry went keeps an empty file.
   *
   * @throws what the write of a directory threw; several as an `AggregateError`, after all were tried. What failed is tried again by the next flush.
   */
  async flush(): Promise<void> {
    const errors: unknown[] = []
    for (const [path, loaded] of this.#directories) {
      const directory = await loaded
      if (!directory.isChanged) continue
      try {
        if (this.#files.write === undefined) throw new TypeError('these metadata can only be read')
        await this.#files.write(entriesPath(path), new TextEncoder().encode(writeEntries(directory.entries)))
        directory.isChanged = false
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, `the metadata of ${errors.length} directories could not be written`)
  }

  #directory(path: Path): Promise<Directory> {
    let loading = this.#directories.get(path)
    if (loading === undefined) {
      loading = this.#load(path)
      this.#directories.set(path, loading)
      // A file that could not be read now may be there the next time.
      loading.catch(() => this.#directories.delete(path))
    }
    return loading
  }

  async #load(path: Path): Promise<Directory> {
    const file = entriesPath(path)
    const content = await this.#files.read(file)
    return { entries: new Map(content === undefined ? [] : readEntries(content, { ...this.#options, path: file })), isChanged: false }
  }
}

function nameOf(path: Path): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Whether there is at least one attribute. */
export function isRegistered(attributes: EntryAttributes): boolean {
  for (const name in attributes) if (attributes[name] !== undefined) return true
  return false
}
