import { onAbort, type AbortOptions } from '@syncline/core'
import { BtrfsError, failureOf } from './btrfs-error.ts'
import type { Ended, Running, StartOptions } from './process.ts'
import { shellLine, type Command } from './quote.ts'

/** A machine that commands run on. */
export interface Host {
  /** What stands in front of paths, for people: nothing, or `user@host:`. */
  readonly label: string
  /** @throws StorageError `UNAVAILABLE` or `UNAUTHENTICATED` if the machine cannot be reached */
  start(command: Command, options?: StartOptions): Promise<Running>
  /** A faster way to run a command that reads nothing and prints little. */
  run?(command: Command): Promise<Outcome>
  close(): Promise<void>
}

/** How a command ended, and what it printed: a character per byte. */
export interface Outcome extends Ended {
  readonly stdout: string
}

/** Runs a command to its end, whatever that is. @throws the signal's reason after an abort */
export async function outcomeOf(host: Host, command: Command, { signal }: AbortOptions = {}): Promise<Outcome> {
  signal?.throwIfAborted()
  const outcome = await (host.run === undefined ? collect(host, command, { signal }) : unlessAborted(host.run(command), signal))
  signal?.throwIfAborted()
  return outcome
}

async function collect(host: Host, command: Command, options: AbortOptions): Promise<Outcome> {
  const running = await host.start(command, options)
  const chunks: Buffer[] = []
  running.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { ...(await running.ended), stdout: Buffer.concat(chunks).toString('latin1') }
}

/** The command goes on after an abort, but nobody waits for it. */
function unlessAborted(outcome: Promise<Outcome>, signal: AbortSignal | undefined): Promise<Outcome> {
  if (signal === undefined) return outcome
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason as Error))
    outcome.finally(forget).then(resolve, reject)
  })
}

/** Runs a command and gives what it printed, a character per byte. @throws BtrfsError if it fails; `what` says what was tried */
export async function outputOf(host: Host, what: string, command: Command, options: AbortOptions = {}): Promise<string> {
  const { stdout, ...ended } = await outcomeOf(host, command, options)
  const failure = failureOf(lineOn(host, command), ended)
  if (failure !== undefined) throw new BtrfsError(what, [failure])
  return stdout
}

/** A command for people, with the machine that it runs on. */
export function lineOn(host: Host, command: Command): string {
  return `${host.label === '' ? '' : `${host.label} `}${shellLine(command)}`
}
