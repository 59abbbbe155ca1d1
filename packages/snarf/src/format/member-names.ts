import { StorageError, type Path } from '@syncline/core'
import type { SnarfHeader } from './header.ts'

/** What becomes of a file that an archive holds twice. */
export type Duplicates = 'error' | 'last'

/**
 * The names that an archive has shown so far: whether a further one fits.
 *
 * An archive has no index, so nothing keeps a writer from naming a file twice, or a file and a directory the same.
 */
export class MemberNames {
  readonly #duplicates: Duplicates
  readonly #most: number
  readonly #kinds = new Map<Path, 'file' | 'directory'>()

  constructor(duplicates: Duplicates, most: number) {
    this.#duplicates = duplicates
    this.#most = most
  }

  /** @throws StorageError `CORRUPT` for a duplicate or a clash, `NOT_SUPPORTED` for more entries than allowed */
  add({ kind, path }: SnarfHeader, where: string): void {
    const before = this.#kinds.get(path)
    if (before !== undefined && before !== kind) throw clash(path, path, where)
    if (before === 'file' && this.#duplicates === 'error')
      throw new StorageError('CORRUPT', `snarf ${where}: ${path} is in the archive twice; read it with duplicates: 'last' to take the later one`, {
        path,
      })
    if (before !== undefined || path === '') return
    this.#add(path, kind, where)
    for (let at = path.lastIndexOf('/'); at !== -1; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at)
      const known = this.#kinds.get(parent)
      if (known === 'file') throw clash(path, parent, where)
      if (known === 'directory') return
      this.#add(parent, 'directory', where)
    }
  }

  #add(path: Path, kind: 'file' | 'directory', where: string): void {
    if (this.#kinds.size >= this.#most)
      throw new StorageError(
        'NOT_SUPPORTED',
        `snarf ${where}: the archive has more than ${this.#most} files and directories; raise limits.entries if you trust it`,
      )
    this.#kinds.set(path, kind)
  }
}

function clash(path: Path, parent: Path, where: string): StorageError {
  return new StorageError('CORRUPT', `snarf ${where}: ${parent} is a file and a directory in this archive`, { path })
}
