import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import type { Entry, FileEntry } from '@syncline/core'

/** An entry of a listing that is kept. */
export interface Row {
  readonly entry: Entry
  /** A directory that was not read: nobody wanted to know what is in it. */
  readonly unread?: true
}

/** A file `["f",path,size,modified,mode,etag]`, a directory `["d",path,modified,mode,unread]`, a link, a problem: half the size of objects, and faster to read. */
type Packed =
  | readonly ['f', string, number, number, number, string]
  | readonly ['d', string, number, number, 0 | 1]
  | readonly ['l', string, string, number]
  | readonly ['p', string, string]

const formatLine = 'syncline listing 1\n'

const newline = 0x0a

const blockBytes = 1 << 18

/** Length of the last line: a SHA-256 of all before it, and a line break. */
const sealLength = 65

/** Writes a listing: a line for each page, and a seal at the end, without which it counts for nothing. */
export class ListingWriter {
  readonly file: string
  readonly #hash = createHash('sha256')
  #descriptor: number | undefined

  constructor(file: string) {
    this.file = file
    this.#descriptor = openSync(file, 'wx', 0o600)
    this.#append(formatLine)
  }

  add(rows: readonly Row[]): void {
    this.#append(`${JSON.stringify(rows.map(pack))}\n`)
  }

  /** Seals the listing and makes it durable. */
  finish(): void {
    this.#append(`${this.#hash.copy().digest('hex')}\n`)
    fsyncSync(this.#descriptor as number)
    closeSync(this.#descriptor as number)
    this.#descriptor = undefined
  }

  /** Removes what was written. */
  discard(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
    rmSync(this.file, { force: true })
  }

  #append(text: string): void {
    this.#hash.update(text)
    writeSync(this.#descriptor as number, text)
  }
}

/** Whether a listing can be kept: what could not be read this time may be readable the next time, and no change would tell. */
export function canBeKept(entry: Entry): boolean {
  return entry.kind !== 'problem' || entry.error === undefined
}

/** A listing that was written to its end and has not changed since. Open until it is closed, so that nobody can take it away meanwhile. */
export class SealedListing {
  readonly #descriptor: number

  private constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** @returns `undefined` if there is none, or it is damaged */
  static open(file: string): SealedListing | undefined {
    let descriptor: number
    try {
      descriptor = openSync(file, 'r')
    } catch {
      return undefined
    }
    const listing = new SealedListing(descriptor)
    if (listing.#isSealed()) return listing
    listing.close()
    return undefined
  }

  /** Its pages, in key order. */
  async *pages(): AsyncGenerator<readonly Row[], void, undefined> {
    let rest: Buffer[] = []
    for (const block of this.#blocks()) {
      let from = 0
      for (let to = block.indexOf(newline, from); to !== -1; to = block.indexOf(newline, from)) {
        const line = Buffer.concat([...rest, block.subarray(from, to)]).toString()
        rest = []
        from = to + 1
        if (line.startsWith('[')) yield (JSON.parse(line) as readonly Packed[]).map(unpack)
      }
      if (from < block.length) rest.push(Buffer.from(block.subarray(from)))
      // Between blocks others have their turn.
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #isSealed(): boolean {
    try {
      const hash = createHash('sha256')
      let held = Buffer.alloc(0)
      let isFirst = true
      for (const block of this.#blocks()) {
        if (isFirst && !block.toString('latin1', 0, formatLine.length).startsWith(formatLine)) return false
        isFirst = false
        const all = Buffer.concat([held, block])
        const end = Math.max(0, all.length - sealLength)
        hash.update(all.subarray(0, end))
        held = Buffer.from(all.subarray(end))
      }
      return held.toString('latin1') === `${hash.digest('hex')}\n`
    } catch {
      return false
    }
  }

  /** The same buffer each time. */
  *#blocks(): Generator<Buffer, void, undefined> {
    const buffer = Buffer.alloc(blockBytes)
    let position = 0
    for (let length = 0; (length = readSync(this.#descriptor, buffer, 0, blockBytes, position)) > 0; position += length)
      yield buffer.subarray(0, length)
  }
}

function pack({ entry, unread }: Row): Packed {
  switch (entry.kind) {
    case 'file':
      return ['f', entry.path, entry.size, entry.modified as number, entry.mode as number, entry.etag as string]
    case 'directory':
      return ['d', entry.path, entry.modified as number, entry.mode as number, unread === true ? 1 : 0]
    case 'symlink':
      return ['l', entry.path, entry.target, entry.modified as number]
    case 'problem':
      return ['p', entry.path, entry.reason]
  }
}

function unpack(packed: Packed): Row {
  switch (packed[0]) {
    case 'f': {
      const [, path, size, modified, mode, etag] = packed
      // The etag begins with the number of the inode, which is the id.
      const entry: FileEntry = { kind: 'file', path, size, modified, mode, etag, id: etag.slice(0, etag.indexOf('-')) }
      return { entry }
    }
    case 'd': {
      const [, path, modified, mode, unread] = packed
      const entry: Entry = { kind: 'directory', path, modified, mode }
      return unread === 1 ? { entry, unread: true } : { entry }
    }
    case 'l':
      return { entry: { kind: 'symlink', path: packed[1], target: packed[2], modified: packed[3] } }
    case 'p':
      return { entry: { kind: 'problem', path: packed[1], reason: packed[2] } }
  }
}
