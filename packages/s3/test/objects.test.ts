import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { isStorageError, toBytes, type FileEntry } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { openS3, s3 } from '../src/s3.ts'
import { testBucket, type TestBucket } from '@syncline/services/bucket'
import { front } from './front.ts'
import { inChunks, isContent, listAll, pattern } from './kit.ts'

const mebi = 1024 * 1024

async function putForeign({ client, options }: TestBucket, key: string, more: Partial<PutObjectCommandInput> = {}): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: options.bucket, Key: key, Body: Buffer.from('foreign'), ...more }))
}

describe('listing', () => {
  test('keys that are no paths are problems, and never become others', async context => {
    await using bucket = await testBucket(context)
    const odd = ['/lead', 'a//b', './dot', 'a/../../escape', '..', 'trail/with content/', '../outside']
    for (const key of [...odd, 'in/order', 'in/sp ace', 'in/pl+us', 'in/%41', 'in/\u0009tab', 'in/new\nline', 'in/<&">'])
      await putForeign(bucket, key)
    await putForeign(bucket, 'in/marker/', { Body: Buffer.alloc(0) })
    const storage = s3(bucket.options)
    const entries = await listAll(storage, '')
    expect(
      entries
        .filter(({ kind }) => kind === 'problem')
        .map(({ path }) => path)
        .sort(),
    ).toEqual(odd.sort())
    const files = entries.filter(({ kind }) => kind === 'file').map(({ path }) => path)
    expect(files.sort()).toEqual(['in/order', 'in/sp ace', 'in/pl+us', 'in/%41', 'in/\u0009tab', 'in/new\nline', 'in/<&">'].sort())
    for (const path of files) expect(await isContent(storage, path, Buffer.from('foreign'))).toBe(true)
    await storage.close?.()
  })

  test('a prefix is exact: neither its neighbours nor its own marker show', async context => {
    await using bucket = await testBucket(context)
    for (const key of ['p/a', 'p-q/b', 'p2', 'p', '/p/c']) await putForeign(bucket, key)
    await putForeign(bucket, 'p/', { Body: Buffer.alloc(0) })
    const paths = async (prefix: string): Promise<string[]> => (await listAll(s3({ ...bucket.options, prefix }), '')).map(({ path }) => path)
    expect(await paths('p')).toEqual(['a'])
    expect(await paths('p/')).toEqual(['a'])
    expect(await paths('/p')).toEqual(['c'])
    expect(await paths('q')).toEqual([])
  })

  test('takes one request per thousand objects, and one to learn what etags are', { timeout: 90_000 }, async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint })
    const names = Array.from({ length: 1001 }, (_, i) => `d${i % 7}/${i}`).values()
    const work = async (): Promise<void> => {
      for (const name of names) await storage.write(name, toBytes('x'), { size: 1 })
    }
    await Promise.all(Array.from({ length: 32 }, work))
    for (const sampled of [1, 0]) {
      proxy.requests.length = 0
      const entries = await listAll(storage, '')
      expect(entries).toHaveLength(1001)
      expect(proxy.requests.filter(line => line.startsWith('GET'))).toHaveLength(2)
      expect(proxy.requests.filter(line => line.startsWith('HEAD'))).toHaveLength(sampled)
      expect(entries.every(entry => entry.modified === undefined)).toBe(true)
    }
    await storage.close?.()
  })

  test('skips the pages of a directory that nobody wants', { timeout: 90_000 }, async context => {
    await using bucket = await testBucket(context)
    const writer = s3(bucket.options)
    const names = Array.from({ length: 2100 }, (_, i) => `big/${i}`).values()
    const work = async (): Promise<void> => {
      for (const name of names) await writer.write(name, toBytes(''), { size: 0 })
    }
    await Promise.all(Array.from({ length: 32 }, work))
    for (const path of ['a', 'big0', 'z/y']) await writer.write(path, toBytes('x'))
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint, md5Etags: true })
    const entries = await listAll(storage, '', { descend: path => path !== 'big' })
    expect(entries.map(({ path, kind }) => [path, kind])).toEqual([
      ['a', 'file'],
      ['big', 'directory'],
      ['big0', 'file'],
      ['z/y', 'file'],
    ])
    expect(proxy.requests).toHaveLength(2)
    await storage.close?.()
  })
})

