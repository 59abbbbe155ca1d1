import type { CommandName } from './arguments/command-table.ts'
import type { OptionValues } from './arguments/option-values.ts'
import type { CliEnvironment } from './environment.ts'
import type { Style } from './terminal/style.ts'

/** What a command is given. */
export interface Invocation {
  readonly command: CommandName
  /** What is no option, the command itself left out. */
  readonly operands: readonly string[]
  readonly options: OptionValues
  readonly environment: CliEnvironment
  /** How standard output may be written. */
  readonly out: Style
  /** How standard error may be written. */
  readonly err: Style
}

/** Runs one command. Resolves to the exit code; a `UsageError` or a `StorageError` that it rejects with is explained by `run`. */
export type Command = (invocation: Invocation) => Promise<number>
