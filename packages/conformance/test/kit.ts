import {
  compareEntries,
  compareUtf8,
  type Entry,
  memory,
  type MemoryCapabilities,
  type MemoryStorage,
  type Path,
  type ReadableStorage,
  SyncEngine,
  type SyncEngineOptions,
  type SyncOptions,
  SyncPair,
  type SyncResult,
  toBytes,
  type WritableStorage,
} from '@syncline/core'

/** A file's text, with the time it was modified at, in milliseconds; a link; or what a directory holds. */
export type Node = FileNode | LinkNode | DirectoryNode
export interface FileNode {
  readonly kind: 'file'
  readonly text: string
  readonly modified: number
  /** The etag, of what was read from a storage. */
  readonly version?: string
  /** Of what the last sync left: the state has a hash of its content. */
  readonly hashed?: boolean
}
export interface LinkNode {
  readonly kind: 'symlink'
  readonly target: string
  readonly modified?: number
}
export interface DirectoryNode {
  readonly kind: 'directory'
  readonly children: ReadonlyMap<string, Node>
}

export const file = (text: string, modified = 1_700_000_000_000): FileNode => ({ kind: 'file', text, modified })
export const link = (target: string): LinkNode => ({ kind: 'symlink', target })
export const directory = (children: Readonly<Record<string, Node>> | ReadonlyMap<string, Node> = {}): DirectoryNode => ({
  kind: 'directory',
  children: children instanceof Map ? children : new Map(Object.entries(children)),
})

/** Every path of a tree with its node, parents first, the root left out. */
function* pathsOf(tree: DirectoryNode, prefix: Path = ''): Generator<readonly [Path, Node]> {
  for (const [name, node] of tree.children) {
    const path = prefix === '' ? name : `${prefix}/${name}`
    yield [path, node]
    if (node.kind === 'directory') yield* pathsOf(node, path)
  }
}

/** One word per node, so that trees compare and print well: text of a file, `-> target`, `/`. */
export function flatten(tree: DirectoryNode): Record<Path, string> {
  const flat = [...pathsOf(tree)].map(([path, node]) => [path, wordOf(node)] as const)
  return Object.fromEntries(flat.sort(([a], [b]) => compareUtf8(a, b)))
}

export function wordOf(node: Node): string {
  return node.kind === 'file' ? node.text : node.kind === 'symlink' ? `-> ${node.target}` : '/'
}

/** Puts a node on a storage, in place of what is there. */
export async function put(storage: WritableStorage, path: Path, node: Node): Promise<void> {
  if (node.kind === 'file') await storage.write(path, toBytes(node.text), { modified: node.modified })
  else if (node.kind === 'symlink') await storage.makeSymlink?.(path, node.target)
  else {
    await storage.makeDirectory?.(path)
    for (const [name, child] of node.children) await put(storage, `${path}/${name}`, child)
  }
}

/** Removes a path with everything below it. */
export async function removeAll(storage: WritableStorage, path: Path): Promise<void> {
  const entry = await storage.stat(path)
  if (entry?.kind === 'directory' || storage.capabilities.directories !== true) {
    const below = (await entriesOf(storage)).filter(each => each.path.startsWith(`${path}/`))
    for (const each of below.sort((a, b) => b.path.length - a.path.length)) await storage.remove(each.path)
  }
  await storage.remove(path)
}

/** Makes `storage`, which has `from`, have `to`; what is the same in both is not touched. */
export async function change(storage: WritableStorage, from: DirectoryNode, to: DirectoryNode, prefix: Path = ''): Promise<void> {
  for (const name of new Set([...from.children.keys(), ...to.children.keys()])) {
    const path = prefix === '' ? name : `${prefix}/${name}`
    const [old, now] = [from.children.get(name), to.children.get(name)]
    if (old?.kind === 'directory' && now?.kind === 'directory') {
      await change(storage, old, now, path)
      continue
    }
    if (old !== undefined && now !== undefined && isSame(old, now)) continue
    if (old !== undefined && old.kind !== now?.kind) await removeAll(storage, path)
    if (now !== undefined) await put(storage, path, now)
  }
}

function isSame(a: Node, b: Node): boolean {
  if (a.kind === 'file' && b.kind === 'file') return a.text === b.text && a.modified === b.modified
  return a.kind !== 'directory' && b.kind !== 'directory' && a.kind === b.kind && wordOf(a) === wordOf(b)
}

export async function entriesOf(storage: ReadableStorage): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const page of storage.list(''))
    for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) entries.push(entry)
  return entries.sort(compareEntries)
}

