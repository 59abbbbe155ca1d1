import { describe, expect, test } from 'vitest'
import { SyncPauseController } from '../pause.ts'
import { StorageError } from '../errors.ts'
import { decorate } from '../storages/decorate.ts'
import { execute } from './execute.ts'
import { config, mirrorPlan, stateOf, storageWith, treeOf, watch, type Tree } from './test-kit.ts'
import type { WritableStorage } from '../protocol.ts'

const sourceTree: Tree = { a: 'a', b: 'b new', 'c/d': 'd', empty: null, turn: 'a file now', link: { link: 'x' } }
const destinationTree: Tree = { b: 'b', gone: 'gone', 'old/x': 'x', 'turn/in': 'in' }

/** Calls `hook` with the number of each call, before it. */
function hooked(storage: WritableStorage, hook: (method: string) => void): WritableStorage {
  return new Proxy(storage, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: readonly unknown[]) => {
        hook(String(key))
        return (value as (...args: readonly unknown[]) => unknown).apply(target, [...args])
      }
    },
  })
}

describe('execute, cancelled', () => {
  test.each(['pause', 'signal'] as const)(
    'by the %s at any storage call: what was done is recorded, nothing is half, and the next run finishes',
    async by => {
      let total = Infinity
      for (let n = 1; n <= total; n++) {
        const [source, destination] = [await storageWith(sourceTree), await storageWith(destinationTree)]
        const pause = new SyncPauseController()
        const abort = new AbortController()
        let calls = 0
        const hook = (): void => {
          if (++calls !== n) return
          if (by === 'pause') pause.cancel()
          else abort.abort(new Error('enough'))
        }
        const { context, recorded, events } = watch(hooked(source, hook), hooked(destination, hook), {
          pause,
          signal: abort.signal,
          config: config({ concurrency: { transfers: 1, operations: 1 } }),
        })
        const plan = await mirrorPlan(source, destination, { trash: true })
        const result = await execute(plan, context)
        if (calls < n) {
          total = 0
          expect(result.cancelled).toBe(false)
          continue
        }
        const label = `call ${n}`
        expect(result, label).toMatchObject({ cancelled: true, failures: [], stale: [] })
        const done = result.stats.uploads + result.stats.deletesDestination
        expect(new Set(recorded.map(change => change.path)).size, label).toBeLessThanOrEqual(done)
        expect(recorded.length, label).toBe(done)
        if (done < plan.items.length) expect(events, label).toContainEqual({ type: 'cancelled' })
        const [ours, theirs] = [await treeOf(source), await treeOf(destination)]
        expect(ours, label).toEqual(await treeOf(await storageWith(sourceTree)))
        for (const path of stateOf(recorded).keys()) expect(theirs[path], `${label}: ${path}`).toEqual(ours[path])
        const again = watch(source, destination, { runId: 'again' })
        const next = await execute(await mirrorPlan(source, destination, { trash: true }), again.context)
        expect(next, label).toMatchObject({ cancelled: false, failures: [], stale: [] })
        expect(await treeOf(destination), label).toEqual(ours)
      }
      expect(total).toBe(0)
    },
  )

  test('before the start: does nothing and says so', async () => {
    const [source, destination] = [await storageWith(sourceTree), await storageWith(destinationTree)]
    const pause = new SyncPauseController()
    pause.cancel()
    const { context, recorded } = watch(source, destination, { pause })
    const result = await execute(await mirrorPlan(source, destination), context)
    expect(result).toMatchObject({ cancelled: true, failures: [], stats: { uploads: 0, deletesDestination: 0 } })
    expect(recorded).toEqual([])
    expect(await treeOf(destination)).toEqual(await treeOf(await storageWith(destinationTree)))
  })

  test('while it waits between tries: ends at once, and the item is a failure', async () => {
    const [source, destination] = [await storageWith({ a: 'a' }), await storageWith({})]
    const pause = new SyncPauseController()
    const failing = decorate(destination, { write: () => Promise.reject(new StorageError('UNAVAILABLE', 'down', { retryAfterMs: 1e9 })) })
    // The platform's timer: it would wait for eleven days.
    const { sleep: _sleep, ...context } = watch(source, failing, { pause }).context
    const running = execute(await mirrorPlan(source, destination), { ...context, record: async () => {} })
    setTimeout(() => pause.cancel(), 5)
    expect(await running).toMatchObject({ cancelled: true, failures: [{ path: 'a', code: 'UNAVAILABLE' }] })
  })
})

describe('execute, paused', () => {
  test('at any storage call: finishes what runs, starts nothing, and goes on after resume', async () => {
    for (let n = 1; n <= 12; n++) {
      const [source, destination] = [await storageWith(sourceTree), await storageWith(destinationTree)]
      const pause = new SyncPauseController()
      let calls = 0
      const hook = (): void => void (++calls === n && pause.pause())
      const { context, events } = watch(hooked(source, hook), hooked(destination, hook), { pause })
      const running = execute(await mirrorPlan(source, destination), context)
      while (!events.some(event => event.type === 'paused')) await new Promise(resolve => setTimeout(resolve, 0))
      const held = calls
      for (let i = 0; i < 5; i++) await new Promise(resolve => setTimeout(resolve, 0))
      expect(calls, `call ${n}`).toBe(held)
      pause.resume()
      expect(await running, `call ${n}`).toMatchObject({ cancelled: false, failures: [], stale: [] })
      expect(events.filter(event => event.type === 'paused' || event.type === 'resumed').map(event => event.type)).toEqual(['paused', 'resumed'])
      expect(await treeOf(destination)).toEqual(await treeOf(source))
    }
  })

  test('and then cancelled: ends', async () => {
    const [source, destination] = [await storageWith(sourceTree), await storageWith(destinationTree)]
    const pause = new SyncPauseController()
    pause.pause()
    const { context } = watch(source, destination, { pause })
    const running = execute(await mirrorPlan(source, destination), context)
    pause.cancel()
    expect(await running).toMatchObject({ cancelled: true, stats: { uploads: 0 } })
  })
})
