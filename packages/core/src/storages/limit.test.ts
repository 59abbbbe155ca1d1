import { describe, expect, test } from 'vitest'
import { toBytes } from '../bytes.ts'
import type { ReadableStorage, WritableStorage } from '../protocol.ts'
import { decorate } from './decorate.ts'
import { limit } from './limit.ts'
import { memory } from './memory.ts'

/** A storage whose stats wait to be let go, and which counts how many wait. */
function gated(): { readonly storage: WritableStorage; readonly letGo: (() => void)[]; readonly begun: string[] } {
  const letGo: (() => void)[] = []
  const begun: string[] = []
  const storage = decorate(memory(), {
    async stat(path) {
      begun.push(path)
      await new Promise<void>(resolve => letGo.push(resolve))
      return undefined
    },
  })
  return { storage, letGo, begun }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

describe('limit', () => {
  test('runs so many calls at once, the others in the order in which they came', async () => {
    const { storage, letGo, begun } = gated()
    const limited = limit(storage, { concurrency: 2 })
    const calls = ['a', 'b', 'c', 'd'].map(path => limited.stat(path))
    await turns()
    expect(begun).toEqual(['a', 'b'])
    letGo[1]?.()
    await turns()
    expect(begun).toEqual(['a', 'b', 'c'])
    letGo[0]?.()
    await turns()
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
    for (const go of letGo) go()
    await Promise.all(calls)
  })

  test('a call that fails gives its place to the next', async () => {
    const storage = limit(memory(), { concurrency: 1 })
    await expect(storage.remove('')).rejects.toMatchObject({ code: 'INVALID_PATH' })
    expect(await storage.stat('a')).toBeUndefined()
  })

  test.each([
    { name: 'list', open: (storage: ReadableStorage): AsyncIterable<unknown> => storage.list('') },
    { name: 'read', open: (storage: ReadableStorage): AsyncIterable<unknown> => storage.read('a') },
  ])('a $name holds its place until it has ended or was left', async ({ open }) => {
    const inner = memory({ pageSize: 1 })
    await inner.write('a', toBytes(new Uint8Array(200_000)))
    await inner.write('b', toBytes(''))
    const storage = limit(inner, { concurrency: 1 })
    for (const isLeft of [false, true]) {
      let stat: Promise<unknown> | undefined
      let answered = false
      for await (const _ of open(storage)) {
        stat ??= storage.stat('a').then(() => (answered = true))
        await turns()
        expect(answered).toBe(false)
        if (isLeft) break
      }
      await stat
      expect(answered).toBe(true)
    }
  })

  test('an abort frees a waiting call, which never begins', async () => {
    const { storage, letGo, begun } = gated()
    const limited = limit(storage, { concurrency: 1 })
    const controller = new AbortController()
    const reason = new Error('enough')
    const first = limited.stat('a')
    const second = limited.stat('b', { signal: controller.signal })
    const third = limited.stat('c')
    await turns()
    controller.abort(reason)
    await expect(second).rejects.toBe(reason)
    letGo[0]?.()
    await turns()
    expect(begun).toEqual(['a', 'c'])
    for (const go of letGo) go()
    await Promise.all([first, third])
  })

  test('no place is lost, in whichever turn an abort meets the end of the call before', async () => {
    for (let delay = 0; delay < 12; delay++) {
      const { storage, letGo, begun } = gated()
      const limited = limit(storage, { concurrency: 1 })
      const controller = new AbortController()
      const first = limited.stat('a')
      const second = limited.stat('b', { signal: controller.signal }).catch(() => undefined)
      const third = limited.stat('c')
      await turns()
      letGo[0]?.()
      for (let i = 0; i < delay; i++) await Promise.resolve()
      controller.abort(new Error('enough'))
      await turns()
      // "b" runs if it was admitted before the abort, and is then the only one.
      if (begun.includes('b')) {
        expect(begun).toEqual(['a', 'b'])
        letGo[1]?.()
        await turns()
      }
      expect(begun).toContain('c')
      for (const go of letGo) go()
      await Promise.all([first, second, third])
    }
  })

  test('says how many calls help now', () => {
    expect(limit(memory(), { concurrency: 3 }).capabilities.concurrency).toBe(3)
    expect(limit(memory({ capabilities: { concurrency: 2 } }), { concurrency: 3 }).capabilities.concurrency).toBe(2)
  })

  test('a snapshot shares the places', async () => {
    const { storage, letGo, begun } = gated()
    const limited = limit(decorate(storage, { snapshot: async () => storage }), { concurrency: 1 })
    const snapshot = (await limited.snapshot?.()) as ReadableStorage
    const calls = [limited.stat('a'), snapshot.stat('b')]
    await turns()
    expect(begun).toEqual(['a'])
    letGo[0]?.()
    await turns()
    letGo[1]?.()
    await Promise.all(calls)
  })

  test('a concurrency that is no positive integer is a TypeError', () => {
    expect(() => limit(memory(), { concurrency: 1.5 })).toThrow(TypeError)
  })
})
