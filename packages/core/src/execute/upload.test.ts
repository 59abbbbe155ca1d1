import { describe, expect, test } from 'vitest'
import { toBytes } from '../bytes.ts'
import { SyncEngine } from '../engine.ts'
import type { SyncResult } from '../engine-types.ts'
import { StorageError } from '../errors.ts'
import type { Upload, WritableStorage } from '../protocol.ts'
import { decorate } from '../storages/decorate.ts'
import { memory, type MemoryCapabilities, type MemoryStorage } from '../storages/memory.ts'
import { SyncPair } from '../sync-pair.ts'
import { ContentBudget } from './content-budget.ts'

const partSize = 1024 * 1024
const size = 40 * partSize + 17

function content(seed: number, length = size): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i += 997) bytes[i] = (i * seed) & 0xff
  return bytes
}

type Hooks = {
  /** Called before a part is stored. */
  put?: (index: number) => void | Promise<void>
  /** What is still there of the parts that were stored. */
  stored?: (indices: readonly number[]) => readonly number[]
  complete?: (finish: () => ReturnType<Upload['complete']>) => ReturnType<Upload['complete']>
  sequential?: boolean
}

interface Watched {
  readonly storage: WritableStorage
  /** Indices in the order in which they were put. */
  readonly put: number[]
  most: number
  readonly aborted: string[]
  readonly opened: (string | undefined)[]
}

/** A store that tells what was done with its uploads. */
function watched(inner: MemoryStorage, hooks: Hooks = {}): Watched {
  let current = 0
  const seen: Watched = { storage: inner, put: [], most: 0, aborted: [], opened: [] }
  const storage = decorate(inner as WritableStorage, {
    upload: async (path, options) => {
      seen.opened.push(options?.resume)
      const upload = await inner.upload!(path, options)
      return {
        token: upload.token,
        partSize: upload.partSize,
        ...(hooks.sequential === true && { sequential: true }),
        stored: async options => (hooks.stored ?? (indices => indices))(await upload.stored(options)),
        put: async (index, part, options) => {
          seen.most = Math.max(seen.most, ++current)
          try {
            await new Promise(resolve => setTimeout(resolve, 0))
            await hooks.put?.(index)
            seen.put.push(index)
            await upload.put(index, part, options)
          } finally {
            current--
          }
        },
        complete: options => (hooks.complete ?? (finish => finish()))(() => upload.complete(options)),
        abort: async () => {
          seen.aborted.push(upload.token)
          await upload.abort()
        },
      }
    },
  })
  return Object.assign(seen, { storage })
}

const broken = (): StorageError => new StorageError('UNAVAILABLE', 'the connection was cut', { retryable: true })

interface Pair {
  readonly source: MemoryStorage
  readonly target: MemoryStorage
  readonly state: MemoryStorage
  readonly sync: (hooks?: Hooks, signal?: AbortSignal) => Promise<{ result: SyncResult; seen: Watched }>
}

async function setUp(capabilities: MemoryCapabilities = {}): Promise<Pair> {
  const [source, target, state] = [
    memory({ name: 'memory:source', capabilities }),
    memory({ name: 'memory:target', partSize }),
    memory({ name: 'memory:state' }),
  ]
  await source.write('big', toBytes(content(3)))
  await source.write('small', toBytes('small'))
  const sync: Pair['sync'] = async (hooks, signal) => {
    const seen = watched(target, hooks)
    // The delays between tries are random times nothing.
    const engine = new SyncEngine({ random: () => 0 })
    const pair = new SyncPair({ source, destination: seen.storage, state, attempts: 2 })
    return { result: await engine.syncPair(pair, signal === undefined ? {} : { signal }), seen }
  }
  return { source, target, state, sync }
}

