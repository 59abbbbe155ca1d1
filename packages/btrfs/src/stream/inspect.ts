import type { Bytes } from '@syncline/core'
import type { CommandName, RawPath, StreamCommand } from './command.ts'
import { validated } from './validate.ts'

/** What became of a path between the parent volume, or nothing, and the volume that is sent. */
export interface PathChange {
  /** Where it is now; where it was, for what was deleted. A character per byte. */
  readonly path: RawPath
  readonly change: 'created' | 'deleted' | 'modified' | 'attributes' | 'renamed'
  /** Where it was, if it has another name now. A directory that was renamed is told once, and what is in it only for other reasons. */
  readonly from?: RawPath
  /** What it is, where the stream tells. */
  readonly kind?: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device'
  /** Bytes of content that the stream writes or clones there. */
  readonly bytes: number
}

/** One volume of a stream. */
export interface VolumeSummary {
  readonly name: RawPath
  readonly uuid: string
  readonly transid: number
  /** The volume to start from; `undefined` for one that is sent whole. */
  readonly parent: { readonly uuid: string; readonly transid: number } | undefined
  readonly version: 1 | 2
  /** Whether it was sent without data, so that only what changed is known. */
  readonly withoutData: boolean
  /** How many commands there are of each kind. */
  readonly commands: Readonly<Partial<Record<CommandName, number>>>
  /** Bytes of content, as stored in the stream. */
  readonly dataBytes: number
  /** By path, in the order of bytes. */
  readonly changes: readonly PathChange[]
}

/** How much is told. */
export interface InspectOptions {
  /** Also tell paths of which only the times are set: every one whose inode changed in any way, and each directory in which something changed. */
  readonly times?: boolean
}

/**
 * Tells what a stream does, by path: temporary names that the kernel makes on the way do not show.
 *
 * Memory grows with the paths that changed. Content is counted and not kept.
 *
 * @throws StorageError `CORRUPT` for a stream that is damaged or unsafe
 */
export async function inspectStream(stream: Bytes, options: InspectOptions = {}): Promise<readonly VolumeSummary[]> {
  const volumes: VolumeInspector[] = []
  let version: 1 | 2 = 1
  const checked = validated(stream, {
    restorable: false,
    onItem: item => {
      if (item.kind === 'header') version = item.version
      else if (item.command.name === 'subvol' || item.command.name === 'snapshot') volumes.push(new VolumeInspector(item.command, version, options))
      else volumes[volumes.length - 1]?.take(item.command)
    },
  })
  for await (const _chunk of checked);
  return volumes.map(volume => volume.summary())
}

type Kind = NonNullable<PathChange['kind']>

/** A path that the stream has to do with. */
interface Node {
  /** Where it was in the parent volume; `undefined` for what is new. */
  origin: RawPath | undefined
  kind: Kind | undefined
  content: boolean
  attributes: boolean
  bytes: number
  children: Map<string, Node> | undefined
}

const kinds: Readonly<Partial<Record<CommandName, Kind>>> = {
  mkfile: 'file',
  mkdir: 'directory',
  mkfifo: 'fifo',
  mksock: 'socket',
  mknod: 'device',
  symlink: 'symlink',
}

class VolumeInspector {
  readonly #begin: Extract<StreamCommand, { readonly name: 'subvol' | 'snapshot' }>
  readonly #version: 1 | 2
  readonly #times: boolean
  readonly #root: Node
  readonly #deleted = new Map<RawPath, Kind | undefined>()
  readonly #commands: { -readonly [N in CommandName]?: number } = {}
  #dataBytes = 0
  #withoutData = false

  constructor(begin: Extract<StreamCommand, { readonly name: 'subvol' | 'snapshot' }>, version: 1 | 2, { times = false }: InspectOptions) {
    this.#times = times
    this.#begin = begin
    this.#version = version
    this.#root = newNode(begin.name === 'snapshot' ? '' : undefined, 'directory')
    this.#count(begin.name)
  }

