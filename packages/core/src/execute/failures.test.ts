import { describe, expect, test } from 'vitest'
import { toBytes } from '../bytes.ts'
import { StorageError, type StorageErrorCode } from '../errors.ts'
import type { MovedEntry, PlanItem, SyncableEntry } from '../plan.ts'
import type { Entry, Path, WritableStorage } from '../protocol.ts'
import { decorate, decorateReadable } from '../storages/decorate.ts'
import { execute } from './execute.ts'
import { config, entriesOf, itemFor, mirrorPlan, planOf, stateOf, storageWith, trashOf, treeOf, watch, type Tree } from './test-kit.ts'

/** The storage, with calls of one method on some paths failing. */
function refusing(
  storage: WritableStorage,
  method: 'write' | 'remove' | 'move' | 'copy' | 'makeDirectory' | 'makeSymlink' | 'stat' | 'flush',
  code: StorageErrorCode,
  at?: Path,
  times = Infinity,
): WritableStorage {
  let left = times
  const call = (storage[method] as (...args: readonly unknown[]) => Promise<unknown>).bind(storage)
  return decorate(storage, {
    [method]: async (...args: readonly unknown[]) => {
      const hit = at === undefined || args.includes(at)
      if (hit && left-- > 0) throw new StorageError(code, `${method} refused`)
      return call(...args)
    },
  })
}

async function one(source: WritableStorage, destination: WritableStorage, ...items: readonly Parameters<typeof itemFor>[2][]): Promise<PlanItem[]> {
  return Promise.all(items.map(item => itemFor(source, destination, item)))
}