/** What a user has on a storage, as a tree. */
export async function treeOf(storage: ReadableStorage): Promise<DirectoryNode> {
  const root = new Map<string, Node>()
  const directories = new Map<Path, Map<string, Node>>([['', root]])
  for (const entry of (await entriesOf(storage)).sort((a, b) => compareUtf8(a.path, b.path))) {
    if (entry.path.includes('.syncline-')) continue
    const slash = entry.path.lastIndexOf('/')
    const parent = directories.get(slash === -1 ? '' : entry.path.slice(0, slash))
    const name = entry.path.slice(slash + 1)
    if (entry.kind === 'directory') {
      const children = new Map<string, Node>()
      directories.set(entry.path, children)
      parent?.set(name, { kind: 'directory', children })
    } else if (entry.kind === 'file')
      parent?.set(name, {
        kind: 'file',
        text: await textOf(storage, entry.path),
        modified: entry.modified ?? 0,
        ...(entry.etag !== undefined && { version: entry.etag }),
      })
    else if (entry.kind === 'symlink')
      parent?.set(name, { kind: 'symlink', target: entry.target, ...(entry.modified !== undefined && { modified: entry.modified }) })
  }
  return { kind: 'directory', children: root }
}

async function textOf(storage: ReadableStorage, path: Path): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of storage.read(path)) parts.push(chunk)
  return Buffer.concat(parts).toString()
}

const trashRoot = '.syncline-trash'

/** What is on a storage: the user's tree, flat, and the contents in its trash with the paths they had. */
export async function contentOf(
  storage: ReadableStorage,
): Promise<{ tree: Record<Path, string>; times: Record<Path, number>; trash: string[]; strange: Path[] }> {
  const tree: Record<Path, string> = {}
  const times: Record<Path, number> = {}
  const trash: string[] = []
  const strange: Path[] = []
  for (const entry of (await entriesOf(storage)).sort((a, b) => compareUtf8(a.path, b.path))) {
    const word =
      entry.kind === 'file'
        ? await textOf(storage, entry.path)
        : entry.kind === 'symlink'
          ? `-> ${entry.target}`
          : entry.kind === 'directory'
            ? '/'
            : '?'
    if (entry.path === trashRoot || entry.path.startsWith(`${trashRoot}/`)) {
      if (word !== '/') trash.push(`${entry.path.split('/').slice(2).join('/')}: ${word}`)
    } else if (entry.path.includes('.syncline')) strange.push(entry.path)
    else {
      tree[entry.path] = word
      if (entry.modified !== undefined) times[entry.path] = entry.modified
    }
  }
  return { tree, times, trash, strange }
}

const changing: ReadonlySet<string> = new Set([
  'write',
  'remove',
  'makeDirectory',
  'makeSymlink',
  'setModified',
  'setMode',
  'copy',
  'move',
  'upload',
  'transferFrom',
])

/** The storage, with every call that changes it noted in `calls`. */
export function recording<T extends ReadableStorage>(storage: T, calls: string[]): T {
  return new Proxy(storage, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      const call = value.bind(target) as (...args: readonly unknown[]) => unknown
      if (!changing.has(String(key))) return call
      return (...args: readonly unknown[]) => {
        calls.push(`${String(key)} ${String(args[0])}`)
        return call(...args)
      }
    },
  })
}

export interface WorldOptions {
  readonly source?: MemoryCapabilities
  readonly destination?: MemoryCapabilities
  readonly engine?: SyncEngineOptions
}

/** Two storages, a state and an engine with clocks that only count: the same steps always give the same world, to the last etag. */
export class World {
  readonly source: MemoryStorage
  readonly destination: MemoryStorage
  readonly state: MemoryStorage
  /** Calls that changed a side. */
  readonly calls: { readonly source: string[]; readonly destination: string[] } = { source: [], destination: [] }
  readonly pair: SyncPair
  readonly #engine: SyncEngineOptions
  #time = 1_760_000_000_000

  constructor(options: WorldOptions = {}) {
    let clock = 1_750_000_000_000
    const now = (): number => (clock += 10_000)
    this.source = memory({ name: 'memory:source', now, ...(options.source && { capabilities: options.source }) })
    this.destination = memory({ name: 'memory:destination', now, ...(options.destination && { capabilities: options.destination }) })
    this.state = memory({ name: 'memory:state' })
    this.#engine = options.engine ?? {}
    this.pair = new SyncPair({
      source: recording(this.source, this.calls.source),
      destination: recording(this.destination, this.calls.destination),
      state: this.state,
      id: 'pair',
    })
  }

  /** An engine whose clock stands still until the next run has ended. */
  engine(): SyncEngine {
    return new SyncEngine({ ...this.#engine, now: () => this.#time, random: () => 0.5 })
  }

  get time(): number {
    return this.#time
  }

  tick(): void {
    this.#time += 60_000
  }

  async sync(options: SyncOptions = {}): Promise<SyncResult> {
    const result = await this.engine().syncPair(this.pair, options)
    if (options.dryRun !== true) this.tick()
    return result
  }

  /** Gives back the noted calls and starts anew. */
  takeCalls(): { source: string[]; destination: string[] } {
    const taken = { source: this.calls.source.splice(0), destination: this.calls.destination.splice(0) }
    return taken
  }
}

/** Items in the plan's words. */
export function wordsOf(plan: SyncResult['plan']): string[] {
  return plan.items.map(item => `${item.action} ${item.from === null ? '' : `${item.from} -> `}${item.path}`)
}
