import { describe, expect, test, vi } from 'vitest'
import { collectText, toBytes } from '../bytes.ts'
import { StorageError } from '../errors.ts'
import type { WritableStorage } from '../protocol.ts'
import { decorate } from '../storages/decorate.ts'
import { memory } from '../storages/memory.ts'
import { acquireLock, isLockedError, type LockedError } from './lock.ts'

const read = (storage: WritableStorage): Promise<string> => collectText(storage.read('lock'))
const later = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Decides preconditions by looking first, as a plain FTP server makes one do. */
function lookThenWrite(storage: WritableStorage, delayMs: number): WritableStorage {
  return decorate(storage, {
    capabilities: { ...storage.capabilities, conditional: false },
    async write(path, content, { ifNoneMatch, ifMatch, ...options } = {}) {
      const there = await storage.stat(path)
      if (ifNoneMatch !== undefined && there !== undefined) throw new StorageError('PRECONDITION_FAILED', 'it exists', { path })
      if (ifMatch !== undefined && (there?.kind !== 'file' || there.etag !== ifMatch))
        throw new StorageError('PRECONDITION_FAILED', 'it changed', { path })
      await later(delayMs * Math.random())
      return storage.write(path, content, options)
    },
  })
}

describe('acquireLock', () => {
  test('is refused while another run holds it, and says who, since when and what to do', async () => {
    const storage = memory()
    const lock = await acquireLock(storage, { id: 'host:1' }, { now: () => Date.UTC(2026, 0, 1) })
    const refusal = await acquireLock(storage, { id: 'host:2', isAlive: () => true }, { now: () => Date.UTC(2026, 0, 1) + 1000 }).catch(
      (e: unknown) => e,
    )
    expect(isLockedError(refusal)).toBe(true)
    expect(refusal).toMatchObject({ owner: 'host:1', since: Date.UTC(2026, 0, 1), exitCode: 7 })
    expect((refusal as LockedError).message).toMatch(/host:1 since 2026-01-01T00:00:00.000Z: wait .* stop it.*remove "lock"/)
    await lock.release()
    await (await acquireLock(storage, { id: 'host:2' })).release()
    expect(await storage.stat('lock')).toBeUndefined()
  })

  test('is taken over at once from an owner that is known to be dead', async () => {
    const storage = memory()
    const dead = await acquireLock(storage, { id: 'host:1' })
    const lock = await acquireLock(storage, { id: 'host:2', isAlive: id => id !== 'host:1' })
    expect(JSON.parse(await read(storage))).toMatchObject({ owner: 'host:2' })
    await dead.release()
    expect(JSON.parse(await read(storage)), 'a lost lock releases nothing').toMatchObject({ owner: 'host:2' })
    await lock.release()
  })

  test('is taken over after its expiry, and not before, where nobody can tell whether the owner lives', async () => {
    const storage = memory()
    await acquireLock(storage, { id: 'far:1' }, { now: () => 0, ttlMs: 1000 })
    const other = { id: 'near:1', isAlive: () => undefined }
    await expect(acquireLock(storage, other, { now: () => 999 })).rejects.toThrow('far:1')
    const lock = await acquireLock(storage, other, { now: () => 1000 })
    await lock.release()
  })

  test.each([
    { name: 'a free lock', before: undefined },
    { name: 'an expired lock', before: '{"owner":"old","since":0,"expires":1,"token":"t"}' },
    { name: 'a torn lock', before: '{"owner":"ol' },
  ])('of many takers of $name exactly one wins', async ({ before }) => {
    for (const wrap of [(storage: WritableStorage) => storage, (storage: WritableStorage) => lookThenWrite(storage, 20)]) {
      const storage = memory()
      if (before !== undefined) await storage.write('lock', toBytes(before))
      const takers = Array.from({ length: 8 }, (_, n) => acquireLock(wrap(storage), { id: `run:${n}` }))
      const results = await Promise.allSettled(takers)
      const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []))
      expect(winners).toHaveLength(1)
      expect(JSON.parse(await read(storage))).toMatchObject({ owner: `run:${winners[0]}` })
      for (const result of results) if (result.status === 'rejected') expect(isLockedError(result.reason)).toBe(true)
      for (const result of results) if (result.status === 'fulfilled') await result.value.release()
    }
  })

  test('renews itself at a third of its time, and stops when it is released', async () => {
    vi.useFakeTimers()
    try {
      const storage = memory()
      const lock = await acquireLock(storage, { id: 'a' }, { ttlMs: 3000 })
      const { expires } = JSON.parse(await read(storage)) as { expires: number }
      await vi.advanceTimersByTimeAsync(10_500)
      const renewed = JSON.parse(await read(storage)) as { expires: number }
      expect(renewed.expires - expires).toBe(10_000)
      await expect(acquireLock(storage, { id: 'b' })).rejects.toSatisfy(isLockedError)
      await lock.release()
      await vi.advanceTimersByTimeAsync(10_000)
      expect(await storage.stat('lock')).toBeUndefined()
      expect(lock.lost.aborted).toBe(false)
    } finally {
      vi.useRealTimers()
    }
  })

  test('tells its holder when another run has taken it over', async () => {
    vi.useFakeTimers()
    try {
      const storage = memory()
      const lock = await acquireLock(storage, { id: 'a' }, { ttlMs: 3000 })
      await acquireLock(storage, { id: 'b', isAlive: () => false })
      await vi.advanceTimersByTimeAsync(1100)
      expect(lock.lost.aborted).toBe(true)
      expect(String(lock.lost.reason)).toMatch(/taken over/)
    } finally {
      vi.useRealTimers()
    }
  })

  test('survives a storage that is away for a while, and is lost when that lasts until the expiry', async () => {
    vi.useFakeTimers()
    try {
      const inner = memory()
      let away = false
      const storage = decorate(inner, {
        write: (path, content, options) => (away ? Promise.reject(new StorageError('UNAVAILABLE', 'away')) : inner.write(path, content, options)),
      })
      const lock = await acquireLock(storage, { id: 'a' }, { ttlMs: 3000 })
      away = true
      await vi.advanceTimersByTimeAsync(2000)
      away = false
      await vi.advanceTimersByTimeAsync(2000)
      expect(lock.lost.aborted).toBe(false)
      away = true
      await vi.advanceTimersByTimeAsync(4500)
      expect(lock.lost.aborted).toBe(true)
      expect(String(lock.lost.reason)).toMatch(/could not be renewed/)
    } finally {
      vi.useRealTimers()
    }
  })

  test('ends with an error where the file can never be created, and where it never stays', async () => {
    const inner = memory()
    const missing = decorate(inner, { write: () => Promise.reject(new StorageError('NOT_FOUND', 'the root is missing')) })
    await expect(acquireLock(missing, { id: 'a' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const fickle = decorate(inner, { write: () => Promise.reject(new StorageError('PRECONDITION_FAILED', 'it exists')) })
    await expect(acquireLock(fickle, { id: 'a' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('a file that another run replaces while it is read is read again, when it is taken and when it is released', async () => {
    const inner = memory()
    let replaced = 0
    const storage = decorate(inner, {
      async *read(path, options) {
        if (replaced-- > 0) throw new StorageError('PRECONDITION_FAILED', `${path} changed while it was read`, { path })
        yield* inner.read(path, options)
      },
    })
    const lock = await acquireLock(inner, { id: 'host:1' })
    replaced = 2
    await expect(acquireLock(storage, { id: 'host:2' })).rejects.toThrow('host:1')
    await lock.release()
    const next = await acquireLock(storage, { id: 'host:2' })
    replaced = 2
    await next.release()
    expect(await inner.stat('lock')).toBeUndefined()
  })

  test('an aborted run can still release it', async () => {
    const storage = memory()
    const controller = new AbortController()
    const lock = await acquireLock(storage, { id: 'a' }, { signal: controller.signal })
    controller.abort()
    await lock.release()
    await lock.release()
    expect(await storage.stat('lock')).toBeUndefined()
  })
})
