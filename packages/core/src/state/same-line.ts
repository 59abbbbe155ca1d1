import type { Ancestor } from '../ancestor.ts'
import type { FileEntry } from '../protocol.ts'
import type { ScannedEntry } from '../scan.ts'

const quote = 0x22
const comma = 0x2c
const newline = 0x0a
const brace = 0x7d
const point = 0x2e
const letter = { e: 0x65, f: 0x66, h: 0x68, i: 0x69, m: 0x6d, s: 0x73, t: 0x74 } as const

/**
 * Whether a line of a tree file says of a file or directory what a listing says, without making anything of it: in nearly every run that is all
 * that has to be known of nearly every line.
 *
 * The name, the size, the time, the permissions and the etag have to be the same. A doubt (escapes in the line, no etag, a time that the listing
 * left out) counts as a difference: then the line is read, and compared by the rules.
 *
 * @param text - lines as `formatLine` writes them
 * @param from - where the line begins
 * @returns where the next line begins; -1 if this one says something else, or cannot be told
 */
export function endOfSameLine(text: string, from: number, entry: ScannedEntry | Ancestor): number {
  const { path, kind } = entry
  const pathEnd = from + 1 + path.length
  // Where the string ends first, because a path may hold anything, and the search that follows must not run past its end.
  if (text.indexOf('"', from + 1) !== pathEnd || !text.startsWith(path, from + 1)) return -1
  if (kind === 'file') return endOfSameFile(text, pathEnd, entry as FileEntry)
  return kind === 'directory' ? endOfSameDirectory(text, pathEnd, (entry as Ancestor).mode) : -1
}

function endOfSameFile(text: string, pathEnd: number, entry: FileEntry): number {
  const { size, modified, modifiedPrecision, mode, etag } = entry
  if (etag === undefined || modified === undefined || modifiedPrecision !== undefined || modified < 0) return -1
  let at = pathEnd + 3 // after `":{`
  if (text.charCodeAt(at + 1) === letter.h) at = text.indexOf('"', at + 8) + 2 // after `"hash":"…",`
  if (text.charCodeAt(at + 1) !== letter.s) return -1
  at += 7 // after `"size":`
  let value = 0
  for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) value = value * 10 + digit
  if (value !== size || text.charCodeAt(at + 2) !== letter.m) return -1
  at += 9 // after `,"mtime":`
  let seconds = 0
  for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) seconds = seconds * 10 + digit
  let milliseconds = seconds * 1000
  if (text.charCodeAt(at) === point) {
    at++
    // The first three digits are always there.
    milliseconds += (text.charCodeAt(at) - 48) * 100 + (text.charCodeAt(at + 1) - 48) * 10 + (text.charCodeAt(at + 2) - 48)
    at += 3
    let rest = 0
    let scale = 1
    for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) {
      rest = rest * 10 + digit
      scale *= 10
    }
    if (rest !== 0) milliseconds += rest / scale
  }
  if (milliseconds !== modified) return -1
  if (text.charCodeAt(at + 2) !== letter.i || text.charCodeAt(at + 10) !== letter.f) return -1
  at = endOfSameMode(text, at + 15, mode) // after `,"is_dir":false`
  if (at === -1) return -1
  if (text.charCodeAt(at + 2) === letter.i) at = text.indexOf('"', at + 7) + 1 // after `,"id":"…"`
  if (text.charCodeAt(at + 2) !== letter.e || !text.startsWith(etag, at + 9)) return -1
  at += 9 + etag.length // after `,"etag":"…`
  return text.charCodeAt(at) === quote ? endOfLine(text, at + 1) : -1
}

function endOfSameDirectory(text: string, pathEnd: number, mode: number | undefined): number {
  const at = pathEnd + 3 // after `":{`
  // `"size":0,"is_dir":true`: a directory has no time in a state.
  if (text.charCodeAt(at + 1) !== letter.s || text.charCodeAt(at + 10) !== letter.i || text.charCodeAt(at + 18) !== letter.t) return -1
  const end = endOfSameMode(text, at + 22, mode)
  return end === -1 ? -1 : endOfLine(text, end)
}

/** Behind the permissions if they are these; -1 if not. */
function endOfSameMode(text: string, from: number, mode: number | undefined): number {
  if (text.charCodeAt(from + 2) !== letter.m) return mode === undefined ? from : -1
  let at = from + 8 // after `,"mode":`
  let value = 0
  for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) value = value * 10 + digit
  return value === mode ? at : -1
}

function endOfLine(text: string, at: number): number {
  return text.charCodeAt(at) === brace && text.charCodeAt(at + 1) === comma && text.charCodeAt(at + 2) === newline ? at + 3 : -1
}
