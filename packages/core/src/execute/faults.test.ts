import { describe, expect, test } from 'vitest'
import { StorageError } from '../errors.ts'
import type { Side } from '../modes.ts'
import { joinPath } from '../path.ts'
import type { MovedEntry, Plan, PlanItem, SyncableEntry } from '../plan.ts'
import type { Entry, FileEntry, ReadableStorage, WritableStorage } from '../protocol.ts'
import type { MemoryCapabilities } from '../storages/memory.ts'
import { decorate } from '../storages/decorate.ts'
import { execute } from './execute.ts'
import { entriesOf, Faults, itemFor, mirrorPlan, planOf, stateOf, storageWith, treeOf, watch, type FailureMoment, type Tree } from './test-kit.ts'

interface Store {
  readonly name: string
  readonly capabilities: MemoryCapabilities
  /** `false`: neither etags nor ids. */
  readonly etags?: false
  /** Methods the store lacks. */
  readonly lacks?: readonly ('move' | 'copy' | 'makeSymlink' | 'setModified' | 'setMode')[]
}

const stores: readonly Store[] = [
  { name: 'everything promised', capabilities: {} },
  { name: 'preconditions ignored', capabilities: { conditional: false } },
  { name: 'partial files shown', capabilities: { conditional: false, atomicWrite: false } },
  { name: 'partial files shown, only copy', capabilities: { conditional: false, atomicWrite: false }, lacks: ['move'] },
  { name: 'partial files shown, neither copy nor move', capabilities: { conditional: false, atomicWrite: false }, lacks: ['move', 'copy'] },
  { name: 'partial files shown, no etags', capabilities: { conditional: false, atomicWrite: false }, etags: false },
  { name: 'no move', capabilities: {}, lacks: ['move'] },
  { name: 'neither copy nor move', capabilities: {}, lacks: ['move', 'copy'] },
]

async function storeWith(tree: Tree, { capabilities, etags, lacks = [] }: Store, name: string): Promise<WritableStorage> {
  const storage = await storageWith(tree, capabilities, name)
  return decorate(storage, { ...Object.fromEntries(lacks.map(method => [method, undefined])), ...(etags === false && withoutEtags(storage)) })
}

function withoutEtags(storage: WritableStorage): Partial<WritableStorage> {
  const bare = <T extends Entry>(entry: T): T => {
    const { etag: _etag, id: _id, ...rest } = entry as T & { etag?: string; id?: string }
    return rest as T
  }
  return {
    stat: async (path, options) => {
      const entry = await storage.stat(path, options)
      return entry && bare(entry)
    },
    async *list(path, options) {
      for await (const page of storage.list(path, options)) yield Array.isArray(page) ? (page as readonly Entry[]).map(bare) : bare(page as Entry)
    },
    write: async (path, content, options) => bare(await storage.write(path, content, options)),
    copy: async (from, to, options) => bare((await storage.copy?.(from, to, options)) as FileEntry),
  }
}

/** Every kind of item at once: both directions, updates and deletions into the trash, renames of a file and a directory, a kept conflict, changes of kind. */
const sourceTree: Tree = {
  'new.txt': 'new',
  'deep/er/new': 'deep new',
  'update.txt': 'updated at the source',
  'renamed-to.txt': 'moved content',
  'folder-to': null,
  'folder-to/a': 'folder a',
  'folder-to/b/c': 'folder c',
  'conflict.txt': 'source says',
  swap: null,
  'swap/inside': 'inside',
  turn: 'a file now',
  link: { link: 'b' },
  newlink: { link: 'n' },
  'delete-me.txt': 'delete me at the source',
  empty: null,
  zero: '',
}
const destinationTree: Tree = {
  'download.txt': 'from the destination',
  'update.txt': 'before',
  'renamed-from.txt': 'moved content',
  'folder-from': null,
  'folder-from/a': 'folder a',
  'folder-from/b/c': 'folder c',
  'conflict.txt': 'destination says',
  swap: 'swap was a file',
  turn: null,
  'turn/in': 'in turn',
  link: { link: 'a' },
  gone: null,
  'gone/deep': null,
  'gone/deep/x': 'x marks',
}

