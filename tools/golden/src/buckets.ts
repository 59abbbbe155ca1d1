import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3Options } from '@syncline/s3'
import type { S3Details } from '@syncline/services'

/** How to reach a server, as options of the adapter. */
export type S3Access = Pick<S3Details, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'>

/** Options for a prefix of a bucket. */
export function s3Options(access: S3Access, bucket: string, prefix: string): S3Options {
  const { endpoint, region, accessKeyId, secretAccessKey } = access
  return { bucket, prefix, endpoint, region, pathStyle: true, credentials: { accessKeyId, secretAccessKey } }
}

/** Makes a bucket with a name of its own. */
export async function makeBucket(access: S3Access): Promise<string> {
  const bucket = `golden-${crypto.randomUUID()}`
  await withClient(access, client => client.send(new CreateBucketCommand({ Bucket: bucket })))
  return bucket
}

async function withClient<T>(access: S3Access, work: (client: S3Client) => Promise<T>): Promise<T> {
  const { endpoint, region, accessKeyId, secretAccessKey } = access
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}
