import { messageOf, StorageError, type StorageErrorCode } from '@syncline/core'
import type { Ended } from './process.ts'

/** A command that failed, and what it said. */
export interface CommandFailure {
  /** As a shell would take it, with the host in front if it is not this one. */
  readonly command: string
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

/** What btrfs, ssh or sudo say, what it means, and what can be done. The first that fits counts. */
interface Meaning {
  readonly pattern: RegExp
  readonly code: StorageErrorCode
  readonly hint?: string
  /** What the other side's end leads to: it says nothing about the cause. */
  readonly consequence?: true
}

const missingParent = /cannot find parent subvolume|parent subvol is not reachable/
const missingClone = /did not find source subvol/

const meanings: readonly Meaning[] = [
  {
    pattern: /Host key verification failed|REMOTE HOST IDENTIFICATION/,
    code: 'UNAUTHENTICATED',
    hint: 'log in once with ssh by hand and compare the key',
  },
  {
    pattern: /Permission denied \((?:publickey|password|keyboard)/,
    code: 'UNAUTHENTICATED',
    hint: 'ssh must let you in without a question: by a key or an agent',
  },
  {
    pattern: /a password is required|a terminal is required/,
    code: 'PERMISSION_DENIED',
    hint: 'allow the commands without a password in sudoers, or run "sudo -v" before',
  },
  { pattern: missingParent, code: 'NOT_FOUND', hint: 'the subvolume that the changes are against is not at the destination' },
  { pattern: missingClone, code: 'NOT_FOUND', hint: 'a subvolume that extents are shared with is not at the destination' },
  { pattern: /No space left on device|Disk quota exceeded/, code: 'NO_SPACE', hint: 'make room at the destination' },
  { pattern: /File exists/, code: 'ALREADY_EXISTS' },
  { pattern: /is not read-only/, code: 'PRECONDITION_FAILED', hint: 'only read-only subvolumes can be sent: make a read-only snapshot of it' },
  { pattern: /Read-only file system/, code: 'PERMISSION_DENIED' },
  { pattern: /Operation not permitted|Permission denied/, code: 'PERMISSION_DENIED', hint: 'btrfs needs root here: run as root, or ask for sudo' },
  {
    pattern: /\b(?:btrfs|flock): (?:command )?not found$|No such file or directory.*\bflock\b/m,
    code: 'NOT_SUPPORTED',
    hint: 'install btrfs-progs and util-linux there',
  },
  { pattern: /: (?:command )?not found$/m, code: 'NOT_SUPPORTED', hint: 'install that program there, or correct its name' },
  { pattern: /not a btrfs|doesn't belong to btrfs|failed to get flags for subvolume/i, code: 'NOT_SUPPORTED' },
  { pattern: /parent determination failed/, code: 'NOT_SUPPORTED', hint: 'the subvolumes have nothing in common' },
  { pattern: /No such file or directory|unable to resolve/, code: 'NOT_FOUND' },
  { pattern: /failed to read stream from kernel: (?:Connection reset by peer|Broken pipe)/, code: 'UNAVAILABLE', consequence: true },
  { pattern: /crc32 mismatch|invalid tlv|requested but not present|unexpected header|stream version/, code: 'CORRUPT' },
  { pattern: /Input\/output error/, code: 'CORRUPT', hint: 'the disk cannot be read; see the log of the kernel' },
  {
    pattern:
      /Connection (?:refused|closed|reset|timed out)|closed by remote host|Could not resolve hostname|Broken pipe|No route to host|Timeout, server|kex_exchange/,
    code: 'UNAVAILABLE',
  },
  { pattern: /short read from stream|unexpected EOF|empty stream is not considered valid/, code: 'CORRUPT', consequence: true },
]

/**
 * What commands of btrfs, or the programs that lead to them, failed with. Names every command and quotes what it wrote to standard error.
 *
 * Recognise it as a `StorageError`, by its code.
 */
export class BtrfsError extends StorageError {
  readonly failures: readonly CommandFailure[]
  /** What is there now, in words for people. */
  readonly found: string | undefined
  /** Whether the receiver lacks what the changes are against. */
  readonly missesParent: boolean
  /** Whether the receiver lacks what extents are shared with. */
  readonly missesClone: boolean

  /**
   * @param what - what was tried, as the start of a sentence
   * @param cause - what was noticed beside the commands: a stream that is damaged
   * @param found - what is there now, in words for people
   */
  constructor(what: string, failures: readonly CommandFailure[], cause?: unknown, found?: string) {
    const meaning = meaningOf(failures)
    const code = codeOf(cause) ?? meaning?.code ?? 'UNKNOWN'
    const lines = [...(cause === undefined ? [] : [messageOf(cause)]), ...failures.map(describe), ...(found === undefined ? [] : [found])]
    const text = `${what} failed${meaning?.hint === undefined ? '' : ` (${meaning.hint})`}:\n  ${lines.join('\n').replaceAll('\n', '\n  ')}`
    super(code, text, { cause })
    this.failures = failures
    this.found = found
    const said = failures.map(({ stderr }) => stderr).join('\n')
    this.missesParent = missingParent.test(said)
    this.missesClone = missingClone.test(said)
  }
}

/** What failed: `undefined` when a process ended well. */
export function failureOf(command: string, { code, signal, stderr }: Ended): CommandFailure | undefined {
  return code === 0 ? undefined : { command, code, signal, stderr }
}

function codeOf(cause: unknown): StorageErrorCode | undefined {
  return cause instanceof StorageError ? cause.code : undefined
}

function meaningOf(failures: readonly CommandFailure[]): Meaning | undefined {
  const told = failures.flatMap(({ stderr, code }) => {
    const meaning = meanings.find(({ pattern }) => pattern.test(stderr))
    if (meaning !== undefined) return [meaning]
    return code === 255 ? [{ pattern: /(?:)/, code: 'UNAVAILABLE' } as const] : []
  })
  return told.find(({ consequence }) => consequence !== true) ?? told[0]
}

function describe({ command, code, signal, stderr }: CommandFailure): string {
  const lost = code === 255 ? ', as ssh has it for a lost connection' : ''
  const how = signal === null ? `exit code ${code ?? 'unknown'}${lost}` : signal
  return stderr === '' ? `${command} (${how})` : `${command} (${how}):\n  ${stderr.replaceAll('\n', '\n  ')}`
}
