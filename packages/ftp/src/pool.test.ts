import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Connection } from './connection.ts'
import type { Known } from './known.ts'
import { Pool } from './pool.ts'

/** What the pool sees of a connection. How it grows depends on times only, so they are given here. */
const connectionTo = (known: Known): Connection =>
  ({
    known,
    isFree: true,
    isReused: false,
    control: { error: undefined, ref: () => undefined, unref: () => undefined, close: () => undefined },
  }) as unknown as Connection

describe('Pool', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] }))
  afterEach(() => void vi.useRealTimers())

  test.each([
    { callMs: 50, waiting: 9, opened: 3, why: 'the last would wait for 450, 225 and 150 ms' },
    { callMs: 50, waiting: 40, opened: 4, why: 'no more log in at the same time' },
    { callMs: 10, waiting: 9, opened: 0, why: 'all is over before a login is' },
  ])('opens $opened connections for $waiting calls of $callMs ms when a login takes 120 ms: $why', async ({ callMs, waiting, opened }) => {
    const known = { loginMs: 120, pipelines: true } as unknown as Known
    const open = vi.fn(() => new Promise<Connection>(() => undefined))
    const pool = new Pool(connectionTo(known), { open, connections: 16, idleMs: 1000 })
    await pool.use(async () => void vi.advanceTimersByTime(callMs))
    let finish: (() => void) | undefined
    const end = new Promise<void>(resolve => (finish = resolve))
    const calls = Array.from({ length: waiting + 1 }, () => pool.use(() => end))
    await Promise.resolve()
    expect(open).toHaveBeenCalledTimes(opened)
    finish?.()
    await Promise.all(calls)
    pool.close()
  })
})
