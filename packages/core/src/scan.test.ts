import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StorageError } from './errors.ts'
import { Filter } from './filter/filter.ts'
import { compareEntries, parentPath } from './path.ts'
import type { Capabilities, Entry, ReadableStorage } from './protocol.ts'
import { scan, type ScannedEntry, type ScanOptions } from './scan.ts'

const fileAt = (path: string, size = 1): Entry => ({ kind: 'file', path, size })
const directoryAt = (path: string): Entry => ({ kind: 'directory', path })

/** A storage that lists just this, one by one or in pages. */
function listing(entries: Iterable<Entry | readonly Entry[]>, capabilities: Capabilities): ReadableStorage {
  return {
    name: 'listed:',
    capabilities,
    async *list() {
      yield* entries
    },
    stat: () => Promise.resolve(undefined),
    read: () => {
      throw new StorageError('NOT_FOUND', 'nothing to read')
    },
  }
}

interface Scanned {
  readonly entries: ScannedEntry[]
  readonly totals: readonly [entries: number, bytes: number]
  readonly pages: (readonly ScannedEntry[])[]
}

async function scanned(storage: ReadableStorage, options: ScanOptions = {}): Promise<Scanned> {
  const pages: (readonly ScannedEntry[])[] = []
  let totals: readonly [number, number] = [-1, -1]
  let last: readonly [number, number] = [0, 0]
  const told: ScanOptions = {
    ...options,
    onProgress: (entries, bytes) => (last = [entries, bytes]),
    onComplete: (entries, bytes) => (totals = [entries, bytes]),
  }
  for await (const page of scan(storage, told)) pages.push(page)
  expect(totals).toEqual(last)
  return { entries: pages.flat(), totals, pages }
}

const segment = fc.constantFrom('a', 'b', 'a-b', 'ab')
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map(segments => segments.join('/'))

describe('scan', () => {
  test('passes pages of which all is seen on as they are', async () => {
    const page = [fileAt('a'), directoryAt('b'), fileAt('b/c', 5)]
    const { pages, totals } = await scanned(listing([page], { ordered: true, directories: true }), { filter: new Filter({}) })
    expect(pages[0]).toBe(page)
    expect(totals).toEqual([3, 6])
  })

  test('hides what the rules hide, drops what lies below it, and counts neither', async () => {
    const entries = [fileAt('a'), fileAt('a.tmp'), directoryAt('b'), fileAt('b/c'), directoryAt('b/d'), fileAt('b/d/e'), fileAt('bb')]
    const storage = listing([entries.slice(0, 4), entries.slice(4)], { ordered: true, directories: true })
    const { entries: seen, totals } = await scanned(storage, { filter: new Filter({ ignore: ['*.tmp', 'b/'] }) })
    expect(seen).toEqual([
      fileAt('a'),
      { kind: 'hidden', path: 'a.tmp', directory: false },
      { kind: 'hidden', path: 'b', directory: true },
      fileAt('bb'),
    ])
    expect(totals).toEqual([2, 2])
  })

  test('reports names that are no path, and shows none of them', async () => {
    const bad: string[] = []
    const entries = ['', '/x', 'a', 'b/../c', 'd//e', 'f\0', 'g/'].map(name => fileAt(name))
    const { entries: seen, totals } = await scanned(listing(entries, { ordered: true, directories: true }), { onBadName: name => bad.push(name) })
    expect(seen).toEqual([fileAt('a')])
    expect(bad).toEqual(['', '/x', 'b/../c', 'd//e', 'f\0', 'g/'])
    expect(totals).toEqual([1, 1])
  })

  test('meets an ignore file that is not known yet', async () => {
    const met: string[] = []
    const storage = listing([fileAt('.syncignore'), directoryAt('a'), fileAt('a/.syncignore')], { ordered: true, directories: true })
    await scanned(storage, { filter: new Filter({}, [{ path: '.syncignore', texts: ['x'] }]), onIgnoreFile: found => met.push(found) })
    expect(met).toEqual(['a/.syncignore'])
  })

  test('shows each implied directory once, in key order, with whatever directories the storage lists itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path, { maxLength: 12 }), fc.func(fc.boolean()), fc.nat(4), async (paths, isListed, pageLength) => {
        const directories = new Set<string>()
        for (const each of paths) for (let parent = parentPath(each); parent !== ''; parent = parentPath(parent)) directories.add(parent)
        const files = paths.filter(each => !directories.has(each)).map(each => fileAt(each))
        const all = [...files, ...Array.from(directories, directoryAt)].sort(compareEntries)
        const listed = all.filter(entry => entry.kind === 'file' || isListed(entry.path))
        const pages =
          pageLength === 0 ? listed : Array.from(listed, (_, i) => listed.slice(i * pageLength, (i + 1) * pageLength)).filter(page => page.length > 0)
        for (const capabilities of [{ ordered: true }, {}]) {
          const { entries, totals } = await scanned(listing(capabilities.ordered === true ? pages : listed.toReversed(), capabilities))
          expect(entries).toEqual(all)
          expect(totals).toEqual([all.length, files.length])
        }
      }),
    )
  })

  test('reads a root that is missing as an empty tree, if it may be missing', async () => {
    const missing: ReadableStorage = {
      ...listing([], { ordered: true }),
      async *list() {
        throw new StorageError('NOT_FOUND', 'nothing there', { path: '' })
      },
    }
    let told = 0
    expect((await scanned(missing, { onMissing: () => told++ })).entries).toEqual([])
    expect(told).toBe(1)
    await expect(scanned(missing)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