async function scenario(store: Store): Promise<{ source: WritableStorage; destination: WritableStorage; plan: Plan }> {
  const source = await storeWith(sourceTree, store, 'source')
  const destination = await storeWith(destinationTree, store, 'destination')
  const at = async (storage: ReadableStorage, path: string): Promise<SyncableEntry> => (await storage.stat(path)) as SyncableEntry
  const items: PlanItem[] = []
  const add = async (item: Parameters<typeof itemFor>[2]): Promise<void> => void items.push(await itemFor(source, destination, item))
  const moved: MovedEntry[] = []
  for (const path of ['a', 'b', 'b/c']) {
    const [from, to] = [joinPath('folder-from', path), joinPath('folder-to', path)]
    moved.push({ from, to, renamed: await at(source, to), follows: await at(destination, from) })
  }
  await add({
    action: 'RENAME_DESTINATION',
    phase: 'rename',
    path: 'renamed-to.txt',
    from: 'renamed-from.txt',
    destination: await at(destination, 'renamed-from.txt'),
  })
  await add({
    action: 'RENAME_DESTINATION',
    phase: 'rename',
    path: 'folder-to',
    from: 'folder-from',
    kind: 'directory',
    destination: await at(destination, 'folder-from'),
    moved,
  })
  const loser = await at(destination, 'conflict.txt')
  const { etag: _etag, hashes: _hashes, ...copy } = { ...loser, path: 'conflict copy.txt' } as SyncableEntry & { etag?: string; hashes?: unknown }
  await add({
    action: 'RENAME_DESTINATION',
    phase: 'rename',
    path: 'conflict copy.txt',
    from: 'conflict.txt',
    source: null,
    destination: loser,
    kind: 'file',
  })
  await add({ action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'conflict.txt', destination: null })
  await add({
    action: 'DOWNLOAD_NEW',
    phase: 'transfer',
    path: 'conflict copy.txt',
    source: null,
    destination: copy,
    kind: 'file',
    size: 16,
  })
  await add({ action: 'DELETE_DESTINATION', phase: 'clear', path: 'swap', source: null, kind: 'file', trash: true })
  await add({ action: 'DELETE_DESTINATION', phase: 'clear', path: 'turn/in', source: null, trash: true })
  await add({ action: 'DELETE_DESTINATION', phase: 'clear', path: 'turn', source: null, kind: 'directory' })
  await add({ action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'turn', destination: null })
  for (const path of ['deep', 'deep/er', 'empty']) await add({ action: 'UPLOAD_NEW', phase: 'directory', path })
  await add({ action: 'UPLOAD_UPDATE', phase: 'directory', path: 'swap', destination: null })
  for (const path of ['new.txt', 'deep/er/new', 'swap/inside', 'zero', 'newlink'])
    await add({ action: 'UPLOAD_NEW', phase: 'transfer', path, destination: null })
  await add({ action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'update.txt', trash: true })
  await add({ action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'link', trash: true })
  await add({ action: 'DOWNLOAD_NEW', phase: 'transfer', path: 'download.txt' })
  await add({ action: 'DELETE_SOURCE', phase: 'delete-file', path: 'delete-me.txt', trash: true })
  await add({ action: 'DELETE_DESTINATION', phase: 'delete-file', path: 'gone/deep/x', trash: true })
  await add({ action: 'DELETE_DESTINATION', phase: 'delete-directory', path: 'gone/deep' })
  await add({ action: 'DELETE_DESTINATION', phase: 'delete-directory', path: 'gone' })
  return { source, destination, plan: planOf(items) }
}

const finalTree: Tree = Object.fromEntries(
  Object.entries({
    ...sourceTree,
    'download.txt': 'from the destination',
    'conflict copy.txt': 'destination says',
    deep: null,
    'deep/er': null,
    'folder-to/b': null,
  })
    .filter(([path]) => path !== 'delete-me.txt')
    .sort(),
)

const contents = [
  ...new Set([...Object.values(sourceTree), ...Object.values(destinationTree)].filter(node => typeof node === 'string' && node !== '')),
]

/** All content of both sides, their trashes and temporaries. */
async function everything(...storages: readonly ReadableStorage[]): Promise<Set<unknown>> {
  const found = new Set<unknown>()
  for (const storage of storages) {
    for (const trash of [false, true]) for (const node of Object.values(await treeOf(storage, { trash }))) found.add(node)
  }
  return found
}

