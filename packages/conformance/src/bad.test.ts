import { collectText, type Entry, type FileEntry, memory, pathProblem, type ReadableStorage, StorageError, toBytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { eventuallyConsistent } from './bad/eventually-consistent.ts'
import { failing, type Method } from './bad/failing.ts'
import { endless, forgetful, hostileNames, hostilePaths, unordered } from './bad/listings.ts'
import { lyingAboutSizes, truncating } from './bad/lying.ts'
import { recording } from './bad/recording.ts'
import { slow } from './bad/slow.ts'
import { listAll } from './check.ts'

async function filled(): Promise<ReturnType<typeof memory>> {
  const storage = memory({ pageSize: 2 })
  for (const path of ['a', 'b', 'c', 'd/e']) await storage.write(path, toBytes(`content of ${path}`))
  return storage
}

const pathsOf = async (storage: ReadableStorage): Promise<readonly string[]> => (await listAll(storage)).map(({ path }) => path)

describe('failing', () => {
  test('fails at the nth call of a method, and works before and after', async () => {
    const inner = await filled()
    const storage = failing(inner, { method: 'remove', call: 2 })
    await storage.stat('a')
    await storage.remove('a')
    expect(storage.failed).toBe(false)
    await expect(storage.remove('b')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(await inner.stat('b')).toBeDefined()
    await storage.remove('c')
    expect(await pathsOf(inner)).toEqual(['b', 'd', 'd/e'])
    expect([storage.calls, storage.failed]).toEqual([3, true])
  })

  test('counts the calls of all methods, unless told otherwise', async () => {
    const storage = failing(await filled(), { call: 4 })
    await storage.stat('a')
    await listAll(storage)
    await storage.write('x', toBytes(''))
    await expect(collectText(storage.read('a'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(storage.calls).toBe(4)
  })

  test('fails so many times in a row, with the error that is given', async () => {
    const error = new StorageError('NO_SPACE', 'full')
    const storage = failing(await filled(), { method: 'stat', call: 1, times: 2, error })
    await expect(storage.stat('a')).rejects.toBe(error)
    await expect(storage.stat('a')).rejects.toBe(error)
    expect(await storage.stat('a')).toBeDefined()
  })

  test('loses the answer of a call that has happened', async () => {
    const inner = await filled()
    await expect(failing(inner, { method: 'move', call: 1, when: 'after' }).move?.('a', 'z')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect([await inner.stat('a'), (await inner.stat('z'))?.kind]).toEqual([undefined, 'file'])
  })

  test.each([
    { items: 0, when: 'before' as const, expected: [] },
    { items: 3, when: 'before' as const, expected: ['a', 'b', 'c'] },
    { items: 0, when: 'after' as const, expected: ['a', 'b', 'c', 'd', 'd/e'] },
  ])('a listing fails $when its end, after $items entries', async ({ items, when, expected }) => {
    const seen: string[] = []
    const listing = async (): Promise<void> => {
      for await (const page of failing(await filled(), { method: 'list', call: 1, items, when }).list(''))
        seen.push(...(page as readonly Entry[]).map(({ path }) => path))
    }
    await expect(listing()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(seen).toEqual(expected)
  })

  test('a read fails after so many bytes', async () => {
    let text = ''
    const reading = async (): Promise<void> => {
      for await (const chunk of failing(await filled(), { method: 'read', call: 1, items: 7 }).read('a')) text += new TextDecoder().decode(chunk)
    }
    await expect(reading()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(text).toBe('content')
  })

  test('has only the methods of what it wraps, and never transferFrom', async () => {
    const inner = { ...memory({ capabilities: { directories: false } }), transferFrom: () => undefined }
    const storage = failing(inner, { method: 'makeDirectory' satisfies Method, call: 1 })
    expect([storage.makeDirectory, storage.transferFrom]).toEqual([undefined, undefined])
  })
})

describe('slow', () => {
  test('waits before calls, pages and chunks', async () => {
    const waits: string[] = []
    const storage = slow(await filled(), { sleep: async method => void waits.push(method) })
    await storage.stat('a')
    await pathsOf(storage)
    await collectText(storage.read('a'))
    expect(waits).toEqual(['stat', 'list', 'list', 'list', 'list', 'read', 'read'])
  })
})

describe('truncating', () => {
  test('reads end early without an error', async () => {
    expect(await collectText(truncating(await filled(), { at: 'read', bytes: 3 }).read('a'))).toBe('content o')
  })

  test('writes store less and say that all is well', async () => {
    const inner = memory()
    expect((await truncating(inner, { at: 'write' }).write('a', toBytes('content'), { size: 7 })).size).toBe(7)
    expect(await collectText(inner.read('a'))).toBe('conten')
  })
})

describe('lyingAboutSizes', () => {
  test('shows another size everywhere, and the true content', async () => {
    const storage = lyingAboutSizes(memory(), size => size * 2)
    expect((await storage.write('a', toBytes('content'))).size).toBe(14)
    expect(((await storage.stat('a')) as FileEntry).size).toBe(14)
    expect((await listAll(storage)).map(entry => (entry as FileEntry).size)).toEqual([14])
    expect(await collectText(storage.read('a'))).toBe('content')
  })
})

describe('hostileNames', () => {
  test('adds names that are no paths, and some that are and look like others', async () => {
    const storage = hostileNames(await filled())
    const listed = await pathsOf(storage)
    expect(listed).toEqual(['a', 'b', 'c', 'd', 'd/e', ...hostilePaths])
    expect(hostilePaths.filter(path => path !== '' && pathProblem(path) !== undefined).length).toBeGreaterThan(6)
    expect(hostilePaths.filter(path => pathProblem(path) === undefined).length).toBeGreaterThan(6)
    expect(await listAll(storage, 'd')).toHaveLength(1)
    expect(await collectText(storage.read('../escaped'))).toBe('')
  })

  test('as directories too', async () => {
    expect(await listAll(hostileNames(memory(), { paths: ['..'], kind: 'directory' }))).toEqual([{ kind: 'directory', path: '..' }])
  })
})

describe('endless', () => {
  test('lists in order until it is left', async () => {
    const storage = endless(memory())
    const seen: string[] = []
    for await (const page of storage.list('')) {
      seen.push(...(page as readonly Entry[]).map(({ path }) => path))
      if (seen.length >= 300) break
    }
    expect([...seen].sort()).toEqual(seen)
    expect(storage.entries).toBe(300)
  })

  test('ends with an abort', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const listing = async (): Promise<void> => {
      for await (const _ of endless(memory()).list('', { signal: controller.signal })) controller.abort(reason)
    }
    await expect(listing()).rejects.toBe(reason)
  })
})

describe('unordered', () => {
  test('lists in reverse and promises order', async () => {
    const storage = unordered(await filled())
    expect(await pathsOf(storage)).toEqual(['d/e', 'd', 'c', 'b', 'a'])
    expect(storage.capabilities.ordered).toBe(true)
  })
})

describe('forgetful', () => {
  test('leaves out of listings what stat still finds', async () => {
    const storage = forgetful(await filled(), path => path === 'b')
    expect(await pathsOf(storage)).toEqual(['a', 'c', 'd', 'd/e'])
    expect(await storage.stat('b')).toBeDefined()
  })
})

describe('eventuallyConsistent', () => {
  test('shows a change after so many listings and stats', async () => {
    const storage = eventuallyConsistent(await filled(), { lag: 2 })
    await storage.write('new', toBytes('x'))
    await storage.remove('a')
    expect(await storage.stat('new')).toBeUndefined()
    expect(await pathsOf(storage)).toEqual(['a', 'b', 'c', 'd', 'd/e'])
    expect(await pathsOf(storage)).toEqual(['b', 'c', 'd', 'd/e', 'new'])
  })

  test('reads and conditions see the truth', async () => {
    const storage = eventuallyConsistent(memory(), { lag: 5 })
    await storage.write('a', toBytes('x'))
    expect(await collectText(storage.read('a'))).toBe('x')
    await expect(storage.write('a', toBytes('y'), { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
  })

  test('shows one change after the other', async () => {
    const storage = eventuallyConsistent(memory(), { lag: 1 })
    await storage.write('a', toBytes('x'))
    expect(await pathsOf(storage)).toEqual([])
    expect(await pathsOf(storage)).toEqual(['a'])
    await storage.write('b', toBytes('x'))
    expect(await storage.stat('b')).toBeUndefined()
    expect(await storage.stat('b')).toBeDefined()
  })
})

describe('recording', () => {
  test('writes down every call with its outcome', async () => {
    const storage = recording(await filled())
    await storage.stat('a')
    await storage.write('x/y', toBytes(''), { size: 0 })
    await pathsOf(storage)
    for await (const _ of storage.list('')) break
    await expect(storage.remove('')).rejects.toThrow()
    expect(storage.log.map(({ method, path, outcome }) => [method, path, typeof outcome === 'string' ? outcome : outcome.error])).toEqual([
      ['stat', 'a', 'done'],
      ['write', 'x/y', 'done'],
      ['list', '', 'done'],
      ['list', '', 'running'],
      ['remove', '', 'the root of memory: cannot be removed'],
    ])
    expect(storage.log[1]?.args[2]).toEqual({ size: 0 })
    expect(storage.writes.map(({ method }) => method)).toEqual(['write', 'remove'])
  })
})