describe('what an object has beside its content', () => {
  test('rclone shows our times, and we show its', async context => {
    await using bucket = await testBucket(context)
    const folder = mkdtempSync(join(tmpdir(), 'syncline-s3-'))
    try {
      const rclone = rcloneFor(bucket, folder) ?? context.skip('rclone is not installed')
      const storage = s3(bucket.options)
      await storage.write('ours', toBytes('ours'), { modified: 1_600_000_000_123 })
      rclone('copy', `store:${bucket.options.bucket}/ours`, folder)
      expect(Math.abs(statSync(join(folder, 'ours')).mtimeMs - 1_600_000_000_123)).toBeLessThan(0.01)
      writeFileSync(join(folder, 'theirs'), 'theirs')
      utimesSync(join(folder, 'theirs'), 1_500_000_000.25, 1_500_000_000.25)
      rclone('copy', join(folder, 'theirs'), `store:${bucket.options.bucket}`)
      expect((await storage.stat('theirs'))?.modified).toBe(1_500_000_000_250)
      await storage.close?.()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a change of the time or the mode keeps everything else', async context => {
    await using bucket = await testBucket(context)
    await putForeign(bucket, 'file', {
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      ContentLanguage: 'de',
      Metadata: { owner: 'ann', other: 'a  b' },
    })
    const storage = s3(bucket.options)
    await storage.setModified?.('file', 1_600_000_000_500)
    await storage.setMode?.('file', 0o640)
    const entry = (await storage.stat('file')) as FileEntry
    expect([entry.modified, entry.mode, entry.size]).toEqual([1_600_000_000_500, 0o640, 7])
    const head = await bucket.client.send(new HeadObjectCommand({ Bucket: bucket.options.bucket, Key: 'file' }))
    expect([head.ContentType, head.CacheControl, head.ContentLanguage]).toEqual(['text/plain', 'no-store', 'de'])
    expect(head.Metadata).toMatchObject({ owner: 'ann' })
    await storage.close?.()
  })

  test('a copy of an object without a time of its own shows the time of the original', async context => {
    await using bucket = await testBucket(context)
    await putForeign(bucket, 'from')
    const storage = s3(bucket.options)
    const before = await storage.stat('from')
    await new Promise(resolve => setTimeout(resolve, 1100))
    const copied = await storage.copy?.('from', 'to')
    expect(copied?.modified).toBe(before?.modified)
    expect((await storage.stat('to'))?.modified).toBe(before?.modified)
    await storage.close?.()
  })

  test('options go with every object: type, tags, storage class', async context => {
    await using bucket = await testBucket(context)
    const storage = s3({
      ...bucket.options,
      tags: { project: 'a b&c', größe: '1' },
      storageClass: 'STANDARD',
      contentType: path => (path.endsWith('.html') ? 'text/html' : undefined),
    })
    await storage.write('page.html', toBytes('<p>'))
    await storage.write('big', inChunks(pattern(9 * mebi)), { modified: 1e12, mode: 0o600 })
    const of = { Bucket: bucket.options.bucket, Key: 'page.html' }
    expect((await bucket.client.send(new HeadObjectCommand(of))).ContentType).toBe('text/html')
    // Of an object in parts this server forgets the tags.
    const { TagSet = [] } = await bucket.client.send(new GetObjectTaggingCommand(of))
    expect(TagSet.map(({ Key, Value }) => `${Key}=${Value}`).sort()).toEqual(['größe=1', 'project=a b&c'])
    expect(await storage.stat('big')).toMatchObject({ modified: 1e12, mode: 0o600, size: 9 * mebi })
    await storage.close?.()
  })

  test('content under a key of the customer is read only with it, over https', async context => {
    await using bucket = await testBucket(context)
    const { tlsEndpoint, caFile } = bucket.details
    const options = { ...bucket.options, endpoint: tlsEndpoint, caFile }
    const storage = s3({ ...options, encryption: { type: 'customer', key: pattern(32) } })
    expect(storage.hash).toBeUndefined()
    for (const [path, content] of [
      ['small', pattern(1000)],
      ['big', pattern(9 * mebi)],
    ] as const) {
      await storage.write(path, inChunks(content), { ifNoneMatch: '*' })
      expect(await isContent(storage, path, content)).toBe(true)
      expect((await storage.stat(path)) as FileEntry).not.toHaveProperty('hashes')
    }
    const without = s3(options)
    await expect(without.stat('small')).rejects.toThrow()
    await storage.close?.()
    await without.close?.()
  })

  test('a certificate of an authority that is not known is refused, with what to do', async context => {
    await using bucket = await testBucket(context)
    const storage = s3({ ...bucket.options, endpoint: bucket.details.tlsEndpoint })
    await expect(storage.stat('x')).rejects.toSatisfy(
      error => isStorageError(error, 'UNAVAILABLE') && !error.retryable && error.message.includes('NODE_EXTRA_CA_CERTS'),
    )
    await storage.close?.()
  })
})

describe('big objects', () => {
  test('an object in parts has the etag of its parts, which its download is checked by', async context => {
    await using bucket = await testBucket(context)
    const storage = s3(bucket.options)
    const content = pattern(20 * mebi + 5)
    const entry = await storage.write('big', inChunks(content), { size: content.length })
    const parts = [0, 8, 16].map(at =>
      createHash('md5')
        .update(content.subarray(at * mebi, (at + 8) * mebi))
        .digest(),
    )
    expect(entry.etag).toBe(`${createHash('md5').update(Buffer.concat(parts)).digest('hex')}-3`)
    expect(await isContent(storage, 'big', content)).toBe(true)
    await expect(storage.hash?.('big', 'md5')).rejects.toSatisfy(error => isStorageError(error, 'NOT_SUPPORTED'))
    await storage.close?.()
  })

  test('a copy above the limit is made in parts and keeps the metadata', async context => {
    await using bucket = await testBucket(context)
    const storage = openS3(bucket.options, { copyLimit: 6 * mebi, copyPartSize: 5 * mebi })
    const content = pattern(13 * mebi)
    await storage.write('from', inChunks(content), { modified: 1_600_000_000_500, mode: 0o600 })
    const copied = await storage.copy?.('from', 'to')
    expect(copied?.etag).toMatch(/-3$/)
    expect(await storage.stat('to')).toMatchObject({ size: content.length, modified: 1_600_000_000_500, mode: 0o600, etag: copied?.etag })
    expect(await isContent(storage, 'to', content)).toBe(true)
    await storage.setModified?.('to', 1e12)
    expect(await isContent(storage, 'to', content)).toBe(true)
    await storage.close?.()
  })

  test('no more content is read than memory was granted, however many files are written', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint, partSize: 5 * mebi, memory: 10 * mebi })
    const content = pattern(11 * mebi)
    const chunk = 64 * 1024
    let read = 0
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const bytes of inChunks(content, chunk)) {
        read += bytes.length
        yield bytes
      }
    }
    let open = (): void => undefined
    const gate = new Promise<undefined>(resolve => (open = () => resolve(undefined)))
    proxy.answer = ({ url = '' }) => (url.includes('partNumber') ? gate : undefined)
    const paths = ['a', 'b', 'c', 'd']
    const writing = Promise.all(paths.map(path => storage.write(path, counted())))
    for (let before = -1; before !== read;) {
      before = read
      await new Promise(resolve => setTimeout(resolve, 500))
    }
    expect(read).toBeGreaterThan(5 * mebi)
    expect(read).toBeLessThanOrEqual(10 * mebi + paths.length * chunk)
    open()
    await writing
    for (const path of paths) expect(await isContent(storage, path, content)).toBe(true)
    await storage.close?.()
  })
})

