import type { Path } from '@syncline/core'

/** What signs requests. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string
  /** When they end; they are asked for again shortly before. */
  readonly expiration?: Date
}

/** How objects are encrypted at rest, where the bucket's own default is not what is wanted. */
export type S3Encryption =
  | { readonly type: 'AES256' }
  | {
      readonly type: 'aws:kms' | 'aws:kms:dsse'
      /** Id or ARN; default: the account's own key for S3. */
      readonly keyId?: string
      /** Fewer requests to KMS. */
      readonly bucketKey?: boolean
    }
  | {
      /** A key that the server is told with every request and does not keep (SSE-C). Only over https. */
      readonly type: 'customer'
      /** 32 bytes. */
      readonly key: Uint8Array
    }

/** Which checksums are sent beside the MD5 that every request with content carries. */
export type S3Checksums = 'auto' | 'always' | 'when-required'

/** Options of `s3`. Only `bucket` is required. */
export interface S3Options {
  readonly bucket: string
  /** Keys are below it: `photos` and `photos/` both mean keys that start with `photos/`. Default: the whole bucket. */
  readonly prefix?: string
  /** Default: `AWS_REGION`, the profile's region, else `us-east-1`. A server that names another region is asked again there. */
  readonly region?: string
  /** URL of a server that is not Amazon's. Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, the profile's, else Amazon's of the region. */
  readonly endpoint?: string
  /** `https://host/bucket` instead of `https://bucket.host`; default true for an `endpoint`. */
  readonly pathStyle?: boolean
  /** Profile of `~/.aws/config`; default `AWS_PROFILE`. */
  readonly profile?: string
  /** Default: the environment, then the usual chain of Amazon's SDK: profile, SSO, web identity, container, instance. */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>)
  /** As in `STANDARD_IA` or `INTELLIGENT_TIERING`; default: the bucket's. */
  readonly storageClass?: string
  readonly encryption?: S3Encryption
  /** The requester pays for requests and traffic. */
  readonly requesterPays?: boolean
  /** Tags of every object that is written. */
  readonly tags?: Readonly<Record<string, string>>
  /** Media type of a new object; default: none is named, and the server says `binary/octet-stream`. */
  readonly contentType?: (path: Path) => string | undefined
  /** Keep empty directories as empty objects whose key ends in "/". Costs requests: a look before each new file. Default false. */
  readonly directories?: boolean
  /**
   * Default `auto`: MD5 of everything that is sent, and the checksum the server makes by itself. `always`: SHA-256 beside, which the server keeps.
   * `when-required`: neither, for servers that refuse `Content-MD5`.
   */
  readonly checksums?: S3Checksums
  /**
   * Whether an etag of 32 hex digits is the MD5 of the content. Default: found out. Say `false` for a bucket in which only some objects are
   * encrypted with KMS: a listing does not tell them apart.
   */
  readonly md5Etags?: boolean
  /** Bytes per part of big files; from 5 MiB, default 8 MiB, more for a file that would have more than 10,000 parts. */
  readonly partSize?: number
  /** Requests at a time; default 32. */
  readonly concurrency?: number
  /** Bytes of content held in memory over all running writes; default 64 MiB. */
  readonly memory?: number
  /** File in PEM with certificates that are trusted beside the usual ones; default `AWS_CA_BUNDLE`. */
  readonly caFile?: string
  /** Milliseconds without a byte after which a connection is given up; default 60,000. */
  readonly timeoutMs?: number
}

/** Options with their defaults. */
export interface Settings extends S3Options {
  /** Empty, or ends in "/". */
  readonly prefix: string
  readonly partSize: number
  readonly concurrency: number
  readonly memory: number
  readonly timeoutMs: number
  readonly checksums: S3Checksums
  readonly directories: boolean
  /** A directory bucket (S3 Express One Zone): its listings have no order, and conditions and keys differ. */
  readonly express: boolean
  /** Bytes from which a copy is made in parts; the protocol's limit is 5 GiB. */
  readonly copyLimit: number
  /** Bytes per part of such a copy. */
  readonly copyPartSize: number
}

const mebi = 1024 * 1024
const smallestPart = 5 * mebi

/** Limits that tests make small. */
export interface CopyLimits {
  readonly copyLimit?: number
  readonly copyPartSize?: number
}

/** @throws TypeError for an option that cannot be meant */
export function settle(options: S3Options, limits: CopyLimits = {}): Settings {
  const { bucket, prefix = '', partSize = 8 * mebi, concurrency = 32, memory = 64 * mebi, timeoutMs = 60_000, checksums = 'auto' } = options
  if (typeof bucket !== 'string' || bucket === '' || (bucket.includes('/') && !bucket.startsWith('arn:')))
    throw new TypeError(`bucket must be the name of a bucket, got ${JSON.stringify(bucket)}`)
  for (const [name, value, least] of [
    ['partSize', partSize, smallestPart],
    ['concurrency', concurrency, 1],
    ['memory', memory, partSize],
    ['timeoutMs', timeoutMs, 1],
  ] as const)
    if (!Number.isSafeInteger(value) || value < least) throw new TypeError(`${name} must be a whole number from ${least}, got ${value}`)
  if (!['auto', 'always', 'when-required'].includes(checksums))
    throw new TypeError(`checksums must be 'auto', 'always' or 'when-required', got ${JSON.stringify(checksums)}`)
  if (options.encryption?.type === 'customer' && options.encryption.key.length !== 32)
    throw new TypeError(`the key of an encryption of type 'customer' must have 32 bytes, got ${options.encryption.key.length}`)
  const caFile = options.caFile ?? (process.env['AWS_CA_BUNDLE'] || undefined)
  return {
    ...options,
    ...(caFile !== undefined && { caFile }),
    prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
    partSize,
    concurrency,
    memory,
    timeoutMs,
    checksums,
    directories: options.directories ?? false,
    express: bucket.endsWith('--x-s3'),
    copyLimit: limits.copyLimit ?? 5 * 1024 * mebi,
    copyPartSize: limits.copyPartSize ?? 512 * mebi,
  }
}
