import type { ComparisonMode, ConflictResolution, Path, Side, SyncMode } from '@syncline/core'
import { directory, type DirectoryNode, type FileNode, type LinkNode, type Node, wordOf } from './kit.ts'

/**
 * A sync as a person would do it with three pictures of a tree beside each other: plain recursion over Maps, the whole tree in memory, no order of keys,
 * no streaming, no renames. Written from the table of modes, not from the planner.
 */
export interface ModelOptions {
  readonly mode: SyncMode
  readonly comparison: ComparisonMode
  readonly policy: ConflictResolution
  readonly toleranceMs: number
  /** The label that conflict copies get. */
  readonly copyName: (path: Path, loser: Side) => Path
}

/** What each side had at a path after the last sync. */
export type Known = ReadonlyMap<Path, { readonly source: Node; readonly destination: Node }>

export interface ModelResult {
  readonly source: DirectoryNode
  readonly destination: DirectoryNode
  /** `path: word` of what goes to the trash, unless it was renamed. */
  readonly trash: Readonly<Record<Side, readonly string[]>>
  readonly conflicts: readonly Path[]
  readonly known: Known
}

type Leaf = FileNode | LinkNode

/** One level of the recursion: what comes of a name on each side. */
interface Outcome {
  readonly source: Node | undefined
  readonly destination: Node | undefined
}

export function syncModel(source: DirectoryNode, destination: DirectoryNode, known: Known, options: ModelOptions): ModelResult {
  return new Model(known, options).run(source, destination)
}

class Model {
  readonly #known: Known
  readonly #next = new Map<Path, { source: Node; destination: Node }>()
  readonly #options: ModelOptions
  readonly #trash: Record<Side, string[]> = { source: [], destination: [] }
  readonly #conflicts: Path[] = []

  constructor(known: Known, options: ModelOptions) {
    this.#known = known
    this.#options = options
  }

  run(source: DirectoryNode, destination: DirectoryNode): ModelResult {
    const merged = this.#directories('', source, destination)
    return { ...merged, trash: this.#trash, conflicts: this.#conflicts, known: this.#next }
  }

  /** Both sides have a directory, or one has it and the other nothing: name by name. */
  #directories(path: Path, source: DirectoryNode, destination: DirectoryNode): { source: DirectoryNode; destination: DirectoryNode } {
    const [ours, theirs] = [new Map<string, Node>(), new Map<string, Node>()]
    for (const name of this.#names(path, source, destination)) {
      const at = path === '' ? name : `${path}/${name}`
      const outcome = this.#name(at, source.children.get(name), destination.children.get(name))
      if (outcome.source !== undefined) add(ours, name, outcome.source)
      if (outcome.destination !== undefined) add(theirs, name, outcome.destination)
    }
    return { source: directory(ours), destination: directory(theirs) }
  }

  #names(path: Path, source: DirectoryNode, destination: DirectoryNode): Set<string> {
    const names = new Set([...source.children.keys(), ...destination.children.keys()])
    for (const known of this.#known.keys())
      if (known.startsWith(path === '' ? '' : `${path}/`)) names.add(known.slice(path === '' ? 0 : path.length + 1).split('/')[0] as string)
    return names
  }

