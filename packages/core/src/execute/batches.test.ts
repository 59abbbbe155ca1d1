import { describe, expect, test } from 'vitest'
import { toBytes } from '../bytes.ts'
import { SyncEngine } from '../engine.ts'
import type { SyncMode } from '../modes.ts'
import type { WritableStorage } from '../protocol.ts'
import { SyncStateManager } from '../state/state-manager.ts'
import { decorate } from '../storages/decorate.ts'
import { memory } from '../storages/memory.ts'

/** A storage whose flush is dear; `flushes` has the number of files that each one found. */
function batching(): { readonly storage: WritableStorage; readonly flushes: number[] } {
  const inner = memory()
  const flushes: number[] = []
  const storage = decorate(inner, {
    capabilities: { ...inner.capabilities, batches: true },
    // Without it an overwritten file is copied to the trash, which is flushed elsewhere before the file is given up.
    move: undefined,
    flush: async () => {
      let files = 0
      for await (const page of inner.list('')) files += (page as readonly { kind: string }[]).filter(({ kind }) => kind === 'file').length
      flushes.push(files)
    },
  })
  return { storage, flushes }
}

describe('a storage that batches', () => {
  test.each([
    ['two-way', 'auto'],
    ['two-way', 'always'],
    ['two-way', 'never'],
    ['source-to-destination', 'auto'],
    ['source-backup', 'never'],
  ] as const)('is flushed once, at the end, in mode %s with fsync %s', async (mode: SyncMode, fsync) => {
    const source = memory()
    const { storage: destination, flushes } = batching()
    for (let i = 0; i < 600; i++) await source.write(`d${i % 7}/${i}`, toBytes(`${i}`))
    // A clock that jumps an hour with each look lets every timed checkpoint be due.
    let clock = 1_700_000_000_000
    const now = (): number => (clock += 3_600_000)
    const sync = (): Promise<unknown> => new SyncEngine({ mode, fsync, now }).syncPair({ source, destination, state })
    const state = new SyncStateManager(memory())
    await sync()
    expect(flushes).toEqual([600])
    for (let i = 0; i < 20; i++) {
      await source.write(`d${i % 7}/${i}`, toBytes(`newer ${i}`))
      if (mode === 'two-way') await source.remove(`d${(100 + i) % 7}/${100 + i}`)
    }
    await sync()
    expect(flushes).toHaveLength(2)
    await sync()
    expect(flushes).toHaveLength(2)
  })
})
