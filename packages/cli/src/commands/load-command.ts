import type { CommandName } from '../arguments/command-table.ts'
import type { Command } from '../command.ts'
import { help } from './help.ts'
import type * as Engine from './index.ts'
import { version } from './version.ts'

/** One module for all that need the engine, so that it is loaded at once. */
function engine(): Promise<typeof Engine> {
  return import('./index.ts')
}

/** Loads the code behind a command when it runs, because help and completion must be quick. */
export const loadCommand: Readonly<Record<CommandName, () => Promise<Command>>> = {
  sync: async () => (await engine()).sync,
  plan: async () => (await engine()).plan,
  apply: async () => (await engine()).apply,
  check: async () => (await engine()).check,
  ls: async () => (await engine()).ls,
  status: async () => (await engine()).status,
  conflicts: async () => (await engine()).conflicts,
  why: async () => (await engine()).why,
  doctor: async () => (await engine()).doctor,
  state: async () => (await engine()).state,
  completion: async () => (await import('./completion.ts')).completion,
  help: () => Promise.resolve(help),
  version: () => Promise.resolve(version),
}
