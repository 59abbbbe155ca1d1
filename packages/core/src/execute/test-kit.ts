import type { Ancestor, StateChange } from '../ancestor.ts'
import { collectText, toBytes } from '../bytes.ts'
import type { SyncMode } from '../modes.ts'
import { compareEntries } from '../path.ts'
import { SyncPauseController } from '../pause.ts'
import { planPhases, type Plan, type PlanItem, type SyncableEntry } from '../plan.ts'
import { SyncProgressTracker } from '../progress-tracker.ts'
import type { SyncProgressEvent } from '../progress.ts'
import type { Entry, Path, ReadableStorage, WritableStorage } from '../protocol.ts'
import { memory, type MemoryCapabilities, type MemoryStorage } from '../storages/memory.ts'
import type { ExecuteContext } from './types.ts'

/** A tree by path: text is a file, `{ link }` a symlink, null a directory. */
export type Tree = Readonly<Record<Path, string | { readonly link: string } | null>>

/** Memory with files whose times count up from a fixed moment, so that trees differ by content only where a test says so. */
export async function storageWith(tree: Tree, capabilities: MemoryCapabilities = {}, name = 'memory:'): Promise<MemoryStorage> {
  let clock = 1_700_000_000_000
  const storage = memory({ name, capabilities, now: () => (clock += 10_000) })
  await fill(storage, tree)
  return storage
}

/** Writes a tree over what is there. */
export async function fill(storage: WritableStorage, tree: Tree): Promise<void> {
  for (const [path, node] of Object.entries(tree)) {
    if (node === null) await storage.makeDirectory?.(path)
    else if (typeof node === 'string') await storage.write(path, toBytes(node))
    else await storage.makeSymlink?.(path, node.link)
  }
}

/** Everything there, the engine's own names included. */
export async function entriesOf(storage: ReadableStorage): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const page of storage.list('')) entries.push(...(Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]))
  return entries.sort(compareEntries)
}

/** What a user sees: paths with their content, without the trash. */
export async function treeOf(storage: ReadableStorage, options: { readonly trash?: boolean; readonly directories?: boolean } = {}): Promise<Tree> {
  const tree: Record<Path, string | { link: string } | null> = {}
  for (const entry of await entriesOf(storage)) {
    if (entry.path.startsWith('.syncline-trash') !== (options.trash === true)) continue
    if (entry.kind === 'file') tree[entry.path] = await collectText(storage.read(entry.path))
    else if (entry.kind === 'symlink') tree[entry.path] = { link: entry.target }
    else if (entry.kind === 'directory' && options.directories !== false) tree[entry.path] = null
  }
  return tree
}

