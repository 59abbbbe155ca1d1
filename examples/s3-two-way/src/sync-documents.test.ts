import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { collectText, toBytes } from '@syncline/core'
import { s3 } from '@syncline/s3'
import { withService } from '@syncline/services/vitest'
import { expect, test } from 'vitest'
import { syncDocuments } from './sync-documents.ts'

test('the longer list wins, two lists stay two, the rest waits, and then nothing is left to do', { timeout: 60_000 }, async context => {
  const { endpoint, region, accessKeyId, secretAccessKey } = await withService(context, 's3')
  const credentials = { accessKeyId, secretAccessKey }
  const bucket = { bucket: `example-${randomUUID()}`, prefix: 'documents', endpoint, region, credentials }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket.bucket }))
  const root = await mkdtemp(join(tmpdir(), 'syncline-example-'))
  const at = (...parts: string[]): string => join(root, ...parts)
  const remote = s3(bucket)
  try {
    for (const directory of ['ours', 'state']) await mkdir(at(directory))
    for (const name of ['grown.txt', 'both.csv', 'photo.jpg']) await writeFile(at('ours', name), 'first\n')
    const first = await syncDocuments(at('ours'), bucket, at('state'))
    expect([first.exitCode, first.stats.uploads]).toEqual([0, 3])

    await writeFile(at('ours', 'grown.txt'), 'first\nsecond\n')
    await remote.write('grown.txt', toBytes('first\nsecond\nthird\n'))
    await writeFile(at('ours', 'both.csv'), 'first\nours\n')
    await remote.write('both.csv', toBytes('first\ntheirs\n'))
    await writeFile(at('ours', 'photo.jpg'), 'our photo')
    await remote.write('photo.jpg', toBytes('their photo'))
    const second = await syncDocuments(at('ours'), bucket, at('state'))
    expect(second.conflicts.map(({ path }) => path)).toEqual(['photo.jpg'])
    expect(await readFile(at('ours', 'grown.txt'), 'utf8')).toBe('first\nsecond\nthird\n')
    const lists = (await readdir(at('ours'))).filter(name => name.startsWith('both'))
    expect(lists).toHaveLength(2)
    expect((await Promise.all(lists.map(name => readFile(at('ours', name), 'utf8')))).sort()).toEqual(['first\nours\n', 'first\ntheirs\n'])
    for (const name of lists) expect(await collectText(remote.read(name))).toBe(await readFile(at('ours', name), 'utf8'))

    await rm(at('ours', 'photo.jpg'))
    await remote.remove('photo.jpg')
    await syncDocuments(at('ours'), bucket, at('state'))
    const last = await syncDocuments(at('ours'), bucket, at('state'))
    expect([last.exitCode, last.stats.uploads, last.stats.downloads]).toEqual([0, 0, 0])
  } finally {
    const paths: string[] = []
    for await (const page of remote.list('')) for (const { path } of Array.isArray(page) ? page : [page]) paths.push(path)
    for (const path of paths) await remote.remove(path)
    await remote.close?.()
    await client.send(new DeleteBucketCommand({ Bucket: bucket.bucket }))
    await rm(root, { recursive: true })
  }
})
