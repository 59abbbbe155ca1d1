import { describe, expect, test } from 'vitest'
import { StorageError } from '../errors.ts'
import { Bandwidth, sleep } from './bandwidth.ts'
import { forEachLimited } from './limiter.ts'
import { isRetryable, retryDelay } from './retry-policy.ts'
import { temporaryPath } from './temporary.ts'

describe('forEachLimited', () => {
  test('starts in order, at most so many at once, and does every item once', async () => {
    const started: number[] = []
    let running = 0
    let most = 0
    await forEachLimited([...Array(20).keys()], 3, async item => {
      started.push(item)
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
    })
    expect([started, most]).toEqual([[...Array(20).keys()], 3])
  })

  test('rejects with the first rejection after what was running', async () => {
    const ended: number[] = []
    const work = forEachLimited([0, 1, 2, 3], 2, async item => {
      if (item === 0) throw new Error('first')
      await new Promise(resolve => setTimeout(resolve, 1))
      ended.push(item)
    })
    await expect(work).rejects.toThrow('first')
    expect(ended).toEqual([1])
  })
})

describe('Bandwidth', () => {
  test('holds several takers together under the rate', async () => {
    let clock = 0
    const bandwidth = new Bandwidth(
      1000,
      () => clock,
      async ms => void (clock = Math.max(clock, clock + ms)),
    )
    for (let i = 0; i < 10; i++) await bandwidth.take(500)
    expect(clock).toBe(5000)
  })

  test('an idle time is not saved up', async () => {
    let clock = 0
    const bandwidth = new Bandwidth(
      1000,
      () => clock,
      async ms => void (clock += ms),
    )
    clock = 60_000
    await bandwidth.take(2000)
    expect(clock).toBe(62_000)
  })
})

describe('sleep', () => {
  test('ends early when any signal aborts, and at once when one has aborted', async () => {
    const abort = new AbortController()
    const sleeping = sleep(1e8, undefined, abort.signal)
    abort.abort()
    await sleeping
    await sleep(1e8, abort.signal)
  })
})

describe('retryDelay', () => {
  test('doubles, up to a limit, with full jitter, and never less than the store asked for', () => {
    const error = new StorageError('UNAVAILABLE', 'down')
    expect([1, 2, 3, 4, 20].map(attempt => retryDelay(attempt, error, () => 0.999999))).toEqual([250, 500, 1000, 2000, 30_000])
    expect(retryDelay(5, error, () => 0)).toBe(0)
    expect(retryDelay(1, new StorageError('RATE_LIMITED', 'slow', { retryAfterMs: 7000 }), () => 0.5)).toBe(7000)
  })

  test('only errors that may pass are tried again', () => {
    expect([new StorageError('TIMEOUT', ''), new StorageError('NOT_FOUND', ''), new Error('x'), undefined].map(isRetryable)).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

describe('temporaryPath', () => {
  test('is reserved, beside the file, always the same, and short enough for any name', () => {
    expect(temporaryPath('a/b', 'new')).toBe('a/.syncline-tmp-new-b')
    const long = 'ü'.repeat(127)
    const [name, other] = [temporaryPath(long, 'new'), temporaryPath(`${long.slice(1)}x`, 'new')]
    expect(new TextEncoder().encode(name).length).toBeLessThan(255)
    expect(name).not.toBe(other)
    expect(temporaryPath(long, 'new')).toBe(name)
  })
})
