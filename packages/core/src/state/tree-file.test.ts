import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ancestor } from '../ancestor.ts'
import { collect, collectText, toBytes } from '../bytes.ts'
import { compareKeys } from '../path.ts'
import type { Path, ReadableStorage, WritableStorage } from '../protocol.ts'
import { decorate } from '../storages/decorate.ts'
import { memory } from '../storages/memory.ts'
import { toEdits } from './test-kit.ts'
import { overlay } from './tree-edits.ts'
import { formatLine } from './tree-line.ts'
import { readSeal, readTree } from './tree-reader.ts'
import { writeTree } from './tree-writer.ts'

type Changes = Map<Path, Ancestor | undefined>

const segment = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'a-b', 'a.txt', 'ab', '0', '12', '__proto__', 'é', '\uffff', '😀', '\ud800', '"', '\\', '\n') },
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }).filter(name => !/[\0/]|^\.\.?$/.test(name)),
)
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map(segments => segments.join('/'))
const ancestor = fc
  .record({ path, directory: fc.boolean(), size: fc.nat(2000), hash: fc.boolean() })
  .map(({ path, directory, size, hash }): Ancestor =>
    directory
      ? { path, kind: 'directory', size: 0 }
      : { path, kind: 'file', size, modified: size / 8, id: `${size}`, ...(hash && { hash: `sha256:${'0'.repeat(64)}` }) },
  )
const changes: fc.Arbitrary<Changes> = fc
  .array(fc.tuple(ancestor, fc.boolean()), { maxLength: 60 })
  .map(list => new Map(list.map(([entry, put]) => [entry.path, put ? entry : undefined])))
const tree: fc.Arbitrary<Changes> = fc.array(ancestor, { maxLength: 60 }).map(list => new Map(list.map(entry => [entry.path, entry])))

/** What a map of paths says is there, in key order. */
function inOrder(map: Changes): Ancestor[] {
  const entries = [...map.values()].filter(entry => entry !== undefined)
  return entries.sort((a, b) => compareKeys(a.path, a.kind === 'directory', b.path, b.kind === 'directory'))
}

/** The naive model of edits on a tree. */
function merged(base: Changes, edits: Changes): Changes {
  return new Map([...new Map([...base, ...edits])].filter(([, entry]) => entry !== undefined))
}

/** Gives what it reads in pieces of `length` bytes. */
function cutting(storage: WritableStorage, length: number): WritableStorage {
  return decorate(storage, {
    async *read(path, options) {
      const bytes = await collect(storage.read(path, options))
      for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length)
    },
  })
}

async function all(pages: AsyncIterable<readonly Ancestor[]>): Promise<Ancestor[]> {
  const entries: Ancestor[] = []
  for await (const page of pages) entries.push(...page)
  return entries
}

async function written(map: Changes, storage: WritableStorage = memory()): Promise<WritableStorage> {
  await writeTree(storage, 'tree.json', { edits: toEdits(map, true), generation: 1, folded: 2 })
  return storage
}

const problemOf = (storage: ReadableStorage): Promise<unknown> => all(readTree(storage, 'tree.json')).catch((error: unknown) => error)

