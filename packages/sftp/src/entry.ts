import type { DirectoryEntry, Entry, FileEntry, Path } from '@syncline/core'
import { formatOf, permissionsOf, type Attributes } from './wire/attributes.ts'

const latestTime = 2 ** 32 - 1

/** A time as the protocol can carry it: whole seconds of 32 bits without a sign. */
export function toSeconds(modified: number): number {
  return Math.min(latestTime, Math.max(0, Math.floor(modified / 1000)))
}

/** The entry of a regular file. */
export function toFileEntry(path: Path, attributes: Attributes): FileEntry {
  const { size = 0, modified } = attributes
  const mode = permissionsOf(attributes)
  return { kind: 'file', path, size, ...(modified !== undefined && { modified: modified * 1000 }), ...(mode !== undefined && { mode }) }
}

/** The entry of a directory. */
function toDirectoryEntry(path: Path, attributes: Attributes): DirectoryEntry {
  const { modified } = attributes
  const mode = permissionsOf(attributes)
  return { kind: 'directory', path, ...(modified !== undefined && { modified: modified * 1000 }), ...(mode !== undefined && { mode }) }
}

/** The entry of a symbolic link. It has no mode: that of a link means nothing and cannot be set. */
export function toSymlinkEntry(path: Path, target: string, { modified }: Attributes): Entry {
  return { kind: 'symlink', path, target, ...(modified !== undefined && { modified: modified * 1000 }) }
}

/** The entry of a thing that is no link. */
export function toEntry(path: Path, attributes: Attributes): Entry {
  switch (formatOf(attributes)) {
    case 'file':
      // Without a size it cannot be told whether a file is whole.
      if (attributes.size === undefined) return { kind: 'problem', path, reason: 'the server does not tell its size' }
      return toFileEntry(path, attributes)
    case 'directory':
      return toDirectoryEntry(path, attributes)
    case 'other':
      return { kind: 'problem', path, reason: 'it is neither a file nor a directory nor a link (a socket, a pipe, a device), and cannot be synced' }
    default:
      return { kind: 'problem', path, reason: 'the server does not tell what it is' }
  }
}
