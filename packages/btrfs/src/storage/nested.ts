import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isBelow, StorageError, type AbortOptions, type Path } from '@syncline/core'
import type { Commands } from '../roots/btrfs-commands.ts'
import { CommandRoot } from '../roots/command-root.ts'
import type { FoundRoot } from '../roots/find-root.ts'
import { textOf } from '../subvolume/raw-text.ts'
import type { Nested } from './marks.ts'
import { isOwn } from './place.ts'

/**
 * What lies in a subvolume and is not in a snapshot of it: other subvolumes, but for our own snapshots, and file systems that are mounted there.
 *
 * @param directory - below which it matters, relative to the subvolume
 * @returns with paths relative to the directory
 * @throws StorageError `NOT_SUPPORTED` if it cannot be told where a subvolume is
 */
export async function nestedIn(commands: Commands, found: FoundRoot, directory: Path, options: AbortOptions): Promise<readonly Nested[]> {
  const root = join(textOf(found.rootPath), directory)
  const nested: Nested[] = mountsBelow(root).map(path => ({ path, kind: 'mount' }))
  for (const { path, problem } of await new CommandRoot({ ...found, commands, scope: 'isolated' }).list(options)) {
    if (path === undefined) {
      if (problem === undefined) continue
      throw new StorageError('NOT_SUPPORTED', `it cannot be told where a subvolume in ${textOf(found.rootPath)} is, because ${problem}; rename it`)
    }
    const text = textOf(path)
    if (isOwn(text) || !isBelow(text, directory)) continue
    const relative = directory === '' ? text : text.slice(directory.length + 1)
    if (!nested.some(other => other.path === relative)) nested.push({ path: relative, kind: 'subvolume' })
  }
  return nested
}

/** Relative to the directory. */
function mountsBelow(root: string): readonly Path[] {
  const prefix = root.endsWith('/') ? root : `${root}/`
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8))))
    .filter(point => point.startsWith(prefix) && point.length > prefix.length)
  return [...new Set(points.map(point => point.slice(prefix.length)))]
}
