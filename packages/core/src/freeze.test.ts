import { describe, expect, test } from 'vitest'
import { SyncEngine } from './engine.ts'
import { ExitCode } from './exit-codes.ts'
import { isOwnPath } from './filter/own-names.ts'
import type { SyncMode } from './modes.ts'
import type { ReadableStorage } from './protocol.ts'
import { collectText, toBytes } from './bytes.ts'
import { decorate } from './storages/decorate.ts'
import { memory, type MemoryStorage } from './storages/memory.ts'

/** A pair whose snapshots are counted. */
async function pairOf(): Promise<{
  source: ReturnType<typeof watched>
  destination: ReturnType<typeof watched>
}> {
  const [source, destination] = [watched(memory({ name: 'here' })), watched(memory({ name: 'there' }))]
  await source.storage.write('a', toBytes('one'))
  await source.storage.write('b', toBytes('one'))
  return { source, destination }
}

function watched(inner: MemoryStorage): { storage: MemoryStorage; counts: { made: number; closed: number } } {
  const counts = { made: 0, closed: 0 }
  const snapshot = async (): Promise<ReadableStorage> => {
    counts.made++
    const close = async (): Promise<void> => void counts.closed++
    return decorate(await inner.snapshot(), { close })
  }
  return { storage: decorate(inner, { snapshot }) as MemoryStorage, counts }
}

const text = (storage: ReadableStorage, path: string): Promise<string> => collectText(storage.read(path))

describe('a side that is only read', () => {
  test.each<SyncMode>(['source-to-destination', 'source-backup'])('stands still in mode %s, whoever writes to it meanwhile', async mode => {
    const { source, destination } = await pairOf()
    const result = await new SyncEngine().syncPair(
      { source: source.storage, destination: destination.storage },
      {
        mode,
        confirm: async () => {
          await source.storage.write('b', toBytes('two'))
          await source.storage.remove('a')
          return true
        },
      },
    )
    expect(result).toMatchObject({ exitCode: ExitCode.OK, stale: [], plan: { source: { name: 'here' } } })
    expect(await text(destination.storage, 'a')).toBe('one')
    expect(await text(destination.storage, 'b')).toBe('one')
    expect(source.counts).toEqual({ made: 1, closed: 1 })
    expect(destination.counts.made).toBe(0)
  })

  test('is the destination in mode destination-to-source', async () => {
    const { source, destination } = await pairOf()
    const pair = { source: destination.storage, destination: source.storage }
    expect((await new SyncEngine().syncPair(pair, { mode: 'destination-to-source' })).exitCode).toBe(ExitCode.OK)
    expect(source.counts).toEqual({ made: 1, closed: 1 })
    expect(destination.counts.made).toBe(0)
  })

  test('is none in mode two-way, where a write must not go by what was there a while ago', async () => {
    const { source, destination } = await pairOf()
    await new SyncEngine().syncPair({ source: source.storage, destination: destination.storage })
    expect([source.counts.made, destination.counts.made]).toEqual([0, 0])
  })

  test('is planned from and applied to as it was at one moment', async () => {
    const { source, destination } = await pairOf()
    const pair = { source: source.storage, destination: destination.storage }
    const engine = new SyncEngine({ mode: 'source-backup' })
    const { plan } = await engine.plan(pair)
    expect(source.counts).toEqual({ made: 1, closed: 1 })
    await source.storage.write('b', toBytes('two, and longer'))
    const result = await engine.apply(plan, pair)
    expect(result.stale.map(({ path }) => path)).toEqual(['b'])
    expect(await text(destination.storage, 'a')).toBe('one')
    expect(source.counts).toEqual({ made: 2, closed: 2 })
  })

  test('is either when they are compared, also when nobody reads on', async () => {
    const { source, destination } = await pairOf()
    for await (const difference of new SyncEngine().compare({ source: source.storage, destination: destination.storage })) {
      expect(difference.path).toBe('a')
      break
    }
    expect([source.counts, destination.counts]).toEqual([
      { made: 1, closed: 1 },
      { made: 1, closed: 1 },
    ])
  })

  test('is let go when the run fails', async () => {
    const { source, destination } = await pairOf()
    const confirm = (): never => {
      throw new Error('no')
    }
    const pair = { source: source.storage, destination: destination.storage }
    await expect(new SyncEngine().syncPair(pair, { mode: 'source-backup', confirm })).rejects.toThrow('no')
    expect(source.counts).toEqual({ made: 1, closed: 1 })
  })
})

test('snapshots that a store keeps in its tree take no part in a sync, at any depth', () => {
  expect(['.syncline-snapshots', 'data/.syncline-snapshots/run-1/file'].map(isOwnPath)).toEqual([true, true])
  expect(isOwnPath('data/snapshots')).toBe(false)
})
