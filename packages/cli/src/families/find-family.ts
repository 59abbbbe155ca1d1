import type { CommandFamily } from '@syncline/core'
import { isCommand } from '../arguments/command-table.ts'
import type { CliEnvironment } from '../environment.ts'
import { splitWords, type SplitWords } from './split-words.ts'

/** A command line that calls a family. */
export interface FamilyWords extends Pick<SplitWords, 'leading' | 'rest'> {
  readonly family: CommandFamily
}

/** What the first word of a family may look like: it becomes part of a package's name. */
const familyName = /^[a-z][a-z0-9-]*$/

/**
 * Loads the family that a command line calls.
 *
 * @returns undefined if the first word is a general command, or nothing that anybody brings
 * @throws UsageError if the family is known, but its package is not installed
 */
export async function findFamily(argv: readonly string[], environment: CliEnvironment): Promise<FamilyWords | undefined> {
  const { leading, word, rest } = splitWords(argv)
  if (word === undefined || isCommand(word)) return undefined
  const family = await loadFamily(word, environment)
  return family && { family, leading, rest }
}

/** Loads a family by its name. @throws UsageError if it is known, but its package is not installed */
export async function loadFamily(name: string, environment: CliEnvironment): Promise<CommandFamily | undefined> {
  return familyName.test(name) ? environment.loadFamily?.(name) : undefined
}