async function checkInvariants(
  source: WritableStorage,
  destination: WritableStorage,
  recorded: Parameters<typeof stateOf>[0],
  at: string,
): Promise<void> {
  const all = await everything(source, destination)
  for (const content of contents) expect(all.has(content), `${at}: "${String(content)}" is lost`).toBe(true)
  const [ours, theirs] = [await treeOf(source), await treeOf(destination)]
  for (const [path, change] of stateOf(recorded)) {
    const label = `${at}: ${path} is recorded and not there`
    if (change.source === undefined || change.destination === undefined) throw new Error(`${label}: half a record`)
    expect(ours[path], label).not.toBe(undefined)
    expect(theirs[path], label).toEqual(ours[path])
    for (const [storage, ancestor] of [
      [source, change.source],
      [destination, change.destination],
    ] as const) {
      const entry = (await storage.stat(path)) as SyncableEntry
      expect({ kind: entry.kind, size: entry.kind === 'file' ? entry.size : 0 }, label).toEqual({ kind: ancestor.kind, size: ancestor.size })
      if (entry.kind === 'file' && ancestor.etag !== undefined)
        expect(ancestor.etag, `${at}: ${path} is recorded as another version`).toBe(entry.etag)
    }
  }
}

async function countCalls(store: Store): Promise<number> {
  const { source, destination, plan } = await scenario(store)
  const faults = new Faults(0, 'before', () => undefined)
  const { context, recorded } = watch(faults.wrap(source), faults.wrap(destination))
  const result = await execute(plan, context)
  expect(result.failures).toEqual([])
  expect(result.stale).toEqual([])
  expect(Object.fromEntries(Object.entries(await treeOf(destination)).sort())).toEqual(finalTree)
  expect(Object.fromEntries(Object.entries(await treeOf(source)).sort())).toEqual(finalTree)
  await checkInvariants(source, destination, recorded, 'no fault')
  return faults.calls
}

const moments = [
  ['before', false],
  ['before', true],
  ['midway', false],
  ['midway', true],
  ['after', false],
  ['after', true],
  ['dead', false],
] as const

describe('execute, when one storage call fails', () => {
  const kinds = stores.flatMap(store => moments.map(([moment, retryable]) => ({ ...store, moment, retryable })))
  test.each(kinds)(
    '$name, $moment the effect, retryable: $retryable: loses nothing, records only what is there, and the next run finishes',
    async ({ moment, retryable, ...store }) => {
      const calls = await countCalls(store)
      for (let n = 1; n <= calls; n++) await oneFault(store, n, moment, retryable)
    },
  )
})

async function oneFault(store: Store, n: number, moment: FailureMoment, retryable: boolean): Promise<void> {
  const { source, destination, plan } = await scenario(store)
  const faults = new Faults(n, moment, () => new StorageError(retryable ? 'UNAVAILABLE' : 'UNKNOWN', 'planted fault'))
  const { context, recorded } = watch(faults.wrap(source), faults.wrap(destination))
  const result = await execute(plan, context).catch((error: unknown) => ({ error }))
  const at = `call ${n}, ${faults.failed}`
  await checkInvariants(source, destination, recorded, at)
  if (retryable) {
    expect('error' in result ? [] : [...result.failures, ...result.stale], at).toEqual([])
    expect(Object.fromEntries(Object.entries(await treeOf(destination)).sort()), at).toEqual(finalTree)
  }
  // The next run, from what is there, by the simplest plan: everything of the source is at the destination then, and nothing of ours is left over.
  const temporaries = async (): Promise<Record<Side, string[]>> => {
    const of = async (storage: ReadableStorage): Promise<string[]> =>
      (await entriesOf(storage)).map(entry => entry.path).filter(path => path.includes('.syncline-tmp-'))
    return { source: await of(source), destination: await of(destination) }
  }
  const again = watch(source, destination, { runId: 'again', leftovers: await temporaries() })
  const next = await execute(await mirrorPlan(source, destination, { trash: true }), again.context)
  expect([...next.failures, ...next.stale], at).toEqual([])
  expect(await treeOf(destination), at).toEqual(await treeOf(source))
  expect(await temporaries(), at).toEqual({ source: [], destination: [] })
  const all = await everything(source, destination)
  for (const content of contents) expect(all.has(content), `${at}: "${String(content)}" is lost after the next run`).toBe(true)
}
