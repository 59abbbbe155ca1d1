import { randomUUID } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { service, type Available, type S3Details } from '@syncline/services'
import type { S3Options } from '../src/options.ts'

/** A bucket of a test's own, on the real server. */
export interface TestBucket {
  readonly options: S3Options & Required<Pick<S3Options, 'bucket' | 'endpoint' | 'region'>>
  /** Amazon's own client, to look at and damage what is stored. */
  readonly client: S3Client
  readonly details: Available<S3Details>
  [Symbol.asyncDispose](): Promise<void>
}

/** What a test needs to have to be skipped. */
interface Skippable {
  skip(reason?: string): never
}

/** Makes a bucket, or skips the test with the reason why there is no server. */
export async function testBucket(context: Skippable): Promise<TestBucket> {
  const details = await service('s3')
  return details.available ? await makeBucket(details) : context.skip(details.reason)
}

export async function makeBucket(details: Available<S3Details>): Promise<TestBucket> {
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

async function removeBucket(client: S3Client, bucket: string): Promise<void> {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, EncodingType: 'url' }))
    const all = [...Versions, ...DeleteMarkers].map(({ Key = '', VersionId }) => ({ Key: decodeURIComponent(Key.replaceAll('+', ' ')), VersionId }))
    if (all.length === 0) break
    // Control characters have no place in the XML of the batch.
    const isOdd = ({ Key }: { readonly Key: string }): boolean => /\p{Cc}/u.test(Key)
    for (const { Key, VersionId } of all.filter(isOdd)) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }))
    const Objects = all.filter(item => !isOdd(item))
    if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }))
  }
  await client.send(new DeleteBucketCommand({ Bucket: bucket }))
  client.destroy()
}
