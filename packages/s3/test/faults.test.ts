import { setTimeout } from 'node:timers/promises'
import { collect, isStorageError, toBytes, type FileEntry, type StorageErrorCode } from '@syncline/core'
import { service } from '@syncline/services'
import { faultProxy, type FaultProxy } from '@syncline/services/fault-proxy'
import { describe, expect, test } from 'vitest'
import type { S3Options } from '../src/options.ts'
import { s3, type S3Storage } from '../src/s3.ts'
import { testBucket, type TestBucket } from '@syncline/services/bucket'
import { front } from './front.ts'
import { inChunks, isContent, listAll, pattern } from './kit.ts'

const mebi = 1024 * 1024

async function proxyFor({ details }: TestBucket): Promise<FaultProxy> {
  const { hostname, port } = new URL(details.endpoint)
  return await faultProxy({ host: hostname, port: Number(port) })
}

function through({ options }: TestBucket, proxy: FaultProxy, more: Partial<S3Options> = {}): S3Storage {
  return s3({ ...options, endpoint: `http://${proxy.host}:${proxy.port}`, ...more })
}

const failed =
  (code: StorageErrorCode, retryable: boolean) =>
  (error: unknown): boolean =>
    isStorageError(error, code) && error.retryable === retryable

describe('a connection that breaks', () => {
  test('in the middle of a download is taken up again where it was', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy)
    const content = pattern(6 * mebi)
    await storage.write('file', inChunks(content))
    for (const how of ['reset', 'end'] as const) {
      const before = proxy.stats()
      proxy.cutAfter(3 * mebi, { direction: 'down', how })
      expect(Buffer.compare(await collect(storage.read('file')), content)).toBe(0)
      expect(proxy.stats().cuts).toBe(before.cuts + 1)
      // A reset loses what was on its way; from the start it would be 9.
      expect(proxy.stats().bytesDown - before.bytesDown).toBeLessThan((how === 'end' ? 7 : 8.5) * mebi)
    }
    const [offset, length] = [mebi, 4 * mebi]
    proxy.cutAfter(2 * mebi, { direction: 'down' })
    expect(Buffer.compare(await collect(storage.read('file', { offset, length })), content.subarray(offset, offset + length))).toBe(0)
    await storage.close?.()
  })

  test('in the middle of a download of a file that is replaced meanwhile does not mix two versions', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy)
    const direct = s3(bucket.options)
    await direct.write('file', inChunks(pattern(6 * mebi, 1)))
    const read = async (): Promise<void> => {
      let isFirst = true
      for await (const _ of storage.read('file')) {
        if (!isFirst) continue
        isFirst = false
        await direct.write('file', inChunks(pattern(6 * mebi, 2)))
        proxy.killConnections()
      }
    }
    await expect(read()).rejects.toSatisfy(failed('PRECONDITION_FAILED', false))
    await storage.close?.()
    await direct.close?.()
  })

  test('in the middle of an upload of a small file leaves the old one', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy)
    await storage.write('file', toBytes('old'))
    proxy.cutAfter(mebi, { direction: 'up' })
    proxy.refuse(true)
    await expect(storage.write('file', inChunks(pattern(4 * mebi)), { size: 4 * mebi })).rejects.toSatisfy(failed('UNAVAILABLE', true))
    proxy.refuse(false)
    expect(await isContent(storage, 'file', Buffer.from('old'))).toBe(true)
    await storage.write('file', inChunks(pattern(4 * mebi)), { size: 4 * mebi })
    expect(await isContent(storage, 'file', pattern(4 * mebi))).toBe(true)
    await storage.close?.()
  })

  test('in the middle of an upload in parts costs that part only', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy, { partSize: 5 * mebi, memory: 5 * mebi })
    const content = pattern(22 * mebi)
    proxy.cutAfter(12 * mebi, { direction: 'up' })
    await storage.write('file', inChunks(content), { size: content.length })
    expect(proxy.stats().cuts).toBe(1)
    expect(proxy.stats().bytesUp).toBeLessThan(28 * mebi)
    expect(await isContent(storage, 'file', content)).toBe(true)
    await storage.close?.()
  })

  test('for good ends an upload in parts, and no part of it shows', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy, { partSize: 5 * mebi, memory: 5 * mebi })
    const direct = s3(bucket.options)
    const breaking = async function* (): AsyncGenerator<Uint8Array> {
      yield* inChunks(pattern(12 * mebi))
      proxy.refuse(true)
      proxy.killConnections()
      yield* inChunks(pattern(12 * mebi))
    }
    await expect(storage.write('file', breaking())).rejects.toSatisfy(failed('UNAVAILABLE', true))
    expect(await listAll(direct, '')).toEqual([])
    const stale = []
    for await (const left of direct.staleUploads()) stale.push(left)
    expect(stale).toMatchObject([{ path: 'file' }])
    await direct.abortUpload(stale[0]!)
    await storage.close?.()
    await direct.close?.()
  })

  test('before the answer to a completion is seen to have had its effect', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint })
    await storage.probe()
    const content = pattern(9 * mebi)
    let lost = 0
    proxy.answer = ({ method, url = '' }) => (method === 'POST' && url.includes('uploadId') && lost++ === 0 ? 'lose' : undefined)
    const entry = await storage.write('file', inChunks(content), { ifNoneMatch: '*', size: content.length })
    expect(lost).toBeGreaterThan(0)
    expect(entry.etag).toBe(((await storage.stat('file')) as FileEntry).etag)
    expect(await isContent(storage, 'file', content)).toBe(true)
    await storage.close?.()
  })

  test('in the middle of a listing costs that page only', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy)
    for (let i = 0; i < 20; i++) await storage.write(`file ${i}`, toBytes('x'))
    proxy.cutAfter(700, { direction: 'down' })
    expect(await listAll(storage, '')).toHaveLength(20)
    expect(proxy.stats().cuts).toBe(1)
    await storage.close?.()
  })

  test('while it is idle is no failure', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy)
    await storage.write('file', toBytes('x'))
    proxy.killConnections()
    await storage.write('file', toBytes('y'))
    proxy.killConnections()
    expect(await storage.stat('file')).toMatchObject({ size: 1 })
    await storage.close?.()
  })
})

