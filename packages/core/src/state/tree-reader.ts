import type { Ancestor } from '../ancestor.ts'
import { collect } from '../bytes.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { compareKeys } from '../path.ts'
import type { AbortOptions, Path, ReadableStorage } from '../protocol.ts'
import { LineParser } from './tree-line.ts'
import { Xxh32 } from './xxh32.ts'

/**
 * What the last line of a tree file says about all lines before it. It is an entry of the path "", the root, so the file stays a plain `path -> {…}` object.
 */
export interface TreeSeal {
  /** Of the commit that wrote the file. */
  readonly generation: number
  /** Journal segments whose changes are in this file. */
  readonly folded: number
  /** Without the seal itself. */
  readonly entries: number
  /** Of all bytes before this line. */
  readonly xxh32: string
}

export interface ReadTreeOptions extends AbortOptions {
  /** The seal the file must have; default: whatever it has. */
  readonly seal?: TreeSeal | undefined
}

/** Longer than any seal with the line that closes the file. */
const tailLength = 512
/** Bytes decoded at a time. A string cut from a larger one keeps all of it in memory, so this bounds what a kept path costs. */
const groupLength = 1024
const pageLength = 2048
const newline = 0x0a
const opening = '{\n'
const none = new Uint8Array(0)

/** The seal as the last lines of a tree file. */
export function formatSeal(seal: TreeSeal): string {
  return `"":{"size":0,"is_dir":true,"generation":${seal.generation},"folded":${seal.folded},"entries":${seal.entries},"xxh32":"${seal.xxh32}"}\n}\n`
}

const sealPattern = /^"":\{"size":0,"is_dir":true,"generation":(\d{1,15}),"folded":(\d{1,15}),"entries":(\d{1,15}),"xxh32":"([0-9a-f]{8})"\}\n\}\n$/

/**
 * Reads only the end of a tree file: cheap, and enough to notice a file that was cut short.
 *
 * @returns undefined if the file does not exist
 * @throws StorageError `CORRUPT` if the end is not that of a tree file
 */
export async function readSeal(storage: ReadableStorage, file: Path, options: AbortOptions = {}): Promise<TreeSeal | undefined> {
  const entry = await storage.stat(file, options)
  if (entry === undefined) return undefined
  if (entry.kind !== 'file') throw damaged(storage, file, `it is a ${entry.kind}`)
  const length = Math.min(entry.size, tailLength)
  const tail = await collect(storage.read(file, { ...options, offset: entry.size - length, length }))
  return parseSeal(storage, file, tail.subarray(findSeal(tail)))
}

function parseSeal(storage: ReadableStorage, file: Path, bytes: Uint8Array): TreeSeal {
  const match = sealPattern.exec(new TextDecoder().decode(bytes))
  if (match === null) throw damaged(storage, file, 'its last line is missing or broken, so it was cut short or changed')
  return { generation: Number(match[1]), folded: Number(match[2]), entries: Number(match[3]), xxh32: match[4] as string }
}

/** Start of the last line but one. */
function findSeal(tail: Uint8Array): number {
  const closing = tail.length - 3
  return closing < 1 ? 0 : tail.lastIndexOf(newline, closing - 1) + 1
}

/**
 * Reads a tree file in key order, in pages of some thousand entries, in bounded memory.
 *
 * @throws StorageError `CORRUPT` if a line is broken or out of order, or at the end if the checksum or the number of entries is wrong;
 * what came before must then not be trusted either. `NOT_FOUND` if there is no such file
 */
