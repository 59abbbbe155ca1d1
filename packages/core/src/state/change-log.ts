import type { StateChange } from '../ancestor.ts'
import type { Side } from '../modes.ts'
import { compareKeys } from '../path.ts'
import type { Path } from '../protocol.ts'
import type { TreeEdit } from './tree-edits.ts'
import { formatKeyedLine, LineParser } from './tree-line.ts'

/** Bytes of one piece of memory; the first is smaller, because most runs change little. */
const firstChunkBytes = 4 * 1024
const chunkBytes = 1024 * 1024
/** Before the text of a change: bytes of its path, of the source's line and of the destination's line, and which of them is a directory's. */
const headerBytes = 16
const sourceIsDirectory = 1
const destinationIsDirectory = 2

/** Where the parts of one change are. */
interface Located {
  readonly bytes: Uint8Array
  readonly pathEnd: number
  readonly start: number
  readonly sourceEnd: number
  readonly end: number
  readonly flags: number
}

/**
 * Changes of a state in the order in which they were finished, as the bytes that its files will hold of them.
 *
 * A change as objects takes a kilobyte, which the collector copies twice before it leaves it alone; as text it takes less than half of that, outside
 * of the heap, and is formatted once for the journal and the tree. Iterating makes the objects again.
 */
export class ChangeLog implements Iterable<StateChange> {
  /** Nearly always the strings that a plan holds already. */
  readonly #paths: Path[] = []
  /** Number of the chunk and offset in it, of each change. */
  readonly #chunkOf: number[] = []
  readonly #offsets: number[] = []
  readonly #chunks: Uint8Array[] = []
  #used = 0
  readonly #encoder = new TextEncoder()
  #order: readonly number[] | undefined

  constructor(changes: Iterable<StateChange> = []) {
    this.addAll(changes)
  }

  get length(): number {
    return this.#paths.length
  }

