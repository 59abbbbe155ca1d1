import { exec } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { StorageError, type Question } from '@syncline/core'

/** Asks a person; resolves to `undefined` for no answer. */
export type Prompt = (question: Question) => Promise<string | undefined>

/** Where a secret can come from; the first that is there is taken. */
export interface SecretSources {
  readonly value?: string | undefined
  /** A file; its last line break is no part of the secret. */
  readonly file?: string | undefined
  /** A command for the shell; what it prints, without the last line break. */
  readonly command?: string | undefined
}

const commandTimeoutMs = 60_000

/** The sources that environment variables name: NAME, NAME_FILE, NAME_COMMAND. */
export function secretFromEnvironment(name: string, environment: NodeJS.ProcessEnv): SecretSources {
  return { value: environment[name], file: environment[`${name}_FILE`], command: environment[`${name}_COMMAND`] }
}

/**
 * Reads a secret.
 *
 * @param what - for messages, e.g. "the password of ana@host"
 * @returns `undefined` if there is no source
 * @throws StorageError `UNAUTHENTICATED` if a source fails; what a command prints is not repeated
 */
export async function readSecret(what: string, { value, file, command }: SecretSources): Promise<string | undefined> {
  if (value !== undefined && value !== '') return value
  if (file !== undefined && file !== '') {
    try {
      return withoutLineBreak(await readFile(file, 'utf8'))
    } catch (error) {
      throw new StorageError('UNAUTHENTICATED', `could not read ${what} from ${file}: ${(error as Error).message}`, { cause: error })
    }
  }
  if (command !== undefined && command !== '') return runCommand(what, command)
  return undefined
}

function runCommand(what: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    exec(command, { timeout: commandTimeoutMs, windowsHide: true }, (error, output) => {
      // The message of `error` would repeat the command, which may hold a secret.
      if (error !== null) {
        const how = error.killed === true ? 'took too long' : `failed with exit code ${error.code ?? 'unknown'}`
        reject(new StorageError('UNAUTHENTICATED', `the command that gives ${what} ${how}`))
      } else resolve(withoutLineBreak(output))
    })
  })
}

function withoutLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '')
}
