import { describe, expect, test } from 'vitest'
import type { StateChange } from '../ancestor.ts'
import { toBytes } from '../bytes.ts'
import { SyncEngine } from '../engine.ts'
import { SyncStateManager } from '../state/state-manager.ts'
import { decorate } from '../storages/decorate.ts'
import { memory } from '../storages/memory.ts'
import { Recorder } from './recorder.ts'

const change = (path: string): StateChange => ({ path, source: undefined, destination: undefined })

describe('Recorder', () => {
  test('says of the last changes that nothing follows', async () => {
    const told: [readonly string[], boolean][] = []
    const record = async (changes: Iterable<StateChange>, last: boolean): Promise<void> =>
      void told.push([Array.from(changes, ({ path }) => path), last])
    const recorder = new Recorder(
      async () => {},
      record,
      () => 0,
      false,
    )
    await recorder.add([change('a')])
    await recorder.checkpoint()
    await recorder.add([change('b'), change('c')])
    await recorder.finish()
    expect(told).toEqual([
      [['a'], false],
      [['b', 'c'], true],
    ])
  })

  test('flushes before the last changes too', async () => {
    const order: string[] = []
    const recorder = new Recorder(
      async () => void order.push('flush'),
      async () => void order.push('record'),
      () => 0,
      false,
    )
    await recorder.add([change('a')])
    await recorder.finish()
    expect(order).toEqual(['flush', 'record'])
  })
})

test('a first run that ends before a checkpoint is due commits without a journal', async () => {
  const [source, destination, kept] = [memory(), memory(), memory()]
  for (const path of ['a', 'b/c']) await source.write(path, toBytes(path))
  const written: string[] = []
  const storage = decorate(kept, {
    write: (path, content, options) => {
      written.push(path)
      return kept.write(path, content, options)
    },
  })
  const engine = new SyncEngine({ mode: 'two-way' })
  const result = await engine.syncPair({ source, destination, state: new SyncStateManager(storage) })
  expect(result.stats.uploads).toBeGreaterThan(0)
  expect(written.filter(path => path.startsWith('journal'))).toEqual([])
  expect([...(await new SyncStateManager(kept).loadDestinationTree()).keys()].sort()).toEqual(['a', 'b', 'b/c'])
  expect((await engine.syncPair({ source, destination, state: new SyncStateManager(kept) })).stats.uploads).toBe(0)
})
