import { isStorageError, messageOf, StorageError, type Path, type StorageErrorCode } from '@syncline/core'
import { textOf } from './xml.ts'

/** An answer that is no success. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** XML, or nothing for HEAD. */
  readonly body: string
}

/** The cause of an error that the server gave: its own words. */
class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly status: number
  /** As in "SlowDown". */
  readonly code: string | undefined

  constructor(status: number, code: string | undefined, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The code that the server gave for an error, if it was one of the server. */
export function serverCode(error: unknown): string | undefined {
  return isStorageError(error) && error.cause instanceof ServerError ? error.cause.code : undefined
}

/** What was tried, for messages. */
export interface Attempted {
  /** As in "read" or "list the versions of". */
  readonly what: string
  readonly path?: Path | undefined
  /** The storage's name. */
  readonly name: string
  readonly bucket: string
}

interface Cause {
  readonly code: StorageErrorCode
  /** What to do. */
  readonly advice?: string
  readonly retryable?: boolean
}

const wrongKeys = 'check the access key and its secret'
const expired = 'the credentials have expired: renew them, as with "aws sso login", and run the sync again'

/** By the code in the body. One table for all servers: they took Amazon's codes over. */
const byCode: Readonly<Record<string, Cause>> = {
  NoSuchKey: { code: 'NOT_FOUND' },
  NoSuchVersion: { code: 'NOT_FOUND' },
  NoSuchUpload: { code: 'NOT_FOUND' },
  NoSuchBucket: { code: 'NOT_FOUND', advice: 'there is no such bucket: make it, or check its name and the endpoint' },
  PreconditionFailed: { code: 'PRECONDITION_FAILED' },
  // Another request for the same key was being decided; the next try is decided for good.
  ConditionalRequestConflict: { code: 'UNAVAILABLE' },
  OperationAborted: { code: 'UNAVAILABLE' },
  AccessDenied: { code: 'PERMISSION_DENIED', advice: 'the policy of the account or the bucket does not allow it' },
  AllAccessDisabled: { code: 'PERMISSION_DENIED' },
  AccountProblem: { code: 'PERMISSION_DENIED' },
  NotSignedUp: { code: 'PERMISSION_DENIED' },
  InvalidObjectState: { code: 'PERMISSION_DENIED', advice: 'the object is archived: restore it in its storage class first' },
  InvalidAccessKeyId: { code: 'UNAUTHENTICATED', advice: wrongKeys },
  SignatureDoesNotMatch: { code: 'UNAUTHENTICATED', advice: wrongKeys },
  InvalidToken: { code: 'UNAUTHENTICATED', advice: expired },
  ExpiredToken: { code: 'UNAUTHENTICATED', advice: expired },
  TokenRefreshRequired: { code: 'UNAUTHENTICATED', advice: expired },
  RequestTimeTooSkewed: {
    code: 'UNAUTHENTICATED',
    advice: 'the clocks of this machine and of the server differ by more than 15 minutes: set this one',
  },
  RequestExpired: { code: 'UNAUTHENTICATED', advice: 'the clocks of this machine and of the server differ: set this one' },
  SlowDown: { code: 'RATE_LIMITED' },
  TooManyRequests: { code: 'RATE_LIMITED' },
  RequestLimitExceeded: { code: 'RATE_LIMITED' },
  Throttling: { code: 'RATE_LIMITED' },
  ThrottlingException: { code: 'RATE_LIMITED' },
  BandwidthLimitExceeded: { code: 'RATE_LIMITED' },
  InternalError: { code: 'UNAVAILABLE' },
  ServiceUnavailable: { code: 'UNAVAILABLE' },
  RequestTimeout: { code: 'TIMEOUT' },
  // What arrived is not what was sent: a broken line, and nothing was stored.
  BadDigest: { code: 'CORRUPT', retryable: true },
  InvalidDigest: { code: 'CORRUPT', retryable: true },
  XAmzContentSHA256Mismatch: { code: 'CORRUPT', retryable: true },
  IncompleteBody: { code: 'UNAVAILABLE' },
  KeyTooLongError: { code: 'INVALID_PATH' },
  InvalidObjectName: { code: 'INVALID_PATH' },
  XMinioInvalidObjectName: { code: 'INVALID_PATH' },
  InvalidURI: { code: 'INVALID_PATH' },
  QuotaExceeded: { code: 'NO_SPACE', advice: 'the quota is used up' },
  XMinioStorageFull: { code: 'NO_SPACE' },
  InsufficientStorage: { code: 'NO_SPACE' },
  EntityTooLarge: { code: 'NOT_SUPPORTED', advice: 'the server does not take files of this size' },
  NotImplemented: { code: 'NOT_SUPPORTED' },
  MethodNotAllowed: { code: 'NOT_SUPPORTED' },
  PermanentRedirect: { code: 'UNKNOWN', advice: 'the bucket is in another region: give its region' },
}

/** Of a HEAD, whose answer has no body. */
const byStatusAlone: Readonly<Record<number, Cause>> = {
  400: {
    code: 'UNAUTHENTICATED',
    advice: 'the server gives no reason; most often the credentials have expired, or the object needs the key it was encrypted with',
  },
}

const byStatus: Readonly<Record<number, Cause>> = {
  401: { code: 'UNAUTHENTICATED' },
  403: { code: 'PERMISSION_DENIED', advice: 'the account may not, or, without the permission s3:ListBucket, nothing is there' },
  404: { code: 'NOT_FOUND' },
  405: { code: 'NOT_SUPPORTED' },
  408: { code: 'TIMEOUT' },
  409: { code: 'UNAVAILABLE' },
  412: { code: 'PRECONDITION_FAILED' },
  429: { code: 'RATE_LIMITED' },
  501: { code: 'NOT_SUPPORTED' },
  // The answer to a HEAD has no body that could tell "SlowDown" from a server that is down for a while.
  503: { code: 'RATE_LIMITED' },
  507: { code: 'NO_SPACE' },
}

/** The code that the server gave, or `undefined`. */
export function codeOf({ body }: Refusal): string | undefined {
  return textOf(body, 'Code')
}

/** A refusal as an error that says what was tried, why it failed and, where it is known, what to do. */
export function toStorageError(refusal: Refusal, attempted: Attempted, now: number = Date.now()): StorageError {
  const { status } = refusal
  const code = codeOf(refusal)
  const cause: Cause = (code === undefined ? byStatusAlone[status] : byCode[code]) ??
    byStatus[status] ?? { code: status >= 500 ? 'UNAVAILABLE' : 'UNKNOWN' }
  const said = [code, textOf(refusal.body, 'Message') || `HTTP ${status}`].filter(Boolean).join(': ')
  const { path, bucket } = attempted
  const where = code === 'NoSuchBucket' ? ` (bucket ${bucket})` : ''
  return new StorageError(cause.code, `could not ${attempted.what} ${place(attempted)}${where}: ${cause.advice ?? 'the server refused'} (${said})`, {
    path,
    retryable: cause.retryable,
    retryAfterMs: retryAfter(refusal.headers['retry-after'], now),
    cause: new ServerError(status, code, said),
  })
}

/** "a/b on s3://bucket", or the storage alone. */
function place({ path, name }: Pick<Attempted, 'path' | 'name'>): string {
  return path === undefined || path === '' ? name : `${path} on ${name}`
}

/** Seconds or a date, as milliseconds from now. */
function retryAfter(value: string | string[] | undefined, now: number): number | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined
}

const certificateErrors = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS|HOSTNAME_MISMATCH/

/** What the network or the runtime threw, as an error of a storage. Errors of a storage and aborts pass. */
export function networkError(error: unknown, attempted: Attempted): unknown {
  if (isStorageError(error)) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  const { path } = attempted
  const start = `could not ${attempted.what} ${place(attempted)}`
  if (code !== undefined && certificateErrors.test(code))
    return new StorageError(
      'UNAVAILABLE',
      `${start}: the server's certificate is not trusted (${code}); name the authority's file in NODE_EXTRA_CA_CERTS`,
      { path, retryable: false, cause: error },
    )
  if (code === 'ENOTFOUND')
    return new StorageError('UNAVAILABLE', `${start}: no such host (${messageOf(error)}); check the endpoint and the region`, { path, cause: error })
  if (code === 'ETIMEDOUT') return new StorageError('TIMEOUT', `${start}: ${messageOf(error)}`, { path, cause: error })
  return new StorageError('UNAVAILABLE', `${start}: ${messageOf(error) || code || 'the connection broke'}`, { path, cause: error })
}
