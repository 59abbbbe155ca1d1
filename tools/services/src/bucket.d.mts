import type { S3Client } from '@aws-sdk/client-s3'
import type { Available, S3Details } from './types.d.mts'
import type { Skippable } from './vitest.d.mts'

/** A bucket of a test's own, on the real server. */
export interface TestBucket {
  /** For the adapter. */
  readonly options: {
    readonly bucket: string
    readonly endpoint: string
    readonly region: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  }
  /** Amazon's own client, to look at and damage what is stored. */
  readonly client: S3Client
  readonly details: Available<S3Details>
  /** Removes it with all that it holds, older versions too. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes a bucket, or skips the test with the reason why there is no server. */
export function testBucket(context: Skippable): Promise<TestBucket>

/** Makes a bucket. */
export function makeBucket(details: Available<S3Details>): Promise<TestBucket>
