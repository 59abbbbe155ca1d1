import {
  decorate,
  type Decorated,
  type Entry,
  isBelow,
  type Overrides,
  parentPath,
  type Path,
  type ReadableStorage,
  type WritableStorage,
} from '@syncline/core'
import { listAll } from '../check.ts'

/** How far an eventually consistent storage lags. */
export interface EventuallyConsistentOptions {
  /** Listings and stats that still show the old state after a change. */
  readonly lag: number
}

/**
 * Shows changes late: the next `lag` listings and stats after a change see the tree as it was before the change.
 *
 * Reads and the conditions of writes see the truth, as with object stores that replicate their index behind their data.
 */
export function eventuallyConsistent<S extends WritableStorage>(storage: S, { lag }: EventuallyConsistentOptions): Decorated<S> {
  /** Trees that are still shown, the oldest first. */
  const past: { readonly tree: ReadonlyMap<Path, Entry>; left: number }[] = []
  const members = storage as unknown as Readonly<Record<string, unknown>>

  const shown = async (): Promise<ReadonlyMap<Path, Entry>> => {
    while (past[0]?.left === 0) past.shift()
    for (const old of past) old.left--
    const [oldest] = past
    return oldest === undefined ? await treeOf(storage) : oldest.tree
  }

  const overrides: Record<string, unknown> = {
    async *list(path: Path, options: Parameters<ReadableStorage['list']>[1] = {}) {
      options.signal?.throwIfAborted()
      if (past.length === 0) return yield* storage.list(path, options)
      const tree = await shown()
      const recursive = options.recursive ?? true
      yield [...tree.values()].filter(entry => isBelow(entry.path, path) && (recursive || parentPath(entry.path) === path))
    },
    async stat(path: Path, options: Parameters<ReadableStorage['stat']>[1] = {}) {
      options.signal?.throwIfAborted()
      if (past.length === 0 || path === '') return await storage.stat(path, options)
      return (await shown()).get(path)
    },
  } satisfies Overrides<ReadableStorage>
  for (const name of ['write', 'remove', 'makeDirectory', 'makeSymlink', 'setModified', 'setMode', 'copy', 'move'] as const) {
    if (typeof members[name] !== 'function') continue
    overrides[name] = async (...args: readonly unknown[]) => {
      const tree = await treeOf(storage)
      const answer = await (members[name] as (...args: unknown[]) => unknown).apply(storage, [...args])
      past.push({ tree, left: lag })
      return answer
    }
  }
  return decorate(storage, overrides as Overrides<S>)
}

async function treeOf(storage: ReadableStorage): Promise<ReadonlyMap<Path, Entry>> {
  return new Map((await listAll(storage)).map(entry => [entry.path, entry]))
}