describe('versions', () => {
  test('are listed, newest first, and one is made current again', async context => {
    await using bucket = await testBucket(context)
    const { client, options } = bucket
    await client.send(new PutBucketVersioningCommand({ Bucket: options.bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    const storage = s3({ ...options, prefix: 'p' })
    for (const content of ['one', 'two']) await storage.write('file', toBytes(content), { modified: 1e12 + content.length })
    await storage.remove('file')
    await storage.write('file-2', toBytes('neighbour'))
    const found = await toArray(storage.versions('file'))
    expect(found.map(({ path, isCurrent, isRemoval, size }) => [path, isCurrent, isRemoval, size])).toEqual([
      ['file', true, true, 0],
      ['file', false, false, 3],
      ['file', false, false, 3],
    ])
    const first = found[2]!
    await storage.restoreVersion('file', first.versionId)
    expect(await isContent(storage, 'file', Buffer.from('one'))).toBe(true)
    expect(new Set((await toArray(storage.versions(''))).map(({ path }) => path))).toEqual(new Set(['file', 'file-2']))
    await storage.close?.()
  })

  test('a probe leaves none behind', async context => {
    await using bucket = await testBucket(context)
    const { client, options } = bucket
    await client.send(new PutBucketVersioningCommand({ Bucket: options.bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    const storage = s3(options)
    await storage.probe()
    const left = (await toArray(storage.versions(''))).filter(({ isRemoval }) => !isRemoval)
    expect(left).toEqual([])
    await storage.close?.()
  })
})

describe('presign', () => {
  test('makes URLs that read and write one object without credentials', async context => {
    await using bucket = await testBucket(context)
    const storage = s3({ ...bucket.options, prefix: 'sp ace/ä+' })
    const put = await storage.presign('file.txt', { method: 'PUT', contentType: 'text/plain' })
    const sent = await fetch(put, { method: 'PUT', body: 'by URL', headers: { 'content-type': 'text/plain' } })
    expect(sent.status).toBe(200)
    const get = await storage.presign('file.txt', { downloadName: 'Größe.txt' })
    const answer = await fetch(get)
    expect(await answer.text()).toBe('by URL')
    expect(answer.headers.get('content-disposition')).toContain("filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt")
    expect((await fetch(get.replace('file.txt', 'other.txt'))).status).toBe(403)
    expect(get).not.toContain(bucket.details.secretAccessKey)
    await storage.close?.()
  })
})

describe('uploads that were left', () => {
  test('are listed below the prefix only, and removed', async context => {
    await using bucket = await testBucket(context)
    const storage = s3({ ...bucket.options, prefix: 'p' })
    const other = s3(bucket.options)
    const left = await storage.upload?.('d/big file')
    await left?.put(0, pattern(1000))
    const beside = await other.upload?.('elsewhere')
    const found = await toArray(storage.staleUploads())
    expect(found.map(({ path }) => path)).toEqual(['d/big file'])
    expect(Math.abs(found[0]!.begun - Date.now())).toBeLessThan(60_000)
    await storage.abortUpload(found[0]!)
    expect(await toArray(storage.staleUploads())).toEqual([])
    expect(await toArray(other.staleUploads())).toHaveLength(1)
    await beside?.abort()
    await storage.close?.()
    await other.close?.()
  })
})

describe('transferFrom', () => {
  test('copies a batch within the server, and says of each file what became of it', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const options = { ...bucket.options, endpoint: proxy.endpoint }
    const [from, to] = [s3({ ...options, prefix: 'from' }), s3({ ...options, prefix: 'to' })]
    const one = await from.write('one', toBytes('one'), { modified: 1e12 })
    await to.write('there', toBytes('kept'))
    await to.probe()
    proxy.requests.length = 0
    const outcomes = await to.transferFrom?.(from, [
      { from: 'one', to: 'one', size: 3, modified: 1e12, ifNoneMatch: '*', ...(one.etag !== undefined && { fromMatch: one.etag }) },
      { from: 'one', to: 'there', size: 3, ifNoneMatch: '*' },
      { from: 'missing', to: 'missing', size: 3 },
      { from: 'one', to: 'stale', size: 3, fromMatch: 'another' },
    ])
    expect(outcomes?.map(outcome => ('entry' in outcome ? outcome.entry.path : (outcome.error as { code?: string }).code))).toEqual([
      'one',
      'PRECONDITION_FAILED',
      'NOT_FOUND',
      'PRECONDITION_FAILED',
    ])
    expect(proxy.requests.filter(line => line.startsWith('GET'))).toEqual([])
    expect(await isContent(to, 'one', Buffer.from('one'))).toBe(true)
    expect(await isContent(to, 'there', Buffer.from('kept'))).toBe(true)
    expect(to.transferFrom?.(s3({ ...bucket.options, endpoint: 'http://127.0.0.1:1' }), [])).toBeUndefined()
    await from.close?.()
    await to.close?.()
  })
})

describe('remove', () => {
  test('calls at the same time are one request, and each learns of its own failure', async context => {
    await using bucket = await testBucket(context)
    await using proxy = await front(bucket.details.endpoint)
    const storage = s3({ ...bucket.options, endpoint: proxy.endpoint })
    const names = Array.from({ length: 50 }, (_, i) => `d/${i} <&>\n"`)
    for (const name of names) await storage.write(name, toBytes('x'))
    proxy.requests.length = 0
    await Promise.all([...names.map(name => storage.remove(name)), storage.remove('missing')])
    expect(proxy.requests).toEqual([expect.stringMatching(/^POST .*\?delete=$/)])
    expect(await listAll(storage, '')).toEqual([])
    proxy.answer = () => ({
      status: 200,
      body: '<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>',
    })
    const outcomes = await Promise.allSettled(['a', 'b'].map(name => storage.remove(name)))
    expect(outcomes.map(outcome => (outcome.status === 'fulfilled' ? 'removed' : [outcome.reason.code, outcome.reason.path]))).toEqual([
      'removed',
      ['PERMISSION_DENIED', 'b'],
    ])
    await storage.close?.()
  })
})

async function toArray<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

function rcloneFor({ details, options }: TestBucket, folder: string): ((...args: string[]) => void) | undefined {
  const file = join(folder, 'rclone.conf')
  const { endpoint, accessKeyId, secretAccessKey } = details
  const lines = [
    '[store]',
    'type = s3',
    'provider = Ceph',
    `endpoint = ${endpoint}`,
    `access_key_id = ${accessKeyId}`,
    `secret_access_key = ${secretAccessKey}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  expect(readFileSync(file, 'utf8')).toContain(options.endpoint)
  const { AWS_CA_BUNDLE: _bundle, ...env } = process.env
  const rclone = (...args: string[]): void => void execFileSync('rclone', ['--config', file, '--s3-no-check-bucket', ...args], { env, stdio: 'pipe' })
  try {
    rclone('version')
    return rclone
  } catch {
    return undefined
  }
}
