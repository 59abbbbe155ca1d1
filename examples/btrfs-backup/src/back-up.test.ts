import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { collectText } from '@syncline/core'
import { s3 } from '@syncline/s3'
import { withService } from '@syncline/services/vitest'
import { expect, test } from 'vitest'
import { backUp } from './back-up.ts'

/** Replaces a file as a careful program does. */
function replace(file: string, content: string): void {
  const descriptor = openSync(`${file}.new`, 'w')
  writeSync(descriptor, content)
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(`${file}.new`, file)
}

test('the bucket has an account and its journal of one moment, although both change all the time', { timeout: 60_000 }, async context => {
  const { endpoint, region, accessKeyId, secretAccessKey } = await withService(context, 's3')
  const { mounts } = await withService(context, 'btrfs')
  const credentials = { accessKeyId, secretAccessKey }
  const bucket = { bucket: `example-${randomUUID()}`, endpoint, region, credentials }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket.bucket }))
  const subvolume = join(mounts[0], `example-${randomUUID()}`)
  execFileSync('btrfs', ['subvolume', 'create', subvolume])
  const state = mkdtempSync(join(tmpdir(), 'syncline-example-'))
  const remote = s3(bucket)
  let version = 0
  const book = (): void => {
    version++
    replace(join(subvolume, 'account'), `${version}`)
    replace(join(subvolume, 'journal'), `${version}`)
  }
  try {
    for (let page = 0; page < 50; page++) writeFileSync(join(subvolume, `bill ${page}`), `${page}`)
    book()
    for (let run = 0; run < 3; run++) {
      const booking = setInterval(book, 5)
      const { exitCode, failures, stale } = await backUp(subvolume, bucket, state)
      clearInterval(booking)
      expect({ exitCode, failures, stale }).toEqual({ exitCode: 0, failures: [], stale: [] })
      // A moment between the two is one, too: then the account is ahead by one.
      const [account, journal] = [await collectText(remote.read('account')), await collectText(remote.read('journal'))].map(Number)
      expect([0, 1]).toContain((account as number) - (journal as number))
    }
    rmSync(join(subvolume, 'bill 7'))
    expect((await backUp(subvolume, bucket, state)).exitCode).toBe(0)
    expect(await collectText(remote.read('account'))).toBe(`${version}`)
    expect(await collectText(remote.read('bill 7'))).toBe('7')
    expect((await backUp(subvolume, bucket, state)).plan.items).toEqual([])
  } finally {
    rmSync(state, { recursive: true })
    const kept = join(subvolume, '.syncline-snapshots')
    for (const name of readdirSync(kept)) if (!name.endsWith('.list')) execFileSync('btrfs', ['subvolume', 'delete', join(kept, name)])
    execFileSync('btrfs', ['subvolume', 'delete', subvolume])
    const paths: string[] = []
    for await (const page of remote.list('')) for (const { path } of Array.isArray(page) ? page : [page]) paths.push(path)
    for (const path of paths) await remote.remove(path)
    await remote.close?.()
    await client.send(new DeleteBucketCommand({ Bucket: bucket.bucket }))
    client.destroy()
  }
})
