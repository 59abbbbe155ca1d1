import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect, collectText, toBytes } from '../bytes.ts'
import { StorageError, type StorageErrorOptions } from '../errors.ts'
import type { Bytes, Entry, FileEntry, WritableStorage } from '../protocol.ts'
import { decorate } from './decorate.ts'
import { memory } from './memory.ts'
import { replayable } from './replayable.ts'
import { repeat, retry, type RetryInfo, type RetryOptions } from './retry.ts'

const down = (options?: StorageErrorOptions): StorageError => new StorageError('UNAVAILABLE', 'the server is restarting', options)

/** Waits that take no time, and what they would have been. */
function patient(options: RetryOptions = {}): { readonly options: RetryOptions; readonly delays: number[]; readonly infos: RetryInfo[] } {
  const delays: number[] = []
  const infos: RetryInfo[] = []
  return {
    options: { random: () => 1, sleep: async delay => void delays.push(delay), onRetry: info => infos.push(info), ...options },
    delays,
    infos,
  }
}

/** A call that fails so many times. */
function failingTimes<T>(times: number, answer: T, error: () => unknown = down): { (): Promise<T>; calls: number } {
  const call = async (): Promise<T> => {
    if (call.calls++ < times) throw error()
    return answer
  }
  call.calls = 0
  return call
}

async function all(storage: WritableStorage, pathOnly = ''): Promise<readonly string[]> {
  const paths: string[] = []
  for await (const item of storage.list(pathOnly))
    for (const entry of Array.isArray(item) ? (item as readonly Entry[]) : [item as Entry]) paths.push(entry.path)
  return paths
}

describe('repeat', () => {
  test('repeats a retryable failure and returns the answer', async () => {
    const { options, infos } = patient()
    const call = failingTimes(2, 'answer')
    expect(await repeat(call, { ...options, call: 'stat', path: 'a' })).toBe('answer')
    expect(call.calls).toBe(3)
    expect(infos.map(({ call: name, path, attempt }) => [name, path, attempt])).toEqual([
      ['stat', 'a', 1],
      ['stat', 'a', 2],
    ])
  })

  test('gives up after so many attempts, with the last error', async () => {
    const { options } = patient({ attempts: 3 })
    const call = failingTimes(9, 'answer')
    await expect(repeat(call, options)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(call.calls).toBe(3)
  })

  test.each([new StorageError('NOT_FOUND', 'x'), new StorageError('UNAVAILABLE', 'x', { retryable: false }), new TypeError('x')])(
    'does not repeat %s',
    async error => {
      const call = failingTimes(1, 'answer', () => error)
      await expect(repeat(call, patient().options)).rejects.toBe(error)
      expect(call.calls).toBe(1)
    },
  )

  test('doubles the longest wait up to a maximum, and takes a random part of it', async () => {
    const { options, delays } = patient({ attempts: 6, baseDelayMs: 100, maxDelayMs: 500, random: () => 0.5 })
    await expect(repeat(failingTimes(9, 0), options)).rejects.toThrow()
    expect(delays).toEqual([50, 100, 200, 250, 250])
  })

  test('waits no shorter than the store asked for', async () => {
    const { options, delays } = patient({ random: () => 0, maxDelayMs: 100 })
    await repeat(
      failingTimes(1, 0, () => down({ retryAfterMs: 5000 })),
      options,
    )
    expect(delays).toEqual([5000])
  })

  test('an abort ends the wait with its reason', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const waiting = repeat(failingTimes(9, 0), { sleep: () => new Promise(() => controller.abort(reason)), signal: controller.signal })
    await expect(waiting).rejects.toBe(reason)
  })

  test('attempts that are no positive integer are a TypeError', () => {
    expect(() => retry(memory(), { attempts: 0 })).toThrow(TypeError)
  })
})

