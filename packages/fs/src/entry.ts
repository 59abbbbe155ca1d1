import { readlinkSync, type Stats } from 'node:fs'
import { isUtf8 } from 'node:buffer'
import type { Entry, FileEntry, Path, ProblemEntry } from '@syncline/core'

const formatMask = 0o170000
/** The format bits of `st_mode`. */
export const regularFile = 0o100000
export const directory = 0o040000
export const symbolicLink = 0o120000
const permissionMask = 0o7777

const otherKinds: Readonly<Record<number, string>> = {
  0o140000: 'a socket',
  0o010000: 'a named pipe',
  0o020000: 'a character device',
  0o060000: 'a block device',
}

/** The kind of a thing by its `st_mode`. */
export function formatOf(mode: number): number {
  return mode & formatMask
}

/**
 * The version of a file: inode and change time.
 *
 * Every change of content or metadata moves the change time, which no program can set; a replacement changes the inode. Both survive restarts.
 * Seconds and the rest apart, because two small integers become text five times faster than one fraction.
 */
export function etagOf(stats: { readonly ino: number; readonly ctimeMs: number }): string {
  const seconds = Math.floor(stats.ctimeMs / 1000)
  // Doubles of this magnitude step by 1/4096 ms, so this is a whole number.
  return `${stats.ino}-${seconds}.${(stats.ctimeMs - seconds * 1000) * 4096}`
}

/** What the entry of a file is made of: the numbers of a `Stats`, also when they come from another thread. */
export interface FileNumbers {
  readonly ino: number
  readonly size: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly mode: number
}

/** The entry of a regular file. */
export function toFileEntry(path: Path, stats: FileNumbers, hashes?: FileEntry['hashes']): FileEntry {
  const { size, mtimeMs: modified } = stats
  const mode = stats.mode & permissionMask
  const etag = etagOf(stats)
  const id = `${stats.ino}`
  if (hashes === undefined) return { kind: 'file', path, size, modified, mode, etag, id }
  return { kind: 'file', path, size, modified, mode, etag, id, hashes }
}

/** The entry of a directory. */
export function toDirectoryEntry(path: Path, stats: { readonly mtimeMs: number; readonly mode: number }): Entry {
  return { kind: 'directory', path, modified: stats.mtimeMs, mode: stats.mode & permissionMask }
}

/** The entry of a symbolic link. It has no mode: that of a link means nothing and cannot be set. */
export function toSymlinkEntry(path: Path, target: string, mtimeMs: number): Entry {
  return { kind: 'symlink', path, target, modified: mtimeMs }
}

/** The entry of what cannot be synced. */
export function toProblemEntry(path: Path, reason: string, error?: unknown): ProblemEntry {
  return error === undefined ? { kind: 'problem', path, reason } : { kind: 'problem', path, reason, error }
}

/** Why something that is no file, directory or link is a problem. */
export function unsyncableReason(mode: number): string {
  return `${otherKinds[formatOf(mode)] ?? 'something of an unknown kind'} cannot be synced`
}

/** What a link holds; `undefined` if that is not UTF-8 and so cannot be kept. */
export function readTarget(file: string): string | undefined {
  const target = readlinkSync(file)
  if (!target.includes('\uFFFD')) return target
  return isUtf8(readlinkSync(file, 'buffer')) ? target : undefined
}

/** The entry of what an `lstat` found at `file`. */
export function toEntry(path: Path, file: string, stats: Stats): Entry {
  switch (formatOf(stats.mode)) {
    case regularFile:
      return toFileEntry(path, stats)
    case directory:
      return toDirectoryEntry(path, stats)
    case symbolicLink: {
      const target = readTarget(file)
      return target === undefined ? toProblemEntry(path, undecodableTarget) : toSymlinkEntry(path, target, stats.mtimeMs)
    }
    default:
      return toProblemEntry(path, unsyncableReason(stats.mode))
  }
}

/** Reason of a link whose target is not text. */
export const undecodableTarget = 'the target of the symbolic link is not valid UTF-8 and cannot be kept'

/** A name of arbitrary bytes in readable form: what is not UTF-8 as `\xNN`. */
export function escapeName(name: Buffer): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  for (let at = 0; at < name.length;) {
    const length = sequenceLength(name, at, decoder)
    text += length === 0 ? `\\x${(name[at] as number).toString(16).padStart(2, '0')}` : name.toString('utf8', at, at + length)
    at += length === 0 ? 1 : length
  }
  return text
}

/** Bytes of the valid UTF-8 sequence that starts at `at`; 0 if none does. */
function sequenceLength(bytes: Buffer, at: number, decoder: InstanceType<typeof TextDecoder>): number {
  const first = bytes[at] as number
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > bytes.length) return 0
  try {
    decoder.decode(bytes.subarray(at, at + length))
    return length
  } catch {
    return 0
  }
}
