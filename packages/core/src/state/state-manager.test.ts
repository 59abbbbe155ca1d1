import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ancestor, StateChange } from '../ancestor.ts'
import { compareKeys } from '../path.ts'
import type { SyncMetadata } from './metadata.ts'
import { type StoredState, SyncStateManager } from './state-manager.ts'
import { TestStorage } from './test-storage.ts'

const pair = 'aaaabbbbccccdddd'
const metadata: SyncMetadata = { source: 'memory:a', destination: 'memory:b', mode: 'two-way', conflicts: [] }

type Tree = Record<string, Ancestor>
type Trees = { source: Tree; destination: Tree }

const file = (path: string, size = 1, more: Partial<Ancestor> = {}): Ancestor => ({ path, kind: 'file', size, ...more })
const directory = (path: string): Ancestor => ({ path, kind: 'directory', size: 0 })
const change = (path: string, source: Ancestor | undefined, destination: Ancestor | undefined = source): StateChange => ({ path, source, destination })

async function contentOf(state: StoredState): Promise<Trees> {
  const read = async (pages: AsyncIterable<readonly Ancestor[]>): Promise<Tree> => {
    const tree: Tree = Object.create(null) as Tree
    let last: Ancestor | undefined
    for await (const page of pages) {
      for (const entry of page) {
        if (last !== undefined) expect(compareKeys(last.path, last.kind === 'directory', entry.path, entry.kind === 'directory')).toBeLessThan(0)
        tree[entry.path] = last = entry
      }
    }
    return tree
  }
  return { source: await read(state.source()), destination: await read(state.destination()) }
}

function apply(trees: Trees, changes: readonly StateChange[]): Trees {
  const result = { source: Object.assign(Object.create(null), trees.source) as Tree, destination: Object.assign(Object.create(null), trees.destination) as Tree }
  for (const { path, source, destination } of changes) {
    if (source === undefined) delete result.source[path]
    else result.source[path] = source
    if (destination === undefined) delete result.destination[path]
    else result.destination[path] = destination
  }
  return result
}

const empty: Trees = { source: Object.create(null) as Tree, destination: Object.create(null) as Tree }

describe('SyncStateManager', () => {
  test('keeps what was recorded over a commit and a new process', async () => {
    const storage = new TestStorage()
    const manager = new SyncStateManager(storage)
    const first = await manager.open(pair)
    expect(first.problem?.kind).toBe('missing')
    expect(await contentOf(first)).toEqual(empty)
    const changes = [change('a', file('a', 5, { modified: 1609459200123.456, mode: 0o644, id: '7', hash: 'sha256:00' })), change('d', directory('d'))]
    await manager.record(changes)
    await manager.commit(metadata)
    const state = await new SyncStateManager(storage.reopen()).open(pair)
    expect(state.problem).toBeUndefined()
    expect(state.metadata).toEqual(metadata)
    expect(state.entries).toEqual({ source: 2, destination: 2 })
    expect(await contentOf(state)).toEqual(apply(empty, changes))
    expect([...storage.files.keys()].sort()).toEqual(['destination_tree.json', 'source_tree.json', 'sync_metadata.json'])
  })
})

export { apply, contentOf, fc }
