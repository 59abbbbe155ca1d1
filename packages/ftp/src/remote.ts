import { parentPath, type Path, StorageError } from '@syncline/core'
import { meaningOf, toStorageError } from './errors.ts'
import type { Known } from './known.ts'
import type { Call, Pool, UseOptions } from './pool.ts'
import { SpareParts } from './spare-parts.ts'
import type { FtpUpload } from './upload.ts'
import { isPositive, type Reply, ReplyError } from './reply.ts'
import type { Settings } from './settings.ts'

/** A server with the directory on it that is the root, and what all operations share. */
export class Remote {
  readonly settings: Settings
  readonly pool: Pool
  readonly known: Known
  /** Directories that are there as far as this storage knows: their parents need not be made again for each file. */
  readonly directories: Set<Path> = new Set([''])
  /** Temporary files that a listing showed, with their time as the server has it. */
  readonly leftovers: Map<Path, number | undefined> = new Map()
  /** Uploads of this process that are not complete, by token. */
  readonly uploads: Map<string, FtpUpload> = new Map()
  /** Where uploads keep parts until the server has surely got them. */
  readonly spareParts: SpareParts = new SpareParts()
  /** The root on the server, without "/" at the end; "" for the root of the server. */
  readonly #base: string

  constructor(settings: Settings, pool: Pool) {
    this.settings = settings
    this.pool = pool
    this.known = pool.known
    const path = settings.path.replace(/\/+$/, '')
    this.#base = settings.path.startsWith('/') ? path : path === '' ? pool.known.home : `${pool.known.home}/${path}`
  }

  get name(): string {
    return this.settings.name
  }

  /** A path as the server is asked for it: always from its root, so that the working directory does not matter and no name starts with "-". */
  at(path: Path): string {
    if (path === '') return this.#base === '' ? '/' : this.#base
    return `${this.#base}/${path}`
  }

  /** The directory above the root on the server; `undefined` if there is none. */
  get above(): { readonly directory: string; readonly name: string } | undefined {
    const at = this.#base.lastIndexOf('/')
    return this.#base === '' ? undefined : { directory: at <= 0 ? '/' : this.#base.slice(0, at), name: this.#base.slice(at + 1) }
  }

  /** Runs a call on a connection of the pool. Failures come out as errors of this storage. */
  async use<T>(doing: string, path: Path, options: UseOptions, run: Call<T>): Promise<T> {
    try {
      return await this.pool.use(run, options)
    } catch (error) {
      throw this.failure(error, doing, path, options.signal)
    }
  }

  /** What to throw for a failure: the reason of an abort as it is, everything else as a storage error. */
  failure(error: unknown, doing: string, path: Path, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true) return signal.reason
    const failure = toStorageError(error, doing, path, this.name)
    if (failure.path !== undefined) return failure
    // The server could not be reached; for the caller that is a failure at this path.
    const { code, message, retryable, retryAfterMs } = failure
    return new StorageError(code, message, { path, retryable, retryAfterMs, cause: failure })
  }

  /** The root and the directories above it, the topmost first, as the server is asked to make them. */
  get rootsToMake(): readonly string[] {
    const names = this.#base.split('/').slice(1)
    return names.map((_, i) => `/${names.slice(0, i + 1).join('/')}`)
  }

  /** Directories above `path` that may be missing, the topmost first. */
  parentsToMake(path: Path): readonly Path[] {
    const missing: Path[] = []
    for (let parent = parentPath(path); !this.directories.has(parent); parent = parentPath(parent)) missing.unshift(parent)
    return missing
  }

  /** Directories above `path` are there, because something in them is. */
  hasParents(path: Path): void {
    for (let parent = parentPath(path); !this.directories.has(parent); parent = parentPath(parent)) this.directories.add(parent)
  }

  /** Nothing is known any more of which directories are there. */
  forgetDirectories(): void {
    this.directories.clear()
    this.directories.add('')
  }
}

/** Whether a negative reply says that nothing is there. @throws ReplyError for one that says anything else, such as that the account may not look */
export function saysAbsent(command: string, reply: Reply): boolean {
  if (isPositive(reply)) return false
  // A file in the place of a directory of the path also means that nothing is at the path.
  if (reply.code === 550 || reply.code === 553 || reply.code === 450) {
    const { code } = meaningOf(reply)
    if (code === 'NOT_FOUND' || code === 'NOT_A_DIRECTORY') return true
    if (code === 'PERMISSION_DENIED' && !/permission|denied/i.test(reply.text)) return true
  }
  throw new ReplyError(command, reply)
}
