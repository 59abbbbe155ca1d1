import { isStorageError, messageOf, StorageError, type Path, type StorageErrorCode } from '@syncline/core'
import { status } from './wire/constants.ts'
import { StatusError } from './wire/packets.ts'

interface Meaning {
  readonly code: StorageErrorCode
  readonly words: string
}

/** What the status codes mean to a storage. Version 3 has eight; some servers send those of later versions. */
const meanings: Readonly<Record<number, Meaning>> = {
  [status.eof]: { code: 'CORRUPT', words: 'it ended early' },
  [status.noSuchFile]: { code: 'NOT_FOUND', words: 'nothing is there' },
  [status.noSuchPath]: { code: 'NOT_FOUND', words: 'nothing is there' },
  [status.permissionDenied]: {
    code: 'PERMISSION_DENIED',
    words: 'permission denied; check the owner and mode of the path and of the directories above it',
  },
  [status.writeProtected]: { code: 'PERMISSION_DENIED', words: 'it is write-protected' },
  // OpenSSH says so for a name that is too long and for what the file system calls invalid.
  [status.badMessage]: {
    code: 'INVALID_PATH',
    words: 'the server does not accept it; the name may be too long or hold characters that are not allowed there',
  },
  [status.invalidName]: { code: 'INVALID_PATH', words: 'the server does not accept the name' },
  [status.linkLoop]: { code: 'INVALID_PATH', words: 'a symbolic link is in the way' },
  [status.unsupported]: { code: 'NOT_SUPPORTED', words: 'the server cannot do this' },
  [status.fileAlreadyExists]: { code: 'ALREADY_EXISTS', words: 'something is already there' },
  [status.noSpace]: { code: 'NO_SPACE', words: 'no space is left on the server' },
  [status.quotaExceeded]: { code: 'NO_SPACE', words: 'the quota is used up' },
  [status.directoryNotEmpty]: { code: 'NOT_EMPTY', words: 'the directory is not empty' },
  [status.notADirectory]: { code: 'NOT_A_DIRECTORY', words: 'a part of the path is not a directory' },
  [status.isADirectory]: { code: 'IS_A_DIRECTORY', words: 'a directory is there' },
  [status.noConnection]: { code: 'UNAVAILABLE', words: 'the server lost its connection' },
  [status.connectionLost]: { code: 'UNAVAILABLE', words: 'the server lost its connection' },
}

/**
 * A thrown value as the error of this storage. One that names its path passes unchanged.
 *
 * @param doing - what was tried, to follow "could not": "read", "list the directory"
 * @param name - of the storage, for the message
 */
export function toStorageError(error: unknown, doing: string, path: Path, name: string): StorageError {
  if (isStorageError(error) && error.path !== undefined) return error
  const what = `could not ${doing} ${place(path, name)}`
  if (isStorageError(error)) {
    const { code, retryable, retryAfterMs } = error
    return new StorageError(code, `${what}: ${error.message}`, { path, retryable, ...(retryAfterMs !== undefined && { retryAfterMs }), cause: error })
  }
  if (!(error instanceof StatusError)) return new StorageError('UNKNOWN', `${what}: ${messageOf(error)}`, { path, cause: error })
  const meaning = meanings[error.code]
  if (meaning !== undefined) return new StorageError(meaning.code, `${what}: ${meaning.words}`, { path, cause: error })
  return new StorageError('UNKNOWN', `${what}: the server says "${error.message}" (${error.code}) and no more`, { path, cause: error })
}

/** A path for a message. */
export function place(path: Path, name: string): string {
  return path === '' ? name : `${JSON.stringify(path)} on ${name}`
}
