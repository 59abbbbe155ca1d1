import { describe, expect, test } from 'vitest'
import { StorageError } from '../errors.ts'
import type { FileEntry, ReadableStorage, TransferItem, TransferOptions, TransferOutcome, WritableStorage } from '../protocol.ts'
import { toBytes } from '../bytes.ts'
import { decorate } from '../storages/decorate.ts'
import type { MemoryStorage } from '../storages/memory.ts'
import { execute } from './execute.ts'
import { config, itemFor, mirrorPlan, planOf, storageWith, stateOf, treeOf, watch, type Tree } from './test-kit.ts'

/** Batches as a destination would take them: each file by `write`, with all preconditions. */
function taking(
  storage: MemoryStorage,
  change: (outcome: TransferOutcome, item: TransferItem) => TransferOutcome | Promise<TransferOutcome> = outcome => outcome,
): { readonly storage: WritableStorage; readonly batches: TransferItem[][] } {
  const batches: TransferItem[][] = []
  const transferFrom = async (
    source: ReadableStorage,
    items: readonly TransferItem[],
    options: TransferOptions = {},
  ): Promise<readonly TransferOutcome[]> => {
    // An empty one asks whether the source is understood.
    if (items.length > 0) batches.push([...items])
    const outcomes: TransferOutcome[] = []
    for (const [index, item] of items.entries()) {
      options.signal?.throwIfAborted()
      outcomes.push(await change(await one(source, item), item))
      options.onProgress?.(index, item.size)
    }
    return outcomes
  }
  const one = async (source: ReadableStorage, { from, to, fromMatch, ...item }: TransferItem): Promise<TransferOutcome> => {
    try {
      return { entry: await storage.write(to, source.read(from, fromMatch === undefined ? {} : { ifMatch: fromMatch }), item) }
    } catch (error) {
      return { error }
    }
  }
  return { storage: decorate(storage, { transferFrom }), batches }
}

const manyFiles: Tree = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`d${n % 7}/f${n}`, `content ${n}`]))

