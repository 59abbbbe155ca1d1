import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ancestor, StateChange } from '../ancestor.ts'
import { collect, toBytes } from '../bytes.ts'
import { compareKeys } from '../path.ts'
import type { Path, WritableStorage } from '../protocol.ts'
import { decorate } from '../storages/decorate.ts'
import { memory } from '../storages/memory.ts'
import { acquireLock } from './lock.ts'
import { listFolder } from './files.ts'
import type { SyncMetadata } from './metadata.ts'
import { type StoredState, SyncStateManager } from './state-manager.ts'

const pair = 'aaaabbbbccccdddd'
const metadata: SyncMetadata = { source: 'memory:a', destination: 'memory:b', mode: 'two-way', conflicts: [] }

type Trees = { readonly source: Map<Path, Ancestor>; readonly destination: Map<Path, Ancestor> }

const file = (path: string, size = 1, more: Partial<Ancestor> = {}): Ancestor => ({ path, kind: 'file', size, ...more })
const directory = (path: string): Ancestor => ({ path, kind: 'directory', size: 0 })
const change = (path: string, source: Ancestor | undefined, destination: Ancestor | undefined = source): StateChange => ({
  path,
  source,
  destination,
})
const gone = (path: string): StateChange => ({ path, source: undefined, destination: undefined })
const nothing: Trees = { source: new Map(), destination: new Map() }

async function contentOf(state: StoredState): Promise<Trees> {
  const read = async (pages: AsyncIterable<readonly Ancestor[]>): Promise<Map<Path, Ancestor>> => {
    const tree = new Map<Path, Ancestor>()
    let last: Ancestor | undefined
    for await (const page of pages) {
      for (const entry of page) {
        if (last !== undefined) expect(compareKeys(last.path, last.kind === 'directory', entry.path, entry.kind === 'directory')).toBeLessThan(0)
        tree.set(entry.path, entry)
        last = entry
      }
    }
    return tree
  }
  return { source: await read(state.source()), destination: await read(state.destination()) }
}

/** The naive model. */
function apply(trees: Trees, changes: readonly StateChange[]): Trees {
  const result = { source: new Map(trees.source), destination: new Map(trees.destination) }
  for (const { path, ...entries } of changes) {
    for (const side of ['source', 'destination'] as const) {
      const entry = entries[side]
      if (entry === undefined) result[side].delete(path)
      else result[side].set(path, entry)
    }
  }
  return result
}

const plain = (trees: Trees): unknown => [...trees.source, '|', ...trees.destination].map(item => JSON.stringify(item)).sort()
const openContent = async (storage: WritableStorage): Promise<unknown> => plain(await contentOf(await new SyncStateManager(storage).open(pair)))

async function filesOf(storage: WritableStorage): Promise<Map<Path, string>> {
  const files = new Map<Path, string>()
  const visit = async (folder: Path): Promise<void> => {
    for (const { path, kind } of await listFolder(storage, folder, {})) {
      if (kind === 'directory') await visit(path)
      else files.set(path, new TextDecoder().decode(await collect(storage.read(path))))
    }
  }
  await visit('')
  return files
}

async function copyOf(files: ReadonlyMap<Path, string>, atomicWrite = true): Promise<WritableStorage> {
  const storage = memory({ capabilities: { atomicWrite } })
  for (const [path, text] of files) await storage.write(path, toBytes(text))
  return storage
}

class Killed extends Error {}

/**
 * A process that is killed before or after its nth changing call, or in the middle of it: that call and all later ones fail.
 * `calls` tells what it got to.
 */
