import { compareEntries, joinPath, parentPath, StorageError, type Entry, type FileEntry, type Path } from '@syncline/core'
import { compareMemberPaths } from '../format/index.ts'

/** Where the content of a file is. */
export type Place =
  { readonly in: 'archive'; readonly version: FileEntry; readonly offset: number } | { readonly in: 'spool'; readonly pieces: readonly Piece[] }

/** Bytes in the spool. */
export interface Piece {
  readonly offset: number
  readonly length: number
}

/** One version of a file: whoever replaces the content makes another node. */
export interface FileNode {
  readonly kind: 'file'
  readonly size: number
  readonly etag: string
  /** In hex; unknown for what was in the archive before and nobody has read yet. */
  sha256: string | undefined
  /** Moves from the spool to the archive, and from one archive to the next. */
  place: Place
}

interface DirectoryNode {
  readonly kind: 'directory'
  readonly children: Map<string, MemberNode>
}

/** What is at a path of an archive. */
export type MemberNode = FileNode | DirectoryNode

/** A tree of members. Every method is synchronous, so that whoever calls it can be atomic. */
export class MemberTree {
  /** Of the storage, for messages. */
  readonly #name: string
  #root: DirectoryNode | undefined
  /** Counts changes. */
  version = 0

  /** @param exists - an archive that is not there has no root */
  constructor(name: string, exists: boolean) {
    this.#name = name
    if (exists) this.#root = emptyDirectory()
  }

  find(path: Path): MemberNode | undefined {
    let node: MemberNode | undefined = this.#root
    if (path === '') return node
    for (const name of path.split('/')) {
      if (node?.kind !== 'directory') return undefined
      node = node.children.get(name)
    }
    return node
  }

  /** @throws StorageError `NOT_FOUND` */
  get(path: Path): MemberNode {
    const node = this.find(path)
    if (node === undefined) throw new StorageError('NOT_FOUND', `${path === '' ? 'the archive' : path} does not exist in ${this.#name}`, { path })
    return node
  }

  /** @throws StorageError `NOT_FOUND`, `IS_A_DIRECTORY` */
  file(path: Path): FileNode {
    const node = this.get(path)
    if (node.kind === 'directory') throw new StorageError('IS_A_DIRECTORY', `${path} in ${this.#name} is a directory`, { path })
    return node
  }

  /** Puts a node in place of what is there, and makes missing parents. @throws StorageError `NOT_A_DIRECTORY` */
  put(path: Path, node: MemberNode): void {
    this.checkParents(path)
    this.version++
    let parent: DirectoryNode = (this.#root ??= emptyDirectory())
    const names = path.split('/')
    const last = names.pop() as string
    for (const name of names) {
      let child = parent.children.get(name)
      if (child === undefined) parent.children.set(name, (child = emptyDirectory()))
      parent = child as DirectoryNode
    }
    parent.children.set(last, node)
  }

  /** @throws StorageError `NOT_A_DIRECTORY` if something above `path` is a file */
  checkParents(path: Path): void {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const above = path.slice(0, at)
      const node = this.find(above)
      if (node === undefined) return
      if (node.kind === 'file') throw new StorageError('NOT_A_DIRECTORY', `${above} in ${this.#name} is a file, so nothing can be below it`, { path })
    }
  }

  /** Makes missing parents too. @throws StorageError `ALREADY_EXISTS`, `NOT_A_DIRECTORY` */
  makeDirectory(path: Path): void {
    const node = this.find(path)
    if (node?.kind === 'directory') return
    if (node !== undefined) throw new StorageError('ALREADY_EXISTS', `${path} in ${this.#name} is a file and cannot become a directory`, { path })
    if (path !== '') return this.put(path, emptyDirectory())
    this.#root = emptyDirectory()
    this.version++
  }

  /** Takes a node away, and leaves the directory it was in. */
  remove(path: Path): void {
    const parent = this.find(parentPath(path))
    if (parent?.kind === 'directory' && parent.children.delete(path.slice(path.lastIndexOf('/') + 1))) this.version++
  }

  /** What is below `directory`, in key order. */
  *entries(path: Path, directory: DirectoryNode, descend: (directory: Path) => boolean): Generator<Entry, void, undefined> {
    const stack = [siblings(path, directory)]
    while (stack.length > 0) {
      const next = (stack[stack.length - 1] as Sibling[]).pop()
      if (next === undefined) {
        stack.pop()
        continue
      }
      yield next.entry
      if (next.node.kind === 'directory' && descend(next.entry.path)) stack.push(siblings(next.entry.path, next.node))
    }
  }

  /** The root and everything below it, in the order in which an archive has them. */
  members(): { readonly path: Path; readonly node: MemberNode }[] {
    const found: { readonly path: Path; readonly node: MemberNode }[] = []
    const visit = (path: Path, node: MemberNode): void => {
      found.push({ path, node })
      if (node.kind === 'directory') for (const [name, child] of node.children) visit(joinPath(path, name), child)
    }
    if (this.#root !== undefined) visit('', this.#root)
    return found.sort((a, b) => compareMemberPaths(a.path, b.path))
  }
}

function emptyDirectory(): DirectoryNode {
  return { kind: 'directory', children: new Map() }
}

interface Sibling {
  readonly entry: Entry
  readonly node: MemberNode
}

/** Last one first, as a stack. */
function siblings(path: Path, { children }: DirectoryNode): Sibling[] {
  const items: Sibling[] = []
  for (const [name, node] of children) items.push({ entry: entryOf(joinPath(path, name), node), node })
  return items.sort((a, b) => compareEntries(b.entry, a.entry))
}

/** A node as listings show it. The format keeps no times and no permissions. */
export function entryOf(path: Path, node: MemberNode): Entry {
  return node.kind === 'directory' ? { kind: 'directory', path } : fileEntryOf(path, node)
}

export function fileEntryOf(path: Path, { size, etag, sha256 }: FileNode): FileEntry {
  return { kind: 'file', path, size, etag, ...(sha256 !== undefined && { hashes: { sha256 } }) }
}
