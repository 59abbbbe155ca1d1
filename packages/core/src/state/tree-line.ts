import type { Ancestor } from '../ancestor.ts'
import { StorageError } from '../errors.ts'
import type { Path } from '../protocol.ts'

const quote = 0x22
const comma = 0x2c
const newline = 0x0a
const brace = 0x7d
const letter = { e: 0x65, h: 0x68, i: 0x69, m: 0x6d, s: 0x73, t: 0x74 } as const
const point = 0x2e
const minus = 0x2d

/** One line of a tree file: `"path":{…},` and a newline. Every entry's line ends in a comma, because the seal follows the last one. */
export function formatLine(entry: Ancestor): string {
  return formatKeyedLine(JSON.stringify(entry.path), entry)
}

/** As {@link formatLine}, with the path as JSON. */
export function formatKeyedLine(key: string, entry: Ancestor): string {
  return `${key}:${formatRecord(entry)},\n`
}

/** What a tree file and the journal hold about an entry: JSON with its keys in one order, absent values left out. */
export function formatRecord(entry: Ancestor): string {
  if (!Number.isSafeInteger(entry.size) || entry.size < 0)
    throw new TypeError(`the size of ${entry.path} must be a number of bytes, got ${entry.size}`)
  let text = entry.hash === undefined ? '{' : `{"hash":${JSON.stringify(entry.hash)},`
  text += `"size":${entry.size}`
  if (entry.modified !== undefined && Number.isFinite(entry.modified)) text += `,"mtime":${formatSeconds(entry.modified)}`
  text += entry.kind === 'directory' ? ',"is_dir":true' : ',"is_dir":false'
  if (entry.mode !== undefined && Number.isSafeInteger(entry.mode) && entry.mode >= 0) text += `,"mode":${entry.mode}`
  if (entry.id !== undefined) text += `,"id":${JSON.stringify(entry.id)}`
  if (entry.etag !== undefined) text += `,"etag":${JSON.stringify(entry.etag)}`
  if (entry.kind === 'symlink') text += `,"target":${JSON.stringify(entry.target ?? '')}`
  return text + '}'
}

/**
 * Milliseconds as decimal seconds, with as many digits as it takes to get the same double back.
 *
 * A double of milliseconds holds today's times to a quarter of a microsecond, so seven decimals do; dividing by 1000 would not come back exactly. Times
 * within 8 ms of 1970 have more digits than any clock: 15 of them are kept.
 */