function killed(storage: WritableStorage, n: number, when: 'before' | 'after' | 'within'): { storage: WritableStorage; calls: string[] } {
  const calls: string[] = []
  async function call<T>(name: string, effect: (torn: boolean) => Promise<T>): Promise<T> {
    const now = calls.push(name)
    if (now > n || (now === n && when === 'before')) throw new Killed(name)
    const result = await effect(now === n && when === 'within')
    if (now === n) throw new Killed(name)
    return result
  }
  const wrapped = decorate(storage, {
    write: (path, content, options) =>
      call(`write ${path}`, async torn => {
        if (!torn) return storage.write(path, content, options)
        const bytes = await collect(content)
        const half = (async function* () {
          yield bytes.slice(0, bytes.length / 2)
          throw new Killed(path)
        })()
        return storage.write(path, half, options)
      }),
    remove: (path, options) => call(`remove ${path}`, () => storage.remove(path, options)),
    flush: () => call('flush', () => Promise.resolve()),
  })
  return { storage: wrapped, calls }
}

/** Runs `work` in processes killed at every changing call in turn, each on a copy of `files`, and shows what each left behind. */
async function atEveryCall(
  files: ReadonlyMap<Path, string>,
  atomicWrite: boolean,
  work: (storage: WritableStorage) => Promise<void>,
  judge: (left: WritableStorage, where: string) => Promise<void>,
): Promise<number> {
  let runs = 0
  for (const when of atomicWrite ? (['before', 'after'] as const) : (['before', 'after', 'within'] as const)) {
    for (let n = 1; ; n++) {
      const left = await copyOf(files, atomicWrite)
      const { storage, calls } = killed(left, n, when)
      const end = await work(storage).then(
        () => 'done',
        (error: unknown) => error,
      )
      if (end === 'done' && calls.length < n) break
      expect(end === 'done' || end instanceof Killed, String(end)).toBe(true)
      await judge(left, `${when} call ${n}, ${calls[n - 1]}`)
      runs++
    }
  }
  return runs
}

const first: readonly StateChange[] = [
  change('a', file('a', 5, { modified: 1609459200123.456, mode: 0o644, id: '7', hash: 'sha256:00' })),
  change('b', file('b', 6)),
  change('c', directory('c')),
  change('c/d', file('c/d', 7), file('c/d', 7, { etag: '"x"' })),
  change('link', { path: 'link', kind: 'symlink', size: 0, target: '../a' }),
]
const second: readonly StateChange[] = [
  gone('a'),
  change('b', directory('b')),
  change('b/x', file('b/x', 8)),
  change('c', file('c', 9)),
  gone('c/d'),
  change('e', file('e', 1), file('e', 1, { modified: 2 })),
]

async function committed(changes: readonly StateChange[] = first): Promise<WritableStorage> {
  const storage = memory()
  const manager = new SyncStateManager(storage)
  await manager.open(pair)
  await manager.record(changes)
  await manager.commit(metadata)
  return storage
}