describe('execute, by batches', () => {
  test('sends files of one side in batches of at most 128, the rest alone, and records what came back', async () => {
    const source = await storageWith({ ...manyFiles, link: { link: 'x' }, replaced: 'new' })
    const { storage, batches } = taking(await storageWith({ replaced: 'old' }))
    const { context, recorded, events } = watch(source, storage)
    const result = await execute(await mirrorPlan(source, storage, { trash: true }), context)
    expect(result).toMatchObject({ failures: [], stale: [] })
    expect(result.stats.uploads).toBe(300 + 7 + 2)
    expect(result.stats.bytes).toBe(Object.values(manyFiles).join('').length + 3)
    expect(batches.map(batch => batch.length)).toEqual([128, 128, 44])
    expect(await treeOf(storage)).toEqual(await treeOf(source))
    for (const [path, { destination }] of stateOf(recorded))
      if (destination?.kind === 'file') expect(destination.etag, path).toBe(((await storage.stat(path)) as FileEntry).etag)
    expect(events.filter(event => event.type === 'upload_complete').length).toBe(301)
  })

  test('cuts at 16 MiB, and sends a bigger file alone', async () => {
    const mebibyte = 'x'.repeat(1024 * 1024)
    const source = await storageWith({ a: mebibyte.repeat(9), b: mebibyte.repeat(9), c: mebibyte.repeat(17), d: 'd', e: 'e' })
    const { storage, batches } = taking(await storageWith({}))
    await execute(await mirrorPlan(source, storage), watch(source, storage).context)
    expect(batches.map(batch => batch.map(item => item.to)).sort()).toEqual([['a'], ['b'], ['c'], ['d', 'e']])
  })

  test('goes to either side', async () => {
    const { storage: source, batches } = taking(await storageWith({}))
    const destination = await storageWith({ a: 'a' })
    const { context, recorded } = watch(source, destination)
    const result = await execute(
      planOf([await itemFor(source, destination, { action: 'DOWNLOAD_NEW', phase: 'transfer', path: 'a', size: 1 })]),
      context,
    )
    expect([result.stats.downloads, batches.length, recorded.length]).toEqual([1, 1, 1])
    expect(await treeOf(source)).toEqual({ a: 'a' })
  })

  test('a source that the destination does not understand goes the ordinary way', async () => {
    const [source, destination] = [await storageWith(manyFiles), await storageWith({})]
    const { context } = watch(source, decorate(destination, { transferFrom: () => undefined }))
    expect(await execute(await mirrorPlan(source, destination), context)).toMatchObject({ failures: [], stale: [] })
    expect(await treeOf(destination)).toEqual(await treeOf(source))
  })

  test('a bandwidth limit goes the ordinary way', async () => {
    const source = await storageWith({ a: 'a' })
    const { storage, batches } = taking(await storageWith({}))
    await execute(await mirrorPlan(source, storage), watch(source, storage, { config: config({ bandwidth: 1000 }) }).context)
    expect(batches).toEqual([])
    expect(await treeOf(storage)).toEqual({ a: 'a' })
  })

  test('outcomes end as single transfers would: what changed is stale, what failed is a failure, what may pass is tried again', async () => {
    const source = await storageWith({ edited: 'one', fails: 'two', flaky: 'three', taken: 'four', good: 'five', vanished: 'six' })
    const destination = await storageWith({})
    const { storage } = taking(destination, (outcome, item) => {
      if (item.to === 'fails') return { error: new StorageError('PERMISSION_DENIED', 'no') }
      return item.to === 'flaky' ? { error: new StorageError('UNAVAILABLE', 'later') } : outcome
    })
    const plan = await mirrorPlan(source, storage)
    await source.write('edited', toBytes('two'))
    await source.remove('vanished')
    await destination.write('taken', toBytes('theirs'))
    const { context, recorded } = watch(source, storage)
    const result = await execute(plan, context)
    expect(result.stale.map(({ path }) => path).sort()).toEqual(['edited', 'taken', 'vanished'])
    expect(result.failures).toMatchObject([{ path: 'fails', code: 'PERMISSION_DENIED' }])
    expect(recorded.map(({ path }) => path).sort()).toEqual(['flaky', 'good'])
    expect((await treeOf(destination))['flaky']).toBe('three')
    expect((await treeOf(destination))['taken']).toBe('theirs')
  })

  test('files go side by side where a batch is not understood', async () => {
    const source = await storageWith(manyFiles)
    const inner = await storageWith({}, { concurrency: 8 })
    let [current, most] = [0, 0]
    const destination = decorate(inner as WritableStorage, {
      transferFrom: () => undefined,
      write: async (path, content, options) => {
        most = Math.max(most, ++current)
        await new Promise(resolve => setTimeout(resolve, 1))
        current--
        return inner.write(path, content, options)
      },
    })
    const { context } = watch(source, destination)
    expect(await execute(await mirrorPlan(source, inner), context)).toMatchObject({ failures: [], stats: { uploads: 307 } })
    expect(most).toBe(8)
  })

  test('a batch whose answer was lost: what has arrived is recognised by its content', async () => {
    const [source, destination] = [await storageWith({ a: 'one', b: 'two' }), await storageWith({ b: 'old' })]
    const { storage } = taking(destination)
    const lost = decorate(storage, {
      transferFrom: async (from: ReadableStorage, items: readonly TransferItem[]) => {
        await storage.transferFrom?.(from, items)
        throw new StorageError('UNAVAILABLE', 'connection lost')
      },
    })
    const { context, recorded } = watch(source, lost)
    expect(await execute(await mirrorPlan(source, destination), context)).toMatchObject({ failures: [], stale: [], stats: { uploads: 2 } })
    expect(recorded.map(({ path }) => path).sort()).toEqual(['a', 'b'])
    expect(await treeOf(destination)).toEqual({ a: 'one', b: 'two' })
  })

  test('a batch that stores something else is corrupt: it is taken back, and the state forgets the path', async () => {
    const source = await storageWith({ a: 'one', b: 'two' })
    const destination = await storageWith({})
    const { storage } = taking(destination, async (outcome, item) =>
      item.to === 'a' ? { entry: await destination.write('a', toBytes('o')) } : outcome,
    )
    const { context, recorded } = watch(source, storage)
    expect(await execute(await mirrorPlan(source, destination), context)).toMatchObject({
      failures: [{ path: 'a', code: 'CORRUPT' }],
      stats: { uploads: 1 },
    })
    expect(stateOf(recorded).has('a')).toBe(false)
    expect(await treeOf(destination)).toEqual({ b: 'two' })
  })

  test('a hash that the destination computed is the fingerprint of both sides; one that contradicts the plan is corrupt', async () => {
    const source = await storageWith({ a: 'one', b: 'two' })
    const destination = await storageWith({})
    const asked: unknown[] = []
    const { storage } = taking(destination, outcome => ('entry' in outcome ? { entry: { ...outcome.entry, hashes: { sha1: 'abcd' } } } : outcome))
    const spied = decorate(storage, {
      transferFrom: (from, items, options) => {
        if (items.length > 0) asked.push(options?.hash)
        return storage.transferFrom?.(from, items, options)
      },
    })
    const { context, recorded } = watch(source, spied, { hash: 'sha1' })
    const plan = await mirrorPlan(source, destination)
    const result = await execute({ ...plan, items: plan.items.map(item => (item.path === 'b' ? { ...item, hash: 'sha1:ffff' } : item)) }, context)
    expect(asked).toEqual(['sha1'])
    expect(recorded.find(({ path }) => path === 'a')).toMatchObject({ source: { hash: 'sha1:abcd' }, destination: { hash: 'sha1:abcd' } })
    expect(result.failures).toMatchObject([{ path: 'b', code: 'CORRUPT' }])
    expect(await treeOf(destination)).toEqual({ a: 'one' })
  })

  test('cancelled between batches: the batches that ran are recorded, the others are not started', async () => {
    const source = await storageWith(manyFiles)
    const destination = await storageWith({})
    const { storage, batches } = taking(destination)
    const watched = watch(source, storage, { config: config({ concurrency: { transfers: 1 } }) })
    const plan = await mirrorPlan(source, destination)
    const stopping = decorate(storage, {
      transferFrom: (from, items, options) => {
        if (items.length > 0) watched.pause.cancel()
        return storage.transferFrom?.(from, items, options)
      },
    })
    const result = await execute(plan, { ...watched.context, destination: stopping })
    expect(result).toMatchObject({ cancelled: true, failures: [], stale: [] })
    expect(batches.length).toBe(1)
    expect(watched.recorded.filter(({ source: entry }) => entry?.kind === 'file').length).toBe(128)
  })

  test('aborted in a batch: what has arrived is no failure, and the next run finds it', async () => {
    const source = await storageWith(manyFiles)
    const destination = await storageWith({})
    const abort = new AbortController()
    let files = 0
    const { storage } = taking(destination, outcome => {
      if (++files === 50) abort.abort(new Error('enough'))
      return outcome
    })
    const { context } = watch(source, storage, { signal: abort.signal })
    expect(await execute(await mirrorPlan(source, destination), context)).toMatchObject({ cancelled: true, failures: [], stale: [] })
    expect(await execute(await mirrorPlan(source, destination), watch(source, destination).context)).toMatchObject({ failures: [], stale: [] })
    expect(await treeOf(destination)).toEqual(await treeOf(source))
  })
})
