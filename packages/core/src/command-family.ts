import type { ReadableStorage } from './protocol.ts'

/** One option of a family's command, as data: parsing, help, completion and reference are made from it. */
export interface FamilyOption {
  /** One letter, used with one dash. */
  readonly short?: string
  /** What the value is called; absent for an option without a value. */
  readonly value?: string
  readonly choices?: readonly string[]
  /** May be given more than once. */
  readonly repeatable?: true
  /** What holds without the option, as shown to people. */
  readonly default?: string
  /** One sentence without a full stop. */
  readonly text: string
}

/** The options of one call, as written. */
export interface FamilyOptionValues {
  has(name: string): boolean
  /** Its last value. */
  text(name: string): string | undefined
  /** Its values in the order given. */
  list(name: string): readonly string[]
}

/** What a family's command is given. Text is shown with its control characters escaped. */
export interface FamilyCall {
  readonly operands: readonly string[]
  readonly options: FamilyOptionValues
  /** Whether `--json` was given: then `json` takes results, and `print` is for nobody. */
  readonly wantsJson: boolean
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** A line of the result, on standard output; nothing with `--json` or `--quiet`. */
  print(line: string): void
  /** An object of the result, as one line on standard output; nothing without `--json`. */
  json(object: object): void
  /** A remark, on standard error; nothing with `--quiet`. */
  note(line: string): void
  /** Content, as it is, on standard output. */
  write(content: Uint8Array): void
  /** Replaces the line that shows what goes on, on a terminal only; without an argument removes it. */
  progress(line?: string): void
  /** Asks a person; absent where nobody can be asked. */
  readonly confirm?: (question: string, byDefault: boolean) => Promise<boolean>
  /** Opens a path or a URL. */
  open(location: string): Promise<ReadableStorage>
  /** What to throw for a call that cannot be understood: exit code 2, and what to do. */
  usageError(message: string, hint?: string): Error
}

/** One command of a family. */
export interface FamilyCommand {
  /** One line without a full stop. */
  readonly summary: string
  /** Operands of each way to call it. */
  readonly usage: readonly string[]
  /** What help says below the usage; paragraphs. */
  readonly details: readonly string[]
  readonly examples: readonly string[]
  /** By long name. `--json`, `--quiet`, `--color`, `--ascii` and `--help` are always there. */
  readonly options: Readonly<Record<string, FamilyOption>>
  /** @returns the exit code; a `StorageError` it rejects with is explained */
  run(call: FamilyCall): Promise<number>
}

/**
 * Commands that a package brings to the command line: `syncline snapshot send …`. The package exports them as `families` from its entry `./commands`.
 */
export interface CommandFamily {
  /** The first word. */
  readonly name: string
  readonly summary: string
  /** By the second word. */
  readonly commands: Readonly<Record<string, FamilyCommand>>
}
