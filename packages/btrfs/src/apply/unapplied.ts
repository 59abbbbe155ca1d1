import type { RawPath } from '../stream/command.ts'
import { PathTree } from '../stream/path-tree.ts'

/** What of a path could not be carried out. */
export interface Unapplied {
  /** In the volume, as it is named at the end; the root is "". A character per byte. */
  readonly path: RawPath
  /**
   * `node`: it is not there at all, as nothing of its kind can be made. `name`: it is not there, as it cannot have this name. `content`: it is not there, as its
   * content was never kept. `links`: it is there, but as a file of its own instead of a further name of another. The others name what it lacks.
   */
  readonly what: 'node' | 'name' | 'content' | 'links' | 'owner' | 'mode' | 'times' | 'xattr' | 'flags' | 'space'
  /** A sentence for people. */
  readonly reason: string
}

type Note = Omit<Unapplied, 'path'>

/** What could not be carried out so far. It goes with a path through renames. */
export class Notes {
  readonly #tree = new PathTree<readonly Note[]>()

  constructor(notes: Iterable<Unapplied> = []) {
    for (const { path, ...note } of notes) this.add(path, note.what, note.reason)
  }

  add(path: RawPath, what: Unapplied['what'], reason: string): void {
    const notes = this.#tree.get(path) ?? []
    if (!notes.some(note => note.what === what && note.reason === reason)) this.#tree.set(path, [...notes, { what, reason }])
  }

  /** Whether nothing is at the path, because it could not be made. */
  isMissing(path: RawPath): boolean {
    return this.#tree.get(path)?.some(({ what }) => what === 'node') === true
  }

  /**
   * It has been made good.
   *
   * @param start - only notes with a reason that begins so
   */
  clear(path: RawPath, what: Unapplied['what'], start = ''): void {
    const notes = this.#tree.get(path)?.filter(note => note.what !== what || !note.reason.startsWith(start))
    if (notes === undefined) return
    if (notes.length > 0) this.#tree.set(path, notes)
    else this.#tree.unmark(path)
  }

  rename(from: RawPath, to: RawPath): void {
    this.#tree.rename(from, to)
  }

  /** A further name of the same file lacks the same. */
  link(existing: RawPath, path: RawPath): void {
    const notes = this.#tree.get(existing)
    if (notes !== undefined) this.#tree.set(path, notes)
  }

  remove(path: RawPath): void {
    this.#tree.delete(path)
  }

  /** By path, a directory before what is in it. */
  list(): readonly Unapplied[] {
    return [...this.#tree].flatMap(([path, notes]) => notes.map(note => ({ path, ...note })))
  }
}
