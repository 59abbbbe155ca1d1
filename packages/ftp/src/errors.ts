import { isStorageError, messageOf, type Path, StorageError, type StorageErrorCode } from '@syncline/core'
import { LostConnection, oneLine, ReplyError } from './reply.ts'

interface Meaning {
  readonly code: StorageErrorCode
  readonly words: string
  readonly retryable?: boolean
}

/** What the codes of replies mean. 550, 553 and 450 say too little by themselves: the text helps, and who can asks the server what is there. */
const meanings: Readonly<Record<number, Meaning>> = {
  421: { code: 'UNAVAILABLE', words: 'the server ended the connection or allows no further one' },
  425: { code: 'UNAVAILABLE', words: 'the data connection could not be opened' },
  426: { code: 'UNAVAILABLE', words: 'the data connection was cut' },
  430: { code: 'UNAUTHENTICATED', words: 'the server does not accept the user or password' },
  431: { code: 'NOT_SUPPORTED', words: 'the server cannot do that kind of protection' },
  434: { code: 'UNAVAILABLE', words: 'the host is not available' },
  450: { code: 'UNAVAILABLE', words: 'the file is in use' },
  451: { code: 'UNAVAILABLE', words: 'the server had an error of its own' },
  452: { code: 'NO_SPACE', words: 'no space is left on the server' },
  500: { code: 'NOT_SUPPORTED', words: 'the server does not know the command' },
  501: { code: 'INVALID_PATH', words: 'the server does not accept the argument' },
  502: { code: 'NOT_SUPPORTED', words: 'the server does not have the command' },
  503: { code: 'UNAVAILABLE', words: 'the server lost track of what came before' },
  504: { code: 'NOT_SUPPORTED', words: 'the server cannot do this' },
  521: { code: 'PERMISSION_DENIED', words: 'the server wants data connections to be encrypted; say tls=explicit' },
  522: { code: 'UNAVAILABLE', words: 'the server wants the TLS session of the control connection on the data connection' },
  530: { code: 'UNAUTHENTICATED', words: 'the server does not accept the user or password' },
  532: { code: 'PERMISSION_DENIED', words: 'the account may not store files' },
  534: { code: 'PERMISSION_DENIED', words: 'the server refuses for reasons of its policy' },
  550: { code: 'PERMISSION_DENIED', words: 'the server refused' },
  551: { code: 'NOT_SUPPORTED', words: 'the server cannot do this' },
  552: { code: 'NO_SPACE', words: 'the quota is used up' },
  553: { code: 'PERMISSION_DENIED', words: 'the server refused the name' },
}

/** What the texts of servers give away; the first that fits. */
const hints: readonly (readonly [RegExp, Meaning])[] = [
  [/no space|disk full|quota|insufficient storage|not enough/i, { code: 'NO_SPACE', words: 'no space is left on the server' }],
  [/too many|maximum|limit reached|try again later/i, { code: 'RATE_LIMITED', words: 'the server allows no more at a time' }],
  [/no such file|not found|does not exist|cannot find/i, { code: 'NOT_FOUND', words: 'nothing is there' }],
  [/not empty/i, { code: 'NOT_EMPTY', words: 'the directory is not empty' }],
  [/not a directory/i, { code: 'NOT_A_DIRECTORY', words: 'a part of the path is not a directory' }],
  [/is a directory|not a (?:plain|regular) file/i, { code: 'IS_A_DIRECTORY', words: 'a directory is there' }],
  [/name too long|illegal|invalid (?:file ?|directory )?name/i, { code: 'INVALID_PATH', words: 'the server does not accept the name' }],
  [/permission|denied|not allowed|read-only|forbidden|prohibited/i, { code: 'PERMISSION_DENIED', words: 'permission denied' }],
  [/address already in use|bind|listen|passive/i, { code: 'UNAVAILABLE', words: 'the server could not offer a data connection' }],
]

/** What servers say when a file system does not take the bytes of a file. Hardly one tells why. */
const unstored = /writ(?:e|ing) to (?:local )?file|input\/output error|no space|quota/i
const full: Meaning = { code: 'NO_SPACE', words: 'the server could not store the bytes; most likely no space is left' }

/** What a negative reply says. */
export function meaningOf({ code, text, command }: Pick<ReplyError, 'code' | 'text'> & { readonly command?: string }): Meaning {
  if (/^(?:STOR|APPE)$/.test(command ?? '') && [426, 451].includes(code) && unstored.test(text)) return full
  const fallback = meanings[code]
  // A login or a protocol error is what its code says, whatever the words.
  const mayHint = [421, 426, 450, 451, 500, 501, 530, 550, 552, 553, 554].includes(code)
  const hint = mayHint ? hints.find(([pattern]) => pattern.test(text))?.[1] : undefined
  if (code === 530 && hint?.code !== 'RATE_LIMITED') return fallback as Meaning
  if (code === 500 && hint?.code !== 'UNAVAILABLE') return fallback as Meaning
  return hint ?? fallback ?? { code: code < 500 ? 'UNAVAILABLE' : 'UNKNOWN', words: 'the server refused' }
}

/** Whether the same command may succeed on a new data connection or a little later, and nothing was moved. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof ReplyError)) return false
  return [421, 425, 426, 450, 451].includes(error.code) || (error.code === 500 && meaningOf(error).code === 'UNAVAILABLE')
}

/**
 * A failure as the error of this storage; a storage error passes unchanged.
 *
 * @param doing - what was tried, to follow "could not": "read", "list the directory"
 * @param name - of the storage, for the message
 */
export function toStorageError(error: unknown, doing: string, path: Path, name: string): StorageError {
  if (isStorageError(error)) return error
  const what = `could not ${doing} ${place(path, name)}`
  if (error instanceof ReplyError) {
    const { code, words, retryable } = meaningOf(error)
    return new StorageError(code, `${what}: ${words} (${error.message})${adviceFor(error, code)}`, { path, retryable, cause: error })
  }
  if (error instanceof LostConnection) {
    return new StorageError(error.timedOut ? 'TIMEOUT' : 'UNAVAILABLE', `${what}: the connection was lost: ${oneLine(error.message)}`, {
      path,
      cause: error,
    })
  }
  const errno = (error as { readonly code?: unknown }).code
  if (typeof errno === 'string' && connectionErrors.has(errno))
    return new StorageError('UNAVAILABLE', `${what}: ${oneLine(messageOf(error))}`, { path, cause: error })
  if (error instanceof TypeError) throw error
  return new StorageError('UNKNOWN', `${what}: ${oneLine(messageOf(error))}`, { path, cause: error })
}

const connectionErrors = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPROTO',
])

function adviceFor(error: ReplyError, code: StorageErrorCode): string {
  if (code === 'PERMISSION_DENIED' && error.code === 550) return '; check what the account may do in that directory'
  if (code === 'RATE_LIMITED') return '; lower `connections`'
  return ''
}

/** A path for a message. */
export function place(path: Path, name: string): string {
  return path === '' ? name : `${JSON.stringify(path)} in ${name}`
}
