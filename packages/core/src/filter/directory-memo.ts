import type { Path } from '../protocol.ts'

/** Directories remembered at once; the paths of one run come in key order, so few are needed at a time. */
const remembered = 1024

/**
 * Remembers what is known of the directories that are being visited, each derived from its parent.
 *
 * Two listings and a stored state that go through the same tree ask about the same directory again and again; the last answer is at hand
 * without a search.
 */
export class DirectoryMemo<T> {
  readonly #root: T
  readonly #derive: (directory: Path, parent: T) => T
  readonly #values = new Map<Path, T>()
  #last: { readonly path: Path; readonly value: T }

  /** `derive` gets a directory and what is known of its parent; the root's value is given. */
  constructor(root: T, derive: (directory: Path, parent: T) => T) {
    this.#root = root
    this.#derive = derive
    this.#last = { path: '', value: root }
  }

  /** What is known of the directory that holds `path`. */
  holding(path: Path): T {
    const end = path.lastIndexOf('/')
    if (end === -1) return this.#root
    const last = this.#last
    if (last.path.length === end && path.startsWith(last.path)) return last.value
    const directory = path.slice(0, end)
    const value = this.of(directory)
    this.#last = { path: directory, value }
    return value
  }

  /** What is known of a directory. */
  of(directory: Path): T {
    if (directory === '') return this.#root
    const known = this.#values.get(directory)
    if (known !== undefined) return known
    const value = this.#derive(directory, this.holding(directory))
    if (this.#values.size >= remembered) this.#values.clear()
    this.#values.set(directory, value)
    return value
  }
}
