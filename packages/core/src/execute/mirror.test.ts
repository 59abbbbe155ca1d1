import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { execute } from './execute.ts'
import { mirrorPlan, stateOf, storageWith, trashOf, treeOf, watch, type Tree } from './test-kit.ts'

/** Trees over few names, so that they meet: every kind in the place of every other. */
const node = fc.oneof(fc.constantFrom('', 'one', 'two', 'three'), fc.constantFrom({ link: 'a' }, { link: 'b' }), fc.constant(null))
const path = fc.array(fc.constantFrom('a', 'b', 'é', 'a.txt'), { minLength: 1, maxLength: 3 }).map(names => names.join('/'))
const tree = fc.array(fc.tuple(path, node), { maxLength: 10 }).map(toTree)

/** Leaves out what lies below a file or a link. */
function toTree(nodes: readonly (readonly [string, Tree[string]])[]): Tree {
  const kept: Record<string, Tree[string]> = {}
  for (const [at, value] of nodes) {
    const parents = at.split('/').map((_, index, names) => names.slice(0, index).join('/'))
    const isBelowLeaf = parents.some(parent => parent in kept && kept[parent] !== null)
    const isParent = Object.keys(kept).some(other => other.startsWith(`${at}/`))
    if (!isBelowLeaf && !(isParent && value !== null)) kept[at] = value
  }
  return kept
}

const capabilities = fc.record({ conditional: fc.boolean(), atomicWrite: fc.boolean(), directories: fc.constant(true) })

describe('execute', () => {
  test('a mirror of any tree over any other ends equal, keeps what it replaced, records what is there, and has nothing left to do', async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, capabilities, async (ours, theirs, promises) => {
        const [source, destination] = [await storageWith(ours, promises), await storageWith(theirs, promises)]
        const before = await treeOf(destination)
        const { context, recorded } = watch(source, destination)
        const plan = await mirrorPlan(source, destination, { trash: true })
        expect(await execute(plan, context)).toMatchObject({ failures: [], stale: [], cancelled: false })
        const after = await treeOf(destination)
        expect(after).toEqual(await treeOf(source))
        const trash = await trashOf(destination)
        for (const [at, value] of Object.entries(before))
          if (value !== null && JSON.stringify(after[at]) !== JSON.stringify(value)) expect(trash[at], at).toEqual(value)
        const planned = new Set(plan.items.filter(item => item.action.startsWith('UPLOAD')).map(item => item.path))
        expect(new Set(stateOf(recorded).keys())).toEqual(planned)
        expect((await mirrorPlan(source, destination)).items).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
