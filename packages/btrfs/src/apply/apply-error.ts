import { isStorageError, StorageError, type StorageErrorCode } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import { textOf } from '../subvolume/raw-text.ts'

/** What the system's errors mean where a stream is carried out. What is not here is unknown. */
const meanings: Readonly<Record<string, readonly [StorageErrorCode, string]>> = {
  ...doesNotFit('ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'EINVAL', 'EXDEV', 'ELOOP', 'ENXIO'),
  ENOSPC: ['NO_SPACE', 'no space is left; free some (or inodes, see `df -i`) and apply the stream again'],
  EDQUOT: ['NO_SPACE', 'the disk quota is used up; raise it and apply the stream again'],
  EFBIG: ['NO_SPACE', 'the file is larger than the file system can hold'],
  EROFS: ['PERMISSION_DENIED', 'the file system is mounted read-only; mount it for writing'],
  EACCES: ['PERMISSION_DENIED', 'permission denied; check who owns the directory, or run as root'],
  EPERM: ['PERMISSION_DENIED', 'operation not permitted; run as root'],
  ENAMETOOLONG: ['INVALID_PATH', 'the file system does not take so long a name'],
  EILSEQ: ['INVALID_PATH', 'the file system does not take the characters of the name'],
}

function doesNotFit(...errnos: readonly string[]): Record<string, readonly [StorageErrorCode, string]> {
  return Object.fromEntries(errnos.map(errno => [errno, ['CORRUPT', 'the stream does not fit what it is applied to']]))
}

/** A thrown value as a storage error that says what was carried out and where; a storage error passes unchanged. */
export function toApplyError(error: unknown, doing: string, path: RawPath): StorageError {
  if (isStorageError(error)) return error
  const errno = errnoOf(error)
  const [code, words] = (errno === undefined ? undefined : meanings[errno]) ?? ['UNKNOWN', error instanceof Error ? error.message : String(error)]
  return new StorageError(code, `could not carry out ${doing} at ${shown(path)}: ${words}${errno === undefined ? '' : ` (${errno})`}`, {
    path: textOf(path),
    cause: error,
  })
}

/** That a command goes where it must not, or asks for what is not there. */
export function unfit(doing: string, path: RawPath, reason: string): StorageError {
  return new StorageError('CORRUPT', `could not carry out ${doing} at ${shown(path)}: ${reason}`, { path: textOf(path) })
}

/** The errno name of a thrown value. */
export function errnoOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { readonly code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}

function shown(path: RawPath): string {
  return path === '' ? 'the root of the volume' : JSON.stringify(textOf(path))
}
