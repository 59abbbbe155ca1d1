import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isStorageError, toBytes, type FileEntry, type Upload } from '@syncline/core'
import { faultProxy } from '@syncline/services/fault-proxy'
import { describe, expect, test } from 'vitest'
import { s3 } from '../src/s3.ts'
import { testBucket } from '@syncline/services/bucket'
import { isContent, listAll } from './kit.ts'

const mebi = 1024 * 1024
const child = fileURLToPath(new URL('upload-child.mjs', import.meta.url))

/** What the child sends. */
function partOf(index: number, { partSize }: Upload, size: number): Uint8Array {
  return new Uint8Array(Math.min(partSize, size - index * partSize)).fill(index + 1)
}

describe('an upload whose process was killed', () => {
  test('goes on in the next process, which sends only what is missing, and verifies the rest', { timeout: 90_000 }, async context => {
    await using bucket = await testBucket(context)
    const folder = mkdtempSync(join(tmpdir(), 'syncline-s3-'))
    const { hostname, port } = new URL(bucket.details.endpoint)
    await using proxy = await faultProxy({ host: hostname, port: Number(port) })
    try {
      const options = { ...bucket.options, partSize: 5 * mebi }
      const [size, tokenFile] = [50 * mebi, join(folder, 'token')]
      const { signal, stderr } = spawnSync(process.execPath, [child, JSON.stringify({ options, path: 'big', size, dieAfter: 6, tokenFile })], {
        encoding: 'utf8',
      })
      expect(signal, stderr).toBe('SIGKILL')
      const direct = s3(options)
      expect(await listAll(direct, '')).toEqual([])

      const storage = s3({ ...options, endpoint: `http://${proxy.host}:${proxy.port}` })
      const token = readFileSync(tokenFile, 'utf8')
      const upload = await storage.upload!('big', { resume: token })
      expect((await upload.stored()).length).toBeGreaterThanOrEqual(6)
      for (let index = 0; index < 10; index++) await upload.put(index, partOf(index, upload, size))
      const sent = proxy.stats().bytesUp
      console.log(`resumed: ${(sent / mebi).toFixed(1)} of ${size / mebi} MiB sent again`)
      expect(sent).toBeLessThan(0.45 * size)
      const entry = await upload.complete()
      expect(await storage.stat('big')).toMatchObject({ size, modified: 1_600_000_000_500, etag: entry.etag })
      const whole = Buffer.concat(Array.from({ length: 10 }, (_, index) => partOf(index, upload, size)))
      expect(await isContent(direct, 'big', whole)).toBe(true)
      await storage.close?.()
      await direct.close?.()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('sends a part again that differs from the one that is stored', async context => {
    await using bucket = await testBucket(context)
    const storage = s3({ ...bucket.options, partSize: 5 * mebi })
    const first = await storage.upload!('file')
    await first.put(0, new Uint8Array(5 * mebi).fill(1))
    await first.put(1, new Uint8Array(10).fill(2))
    const again = await storage.upload!('file', { resume: first.token })
    await again.put(0, new Uint8Array(5 * mebi).fill(9))
    await again.put(1, new Uint8Array(10).fill(2))
    await again.complete()
    expect(await isContent(storage, 'file', Buffer.concat([Buffer.alloc(5 * mebi, 9), Buffer.alloc(10, 2)]))).toBe(true)
    await storage.close?.()
  })

  test('keeps the conditions under which it was begun', async context => {
    await using bucket = await testBucket(context)
    const storage = s3(bucket.options)
    const first = await storage.upload!('file', { ifNoneMatch: '*' })
    await storage.write('file', toBytes('came first'))
    const again = await storage.upload!('file', { resume: first.token })
    await again.put(0, Buffer.from('late'))
    await expect(again.complete()).rejects.toSatisfy(error => isStorageError(error, 'PRECONDITION_FAILED'))
    await again.abort()
    expect(await isContent(storage, 'file', Buffer.from('came first'))).toBe(true)
    await storage.close?.()
  })

  test('of a file without content leaves an empty file, and one with a gap none', async context => {
    await using bucket = await testBucket(context)
    const storage = s3(bucket.options)
    const entry: FileEntry = await (await storage.upload!('empty')).complete()
    expect(entry.size).toBe(0)
    expect(await isContent(storage, 'empty', new Uint8Array(0))).toBe(true)
    const gap = await storage.upload!('gap')
    await gap.put(1, Buffer.from('second'))
    await expect(gap.complete()).rejects.toSatisfy(error => isStorageError(error, 'CORRUPT'))
    await gap.abort()
    expect(await storage.stat('gap')).toBeUndefined()
    await storage.close?.()
  })
})