async function bytesOf(storage: MemoryStorage, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of storage.read(path)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Whether the target has the content of a seed. Compared as buffers: a matcher would go through 40 million elements. */
async function holds({ target }: Pair, seed: number): Promise<boolean> {
  return Buffer.compare(await bytesOf(target, 'big'), content(seed)) === 0
}

const isPending = async ({ state }: Pair): Promise<boolean> => (await state.stat('uploads.json')) !== undefined

describe('a big file to a store that takes parts', () => {
  test('arrives whole, four parts at a time, and nothing is left to remember', async () => {
    const pair = await setUp()
    const { result, seen } = await pair.sync()
    expect(result.failures).toEqual([])
    expect(await holds(pair, 3)).toBe(true)
    expect(seen.put.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 41 }, (_, i) => i))
    expect(seen.most).toBe(4)
    expect(await isPending(pair)).toBe(false)
    expect((await pair.sync()).result.plan.items).toEqual([])
  })

  test('goes part after part where the store can only append', async () => {
    const pair = await setUp()
    const { seen } = await pair.sync({ sequential: true })
    expect(seen.most).toBe(1)
    expect(seen.put).toEqual(Array.from({ length: 41 }, (_, i) => i))
  })

  test('goes on in the same run where a cut connection left off', async () => {
    const pair = await setUp()
    let cuts = 1
    const { result, seen } = await pair.sync({
      put: index => {
        if (index === 30 && cuts-- > 0) throw broken()
      },
    })
    expect(result.failures).toEqual([])
    expect(seen.put).toHaveLength(41)
    expect(await holds(pair, 3)).toBe(true)
  })

  test('sends again what a store that went down had confirmed and lost', async () => {
    const pair = await setUp()
    let cuts = 1
    const { result, seen } = await pair.sync({
      put: index => {
        if (index === 30 && cuts-- > 0) throw broken()
      },
      stored: indices => indices.filter(index => index !== 7 && index < 28),
    })
    expect(result.failures).toEqual([])
    expect(seen.put.filter(index => index === 7)).toHaveLength(2)
    expect(seen.put.filter(index => index === 28)).toHaveLength(2)
    expect(await holds(pair, 3)).toBe(true)
  })

  test('goes on in the next run with the same upload', async () => {
    const pair = await setUp()
    const first = await pair.sync({
      put: index => {
        if (index >= 24) throw broken()
      },
    })
    expect(first.result.failures).toMatchObject([{ path: 'big', code: 'UNAVAILABLE' }])
    expect(first.seen.aborted).toEqual([])
    expect(await pair.target.stat('big')).toBeUndefined()
    expect(await isPending(pair)).toBe(true)
    const second = await pair.sync()
    expect(second.seen.opened).toEqual([expect.any(String)])
    expect(second.result.exitCode).toBe(0)
    expect(await holds(pair, 3)).toBe(true)
    expect(await isPending(pair)).toBe(false)
  })

  test('goes on after an abort', async () => {
    const pair = await setUp()
    const controller = new AbortController()
    const first = await pair.sync(
      {
        put: index => {
          if (index === 20) controller.abort()
        },
      },
      controller.signal,
    )
    expect(first.result.cancelled).toBe(true)
    expect(first.seen.aborted).toEqual([])
    expect(await isPending(pair)).toBe(true)
    const second = await pair.sync()
    expect(second.seen.opened).toEqual([expect.any(String)])
    expect(await holds(pair, 3)).toBe(true)
  })

  test('starts anew when the file was edited meanwhile, and ends the old upload', async () => {
    const pair = await setUp()
    const fail = { put: (index: number): void => { if (index >= 10) throw broken() } } // prettier-ignore
    await pair.sync(fail)
    await pair.source.write('big', toBytes(content(5)))
    const { seen } = await pair.sync()
    expect(seen.aborted).toHaveLength(1)
    expect(seen.put).toHaveLength(41)
    expect(await holds(pair, 5)).toBe(true)
    expect(await isPending(pair)).toBe(false)
  })

  test('ends the upload of a file that is gone', async () => {
    const pair = await setUp()
    const fail = { put: (index: number): void => { if (index >= 10) throw broken() } } // prettier-ignore
    await pair.sync(fail)
    await pair.source.remove('big')
    const { seen } = await pair.sync()
    expect(seen.aborted).toHaveLength(1)
    expect(await isPending(pair)).toBe(false)
    expect(await pair.target.stat('big')).toBeUndefined()
  })

  test('ends the upload when it fails for good', async () => {
    const pair = await setUp()
    const { result, seen } = await pair.sync({
      put: index => {
        if (index === 8) throw new StorageError('NO_SPACE', 'the disk is full')
      },
    })
    expect(result.failures).toMatchObject([{ path: 'big', code: 'NO_SPACE' }])
    expect(seen.aborted).toHaveLength(1)
    expect(await isPending(pair)).toBe(false)
  })

  test('never puts a file together from two versions: an edit while it is sent ends the upload', async () => {
    const pair = await setUp({ conditional: false })
    const { result, seen } = await pair.sync({
      put: async index => {
        if (index === 5) await pair.source.write('big', toBytes(content(7)))
      },
    })
    expect(result.stale.concat(result.failures).map(({ path }) => path)).toEqual(['big'])
    expect(seen.aborted).toHaveLength(1)
    expect(await pair.target.stat('big')).toBeUndefined()
    await pair.sync()
    expect(await holds(pair, 7)).toBe(true)
  })

  test('knows its own file when the answer to the completion was lost', async () => {
    const pair = await setUp()
    let answers = 0
    const { result } = await pair.sync({
      complete: async finish => {
        const entry = await finish()
        if (answers++ === 0) throw broken()
        return entry
      },
    })
    expect(result.failures).toEqual([])
    expect(result.stale).toEqual([])
    expect(await holds(pair, 3)).toBe(true)
    expect((await pair.sync()).result.plan.items).toEqual([])
  })

  test('leaves alone what somebody else wrote meanwhile', async () => {
    const pair = await setUp()
    const { result } = await pair.sync({
      put: async index => {
        if (index === 40) await pair.target.write('big', toBytes('theirs'))
      },
    })
    expect(result.stale.map(({ path }) => path)).toEqual(['big'])
    expect(new TextDecoder().decode(await bytesOf(pair.target, 'big'))).toBe('theirs')
  })

  test('is sent anew when what the state remembers is damaged', async () => {
    const pair = await setUp()
    const fail = { put: (index: number): void => { if (index >= 10) throw broken() } } // prettier-ignore
    await pair.sync(fail)
    await pair.state.write('uploads.json', toBytes('[{"side":"destination","pa'))
    const { result } = await pair.sync()
    expect(result.exitCode).toBe(0)
    expect(await holds(pair, 3)).toBe(true)
  })
})

describe('the budget of content', () => {
  test('holds back who would hold too much, in the order of asking, and lets a giant go alone', async () => {
    const budget = new ContentBudget(10)
    const log: string[] = []
    const ask = async (name: string, bytes: number): Promise<() => void> => {
      const release = await budget.take(bytes)
      log.push(name)
      return release
    }
    const a = await ask('a', 6)
    const later = [ask('giant', 50), ask('c', 1)]
    await Promise.resolve()
    expect(log).toEqual(['a'])
    a()
    a()
    const giant = await later[0]!
    expect(log).toEqual(['a', 'giant'])
    giant()
    ;(await later[1]!)()
    expect(log).toEqual(['a', 'giant', 'c'])
  })
})