describe('execute, when an item fails', () => {
  test('the others happen, and the failure is told with its path, action and code', async () => {
    const [source, destination] = [await storageWith({ a: 'a', b: 'b' }), await storageWith({ gone: 'gone' })]
    const { context, events, recorded } = watch(source, refusing(destination, 'write', 'NO_SPACE', 'a'))
    const result = await execute(await mirrorPlan(source, destination), context)
    expect(result.failures).toEqual([{ path: 'a', action: 'UPLOAD_NEW', code: 'NO_SPACE', message: 'write refused' }])
    expect(events).toContainEqual({ type: 'error', filePath: 'a', action: 'UPLOAD_NEW', code: 'NO_SPACE', error: 'write refused' })
    expect(result.stats).toMatchObject({ uploads: 1, deletesDestination: 1, errors: 1, bytes: 1 })
    expect(recorded.map(({ path }) => path).sort()).toEqual(['b', 'gone'])
    expect(await treeOf(destination)).toEqual({ b: 'b' })
  })

  test('a directory that cannot be made fails what was to be in it, with that as the cause', async () => {
    const [source, destination] = [await storageWith({ 'd/e/f': 'f', other: 'o' }), await storageWith({})]
    const { context } = watch(source, refusing(destination, 'makeDirectory', 'PERMISSION_DENIED', 'd'))
    const result = await execute(await mirrorPlan(source, destination), context)
    expect(result.failures.map(({ path, message }) => [path, message])).toEqual([
      ['d', 'makeDirectory refused'],
      ['d/e', 'the directory d could not be made'],
      ['d/e/f', 'the directory d could not be made'],
    ])
    expect(await treeOf(destination)).toEqual({ other: 'o' })
  })

  test('what could not be cleared is not replaced, and the directories that hold it stay', async () => {
    const [source, destination] = [
      await storageWith({ turn: 'file', swap: null, 'swap/x': 'x' }),
      await storageWith({ 'turn/a': 'a', 'turn/b': 'b', swap: 'old' }),
    ]
    const refused = refusing(refusing(destination, 'remove', 'PERMISSION_DENIED', 'turn/a'), 'remove', 'PERMISSION_DENIED', 'swap')
    const result = await execute(await mirrorPlan(source, destination), watch(source, refused).context)
    expect(await treeOf(destination)).toEqual({ turn: null, 'turn/a': 'a', swap: 'old' })
    expect(result.failures.map(({ path }) => path).sort()).toEqual(['swap', 'swap', 'swap/x', 'turn', 'turn/a'])
    expect(result.stale.map(({ path, code }) => [path, code])).toEqual([['turn', 'NOT_EMPTY']])
  })

  test('a directory stays when something in it could not be deleted, also where directories are only implied', async () => {
    for (const directories of [true, false]) {
      const [source, destination] = [await storageWith({}), await storageWith({ 'd/e/x': 'x', 'd/y': 'y' }, { directories })]
      const items = [...(await mirrorPlan(source, destination)).items]
      if (!directories)
        for (const path of ['d/e', 'd'])
          items.push({
            action: 'DELETE_DESTINATION',
            path,
            from: null,
            kind: 'directory',
            phase: 'delete-directory',
            size: 0,
            reason: '',
            source: null,
            destination: { kind: 'directory', path },
          })
      const { context, recorded } = watch(source, refusing(destination, 'remove', 'PERMISSION_DENIED', 'd/e/x'))
      const result = await execute(planOf(items), context)
      expect(result.failures).toMatchObject([{ path: 'd/e/x' }])
      expect(result.stale.map(({ path }) => path)).toEqual(['d/e', 'd'])
      expect(recorded.map(({ path }) => path)).toEqual(['d/y'])
    }
  })

  test('nothing is removed or overwritten when the trash cannot take it', async () => {
    const before: Tree = { update: 'old', gone: 'gone', link: { link: 'a' } }
    for (const lacks of [[], ['move'], ['copy'], ['move', 'copy']] as const) {
      const [source, destination] = [await storageWith({ update: 'new', link: { link: 'b' } }), await storageWith(before)]
      const full = decorate(destination, {
        move: refuseTrash(destination.move.bind(destination)),
        copy: refuseTrash(destination.copy.bind(destination)),
        makeSymlink: refuseTrash(destination.makeSymlink.bind(destination)),
        write: refuseTrash(destination.write.bind(destination)),
        ...Object.fromEntries(lacks.map(method => [method, undefined])),
      })
      const { context, recorded } = watch(source, full)
      const result = await execute(await mirrorPlan(source, destination, { trash: true }), context)
      expect(result.failures.map(({ path, code }) => [path, code]).sort()).toEqual([
        ['gone', 'NO_SPACE'],
        ['link', 'NO_SPACE'],
        ['update', 'NO_SPACE'],
      ])
      expect(result.failures[0]?.message).toContain('could not be put in the trash')
      expect(await treeOf(destination)).toEqual(before)
      expect(recorded).toEqual([])
    }
  })

  test('a failed write puts the old version back that was moved to the trash', async () => {
    const [source, destination] = [await storageWith({ update: 'new' }), await storageWith({ update: 'old' })]
    const failing = refusing(decorate<WritableStorage>(destination, { copy: undefined }), 'write', 'NO_SPACE')
    const { context, recorded } = watch(source, failing)
    expect(await execute(await mirrorPlan(source, destination, { trash: true }), context)).toMatchObject({
      failures: [{ path: 'update', code: 'NO_SPACE' }],
    })
    expect([await treeOf(destination), await trashOf(destination), recorded]).toEqual([{ update: 'old' }, {}, []])
  })

  test('an old version that cannot be put back stays in the trash, and its absence is not recorded as a deletion', async () => {
    const [source, destination] = [await storageWith({ update: 'new' }), await storageWith({ update: 'old' })]
    const once = refusing(decorate<WritableStorage>(destination, { copy: undefined }), 'write', 'NO_SPACE')
    let moves = 0
    const move = destination.move.bind(destination)
    const stuck = decorate(once, {
      move: async (from, to) => (++moves === 1 ? move(from, to) : Promise.reject(new StorageError('PERMISSION_DENIED', 'stuck'))),
    })
    const { context, recorded } = watch(source, stuck)
    expect(await execute(await mirrorPlan(source, destination, { trash: true }), context)).toMatchObject({
      failures: [{ path: 'update', code: 'NO_SPACE' }],
    })
    expect([await treeOf(destination), await trashOf(destination)]).toEqual([{}, { update: 'old' }])
    expect(recorded).toEqual([{ path: 'update', source: undefined, destination: undefined }])
  })

  test('a name that the trash has already gets a number', async () => {
    const [source, destination] = [
      await storageWith({}),
      await storageWith({ f: 'new', '.syncline-trash/run/f': 'older', '.syncline-trash/run/f (2)': 'old' }),
    ]
    await execute(
      planOf(await one(source, destination, { action: 'DELETE_DESTINATION', phase: 'delete-file', path: 'f', trash: true })),
      watch(source, destination).context,
    )
    expect(await trashOf(destination)).toEqual({ f: 'older', 'f (2)': 'old', 'f (3)': 'new' })
  })

  test('without a trash, what goes is gone', async () => {
    const [source, destination] = [await storageWith({ update: 'new' }), await storageWith({ update: 'old', gone: 'gone' })]
    await execute(await mirrorPlan(source, destination, { trash: true }), watch(source, destination, { config: config({ trash: false }) }).context)
    expect([await treeOf(destination), await trashOf(destination)]).toEqual([{ update: 'new' }, {}])
  })

  test('a source that ends early or gives too much: the old version stays', async () => {
    for (const change of [(text: string) => text.slice(1), (text: string) => `${text}!`]) {
      for (const capabilities of [{}, { conditional: false }, { conditional: false, atomicWrite: false }]) {
        const [source, destination] = [
          await storageWith({ f: 'new content' }, capabilities),
          await storageWith({ f: 'old', kept: 'k' }, capabilities),
        ]
        const bad = decorate(source, { read: () => toBytes(change('new content')) })
        const { context, recorded } = watch(bad, destination)
        expect(
          await execute(planOf(await one(source, destination, { action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'f' })), context),
        ).toMatchObject({ failures: [{ path: 'f', code: 'CORRUPT' }] })
        expect([await treeOf(destination), recorded]).toEqual([{ f: 'old', kept: 'k' }, []])
      }
    }
  })

  test('a target that stores less, or another hash, is corrupt: what it stored is taken back', async () => {
    for (const bad of ['size', 'hash'] as const) {
      const [source, destination] = [await storageWith({ f: 'content' }), await storageWith({})]
      const write = destination.write.bind(destination)
      const lying = decorate(destination, {
        write: async (path, _content, options) =>
          bad === 'size'
            ? write(path, toBytes('cont'), { ...options, size: 4 })
            : { ...(await write(path, toBytes('kontent'), options)), hashes: { sha1: 'ffff' } },
      })
      const { context, recorded } = watch(source, lying)
      const [item] = await one(source, destination, { action: 'UPLOAD_NEW', phase: 'transfer', path: 'f', hash: 'sha1:abcd' })
      expect(await execute(planOf([item as PlanItem]), context)).toMatchObject({ failures: [{ path: 'f', code: 'CORRUPT' }], stats: { uploads: 0 } })
      expect([await treeOf(destination), stateOf(recorded).size]).toEqual([{}, 0])
    }
  })

  test('a read-only side fails what would write it', async () => {
    const [source, destination] = [await storageWith({ a: 'a' }), await storageWith({})]
    const result = await execute(await mirrorPlan(source, destination), watch(source, decorateReadable(destination)).context)
    expect(result.failures).toMatchObject([{ path: 'a', code: 'NOT_SUPPORTED' }])
  })

  test('a store without links fails links with a clear message; one without directories has nothing to make', async () => {
    const [source, destination] = [await storageWith({ link: { link: 'x' }, d: null, 'd/f': 'f' }), await storageWith({}, { directories: false })]
    const result = await execute(
      await mirrorPlan(source, destination),
      watch(source, decorate<WritableStorage>(destination, { makeSymlink: undefined })).context,
    )
    expect(result.failures).toMatchObject([{ path: 'link', code: 'NOT_SUPPORTED' }])
    expect(result.failures[0]?.message).toContain('has no symbolic links')
    expect(result.stats).toMatchObject({ uploads: 1, skips: 1 })
  })

  test('a problem entry is never overwritten or deleted', async () => {
    const [source, destination] = [await storageWith({ a: 'a' }), await storageWith({ a: 'b', c: 'c' })]
    const problem = (path: Path): Entry => ({ kind: 'problem', path, reason: 'a socket' })
    const items = await one(
      source,
      destination,
      { action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'a' },
      { action: 'DELETE_DESTINATION', phase: 'delete-file', path: 'c' },
    )
    const result = await execute(planOf(items.map(item => ({ ...item, destination: problem(item.path) }))), watch(source, destination).context)
    expect(result.stats).toMatchObject({ uploads: 0, deletesDestination: 0 })
    expect(await treeOf(destination)).toEqual({ a: 'b', c: 'c' })
  })

  test('retryable errors are tried again, at most `attempts` times, with delays that grow and heed the store', async () => {
    const [source, destination] = [await storageWith({ a: 'a', b: 'b' }), await storageWith({})]
    let calls = 0
    const flaky = decorate(destination, {
      write: async (path, content, options) => {
        calls++
        if (path === 'b') throw new StorageError('RATE_LIMITED', 'slow down', { retryAfterMs: 5_000 })
        return destination.write(path, content, options)
      },
    })
    const slept: number[] = []
    const { context, events } = watch(source, flaky, { config: config({ attempts: 3 }), sleep: async ms => void slept.push(ms) })
    expect(await execute(await mirrorPlan(source, destination), context)).toMatchObject({ failures: [{ path: 'b', code: 'RATE_LIMITED' }] })
    expect([calls, slept]).toEqual([4, [5000, 5000]])
    expect(events.filter(event => event.type === 'retry')).toMatchObject([{ filePath: 'b', attempt: 1, delayMs: 5000 }, { attempt: 2 }])
  })

  test('a deletion or a move whose answer was lost is done, not failed', async () => {
    for (const [method, trash] of [
      ['remove', false],
      ['move', true],
    ] as const) {
      const [source, destination] = [await storageWith({}), await storageWith({ f: 'f' })]
      const call = (destination[method] as (...args: readonly unknown[]) => Promise<void>).bind(destination)
      const lost = decorate(destination, {
        [method]: async (...args: readonly unknown[]) => {
          await call(...args)
          throw new StorageError('UNKNOWN', 'the answer was lost')
        },
      })
      const { context, recorded } = watch(source, lost)
      const result = await execute(await mirrorPlan(source, destination, { trash }), context)
      expect(result).toMatchObject({ failures: [], stale: [], stats: { deletesDestination: 1 } })
      expect(recorded).toEqual([{ path: 'f', source: undefined, destination: undefined }])
    }
  })

  test('an unreadable other side prevents the deletion', async () => {
    const [source, destination] = [await storageWith({}), await storageWith({ f: 'f' })]
    const plan = await mirrorPlan(source, destination)
    const result = await execute(plan, watch(refusing(source, 'stat', 'PERMISSION_DENIED'), destination).context)
    expect(result.failures).toMatchObject([{ path: 'f', code: 'PERMISSION_DENIED' }])
    expect(await treeOf(destination)).toEqual({ f: 'f' })
  })
})

