import { createHash } from 'node:crypto'
import { collect, decorate, memory, SyncEngine, SyncPair, toBytes, type MemoryStorage, type SyncMode, type WritableStorage } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { s3 } from '../src/s3.ts'
import { testBucket } from '@syncline/services/bucket'
import { front } from './front.ts'
import { inChunks, isContent, pattern } from './kit.ts'

const mebi = 1024 * 1024
const mode: SyncMode = 'two-way'

/** A storage that can say the MD5 of its files, as a local directory can. */
function withMd5(storage: MemoryStorage): WritableStorage {
  return decorate<WritableStorage>(storage, {
    capabilities: { ...storage.capabilities, hashes: ['md5'] },
    hash: async path =>
      createHash('md5')
        .update(await collect(storage.read(path)))
        .digest('hex'),
  })
}

describe('a sync with a bucket', () => {
  test('whose sides both have a big file already, of which the server knows no hash, goes by its time', async context => {
    await using bucket = await testBucket(context)
    const content = pattern(9 * mebi)
    const [source, destination] = [withMd5(memory()), s3(bucket.options)]
    for (const side of [source, destination]) await side.write('big', inChunks(content), { size: content.length, modified: 1_600_000_000_000 })
    const result = await new SyncEngine({ mode }).syncPair(new SyncPair({ source, destination }))
    expect([result.exitCode, result.stats.uploads, result.stats.downloads, result.stats.errors]).toEqual([0, 0, 0, 0])
    await destination.close?.()
  })

  test('sends one request for each new file, and the second time only lists', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const [source, destination, state] = [memory(), s3({ ...bucket.options, endpoint: proxy.endpoint }), memory()]
    for (let i = 0; i < 50; i++) await source.write(`d${i % 5}/${i}`, toBytes(`content ${i}`), { modified: 1_600_000_000_000 + i, mode: 0o640 })
    await destination.probe()
    proxy.requests.length = 0
    const run = async (): Promise<number> => {
      const result = await new SyncEngine({ mode }).syncPair(new SyncPair({ source, destination, state }))
      expect(result.exitCode).toBe(0)
      return result.stats.uploads + result.stats.downloads
    }
    expect(await run()).toBe(50)
    const files = proxy.requests.filter(line => !line.includes('.syncline-'))
    expect(files.filter(line => line.startsWith('PUT'))).toHaveLength(50)
    // The engine looks for an ignore file, and at the first files that a store says it has written, however many there are.
    expect(files.filter(line => line.startsWith('HEAD')).length).toBeLessThan(20)
    proxy.requests.length = 0
    expect(await run()).toBe(0)
    expect(proxy.requests.filter(line => !line.includes('.syncline-'))).toEqual([expect.stringContaining('list-type=2')])
    expect(await destination.stat('d0/0')).toMatchObject({ modified: 1_600_000_000_000, mode: 0o640 })
    await destination.close?.()
  })

  test('follows a rename within the server, and takes an edit of either side across', async context => {
    await using bucket = await testBucket(context)
    const [source, destination, state] = [memory(), s3(bucket.options), memory()]
    await source.write('old/name', toBytes('renamed'), { modified: 1e12 })
    await source.write('ours', toBytes('one'), { modified: 1e12 })
    await source.write('theirs', toBytes('one'), { modified: 1e12 })
    await source.write('gone', toBytes('one'), { modified: 1e12 })
    const run = async () => await new SyncEngine({ mode }).syncPair(new SyncPair({ source, destination, state }))
    await run()
    await source.move('old/name', 'new/name')
    await source.write('ours', toBytes('two'), { modified: 1e12 + 5000 })
    await destination.write('theirs', toBytes('two'), { modified: 1e12 + 5000 })
    await destination.remove('gone')
    const result = await run()
    expect([result.exitCode, result.stats.renamesDestination, result.stats.uploads, result.stats.downloads, result.stats.deletesSource]).toEqual([
      0, 1, 1, 1, 1,
    ])
    expect(await isContent(destination, 'new/name', Buffer.from('renamed'))).toBe(true)
    expect(await destination.stat('old/name')).toBeUndefined()
    expect(await isContent(destination, 'ours', Buffer.from('two'))).toBe(true)
    expect(await isContent(source, 'theirs', Buffer.from('two'))).toBe(true)
    expect(await source.stat('gone')).toBeUndefined()
    await destination.close?.()
  })
})