export function formatSeconds(ms: number): string {
  if (ms < 0) return `-${formatSeconds(-ms)}`
  const whole = Math.floor(ms)
  const seconds = Math.floor(whole / 1000)
  const milli = whole - seconds * 1000
  const rest = ms - whole
  if (rest === 0) return milli === 0 ? `${seconds}` : `${seconds}.${pad(milli, 3)}`
  let digits = 1
  let scale = 10
  let decimal = Math.round(rest * 10)
  while (digits < 15 && (decimal === scale || whole + decimal / scale !== ms)) {
    digits++
    scale *= 10
    decimal = Math.round(rest * scale)
  }
  return decimal === scale ? formatSeconds(whole + 1) : `${seconds}.${pad(milli, 3)}${pad(decimal, digits)}`
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

/**
 * Reads what {@link formatLine} and {@link formatRecord} write, and nothing else: any other form is damage.
 *
 * Hand-written, because `JSON.parse` of a line costs twice as much and loses the last digits of a time.
 * The text it is given should be short (a few lines): strings cut from it keep all of it in memory.
 */
export class LineParser {
  #text = ''
  #at = 0
  #escapes = false

  /** Starts at the beginning of `text`, or at the line that begins at `at`. */
  reset(text: string, at = 0): this {
    this.#text = text
    this.#at = at
    this.#escapes = text.includes('\\')
    return this
  }

  get done(): boolean {
    return this.#at >= this.#text.length
  }

  /** Where what comes next begins. */
  get at(): number {
    return this.#at
  }

  /** Reads one line of a tree file. */
  line(): Ancestor {
    const from = this.#at
    const plain = this.#escapes ? undefined : this.#plainLine(from)
    if (plain !== undefined) return plain
    this.#at = from
    return this.#anyLine()
  }

  #anyLine(): Ancestor {
    const path = this.string()
    this.expect(':')
    const entry = this.record(path)
    this.expect(',\n')
    return entry
  }

  /**
   * A line without escapes, by the places where its keys must be; undefined if it is not like that.
   *
   * Looks at one letter of each key, half the work of `#anyLine`: that no letter between was changed, the file's checksum says.
   */
  #plainLine(from: number): Ancestor | undefined {
    const text = this.#text
    const pathEnd = text.indexOf('"', from + 1)
    let at = pathEnd + 3 // after `":{`
    let hash: string | undefined
    if (text.charCodeAt(at + 1) === letter.h) {
      const end = text.indexOf('"', at + 8) // after `"hash":"`
      hash = text.slice(at + 8, end)
      at = end + 2
    }
    if (text.charCodeAt(from) !== quote || pathEnd === -1 || text.charCodeAt(at + 1) !== letter.s) return undefined
    at += 7 // after `"size":`
    const sizeAt = at
    let size = 0
    for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) size = size * 10 + digit
    let modified: number | undefined
    if (text.charCodeAt(at + 2) === letter.m) {
      this.#at = at + 9 // after `,"mtime":`
      modified = this.#milliseconds()
      at = this.#at
    }
    if (at === sizeAt || text.charCodeAt(at + 2) !== letter.i) return undefined
    at += 10 // after `,"is_dir":`
    const directory = text.charCodeAt(at) === letter.t
    at += directory ? 4 : 5
    let mode: number | undefined
    if (text.charCodeAt(at + 2) === letter.m) {
      at += 8 // after `,"mode":`
      mode = 0
      for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) mode = mode * 10 + digit
    }
    let id: string | undefined
    if (text.charCodeAt(at + 2) === letter.i) {
      const end = text.indexOf('"', at + 7) // after `,"id":"`
      id = text.slice(at + 7, end)
      at = end + 1
    }
    let etag: string | undefined
    if (text.charCodeAt(at + 2) === letter.e) {
      const end = text.indexOf('"', at + 9) // after `,"etag":"`
      etag = text.slice(at + 9, end)
      at = end + 1
    }
    if (text.charCodeAt(at) !== brace || text.charCodeAt(at + 1) !== comma || text.charCodeAt(at + 2) !== newline) return undefined
    const path = text.slice(from + 1, pathEnd)
    this.#at = at + 3
    return ancestor(path, directory ? 'directory' : 'file', size, modified, mode, etag, id, hash, undefined)
  }

  /** Reads a JSON string. */
  string(): string {
    const from = this.#at
    const text = this.#text
    if (text.charCodeAt(from) !== quote) this.#fail()
    let end = text.indexOf('"', from + 1)
    if (this.#escapes) {
      while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
      if (end !== -1 && text.lastIndexOf('\\', end) > from) {
        this.#at = end + 1
        return this.#unescape(text.slice(from, end + 1))
      }
    }
    if (end === -1) this.#fail()
    this.#at = end + 1
    return text.slice(from + 1, end)
  }

  #unescape(literal: string): string {
    try {
      return JSON.parse(literal) as string
    } catch {
      return this.#fail()
    }
  }

  /** Whether `word` comes next; steps over it. */
  take(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  expect(word: string): void {
    if (!this.take(word)) this.#fail()
  }

  /** Reads what {@link formatRecord} wrote. */
  record(path: Path): Ancestor {
    this.expect('{')
    let hash: string | undefined
    if (this.take('"hash":')) {
      hash = this.string()
      this.expect(',')
    }
    this.expect('"size":')
    const size = this.#integer()
    const modified = this.take(',"mtime":') ? this.#milliseconds() : undefined
    this.expect(',"is_dir":')
    const directory = this.take('true')
    if (!directory) this.expect('false')
    const mode = this.take(',"mode":') ? this.#integer() : undefined
    const id = this.take(',"id":') ? this.string() : undefined
    const etag = this.take(',"etag":') ? this.string() : undefined
    const target = this.take(',"target":') ? this.string() : undefined
    this.expect('}')
    const kind = directory ? 'directory' : target === undefined ? 'file' : 'symlink'
    return ancestor(path, kind, size, modified, mode, etag, id, hash, target)
  }

  #integer(): number {
    const text = this.#text
    const from = this.#at
    let at = from
    let value = 0
    for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) value = value * 10 + digit
    if (at === from) this.#fail()
    this.#at = at
    return value
  }

  /** Decimal seconds as milliseconds, without a rounding in between. */
  #milliseconds(): number {
    const text = this.#text
    const negative = text.charCodeAt(this.#at) === minus
    if (negative) this.#at++
    let whole = this.#integer() * 1000
    let rest = 0
    if (text.charCodeAt(this.#at) === point) {
      let at = this.#at + 1
      let place = 100
      let scale = 1
      for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) {
        if (place >= 1) {
          whole += digit * place
          place /= 10
        } else {
          rest = rest * 10 + digit
          scale *= 10
        }
      }
      this.#at = at
      if (rest !== 0) whole += rest / scale
    }
    return negative ? -whole : whole
  }

  #fail(): never {
    const near = this.#text.slice(this.#at, this.#at + 40)
    throw new StorageError('CORRUPT', `this is no line of a tree file: ${JSON.stringify(near)}`)
  }
}

/** Whether the quote at `at` is part of the string: an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let count = 0
  while (text.charCodeAt(at - 1 - count) === 0x5c) count++
  return count % 2 === 1
}

/** Three shapes cover almost every entry; a literal is several times faster than adding keys one by one. */
function ancestor(
  path: Path,
  kind: Ancestor['kind'],
  size: number,
  modified: number | undefined,
  mode: number | undefined,
  etag: string | undefined,
  id: string | undefined,
  hash: string | undefined,
  target: string | undefined,
): Ancestor {
  if (modified !== undefined && mode !== undefined && etag !== undefined && id !== undefined && target === undefined) {
    return hash === undefined ? { path, kind, size, modified, mode, etag, id } : { path, kind, size, modified, mode, etag, id, hash }
  }
  if (mode !== undefined && modified === undefined && etag === undefined && id === undefined && hash === undefined && target === undefined) {
    return { path, kind, size, mode }
  }
  return {
    path,
    kind,
    size,
    ...(modified !== undefined && { modified }),
    ...(mode !== undefined && { mode }),
    ...(etag !== undefined && { etag }),
    ...(id !== undefined && { id }),
    ...(hash !== undefined && { hash }),
    ...(target !== undefined && { target }),
  }
}