function refuseTrash<A extends readonly unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    if (args.some(arg => typeof arg === 'string' && arg.startsWith('.syncline-trash'))) throw new StorageError('NO_SPACE', 'the trash is full')
    return call(...args)
  }
}

describe('execute, renaming', () => {
  const moves = [
    { name: 'by move', lacks: [] },
    { name: 'by copy', lacks: ['move'] },
    { name: 'by transfer', lacks: ['move', 'copy'] },
  ] as const

  test.each(moves)('$name: moves a file and a whole directory, and records both sides as they are', async ({ lacks }) => {
    const source = await storageWith({ to: 'one', 'new/a': 'a', 'new/b/c': 'c', 'new/link': { link: 'x' }, 'new/empty': null })
    const real = await storageWith({ from: 'one', 'old/a': 'a', 'old/b/c': 'c', 'old/link': { link: 'x' }, 'old/empty': null })
    const destination = decorate<WritableStorage>(real, Object.fromEntries(lacks.map(method => [method, undefined])))
    const moved: MovedEntry[] = []
    for (const path of ['a', 'b', 'b/c', 'empty', 'link']) {
      moved.push({
        from: `old/${path}`,
        to: `new/${path}`,
        renamed: (await source.stat(`new/${path}`)) as SyncableEntry,
        follows: (await real.stat(`old/${path}`)) as SyncableEntry,
      })
    }
    const items = await one(
      source,
      destination,
      { action: 'RENAME_DESTINATION', phase: 'rename', path: 'to', from: 'from', destination: (await real.stat('from')) as Entry },
      {
        action: 'RENAME_DESTINATION',
        phase: 'rename',
        path: 'new',
        from: 'old',
        kind: 'directory',
        destination: (await real.stat('old')) as Entry,
        moved,
      },
    )
    const { context, recorded, events } = watch(source, destination)
    expect(await execute(planOf(items), context)).toMatchObject({ failures: [], stale: [], stats: { renamesDestination: 2 } })
    expect(await treeOf(real)).toEqual(await treeOf(source))
    const gone = recorded.filter(change => change.source === undefined && change.destination === undefined).map(({ path }) => path)
    expect(gone.sort()).toEqual(['from', 'old', 'old/a', 'old/b', 'old/b/c', 'old/empty', 'old/link'])
    const state = stateOf(recorded)
    expect([...state.keys()].sort()).toEqual(['new', 'new/a', 'new/b', 'new/b/c', 'new/empty', 'new/link', 'to'])
    for (const [storage, side] of [
      [source, 'source'],
      [real, 'destination'],
    ] as const) {
      for (const entry of await entriesOf(storage))
        if (entry.kind === 'file') expect(state.get(entry.path)?.[side]?.etag, `${side} ${entry.path}`).toBe(entry.etag)
    }
    expect(events).toContainEqual({ type: 'rename_complete', side: 'destination', filePath: 'to', from: 'from' })
  })

  test('only the spelling, on a store that folds names', async () => {
    const [source, destination] = [await storageWith({ README: 'r' }), await storageWith({ readme: 'r' }, { exactNames: false })]
    const items = await one(source, destination, {
      action: 'RENAME_DESTINATION',
      phase: 'rename',
      path: 'README',
      from: 'readme',
      destination: (await destination.stat('readme')) as Entry,
    })
    expect(await execute(planOf(items), watch(source, destination).context)).toMatchObject({ failures: [], stale: [] })
    expect(await treeOf(destination)).toEqual({ README: 'r' })
  })

  test('a directory by copy, when one file of it cannot be copied: that file and its directories stay, and nothing is lost', async () => {
    const source = await storageWith({ 'new/a': 'a', 'new/b': 'b' })
    const real = await storageWith({ 'old/a': 'a', 'old/b': 'b' })
    const destination = refusing(decorate<WritableStorage>(real, { move: undefined }), 'copy', 'NO_SPACE', 'old/a')
    const moved: MovedEntry[] = []
    for (const path of ['a', 'b'])
      moved.push({
        from: `old/${path}`,
        to: `new/${path}`,
        renamed: (await source.stat(`new/${path}`)) as SyncableEntry,
        follows: (await real.stat(`old/${path}`)) as SyncableEntry,
      })
    const { context, recorded } = watch(source, destination)
    const items = await one(source, destination, {
      action: 'RENAME_DESTINATION',
      phase: 'rename',
      path: 'new',
      from: 'old',
      kind: 'directory',
      destination: (await real.stat('old')) as Entry,
      moved,
    })
    expect(await execute(planOf(items), context)).toMatchObject({ failures: [{ path: 'new', code: 'NO_SPACE' }], stats: { renamesDestination: 0 } })
    expect(await treeOf(real)).toEqual({ new: null, 'new/b': 'b', old: null, 'old/a': 'a' })
    expect([...stateOf(recorded).keys()]).toEqual(['new/b'])
  })

  test('edits made in a directory before it is moved are kept, and count as changes since the last sync', async () => {
    const source = await storageWith({ 'new/a': 'a' })
    const destination = await storageWith({ 'old/a': 'a' })
    const moved: MovedEntry[] = [
      {
        from: 'old/a',
        to: 'new/a',
        renamed: (await source.stat('new/a')) as SyncableEntry,
        follows: (await destination.stat('old/a')) as SyncableEntry,
      },
    ]
    const items = await one(source, destination, {
      action: 'RENAME_DESTINATION',
      phase: 'rename',
      path: 'new',
      from: 'old',
      kind: 'directory',
      destination: (await destination.stat('old')) as Entry,
      moved,
    })
    await destination.write('old/a', toBytes('edited'))
    await destination.write('old/new', toBytes('added'))
    const { context, recorded } = watch(source, destination)
    await execute(planOf(items), context)
    expect(await treeOf(destination)).toEqual({ new: null, 'new/a': 'edited', 'new/new': 'added' })
    expect(stateOf(recorded).get('new/a')?.destination).toMatchObject({ size: 1 })
    expect(stateOf(recorded).has('new/new')).toBe(false)
  })

  test('files leave a directory that is renamed, and others enter it, in whatever order the plan has them', async () => {
    const source = await storageWith({ out: 'out', 'new/stays': 's', 'new/in': 'in' })
    const destination = await storageWith({ 'old/out': 'out', 'old/stays': 's', in: 'in' })
    const at = async (path: Path): Promise<Entry> => (await destination.stat(path)) as Entry
    const moved: MovedEntry[] = [
      {
        from: 'old/stays',
        to: 'new/stays',
        renamed: (await source.stat('new/stays')) as SyncableEntry,
        follows: (await at('old/stays')) as SyncableEntry,
      },
    ]
    const items = await one(
      source,
      destination,
      { action: 'RENAME_DESTINATION', phase: 'rename', path: 'new/in', from: 'in', destination: await at('in') },
      { action: 'RENAME_DESTINATION', phase: 'rename', path: 'new', from: 'old', kind: 'directory', destination: await at('old'), moved },
      { action: 'RENAME_DESTINATION', phase: 'rename', path: 'out', from: 'old/out', destination: await at('old/out') },
    )
    expect(await execute(planOf(items), watch(source, destination).context)).toMatchObject({ failures: [], stale: [] })
    expect(await treeOf(destination)).toEqual(await treeOf(source))
  })
})

