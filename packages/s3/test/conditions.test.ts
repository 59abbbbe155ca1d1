import { isStorageError, toBytes, type FileEntry, type Json } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { s3 } from '../src/s3.ts'
import { testBucket } from '@syncline/services/bucket'
import { front } from './front.ts'
import { isContent, listAll } from './kit.ts'

const refused = (error: unknown): boolean => isStorageError(error, 'PRECONDITION_FAILED')

describe('probe', () => {
  test('finds out what the server does, and remembers it for that bucket only', async context => {
    await using bucket = await testBucket(context)
    const storage = s3(bucket.options)
    expect(storage.learned?.facts()).toBeUndefined()
    expect(storage.capabilities.conditional).toBe(false)
    await storage.probe()
    // Ceph 16 decides conditions of PUT, with the etag unquoted, and ignores all others.
    const facts = storage.learned?.facts() as { readonly server: Readonly<Record<string, Json>> }
    expect(facts.server).toEqual({
      putIfNoneMatch: true,
      putIfMatch: 'bare',
      removeIfMatch: false,
      completeIfNoneMatch: false,
      completeIfMatch: false,
      copyIfNoneMatch: false,
      copyIfMatch: false,
      copySourceIfMatch: false,
      md5Etags: true,
      crc64nvme: false,
    })
    expect(storage.capabilities.conditional).toBe(false)
    expect(await listAll(storage, '')).toEqual([])

    await using proxy = await front(bucket.details.endpoint)
    const sameBucket = s3(bucket.options)
    sameBucket.learned?.recall(facts)
    expect(sameBucket.learned?.facts()).toEqual(facts)
    const other = s3({ ...bucket.options, endpoint: proxy.endpoint })
    other.learned?.recall(facts)
    expect(other.learned?.facts()).toBeUndefined()
    for (const nonsense of [null, 5, [], {}, { version: 1, of: 'x', server: {} }, { ...facts, server: { ...facts.server, putIfMatch: 'maybe' } }]) {
      const fresh = s3(bucket.options)
      fresh.learned?.recall(nonsense as never)
      expect(fresh.learned?.facts()).toBeUndefined()
    }
    await storage.close?.()
  })

  test('is made once, by the first call that needs it, and not by reading', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint, prefix: 'p' })
    await listAll(storage, '')
    await storage.stat('x')
    await storage.write('plain', toBytes('x'))
    expect(proxy.requests.filter(line => line.includes('probe'))).toEqual([])
    await Promise.all(['a', 'b', 'c'].map(path => storage.write(path, toBytes('x'), { ifNoneMatch: '*' })))
    const probes = proxy.requests.filter(line => line.includes('probe'))
    expect(probes.length).toBeGreaterThan(5)
    expect(probes.every(line => line.includes('/p/.syncline-tmp-probe-'))).toBe(true)
    proxy.requests.length = 0
    await storage.write('d', toBytes('x'), { ifNoneMatch: '*' })
    expect(proxy.requests).toHaveLength(1)
    await storage.close?.()
  })

  test('where nothing may be tried, conditions are looked at, and nothing is remembered', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    proxy.answer = ({ url = '' }) => (url.includes('probe') ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : undefined)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint })
    await storage.write('file', toBytes('one'), { ifNoneMatch: '*' })
    await expect(storage.write('file', toBytes('two'), { ifNoneMatch: '*' })).rejects.toSatisfy(refused)
    await expect(storage.write('file', toBytes('two'), { ifMatch: 'other' })).rejects.toSatisfy(refused)
    expect(await isContent(storage, 'file', Buffer.from('one'))).toBe(true)
    expect(storage.learned?.facts()).toBeUndefined()
    await storage.close?.()
  })
})

describe('a write that the server could not decide', () => {
  for (const code of ['ConditionalRequestConflict', 'UnknownError'])
    test(`is tried again, and seen to be ours if it was (${code})`, async context => {
      await using bucket = await testBucket(context)
      await using proxy = await front(bucket.details.endpoint)
      const storage = s3({ ...bucket.options, endpoint: proxy.endpoint })
      await storage.probe()
      const direct = s3(bucket.options)
      for (const [content, isOurs] of [
        ['ours', true],
        ['theirs', false],
      ] as const) {
        let tries = 0
        proxy.answer = ({ method, url = '' }) => {
          if (method !== 'PUT' || !url.endsWith(`/${content}`) || ++tries > 1) return undefined
          return { status: 409, body: `<Error><Code>${code}</Code></Error>` }
        }
        // What is there when it is tried again: its own effect, or somebody else's file.
        await direct.write(content, toBytes(content))
        const writing = storage.write(content, toBytes('ours'), { ifNoneMatch: '*' })
        if (isOurs) expect((await writing).etag).toBe(((await storage.stat(content)) as FileEntry).etag)
        else await expect(writing).rejects.toSatisfy(refused)
        expect(tries).toBe(2)
        expect(await isContent(storage, content, Buffer.from(content))).toBe(true)
      }
      await storage.close?.()
      await direct.close?.()
    })
})