describe('a server that', () => {
  test('does not answer is given up after a while', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy, { timeoutMs: 300 })
    await storage.write('file', toBytes('x'))
    proxy.hang(true)
    await expect(storage.stat('file')).rejects.toSatisfy(failed('TIMEOUT', true))
    proxy.hang(false)
    expect(await storage.stat('file')).toMatchObject({ size: 1 })
    await storage.close?.()
  })

  test('waits for a slow reader is not given up', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint, timeoutMs: 300 })
    const content = pattern(16 * mebi)
    await storage.write('file', inChunks(content))
    proxy.requests.length = 0
    const chunks: Uint8Array[] = []
    for await (const chunk of storage.read('file')) {
      if (chunks.length === 0) await setTimeout(1200)
      chunks.push(chunk)
    }
    expect(Buffer.compare(Buffer.concat(chunks), content)).toBe(0)
    expect(proxy.requests).toHaveLength(1)
    await storage.close?.()
  })

  test('is not there says so', async () => {
    const storage = s3({
      bucket: 'b',
      endpoint: 'http://127.0.0.1:1',
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'hush' },
    })
    await expect(storage.stat('file')).rejects.toSatisfy(
      error => failed('UNAVAILABLE', true)(error) && /s3:\/\/b.*ECONNREFUSED/.test((error as Error).message) && !String(error).includes('hush'),
    )
  })

  test('turns a byte over is noticed, on the way there and back', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await proxyFor(bucket)
    const storage = through(bucket, proxy)
    const content = pattern(2 * mebi)
    proxy.corrupt(mebi, { direction: 'up' })
    await expect(storage.write('file', inChunks(content), { size: content.length })).rejects.toSatisfy(failed('CORRUPT', true))
    expect(await storage.stat('file')).toBeUndefined()
    await storage.write('file', inChunks(content), { size: content.length })
    proxy.corrupt(mebi, { direction: 'down' })
    await expect(collect(storage.read('file'))).rejects.toSatisfy(failed('CORRUPT', true))
    expect(await isContent(storage, 'file', content)).toBe(true)
    const big = pattern(9 * mebi)
    proxy.corrupt(8 * mebi + 300_000, { direction: 'up' })
    await storage.write('big', inChunks(big)).catch(() => undefined)
    expect((await storage.stat('big')) === undefined || (await isContent(storage, 'big', big))).toBe(true)
    await storage.write('big', inChunks(big))
    proxy.corrupt(8 * mebi + 300_000, { direction: 'down' })
    await expect(collect(storage.read('big'))).rejects.toSatisfy(failed('CORRUPT', true))
    await storage.close?.()
  })

  test('is too busy is asked again when it says, and parts are not lost by it', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint })
    const slowDown = {
      status: 503,
      headers: { 'retry-after': '2' },
      body: '<Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>',
    }
    proxy.answer = () => slowDown
    await expect(storage.stat('file')).rejects.toSatisfy(error => failed('RATE_LIMITED', true)(error))
    await expect(storage.write('file', toBytes('x'))).rejects.toSatisfy(error => isStorageError(error) && error.retryAfterMs === 2000)
    let refusedParts = 0
    proxy.answer = ({ url = '' }) => (url.includes('partNumber=2') && refusedParts++ === 0 ? { ...slowDown, headers: {} } : undefined)
    await storage.write('big', inChunks(pattern(9 * mebi)))
    expect(refusedParts).toBe(2)
    expect(await isContent(storage, 'big', pattern(9 * mebi))).toBe(true)
    await storage.close?.()
  })

  test('ends an answer that began well in an error has failed', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint })
    await storage.write('from', toBytes('x'))
    const body =
      '<?xml version="1.0" encoding="UTF-8"?>\n\n<Error><Code>InternalError</Code><Message>We encountered an internal error</Message></Error>'
    proxy.answer = ({ method }) => (method === 'PUT' ? { status: 200, body } : undefined)
    await expect(storage.copy?.('from', 'to')).rejects.toSatisfy(failed('UNAVAILABLE', true))
    await storage.close?.()
  })

  test('is killed and started again is used again', { timeout: 90_000 }, async context => {
    const { control } = await import('@syncline/services')
    const shared = await service('s3')
    if (!shared.available) context.skip(shared.reason)
    const own = await control.own('s3')
    if (!own.available) return context.skip(own.reason)
    try {
      const { makeBucket } = await import('@syncline/services/bucket')
      await using bucket = await makeBucket(own)
      const storage = s3(bucket.options)
      await storage.write('file', toBytes('x'))
      await own.kill()
      await expect(storage.stat('file')).rejects.toSatisfy(failed('UNAVAILABLE', true))
      await own.start()
      expect(await isContent(storage, 'file', Buffer.from('x'))).toBe(true)
      await storage.close?.()
    } finally {
      await own.close()
    }
  })
})