describe('execute, directories and metadata', () => {
  test('permissions that keep out are set when everything inside is done', async () => {
    const [source, destination] = [await storageWith({ 'locked/f': 'f', open: null }), await storageWith({})]
    await source.setMode('locked', 0o555)
    await source.setMode('open', 0o750)
    const modes: [string, number, boolean][] = []
    const spied = decorate(destination, {
      setMode: async (path, mode) => {
        modes.push([path, mode, (await destination.stat('locked/f')) !== undefined])
        return destination.setMode(path, mode)
      },
    })
    const { context, recorded } = watch(source, spied)
    expect(await execute(await mirrorPlan(source, destination), context)).toMatchObject({ failures: [], stats: { uploads: 3 } })
    expect(modes).toEqual([
      ['open', 0o750, false],
      ['locked', 0o555, true],
    ])
    expect(stateOf(recorded).get('locked')?.destination?.mode).toBe(0o555)
  })

  test('carries over time and permissions without content', async () => {
    const [source, destination] = [await storageWith({ f: 'f' }), await storageWith({ f: 'f' })]
    await source.setMode('f', 0o600)
    await source.setModified?.('f', 1_600_000_000_000)
    const { context, recorded } = watch(source, decorate(destination, { write: () => Promise.reject(new Error('no content has to move')) }))
    const items = await one(source, destination, {
      action: 'UPLOAD_UPDATE',
      phase: 'transfer',
      path: 'f',
      metadata: true,
      size: 0,
      hash: 'sha1:abcd',
    })
    expect(await execute(planOf(items), context)).toMatchObject({ failures: [], stats: { uploads: 1, bytes: 0 } })
    expect(await destination.stat('f')).toMatchObject({ mode: 0o600, modified: 1_600_000_000_000 })
    expect(recorded).toMatchObject([
      { path: 'f', source: { hash: 'sha1:abcd', mode: 0o600 }, destination: { hash: 'sha1:abcd', mode: 0o600, modified: 1_600_000_000_000 } },
    ])
  })

  test('open conflicts and paths to skip are counted, not touched', async () => {
    const [source, destination] = [await storageWith({ a: 'a', b: 'b' }), await storageWith({ a: 'A', b: 'B' })]
    const items = await one(source, destination, { action: 'CONFLICT', phase: 'none', path: 'a' }, { action: 'NO_ACTION', phase: 'none', path: 'b' })
    const { context, events, recorded } = watch(source, destination)
    expect(await execute(planOf(items), context)).toMatchObject({ stats: { conflicts: 1, skips: 1, uploads: 0 } })
    expect(events).toContainEqual({ type: 'skip', filePath: 'b', reason: 'test', stale: false })
    expect([await treeOf(destination), recorded]).toEqual([{ a: 'A', b: 'B' }, []])
  })
})

