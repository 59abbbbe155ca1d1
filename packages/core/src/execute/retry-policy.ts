import { isStorageError } from '../errors.ts'

const baseDelayMs = 250
const maxDelayMs = 30_000

/**
 * How long to wait before the next try: exponential with full jitter, so that many clients do not come back at one moment.
 * What the store asked for is the least.
 *
 * @param attempt - the one that failed, from 1
 * @param random - at least 0, below 1
 * @returns milliseconds
 */
export function retryDelay(attempt: number, error: unknown, random: () => number): number {
  const delay = random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1))
  const asked = isStorageError(error) ? (error.retryAfterMs ?? 0) : 0
  return Math.round(Math.max(delay, asked))
}

/** Whether the same call may succeed later. */
export function isRetryable(error: unknown): boolean {
  return isStorageError(error) && error.retryable === true
}
