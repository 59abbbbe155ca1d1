import { isUtf8 } from 'node:buffer'
import { isBelow, parentPath, StorageError, temporaryPrefix, type AbortOptions, type Path } from '@syncline/core'
import { lineOn } from '../roots/host.ts'
import type { Commands } from '../roots/btrfs-commands.ts'
import { sendFlow } from '../roots/send-flow.ts'
import type { RawPath } from '../stream/command.ts'
import { inspectStream, type PathChange } from '../stream/inspect.ts'
import { rawOf, textOf } from '../subvolume/raw-text.ts'
import { isOwn } from './place.ts'

/** A file whose content was written between two snapshots. */
export interface WrittenFile {
  /** In the later one. */
  readonly path: RawPath
  /** In the earlier one. */
  readonly before: RawPath
}

/** Where two snapshots of a subvolume may differ, below one directory of it. Paths are relative to that. */
export interface Changes {
  /** Paths whose own entry may be another. */
  readonly entries: ReadonlySet<Path>
  /** Paths of which everything, at and below, may be another; "" for all. None lies below another. */
  readonly trees: ReadonlySet<Path>
}

/** Two snapshots of one subvolume, as absolute paths. */
export interface SnapshotPair {
  readonly earlier: string
  readonly later: string
}

/**
 * What the file system says of the difference between two snapshots of a subvolume: the stream of changes, without data. Costs what changed, whatever
 * the size of the tree.
 *
 * @throws StorageError if the stream cannot be had or understood
 */
export async function sentChanges(commands: Commands, { earlier, later }: SnapshotPair, options: AbortOptions = {}): Promise<readonly PathChange[]> {
  const command = commands.privileged(['btrfs', 'send', '-q', '--no-data', '-p', rawOf(earlier), '--', rawOf(later)])
  const { bytes } = sendFlow(commands.host, `comparing ${later} with ${earlier}`, command, options)
  const [volume, ...others] = await inspectStream(bytes, { times: true })
  if (volume?.parent === undefined || others.length > 0)
    throw new StorageError('CORRUPT', `"${lineOn(commands.host, command)}" did not print the changes of one subvolume`)
  return volume.changes
}

/** The changes as far as a listing of `directory` shows them. Where a name is no text, its directory counts as changed with all that is in it. */
export function changesBelow(directory: Path, changes: readonly PathChange[]): Changes {
  const entries = new Set<Path>()
  const trees = new Set<Path>()
  for (const { path, from, change } of changes) {
    const isTree = from !== undefined || (change !== 'modified' && change !== 'attributes')
    for (const raw of from === undefined ? [path] : [path, from]) {
      const text = nearestText(raw)
      if (isUnlisted(text)) continue
      const place = placeBelow(directory, text)
      if (isTree || text.length !== textOf(raw).length) {
        if (place !== undefined) trees.add(place)
      } else if (place !== undefined && place !== '') entries.add(place)
    }
  }
  const outermost = new Set([...trees].filter(tree => !isBelowAny(tree, trees)))
  return { entries: new Set([...entries].filter(path => !outermost.has(path) && !isBelowAny(path, outermost))), trees: outermost }
}

/** Whether a path lies below one of many. */
export function isBelowAny(path: Path, directories: ReadonlySet<Path>): boolean {
  if (directories.size === 0) return false
  for (let above = path; above !== '';) {
    above = parentPath(above)
    if (directories.has(above)) return true
  }
  return false
}

/** Files below a directory of which the stream says that they were written to. */
export function writtenFiles(directory: Path, changes: readonly PathChange[]): readonly WrittenFile[] {
  const raw = rawOf(directory)
  return changes
    .filter(({ path, change }) => change === 'modified' && !isUnlisted(textOf(path)) && (raw === '' || path.startsWith(`${raw}/`)))
    .map(({ path, from = path }) => ({ path, before: from }))
}

/** The path, or the nearest one above it that is text. */
function nearestText(raw: RawPath): Path {
  for (let path = raw; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/')))) {
    if (isUtf8(Buffer.from(path, 'latin1'))) return textOf(path)
  }
  return ''
}

/** What no listing shows: our own snapshots, and files that are being written. */
function isUnlisted(path: Path): boolean {
  return isOwn(path) || path.split('/').some(name => name.startsWith(temporaryPrefix))
}

/** A path relative to a directory: "" for the directory and what holds it, `undefined` for what lies elsewhere. */
function placeBelow(directory: Path, path: Path): Path | undefined {
  if (directory === '') return path
  if (path === directory || isBelow(directory, path)) return ''
  return isBelow(path, directory) ? path.slice(directory.length + 1) : undefined
}
