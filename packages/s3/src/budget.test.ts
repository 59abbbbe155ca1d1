import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Budget } from './budget.ts'

describe('Budget', () => {
  test('never gives more than there is, and serves everybody', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 40 }), async sizes => {
        const budget = new Budget(20)
        let held = 0
        const work = async (bytes: number): Promise<void> => {
          const release = await budget.take(bytes)
          held += Math.min(bytes, 20)
          expect(held).toBeLessThanOrEqual(20)
          expect(budget.used).toBeLessThanOrEqual(20)
          await new Promise(resolve => setImmediate(resolve))
          held -= Math.min(bytes, 20)
          release()
          release()
        }
        await Promise.all(sizes.map(work))
        expect(budget.used).toBe(0)
      }),
    )
  })

  test('an abort ends the waiting, and those behind go on', async () => {
    const budget = new Budget(10)
    const release = await budget.take(8)
    const controller = new AbortController()
    const waiting = budget.take(10, controller.signal)
    const behind = budget.take(2)
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    ;(await behind)()
    release()
    expect(budget.used).toBe(0)
  })
})
