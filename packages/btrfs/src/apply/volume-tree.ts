import type { Path } from '@syncline/core'
import type { RawPath, RawText } from '../stream/command.ts'
import { unfit } from './apply-error.ts'
import type { Unapplied } from './unapplied.ts'

/** Where the bytes of a file are. */
export type Content =
  | { readonly kind: 'empty' }
  /** In the storage, as part of another volume. */
  | { readonly kind: 'stored'; readonly path: Path; readonly size: number; readonly etag: string | undefined }
  /** In the spool. Only the file that it belongs to may change it; others take a copy first. */
  | { readonly kind: 'spooled'; readonly file: string; readonly owner: FileNode }
  /** Nowhere: what they came from was never kept. */
  | { readonly kind: 'lost'; readonly reason: string }

interface NodeBase {
  /** Permission bits. */
  mode?: number | undefined
  /** Milliseconds since the Unix epoch. */
  modified?: number | undefined
  /** What no storage can hold of it, by what it is. */
  readonly notes: Map<string, Omit<Unapplied, 'path'>>
}

/** A file. With several names it is in the tree several times. */
export interface FileNode extends NodeBase {
  readonly kind: 'file'
  content: Content
}

export interface DirectoryNode extends NodeBase {
  readonly kind: 'directory'
  readonly children: Map<RawText, VolumeNode>
}

export interface SymlinkNode extends NodeBase {
  readonly kind: 'symlink'
  readonly target: RawText
}

/** A pipe, socket or device, or whatever else is known by its name alone. */
export interface SpecialNode extends NodeBase {
  readonly kind: 'special'
  readonly reason: string
}

export type VolumeNode = FileNode | DirectoryNode | SymlinkNode | SpecialNode

export function newDirectory(): DirectoryNode {
  return { kind: 'directory', children: new Map(), notes: new Map() }
}

/** The paths of a volume. No link is followed: what is below a path that is no directory is not there. */
export class VolumeTree {
  readonly root: DirectoryNode

  constructor(root: DirectoryNode = newDirectory()) {
    this.root = root
  }

  get(path: RawPath): VolumeNode | undefined {
    let node: VolumeNode | undefined = this.root
    for (const name of path === '' ? [] : path.split('/')) node = node?.kind === 'directory' ? node.children.get(name) : undefined
    return node
  }

  /** @throws StorageError `CORRUPT` */
  need(path: RawPath, doing: string): VolumeNode {
    const node = this.get(path)
    if (node === undefined) throw unfit(doing, path, 'it is not there')
    return node
  }

  /** @throws StorageError `CORRUPT` if something is there */
  add(path: RawPath, node: VolumeNode, doing: string): void {
    const { children, name } = this.#parent(path, doing)
    if (children.has(name)) throw unfit(doing, path, 'something is there already')
    children.set(name, node)
  }

  remove(path: RawPath, doing: 'unlink' | 'rmdir'): void {
    const node = this.need(path, doing)
    const { children, name } = this.#parent(path, doing)
    if (doing === 'rmdir' && node.kind !== 'directory') throw unfit(doing, path, 'it is no directory')
    if (doing === 'unlink' && node.kind === 'directory') throw unfit(doing, path, 'it is a directory')
    if (node.kind === 'directory' && node.children.size > 0) throw unfit(doing, path, 'the directory is not empty')
    children.delete(name)
  }

  rename(path: RawPath, to: RawPath): void {
    const node = this.need(path, 'rename')
    if (to === path || to.startsWith(`${path}/`)) throw unfit('rename', path, 'it would get below itself')
    const [from, target] = [this.#parent(path, 'rename'), this.#parent(to, 'rename')]
    const replaced = target.children.get(target.name)
    // Two names of one file: both stay.
    if (replaced === node) return
    if (replaced?.kind === 'directory' && (node.kind !== 'directory' || replaced.children.size > 0)) throw unfit('rename', to, 'a directory is there')
    if (replaced !== undefined && replaced.kind !== 'directory' && node.kind === 'directory') throw unfit('rename', to, 'a file is there')
    from.children.delete(from.name)
    target.children.set(target.name, node)
  }

  /** Everything with its path, a directory before what is in it, the root first. */
  *[Symbol.iterator](): Generator<readonly [RawPath, VolumeNode], void, undefined> {
    yield* nodesOf(this.root, '')
  }

  /** A tree of its own. Names of one file stay that; content is shared until somebody changes it. */
  copy(): VolumeTree {
    const files = new Map<VolumeNode, VolumeNode>()
    const copyOf = (node: VolumeNode): VolumeNode => {
      const known = files.get(node)
      if (known !== undefined) return known
      const copied: VolumeNode = { ...node, notes: new Map(node.notes) }
      if (copied.kind === 'directory') return { ...copied, children: new Map([...copied.children].map(([name, child]) => [name, copyOf(child)])) }
      files.set(node, copied)
      return copied
    }
    return new VolumeTree(copyOf(this.root) as DirectoryNode)
  }

  #parent(path: RawPath, doing: string): { readonly children: Map<RawText, VolumeNode>; readonly name: RawText } {
    const slash = path.lastIndexOf('/')
    const parent = this.get(slash === -1 ? '' : path.slice(0, slash))
    if (parent?.kind !== 'directory')
      throw unfit(doing, path, parent === undefined ? 'its directory is not there' : 'what is above it is no directory')
    return { children: parent.children, name: path.slice(slash + 1) }
  }
}

function* nodesOf(node: VolumeNode, path: RawPath): Generator<readonly [RawPath, VolumeNode], void, undefined> {
  yield [path, node]
  if (node.kind === 'directory') for (const [name, child] of node.children) yield* nodesOf(child, path === '' ? name : `${path}/${name}`)
}
