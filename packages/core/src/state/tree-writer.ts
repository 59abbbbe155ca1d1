import { StorageError } from '../errors.ts'
import { compareKeys } from '../path.ts'
import type { AbortOptions, Path, WritableStorage } from '../protocol.ts'
import { replaceFile } from './replace-file.ts'
import { EditCursor, type TreeEdit } from './tree-edits.ts'
import { LineParser } from './tree-line.ts'
import { formatSeal, readBlocks, type TreeSeal } from './tree-reader.ts'
import { Xxh32 } from './xxh32.ts'

export interface WriteTreeOptions extends AbortOptions {
  /** Where the lines that stay come from, and its seal. Absent: nothing is there yet. */
  readonly base?: { readonly file: Path; readonly seal: TreeSeal } | undefined
  /** In key order. */
  readonly edits: Iterable<TreeEdit>
  readonly generation: number
  /** Journal segments that the edits come from. */
  readonly folded: number
}

/** Bytes of the pieces that go to the storage. */
const chunkLength = 512 * 1024
/** New lines that are collected before they are passed on. */
const freshLength = 64 * 1024
const newline = 0x0a

/**
 * Writes a tree file: the lines of the base with the edits merged in. Lines that stay pass through as raw bytes.
 *
 * @returns the seal of the new file
 * @throws StorageError `CORRUPT` if the base is damaged; the file is then as it was
 */
export async function writeTree(storage: WritableStorage, file: Path, options: WriteTreeOptions): Promise<TreeSeal> {
  const writer = new TreeWriter(storage, options)
  await replaceFile(storage, file, writer.content(), options)
  if (writer.seal === undefined) throw new StorageError('UNKNOWN', `${storage.name} did not take all of ${file}`, { path: file })
  return writer.seal
}

class TreeWriter {
  readonly #storage: WritableStorage
  readonly #options: WriteTreeOptions
  readonly #sum = new Xxh32()
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  readonly #parser = new LineParser()
  readonly #edits: EditCursor
  #entries = 0
  /** New lines that wait for the ones before them. */
  #fresh = new Uint8Array(2 * freshLength)
  #freshFilled = 0
  /** What is not yet given to the storage. */
  #chunk = new Uint8Array(chunkLength)
  #filled = 0
  seal: TreeSeal | undefined

  constructor(storage: WritableStorage, options: WriteTreeOptions) {
    this.#storage = storage
    this.#options = options
    this.#edits = new EditCursor(options.edits)
  }

  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    const { base, generation, folded, signal } = this.#options
    this.#put(this.#encoder.encode('{\n'))
    if (base !== undefined) {
      this.#entries = base.seal.entries
      for await (const block of readBlocks(this.#storage, base.file, { signal, seal: base.seal })) {
        for (const lines of this.#merge(block)) yield* this.#raw(lines)
      }
    }
    for (let edit = this.#edits.head; edit !== undefined; edit = this.#edits.step()) {
      this.#apply(edit)
      if (this.#freshFilled >= freshLength) yield* this.#flushFresh()
    }
    yield* this.#flushFresh()
    this.#sum.update(this.#chunk.subarray(0, this.#filled))
    this.seal = { generation, folded, entries: this.#entries, xxh32: this.#sum.digest() }
    if (this.#filled > 0) yield this.#chunk.subarray(0, this.#filled)
    yield this.#encoder.encode(formatSeal(this.seal))
  }

  /** The parts of a block that stay, as raw lines; new lines are put before them on the way. */
  *#merge(block: Uint8Array): Generator<Uint8Array, void, undefined> {
    let from = 0
    let last: number | undefined
    for (let edit = this.#edits.head; edit !== undefined; edit = this.#edits.step()) {
      last ??= block.lastIndexOf(newline, block.length - 2) + 1
      if (from >= block.length || this.#compare(block, last, edit) < 0) break
      const at = this.#find(block, from, edit)
      if (at > from) yield block.subarray(from, at)
      from = at
      if (this.#compare(block, at, edit) === 0) {
        from = block.indexOf(newline, at) + 1
        this.#entries--
      }
      this.#apply(edit)
    }
    if (from < block.length) yield block.subarray(from)
  }

  /** Start of the first line at or after `from` whose key is not before the edit's. There is one. */
  #find(block: Uint8Array, from: number, edit: TreeEdit): number {
    if (this.#compare(block, from, edit) >= 0) return from
    // The line at `low` is before the edit. Steps double: edits that lie close together are found in one or two probes, distant ones in a few.
    let low = from
    let step = 512
    let high = block.length
    for (;;) {
      const probe = block.indexOf(newline, Math.min(low + step, block.length - 1)) + 1
      if (probe >= block.length) break
      if (this.#compare(block, probe, edit) >= 0) {
        high = probe
        break
      }
      low = probe
      step *= 2
    }
    for (;;) {
      const afterLow = block.indexOf(newline, low) + 1
      if (afterLow >= high) return high < block.length ? high : afterLow
      const middle = block.lastIndexOf(newline, (low + high) >> 1) + 1
      const probe = middle > low ? middle : afterLow
      if (this.#compare(block, probe, edit) >= 0) high = probe
      else low = probe
    }
  }

  #compare(block: Uint8Array, at: number, edit: TreeEdit): number {
    const line = this.#parser.reset(this.#decoder.decode(block.subarray(at, block.indexOf(newline, at) + 1))).line()
    return compareKeys(line.path, line.kind === 'directory', edit.path, edit.directory)
  }

  #apply({ put }: TreeEdit): void {
    if (put === undefined) return
    this.#put(put)
    this.#entries++
  }

  #put(line: Uint8Array): void {
    const filled = this.#freshFilled + line.length
    if (filled > this.#fresh.length) {
      const larger = new Uint8Array(2 * filled)
      larger.set(this.#fresh)
      this.#fresh = larger
    }
    this.#fresh.set(line, this.#freshFilled)
    this.#freshFilled = filled
  }

  *#raw(lines: Uint8Array): Generator<Uint8Array, void, undefined> {
    yield* this.#flushFresh()
    yield* this.#append(lines)
  }

  *#flushFresh(): Generator<Uint8Array, void, undefined> {
    const bytes = this.#fresh.subarray(0, this.#freshFilled)
    this.#freshFilled = 0
    yield* this.#append(bytes)
  }

  *#append(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    let from = 0
    while (bytes.length - from >= chunkLength - this.#filled) {
      const room = chunkLength - this.#filled
      this.#chunk.set(bytes.subarray(from, from + room), this.#filled)
      this.#sum.update(this.#chunk)
      // A new one each time: whoever takes the chunk may keep it.
      yield this.#chunk
      this.#chunk = new Uint8Array(chunkLength)
      this.#filled = 0
      from += room
    }
    this.#chunk.set(bytes.subarray(from), this.#filled)
    this.#filled += bytes.length - from
  }
}