  take(command: StreamCommand): void {
    this.#count(command.name)
    switch (command.name) {
      case 'mkfile':
      case 'mkdir':
      case 'mkfifo':
      case 'mksock':
      case 'mknod':
      case 'symlink':
        return this.#place(command.path, newNode(undefined, kinds[command.name]))
      case 'link': {
        const { kind, bytes } = this.#at(command.link)
        return this.#place(command.path, { ...newNode(undefined, kind), bytes })
      }
      case 'rename': {
        const node = this.#take(command.path)
        return this.#place(command.to, node)
      }
      case 'unlink':
      case 'rmdir': {
        const node = this.#take(command.path)
        if (node.origin !== undefined) this.#deleted.set(node.origin, command.name === 'rmdir' ? 'directory' : node.kind)
        return
      }
      case 'write':
        this.#dataBytes += command.data.length
        return this.#content(command.path, command.data.length)
      case 'encodedWrite':
        this.#dataBytes += command.data.length
        return this.#content(command.path, command.unencodedFileLength)
      case 'clone':
        return this.#content(command.path, command.cloneLength)
      case 'updateExtent':
        this.#withoutData = true
        return this.#content(command.path, command.size)
      case 'truncate':
      case 'fallocate':
        return this.#content(command.path, 0)
      case 'chmod':
      case 'chown':
      case 'setXattr':
      case 'removeXattr':
      case 'setFileAttributes':
        this.#at(command.path).attributes = true
        return
      // The kernel sends the times of every directory in which something changed: that alone is no news.
      case 'utimes':
        if (this.#times) this.#at(command.path).attributes = true
        return
      case 'subvol':
      case 'snapshot':
      case 'end':
    }
  }

  summary(): VolumeSummary {
    const changes: PathChange[] = []
    const visit = (node: Node, path: RawPath, expected: RawPath | undefined): void => {
      const change = describe(node, path, expected)
      if (change !== undefined && path !== '') changes.push(change)
      for (const [name, child] of node.children ?? []) {
        const below = path === '' ? name : `${path}/${name}`
        visit(child, below, node.origin === undefined ? undefined : node.origin === '' ? name : `${node.origin}/${name}`)
      }
    }
    visit(this.#root, '', this.#root.origin)
    for (const [path, kind] of this.#deleted) changes.push({ path, change: 'deleted', ...(kind !== undefined && { kind }), bytes: 0 })
    const begin = this.#begin
    return {
      name: begin.path,
      uuid: begin.uuid,
      transid: begin.transid,
      parent: begin.name === 'snapshot' ? { uuid: begin.cloneUuid, transid: begin.cloneTransid } : undefined,
      version: this.#version,
      withoutData: this.#withoutData,
      commands: this.#commands,
      dataBytes: this.#dataBytes,
      changes: changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.change === 'deleted' ? -1 : 1)),
    }
  }

  #count(name: CommandName): void {
    this.#commands[name] = (this.#commands[name] ?? 0) + 1
  }

  #content(path: RawPath, bytes: number): void {
    const node = this.#at(path)
    node.kind ??= 'file'
    node.content = true
    node.bytes += bytes
  }

  /** What is at a path; what the stream has not named yet was there before, at the place that its directory had. */
  #at(path: RawPath): Node {
    let node = this.#root
    if (path === '') return node
    for (const name of path.split('/')) {
      node.children ??= new Map()
      let child = node.children.get(name)
      if (child === undefined) {
        const origin = node.origin === undefined ? undefined : node.origin === '' ? name : `${node.origin}/${name}`
        node.children.set(name, (child = newNode(origin, undefined)))
      }
      node = child
    }
    return node
  }

  #take(path: RawPath): Node {
    const node = this.#at(path)
    const slash = path.lastIndexOf('/')
    this.#at(slash === -1 ? '' : path.slice(0, slash)).children?.delete(path.slice(slash + 1))
    return node
  }

  #place(path: RawPath, node: Node): void {
    const slash = path.lastIndexOf('/')
    const parent = this.#at(slash === -1 ? '' : path.slice(0, slash))
    parent.children ??= new Map()
    parent.children.set(path.slice(slash + 1), node)
  }
}

function newNode(origin: RawPath | undefined, kind: Kind | undefined): Node {
  return { origin, kind, content: false, attributes: false, bytes: 0, children: undefined }
}

/** @param expected - where it would have been before if nothing but its directories got other names */
function describe(node: Node, path: RawPath, expected: RawPath | undefined): PathChange | undefined {
  const base = { path, ...(node.kind !== undefined && { kind: node.kind }), bytes: node.bytes }
  if (node.origin === undefined) return { ...base, change: 'created' }
  const moved = node.origin !== expected
  const from = node.origin !== path && (moved || node.content || node.attributes) ? { from: node.origin } : {}
  if (node.content) return { ...base, ...from, change: 'modified' }
  if (moved) return { ...base, ...from, change: 'renamed' }
  return node.attributes ? { ...base, ...from, change: 'attributes' } : undefined
}