  #name(path: Path, source: Node | undefined, destination: Node | undefined): Outcome {
    if (source?.kind === 'directory' && destination?.kind === 'directory') {
      const merged = this.#directories(path, source, destination)
      this.#next.set(path, merged)
      return merged
    }
    if (source === undefined && destination === undefined) return { source, destination }
    if (source !== undefined && destination !== undefined) {
      return source.kind === 'directory' || destination.kind === 'directory'
        ? this.#clash(path, source, destination)
        : this.#leaves(path, source, destination)
    }
    const side: Side = source === undefined ? 'destination' : 'source'
    const node = (source ?? destination) as Node
    return node.kind === 'directory' ? this.#directoryOn(path, side, node) : this.#leafOn(path, side, node)
  }

  /** Only one side has a leaf. */
  #leafOn(path: Path, side: Side, node: Leaf): Outcome {
    const { mode } = this.#options
    const known = this.#known.get(path)
    const stays = (): Outcome => ({ source: side === 'source' ? node : undefined, destination: side === 'destination' ? node : undefined })
    if (mode === 'two-way') {
      if (known === undefined || this.#hasChanged(known[side], node)) return this.#agree(path, node, node)
      this.#trash[side].push(`${path}: ${wordOf(node)}`)
      return { source: undefined, destination: undefined }
    }
    if (mode.startsWith(side)) return this.#agree(path, node, node)
    if (!mode.endsWith('backup')) return { source: undefined, destination: undefined }
    if (known !== undefined) this.#next.set(path, known)
    return stays()
  }

  /** Only one side has a directory. It is there afterwards where something in it is. */
  #directoryOn(path: Path, side: Side, node: DirectoryNode): Outcome {
    const { mode } = this.#options
    const known = this.#known.get(path)
    const inside = side === 'source' ? this.#directories(path, node, directory()) : this.#directories(path, directory(), node)
    const goesAcross = mode === 'two-way' ? known === undefined || known[side].kind !== 'directory' : mode.startsWith(side)
    const staysAlone = mode.endsWith('backup') && !mode.startsWith(side)
    const other = side === 'source' ? 'destination' : 'source'
    if (goesAcross || inside[other].children.size > 0) {
      this.#next.set(path, inside)
      return inside
    }
    if (staysAlone || inside[side].children.size > 0) {
      if (known !== undefined) this.#next.set(path, known)
      return { source: side === 'source' ? inside.source : undefined, destination: side === 'destination' ? inside.destination : undefined }
    }
    return { source: undefined, destination: undefined }
  }

  /** Both sides have a leaf. */
  #leaves(path: Path, source: Leaf, destination: Leaf): Outcome {
    const { mode } = this.#options
    if (this.#areEqual(source, destination) && !this.#onlyOneHasAnotherTime(path, source, destination)) return this.#agree(path, source, destination)
    if (mode !== 'two-way') return mode.startsWith('source') ? this.#agree(path, source, source) : this.#agree(path, destination, destination)
    const known = this.#known.get(path)
    const ours = known === undefined || this.#hasChanged(known.source, source)
    const theirs = known === undefined || this.#hasChanged(known.destination, destination)
    if (ours && !theirs) {
      this.#keepFromOlder(path, 'destination', known?.source, source, destination)
      return this.#agree(path, source, source)
    }
    if (theirs && !ours) {
      this.#keepFromOlder(path, 'source', known?.destination, destination, source)
      return this.#agree(path, destination, destination)
    }
    // Each side is as the last sync left it: what was equal then is equal now.
    if (!ours && !theirs) return this.#agree(path, source, destination)
    return this.#conflict(path, source, destination)
  }

  /** The tolerance is for two clocks: that one side alone has another time than at the last sync is a change to those who go by times. */
  #onlyOneHasAnotherTime(path: Path, source: Leaf, destination: Leaf): boolean {
    const { comparison } = this.#options
    const known = this.#known.get(path)
    if (
      known === undefined ||
      source.kind !== 'file' ||
      destination.kind !== 'file' ||
      (comparison !== 'mtime-only' && comparison !== 'size-and-mtime')
    )
      return false
    return this.#hasChanged(known.source, source) !== this.#hasChanged(known.destination, destination)
  }

  /** What an older file replaces is kept: it may be newer work than a backup that came back. */
  #keepFromOlder(path: Path, side: Side, before: Node | undefined, now: Leaf, replaced: Leaf): void {
    if (before?.kind === 'file' && now.kind === 'file' && timeOf(now) < timeOf(before) - this.#options.toleranceMs)
      this.#trash[side].push(`${path}: ${wordOf(replaced)}`)
  }

  #conflict(path: Path, source: Leaf, destination: Leaf): Outcome {
    const { policy } = this.#options
    const winner =
      policy === 'source-wins'
        ? 'source'
        : policy === 'destination-wins'
          ? 'destination'
          : policy === 'newest-wins'
            ? this.#newest(source, destination)
            : undefined
    if (winner !== undefined) {
      const loser = winner === 'source' ? destination : source
      this.#trash[winner === 'source' ? 'destination' : 'source'].push(`${path}: ${wordOf(loser)}`)
      return winner === 'source' ? this.#agree(path, source, source) : this.#agree(path, destination, destination)
    }
    if (policy === 'keep-both') {
      const loser: Side = timeOf(source) < timeOf(destination) ? 'source' : 'destination'
      const [won, lost] = loser === 'source' ? [destination, source] : [source, destination]
      const copy = this.#options.copyName(path, loser)
      this.#next.set(copy, { source: lost, destination: lost })
      this.#next.set(path, { source: won, destination: won })
      const both: Both = { kind: 'both', node: won, copy: copy.slice(copy.lastIndexOf('/') + 1), lost }
      return { source: both as unknown as Node, destination: both as unknown as Node }
    }
    return this.#open(path, source, destination)
  }

  #newest(source: Leaf, destination: Leaf): Side | undefined {
    const { comparison, toleranceMs } = this.#options
    if (comparison === 'size-only' || comparison === 'hash-only') return undefined
    const apart = timeOf(source) - timeOf(destination)
    return Math.abs(apart) <= toleranceMs ? undefined : apart > 0 ? 'source' : 'destination'
  }

  /** Nothing happens, and what the last sync left is still what the next one starts from. */
  #open(path: Path, source: Node, destination: Node): Outcome {
    this.#conflicts.push(path)
    for (const [at, known] of this.#known) if (at === path || at.startsWith(`${path}/`)) this.#next.set(at, known)
    return { source, destination }
  }

  /** A leaf on one side, a directory on the other. */
  #clash(path: Path, source: Node, destination: Node): Outcome {
    const { mode, policy } = this.#options
    const holder: Side = source.kind === 'directory' ? 'source' : 'destination'
    const other: Side = holder === 'source' ? 'destination' : 'source'
    const [held, leaf] = (holder === 'source' ? [source, destination] : [destination, source]) as [DirectoryNode, Leaf]
    let winner: Side | 'both' | undefined
    if (mode !== 'two-way') {
      winner = mode.startsWith('source') ? 'source' : 'destination'
      // A backup never deletes, and a directory cannot be replaced without.
      if (winner === other && mode.endsWith('backup')) winner = undefined
    } else {
      const known = this.#known.get(path)
      const leafIsOld = known !== undefined && !this.#hasChanged(known[other], leaf)
      const directoryIsOld = known !== undefined && known[holder].kind === 'directory'
      if (leafIsOld && !directoryIsOld) winner = holder
      else if (directoryIsOld && !leafIsOld && this.#isAsLeft(path, held, holder)) winner = other
      else winner = policy === 'source-wins' ? 'source' : policy === 'destination-wins' ? 'destination' : policy === 'keep-both' ? 'both' : undefined
    }
    if (winner === undefined) return this.#open(path, source, destination)
    if (winner === 'both') {
      const copy = this.#options.copyName(path, other)
      this.#next.set(copy, { source: leaf, destination: leaf })
      const both: Both = { kind: 'both', node: this.#adopt(path, held), copy: copy.slice(copy.lastIndexOf('/') + 1), lost: leaf }
      return { source: both as unknown as Node, destination: both as unknown as Node }
    }
    if (winner === other) {
      if (mode === 'two-way') for (const [at, node] of leavesOf(held, path)) this.#trash[holder].push(`${at}: ${wordOf(node)}`)
      return this.#agree(path, leaf, leaf)
    }
    if (mode === 'two-way') this.#trash[other].push(`${path}: ${wordOf(leaf)}`)
    // The directory as it is goes across; nothing in it counts as deleted.
    const copy = this.#adopt(path, held)
    return { source: copy, destination: copy }
  }

  #adopt(path: Path, node: Node): Node {
    this.#next.set(path, { source: node, destination: node })
    if (node.kind === 'directory') for (const [name, child] of node.children) this.#adopt(`${path}/${name}`, child)
    return node
  }

  /** Whether a directory holds nothing but what the last sync left there; what is gone from it does not count. */
  #isAsLeft(path: Path, node: DirectoryNode, side: Side): boolean {
    for (const [name, child] of node.children) {
      const at = `${path}/${name}`
      const known = this.#known.get(at)
      if (known === undefined) return false
      if (child.kind === 'directory' ? known[side].kind !== 'directory' || !this.#isAsLeft(at, child, side) : this.#hasChanged(known[side], child))
        return false
    }
    return true
  }

  #agree(path: Path, source: Leaf, destination: Leaf): Outcome {
    this.#next.set(path, { source, destination })
    return { source, destination }
  }

  /** Against the side's own past. */
  #hasChanged(before: Node, now: Leaf): boolean {
    if (before.kind === 'directory' || before.kind !== now.kind) return true
    if (now.kind === 'symlink') return (before as LinkNode).target !== now.target
    const old = before as FileNode
    switch (this.#options.comparison) {
      case 'size-only':
        return old.text.length !== now.text.length
      case 'mtime-only':
      case 'size-and-mtime':
        return old.text.length !== now.text.length || old.modified !== now.modified
      case 'hash-then-mtime':
      case 'hash-only':
        // Another version of the same content is a change to whoever does not remember the content.
        return old.text !== now.text || (old.hashed !== true && old.version !== now.version)
    }
  }

  /** Against each other. */
  #areEqual(source: Leaf, destination: Leaf): boolean {
    if (source.kind === 'symlink' || destination.kind === 'symlink')
      return source.kind === destination.kind && (source as LinkNode).target === (destination as LinkNode).target
    const sameSize = source.text.length === destination.text.length
    const sameTime = Math.abs(source.modified - destination.modified) <= this.#options.toleranceMs
    switch (this.#options.comparison) {
      case 'size-only':
        return sameSize
      case 'mtime-only':
        return sameTime
      case 'size-and-mtime':
        return sameSize && sameTime
      case 'hash-then-mtime':
      case 'hash-only':
        return source.text === destination.text
    }
  }
}

/** A conflict of which both versions are kept: two names come of one. */
interface Both {
  readonly kind: 'both'
  readonly node: Node
  readonly copy: string
  readonly lost: Node
}

function add(children: Map<string, Node>, name: string, node: Node): void {
  const both = node as unknown as Both
  if (both.kind !== 'both') {
    children.set(name, node)
    return
  }
  children.set(name, both.node)
  children.set(both.copy, both.lost)
}

function timeOf(leaf: Leaf): number {
  return leaf.modified ?? 0
}

function* leavesOf(node: DirectoryNode, path: Path): Generator<readonly [Path, Leaf]> {
  for (const [name, child] of node.children) {
    if (child.kind === 'directory') yield* leavesOf(child, `${path}/${name}`)
    else yield [`${path}/${name}`, child]
  }
}