describe('SyncStateManager', () => {
  test('keeps what was recorded over a commit and a new process', async () => {
    const storage = memory()
    const manager = new SyncStateManager(storage)
    const fresh = await manager.open(pair)
    expect(fresh.problem).toMatchObject({ kind: 'missing' })
    expect(await contentOf(fresh)).toEqual(nothing)
    await manager.record(first)
    expect(manager.metadata).toBeUndefined()
    await manager.commit(metadata)
    expect(manager.metadata).toEqual(metadata)
    expect([...(await filesOf(storage)).keys()].sort()).toEqual(['destination_tree.json', 'source_tree.json', 'sync_metadata.json'])

    const state = await new SyncStateManager(storage).open(pair)
    expect(state).toMatchObject({ problem: undefined, metadata, entries: { source: 5, destination: 5 } })
    expect(await contentOf(state)).toEqual(apply(nothing, first))
    expect(await contentOf(state), 'a second time').toEqual(apply(nothing, first))
  })

  test('shows the journal of an interrupted run on top of the trees', async () => {
    const storage = await committed()
    const manager = new SyncStateManager(storage)
    await manager.open(pair)
    await manager.record(second)
    await manager.record([gone('e'), change('é', file('é'))])
    const state = await new SyncStateManager(storage).open(pair)
    expect(state).toMatchObject({ problem: undefined, metadata })
    expect(await contentOf(state)).toEqual(apply(apply(nothing, first), [...second, gone('e'), change('é', file('é'))]))
  })

  test('uses the journal of a first run that never committed', async () => {
    const storage = memory()
    await new SyncStateManager(storage).record(first)
    const manager = new SyncStateManager(storage)
    await manager.open(pair)
    await manager.record(second)
    const state = await new SyncStateManager(storage).open(pair)
    expect(state).toMatchObject({ problem: undefined, metadata: undefined })
    expect(await contentOf(state)).toEqual(apply(apply(nothing, first), second))
  })

  test('agrees with a map, for random changes, restarts and commits', async () => {
    const path = fc.constantFrom('a', 'a/b', 'a-b', 'b', 'b/c', '0', '__proto__', '"', '😀', '\uffff')
    const step = fc.oneof(
      fc.array(
        fc.record({
          path,
          source: fc.constantFrom('file', 'directory', undefined),
          destination: fc.constantFrom('file', 'directory', undefined),
          size: fc.nat(9),
        }),
        { maxLength: 5 },
      ),
      fc.constantFrom('commit', 'restart'),
    )
    const entry = (path: Path, kind: string | undefined, size: number): Ancestor | undefined =>
      kind === undefined ? undefined : kind === 'file' ? file(path, size) : directory(path)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
        const storage = memory()
        let manager = new SyncStateManager(storage)
        let model = nothing
        for (const step of steps) {
          if (step === 'restart') manager = new SyncStateManager(storage)
          else if (step === 'commit') await manager.commit(metadata)
          else {
            const changes = step.map(({ path, source, destination, size }) => ({
              path,
              source: entry(path, source, size),
              destination: entry(path, destination, size),
            }))
            await manager.record(changes)
            model = apply(model, changes)
          }
          expect(plain(await contentOf(await new SyncStateManager(storage).open()))).toEqual(plain(model))
        }
      }),
      { numRuns: 150 },
    )
  })

  test('splits what it records into segments, and reads them all', async () => {
    const storage = memory()
    const manager = new SyncStateManager(storage)
    await manager.open(pair)
    const many = Array.from({ length: 25_000 }, (_, n) => change(`f${n}`, file(`f${n}`, n)))
    await manager.record(many)
    expect((await listFolder(storage, 'journal', {})).map(entry => entry.path)).toEqual([
      'journal/000001.jsonl',
      'journal/000002.jsonl',
      'journal/000003.jsonl',
    ])
    const state = await new SyncStateManager(storage).open(pair)
    expect(state.entries).toEqual({ source: 25_000, destination: 25_000 })
    expect((await contentOf(state)).source.size).toBe(25_000)
  })

  test('writes nothing when nothing changed, and only the metadata when only that did', async () => {
    const storage = await committed()
    const { storage: counted, calls } = killed(storage, Infinity, 'before')
    const manager = new SyncStateManager(counted)
    const stats = {
      uploads: 0,
      downloads: 0,
      deletesSource: 0,
      deletesDestination: 0,
      renamesSource: 0,
      renamesDestination: 0,
      skips: 9,
      conflicts: 0,
      errors: 0,
      bytes: 0,
      durationMs: 1,
    }
    await manager.open(pair)
    await manager.commit({ ...metadata, lastRun: { start: 1, end: 2, exitCode: 0, stats } })
    expect(calls).toEqual(['write sync_metadata.json', 'flush'])
    await manager.commit({ ...metadata, lastRun: { start: 3, end: 4, exitCode: 0, stats: { ...stats, uploads: 1 } } })
    await manager.record([])
    await manager.commit({ ...metadata, lastRun: { start: 3, end: 4, exitCode: 0, stats } })
    expect(calls).toHaveLength(2)
    await manager.commit({ ...metadata, conflicts: [{ path: 'x', reason: 'both changed', source: null, destination: null }] })
    expect(calls).toHaveLength(4)
    expect((await new SyncStateManager(storage).open(pair)).metadata?.conflicts).toHaveLength(1)
    expect(await openContent(storage)).toEqual(plain(apply(nothing, first)))
  })

  test('a first commit without any entry is a state', async () => {
    const storage = memory()
    const manager = new SyncStateManager(storage)
    await manager.open(pair)
    await manager.commit(metadata)
    expect(await new SyncStateManager(storage).open(pair)).toMatchObject({ problem: undefined, metadata, entries: { source: 0, destination: 0 } })
  })

  test('the state of another pair is refused', async () => {
    const other = new SyncStateManager(await committed()).open('0000111122223333')
    await expect(other).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(/another pair \(memory:a and memory:b\)/) as string,
    })
    const journalOnly = memory()
    const manager = new SyncStateManager(journalOnly)
    await manager.open(pair)
    await manager.record(first)
    await expect(new SyncStateManager(journalOnly).open('0000111122223333')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
  })

  test.each(['sync_metadata.json', 'journal/000001.jsonl'])('a newer format in %s is refused, not guessed', async path => {
    const storage = await committed()
    const manager = new SyncStateManager(storage)
    await manager.open(pair)
    await manager.record(second)
    const newer = (await filesOf(storage)).get(path)?.replace(/"format": ?1/, '"format":2') ?? ''
    await storage.write(path, toBytes(newer))
    const before = await filesOf(storage)
    await expect(new SyncStateManager(storage).open(pair)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringMatching(/format 2/) as string,
    })
    await expect(new SyncStateManager(storage).record(first)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await filesOf(storage)).toEqual(before)
  })

  test('clear makes the next run a first contact and leaves the lock', async () => {
    const storage = await committed()
    const lock = await acquireLock(storage, { id: 'a' })
    const manager = new SyncStateManager(storage)
    await manager.open(pair)
    await manager.record(second)
    await manager.clear()
    expect([...(await filesOf(storage)).keys()]).toEqual(['lock'])
    expect(await manager.open(pair)).toMatchObject({ problem: { kind: 'missing' }, metadata: undefined })
    await lock.release()
  })

  test('loads and saves whole trees as maps', async () => {
    const storage = memory()
    const manager = new SyncStateManager(storage)
    expect(await manager.loadSourceTree()).toEqual(new Map())
    const source = new Map([file('a'), directory('b'), file('b/c')].map(entry => [entry.path, entry]))
    await manager.saveSourceTree(source)
    await manager.saveDestinationTree(new Map([['a', file('a', 2)]]))
    expect(await new SyncStateManager(storage).loadSourceTree()).toEqual(source)
    await manager.saveSourceTree(new Map([['b', file('b')]]))
    const next = new SyncStateManager(storage)
    expect(await next.loadSourceTree()).toEqual(new Map([['b', file('b')]]))
    expect(await next.loadDestinationTree()).toEqual(new Map([['a', file('a', 2)]]))
    expect((await next.open(pair)).problem, 'a state without a pair fits every pair').toBeUndefined()
  })
})

