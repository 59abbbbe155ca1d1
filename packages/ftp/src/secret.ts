import { exec } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { messageOf, type Question, StorageError } from '@syncline/core'

/** Where a password comes from; the first that is given counts. */
export interface SecretSources {
  /** The password, or what asks for it when it is needed. */
  readonly password?: string | (() => string | undefined | Promise<string | undefined>) | undefined
  /** A file with the password in its first line. */
  readonly passwordFile?: string | undefined
  /** A command of the shell that prints the password. */
  readonly passwordCommand?: string | undefined
}

const run = promisify(exec)
const commandMs = 60_000

/** The sources that the environment names. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): SecretSources {
  return {
    password: environment['SYNCLINE_FTP_PASSWORD'],
    passwordFile: environment['SYNCLINE_FTP_PASSWORD_FILE'],
    passwordCommand: environment['SYNCLINE_FTP_PASSWORD_COMMAND'],
  }
}

/**
 * The password, asked for once.
 *
 * @param name - of the storage
 * @throws StorageError `UNAUTHENTICATED`, naming where it can come from
 */
export function secretFrom(
  sources: SecretSources,
  name: string,
  prompt: ((question: Question) => Promise<string | undefined>) | undefined,
): () => Promise<string> {
  let known: Promise<string> | undefined
  return () => (known ??= find(sources, name, prompt))
}

async function find(
  { password, passwordFile, passwordCommand }: SecretSources,
  name: string,
  prompt: ((question: Question) => Promise<string | undefined>) | undefined,
): Promise<string> {
  const given = typeof password === 'function' ? await password() : password
  if (given !== undefined) return check(given, name)
  if (passwordFile !== undefined) return check(firstLine(await readSecret(passwordFile, name)), name)
  if (passwordCommand !== undefined) return check(firstLine(await runCommand(passwordCommand, name)), name)
  const typed = await prompt?.({ text: `password of ${name}`, secret: true })
  if (typed !== undefined) return check(typed, name)
  throw new StorageError(
    'UNAUTHENTICATED',
    `${name} needs a password: set SYNCLINE_FTP_PASSWORD, SYNCLINE_FTP_PASSWORD_FILE or SYNCLINE_FTP_PASSWORD_COMMAND`,
  )
}

async function readSecret(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new StorageError('UNAUTHENTICATED', `the password file of ${name} could not be read: ${messageOf(cause)}`, { cause })
  }
}

async function runCommand(command: string, name: string): Promise<string> {
  try {
    return (await run(command, { timeout: commandMs, windowsHide: true })).stdout
  } catch (error) {
    // Neither the command nor what it printed is repeated: either may hold the secret.
    const { code } = error as { readonly code?: unknown }
    throw new StorageError('UNAUTHENTICATED', `the password command of ${name} failed${typeof code === 'number' ? ` with code ${code}` : ''}`)
  }
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] as string
}

/** A line break in a password would be a command of its own. */
function check(password: string, name: string): string {
  // eslint-disable-next-line no-control-regex -- what the control connection cannot carry
  if (/[\r\n\u0000]/.test(password)) throw new StorageError('UNAUTHENTICATED', `the password of ${name} has a line break, which FTP cannot send`)
  return password
}
