import { describe, expect, test } from 'vitest'
import { execute } from './execute.ts'
import { mirrorPlan, stateOf, storageWith, treeOf, watch, type Tree } from './test-kit.ts'
import type { MemoryCapabilities } from '../storages/memory.ts'

const before: Tree = {
  'keep.txt': 'same',
  'old.txt': 'old',
  'change.txt': 'before',
  gone: null,
  'gone/deep': null,
  'gone/deep/x': 'x',
  swap: 'a file',
  turn: null,
  'turn/in': 'in',
  link: { link: 'a' },
}
const after: Tree = {
  'keep.txt': 'same',
  'change.txt': 'after',
  'new/deep/y': 'y',
  empty: null,
  swap: null,
  'swap/inside': 'inside',
  turn: 'a file now',
  link: { link: 'b' },
  'zero.txt': '',
}

const kinds: readonly { readonly name: string; readonly capabilities: MemoryCapabilities }[] = [
  { name: 'a store that promises everything', capabilities: {} },
  { name: 'a store that ignores preconditions', capabilities: { conditional: false } },
  { name: 'a store that shows partial files', capabilities: { conditional: false, atomicWrite: false } },
]

describe('execute', () => {
  test.each(kinds)('makes the destination like the source on $name', async ({ capabilities }) => {
    const [source, destination] = [await storageWith(after, capabilities), await storageWith(before, capabilities)]
    const { context, recorded } = watch(source, destination)
    const result = await execute(await mirrorPlan(source, destination, { trash: true }), context)
    expect(result.failures).toEqual([])
    expect(result.stale).toEqual([])
    expect(await treeOf(destination)).toEqual(await treeOf(source))
    expect(await treeOf(destination, { trash: true, directories: false })).toEqual({
      '.syncline-trash/run/change.txt': 'before',
      '.syncline-trash/run/gone/deep/x': 'x',
      '.syncline-trash/run/link': { link: 'a' },
      '.syncline-trash/run/old.txt': 'old',
      '.syncline-trash/run/swap': 'a file',
      '.syncline-trash/run/turn/in': 'in',
    })
    for (const [path, { source: ours, destination: theirs }] of stateOf(recorded)) {
      expect(ours, path).toMatchObject({ path, kind: (await source.stat(path))?.kind })
      expect(theirs, path).toMatchObject({ path, kind: (await destination.stat(path))?.kind })
    }
  })
})
