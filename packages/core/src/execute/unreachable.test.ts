import { describe, expect, test } from 'vitest'
import { toBytes } from '../bytes.ts'
import { SyncEngine } from '../engine.ts'
import { StorageError } from '../errors.ts'
import type { WritableStorage } from '../protocol.ts'
import { decorate } from '../storages/decorate.ts'
import { memory } from '../storages/memory.ts'
import { SyncPair } from '../sync-pair.ts'

/** A store that goes away after some writes; `calls` counts what is asked of it from then on. */
function goingAway(writes: number, isGone: (path: string) => boolean = () => true) {
  const inner = memory({ name: 'far:', capabilities: { conditional: false } })
  const counted = { calls: 0 }
  let left = writes
  const guard = (path: string): void => {
    if (left > 0 || !isGone(path)) return
    counted.calls++
    throw new StorageError('UNAVAILABLE', 'far: does not answer', { path })
  }
  const storage = decorate<WritableStorage>(inner, {
    stat: async (path, options) => {
      guard(path)
      return inner.stat(path, options)
    },
    write: async (path, content, options) => {
      guard(path)
      left--
      return inner.write(path, content, options)
    },
  })
  return { storage, inner, counted }
}

async function upload(storage: WritableStorage, files: number) {
  const source = memory()
  for (let i = 0; i < files; i++) await source.write(`f${String(i).padStart(4, '0')}`, toBytes(`content ${i}`))
  const engine = new SyncEngine({ attempts: 2, concurrency: { transfers: 4 }, random: () => 0 })
  return engine.syncPair(new SyncPair({ source, destination: storage }))
}

describe('a store that cannot be reached any more', () => {
  test('is not asked again for everything that is left, and every path is listed', async () => {
    const { storage, counted } = goingAway(10)
    const result = await upload(storage, 500)
    expect([result.exitCode, result.stats.uploads + result.failures.length]).toEqual([3, 500])
    expect(result.stats.uploads).toBeGreaterThan(0)
    expect(counted.calls).toBeLessThan(40)
    expect(new Set(result.failures.map(({ code }) => code))).toEqual(new Set(['UNAVAILABLE']))
    const untried = result.failures.filter(
      ({ path, message }) => message === `${path} was not tried, because far: cannot be reached any more: far: does not answer`,
    )
    expect(untried.length).toBeGreaterThan(470)
  })

  test('is told from paths that cannot be reached: the others go on', async () => {
    const { storage } = goingAway(0, path => /^f00[01]/.test(path))
    const result = await upload(storage, 50)
    expect([result.exitCode, result.stats.uploads, result.failures.length]).toEqual([3, 30, 20])
  })

  test('tries inside of tries do not multiply', async () => {
    const { storage, counted } = goingAway(0, path => path === 'f0000')
    await upload(storage, 1)
    // One look at what is to be replaced, twice.
    expect(counted.calls).toBe(2)
  })
})
