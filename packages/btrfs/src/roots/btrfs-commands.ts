import { StorageError, type AbortOptions } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import { parseShow } from '../subvolume/parse-show.ts'
import { textOf } from '../subvolume/raw-text.ts'
import type { SubvolumeDetails } from '../subvolume/subvolume.ts'
import { BtrfsError, failureOf } from './btrfs-error.ts'
import { lineOn, outcomeOf, outputOf, type Host } from './host.ts'
import type { Command } from './quote.ts'

/** Commands as one machine takes them. */
export interface Commands {
  readonly host: Host
  /** Puts sudo in front where it is asked for. It never asks for a password: nobody could see the question. */
  privileged(command: Command): Command
}

/** The commands of a machine. */
export function commandsOn(host: Host, sudo: boolean): Commands {
  return { host, privileged: command => (sudo ? ['sudo', '-n', ...command] : command) }
}

/** Runs a command as root where sudo is asked for. @throws BtrfsError if it fails */
export function runPrivileged({ host, privileged }: Commands, what: string, command: Command, options: AbortOptions = {}): Promise<string> {
  return outputOf(host, what, privileged(command), options)
}

/**
 * The subvolume at an absolute path.
 *
 * @param path - what it is called in the result
 * @returns `undefined` if nothing is there; `'other'` if something else is
 */
export async function showSubvolume(
  { host, privileged }: Commands,
  absolute: RawPath,
  path: RawPath,
  options: AbortOptions = {},
): Promise<SubvolumeDetails | 'other' | undefined> {
  const command = privileged(['btrfs', 'subvolume', 'show', '--', absolute])
  const outcome = await outcomeOf(host, command, options)
  const failure = failureOf(lineOn(host, command), outcome)
  if (failure === undefined) {
    const details = parseShow(outcome.stdout, path)
    if (details !== undefined) return details
    throw new StorageError('UNKNOWN', `"${lineOn(host, command)}" printed what cannot be understood; its btrfs-progs may be too old`)
  }
  // Only its own words count: ssh may miss files, too.
  if (/^ERROR: Not a Btrfs /m.test(outcome.stderr)) return 'other'
  if (/^ERROR: (?:cannot find real path|[^\n]*: No such file or directory$)/m.test(outcome.stderr)) return undefined
  throw new BtrfsError(`looking at ${host.label}${textOf(absolute)}`, [failure])
}
