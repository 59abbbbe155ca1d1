import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toAncestor, type Ancestor } from '../ancestor.ts'
import { collect, toBytes } from '../bytes.ts'
import type { Decisions } from '../decisions.ts'
import { mergeJoin, type LazyPage } from '../merge-join.ts'
import { compareKeys } from '../path.ts'
import { Planner } from '../planner.ts'
import type { FileEntry, Path, WritableStorage } from '../protocol.ts'
import type { ScannedEntry } from '../scan.ts'
import { remember, type SyncRow } from '../site.ts'
import { decorate } from '../storages/decorate.ts'
import { memory } from '../storages/memory.ts'
import { endOfSameLine } from './same-line.ts'
import { toEdits } from './test-kit.ts'
import { formatLine } from './tree-line.ts'
import { readTreeLines } from './tree-lines.ts'
import { readTree } from './tree-reader.ts'
import { writeTree } from './tree-writer.ts'

type Listed = FileEntry | Extract<ScannedEntry, { readonly kind: 'directory' | 'symlink' }>

const tame = fc.constantFrom('a', 'b', 'a-b', 'a.txt', 'ab', '__proto__')
const wild = fc.oneof(tame, fc.constantFrom('é', '😀', '"', '\\', '\n', 'a":{"size":1'))
const modified = fc.oneof(
  fc.constantFrom(0, 1, 999, 1000, 1_700_000_000_000, 1_700_000_000_123.25, 1_700_000_000_123.456, -1.5),
  fc.nat(10 ** 6).map(n => 1.7e12 + n / 4096),
)
const etag = fc.constantFrom(undefined, '1', '12', '1-2', '12-1795262016.4095999')

/** Entries whose paths have these segments. */
function listedOf(segment: fc.Arbitrary<string>): fc.Arbitrary<Listed> {
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map(segments => segments.join('/'))
  const time = fc.option(modified, { nil: undefined, freq: 9 })
  const mode = fc.constantFrom(undefined, 0o644, 0o600)
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .record({ path, size: fc.nat(3), modified: time, mode, etag, id: fc.constantFrom(undefined, '7') })
        .map(rest => plain({ kind: 'file', ...rest })),
    },
    fc.record({ path, mode, modified }).map(rest => plain({ kind: 'directory', ...rest })),
    fc.record({ path, target: segment, modified }).map((rest): Listed => ({ kind: 'symlink', ...rest })),
  )
}

const listed = fc.oneof(listedOf(tame), listedOf(wild))
const tree = fc
  .oneof({ weight: 3, arbitrary: fc.array(listedOf(tame), { maxLength: 25 }) }, fc.array(listed, { maxLength: 25 }))
  .map(entries => new Map(entries.map(entry => [entry.path, entry])))
/** What happens at some paths: nothing is there any more, or this. */
const changes = fc.array(fc.tuple(listed, fc.boolean()), { maxLength: 6 })

/** Without what is undefined. */
function plain(entry: object): Listed {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)) as unknown as Listed
}

function inOrder<T extends { readonly path: Path; readonly kind: string }>(entries: Iterable<T>): T[] {
  return [...entries].sort((a, b) => compareKeys(a.path, a.kind === 'directory', b.path, b.kind === 'directory'))
}

function edited(base: ReadonlyMap<Path, Listed>, edits: readonly (readonly [Listed, boolean])[]): Listed[] {
  const map = new Map(base)
  for (const [entry, put] of edits) {
    if (put) map.set(entry.path, entry)
    else map.delete(entry.path)
  }
  return inOrder(map.values())
}

async function stored(entries: Iterable<Listed>, storage: WritableStorage = memory()): Promise<WritableStorage> {
  const puts = new Map(Array.from(entries, entry => [entry.path, toAncestor(entry, entry.kind === 'file' ? 'sha256:00' : undefined)]))
  await writeTree(storage, 'tree.json', { edits: toEdits(puts, true), generation: 1, folded: 0 })
  return storage
}

/** Gives what it reads in pieces of `length` bytes. */
function cutting(storage: WritableStorage, length: number): WritableStorage {
  return decorate(storage, {
    async *read(name, options) {
      const bytes = await collect(storage.read(name, options))
      for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length)
    },
  })
}

