import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isStorageError } from './errors.ts'
import { mergeJoin, type Keyed } from './merge-join.ts'

interface Item extends Keyed {
  readonly from: number
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The order from raw bytes, without the core's own comparison. */
function byKey(a: Item, b: Item): number {
  return Buffer.compare(bytes(a.path + (a.kind === 'directory' ? '/' : '')), bytes(b.path + (b.kind === 'directory' ? '/' : '')))
}

async function* pagesOf(items: readonly Item[], size: number): AsyncGenerator<readonly Item[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size)
}

const segment = fc.constantFrom('a', 'b', 'a-b', 'a.txt', 'a!', '\uE000', '\u{10000}', 'é', 'z')
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map(parts => parts.join('/'))

/** A tree: every path's parents are directories, so a leaf is never above another path. */
const tree = fc.array(fc.tuple(path, fc.constantFrom('file', 'symlink', 'directory')), { maxLength: 12 }).map(pairs => {
  const kinds = new Map<string, string>()
  for (const [at, kind] of pairs) if (!kinds.has(at)) kinds.set(at, kind)
  for (const at of [...kinds.keys()])
    for (let end = at.lastIndexOf('/'); end > 0; end = at.lastIndexOf('/', end - 1)) kinds.set(at.slice(0, end), 'directory')
  return kinds
})

describe('mergeJoin', () => {
  test('agrees with a join through a map, for three random trees and any page size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(tree, tree, tree), fc.integer({ min: 1, max: 5 }), async (trees, size) => {
        const listings = trees.map((kinds, from) => [...kinds].map(([at, kind]) => ({ path: at, kind, from })).sort(byKey))
        const joined = new Map<string, (string | undefined)[]>()
        for await (const page of mergeJoin(listings.map(listing => pagesOf(listing, size)))) {
          for (const row of page) {
            expect(joined.has(row.path), `${row.path} comes once`).toBe(false)
            joined.set(
              row.path,
              row.entries.map(entry => entry?.kind),
            )
          }
        }
        const expected = new Map([...new Set(trees.flatMap(kinds => [...kinds.keys()]))].map(at => [at, trees.map(kinds => kinds.get(at))]))
        expect(new Map([...joined].sort())).toEqual(new Map([...expected].sort()))
      }),
      { numRuns: 1000 },
    )
  })

  test('keeps the rows of a directory together: none comes after a row that is not below it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(tree, tree), async trees => {
        const listings = trees.map((kinds, from) => [...kinds].map(([at, kind]) => ({ path: at, kind, from })).sort(byKey))
        const order: string[] = []
        const directories = new Set<string>()
        for await (const page of mergeJoin(listings.map(listing => pagesOf(listing, 2)))) {
          for (const row of page) {
            order.push(row.path)
            if (row.entries.some(entry => entry?.kind === 'directory')) directories.add(row.path)
          }
        }
        for (const directory of directories) {
          const inside = order.map((at, i) => (at.startsWith(`${directory}/`) ? i : -1)).filter(i => i >= 0)
          const start = order.indexOf(directory)
          if (inside.length > 0) expect(inside).toEqual(inside.map((_, i) => start + 1 + i))
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('joins a file with a directory of its name across what lies between', async () => {
    const left: Item[] = [
      { path: 'a', kind: 'file', from: 0 },
      { path: 'a-b', kind: 'file', from: 0 },
    ]
    const right: Item[] = [
      { path: 'a-b', kind: 'file', from: 1 },
      { path: 'a', kind: 'directory', from: 1 },
      { path: 'a/x', kind: 'file', from: 1 },
    ]
    const rows: [string, (string | undefined)[]][] = []
    for await (const page of mergeJoin([pagesOf(left, 1), pagesOf(right, 1)]))
      for (const row of page) rows.push([row.path, row.entries.map(entry => entry?.kind)])
    expect(rows).toEqual([
      ['a-b', ['file', 'file']],
      ['a', ['file', 'directory']],
      ['a/x', [undefined, 'file']],
    ])
  })

  test('tells of a listing that has a file and a directory of one name', async () => {
    const both: Item[] = [
      { path: 'a', kind: 'file', from: 0 },
      { path: 'a', kind: 'directory', from: 0 },
    ]
    const rows = []
    for await (const page of mergeJoin([pagesOf(both, 1), pagesOf([], 1)])) rows.push(...page)
    expect(rows.map(row => [row.path, row.entries[0]?.kind, row.clash?.[0]?.kind])).toEqual([['a', 'directory', 'file']])
  })

  test.each([
    ['backwards', ['b', 'a']],
    ['twice', ['a', 'a']],
    ['in UTF-16 order', ['\u{10000}', '\uE000']],
  ])('refuses a listing that goes %s, and closes the others', async (_, names) => {
    let closed = false
    async function* other(): AsyncGenerator<readonly Item[]> {
      try {
        for (let i = 0; ; i++) yield [{ path: `\u{10FFFF}${String(i).padStart(9, '0')}`, kind: 'file', from: 1 }]
      } finally {
        closed = true
      }
    }
    const broken = names.map(name => ({ path: name, kind: 'file', from: 0 }))
    const run = async (): Promise<void> => {
      for await (const _page of mergeJoin([pagesOf(broken, 1), other()], ['the broken store']));
    }
    await expect(run()).rejects.toSatisfy((error: unknown) => isStorageError(error, 'UNORDERED') && error.message.includes('the broken store'))
    expect(closed).toBe(true)
  })

  test('refuses listings that go backwards anywhere, one of them or all alike', async () => {
    const sorted = fc
      .uniqueArray(path, { minLength: 2, maxLength: 8 })
      .map(paths => paths.map(at => ({ path: at, kind: 'file', from: 0 })).sort(byKey))
    await fc.assert(
      fc.asyncProperty(
        sorted,
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: -1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        async (items, at, count, which, size) => {
          const swapped = [...items]
          const first = at % (items.length - 1)
          swapped.splice(first, 2, items[first + 1] as Item, items[first] as Item)
          const broken = which % count
          const listings = Array.from({ length: count }, (_, i) => pagesOf(broken === i || which === -1 ? swapped : items, size))
          const run = async (): Promise<void> => {
            for await (const _page of mergeJoin(listings));
          }
          await expect(run()).rejects.toSatisfy((error: unknown) => isStorageError(error, 'UNORDERED'))
        },
      ),
      { numRuns: 500 },
    )
  })
})
