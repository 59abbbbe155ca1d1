import { StorageError } from './errors.ts'
import type { Entry, Path } from './protocol.ts'

const slash = 0x2f

/**
 * Compares two strings by their UTF-8 bytes, without encoding them.
 *
 * JavaScript's `<` compares UTF-16 units, which differs:
 * `'\uE000' < '\u{10000}'` is `false` although its UTF-8 bytes are smaller. Ranking surrogates above every other unit repairs it.
 *
 * @returns negative, zero or positive
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0
  const length = a.length < b.length ? a.length : b.length
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return utf8Rank(x) - utf8Rank(y)
  }
  return a.length - b.length
}

/** UTF-16 units in the order of the UTF-8 bytes they become: surrogates (4 bytes) come after U+E000 to U+FFFF (3 bytes). */
function utf8Rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/**
 * Compares in key order: UTF-8 bytes of the path, a directory as if it ended in "/". The order of git trees and of S3 listings.
 *
 * @returns negative, zero or positive
 */
export function compareKeys(a: Path, aIsDirectory: boolean, b: Path, bIsDirectory: boolean): number {
  if (a === b) return aIsDirectory === bIsDirectory ? 0 : aIsDirectory ? 1 : -1
  const length = a.length < b.length ? a.length : b.length
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return utf8Rank(x) - utf8Rank(y)
  }
  // One is a prefix of the other. The shorter one ends here, or has a "/" where the longer one has its next unit.
  if (a.length < b.length) return aIsDirectory ? endOfDirectory(b.charCodeAt(length)) : -1
  return bIsDirectory ? -endOfDirectory(a.charCodeAt(length)) : 1
}

/** A directory's final "/" against the unit that the longer path has there; if that is a "/" too, the directory is its parent and comes first. */
function endOfDirectory(unit: number): number {
  return unit === slash ? -1 : slash - unit
}

/** Whether an entry has a directory's key: a directory, or what stands for one in a pipeline. */
export function hasDirectoryKey(entry: { readonly kind: string; readonly directory?: boolean }): boolean {
  return entry.kind === 'directory' || entry.directory === true
}

/** Key order of two entries. @see {@link compareKeys} */
export function compareEntries(a: Entry, b: Entry): number {
  return compareKeys(a.path, hasDirectoryKey(a), b.path, hasDirectoryKey(b))
}

/**
 * Says why a string is no {@link Path}, or `undefined` if it is one. The root "" is one.
 *
 * A storage's listing may hold anything; what is not a path is reported as a problem and never reaches another storage.
 */
export function pathProblem(path: string): string | undefined {
  if (path === '') return undefined
  if (path.charCodeAt(0) === slash) return 'it starts with "/"'
  if (path.charCodeAt(path.length - 1) === slash) return 'it ends in "/"'
  if (path.includes('\0')) return 'it has a NUL character'
  if (path.includes('//')) return 'it has "//"'
  // Most paths have no "." segment: one search decides.
  if (path.charCodeAt(0) === 0x2e || path.includes('/.')) {
    for (const segment of path.split('/')) if (segment === '.' || segment === '..') return `it has a "${segment}" segment`
  }
  return undefined
}

/**
 * Returns `path` if it is a valid {@link Path}.
 *
 * @throws StorageError `INVALID_PATH`, naming the reason
 */
export function checkPath(path: string): Path {
  const problem = pathProblem(path)
  if (problem !== undefined) throw new StorageError('INVALID_PATH', `${JSON.stringify(path)} is not a valid path: ${problem}`, { path })
  return path
}

/** The directory that holds `path`; the root for a top-level name and for the root itself. */
export function parentPath(path: Path): Path {
  const at = path.lastIndexOf('/')
  return at === -1 ? '' : path.slice(0, at)
}

/** The last segment. */
export function baseName(path: Path): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** `directory` and `name` with one "/" between, the root adding none. */
export function joinPath(directory: Path, name: string): Path {
  return directory === '' ? name : name === '' ? directory : `${directory}/${name}`
}

/** Whether `path` lies below `directory`; everything but the root lies below the root. */
export function isBelow(path: Path, directory: Path): boolean {
  return directory === '' ? path !== '' : path.length > directory.length && path.charCodeAt(directory.length) === slash && path.startsWith(directory)
}
