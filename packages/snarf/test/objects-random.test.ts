/** Random graphs, changed at random on both sides, against what a reader of the documentation would expect of each key. */
import { memory } from '@syncline/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Check,
  Checkout,
  Commit,
  CommitError,
  DefaultSynchronizer,
  repositoryFromStorage,
  SnarfRepository,
  type ObjectSpace,
  type Repository,
} from '../src/objects/index.ts'
import { contentModel, Doc, File, FileFileSynchronizer, Folder } from './content-model.ts'

type Tree = { readonly [key: string]: Tree | string | number }

/** Keys that case, Unicode forms and suffixes make hard. */
const key = fc.constantFrom(
  'a',
  'A',
  'b',
  'a-1',
  'a.txt',
  'A.txt',
  'a-1.txt',
  '\u00e4',
  'a\u0308',
  '.x',
  '@@zope',
  'Entries.xml',
  'x y',
  '"\'<&>',
  '\u{1f600}',
)
const { tree } = fc.letrec<{ tree: Tree; value: Tree | string | number }>(tie => ({
  tree: fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
  value: fc.oneof({ depthSize: 'small' }, fc.string({ maxLength: 5 }), fc.integer({ min: 0, max: 3 }), tie('tree')),
}))

/** Strings are files with a body and an extra, numbers are pickled documents. */
function graphOf(value: Tree | string | number): unknown {
  if (typeof value === 'string') return new File(value, 'text/plain', value.slice(1))
  if (typeof value === 'number') return new Doc({ value })
  return new Folder(new Map(Object.entries(value).map(([name, child]) => [name, graphOf(child)])))
}

/** Keys in order, so that pictures of equal content are equal. */
function treeOf(graph: unknown): unknown {
  if (graph instanceof Folder) return Object.fromEntries([...graph.children].sort().map(([name, child]) => [name, treeOf(child)]))
  return graph instanceof File ? `${graph.data}|${graph.title}` : graph
}

function world(): ObjectSpace {
  return contentModel().space.synchronizer('zope.fssync.synchronizer.Extras', DefaultSynchronizer)
}

const repositories: readonly (readonly [string, () => Repository])[] = [
  ['an archive', () => new SnarfRepository()],
  ['an archive for file systems that fold', () => new SnarfRepository(undefined, { caseInsensitive: true, unicodeForm: 'NFD' })],
  ['a storage', () => repositoryFromStorage(memory())],
  ['a storage that folds', () => repositoryFromStorage(memory({ capabilities: { exactNames: false } }))],
]

describe.each(repositories)('in %s', (_, make) => {
  test('a graph that is checked out and committed elsewhere is the same graph, and both are without conflict', async () => {
    const space = world()
    await fc.assert(
      fc.asyncProperty(tree, async content => {
        const repository = make()
        const graph = graphOf(content)
        await new Checkout(space, repository).perform(graph, 'top')
        const target: Record<string, unknown> = {}
        await new Commit(space, repository).perform(target, 'top', 'top')
        expect(treeOf(target['top'])).toEqual(treeOf(graph))
        for (const container of [{ top: graph }, target]) {
          const { conflicts } = await new Check(space, repository).check(container, 'top', 'top')
          expect(conflicts).toEqual([])
          expect((await new Commit(space, repository).plan(container, 'top', 'top', { missing: 'delete' })).items).toEqual([])
        }
      }),
      { numRuns: 40 },
    )
  })

  test('a commit that deletes what is missing makes any graph the checked out one; a check tells whether they differed', async () => {
    const space = world()
    await fc.assert(
      fc.asyncProperty(tree, tree, async (content, other) => {
        const repository = make()
        const wanted = graphOf(content)
        const now = graphOf(other) as object
        await new Checkout(space, repository).perform(wanted, 'top')
        const differs = JSON.stringify(treeOf(now)) !== JSON.stringify(treeOf(wanted))
        const { conflicts } = await new Check(space, repository).check(now, '', 'top')
        if (conflicts.length > 0) expect(differs).toBe(true)
        const { items } = await new Commit(space, repository).perform(now, '', 'top', { missing: 'delete' })
        if (items.length > 0) expect(differs).toBe(true)
        expect(modelOf(treeOf(now))).toEqual(modelOf(treeOf(wanted)))
      }),
      { numRuns: 40 },
    )
  })

  test('a commit that keeps what is missing gives every key what the naive model gives it', async () => {
    const space = world()
    await fc.assert(
      fc.asyncProperty(tree, tree, async (content, other) => {
        const repository = make()
        const now = graphOf(other) as object
        await new Checkout(space, repository).perform(graphOf(content), 'top')
        await new Commit(space, repository).perform(now, '', 'top')
        expect(modelOf(treeOf(now))).toEqual(modelOf(treeOf(graphOf(merged(content, other)))))
      }),
      { numRuns: 40 },
    )
  })

  test('a commit whose nth load fails leaves the graph as it was, for every n', async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, async (content, other) => {
        for (let failing = 1; ; failing++) {
          let loads = 0
          class Failing extends FileFileSynchronizer {
            override async load(...args: Parameters<FileFileSynchronizer['load']>): ReturnType<FileFileSynchronizer['load']> {
              await super.load(...args)
              if (++loads === failing) throw new Error('planted')
            }
          }
          const space = world().synchronizer('app.models.File', Failing)
          const repository = make()
          await new Checkout(space, repository).perform(graphOf(content), 'top')
          const now = graphOf(other) as Folder
          const picture = pictureOf(now)
          const error: unknown = await new Commit(space, repository).perform(now, '', 'top', { missing: 'delete' }).catch((reason: unknown) => reason)
          if (!(error instanceof CommitError)) break
          expect(error.entries.map(entry => (entry.error as Error).message)).toEqual(['planted'])
          expect(pictureOf(now)).toEqual(picture)
        }
      }),
      { numRuns: 15 },
    )
  })
})

/** The repository's objects win, folders are merged, all else stays: written as plainly as can be. */
function merged(repository: Tree, content: Tree): Tree {
  const result: Record<string, Tree | string | number> = { ...content }
  for (const [name, wanted] of Object.entries(repository)) {
    const old = content[name]
    result[name] = typeof wanted === 'object' && typeof old === 'object' ? merged(wanted, old) : wanted
  }
  return result
}

/** Titles that a file has and the repository does not are no change: extras are never taken away. */
function modelOf(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, value.indexOf('|'))
  if (value instanceof Doc || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, modelOf(child)]))
}

/** Everything, in the order of the keys, with who is who. */
function pictureOf(value: unknown): unknown {
  if (value instanceof Folder) return [value.children, [...value.children].map(([name, child]) => [name, child, pictureOf(child)])]
  return { ...(value as object) }
}
