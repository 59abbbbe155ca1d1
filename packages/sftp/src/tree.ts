import { isStorageError, joinPath, parentPath, StorageError, type Path } from '@syncline/core'
import type { Connection } from './connection.ts'
import { place } from './errors.ts'
import type { LinkOrder } from './links.ts'
import { lstat, mkdir, remove } from './wire/client.ts'
import { formatOf, type Attributes, type Format } from './wire/attributes.ts'
import type { SftpChannel } from './wire/channel.ts'
import { temporaryName } from './temporary.ts'

/** How long it is taken as known that a directory is one. */
const memoryMs = 2000
/** Directories that are remembered at once. */
const memorySize = 20_000

interface Remembered {
  readonly kind: Promise<Format | undefined>
  /** Set once it is known to be a directory. */
  isDirectory: boolean
  readonly until: number
}

/** The tree of a storage on its server. */
export class Tree {
  readonly connection: Connection
  /** Absolute on the server, without "/" at the end; "" for "/". */
  readonly root: string
  /** Of the storage, for messages. */
  readonly name: string
  /** Known once a link was made. */
  linkOrder: LinkOrder | undefined
  readonly #remembered = new Map<Path, Remembered>()
  readonly #leftovers = new Set<string>()

  constructor(connection: Connection, root: string, name: string) {
    this.connection = connection
    this.root = root
    this.name = name
  }

  /** The absolute path on the server. */
  file(path: Path): string {
    return path === '' ? this.root || '/' : `${this.root}/${path}`
  }

  /** A name for a file that is being written, in the directory that `path` is in. */
  temporary(path: Path, kind?: 'sftp' | 'part'): string {
    return this.file(joinPath(parentPath(path), temporaryName(kind)))
  }

  /** Whether the parent was seen to be a directory a moment ago. */
  knowsParent(path: Path): boolean {
    const found = this.#remembered.get(parentPath(path))
    return found !== undefined && found.isDirectory && found.until > Date.now()
  }

