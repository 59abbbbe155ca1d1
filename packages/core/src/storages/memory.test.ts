import { describe, expect, test } from 'vitest'
import { collectText, toBytes } from '../bytes.ts'
import { isWritable, type Entry, type ReadableStorage } from '../protocol.ts'
import { memory } from './memory.ts'
import { readOnly } from './read-only.ts'

async function paths(storage: ReadableStorage, options?: Parameters<ReadableStorage['list']>[1]): Promise<readonly string[]> {
  const found: string[] = []
  for await (const item of storage.list('', options))
    for (const entry of item as readonly Entry[]) found.push(entry.kind === 'directory' ? `${entry.path}/` : entry.path)
  return found
}

/** Content that shows what `look` sees after its first chunk. */
async function* looking(look: () => Promise<unknown>, seen: unknown[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('first ')
  seen.push(await look())
  yield new TextEncoder().encode('second')
}

// What it promises is tested by the conformance suite; here is what it leaves out on demand.
describe('memory', () => {
  test('keeps its promises by default', () => {
    expect(memory().capabilities).toEqual({
      ordered: true,
      atomicWrite: true,
      conditional: true,
      directories: true,
      modifiedPrecision: 1,
      exactNames: true,
      hashes: ['sha256', 'sha1'],
      concurrency: 8,
    })
  })

  test('lists in another order without the promise of order', async () => {
    const storage = memory({ capabilities: { ordered: false } })
    for (const path of ['a', 'b', 'c/d']) await storage.write(path, toBytes(''))
    expect(await paths(storage)).toEqual(['c/', 'c/d', 'b', 'a'])
    expect(storage.capabilities.ordered).toBeUndefined()
  })

  test('shows content while it comes, and what had come of a write that failed, without atomic writes', async () => {
    const storage = memory({ capabilities: { atomicWrite: false } })
    const seen: unknown[] = []
    await storage.write(
      'a',
      looking(() => collectText(storage.read('a')), seen),
    )
    expect(seen).toEqual(['first '])
    const failing = looking(() => Promise.reject(new Error('broken')), [])
    await expect(storage.write('a', failing)).rejects.toThrow('broken')
    expect(await collectText(storage.read('a'))).toBe('first ')
  })

  test('ignores preconditions without conditional', async () => {
    const storage = memory({ capabilities: { conditional: false } })
    await storage.write('a', toBytes('old'))
    await storage.write('a', toBytes('new'), { ifNoneMatch: '*', ifMatch: 'other' })
    expect(await collectText(storage.read('a', { ifMatch: 'other' }))).toBe('new')
  })

  test('shows directories only where a listing stops at them, and forgets empty ones, without directories', async () => {
    const storage = memory({ capabilities: { directories: false } })
    await storage.write('a/b/c', toBytes(''))
    await storage.write('d', toBytes(''))
    expect(await paths(storage)).toEqual(['a/b/c', 'd'])
    expect(await paths(storage, { recursive: false })).toEqual(['a/', 'd'])
    expect(await storage.stat('a')).toBeUndefined()
    expect(storage.makeDirectory).toBeUndefined()
    await storage.remove('a/b/c')
    expect(await paths(storage, { recursive: false })).toEqual(['d'])
  })

  test.each([
    { modifiedPrecision: 2000, expected: 1_234_567_890_000 },
    { modifiedPrecision: 1000, expected: 1_234_567_891_000 },
    { modifiedPrecision: false as const, expected: 42 },
  ])('keeps times with precision $modifiedPrecision', async ({ modifiedPrecision, expected }) => {
    const storage = memory({ now: () => 42, capabilities: { modifiedPrecision } })
    expect(await storage.write('a', toBytes(''), { modified: 1_234_567_891_234 })).toMatchObject({ modified: expected })
    expect(storage.setModified === undefined).toBe(modifiedPrecision === false)
  })

  test('keeps the first spelling of a name, and finds it by any, without exact names', async () => {
    const storage = memory({ capabilities: { exactNames: false } })
    await storage.write('Café', toBytes('one'))
    await storage.write('cafe\u0301', toBytes('two'))
    expect(await paths(storage)).toEqual(['Café'])
    expect(await collectText(storage.read('CAFÉ'))).toBe('two')
    await storage.move('Café', 'CAFÉ')
    expect(await paths(storage)).toEqual(['CAFÉ'])
  })

  test('keeps the id of a file over moves and replacements, and gives each version an etag', async () => {
    const storage = memory()
    const first = await storage.write('a', toBytes('x'))
    const second = await storage.write('a', toBytes('x'))
    await storage.move('a', 'b')
    expect(await storage.stat('b')).toEqual({ ...second, path: 'b' })
    expect(second.id).toBe(first.id)
    expect(second.etag).not.toBe(first.etag)
  })

  test('has no hash without hashes', () => {
    expect(memory({ capabilities: { hashes: [] } }).hash).toBeUndefined()
  })
})

describe('readOnly', () => {
  test('has no method that writes', () => {
    const storage = readOnly(memory())
    expect(isWritable(storage)).toBe(false)
    expect(Object.keys(storage).sort()).toEqual(['capabilities', 'close', 'hash', 'list', 'name', 'read', 'snapshot', 'stat'])
  })
})