describe('retry', () => {
  test('repeats every method that answers once', async () => {
    const inner = memory()
    await inner.write('a', toBytes('x'))
    const failed = new Set<string>()
    const flaky = decorate(
      inner,
      Object.fromEntries(
        ['stat', 'hash', 'remove', 'makeDirectory', 'makeSymlink', 'setModified', 'setMode', 'copy', 'move', 'flush', 'snapshot', 'upload'].map(
          name => [
            name,
            async (...args: readonly unknown[]) => {
              if (!failed.has(name)) {
                failed.add(name)
                throw down()
              }
              return await (inner as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[name]?.(...args)
            },
          ],
        ),
      ),
    )
    const { options, infos } = patient()
    const storage = retry(flaky, options)
    await storage.stat('a')
    await storage.hash?.('a', 'sha256')
    await storage.makeDirectory?.('d')
    await storage.makeSymlink?.('l', 'a')
    await storage.setModified?.('a', 1)
    await storage.setMode?.('a', 0o600)
    await storage.copy?.('a', 'b')
    await storage.move?.('b', 'c')
    await storage.remove('c')
    await storage.flush?.()
    await storage.snapshot?.()
    await storage.upload?.('u')
    expect(infos.map(({ call, path }) => `${call} ${path}`)).toEqual([
      'stat a',
      'hash a',
      'makeDirectory d',
      'makeSymlink l',
      'setModified a',
      'setMode a',
      'copy a',
      'move b',
      'remove c',
      'flush undefined',
      'snapshot undefined',
      'upload u',
    ])
  })

  test('repeats the parts of an upload', async () => {
    const inner = memory({ partSize: 4 })
    let fails = 0
    const flaky = decorate(inner, {
      async upload(path, options) {
        const upload = await inner.upload(path, options)
        return {
          ...upload,
          put: async (...args) => (++fails === 1 ? Promise.reject(down()) : await upload.put(...args)),
          complete: async options => (++fails === 3 ? Promise.reject(down()) : await upload.complete(options)),
        }
      },
    })
    const upload = await retry(flaky, patient().options).upload?.('a')
    await upload?.put(0, new TextEncoder().encode('abc'))
    await upload?.complete()
    expect(await collectText(inner.read('a'))).toBe('abc')
  })

  test.each([true, false])('a list that fails midway goes on without repeating or losing an entry, ordered: %s', async ordered => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 7 }), fc.array(fc.nat(30), { maxLength: 8 }), async (pageSize, breaks) => {
        const inner = memory({ pageSize, capabilities: { ordered } })
        for (let i = 0; i < 25; i++) await inner.write(i % 3 === 0 ? `d${i % 4}/f${i}` : `f${i}`, toBytes(''))
        const remaining = [...breaks]
        const flaky = decorate(inner, {
          async *list(path, options) {
            let left = remaining.shift() ?? Infinity
            for await (const page of inner.list(path, options)) {
              if (left-- <= 0) throw down()
              yield page
            }
          },
        })
        expect(await all(retry(flaky, { ...patient().options, attempts: 20 }))).toEqual(await all(inner))
      }),
    )
  })

  test('a list that is repeated in another order than promised rejects, and loses nothing silently', async () => {
    const inner = memory({ pageSize: 1 })
    for (const path of ['a', 'b', 'c', 'd']) await inner.write(path, toBytes(''))
    let runs = 0
    const flaky = decorate(inner, {
      async *list(path, options) {
        const pages: (readonly Entry[])[] = []
        for await (const page of inner.list(path, options)) pages.push(page as readonly Entry[])
        if (runs++ > 0) return yield* pages.reverse()
        yield* pages.slice(0, 2)
        throw down()
      },
    })
    await expect(all(retry(flaky, patient().options))).rejects.toMatchObject({ code: 'UNORDERED' })
  })

  test('a list that gets on may fail more often than the attempts', async () => {
    const inner = memory({ pageSize: 1 })
    for (let i = 0; i < 10; i++) await inner.write(`f${i}`, toBytes(''))
    let reached = 0
    const flaky = decorate(inner, {
      async *list(path, options) {
        let at = 0
        for await (const page of inner.list(path, options)) {
          yield page
          if (++at > reached) {
            reached = at
            throw down()
          }
        }
      },
    })
    expect(await all(retry(flaky, { ...patient().options, attempts: 2 }))).toHaveLength(10)
  })

  /** A storage whose reads stop after so many bytes, and what happens at each stop. */
  function stopping(inner: WritableStorage, bytes: number, onStop: () => Promise<unknown> | undefined = async () => undefined): WritableStorage {
    return decorate(inner, {
      async *read(path, options) {
        let left = bytes
        for await (const chunk of inner.read(path, options)) {
          yield chunk.subarray(0, left)
          left -= Math.min(left, chunk.length)
          if (left > 0) continue
          await onStop()
          throw down()
        }
      },
    })
  }

  test.each([
    { options: {}, expected: '0123456789' },
    { options: { offset: 2 }, expected: '23456789' },
    { options: { offset: 1, length: 7 }, expected: '1234567' },
    { options: { length: 6 }, expected: '012345' },
  ])('a read that stops goes on where it had come to: $options', async ({ options, expected }) => {
    const inner = memory()
    await inner.write('a', toBytes('0123456789'))
    expect(await collectText(retry(stopping(inner, 3), patient().options).read('a', options))).toBe(expected)
  })

  test('a read never mixes two versions', async () => {
    const inner = memory()
    await inner.write('a', toBytes('old old old'))
    const storage = retry(
      stopping(inner, 4, () => inner.write('a', toBytes('new new new'))),
      patient().options,
    )
    await expect(collect(storage.read('a'))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    const { etag } = (await inner.stat('a')) as FileEntry
    await expect(collect(storage.read('a', { ifMatch: etag as string }))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
  })

  test('a read of a storage without versions is repeated only before its first byte', async () => {
    const inner = memory({ capabilities: { conditional: false } })
    await inner.write('a', toBytes('old old old'))
    await expect(collect(retry(stopping(inner, 4), patient().options).read('a'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    let fails = 2
    const flaky = decorate(inner, {
      async *read(path, options) {
        if (fails-- > 0) throw down()
        yield* inner.read(path, options)
      },
    })
    expect(await collectText(retry(flaky, patient().options).read('a'))).toBe('old old old')
  })

  test('a file that is replaced between the question for its version and the read is read in its new version', async () => {
    const inner = memory()
    await inner.write('a', toBytes('old'))
    let replaced = false
    const racing = decorate(inner, {
      async stat(path, options) {
        const entry = await inner.stat(path, options)
        if (!replaced) {
          replaced = true
          await inner.write('a', toBytes('new'))
        }
        return entry
      },
    })
    expect(await collectText(retry(racing, patient().options).read('a'))).toBe('new')
  })

  test('reads of missing files reject as before', async () => {
    await expect(collect(retry(memory(), patient().options).read('missing'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  /** Fails its first write after it has read so many chunks. */
  function failingWrite(inner: WritableStorage, chunks: number): WritableStorage {
    let failed = false
    return decorate(inner, {
      async write(path, content, options) {
        if (failed) return await inner.write(path, content, options)
        failed = true
        const iterator = chunks > 0 ? content[Symbol.asyncIterator]() : undefined
        for (let i = 0; i < chunks; i++) await iterator?.next()
        throw down()
      },
    })
  }

  async function* once(text: string): Bytes & AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(text.slice(0, 3))
    yield new TextEncoder().encode(text.slice(3))
  }

  test('a write is repeated from the start if its content can be read again', async () => {
    const inner = memory()
    await retry(failingWrite(inner, 1), patient().options).write(
      'a',
      replayable(() => once('content')),
    )
    expect(await collectText(inner.read('a'))).toBe('content')
  })

  test('a write is repeated if its content was not touched', async () => {
    const inner = memory()
    await retry(failingWrite(inner, 0), patient().options).write('a', once('content'))
    expect(await collectText(inner.read('a'))).toBe('content')
  })

  test('a write whose content is spent is not repeated, and stores no half', async () => {
    const inner = memory()
    await expect(retry(failingWrite(inner, 1), patient().options).write('a', once('content'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await inner.stat('a')).toBeUndefined()
  })

  test('what a snapshot fails at is repeated too', async () => {
    const inner = memory()
    await inner.write('a', toBytes('content'))
    let fails = 1
    const flaky = decorate(inner, {
      async snapshot() {
        return decorate(await inner.snapshot(), {
          async stat(path, options) {
            if (fails-- > 0) throw down()
            return await inner.stat(path, options)
          },
        })
      },
    })
    const snapshot = await retry(flaky, patient().options).snapshot?.()
    expect(await snapshot?.stat('a')).toMatchObject({ size: 7 })
  })
})
