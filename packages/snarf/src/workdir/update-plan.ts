import type { Path } from '@syncline/core'
import type { EntryAttributes } from '../metadata/index.ts'
import type { FileAction, FileState } from './classify.ts'
import type { MergedFile } from './merge-file.ts'

/** What an update does at one path: as with a file, or with a directory, which is made, or taken away when it is empty. */
export type UpdateAction = FileAction | 'make' | 'clear'

/** One line of a report. Survives `JSON.stringify`. */
export interface UpdateItem {
  readonly path: Path
  readonly kind: 'file' | 'directory'
  readonly action: UpdateAction
  readonly state: FileState
  /** `C` conflict, `U` updated, `M` changed here, `A` added here, `R` removed here, `D` deleted, `N` new directory, `?` not registered, `*` nothing, `/` visited. */
  readonly letter: string
  /** A clause for people: why. */
  readonly reason: string
  /** The repository has something that the working copy has not seen, or the two do not fit. */
  readonly isBehind: boolean
}

/** An item with what it takes to carry it out. */
export interface UpdateStep {
  readonly item: UpdateItem
  /** The entry that the working copy has afterwards; `{}` is none, absent leaves it. */
  readonly entry?: EntryAttributes
  /** What it remembers of the repository's entry; as `entry`. */
  readonly original?: EntryAttributes
  readonly merged?: MergedFile
}

/** The letter of a file in a report. */
export function letterOf(action: FileAction, state: FileState): string {
  if (state === 'conflict') return 'C'
  if (action === 'copy' || action === 'fix') return 'U'
  const letters: Readonly<Record<FileState, string>> = {
    uptodate: '*',
    modified: 'M',
    added: 'A',
    removed: 'R',
    conflict: 'C',
    spurious: '?',
    nonexistent: action === 'delete' ? 'D' : '*',
  }
  return letters[state]
}

/** Names of files that other tools leave behind: not worth a question mark. */
export function isIgnoredName(name: string): boolean {
  return name.endsWith('~') || name.startsWith('.#') || ['.cvsignore', 'CVS', 'RCS', 'SCCS', '.svn', '.git', '.DS_Store'].includes(name)
}