describe('execute, recording', () => {
  const flushes = [
    { fsync: 'auto', mode: 'two-way', flushed: true },
    { fsync: 'auto', mode: 'source-to-destination', flushed: false },
    { fsync: 'never', mode: 'two-way', flushed: false },
    { fsync: 'always', mode: 'source-backup', flushed: true },
  ] as const
  test.each(flushes)('fsync $fsync, $mode: flushed before it records: $flushed', async ({ fsync, mode, flushed }) => {
    const [source, destination] = [await storageWith({ a: 'a' }), await storageWith({})]
    const order: string[] = []
    const spy = (storage: WritableStorage, name: string): WritableStorage =>
      decorate(storage, { flush: async () => void order.push(`flush ${name}`) })
    const { context } = watch(spy(source, 'source'), spy(destination, 'destination'), {
      config: config({ fsync }),
      record: async changes => void order.push(`record ${changes.length}`),
    })
    await execute({ ...(await mirrorPlan(source, destination)), mode }, context)
    expect(order).toEqual([...(flushed ? ['flush destination'] : []), 'record 1'])
  })

  test('a flush or a journal that fails ends the run with that error, and records nothing after it', async () => {
    const failed = new StorageError('NO_SPACE', 'disk full')
    for (const which of ['flush', 'record'] as const) {
      const [source, destination] = [await storageWith({ a: 'a' }), await storageWith({})]
      const recorded: unknown[] = []
      const fails = async (): Promise<void> => Promise.reject(failed)
      const { context } = watch(source, which === 'flush' ? decorate(destination, { flush: fails }) : destination, {
        record: which === 'record' ? fails : async changes => void recorded.push(...changes),
      })
      await expect(execute(await mirrorPlan(source, destination), context)).rejects.toBe(failed)
      expect(recorded).toEqual([])
    }
  })

  test('every ten seconds and every 10,000 changes, so that a long run keeps what it did', async () => {
    const tree = Object.fromEntries(Array.from({ length: 10_050 }, (_, n) => [`f${n}`, '']))
    const [source, destination] = [await storageWith(tree), await storageWith({})]
    const plan = await mirrorPlan(source, destination)
    const sizes: number[] = []
    await execute(plan, watch(source, destination, { now: () => 0, record: async changes => void sizes.push(changes.length) }).context)
    expect(sizes[0]).toBeGreaterThanOrEqual(10_000)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(10_050)

    const slow = await storageWith({})
    let time = 0
    const batches: number[] = []
    await execute(
      { ...plan, items: plan.items.slice(0, 30) },
      watch(source, slow, {
        now: () => (time += 1_000),
        record: async changes => void batches.push(changes.length),
        config: config({ concurrency: { transfers: 1 } }),
      }).context,
    )
    expect(batches.length).toBeGreaterThan(1)
  })

  test('limits are positive integers and the run has a usable name', async () => {
    const [source, destination] = [await storageWith({}), await storageWith({})]
    const bad = [
      { config: config({ concurrency: { transfers: 0 } }) },
      { config: config({ concurrency: { operations: 1.5 } }) },
      { config: config({ attempts: 0 }) },
      { config: config({ bandwidth: 0 }) },
      { runId: 'a/b' },
      { runId: '..' },
    ]
    for (const options of bad) await expect(execute(planOf([]), watch(source, destination, options).context)).rejects.toThrow(TypeError)
  })

  test('never more at once than the limits of a side', async () => {
    const tree = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}`, 'x']))
    const [source, destination] = [await storageWith(tree), await storageWith({ old1: 'o', old2: 'o', old3: 'o', old4: 'o' })]
    const running = { write: 0, remove: 0 }
    const most = { write: 0, remove: 0 }
    const counted =
      <A extends readonly unknown[], R>(name: 'write' | 'remove', call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        most[name] = Math.max(most[name], ++running[name])
        await new Promise(resolve => setTimeout(resolve, 1))
        return call(...args).finally(() => running[name]--)
      }
    const spied = decorate(destination, {
      write: counted('write', destination.write.bind(destination)),
      remove: counted('remove', destination.remove.bind(destination)),
    })
    await execute(
      await mirrorPlan(source, destination),
      watch(source, spied, { config: config({ concurrency: { transfers: 5, operations: 2 } }) }).context,
    )
    expect(most).toEqual({ write: 5, remove: 2 })
  })
})