describe('a process that is killed', () => {
  test.each([true, false])('leaves the content of before or after, at every call of record and commit (atomic writes: %s)', async atomicWrite => {
    const base = await filesOf(await committed())
    const before = plain(apply(nothing, first))
    const after = plain(apply(apply(nothing, first), second))
    const changed = { ...metadata, mode: 'source-backup' as const }
    let sawBoth = 0
    const runs = await atEveryCall(
      base,
      atomicWrite,
      async storage => {
        const manager = new SyncStateManager(storage)
        await manager.open(pair)
        await manager.record(second)
        await manager.commit(changed)
      },
      async (left, where) => {
        const state = await new SyncStateManager(left).open(pair)
        expect(state.problem, where).toBeUndefined()
        const content = plain(await contentOf(state))
        expect([before, after], where).toContainEqual(content)
        if (state.metadata?.mode === 'source-backup') expect(content, where).toEqual(after)
        sawBoth |= JSON.stringify(content) === JSON.stringify(before) ? 1 : 2
        // The next ordinary run goes on from there, and can be killed nowhere that it cannot.
        const manager = new SyncStateManager(left)
        await manager.open(pair)
        await manager.record([gone('e')])
        await manager.commit(changed, { changes: second })
        expect(await openContent(left), where).toEqual(after)
        expect([...(await filesOf(left)).keys()].sort(), where).toEqual(['destination_tree.json', 'source_tree.json', 'sync_metadata.json'])
      },
    )
    expect(sawBoth).toBe(3)
    expect(runs).toBeGreaterThan(15)
  })

  test.each([true, false])(
    'during a commit that follows a killed commit, twice over (atomic writes: %s)',
    async atomicWrite => {
      const third = [change('z', file('z')), gone('b/x')]
      const middles = [first, [...first, ...second.slice(0, 3)], [...first, ...second]].map(changes => apply(nothing, changes))
      await atEveryCall(
        await filesOf(await committed()),
        atomicWrite,
        async storage => {
          const manager = new SyncStateManager(storage)
          await manager.open(pair)
          await manager.record(second.slice(0, 3))
          await manager.commit(metadata, { changes: second.slice(3) })
        },
        async (left, where) => {
          const middle = await openContent(left)
          const next = middles.filter(trees => JSON.stringify(plain(trees)) === JSON.stringify(middle)).map(trees => plain(apply(trees, third)))
          expect(next, where).toHaveLength(1)
          await atEveryCall(
            await filesOf(left),
            atomicWrite,
            async storage => {
              const manager = new SyncStateManager(storage)
              await manager.open(pair)
              await manager.commit(metadata, { changes: third })
            },
            async (last, then) => {
              const state = await new SyncStateManager(last).open(pair)
              expect(state.problem, `${where}; ${then}`).toBeUndefined()
              expect([middle, ...next], `${where}; ${then}`).toContainEqual(plain(await contentOf(state)))
            },
          )
        },
      )
    },
    180_000,
  )

  test.each([true, false])('at every call of the first commit leaves what was recorded (atomic writes: %s)', async atomicWrite => {
    const recorded = plain(apply(nothing, first))
    const all = plain(apply(apply(nothing, first), second))
    for (const journal of [true, false]) {
      await atEveryCall(
        new Map(),
        atomicWrite,
        async storage => {
          const manager = new SyncStateManager(storage)
          await manager.open(pair)
          if (journal) await manager.record(first)
          await manager.commit(metadata, { changes: journal ? second : [...first, ...second] })
        },
        async (left, where) => {
          const state = await new SyncStateManager(left).open(pair)
          expect(state.problem?.kind, where).not.toBe('damaged')
          const content = plain(await contentOf(state))
          expect([plain(nothing), all, ...(journal ? [recorded] : [])], where).toContainEqual(content)
          if (state.metadata !== undefined) expect(content, where).toEqual(all)
          const manager = new SyncStateManager(left)
          await manager.open(pair)
          await manager.commit(metadata, { changes: [...first, ...second] })
          expect(await openContent(left), where).toEqual(all)
        },
      )
    }
  })

  /** A tree that was cut short; and trees without metadata beside a journal that was folded long ago, which alone would look like a first run. */
  const damages = {
    'a cut tree': async () => {
      const storage = await committed()
      await new SyncStateManager(storage).record(second)
      const files = await filesOf(storage)
      return files.set('source_tree.json', files.get('source_tree.json')?.slice(0, -9) ?? '')
    },
    'no metadata': async () => {
      const oldJournal = memory()
      await new SyncStateManager(oldJournal).record(first)
      const storage = await committed()
      await new SyncStateManager(storage).commit(metadata, { changes: second })
      await storage.remove('sync_metadata.json')
      return new Map([...(await filesOf(storage)), ...(await filesOf(oldJournal))])
    },
  }
  test.each(Object.entries(damages).flatMap(([name, make]) => [true, false].map(atomicWrite => ({ name, make, atomicWrite }))))(
    'while a damaged state ($name) is put aside leaves it damaged or gone, never half of it (atomic writes: $atomicWrite)',
    async ({ make, atomicWrite }) => {
      const files = await make()
      await atEveryCall(
        files,
        atomicWrite,
        async damaged => {
          const manager = new SyncStateManager(damaged)
          expect(await manager.open(pair)).toMatchObject({ problem: { kind: 'damaged' } })
          await manager.commit(metadata, { changes: [change('new', file('new'))] })
        },
        async (left, where) => {
          const content = plain(await contentOf(await new SyncStateManager(left).open(pair)))
          expect([plain(nothing), plain(apply(nothing, [change('new', file('new'))]))], where).toContainEqual(content)
          const there = [...(await filesOf(left))]
          for (const [path, text] of files) {
            const kept = there.some(
              ([name, found]) => (name === path || (name.startsWith('damaged-') && name.endsWith(`/${path}`))) && found === text,
            )
            expect(kept, `${where}: ${path}`).toBe(true)
          }
        },
      )
    },
  )

  test('a failure that is no kill can be followed by another commit in the same process', async () => {
    for (let n = 1; n <= 9; n++) {
      for (const when of ['before', 'after'] as const) {
        const storage = await committed()
        let calls = 0
        const once = decorate(storage, {
          async write(path, content, options) {
            const fails = ++calls === n
            if (fails && when === 'before') throw new Killed(path)
            const entry = await storage.write(path, content, options)
            if (fails) throw new Killed(path)
            return entry
          },
        })
        const manager = new SyncStateManager(once)
        await manager.open(pair)
        await manager.record(second).catch(() => manager.record(second))
        await manager.commit(metadata).catch(() => manager.commit(metadata))
        expect(await openContent(storage), `${when} write ${n}`).toEqual(plain(apply(apply(nothing, first), second)))
      }
    }
  })
})

