import { parentPath, StorageError, type AbortOptions, type Path } from '@syncline/core'
import { objectHeaders } from './metadata.ts'
import { listPage } from './list-page.ts'
import type { Remover } from './remove.ts'
import { keyOf, prefixOf, type Site } from './site.ts'
import { headOf, holdsAnything } from './stat.ts'

const emptyMd5 = '1B2M2Y8AsgTpgAmY7PhCfg=='

/**
 * Directories that exist on their own: empty objects whose key ends in "/".
 *
 * S3 knows neither that a file is in the way of a directory nor that a directory is not empty. Both are looked at right before; another client
 * can come between.
 */
export class Directories {
  readonly #site: Site
  readonly #remover: Remover
  /** Those that have a marker, as far as known. */
  readonly #marked = new Set<Path>()
  readonly #making = new Map<Path, Promise<void>>()

  constructor(site: Site, remover: Remover) {
    this.#site = site
    this.#remover = remover
  }

  /** Makes a directory and those above it. @throws StorageError `NOT_A_DIRECTORY` if a file is in the way */
  async ensure(directory: Path, { signal }: AbortOptions = {}): Promise<void> {
    if (directory === '' || this.#marked.has(directory)) return
    let making = this.#making.get(directory)
    if (making === undefined) {
      making = this.#make(directory).finally(() => this.#making.delete(directory))
      this.#making.set(directory, making)
    }
    await making.catch((error: unknown) => {
      throw ofPath(error, directory)
    })
    signal?.throwIfAborted()
  }

  async #make(directory: Path): Promise<void> {
    await this.ensure(parentPath(directory))
    const site = this.#site
    if ((await headOf(site, keyOf(site, directory), directory)) !== undefined)
      throw new StorageError('NOT_A_DIRECTORY', `${directory} on ${site.name} is a file`, { path: directory })
    const headers = { ...objectHeaders(site.settings, directory), 'content-md5': emptyMd5, 'content-type': 'application/x-directory' }
    await site.connection.send({ method: 'PUT', key: prefixOf(site, directory), headers, what: 'make', path: directory, repeatable: true })
    this.#marked.add(directory)
  }

  /** Before a file is made: its parents, and that no directory has its name. */
  async prepare(path: Path, options: AbortOptions & { readonly ifMatch?: string | undefined } = {}): Promise<void> {
    await this.ensure(parentPath(path), options).catch((error: unknown) => {
      throw ofPath(error, path)
    })
    // A version of a file that is to be replaced is no directory.
    if (options.ifMatch !== undefined) return
    if (this.#marked.has(path) || (await holdsAnything(this.#site, path, options)))
      throw new StorageError('IS_A_DIRECTORY', `${path} on ${this.#site.name} is a directory and cannot be replaced by a file`, { path })
  }

  /** Before a file is removed: its directory stays when its last file goes. */
  async keepParent(path: Path, options: AbortOptions = {}): Promise<void> {
    const parent = parentPath(path)
    if (parent === '' || this.#marked.has(parent)) return
    // That nothing is there is no reason to make its directory.
    if ((await headOf(this.#site, keyOf(this.#site, path), path, options)) !== undefined) await this.ensure(parent, options)
  }

  /** Removes a directory if it is one. Says whether it was. @throws StorageError `NOT_EMPTY` */
  async remove(path: Path, { signal }: AbortOptions = {}): Promise<boolean> {
    const marker = prefixOf(this.#site, path)
    const { objects } = await listPage(this.#site, path, marker, { signal, limit: 2 })
    if (objects.length === 0) return false
    if (objects.some(({ key }) => key !== marker)) throw new StorageError('NOT_EMPTY', `${path} on ${this.#site.name} is not empty`, { path })
    this.#marked.delete(path)
    await this.#remover.key(marker, path)
    return true
  }

  /** No marker is known any more at or below a path. */
  forget(path: Path): void {
    for (const marked of this.#marked) if (marked === path || marked.startsWith(`${path}/`)) this.#marked.delete(marked)
  }
}

/** What failed on the way to a path, as a failure of that path. */
function ofPath(error: unknown, path: Path): unknown {
  if (!(error instanceof StorageError) || error.path === path) return error
  const { code, message, retryable, retryAfterMs } = error
  return new StorageError(code, message, { path, retryable, retryAfterMs, cause: error })
}