  /**
   * Whether what holds `path` is there: directories from the root down, none of them a link.
   *
   * A link in the middle of a path could lead out of the root, and a server follows it. What was looked at is remembered for a moment.
   *
   * @returns whether all are there
   * @throws StorageError `NOT_A_DIRECTORY`, or `INVALID_PATH` for a link
   */
  async hasParent(path: Path): Promise<boolean> {
    if (path === '' || this.knowsParent(path)) return true
    const parents: Path[] = []
    for (let at = parentPath(path); ; at = parentPath(at)) {
      parents.unshift(at)
      if (at === '') break
    }
    // Asked for all at once: each level would otherwise wait for the one above.
    const looks = parents.map(parent => this.#kindOf(parent))
    const kinds = await Promise.allSettled(looks)
    for (const [index, outcome] of kinds.entries()) {
      const parent = parents[index] as Path
      // Behind a file a server may answer anything; what is at the file has been dealt with by then.
      if (outcome.status === 'rejected') throw outcome.reason
      const kind = outcome.value
      if (kind === undefined) return false
      if (kind === 'directory') continue
      // The root itself may be a link: whoever opens it says where it is.
      if (parent === '') continue
      if (kind === 'symlink')
        throw new StorageError(
          'INVALID_PATH',
          `${place(path, this.name)} lies behind the symbolic link ${JSON.stringify(parent)}, and links are not followed`,
          {
            path,
          },
        )
      throw new StorageError('NOT_A_DIRECTORY', `${place(path, this.name)} lies below ${JSON.stringify(parent)}, which is not a directory`, { path })
    }
    return true
  }

  /** Makes what is missing of the directories that hold `path`, and of the root. */
  async makeParents(path: Path): Promise<void> {
    if (path === '' || (await this.hasParent(path))) return
    const parent = parentPath(path)
    if (parent === '') await this.#makeRoot()
    else await this.makeDirectory(parent)
  }

  /** Makes a directory with what is missing above it; that it is there is fine. */
  async makeDirectory(path: Path): Promise<void> {
    if (path === '') return this.#makeRoot()
    if (!(await this.hasParent(path))) await this.makeParents(path)
    const channel = await this.connection.channel()
    try {
      await mkdir(channel, this.file(path))
    } catch (error) {
      const kind = await lstat(channel, this.file(path))
      if (kind === undefined) throw error
      if (formatOf(kind) !== 'directory')
        throw new StorageError('ALREADY_EXISTS', `${place(path, this.name)} cannot become a directory: something else is there`, {
          path,
          cause: error,
        })
    }
    this.#remember(path, 'directory')
  }

  /** A listing has shown that `path` is a directory. */
  seen(path: Path): void {
    this.#remember(path, 'directory')
  }

  /** `path` was removed or replaced; with `below`, a whole tree went with it. */
  forget(path: Path, below = false): void {
    this.#remembered.delete(path)
    if (!below) return
    for (const known of this.#remembered.keys()) if (known.startsWith(`${path}/`)) this.#remembered.delete(known)
  }

  /** A temporary file that could not be removed: it goes later. */
  leave(file: string): void {
    this.#leftovers.add(file)
  }

  /** Removes what failed calls had to leave. Never throws. */
  async removeLeftovers(): Promise<void> {
    if (this.#leftovers.size === 0) return
    const files = [...this.#leftovers]
    this.#leftovers.clear()
    for (const [index, file] of files.entries()) {
      await this.removeTemporary(file)
      if (!this.#leftovers.has(file)) continue
      // The server is gone: each of the others would wait for it as long as this one did.
      for (const other of files.slice(index + 1)) this.#leftovers.add(other)
      return
    }
  }

  /** Removes a temporary file, now or later. Never throws. */
  async removeTemporary(file: string): Promise<void> {
    try {
      await remove(await this.connection.channel(), file)
    } catch (error) {
      // What the server refuses now it will refuse later.
      if (isStorageError(error) && error.retryable) this.#leftovers.add(file)
    }
  }

  async #makeRoot(): Promise<void> {
    const channel = await this.connection.channel()
    const names = this.root.split('/').slice(1)
    let missing = names.length
    while (missing > 0 && (await lstat(channel, `/${names.slice(0, missing).join('/')}`)) === undefined) missing--
    for (; missing < names.length; missing++) await makeIfMissing(channel, `/${names.slice(0, missing + 1).join('/')}`)
    this.#remember('', 'directory')
  }

  #kindOf(path: Path): Promise<Format | undefined> {
    const found = this.#remembered.get(path)
    const now = Date.now()
    if (found !== undefined && found.until > now) return found.kind
    const kind = this.#look(path)
    if (this.#remembered.size >= memorySize) this.#remembered.clear()
    const remembered: Remembered = { kind, isDirectory: false, until: now + memoryMs }
    this.#remembered.set(path, remembered)
    kind.then(
      format => {
        // Only what is there stays known: what is missing may be made at any time.
        if (format === 'directory' || (format !== undefined && path === '')) remembered.isDirectory = true
        else this.#drop(path, remembered)
      },
      () => this.#drop(path, remembered),
    )
    return kind
  }

  #drop(path: Path, remembered: Remembered): void {
    if (this.#remembered.get(path) === remembered) this.#remembered.delete(path)
  }

  async #look(path: Path): Promise<Format | undefined> {
    const attributes = await lstat(await this.connection.channel(), this.file(path))
    return attributes === undefined ? undefined : formatOf(attributes)
  }

  #remember(path: Path, format: Format): void {
    if (this.#remembered.size >= memorySize) this.#remembered.clear()
    this.#remembered.set(path, { kind: Promise.resolve(format), isDirectory: true, until: Date.now() + memoryMs })
  }
}

async function makeIfMissing(channel: SftpChannel, file: string): Promise<Attributes | undefined> {
  try {
    await mkdir(channel, file)
    return undefined
  } catch (error) {
    const found = await lstat(channel, file)
    if (found === undefined) throw error
    return found
  }
}
