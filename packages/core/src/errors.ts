import type { Path } from './protocol.ts'

/** Causes a storage can name. Programs act on the code, never on the message. */
export const storageErrorCodes = [
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PRECONDITION_FAILED',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'NOT_SUPPORTED',
  'INVALID_PATH',
  'NOT_A_DIRECTORY',
  'IS_A_DIRECTORY',
  'NOT_EMPTY',
  'NO_SPACE',
  'RATE_LIMITED',
  'TIMEOUT',
  'UNAVAILABLE',
  'CORRUPT',
  'UNORDERED',
  'UNKNOWN',
] as const

/** One of {@link storageErrorCodes}. */
export type StorageErrorCode = (typeof storageErrorCodes)[number]

/** Codes after which the same call may succeed. */
const retryableCodes: ReadonlySet<StorageErrorCode> = new Set(['RATE_LIMITED', 'TIMEOUT', 'UNAVAILABLE'])

/** What a storage error carries beside its code and message. */
export interface StorageErrorOptions {
  readonly path?: Path | undefined
  /** Default: true for `RATE_LIMITED`, `TIMEOUT` and `UNAVAILABLE`. */
  readonly retryable?: boolean | undefined
  /** Milliseconds the store asked to wait before the next try. */
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

/**
 * The one error class of storages. The message says what was tried, on what, and what to do if we know.
 *
 * Test with {@link isStorageError}, not `instanceof`: two installed copies of this package must understand each other.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  readonly path: Path | undefined
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(code: StorageErrorCode, message: string, options: StorageErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.path = options.path
    this.retryable = options.retryable ?? retryableCodes.has(code)
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Whether `error` is a storage error, of this or another copy of the package; with `code`, of that cause. */
export function isStorageError(error: unknown, code?: StorageErrorCode): error is StorageError {
  if (typeof error !== 'object' || error === null) return false
  const candidate = error as { name?: unknown; code?: unknown }
  if (candidate.name !== 'StorageError') return false
  return code === undefined ? (storageErrorCodes as readonly unknown[]).includes(candidate.code) : candidate.code === code
}

/** The sentence of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