async function* pagesOf<T>(entries: readonly T[], length: number): AsyncGenerator<readonly T[], void, undefined> {
  for (let at = 0; at < entries.length; at += length) yield entries.slice(at, at + length)
}

type Known = AsyncIterable<readonly Ancestor[] | LazyPage<ScannedEntry | Ancestor>>

async function joined(source: readonly Listed[], destination: readonly Listed[], known: readonly [Known, Known], length: number): Promise<SyncRow[]> {
  const rows: SyncRow[] = []
  const listings = [pagesOf<ScannedEntry | Ancestor>(source, length), pagesOf<ScannedEntry | Ancestor>(destination, length), ...known]
  for await (const page of mergeJoin(listings, [], { remember })) rows.push(...page)
  return rows
}

async function decided(rows: readonly SyncRow[]): Promise<Decisions> {
  const side = { name: 'local', directories: true, setsModified: true, setsMode: true }
  const planner = new Planner(
    {
      mode: 'two-way',
      comparison: 'hash-then-mtime',
      toleranceMs: 2000,
      policy: 'newest-wins',
      clockDoubt: () => Promise.resolve(undefined),
      initialSync: 'merge',
      firstContact: false,
      acceptDestinationChanges: false,
      forceUpload: false,
      forceDownload: false,
      trash: true,
      now: 0,
      source: side,
      destination: side,
      hash: undefined,
      filter: { hides: () => false, skips: () => false },
    },
    { fingerprint: () => Promise.resolve(undefined) },
  )
  await planner.add(rows)
  return planner.finish()
}

describe('readTreeLines', () => {
  test('a join with it decides what a join with entries decides, and makes only entries that say something else', async () => {
    let same = 0
    await fc.assert(
      fc.asyncProperty(
        tree,
        changes,
        changes,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 40, max: 3000 }),
        async (base, ours, theirs, pageLength, cut) => {
          const storage = cutting(await stored(base.values()), cut)
          const [source, destination] = [edited(base, ours), edited(base, theirs)]
          const lazy = await joined(source, destination, [readTreeLines(storage, 'tree.json'), readTreeLines(storage, 'tree.json')], pageLength)
          const eager = await joined(source, destination, [readTree(storage, 'tree.json'), readTree(storage, 'tree.json')], pageLength)
          expect(lazy.map(row => row.path)).toEqual(eager.map(row => row.path))
          for (const [index, row] of lazy.entries()) {
            const expected = eager[index] as SyncRow
            if (row.same !== true) expect(row).toEqual({ ...expected, ...('same' in row && { same: false }) })
            else {
              same++
              expect(row.entries).toEqual([...expected.entries.slice(0, 2), undefined, undefined])
              for (const i of [0, 1]) expect(withoutDoubt(expected.entries[i + 2])).toEqual(withoutDoubt(remember(expected.entries[i] as Listed)))
            }
          }
          expect(await decided(lazy)).toEqual(await decided(eager))
        },
      ),
      { numRuns: 1000 },
    )
    expect(same).toBeGreaterThan(1000)
  })

  test('a leaf that is the same on both sides, and has a directory of its name on one of them, is no leaf that is the same', async () => {
    const leaf: Listed = { kind: 'file', path: 'a', size: 1, modified: 1, etag: '1' }
    const storage = await stored([leaf])
    const rows = await joined(
      [leaf, { kind: 'directory', path: 'a' }],
      [leaf],
      [readTreeLines(storage, 'tree.json'), readTreeLines(storage, 'tree.json')],
      5,
    )
    expect(rows).toEqual([
      {
        path: 'a',
        entries: [{ kind: 'directory', path: 'a' }, leaf, toAncestor(leaf), toAncestor(leaf)],
        clash: [leaf, undefined, undefined, undefined],
        same: false,
      },
    ])
    expect((await decided(rows)).problems).toHaveLength(1)
  })

  test('a directory that is the same on both sides, and has a leaf of its name on one of them, is no directory that is the same', async () => {
    const directory: Listed = { kind: 'directory', path: 'a', mode: 0o755 }
    const leaf: Listed = { kind: 'file', path: 'a', size: 1 }
    const storage = await stored([directory])
    const known = [readTreeLines(storage, 'tree.json'), readTreeLines(storage, 'tree.json')] as const
    const rows = await joined([leaf, directory], [directory], known, 5)
    expect(rows).toEqual([
      {
        path: 'a',
        entries: [directory, directory, toAncestor(directory), toAncestor(directory)],
        clash: [leaf, undefined, undefined, undefined],
      },
    ])
    expect((await decided(rows)).problems).toHaveLength(1)
  })

  test('notices a changed bit in every byte, although no line is read', async () => {
    const entries: Listed[] = ['a', 'b', 'c'].map(name => ({ kind: 'file', path: name, size: 12, modified: 1500.25, mode: 0o644, etag: '1-2' }))
    const bytes = await collect((await stored(entries)).read('tree.json'))
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      const storage = memory()
      await storage.write('tree.json', toBytes(changed))
      const damage: unknown[] = []
      const lines = () => readTreeLines(storage, 'tree.json', { onDamage: error => damage.push(error) })
      const problem = await joined(entries, entries, [lines(), lines()], 5).catch((error: unknown) => error)
      if (Array.isArray(problem)) {
        // The generation and the number of folded segments are judged by whoever knows what they should be.
        expect(new TextDecoder().decode(changed.slice(at - 20, at + 2)), `bit of byte ${at}`).toMatch(/"(generation|folded)":\d,?$/)
        continue
      }
      expect(problem, `bit of byte ${at}`).toMatchObject({ code: 'CORRUPT', path: 'tree.json' })
      expect(damage[0]).toBe(problem)
    }
  })

  test('notices entries that are out of order, also between lines that are only compared', async () => {
    const storage = memory()
    const file = (name: string): Listed => ({ kind: 'file', path: name, size: 1, modified: 1, etag: '1' })
    const edits = ['b', 'a'].map(name => ({ path: name, directory: false, put: new TextEncoder().encode(formatLine(toAncestor(file(name)))) }))
    await writeTree(storage, 'tree.json', { edits, generation: 1, folded: 0 })
    const lines = () => readTreeLines(storage, 'tree.json')
    await expect(joined([file('b'), file('c')], [file('b'), file('c')], [lines(), lines()], 5)).rejects.toMatchObject({
      code: 'CORRUPT',
      path: 'tree.json',
    })
  })
})

