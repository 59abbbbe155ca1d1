import { fstatSync, type Stats } from 'node:fs'
import { parentPath, StorageError, type HashName, type Path, type TransferItem } from '@syncline/core'
import type { Draft, DraftOptions } from './draft.ts'
import type { FileNumbers } from './entry.ts'
import { place } from './errno.ts'
import { changed, publish, statWritten } from './publish.ts'
import type { Tree } from './tree.ts'

/** What the files of one batch share. */
export interface CopyContext {
  readonly source: Tree
  readonly target: Tree
  readonly hash: HashName | undefined
  readonly fsync: boolean
  /** Directories of either side already found to be no link. */
  readonly verifiedSource: Set<Path>
  readonly verifiedTarget: Set<Path>
  /** Directories in which names changed. */
  readonly changedDirectories: Set<Path>
  readonly isAborted: () => boolean
}

/** One file on its way. */
export interface CopyJob {
  readonly context: CopyContext
  readonly item: TransferItem
  /** The source, open. */
  readonly fd: number
  /** The source when it was opened. */
  readonly stats: Stats
  /** Absolute, of the target. */
  readonly file: string
  readonly draft: DraftOptions
}

/** A file that was copied. Not yet an entry: it may have to go to another thread first. */
export interface Copied {
  readonly stats: FileNumbers
  readonly hash: string | undefined
}

/** Rejects content that was read while somebody wrote it. */
export function checkUnchanged({ context, item, fd, stats }: CopyJob): void {
  if (!isSameVersion(stats, fstatSync(fd))) throw changed(context.source, item.from)
}

/** Whether two looks at an open file found the same content. */
export function isSameVersion(before: Stats, after: Stats): boolean {
  return before.size === after.size && before.mtimeMs === after.mtimeMs && before.ctimeMs === after.ctimeMs
}

/** Gives a written draft its name. */
export function complete({ context, item, file }: CopyJob, draft: Draft, hash: string | undefined): Copied {
  const written = draft.finish()
  if (written.size !== item.size)
    throw new StorageError('CORRUPT', `${place(item.to, context.target.root)} got ${written.size} bytes instead of ${item.size}`, { path: item.to })
  publish(context.target, draft.file, item.to, file, item)
  context.changedDirectories.add(parentPath(item.to))
  return { stats: statWritten(file, written), hash }
}