describe('an account that', () => {
  test('is not known, or whose secret is wrong, is told so, and the secret is not repeated', async context => {
    await using bucket = await testBucket(context)
    const { accessKeyId } = bucket.details
    for (const credentials of [
      { accessKeyId, secretAccessKey: 'wrong-secret' },
      { accessKeyId: 'AKIANOBODY', secretAccessKey: 'wrong-secret' },
    ]) {
      const storage = s3({ ...bucket.options, credentials })
      await expect(listAll(storage, '')).rejects.toSatisfy(
        error =>
          failed('UNAUTHENTICATED', false)(error) &&
          (error as Error).message.includes('check the access key') &&
          !JSON.stringify([String(error), error]).includes('wrong-secret'),
      )
      await storage.close?.()
    }
  })

  test('has no bucket is told so, and an absent bucket is not an empty one', async context => {
    await using bucket = await testBucket(context)
    const storage = s3({ ...bucket.options, bucket: 'no-such-bucket-here' })
    await expect(listAll(storage, '')).rejects.toSatisfy(error => isStorageError(error, 'NOT_FOUND') && error.message.includes('no such bucket'))
    await expect(storage.write('file', toBytes('x'))).rejects.toSatisfy(error => isStorageError(error, 'NOT_FOUND'))
    await expect(storage.remove('file')).rejects.toSatisfy(error => isStorageError(error, 'NOT_FOUND'))
    await storage.close?.()
  })

  test('has credentials that expire in the middle of a run is asked for new ones', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const { accessKeyId, secretAccessKey } = bucket.details
    let asked = 0
    const credentials = async (): Promise<{ accessKeyId: string; secretAccessKey: string }> => ({
      accessKeyId,
      secretAccessKey: asked++ < 0 ? 'x' : secretAccessKey,
    })
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint, credentials })
    await storage.write('file', toBytes('x'))
    let refusals = 1
    proxy.answer = () =>
      refusals-- > 0 ? { status: 400, body: '<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>' } : undefined
    await storage.write('file', toBytes('y'))
    expect(asked).toBe(2)
    refusals = 100
    await expect(storage.write('file', toBytes('z'))).rejects.toSatisfy(
      error => failed('UNAUTHENTICATED', false)(error) && (error as Error).message.includes('expired'),
    )
    const fixed = s3({ ...bucket.options, endpoint: proxy.endpoint })
    await expect(fixed.write('file', toBytes('z'))).rejects.toSatisfy(failed('UNAUTHENTICATED', false))
    await storage.close?.()
    await fixed.close?.()
  })

  test('has a clock that is wrong is signed for by the clock of the server', async context => {
    await using bucket = await testBucket(context)
    const now = Date.now
    const storage = s3(bucket.options)
    try {
      Date.now = () => now() - 3 * 60 * 60_000
      await storage.write('file', toBytes('x'))
    } finally {
      Date.now = now
    }
    expect(await isContent(storage, 'file', Buffer.from('x'))).toBe(true)
    await storage.close?.()
  })

  test('names another region than the bucket has is led there', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint, region: 'eu-west-1' })
    const regions: (string | undefined)[] = []
    proxy.answer = ({ headers }) => {
      const [, region] = /Credential=[^/]+\/\d+\/([^/]+)/.exec(headers.authorization ?? '') ?? []
      regions.push(region)
      if (region === 'us-east-1') return undefined
      return {
        status: 400,
        body: '<Error><Code>AuthorizationHeaderMalformed</Code><Message>expecting us-east-1</Message><Region>us-east-1</Region></Error>',
      }
    }
    await storage.write('file', toBytes('x'))
    await storage.stat('file')
    expect(regions).toEqual(['eu-west-1', 'us-east-1', 'us-east-1'])
    await storage.close?.()
  })

  test('has no credentials at all is told where they are looked for', async () => {
    const credentials = (): Promise<never> => Promise.reject(new Error('nobody is logged in'))
    const storage = s3({ bucket: 'b', endpoint: 'http://127.0.0.1:1', region: 'r', credentials })
    await expect(storage.stat('x')).rejects.toSatisfy(
      error => failed('UNAUTHENTICATED', false)(error) && (error as Error).message.includes('AWS_ACCESS_KEY_ID'),
    )
  })
})
