import { StorageError, type AbortOptions } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import { rawOf, textOf } from '../subvolume/raw-text.ts'
import type { SubvolumeDetails } from '../subvolume/subvolume.ts'
import { showSubvolume, type Commands } from './btrfs-commands.ts'
import { outputOf } from './host.ts'
import { placeName } from './place-name.ts'

/** A subvolume that a path lies in. */
export interface FoundRoot {
  /** Absolute and without symbolic links. */
  readonly rootPath: RawPath
  readonly details: SubvolumeDetails
  /** The path, relative to the subvolume. */
  readonly path: RawPath
  readonly bootId: string
}

/**
 * Prints the run of the system, the path without symbolic links, and for it and each directory above it the inode number, or "-": what cannot be seen, or
 * is not there. The root of a subvolume always has 256.
 */
const script = `cat /proc/sys/kernel/random/boot_id
p=$(realpath -m -- "$1") || exit
printf '%s\\0' "$p"
while :; do
  stat -c %i -- "$p" 2>/dev/null || echo -
  [ "$p" = / ] && exit
  p=\${p%/*}
  [ -n "$p" ] || p=/
done`

/**
 * Finds the subvolume that a path lies in, by asking for it and each directory above it.
 *
 * @param path - as the machine names it; relative to where its sessions begin
 * @throws StorageError `NOT_SUPPORTED` if there is none, `INVALID_PATH` for a line break in it
 */
export async function findRoot(commands: Commands, path: string, options: AbortOptions = {}): Promise<FoundRoot> {
  const { host } = commands
  const what = `${host.label}${path}`
  if (path === '') throw new StorageError('INVALID_PATH', 'a path cannot be empty; use "." for where you are')
  const output = await outputOf(host, `looking for ${what}`, ['sh', '-c', rawOf(script), 'sh', rawOf(path)], options)
  const bootEnd = output.indexOf('\n')
  const pathEnd = output.indexOf('\0')
  const absolute = output.slice(bootEnd + 1, pathEnd)
  if (absolute.includes('\n'))
    throw new StorageError('INVALID_PATH', `${JSON.stringify(what)} has a line break, which btrfs' own programs cannot tell apart`)
  const inodes = output
    .slice(pathEnd + 1)
    .trimEnd()
    .split('\n')
  let at = absolute
  for (const inode of inodes) {
    if (inode === '256' || inode === '-') {
      const details = await showSubvolume(commands, at, '', options)
      if (details !== undefined && details !== 'other')
        return { rootPath: at, details, path: absolute.slice(at === '/' ? 1 : at.length + 1), bootId: output.slice(0, bootEnd) }
    }
    at = at.slice(0, at.lastIndexOf('/')) || '/'
  }
  throw new StorageError(
    'NOT_SUPPORTED',
    `${placeName(`${host.label}${textOf(absolute)}`, path)} lies in no btrfs file system; give a path in one that is mounted`,
  )
}