/** The contents in the trash, without the name of the run. */
export async function trashOf(storage: ReadableStorage): Promise<Tree> {
  const tree = await treeOf(storage, { trash: true, directories: false })
  return Object.fromEntries(Object.entries(tree).map(([path, node]) => [path.replace(/^\.syncline-trash\/[^/]+\//, ''), node]))
}

/** What a test sees of a run. */
export interface Watched {
  readonly context: ExecuteContext
  readonly events: SyncProgressEvent[]
  /** Changes as recorded, in order. */
  readonly recorded: StateChange[]
  readonly pause: SyncPauseController
}

export function watch(source: ReadableStorage, destination: ReadableStorage, options: Partial<ExecuteContext> = {}): Watched {
  const events: SyncProgressEvent[] = []
  const recorded: StateChange[] = []
  const pause = options.pause ?? new SyncPauseController()
  let time = 0
  const context: ExecuteContext = {
    source,
    destination,
    config: { trash: true, fsync: 'auto', toleranceMs: 2000, ...options.config },
    runId: 'run',
    now: () => (time += 1),
    random: () => 0.5,
    sleep: async () => {},
    hash: undefined,
    progress: new SyncProgressTracker(event => void events.push(event)),
    record: async changes => void recorded.push(...changes),
    ...options,
    ...(options.config !== undefined && { config: { ...options.config } }),
    pause,
  }
  return { context, events, recorded, pause }
}

export function config(options: Partial<ExecuteContext['config']> = {}): ExecuteContext['config'] {
  return { trash: true, fsync: 'auto', toleranceMs: 2000, ...options }
}

/** A plan of the given items. */
export function planOf(items: readonly PlanItem[], mode: SyncMode = 'two-way'): Plan {
  const side = { name: 'memory:', entries: 0, bytes: 0, known: 0 }
  const counts = {
    uploads: 0,
    downloads: 0,
    deletesSource: 0,
    deletesDestination: 0,
    renamesSource: 0,
    renamesDestination: 0,
    conflicts: 0,
    unchanged: 0,
    problems: 0,
    ignored: 0,
    bytes: 0,
  }
  const sorted = planPhases.flatMap(phase => items.filter(item => item.phase === phase))
  return {
    version: 1,
    pair: 'test',
    created: 0,
    mode,
    comparison: 'hash-then-mtime',
    source: side,
    destination: side,
    items: sorted,
    settled: [],
    problems: [],
    migration: { left: 0, entered: 0 },
    counts,
  }
}

/** An item from what both storages have at its path now. */
export async function itemFor(
  source: ReadableStorage,
  destination: ReadableStorage,
  item: Pick<PlanItem, 'action' | 'path' | 'phase'> & Partial<PlanItem>,
): Promise<PlanItem> {
  const [here, there] = [(await source.stat(item.path)) ?? null, (await destination.stat(item.path)) ?? null]
  const upload = item.action.startsWith('UPLOAD') || item.action === 'DELETE_SOURCE'
  const entry = (upload ? here : there) ?? here ?? there
  return {
    from: null,
    kind: (entry?.kind ?? 'file') as PlanItem['kind'],
    size: item.phase === 'transfer' && entry?.kind === 'file' ? entry.size : 0,
    reason: 'test',
    source: here,
    destination: there,
    ...item,
  }
}

/** The plan that makes the destination like the source, by content. Kinds that change are cleared first, as the planner does. */
export async function mirrorPlan(source: ReadableStorage, destination: ReadableStorage, options: { readonly trash?: boolean } = {}): Promise<Plan> {
  const isOurs = (entry: Entry): boolean => !entry.path.includes('.syncline-t')
  const ours = new Map((await entriesOf(source)).filter(isOurs).map(entry => [entry.path, entry as SyncableEntry]))
  const theirs = new Map((await entriesOf(destination)).filter(isOurs).map(entry => [entry.path, entry as SyncableEntry]))
  const items: PlanItem[] = []
  const trash = options.trash === true ? { trash: true as const } : {}
  for (const [path, entry] of ours) {
    const there = theirs.get(path)
    const base = { path, from: null, kind: entry.kind, reason: 'test', source: entry as Entry }
    const size = entry.kind === 'file' ? entry.size : 0
    const phase = entry.kind === 'directory' ? 'directory' : 'transfer'
    if (there === undefined) items.push({ ...base, action: 'UPLOAD_NEW', phase, size, destination: null })
    else if (there.kind !== entry.kind && (there.kind === 'directory' || entry.kind === 'directory')) {
      items.push({
        ...base,
        action: 'DELETE_DESTINATION',
        kind: there.kind,
        phase: 'clear',
        size: 0,
        source: null,
        destination: there,
        ...(there.kind !== 'directory' && trash),
      })
      items.push({ ...base, action: 'UPLOAD_UPDATE', phase, size, destination: null })
    } else if (entry.kind !== 'directory' && !(await isEqual(source, destination, entry, there))) {
      items.push({ ...base, action: 'UPLOAD_UPDATE', phase, size, destination: there, ...trash })
    }
  }
  for (const [path, entry] of theirs) {
    if (ours.has(path)) continue
    const isCleared = [...ours].some(([other, node]) => node.kind !== 'directory' && path.startsWith(`${other}/`))
    const phase = isCleared ? 'clear' : entry.kind === 'directory' ? 'delete-directory' : 'delete-file'
    items.push({
      action: 'DELETE_DESTINATION',
      path,
      from: null,
      kind: entry.kind,
      phase,
      size: 0,
      reason: 'test',
      source: null,
      destination: entry,
      ...(entry.kind !== 'directory' && trash),
    })
  }
  return planOf(items)
}

async function isEqual(source: ReadableStorage, destination: ReadableStorage, a: SyncableEntry, b: SyncableEntry): Promise<boolean> {
  if (a.kind !== b.kind) return false
  if (a.kind === 'symlink' || b.kind === 'symlink')
    return a.kind === b.kind && (a as { target?: string }).target === (b as { target?: string }).target
  return (await collectText(source.read(a.path))) === (await collectText(destination.read(b.path)))
}

/** What the recorded changes come to: a state by path. */
export function stateOf(
  changes: readonly StateChange[],
): Map<Path, { readonly source: Ancestor | undefined; readonly destination: Ancestor | undefined }> {
  const state = new Map<Path, { source: Ancestor | undefined; destination: Ancestor | undefined }>()
  for (const { path, source, destination } of changes) {
    if (source === undefined && destination === undefined) state.delete(path)
    else state.set(path, { source, destination })
  }
  return state
}

/**
 * When a call fails: before its effect, after it, so that only the answer is lost, or with half of the content (a call without content: before).
 * `dead`: before its effect, and so does every later call, as after a kill.
 */
export type FailureMoment = 'before' | 'midway' | 'after' | 'dead'

/** Calls of several storages together, one of which fails. */
export class Faults {
  calls = 0
  /** The call that failed: method and path. */
  failed: string | undefined

  constructor(
    readonly failAt: number,
    readonly moment: FailureMoment,
    readonly error: () => unknown,
  ) {}

  /** The storage, with its calls counted. */
  wrap<T extends ReadableStorage>(storage: T): T {
    return new Proxy(storage, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        const call = value.bind(target) as (...args: readonly unknown[]) => unknown
        if (key === 'list' || key === 'read') return (...args: readonly unknown[]) => this.#iterate(String(key), call, args)
        return (...args: readonly unknown[]) => this.#call(String(key), call, args)
      },
    })
  }

  async #call(method: string, call: (...args: readonly unknown[]) => unknown, args: readonly unknown[]): Promise<unknown> {
    const fails = this.#count(method, args)
    if (fails && this.moment === 'midway' && method === 'write')
      return call(args[0], this.#half(args[1] as AsyncIterable<Uint8Array>), ...args.slice(2))
    if (fails && this.moment !== 'after') throw this.error()
    const answer = await call(...args)
    if (fails) throw this.error()
    return answer
  }

  async *#iterate(method: string, call: (...args: readonly unknown[]) => unknown, args: readonly unknown[]): AsyncGenerator<unknown> {
    const fails = this.#count(method, args)
    if (fails && this.moment === 'before') throw this.error()
    const content = call(...args) as AsyncIterable<unknown>
    if (fails && this.moment === 'midway') yield* method === 'read' ? this.#half(content as AsyncIterable<Uint8Array>) : []
    else yield* content
    if (fails) throw this.error()
  }

  async *#half(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      yield chunk.subarray(0, chunk.length >> 1)
      break
    }
    throw this.error()
  }

  #count(method: string, args: readonly unknown[]): boolean {
    this.calls++
    if (this.moment === 'dead' ? this.failAt === 0 || this.calls < this.failAt : this.calls !== this.failAt) return false
    this.failed ??= `${method} ${String(args[0])}`
    return true
  }
}
