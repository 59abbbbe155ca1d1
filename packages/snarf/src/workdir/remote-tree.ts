import { collect, type AbortOptions, type Path } from '@syncline/core'
import type { Metadata } from '../metadata/index.ts'
import type { Repository } from '../objects/repository.ts'
import { digestOfBytes, type Digest } from '../objects/writeable.ts'

/** The files of a repository as an update looks at them. */
export class RemoteTree {
  readonly repository: Repository
  readonly metadata: Metadata
  readonly #options: AbortOptions
  readonly #digests = new Map<Path, Digest>()

  constructor(repository: Repository, options: AbortOptions = {}) {
    this.repository = repository
    this.#options = { signal: options.signal }
    this.metadata = repository.metadata(this.#options)
  }

  kindOf(path: Path): Promise<'file' | 'directory' | undefined> {
    return this.repository.kindOf(path, this.#options)
  }

  async digest(path: Path): Promise<Digest> {
    const known = this.#digests.get(path)
    if (known !== undefined) return known
    const digest = await digestOfBytes(this.repository.read(path, this.#options))
    this.#digests.set(path, digest)
    return digest
  }

  read(path: Path): Promise<Uint8Array> {
    return collect(this.repository.read(path, this.#options))
  }
}
