import { SyncEngine, SyncPair, type SyncMode, type SyncOptions, type SyncResult, type WritableStorage } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { endless, forgetful, hostileNames, hostilePaths, lyingAboutSizes, slow, unordered } from '../src/index.ts'
import { contentOf, file, flatten, put, treeOf, World, type WorldOptions } from './kit.ts'

// Storages that break their promises, under a whole run. Those that cut content short or show changes late are in execute-bad-storages.test.ts.

async function synced(options: WorldOptions = {}): Promise<World> {
  const world = new World(options)
  for (const name of ['a', 'd/b', 'd/e/c', 'f', 'g']) await put(world.source, name, file(`content of ${name}`))
  expect((await world.sync()).exitCode).toBe(0)
  return world
}

function syncWith(world: World, sides: { source?: WritableStorage; destination?: WritableStorage }, options: SyncOptions = {}): Promise<SyncResult> {
  const pair = new SyncPair({
    source: sides.source ?? world.source,
    destination: sides.destination ?? world.destination,
    state: world.state,
    id: 'pair',
  })
  return new SyncEngine({ now: () => world.time, random: () => 0.5, attempts: 1 }).syncPair(pair, options)
}

const both = async (world: World): Promise<unknown> => [await contentOf(world.source), await contentOf(world.destination)]

describe.each(['source', 'destination'] as const)('a %s that is bad', side => {
  const other = side === 'source' ? 'destination' : 'source'

  test.each(['two-way', 'source-to-destination', 'destination-to-source'] as const)(
    'lists hostile names: none of them reaches the other side, each is named, and nothing is deleted (%s)',
    async mode => {
      for (const kind of ['file', 'directory'] as const) {
        // Without a promised order, which names put at the end would break.
        const world = await synced({ [side]: { ordered: false } })
        const before = Object.keys(flatten(await treeOf(world[other])))
        const result = await syncWith(world, { [side]: hostileNames(world[side], { kind }) }, { mode, maxDelete: Infinity })
        const after = Object.keys(flatten(await treeOf(world[other])))
        expect(after.filter(path => path.split('/').some(part => part === '' || part === '.' || part === '..') || path.includes('\0'))).toEqual([])
        expect(before.filter(path => !after.includes(path))).toEqual([])
        const named = result.problems.map(problem => problem.path)
        const invalid = hostilePaths.filter(path => path.split('/').some(part => part === '' || part === '.' || part === '..') || path.includes('\0'))
        expect(invalid.filter(path => !named.includes(path))).toEqual([])
        expect(result.exitCode).toBe(3)
      }
    },
  )

  test('lists without an end: the run can be stopped, and has changed nothing', async () => {
    const world = await synced()
    const before = await both(world)
    const storage = endless(world[side])
    const abort = new AbortController()
    const running = syncWith(world, { [side]: storage }, { signal: abort.signal })
    const stopping = (async () => {
      while (storage.entries < 5000) await new Promise(resolve => setImmediate(resolve))
      abort.abort(new Error('stopped by the user'))
    })()
    await expect(running).rejects.toThrow('stopped by the user')
    await stopping
    expect(await both(world)).toEqual(before)
  })

  test.each<SyncMode>(['two-way', 'source-to-destination', 'destination-to-source'])(
    'lists in another order than it promises: the run stops, says so, and has changed nothing (%s)',
    async mode => {
      const world = await synced()
      const before = await both(world)
      await expect(syncWith(world, { [side]: unordered(world[side]) }, { mode, maxDelete: Infinity })).rejects.toMatchObject({
        code: 'UNORDERED',
        message: expect.stringContaining(`memory:${side}`) as string,
      })
      expect(await both(world)).toEqual(before)
    },
  )

  test('leaves a path out of its listing that it still has: what it has is not deleted across', async () => {
    const world = await synced()
    const result = await syncWith(world, { [side]: forgetful(world[side], path => path === 'd/b') })
    expect([result.stale.map(failure => failure.path), result.exitCode]).toEqual([['d/b'], 8])
    expect((await world.sync()).plan.items).toEqual([])
    expect(Object.keys(flatten(await treeOf(world[other])))).toContain('d/b')
  })

  test('says another size than there is: no content is lost on either side', async () => {
    const world = await synced()
    await syncWith(world, { [side]: lyingAboutSizes(world[side]) })
    await world.sync()
    await world.sync()
    const words = new Set([...Object.values((await contentOf(world.source)).tree), ...Object.values((await contentOf(world.destination)).tree)])
    for (const name of ['a', 'd/b', 'd/e/c', 'f', 'g']) expect(words).toContain(`content of ${name}`)
  })

  test('is slow: the result is the same', async () => {
    const world = await synced()
    await put(world[other], 'new', file('new'))
    const result = await syncWith(world, { [side]: slow(world[side], { sleep: () => new Promise(resolve => setTimeout(resolve, 1)) }) })
    expect(result.exitCode).toBe(0)
    expect(flatten(await treeOf(world.source))).toEqual(flatten(await treeOf(world.destination)))
  })
})
