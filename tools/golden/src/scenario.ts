import type { SyncAction, SyncConfig } from '@syncline/core'

/**
 * What a pair of stores can or cannot do, as far as a scenario depends on it. Found out from the opened stores, never from their names.
 *
 * `directories`: both hold empty ones; `source-directories`, `destination-directories`: that side does. `symlinks`, `modes`: both keep them; `source-symlinks`: the source does. `hash`: both compute one in common. `exactNames`: both keep case
 * and Unicode form. `source-renames`, `destination-renames`: a file that is renamed on that side is recognised there, by an id or by content;
 * `source-moves`, `destination-moves`: so are the files in a directory that is.
 * `source-tells`, `destination-tells`: a listing of that side tells times and permissions, not only sizes and versions.
 * `source-touches`: so is a file there that only got another time; `destination-permits`: or other permissions.
 */
export type Fact =
  | 'directories'
  | 'source-directories'
  | 'destination-directories'
  | 'symlinks'
  | 'source-symlinks'
  | 'modes'
  | 'hash'
  | 'exactNames'
  | 'source-tells'
  | 'destination-tells'
  | 'source-touches'
  | 'destination-permits'
  | 'source-renames'
  | 'destination-renames'
  | 'source-moves'
  | 'destination-moves'

/** A fact, or that it is not one. */
export type Condition = Fact | `!${Fact}`

/**
 * What is at each path. A file is its text, `text@day` with the day it was modified (`now`: while the scenario ran; default 1), `text@day:755` with its permissions. `-> x` is a
 * link. A path that ends in "/" is an empty directory; all others are implied.
 */
export type Tree = Readonly<Record<string, string>>

/** What a user of a side does between runs. */
export type Edit =
  | { readonly write: string; readonly content: string }
  /** With everything below it. */
  | { readonly remove: string }
  | { readonly move: string; readonly to: string }
  | { readonly touch: string; readonly day: number }
  | { readonly permit: string; readonly mode: string }
  | { readonly directory: string }
  | { readonly link: string; readonly to: string }

/** An item of a plan, as the command prints it: the reason without the evidence in parentheses, which depends on what a store knows. */
export interface ExpectedItem {
  readonly action: SyncAction
  readonly path: string
  readonly from?: string
  readonly reason: string
  /** It cannot be done, so the next run plans it again. */
  readonly fails?: true
  /** The item is expected where all of this holds. */
  readonly when?: readonly Condition[]
}

/** Options that are plain data, so that they can be written on a command line too. */
export type Options = Pick<
  SyncConfig,
  | 'mode'
  | 'comparisonMode'
  | 'conflictResolution'
  | 'initialSync'
  | 'acceptDestinationChanges'
  | 'ignore'
  | 'include'
  | 'exclude'
  | 'maxSize'
  | 'forceUpload'
  | 'maxDelete'
  | 'allowEmpty'
  | 'trash'
> & { readonly only?: readonly string[]; readonly filesToSkip?: readonly string[] }

/** What both sides have. Directories are compared where both sides have them, or where it is said of a pair whose one side has them. */
export type Both = { readonly both: Tree } | { readonly source: Tree; readonly destination: Tree; readonly emptyDirectories?: true }

/** Edits, then a run. */
export interface Step {
  /** On each side. */
  readonly edits?: { readonly source?: readonly Edit[]; readonly destination?: readonly Edit[] }
  /** The state is lost before this run. */
  readonly forget?: true
  readonly options?: Options
  readonly plan: readonly ExpectedItem[]
  readonly after: Both
  /** Default 0. */
  readonly exitCode?: number
  /**
   * What a run without edits does, and with the same exit code: what is `open`, conflicts and what fails, stays so; or `all` of the plan again,
   * because it was refused or is forced. Default: nothing, and it ends with 0.
   */
  readonly repeats?: 'open' | 'all'
}

/** One story, with everything that is to be seen at each of its stages written by hand. */
export interface Scenario {
  /** A sentence. */
  readonly name: string
  /** Told only where all of this holds. */
  readonly needs?: readonly Condition[]
  /** Told by the command, too. */
  readonly byCommand?: true
  readonly options?: Options
  readonly source: Tree
  readonly destination: Tree
  readonly steps: readonly Step[]
  /** What the trash of each side holds at the end. */
  readonly trash?: { readonly source?: readonly Kept[]; readonly destination?: readonly Kept[] }
}

/** `path: text` of a file in the trash, with what must hold for it to be there. */
export type Kept = string | { readonly kept: string; readonly when: readonly Condition[] }
