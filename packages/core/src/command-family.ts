import type { ReadableStorage } from './protocol.ts'

/** One option of a family's command, as data: parsing, help, completion and reference are made from it. */
export interface FamilyOption {
  /** One letter, used with one dash. It may be one that means something else for the general commands, but not `h`. */
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
  /** What completion offers for the value. */
  readonly completes?: 'file' | 'directory'
}

/** The options of one call, as written. */
export interface FamilyOptionValues {
  has(name: string): boolean
  /** Its last value. */
  text(name: string): string | undefined
  /** Its values in the order given. */
  list(name: string): readonly string[]
  /** Which of these options was given last: for options of which the last one counts. */
  last(...names: readonly string[]): string | undefined
}

/** What a line is, for its colour. Colour never carries a meaning alone. */
export type FamilyTone = 'strong' | 'faint' | 'good' | 'bad' | 'warning'

/** Signs that are shown as the terminal and `--ascii` allow. */
export interface FamilySymbols {
  readonly done: string
  readonly failed: string
  readonly becomes: string
  readonly between: string
  /** Stands for what was left out. */
  readonly mark: string
}

/** Numbers for people, as every command shows them. */
export interface FamilyFormat {
  /** `812 MiB` */
  bytes(count: number): string
  /** `12,345` */
  count(count: number): string
  /** `1 file`, `3 files` */
  plural(count: number, singular: string, plural?: string): string
  /** `4 m 02 s`. @param ms - milliseconds */
  duration(ms: number): string
  /** `2026-11-21 10:30:00Z`. @param ms - milliseconds since the Unix epoch */
  moment(ms: number): string
  /** A table: columns padded to what is widest in them, by the columns that a terminal shows. Cells are escaped. */
  table(rows: readonly (readonly string[])[]): string[]
}

/** What a family's command is given. Text is shown with its control characters escaped, so a line is one line. */
export interface FamilyCall {
  readonly operands: readonly string[]
  readonly options: FamilyOptionValues
  /** Whether `--json` was given: then `json` takes results, and `print` is for nobody. */
  readonly wantsJson: boolean
  /** Whether `--quiet` was given. */
  readonly isQuiet: boolean
  /** Aborted by Ctrl-C. A command then tidies up and rejects, with any error; a second Ctrl-C ends the process. */
  readonly signal: AbortSignal
  readonly symbols: FamilySymbols
  readonly format: FamilyFormat
  /** Width of the terminal that `progress` writes to; undefined where there is none. */
  readonly columns: number | undefined
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** A line of the result, on standard output; nothing with `--json` or `--quiet`. */
  print(line: string, tone?: FamilyTone): void
  /** An object of the result, as one line on standard output; nothing without `--json`. */
  json(object: object): void
  /** A remark, on standard error; nothing with `--quiet`. */
  note(line: string): void
  /** What went wrong, on standard error, also with `--quiet`. Lines that go on begin with two spaces. */
  warn(line: string): void
  /** Content, as it is, on standard output. Resolves when there is room for more. */
  write(content: Uint8Array): Promise<void>
  /** Replaces the line that shows what goes on, on a terminal only; without an argument removes it. */
  progress(line?: string): void
  /** Asks a person; absent where nobody can be asked. */
  readonly confirm?: (question: string, byDefault: boolean) => Promise<boolean>
  /**
   * Asks a person for one of several words, which begin with different letters; absent where nobody can be asked.
   *
   * @returns a word of `answers`; the default for an empty answer, Ctrl-C and Ctrl-D
   */
  readonly choose?: (question: string, answers: readonly string[], byDefault: string) => Promise<string>
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
  /** What completion offers for operands. */
  readonly completes?: 'place' | 'file'
  /** @returns the exit code; a `StorageError` it rejects with is explained */
  run(call: FamilyCall): Promise<number>
}

/**
 * Commands that a package brings to the command line: `syncline snapshot send …`. The package exports them as `families` from its entry `./commands`;
 * a package `syncline-plugin-NAME` brings the family NAME.
 */
export interface CommandFamily {
  /** The first word. */
  readonly name: string
  /** One line without a full stop. */
  readonly summary: string
  /** By the second word. */
  readonly commands: Readonly<Record<string, FamilyCommand>>
}
