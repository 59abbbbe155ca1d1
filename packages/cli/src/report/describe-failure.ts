import type { ExitCode, LockedError, StorageErrorCode } from '@syncline/core'
import { InterruptError } from '../interrupt.ts'
import { formatMoment } from '../terminal/format.ts'
import { UsageError } from '../usage-error.ts'

/** An error for people: what happened and what to do, with the exit code. */
export interface FailureText {
  readonly exitCode: ExitCode
  /** A `StorageError` code, or another word a program can act on. */
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
}

const advice: Readonly<Record<StorageErrorCode, readonly [exitCode: ExitCode, hint: string | undefined]>> = {
  NOT_FOUND: [6, 'Check the path, and that the disk or server it is on is there.'],
  ALREADY_EXISTS: [1, 'Something else wrote there at the same time. Run it again.'],
  PRECONDITION_FAILED: [1, 'It changed meanwhile. Run it again.'],
  PERMISSION_DENIED: [6, 'Check who may read and write there.'],
  UNAUTHENTICATED: [6, 'Check the credentials.'],
  NOT_SUPPORTED: [2, undefined],
  INVALID_PATH: [2, undefined],
  NOT_A_DIRECTORY: [6, 'Name the directory that holds it.'],
  IS_A_DIRECTORY: [1, undefined],
  NOT_EMPTY: [1, undefined],
  NO_SPACE: [3, 'Free some space there and run it again: what was done is kept.'],
  RATE_LIMITED: [6, 'Wait a little and run it again, or lower --operations and --transfers.'],
  TIMEOUT: [6, 'Check the connection and run it again.'],
  UNAVAILABLE: [6, 'Check the connection and run it again.'],
  CORRUPT: [1, 'What was read is not what was written. Check the disk or the connection, then run it again.'],
  UNORDERED: [1, 'This is a mistake of the storage; please report it.'],
  UNKNOWN: [1, undefined],
}

/** Explains any thrown value. Never a stack trace. */
export function describeFailure(error: unknown): FailureText {
  if (error instanceof UsageError) return { exitCode: 2, code: 'USAGE', message: error.message, hint: error.hint }
  const { name, code, message } = properties(error)
  if (name === 'StorageError' && code !== undefined && Object.hasOwn(advice, code)) {
    const [exitCode, hint] = advice[code as StorageErrorCode]
    return { exitCode, code, message, hint }
  }
  if (name === 'LockedError') return { exitCode: 7, code: 'LOCKED', ...describeLock(error as LockedError) }
  if (error instanceof InterruptError) return { exitCode: error.exitCode, code: 'INTERRUPTED', message, hint: undefined }
  return { exitCode: 1, code: code ?? 'UNKNOWN', message, hint: 'This should not happen. SYNCLINE_DEBUG=1 shows where; please report it.' }
}

function properties(error: unknown): { readonly name: string | undefined; readonly code: string | undefined; readonly message: string } {
  if (!(error instanceof Error)) return { name: undefined, code: undefined, message: String(error) }
  const { code } = error as { code?: unknown }
  return { name: error.name, code: typeof code === 'string' ? code : undefined, message: error.message }
}

function describeLock({ owner, since, expires, message }: LockedError): { readonly message: string; readonly hint: string | undefined } {
  const process = readOwner(owner)
  if (process === undefined) return { message, hint: undefined }
  return {
    message: `another run has this pair: process ${process.pid} on ${process.host}, since ${formatMoment(since)}`,
    hint: `Wait for it, or stop it. If that host is gone, its lock ends by itself at ${formatMoment(expires)}.`,
  }
}

/** Owners made by this program are JSON; others are shown as they are. */
function readOwner(owner: string): { readonly host: string; readonly pid: number } | undefined {
  try {
    const { host, pid } = JSON.parse(owner) as { host?: unknown; pid?: unknown }
    return typeof host === 'string' && typeof pid === 'number' ? { host, pid } : undefined
  } catch {
    return undefined
  }
}
