import type { RawPath } from './command.ts'

/** Marks on paths that move when a directory above them is renamed. Every step costs the depth of its path, however many marks there are. */
export class PathTree<T> {
  readonly #root: PathNode<T> = { children: undefined, mark: undefined }

  /** The mark of the path itself. */
  get(path: RawPath): T | undefined {
    return this.#node(path)?.mark
  }

  set(path: RawPath, mark: T): void {
    let node = this.#root
    for (const name of split(path)) {
      node.children ??= new Map()
      let next = node.children.get(name)
      if (next === undefined) node.children.set(name, (next = { children: undefined, mark: undefined }))
      node = next
    }
    node.mark = mark
  }

  /** Forgets the mark of the path itself. */
  unmark(path: RawPath): void {
    const node = this.#node(path)
    if (node !== undefined) node.mark = undefined
  }

  /** Forgets the path and what is below it. */
  delete(path: RawPath): void {
    const { parent, name } = this.#parent(path)
    parent?.children?.delete(name)
  }

  /** What was at `from` and below it is at `to` now, in place of what was there. */
  rename(from: RawPath, to: RawPath): void {
    const old = this.#parent(from)
    const node = old.parent?.children?.get(old.name)
    old.parent?.children?.delete(old.name)
    this.delete(to)
    if (node === undefined) return
    const slash = to.lastIndexOf('/')
    let parent = this.#root
    for (const name of slash === -1 ? [] : split(to.slice(0, slash))) {
      parent.children ??= new Map()
      let next = parent.children.get(name)
      if (next === undefined) parent.children.set(name, (next = { children: undefined, mark: undefined }))
      parent = next
    }
    parent.children ??= new Map()
    parent.children.set(to.slice(slash + 1), node)
  }

  /** The outermost path with a mark strictly above `path`. */
  above(path: RawPath): RawPath | undefined {
    let node: PathNode<T> | undefined = this.#root
    for (let end = path.indexOf('/'), start = 0; end !== -1; start = end + 1, end = path.indexOf('/', start)) {
      node = node.children?.get(path.slice(start, end))
      if (node === undefined) return undefined
      if (node.mark !== undefined) return path.slice(0, end)
    }
    return undefined
  }

  /** Paths with their marks, a directory before what is in it. */
  *[Symbol.iterator](): Generator<readonly [RawPath, T], void, undefined> {
    yield* marksOf(this.#root, '')
  }

  #node(path: RawPath): PathNode<T> | undefined {
    let node: PathNode<T> | undefined = this.#root
    for (const name of split(path)) {
      node = node.children?.get(name)
      if (node === undefined) return undefined
    }
    return node
  }

  #parent(path: RawPath): { readonly parent: PathNode<T> | undefined; readonly name: string } {
    const slash = path.lastIndexOf('/')
    return { parent: slash === -1 ? this.#root : this.#node(path.slice(0, slash)), name: path.slice(slash + 1) }
  }
}

interface PathNode<T> {
  children: Map<string, PathNode<T>> | undefined
  mark: T | undefined
}

function* marksOf<T>(node: PathNode<T>, path: RawPath): Generator<readonly [RawPath, T], void, undefined> {
  if (node.mark !== undefined) yield [path, node.mark]
  for (const [name, child] of node.children ?? []) yield* marksOf(child, path === '' ? name : `${path}/${name}`)
}

function split(path: RawPath): readonly string[] {
  return path === '' ? [] : path.split('/')
}
