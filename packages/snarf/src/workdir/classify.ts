/** What an update does to one file of a working copy. */
export type FileAction =
  /** Nothing on disk changes. */
  | 'nothing'
  /** The file is what the repository has already: only the original copy and the entry follow. */
  | 'fix'
  /** The repository's file takes the place of the local one. */
  | 'copy'
  /** Local and repository's changes are brought together. */
  | 'merge'
  /** The local file, its original copy and its entry go. */
  | 'delete'

/** What a file of a working copy is after an update. */
export type FileState = 'uptodate' | 'modified' | 'added' | 'removed' | 'conflict' | 'spurious' | 'nonexistent'

/** What an entry says that matters here; `undefined` if there is no entry. */
export interface EntryFacts {
  readonly flag: 'added' | 'removed' | undefined
  /** A merge has left both texts in the file, and nobody has resolved it. */
  readonly conflict: boolean
  readonly binary: boolean
}

/** Everything that {@link classify} decides by. Two files are equal only if both exist and have the same bytes. */
export interface FileFacts {
  readonly localEntry: EntryFacts | undefined
  readonly remoteEntry: EntryFacts | undefined
  readonly hasLocal: boolean
  readonly hasOriginal: boolean
  readonly hasRemote: boolean
  readonly localIsOriginal: boolean
  readonly localIsRemote: boolean
  readonly originalIsRemote: boolean
}

/** A row of {@link fileRules}. */
export interface FileRule {
  /** For messages, and for the test of the row. */
  readonly name: string
  readonly when: (facts: FileFacts) => boolean
  readonly action: FileAction
  readonly state: FileState
  /** The original lost data here, and this row stands before the one that did. */
  readonly repairs?: string
}

const isAdded = ({ localEntry }: FileFacts): boolean => localEntry?.flag === 'added'
const isRemoved = ({ localEntry }: FileFacts): boolean => localEntry?.flag === 'removed'
const isBinary = ({ localEntry, remoteEntry }: FileFacts): boolean => localEntry?.binary === true || remoteEntry?.binary === true
const isPlain = ({ localEntry }: FileFacts): boolean => localEntry !== undefined && localEntry.flag === undefined

/**
 * The state table, first match wins. Rows with `repairs` are ours; without them the table is that of the original.
 *
 * Nothing that exists only in the working copy is overwritten or deleted by any row.
 */
export const fileRules: readonly FileRule[] = [
  { name: 'a conflict waits to be resolved', when: f => f.localEntry?.conflict === true, action: 'nothing', state: 'conflict' },
  {
    name: 'nobody knows the file',
    when: f => f.localEntry === undefined && f.remoteEntry === undefined && f.hasLocal,
    action: 'nothing',
    state: 'spurious',
  },
  {
    name: 'there is nothing',
    when: f => f.localEntry === undefined && f.remoteEntry === undefined,
    action: 'nothing',
    state: 'nonexistent',
  },
  { name: 'added here', when: f => isAdded(f) && f.remoteEntry === undefined, action: 'nothing', state: 'added' },
  {
    name: 'the repository names a file that it does not have',
    when: f => f.remoteEntry !== undefined && !f.hasRemote,
    action: 'nothing',
    state: 'conflict',
    repairs: 'a local file was taken away, because the repository had an entry and no file',
  },
  { name: 'added on both sides, equal', when: f => isAdded(f) && f.localIsRemote, action: 'fix', state: 'uptodate' },
  {
    name: 'added on both sides, and gone here',
    when: f => isAdded(f) && !f.hasLocal,
    action: 'copy',
    state: 'uptodate',
    repairs: 'nothing was merged with the file of the repository, which a commit then emptied',
  },
  { name: 'added on both sides, binary', when: f => isAdded(f) && isBinary(f), action: 'nothing', state: 'conflict' },
  { name: 'added on both sides', when: isAdded, action: 'merge', state: 'modified' },
  {
    name: 'new in the repository, and here already',
    when: f => f.localEntry === undefined && f.localIsRemote,
    action: 'fix',
    state: 'uptodate',
  },
  {
    name: 'new in the repository, another file is in the way',
    when: f => f.localEntry === undefined && f.hasLocal,
    action: 'nothing',
    state: 'conflict',
    repairs: 'a file that nobody had added was overwritten by one of its name',
  },
  { name: 'new in the repository', when: f => f.localEntry === undefined, action: 'copy', state: 'uptodate' },
  {
    name: 'removed on both sides, and back with other content',
    when: f => isRemoved(f) && f.remoteEntry === undefined && f.hasLocal && !f.localIsOriginal,
    action: 'nothing',
    state: 'conflict',
    repairs: 'a file that was written again after its removal was deleted',
  },
  { name: 'removed on both sides', when: f => isRemoved(f) && f.remoteEntry === undefined, action: 'delete', state: 'nonexistent' },
  { name: 'removed here', when: f => isRemoved(f) && f.originalIsRemote, action: 'nothing', state: 'removed' },
  { name: 'removed here, changed in the repository', when: isRemoved, action: 'nothing', state: 'conflict' },
  {
    name: 'removed from the repository, changed here',
    when: f => f.remoteEntry === undefined && f.hasLocal && !f.localIsOriginal,
    action: 'nothing',
    state: 'conflict',
    repairs: 'a local change was deleted with the file',
  },
  { name: 'removed from the repository', when: f => f.remoteEntry === undefined, action: 'delete', state: 'nonexistent' },
  { name: 'lost here', when: f => !f.hasLocal, action: 'copy', state: 'uptodate' },
  { name: 'unchanged', when: f => f.originalIsRemote && f.localIsOriginal, action: 'nothing', state: 'uptodate' },
  { name: 'changed here', when: f => f.originalIsRemote, action: 'nothing', state: 'modified' },
  { name: 'changed in the repository', when: f => f.localIsOriginal, action: 'copy', state: 'uptodate' },
  { name: 'the same change on both sides', when: f => f.localIsRemote, action: 'fix', state: 'uptodate' },
  { name: 'changed on both sides, binary', when: isBinary, action: 'nothing', state: 'conflict' },
  { name: 'changed on both sides', when: isPlain, action: 'merge', state: 'modified' },
]

const originalRules = fileRules
  .filter(rule => rule.repairs === undefined)
  // There, an unregistered file is overwritten even if it is what the repository has: the effect is the same but for the action.
  .filter(rule => rule.name !== 'new in the repository, and here already')

/**
 * Decides what an update does to a file. Pure: the same facts always give the same row.
 *
 * @param compat - `zope-3.6.1`: by the rows of the original alone, which lose data
 */
export function classify(facts: FileFacts, compat: 'fixed' | 'zope-3.6.1' = 'fixed'): FileRule {
  for (const rule of compat === 'fixed' ? fileRules : originalRules) if (rule.when(facts)) return rule
  throw new TypeError('the last row takes every file')
}
