import { StorageError } from '@syncline/core'

/**
 * What is wrong with a stream, and where.
 *
 * @param offset - bytes from the start of the file or pipe to the command or header that is meant
 */
export function streamError(offset: number, what: string): StorageError {
  return new StorageError('CORRUPT', `the send stream is damaged or not safe at byte ${offset}: ${what}`)
}
