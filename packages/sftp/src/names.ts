import { isUtf8 } from 'node:buffer'
import { StorageError, temporaryPrefix, type Path } from '@syncline/core'
import { place } from './errors.ts'

/** Bytes of the longest name on nearly every file system. */
const longestName = 255

/** Whether a name, without its directory, is reserved: listings never show such a file, and nothing else may be written under such a name. */
export function isTemporary(name: string): boolean {
  return name.charCodeAt(0) === 0x2e && name.startsWith(temporaryPrefix)
}

/** Why a server cannot hold a path, `undefined` if it can. */
export function refusalOf(path: Path, longest: number = longestName): string | undefined {
  // With the flag, this matches halves of pairs only.
  if (/\p{Surrogate}/u.test(path)) return 'it is not valid Unicode and would come back as another name'
  for (const name of path.split('/')) {
    if (name.length * 3 > longest && Buffer.byteLength(name) > longest) return `a name in it has more than ${longest} bytes`
  }
  return undefined
}

/** @throws StorageError `INVALID_PATH` for a path that no file may be written to */
export function checkName(path: Path, name: string, longest?: number): void {
  const reason = isTemporary(path.slice(path.lastIndexOf('/') + 1))
    ? 'such names are reserved for files that are being written'
    : refusalOf(path, longest)
  if (reason !== undefined) throw new StorageError('INVALID_PATH', `${place(path, name)} cannot be written: ${reason}`, { path })
}

/** The text of bytes that a server sent; `undefined` if they are not UTF-8 and so could not be sent back as they are. */
export function decodeName(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined
}

/** Bytes in readable form: what is not UTF-8 as `\xNN`. */
export function escapeName(name: Buffer): string {
  let text = ''
  for (let at = 0; at < name.length;) {
    const length = sequenceLength(name, at)
    text += length === 0 ? `\\x${(name[at] as number).toString(16).padStart(2, '0')}` : name.toString('utf8', at, at + length)
    at += Math.max(1, length)
  }
  return text
}

/** Bytes of the valid UTF-8 sequence that starts at `at`; 0 if none does. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}
