import { describe, expect, test } from 'vitest'
import { collectText, toBytes } from '../bytes.ts'
import { StorageError } from '../errors.ts'
import type { Entry, ReadableStorage } from '../protocol.ts'
import { decorate } from './decorate.ts'
import { memory } from './memory.ts'
import { prefix } from './prefix.ts'

async function listed(storage: ReadableStorage, path = ''): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const item of storage.list(path)) entries.push(...(Array.isArray(item) ? (item as readonly Entry[]) : [item as Entry]))
  return entries
}

describe('prefix', () => {
  test('reads and writes below its root and nowhere else', async () => {
    const inner = memory()
    await inner.write('docs-2/other', toBytes('other'))
    const docs = prefix(inner, 'docs')
    expect(await docs.write('a/b', toBytes('content'))).toMatchObject({ path: 'a/b' })
    expect(await collectText(inner.read('docs/a/b'))).toBe('content')
    expect((await listed(docs)).map(({ path }) => path)).toEqual(['a', 'a/b'])
    expect(await docs.stat('a/b')).toMatchObject({ path: 'a/b', size: 7 })
    await docs.remove('a/b')
    expect(await inner.stat('docs/a/b')).toBeUndefined()
  })

  test('a missing root lists as missing, and the first write makes it', async () => {
    const docs = prefix(memory(), 'docs')
    await expect(listed(docs)).rejects.toMatchObject({ code: 'NOT_FOUND', path: '' })
    expect(await docs.stat('')).toBeUndefined()
    await docs.write('a', toBytes(''))
    expect(await listed(docs)).toHaveLength(1)
  })

  test('a missing root is an empty one where directories do not exist on their own', async () => {
    const docs = prefix(memory({ capabilities: { directories: false } }), 'docs')
    expect(await listed(docs)).toEqual([])
    await expect(listed(docs, 'sub')).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'sub' })
  })

  test('errors name the path below the root', async () => {
    const docs = prefix(memory(), 'docs')
    await docs.write('file', toBytes(''))
    await expect(docs.write('file/below', toBytes(''))).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY', path: 'file/below' })
    await expect(docs.stat('docs/..')).rejects.toMatchObject({ code: 'INVALID_PATH', path: 'docs/..' })
  })

  test('errors keep what they say about retrying', async () => {
    const inner = decorate(memory(), { stat: async path => Promise.reject(new StorageError('RATE_LIMITED', 'slow down', { path, retryAfterMs: 7 })) })
    await expect(prefix(inner, 'docs').stat('a')).rejects.toMatchObject({ code: 'RATE_LIMITED', path: 'a', retryable: true, retryAfterMs: 7 })
  })

  test('problem entries and their errors name the path below the root', async () => {
    const error = new StorageError('PERMISSION_DENIED', 'no', { path: 'docs/secret' })
    const inner = decorate(memory(), {
      async *list() {
        yield { kind: 'problem', path: 'docs/secret', reason: 'no', error }
      },
    })
    expect(await listed(prefix(inner, 'docs'))).toMatchObject([{ path: 'secret', error: { path: 'secret', cause: error } }])
  })

  test.each(['../x', '/x', '..'])('does not reach out of its root by %j', async path => {
    const inner = memory()
    await inner.write('x', toBytes('kept'))
    await expect(prefix(inner, 'docs').write(path, toBytes('bad'))).rejects.toMatchObject({ code: 'INVALID_PATH', path })
    expect(await collectText(inner.read('x'))).toBe('kept')
  })

  test('its root can neither be removed, replaced nor moved', async () => {
    const inner = memory()
    await inner.makeDirectory?.('docs')
    const docs = prefix(inner, 'docs')
    await docs.write('a', toBytes(''))
    for (const call of [
      () => docs.remove(''),
      () => docs.write('', toBytes('')),
      () => docs.move?.('', 'b'),
      () => docs.move?.('a', ''),
      () => docs.copy?.('a', ''),
      () => docs.makeSymlink?.('', 'a'),
      () => docs.upload?.(''),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'INVALID_PATH', path: '' })
    }
    expect((await inner.stat('docs'))?.kind).toBe('directory')
  })

  test('descend is asked about paths below the root', async () => {
    const inner = memory()
    await inner.write('docs/a/b', toBytes(''))
    const asked: string[] = []
    for await (const _ of prefix(inner, 'docs').list('', { descend: path => asked.push(path) > 0 })) continue
    expect(asked).toEqual(['a'])
  })

  test('watch tells of what is below the root, and of the root for what is above', async () => {
    const inner = decorate(memory(), {})
    const watching = {
      ...inner,
      async *watch() {
        yield* ['docs/a', 'docs-2/a', 'docs', '', 'other/docs/a']
      },
    }
    const told: string[] = []
    for await (const path of prefix(watching, 'docs').watch?.() ?? []) told.push(path)
    expect(told).toEqual(['a', '', ''])
  })

  test('is named after its root, and rejects a bad one', () => {
    expect(prefix(memory({ name: 's3://bucket/' }), 'docs').name).toBe('s3://bucket/docs')
    expect(() => prefix(memory(), '../x')).toThrow(StorageError)
  })
})
