import { describe, expect, test } from 'vitest'
import { describeTimes, probeClock, type ClockProbe } from './clock.ts'
import { StorageError } from './errors.ts'
import type { Entry, FileEntry, WritableStorage } from './protocol.ts'
import { decorate } from './storages/decorate.ts'
import { memory, type MemoryStorage } from './storages/memory.ts'
import { prefix } from './storages/prefix.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

interface Store {
  /** What the store keeps of a time that it is given; absent: it sets its own. */
  readonly keep?: (time: number) => number
  /** What a listing shows of a time that is kept. */
  readonly show?: (time: number) => number | undefined
  /** Milliseconds that its clock is ahead. */
  readonly ahead?: number
}

/** A memory storage whose server treats times in its own way. */
function storeThat({ keep, show = time => time, ahead = 0 }: Store): { storage: WritableStorage; inner: MemoryStorage } {
  const inner = memory()
  const withTime = (entry: Entry): Entry => {
    const modified = entry.modified === undefined ? undefined : show(entry.modified)
    const { modified: _, ...rest } = entry
    return modified === undefined ? rest : { ...rest, modified }
  }
  const storage = decorate(inner, {
    write: (path, content, options = {}): Promise<FileEntry> => {
      const { modified, ...rest } = options
      const time = modified === undefined || keep === undefined ? Date.now() + ahead : keep(modified)
      return inner.write(path, content, { ...rest, modified: time })
    },
    async *list(path, options) {
      for await (const item of inner.list(path, options)) yield (Array.isArray(item) ? (item as Entry[]) : [item as Entry]).map(withTime)
    },
  })
  return { storage, inner }
}

const down =
  (precision: number, shift = 0) =>
  (time: number): number =>
    Math.floor(time / precision) * precision + shift

async function probe(store: Store): Promise<ClockProbe> {
  const { storage, inner } = storeThat(store)
  const result = await probeClock(storage)
  expect(await collectPaths(inner)).toEqual([])
  return result
}

async function collectPaths(storage: WritableStorage): Promise<string[]> {
  const paths: string[] = []
  for await (const item of storage.list('')) paths.push(...(Array.isArray(item) ? (item as Entry[]) : [item as Entry]).map(entry => entry.path))
  return paths
}

describe('probeClock', () => {
  test('memory keeps whole milliseconds, and its clock is ours', async () => {
    const { offsetMs, uncertaintyMs, kept, listed } = await probe({ keep: time => time })
    expect(Math.abs(offsetMs as number)).toBeLessThanOrEqual(uncertaintyMs)
    expect([kept, listed]).toEqual([
      { precisionMs: 1, rounding: 'down', shiftMs: 0 },
      { precisionMs: 1, rounding: 'down', shiftMs: 0 },
    ])
  })

  test.each([
    ['whole milliseconds', 1, 'down', down(1)],
    ['whole seconds, cut off', 1000, 'down', down(1000)],
    ['the nearest second', 1000, 'nearest', (time: number) => Math.round(time / 1000) * 1000],
    ['the next second', 1000, 'up', (time: number) => Math.ceil(time / 1000) * 1000],
    ['every other second, as FAT', 2000, 'down', down(2000)],
    ['minutes', minute, 'down', down(minute)],
    ['days', day, 'down', down(day)],
  ] as const)('tells %s', async (_, precisionMs, rounding, keep) => {
    const expected = { precisionMs, rounding, shiftMs: 0 }
    expect(await probe({ keep })).toMatchObject({ kept: expected, listed: expected })
  })

  test('tells a listing by the minute in a zone that it does not name', async () => {
    expect(await probe({ keep: down(1000), show: down(minute, -3.5 * hour) })).toMatchObject({
      kept: { precisionMs: 1000, rounding: 'down', shiftMs: 0 },
      listed: { precisionMs: minute, rounding: 'down', shiftMs: -3.5 * hour },
    })
  })

  test('tells that a listing shows no time', async () => {
    const { kept, listed } = await probe({ keep: time => time, show: () => undefined })
    expect([kept, listed]).toEqual([{ precisionMs: 1, rounding: 'down', shiftMs: 0 }, undefined])
  })

  test.each([90_000, -day, 3 * 365 * day, 2 * hour])('a clock that is %d ms ahead is found, and no time is kept', async ahead => {
    const { offsetMs, uncertaintyMs, kept, listed } = await probe({ ahead })
    expect(Math.abs((offsetMs as number) - ahead)).toBeLessThanOrEqual(uncertaintyMs)
    expect([kept, listed]).toEqual([undefined, undefined])
  })

  test('leaves nothing behind if a call fails', async () => {
    const { storage, inner } = storeThat({ keep: time => time })
    const broken = decorate(storage, { stat: path => Promise.reject(new StorageError('UNAVAILABLE', 'gone', { path })) })
    await expect(probeClock(broken)).rejects.toThrow('gone')
    expect(await collectPaths(inner)).toEqual([])
  })

  test('leaves nothing behind if it is aborted', async () => {
    const inner = memory()
    const controller = new AbortController()
    const storage = decorate(inner, {
      write: async (path, content, options) => {
        const entry = await inner.write(path, content, options)
        controller.abort(new Error('enough'))
        return entry
      },
    })
    await expect(probeClock(storage, { signal: controller.signal })).rejects.toThrow('enough')
    expect(await collectPaths(inner)).toEqual([])
  })

  test('works in a directory, and leaves what is there', async () => {
    const storage = memory()
    await storage.write('d/file', (async function* () {})())
    await probeClock(storage, { directory: 'd' })
    await probeClock(prefix(storage, 'd'))
    expect(await collectPaths(storage)).toEqual(['d', 'd/file'])
  })
})

describe('describeTimes', () => {
  test('times that come back as they were are exact', () =>
    expect(describeTimes([1000.125, 90_000.5], [1000.125, 90_000.5])).toEqual({ precisionMs: 0, rounding: 'exact', shiftMs: 0 }))
  test('two times that fit no rule are not explained', () => expect(describeTimes([1000, 90_000], [1000, 2 * day])).toBeUndefined())
  test('a time that is missing is not explained', () => expect(describeTimes([1000, 2000], [1000, undefined])).toBeUndefined())
})