  /** How many changes leave something there on a side: no fewer than there are paths. */
  puts(side: Side): number {
    let puts = 0
    for (let i = 0; i < this.length; i++) if (!isEmpty(this.#locate(i), side)) puts++
    return puts
  }

  add({ path, source, destination }: StateChange): void {
    const key = JSON.stringify(path)
    const ours = source === undefined ? '' : formatKeyedLine(key, source)
    const theirs = destination === undefined ? '' : formatKeyedLine(key, destination)
    // A path that goes has no line, but the journal names it.
    const text = ours === '' && theirs === '' ? key : ours + theirs
    const flags = (source?.kind === 'directory' ? sourceIsDirectory : 0) | (destination?.kind === 'directory' ? destinationIsDirectory : 0)
    // A unit of a string becomes three bytes at most.
    const chunk = this.#room(headerBytes + 3 * text.length)
    const at = this.#used
    const { written } = this.#encoder.encodeInto(text, chunk.subarray(at + headerBytes))
    const isAscii = written === text.length
    const lengthOf = (part: string): number => (isAscii ? part.length : this.#encoder.encode(part).length)
    const header = new DataView(chunk.buffer, chunk.byteOffset + at, headerBytes)
    header.setUint32(0, lengthOf(key))
    header.setUint32(4, lengthOf(ours))
    header.setUint32(8, lengthOf(theirs))
    header.setUint32(12, flags)
    this.#paths.push(path)
    this.#chunkOf.push(this.#chunks.length - 1)
    this.#offsets.push(at)
    this.#used = at + headerBytes + written
    this.#order = undefined
  }

  /** Adds changes after the others. Those of another log are taken over as they are. */
  addAll(changes: Iterable<StateChange>): void {
    if (changes instanceof ChangeLog) this.addFirst(changes, changes.length)
    else for (const change of changes) this.add(change)
  }

  /** Adds the first changes of another log. */
  addFirst(changes: ChangeLog, count: number): void {
    if (count === 0) return
    const first = this.#chunks.length
    for (const chunk of changes.#chunks) this.#chunks.push(chunk)
    for (let i = 0; i < count; i++) {
      this.#paths.push(changes.#paths[i] as Path)
      this.#chunkOf.push(first + (changes.#chunkOf[i] as number))
      this.#offsets.push(changes.#offsets[i] as number)
    }
    // Both logs may go on, so neither writes into what they share.
    this.#used = changes.#used = Infinity
    this.#order = undefined
  }

  *[Symbol.iterator](): Generator<StateChange, void, undefined> {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const parser = new LineParser()
    for (let i = 0; i < this.length; i++) {
      const { bytes, start, sourceEnd, end } = this.#locate(i)
      const parse = (from: number, to: number): StateChange['source'] =>
        from === to ? undefined : parser.reset(decoder.decode(bytes.subarray(from, to))).line()
      yield { path: this.#paths[i] as Path, source: parse(start, sourceEnd), destination: parse(sourceEnd, end) }
    }
  }

  /** Lines of the journal for the changes from one number up to another. */
  journalLines(from: number, to: number): Uint8Array {
    const words = ['{"path":', ',"source":', ',"destination":', 'null', '}\n'].map(word => this.#encoder.encode(word))
    const [path, source, destination, nothing, last] = words as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    let length = 0
    for (let i = from; i < to; i++) {
      const { pathEnd, start, end } = this.#locate(i)
      length += pathEnd - start + (end - start) + 64
    }
    const lines = new Uint8Array(length)
    let at = 0
    const put = (bytes: Uint8Array): void => {
      lines.set(bytes, at)
      at += bytes.length
    }
    for (let i = from; i < to; i++) {
      const { bytes, pathEnd, start, sourceEnd, end } = this.#locate(i)
      const key = pathEnd - start
      // The record of a line: without `"path":` before it and the comma and newline after it.
      const record = (begin: number, stop: number): Uint8Array => (begin === stop ? nothing : bytes.subarray(begin + key + 1, stop - 2))
      put(path)
      put(bytes.subarray(start, pathEnd))
      put(source)
      put(record(start, sourceEnd))
      put(destination)
      put(record(sourceEnd, end))
      put(last)
    }
    return lines.subarray(0, at)
  }

  /**
   * What the changes make of one side's tree, in key order; the last change of a path counts.
   *
   * A path has two keys, as a leaf and as a directory, and other keys may lie between them; a change of one path removes at both.
   *
   * @param empty - nothing is there to be removed
   */
  *edits(side: Side, empty: boolean): Generator<TreeEdit, void, undefined> {
    const order = (this.#order ??= this.#sort())
    for (let k = 0; k < order.length; k++) {
      const key = order[k] as number
      const [i, directory] = [key >> 1, (key & 1) === 1]
      const path = this.#paths[i] as Path
      const next = order[k + 1]
      // Of one key the last change counts, and it stands last: the sort is stable.
      if (next !== undefined && (next & 1) === (key & 1) && this.#paths[next >> 1] === path) continue
      const located = this.#locate(i)
      const isPut = !isEmpty(located, side) && isDirectoryOn(located, side) === directory
      if (isPut) yield { path, directory, put: lineOf(located, side) }
      else if (!empty) yield { path, directory, put: undefined }
    }
  }

  /** The keys of all changes in key order: twice the number of the change, one more for its key as a directory. */
  #sort(): readonly number[] {
    const order: number[] = []
    // Two ordered runs, or nearly: sorting runs is cheap, sorting a mixture is not.
    for (let i = 0; i < this.length; i++) order.push(2 * i)
    for (let i = 0; i < this.length; i++) order.push(2 * i + 1)
    return order.sort((a, b) => compareKeys(this.#paths[a >> 1] as Path, (a & 1) === 1, this.#paths[b >> 1] as Path, (b & 1) === 1))
  }

  #room(bytes: number): Uint8Array {
    const open = this.#chunks[this.#chunks.length - 1]
    if (open !== undefined && this.#used + bytes <= open.length) return open
    const chunk = new Uint8Array(Math.max(bytes, open === undefined ? firstChunkBytes : chunkBytes))
    this.#chunks.push(chunk)
    this.#used = 0
    return chunk
  }

  #locate(i: number): Located {
    const bytes = this.#chunks[this.#chunkOf[i] as number] as Uint8Array
    const at = this.#offsets[i] as number
    const header = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes)
    const start = at + headerBytes
    const sourceEnd = start + header.getUint32(4)
    return { bytes, start, pathEnd: start + header.getUint32(0), sourceEnd, end: sourceEnd + header.getUint32(8), flags: header.getUint32(12) }
  }
}

function isEmpty({ start, sourceEnd, end }: Located, side: Side): boolean {
  return side === 'source' ? sourceEnd === start : end === sourceEnd
}

function isDirectoryOn({ flags }: Located, side: Side): boolean {
  return (flags & (side === 'source' ? sourceIsDirectory : destinationIsDirectory)) !== 0
}

function lineOf({ bytes, start, sourceEnd, end }: Located, side: Side): Uint8Array {
  return side === 'source' ? bytes.subarray(start, sourceEnd) : bytes.subarray(sourceEnd, end)
}