describe('a damaged state', () => {
  const withJournal = async (): Promise<Map<Path, string>> => {
    const storage = await committed()
    const manager = new SyncStateManager(storage)
    await manager.open(pair)
    await manager.record(second.slice(0, 2))
    await manager.record(second.slice(2))
    return filesOf(storage)
  }

  /** Reads a state to its end as a planner does: opens again if the trees turn out damaged. */
  async function readAsEngine(storage: WritableStorage): Promise<{ state: StoredState; content: unknown }> {
    const manager = new SyncStateManager(storage)
    let state = await manager.open(pair)
    try {
      return { state, content: plain(await contentOf(state)) }
    } catch (error) {
      expect(error).toMatchObject({ code: 'CORRUPT' })
      state = await manager.open(pair)
      return { state, content: plain(await contentOf(state)) }
    }
  }

  test('cut short at any byte of any file is a first contact, or as if the last segment was never written', async () => {
    const files = await withJournal()
    const withoutLast = plain(apply(apply(nothing, first), second.slice(0, 2)))
    const whole = plain(apply(apply(nothing, first), second))
    for (const [path, text] of files) {
      const bytes = new TextEncoder().encode(text)
      for (let length = 0; length < bytes.length; length++) {
        const storage = await copyOf(files)
        await storage.write(path, toBytes(bytes.slice(0, length)))
        const where = `${path} cut after ${length}`
        const { state, content } = await readAsEngine(storage)
        if (path === 'journal/000002.jsonl') expect(content, where).toEqual(withoutLast)
        else if (state.problem === undefined) expect([path, content], where).toEqual(['sync_metadata.json', whole])
        else expect([state.problem.kind, content], where).toEqual(['damaged', plain(nothing)])
      }
    }
  })

  test('with a changed bit in any byte of any file is a first contact, is refused, or still says the same', async () => {
    const files = await withJournal()
    const whole = plain(apply(apply(nothing, first), second))
    const withoutLast = plain(apply(apply(nothing, first), second.slice(0, 2)))
    for (const [path, text] of files) {
      const bytes = new TextEncoder().encode(text)
      for (let at = 0; at < bytes.length; at++) {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ 2
        const storage = await copyOf(files)
        await storage.write(path, toBytes(changed))
        const where = `${path} byte ${at}`
        const result = await readAsEngine(storage).catch((error: unknown) => error)
        if (result instanceof Error)
          expect(result, where).toMatchObject({ code: expect.stringMatching(/NOT_SUPPORTED|PRECONDITION_FAILED/) as string })
        else {
          const { state, content } = result as { state: StoredState; content: unknown }
          if (state.problem !== undefined) expect([state.problem.kind, content], where).toEqual(['damaged', plain(nothing)])
          else expect([whole, ...(path === 'journal/000002.jsonl' ? [withoutLast] : [])], where).toContainEqual(content)
        }
      }
    }
  })

  test.each(['source_tree.json', 'destination_tree.json', 'sync_metadata.json', 'journal/000001.jsonl'])(
    'without %s is a first contact',
    async path => {
      const storage = await copyOf(await withJournal())
      await storage.remove(path)
      const { state, content } = await readAsEngine(storage)
      expect(state.problem).toMatchObject({ kind: 'damaged', reason: expect.stringMatching(/missing/) as string })
      expect(content).toEqual(plain(nothing))
    },
  )

  test('whose commit was interrupted and whose journal then lost a segment is a first contact', async () => {
    let seen = 0
    await atEveryCall(
      await withJournal(),
      true,
      storage => new SyncStateManager(storage).commit(metadata),
      async (left, where) => {
        const files = await filesOf(left)
        if (!files.has('journal/000002.jsonl') || !files.get('source_tree.json')?.includes('"generation":2')) return
        await left.remove('journal/000002.jsonl')
        const { state } = await readAsEngine(left)
        const finished = files.get('sync_metadata.json')?.includes('"generation": 2') === true
        expect(state.problem?.kind, where).toBe(finished ? undefined : 'damaged')
        seen |= finished ? 1 : 2
      },
    )
    expect(seen).toBe(3)
  })

  test('with a tree file of an earlier commit is a first contact', async () => {
    const storage = await committed()
    const old = (await filesOf(storage)).get('destination_tree.json') ?? ''
    const manager = new SyncStateManager(storage)
    await manager.open(pair)
    await manager.commit(metadata, { changes: second })
    await storage.write('destination_tree.json', toBytes(old))
    expect(await new SyncStateManager(storage).open(pair)).toMatchObject({ problem: { kind: 'damaged' } })
  })

  test('is kept aside by the first write after it, and the new state does not mix with it', async () => {
    const files = await withJournal()
    const changed = new Map([...files, ['source_tree.json', files.get('source_tree.json')?.replace('"size":5', '"size":6') ?? '']])
    const storage = await copyOf(changed)
    const manager = new SyncStateManager(storage, { now: () => Date.UTC(2026, 10, 20, 10, 31, 5) })
    const state = await manager.open(pair)
    await expect(contentOf(state)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/source_tree.json .* checksum/) as string,
    })
    expect(await manager.open(pair)).toMatchObject({ problem: { kind: 'damaged' }, metadata: undefined, entries: { source: 0, destination: 0 } })
    expect(await filesOf(storage), 'opening writes nothing').toEqual(changed)
    await manager.record([change('new', file('new'))])
    await manager.commit(metadata)
    const kept = [...(await filesOf(storage))].filter(([path]) => path.startsWith('damaged-2026-11-20T10-31-05-000Z/'))
    expect(new Map(kept.map(([path, text]) => [path.replace(/^[^/]*\//, ''), text]))).toEqual(changed)
    expect(await openContent(storage)).toEqual(plain(apply(nothing, [change('new', file('new'))])))
  })
})