/** What a directory's state does not have, and what the comparison leaves out. */
function withoutDoubt(entry: unknown): object {
  const { hash: _hash, id: _id, ...rest } = entry as Ancestor
  return rest
}

describe('endOfSameLine', () => {
  test('is the end of the line for the entry it was made from, and -1 for any other', () => {
    fc.assert(
      fc.property(listed, listed, (one, other) => {
        const line = formatLine(toAncestor(one, one.kind === 'file' ? 'sha256:00' : undefined))
        fc.pre(!line.includes('\\'))
        const isTold = one.kind === 'directory' || (one.kind === 'file' && one.etag !== undefined && one.modified !== undefined && one.modified >= 0)
        expect(endOfSameLine(`x${line}`, 1, one)).toBe(isTold ? line.length + 1 : -1)
        const isSame = isTold && JSON.stringify(withoutDoubt(toAncestor(one))) === JSON.stringify(withoutDoubt(toAncestor(other)))
        expect(endOfSameLine(line, 0, other) === -1).toBe(!isSame)
        for (const change of changesOf(one)) expect(endOfSameLine(line, 0, change), JSON.stringify(change)).toBe(-1)
      }),
      { numRuns: 2000 },
    )
  })

  /** The entry with one thing changed. */
  function changesOf(entry: Listed): Listed[] {
    const changed: object[] = [
      { ...entry, path: `${entry.path}x` },
      { ...entry, path: entry.path.slice(0, -1) },
      { ...entry, mode: 0o1 },
    ]
    if (entry.kind === 'file') {
      const { size, modified = 0, etag = '' } = entry
      changed.push(
        { ...entry, size: size + 1 },
        { ...entry, size: size * 10 + 1 },
        { ...entry, modified: modified + 0.25 },
        { ...entry, modified: undefined },
      )
      changed.push(
        { ...entry, etag: `${etag}0` },
        { ...entry, etag: etag.slice(0, -1) },
        { ...entry, etag: undefined },
        { ...entry, modifiedPrecision: 1000 },
      )
      changed.push({ ...entry, kind: 'directory' })
    }
    return changed as Listed[]
  }
})