describe('writeTree', () => {
  test('writes what readTree reads back, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 1, max: 3000 }), async (map, length) => {
        const storage = cutting(await written(map), length)
        expect(await all(readTree(storage, 'tree.json'))).toStrictEqual(inOrder(map))
        expect(await readSeal(storage, 'tree.json')).toMatchObject({ generation: 1, folded: 2, entries: map.size })
      }),
      { numRuns: 200 },
    )
  })

  test('writes one JSON object with every path and the seal under the path of the root', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async map => {
        const text = await collectText((await written(map)).read('tree.json'))
        const object = JSON.parse(text) as Record<
          string,
          { readonly size: number; readonly is_dir: boolean; readonly mtime?: number; readonly entries?: number }
        >
        expect(new Set(Object.keys(object))).toEqual(new Set(['', ...map.keys()]))
        expect(object['']?.entries).toBe(map.size)
        for (const [path, entry] of map) {
          const stored = Object.getOwnPropertyDescriptor(object, path)?.value as (typeof object)[string]
          expect([stored.size, stored.is_dir, stored.mtime]).toEqual([
            entry?.size,
            entry?.kind === 'directory',
            entry?.modified === undefined ? undefined : entry.modified / 1000,
          ])
        }
        const lines = text.split('\n')
        expect([lines[0], lines.at(-2), lines.at(-1), lines.length]).toEqual(['{', '}', '', map.size + 4])
      }),
    )
  })

  test('gives the same file from a base and edits as from nothing', async () => {
    await fc.assert(
      fc.asyncProperty(tree, changes, fc.integer({ min: 1, max: 5000 }), async (base, edits, length) => {
        const storage = cutting(await written(base), length)
        const seal = await readSeal(storage, 'tree.json')
        if (seal === undefined) throw new Error('not written')
        await writeTree(storage, 'tree.json', { base: { file: 'tree.json', seal }, edits: toEdits(edits, false), generation: 1, folded: 2 })
        const expected = await written(merged(base, edits))
        expect(await collectText(storage.read('tree.json'))).toBe(await collectText(expected.read('tree.json')))
      }),
      { numRuns: 400 },
    )
  })

  test('gives the same file in large trees, with edits close together and far apart', async () => {
    const base: Changes = new Map()
    for (let i = 0; i < 20_000; i++) {
      const path = `d${i % 37}/${i}`
      base.set(path, { path, kind: 'file', size: i })
    }
    const edits: Changes = new Map()
    const paths = [...base.keys()]
    for (const [index, path] of paths.entries()) {
      if (index % 1999 === 0 || (index > 5000 && index < 5100)) edits.set(path, index % 2 === 0 ? undefined : { path, kind: 'file', size: 7 })
      if (index % 3001 === 0) edits.set(`${path}x`, { path: `${path}x`, kind: 'directory', size: 0 })
    }
    const storage = await written(base)
    const seal = await readSeal(storage, 'tree.json')
    if (seal === undefined) throw new Error('not written')
    const sizes: number[] = []
    const counting = decorate(storage, {
      async write(path, content, options) {
        const chunks: Uint8Array[] = []
        for await (const chunk of content) chunks.push(chunk)
        sizes.push(...chunks.map(chunk => chunk.length))
        return storage.write(
          path,
          toBytes(
            (async function* () {
              yield* chunks
            })(),
          ),
          options,
        )
      },
    })
    await writeTree(counting, 'tree.json', { base: { file: 'tree.json', seal }, edits: toEdits(edits, false), generation: 1, folded: 2 })
    const expected = await written(merged(base, edits))
    expect(await collectText(storage.read('tree.json'))).toBe(await collectText(expected.read('tree.json')))
    expect(Math.min(...sizes.slice(0, -2))).toBeGreaterThanOrEqual(256 * 1024)
  })

  test('leaves the file as it was if the base is damaged', async () => {
    const storage = await written(new Map([['a', { path: 'a', kind: 'file', size: 1 }]]))
    const seal = await readSeal(storage, 'tree.json')
    if (seal === undefined) throw new Error('not written')
    const before = (await collectText(storage.read('tree.json'))).replace('"size":1', '"size":2')
    await storage.write('tree.json', toBytes(before))
    await expect(writeTree(storage, 'tree.json', { base: { file: 'tree.json', seal }, edits: [], generation: 2, folded: 0 })).rejects.toMatchObject({
      code: 'CORRUPT',
    })
    expect(await collectText(storage.read('tree.json'))).toBe(before)
  })
})

describe('overlay', () => {
  test('shows what a map of paths says, for changes that insert, replace, remove and change the kind', async () => {
    await fc.assert(
      fc.asyncProperty(tree, changes, fc.integer({ min: 1, max: 7 }), async (base, edits, pageLength) => {
        const entries = inOrder(base)
        const pages = (async function* () {
          for (let at = 0; at < entries.length; at += pageLength) yield entries.slice(at, at + pageLength)
        })()
        expect(await all(overlay(pages, toEdits(edits, false)))).toEqual(inOrder(merged(base, edits)))
      }),
      { numRuns: 500 },
    )
  })
})

describe('readTree', () => {
  const small: Changes = new Map(['a', 'b/"', 'c\n'].map(path => [path, { path, kind: 'file', size: 12, modified: 1.5 }]))

  test('notices a file that was cut short, at every byte', async () => {
    const bytes = await collect((await written(small)).read('tree.json'))
    for (let length = 0; length < bytes.length; length++) {
      const storage = memory()
      await storage.write('tree.json', toBytes(bytes.slice(0, length)))
      expect(await problemOf(storage), `cut after ${length} bytes`).toMatchObject({ code: 'CORRUPT', path: 'tree.json' })
      await expect(readSeal(storage, 'tree.json')).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })

  test('notices a changed bit in every byte', async () => {
    const bytes = await collect((await written(small)).read('tree.json'))
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      const storage = memory()
      await storage.write('tree.json', toBytes(changed))
      const [problem, seal] = [await problemOf(storage), await readSeal(storage, 'tree.json').catch(() => undefined)]
      // The generation and the number of folded segments are judged by whoever knows what they should be.
      if (seal !== undefined && (seal.generation !== 1 || seal.folded !== 2)) continue
      expect(problem, `bit of byte ${at}`).toMatchObject({ code: 'CORRUPT', path: 'tree.json' })
    }
  })

  test('notices entries that are out of order', async () => {
    const storage = memory()
    const line = (path: Path): Uint8Array => new TextEncoder().encode(formatLine({ path, kind: 'file', size: 1 }))
    const edits = ['b', 'a'].map(path => ({ path, directory: false, put: line(path) }))
    await writeTree(storage, 'tree.json', { edits, generation: 1, folded: 0 })
    expect(await problemOf(storage)).toMatchObject({ code: 'CORRUPT' })
  })

  test('notices that the file is another one than expected', async () => {
    const storage = await written(small)
    const seal = await readSeal(storage, 'tree.json')
    await written(new Map(), storage)
    await expect(all(readTree(storage, 'tree.json', { seal }))).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('rejects with the reason of an abort', async () => {
    const storage = await written(small)
    await expect(all(readTree(storage, 'tree.json', { signal: AbortSignal.abort('enough') }))).rejects.toBe('enough')
  })
})
