import { isStorageError, StorageError, type Path, type StorageErrorCode } from '@syncline/core'

interface Meaning {
  readonly code: StorageErrorCode
  readonly words: string
  /** What the user can do, if we know. */
  readonly advice?: string
  readonly retryable?: boolean
}

/** What the errors of system calls mean to a storage. One table, so that every operation says the same. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'NOT_FOUND', words: 'nothing is there' },
  ENOTDIR: { code: 'NOT_A_DIRECTORY', words: 'a part of the path is not a directory' },
  EISDIR: { code: 'IS_A_DIRECTORY', words: 'a directory is there' },
  ENOTEMPTY: { code: 'NOT_EMPTY', words: 'the directory is not empty' },
  EEXIST: { code: 'ALREADY_EXISTS', words: 'something is already there' },
  EACCES: { code: 'PERMISSION_DENIED', words: 'permission denied', advice: 'check the owner and mode of the path and of the directories above it' },
  EPERM: { code: 'PERMISSION_DENIED', words: 'operation not permitted', advice: 'check the owner, and whether the file is immutable' },
  EROFS: { code: 'PERMISSION_DENIED', words: 'the file system is mounted read-only', advice: 'mount it for writing' },
  ETXTBSY: { code: 'PERMISSION_DENIED', words: 'the program is running', advice: 'end it and try again' },
  ENOSPC: { code: 'NO_SPACE', words: 'no space is left on the file system', advice: 'free some space (or inodes, see `df -i`)' },
  EDQUOT: { code: 'NO_SPACE', words: 'the disk quota is used up', advice: 'free some space or raise the quota' },
  EFBIG: { code: 'NO_SPACE', words: 'the file is larger than the file system or a limit allows' },
  ENAMETOOLONG: { code: 'INVALID_PATH', words: 'the name or the whole path is too long for the file system' },
  EINVAL: { code: 'INVALID_PATH', words: 'the file system does not accept it', advice: 'the name may hold characters that are not allowed there' },
  EILSEQ: { code: 'INVALID_PATH', words: 'the file system cannot store the characters of the name' },
  ELOOP: { code: 'INVALID_PATH', words: 'a symbolic link is in the way' },
  EXDEV: { code: 'NOT_SUPPORTED', words: 'the two paths are on different file systems' },
  ENOTSUP: { code: 'NOT_SUPPORTED', words: 'the file system cannot do this' },
  EOPNOTSUPP: { code: 'NOT_SUPPORTED', words: 'the file system cannot do this' },
  ENOSYS: { code: 'NOT_SUPPORTED', words: 'the system cannot do this' },
  EMLINK: { code: 'NOT_SUPPORTED', words: 'the file system allows no further link' },
  EMFILE: { code: 'UNAVAILABLE', words: 'too many files are open in this process', advice: 'raise the limit (`ulimit -n`) or lower the concurrency' },
  ENFILE: { code: 'UNAVAILABLE', words: 'too many files are open on this machine' },
  EBUSY: { code: 'UNAVAILABLE', words: 'it is in use' },
  EAGAIN: { code: 'UNAVAILABLE', words: 'the system is short of resources' },
  ENOMEM: { code: 'UNAVAILABLE', words: 'the system is short of memory' },
  ESTALE: { code: 'UNAVAILABLE', words: 'the network file system lost track of it' },
  ENOTCONN: { code: 'UNAVAILABLE', words: 'the file system is not connected', advice: 'mount it again' },
  EHOSTDOWN: { code: 'UNAVAILABLE', words: 'the host of the file system is down' },
  ETIMEDOUT: { code: 'TIMEOUT', words: 'the file system did not answer in time' },
  // A read or write that the device refuses will be refused again: not worth a retry, and never to be mistaken for an absence.
  EIO: { code: 'UNAVAILABLE', words: 'the device reported an input/output error', advice: 'check the disk', retryable: false },
}

/** The errno name of a thrown value, e.g. "ENOENT". */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** Whether nothing is at the path: it or a directory above it is missing, or a file is where a directory was expected. */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENOENT' || errno === 'ENOTDIR'
}

/**
 * A thrown value of a system call as the error of this storage; a storage error passes unchanged.
 *
 * @param doing - what was tried, to follow "could not": "read", "list the directory"
 * @param root - of the storage, for the message
 */
export function toStorageError(error: unknown, doing: string, path: Path, root: string): StorageError {
  if (isStorageError(error)) return error
  const errno = errnoOf(error)
  const meaning = errno === undefined ? undefined : meanings[errno]
  const what = `could not ${doing} ${place(path, root)}`
  if (meaning === undefined)
    return new StorageError('UNKNOWN', `${what}: ${error instanceof Error ? error.message : String(error)}`, { path, cause: error })
  const advice = meaning.advice === undefined ? '' : `; ${meaning.advice}`
  return new StorageError(meaning.code, `${what}: ${meaning.words} (${errno})${advice}`, { path, retryable: meaning.retryable, cause: error })
}

/** A path for a message. */
export function place(path: Path, root: string): string {
  return path === '' ? root : `${JSON.stringify(path)} in ${root}`
}
