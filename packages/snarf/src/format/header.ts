import { StorageError, type Path } from '@syncline/core'
import { memberPathProblem } from './member-path.ts'

/** How sizes are written, and whether directories are records. */
export type SnarfLayout = 'unpadded' | 'padded'

/** What one header line says. */
export interface SnarfHeader {
  readonly kind: 'file' | 'directory'
  /** The root of the archive is "". */
  readonly path: Path
  /** Bytes of the body; 0 for a directory. */
  readonly size: number
}

/** UTF-8 bytes of the longest path that is written: readers refuse longer ones unless told otherwise. */
const mostPathBytes = 4096

const encoder = new TextEncoder()
// A byte order mark is a character of the name like any other.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The header line of a member.
 *
 * Padded sizes have eight digits, or more where eight do not do: every reader takes the digits up to the space.
 *
 * @throws StorageError `INVALID_PATH` for a path that no archive can hold
 */
export function encodeHeader({ kind, path, size }: SnarfHeader, layout: SnarfLayout = 'unpadded'): Uint8Array<ArrayBuffer> {
  const problem = storedPathProblem(path) ?? (path === '' && kind === 'file' ? 'it is the root' : undefined)
  if (problem !== undefined)
    throw new StorageError('INVALID_PATH', `${JSON.stringify(path)} cannot be a ${kind} of a snarf archive: ${problem}`, { path })
  if (!Number.isSafeInteger(size) || size < 0) throw new TypeError(`the size of ${path} must be a non-negative integer, got ${size}`)
  const digits = layout === 'padded' ? String(size).padStart(8, '0') : String(size)
  return encoder.encode(`${digits} ${path}${kind === 'directory' && path !== '' ? '/' : ''}\n`)
}

/** Says why a path cannot be written, or `undefined` if it can. */
export function storedPathProblem(path: Path): string | undefined {
  const isLong = path.length * 3 > mostPathBytes && encoder.encode(path).length > mostPathBytes
  return memberPathProblem(path) ?? (isLong ? `it is longer than ${mostPathBytes} bytes` : undefined)
}

/**
 * Reads a header line without its line feed.
 *
 * @param where - for messages, e.g. "record 3 at byte 120"
 * @throws StorageError `CORRUPT` for what is no header, `INVALID_PATH` for a path that leaves the root or is none
 */
export function parseHeader(line: Uint8Array, where: string): SnarfHeader {
  const text = decode(line, where)
  const space = text.indexOf(' ')
  if (space === -1) throw corrupt(where, `the header ${quote(text)} has no space between size and path`)
  const size = parseSize(text.slice(0, space), where)
  const written = text.slice(space + 1)
  const isDirectory = size === 0 && (written === '' || written.endsWith('/'))
  const path = isDirectory && written !== '' ? written.slice(0, -1) : written
  const problem =
    (isDirectory && written === '/' ? 'it starts with "/"' : memberPathProblem(path)) ?? (written === '' && size > 0 ? 'it is empty' : undefined)
  if (problem !== undefined)
    throw new StorageError('INVALID_PATH', `snarf ${where}: the path ${quote(written)} is forbidden: ${problem}`, { path: written })
  return { kind: isDirectory ? 'directory' : 'file', path, size }
}

function decode(line: Uint8Array, where: string): string {
  try {
    return decoder.decode(line)
  } catch (cause) {
    throw corrupt(where, 'the header is not UTF-8', cause)
  }
}

function parseSize(digits: string, where: string): number {
  if (/^-\d+$/.test(digits)) throw corrupt(where, `the size ${quote(digits)} is negative`)
  if (!/^\d+$/.test(digits)) throw corrupt(where, `the size ${quote(digits)} is no number`)
  const size = Number(digits)
  if (!Number.isSafeInteger(size)) throw corrupt(where, `the size ${quote(digits)} is larger than any file`)
  return size
}

/** @param where - e.g. "record 3 at byte 120" */
export function corrupt(where: string, what: string, cause?: unknown): StorageError {
  return new StorageError('CORRUPT', `snarf ${where}: ${what}`, { cause })
}

/** Text of an archive in a message: escaped, and not all of it. */
function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}
