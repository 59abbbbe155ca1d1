import { randomUUID } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { service } from './index.mjs'

/**
 * Makes a bucket, or skips the test with the reason why there is no server.
 *
 * @param {{ skip(reason?: string): never }} context
 */
export async function testBucket(context) {
  const details = await service('s3')
  return details.available ? await makeBucket(details) : context.skip(details.reason)
}

/** @param {import('./types.d.mts').Available<import('./types.d.mts').S3Details>} details */
export async function makeBucket(details) {
  const { endpoint, region, accessKeyId, secretAccessKey } = details
  const bucket = `test-${randomUUID()}`
  const client = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  return {
    options: { bucket, endpoint, region, credentials: { accessKeyId, secretAccessKey } },
    client,
    details,
    [Symbol.asyncDispose]: () => removeBucket(client, bucket),
  }
}

/**
 * @param {S3Client} client
 * @param {string} bucket
 */
async function removeBucket(client, bucket) {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, EncodingType: 'url' }))
    const all = [...Versions, ...DeleteMarkers].map(({ Key = '', VersionId }) => ({ Key: decodeURIComponent(Key.replaceAll('+', ' ')), VersionId }))
    if (all.length === 0) break
    // Control characters have no place in the XML of the batch.
    const isOdd = (/** @type {{ readonly Key: string }} */ { Key }) => /\p{Cc}/u.test(Key)
    for (const { Key, VersionId } of all.filter(isOdd)) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }))
    const Objects = all.filter(item => !isOdd(item))
    if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }))
  }
  await client.send(new DeleteBucketCommand({ Bucket: bucket }))
  client.destroy()
}
