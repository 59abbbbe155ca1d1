import { StorageError } from '../errors.ts'
import { compareEntries, joinPath } from '../path.ts'
import type { Entry, FileEntry, Path } from '../protocol.ts'

export interface FileNode {
  readonly kind: 'file'
  /** Replaced, never changed: a read under way goes on with what it began with. */
  content: Uint8Array<ArrayBuffer>
  readonly etag: string
  readonly id: string
  modified: number
  mode: number | undefined
}

export interface SymlinkNode {
  readonly kind: 'symlink'
  readonly target: string
  modified: number
}

export interface DirectoryNode {
  readonly kind: 'directory'
  /** By folded name. */
  readonly children: Map<string, Child>
  modified?: number
  mode?: number
}

export type Node = FileNode | SymlinkNode | DirectoryNode

interface Child {
  /** As it was given when the child was made. */
  readonly name: string
  readonly node: Node
}

export interface TreeOptions {
  /** For messages. */
  readonly name: string
  /** Directories vanish with their last child. */
  readonly implied: boolean
  /** Names that differ in case or Unicode form are the same. */
  readonly folding: boolean
}

/** The nodes of a memory storage. Every method is synchronous, so that whoever calls it can be atomic. */
export class MemoryTree {
  readonly options: TreeOptions
  readonly #root: DirectoryNode

  constructor(options: TreeOptions, root: DirectoryNode = { kind: 'directory', children: new Map() }) {
    this.options = options
    this.#root = root
  }

  /** The form in which two spellings of one path are equal. */
  fold(path: string): string {
    return this.options.folding ? path.normalize('NFC').toLowerCase() : path
  }

  find(path: Path): Node | undefined {
    let node: Node | undefined = this.#root
    if (path === '') return node
    for (const name of this.fold(path).split('/')) {
      if (node?.kind !== 'directory') return undefined
      node = node.children.get(name)?.node
    }
    return node
  }

  /** @throws StorageError `NOT_FOUND` */
  get(path: Path): Node {
    const node = this.find(path)
    if (node === undefined) throw new StorageError('NOT_FOUND', `${path} does not exist on ${this.options.name}`, { path })
    return node
  }

  /** Puts `node` at `path`, in place of what is there, and makes missing parents. @throws StorageError `NOT_A_DIRECTORY` */
  put(path: Path, node: Node): void {
    this.checkParents(path)
    const { parent, name } = this.#place(path)
    const key = this.fold(name)
    // Like the file systems that ignore case: the first spelling stays.
    parent.children.set(key, { name: parent.children.get(key)?.name ?? name, node })
  }

  /** @throws StorageError `NOT_A_DIRECTORY` if something above `path` is no directory */
  checkParents(path: Path): void {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const node = this.find(path.slice(0, at))
      if (node === undefined) return
      if (node.kind === 'directory') continue
      throw new StorageError('NOT_A_DIRECTORY', `${path.slice(0, at)} on ${this.options.name} is a ${node.kind}, so nothing can be below it`, {
        path,
      })
    }
  }

  makeDirectory(path: Path): void {
    const node = this.find(path)
    if (node?.kind === 'directory') return
    if (node !== undefined)
      throw new StorageError('ALREADY_EXISTS', `${path} on ${this.options.name} is a ${node.kind} and cannot become a directory`, { path })
    this.put(path, { kind: 'directory', children: new Map() })
  }

  remove(path: Path): void {
    const { parent, name } = this.#place(path)
    parent.children.delete(this.fold(name))
    const above = path.lastIndexOf('/')
    if (this.options.implied && above !== -1 && parent.children.size === 0) this.remove(path.slice(0, above))
  }

  /** What is below `directory`, in key order, or with `reversed` siblings to break it. */
  *entries(path: Path, directory: DirectoryNode, descend: (directory: Path) => boolean, reversed: boolean): Generator<Entry> {
    const stack = [siblings(path, directory, reversed)]
    while (stack.length > 0) {
      const next = (stack[stack.length - 1] as Sibling[]).pop()
      if (next === undefined) {
        stack.pop()
        continue
      }
      yield next.entry
      if (next.node.kind === 'directory' && descend(next.entry.path)) stack.push(siblings(next.entry.path, next.node, reversed))
    }
  }

  /** A tree that later changes of this one do not reach. */
  copy(options: TreeOptions): MemoryTree {
    return new MemoryTree(options, copyOf(this.#root) as DirectoryNode)
  }

  #place(path: Path): { readonly parent: DirectoryNode; readonly name: string } {
    const names = path.split('/')
    const name = names.pop() as string
    let parent = this.#root
    for (const ancestor of names) {
      const key = this.fold(ancestor)
      let child = parent.children.get(key)
      if (child === undefined) parent.children.set(key, (child = { name: ancestor, node: { kind: 'directory', children: new Map() } }))
      parent = child.node as DirectoryNode
    }
    return { parent, name }
  }
}

interface Sibling {
  readonly entry: Entry
  readonly node: Node
}

/** Last one first, as a stack. */
function siblings(path: Path, { children }: DirectoryNode, reversed: boolean): Sibling[] {
  const items: Sibling[] = []
  for (const { name, node } of children.values()) items.push({ entry: entryOf(joinPath(path, name), node), node })
  return items.sort((a, b) => (reversed ? compareEntries(a.entry, b.entry) : compareEntries(b.entry, a.entry)))
}

/** A node as listings show it. */
export function entryOf(path: Path, node: Node): Entry {
  if (node.kind === 'file') return fileEntry(path, node)
  if (node.kind === 'symlink') return { kind: 'symlink', path, target: node.target, modified: node.modified }
  return {
    kind: 'directory',
    path,
    ...(node.modified !== undefined && { modified: node.modified }),
    ...(node.mode !== undefined && { mode: node.mode }),
  }
}

export function fileEntry(path: Path, { content, etag, id, modified, mode }: FileNode): FileEntry {
  return { kind: 'file', path, size: content.length, etag, id, modified, ...(mode !== undefined && { mode }) }
}

function copyOf(node: Node): Node {
  if (node.kind !== 'directory') return { ...node }
  const children = new Map<string, Child>()
  for (const [key, child] of node.children) children.set(key, { name: child.name, node: copyOf(child.node) })
  return { ...node, children }
}