export async function* readTree(
  storage: ReadableStorage,
  file: Path,
  options: ReadTreeOptions = {},
): AsyncGenerator<readonly Ancestor[], void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const parser = new LineParser()
  let page: Ancestor[] = []
  let last: Ancestor | undefined
  let count = 0
  const blocks = readBlocks(storage, file, options)
  try {
    for (;;) {
      const { done, value } = await blocks.next()
      if (done === true) {
        if (value.entries !== count) throw damaged(storage, file, `it says it has ${value.entries} entries and has ${count}`)
        break
      }
      for (let from = 0; from < value.length;) {
        const end = value.indexOf(newline, Math.min(from + groupLength, value.length - 1)) + 1
        parser.reset(decode(decoder, value.subarray(from, end)))
        from = end
        while (!parser.done) {
          const entry = parser.line()
          if (last !== undefined && compareKeys(last.path, last.kind === 'directory', entry.path, entry.kind === 'directory') >= 0) {
            throw damaged(storage, file, `${JSON.stringify(entry.path)} is out of order`)
          }
          last = entry
          page.push(entry)
        }
        if (page.length >= pageLength) {
          count += page.length
          yield page
          page = []
        }
      }
      count += page.length
      if (page.length > 0) yield page
      page = []
    }
  } catch (error) {
    throw asDamage(storage, file, error)
  } finally {
    await blocks.return(undefined as never)
  }
}

/**
 * The lines of a tree file as raw bytes, in blocks that end with a line. Returns the seal, after checking it against the bytes.
 *
 * @throws StorageError `CORRUPT`
 */
export async function* readBlocks(
  storage: ReadableStorage,
  file: Path,
  options: ReadTreeOptions = {},
): AsyncGenerator<Uint8Array, TreeSeal, undefined> {
  const { signal, seal: expected } = options
  const sum = new Xxh32()
  let held: Uint8Array = none
  let opened = false
  for await (const chunk of storage.read(file, { signal })) {
    let block = chunk
    if (opened && held.length > 0 && chunk.length > tailLength) {
      // The line that the last chunk broke off, on its own: a copy of every chunk would cost more than what is done with it.
      const lineEnd = chunk.indexOf(newline) + 1
      if (lineEnd > 0 && chunk.length - lineEnd > tailLength) {
        const lines = concat(held, chunk.subarray(0, lineEnd))
        sum.update(lines)
        yield lines
        block = chunk.subarray(lineEnd)
        held = none
      }
    }
    if (held.length > 0) block = concat(held, block)
    if (!opened) {
      if (block.length < opening.length) {
        held = block.slice()
        continue
      }
      if (block[0] !== opening.charCodeAt(0) || block[1] !== newline) throw damaged(storage, file, 'its first line is not "{"')
      sum.update(block.subarray(0, opening.length))
      block = block.subarray(opening.length)
      opened = true
    }
    // The seal is not part of what it seals: its place is known only at the end, so the last bytes wait.
    const end = block.length > tailLength ? block.lastIndexOf(newline, block.length - tailLength) + 1 : 0
    if (end > 0) {
      const lines = block.subarray(0, end)
      sum.update(lines)
      yield lines
    }
    held = block.slice(end)
  }
  const at = findSeal(held)
  const lines = held.subarray(0, at)
  sum.update(lines)
  const seal = parseSeal(storage, file, held.subarray(at))
  if (seal.xxh32 !== sum.digest()) throw damaged(storage, file, 'its checksum does not fit its content')
  if (expected !== undefined && !sameSeal(seal, expected)) throw damaged(storage, file, 'it is not the file that was there when the state was opened')
  if (lines.length > 0) yield lines
  return seal
}

/** Whether two seals are of the same content. */
export function sameSeal(a: TreeSeal, b: TreeSeal): boolean {
  return a.generation === b.generation && a.folded === b.folded && a.entries === b.entries && a.xxh32 === b.xxh32
}

/** Both, one after the other. */
export function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/** An error that says which file of the state cannot be used and why. */
export function damaged(storage: ReadableStorage, file: Path, reason: string, cause?: unknown): StorageError {
  return new StorageError('CORRUPT', `${file} of the state at ${storage.name} is damaged: ${reason}`, { path: file, cause })
}

/** Text of lines. @throws StorageError `CORRUPT` if it is not UTF-8 */
export function decode(decoder: { decode(bytes: Uint8Array): string }, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new StorageError('CORRUPT', 'it is not UTF-8', { cause })
  }
}

/** A broken line as damage of its file; everything else as it is. */
export function asDamage(storage: ReadableStorage, file: Path, error: unknown): unknown {
  return isStorageError(error, 'CORRUPT') && error.path === undefined ? damaged(storage, file, error.message, error) : error
}
