import { StorageError, abortable, type AbortOptions, type Bytes, type Path } from '@syncline/core'
import { encodeHeader, type SnarfLayout } from './header.ts'

/** A member to write. */
export type SnarfInput =
  | { readonly kind: 'directory'; readonly path: Path }
  | {
      readonly kind: 'file'
      readonly path: Path
      /** Bytes of the content. Absent: the content is collected in memory first, because the header comes before it. */
      readonly size?: number | undefined
      readonly content: Bytes | Uint8Array
    }

/** How an archive is written. */
export interface WriteSnarfOptions extends AbortOptions {
  /**
   * `unpadded` (default): sizes as they are, directories are records. `padded`: eight digits, and directories are left out: only files imply them.
   */
  readonly layout?: SnarfLayout
  /** Bytes of a member without a size that are collected at most; default 64 MiB. */
  readonly collectBytes?: number
}

/** Headers and small bodies are joined up to this size: a write for each would cost more than their bytes. */
const blockBytes = 256 * 1024

/**
 * The bytes of an archive, in the order of the members given: a stream in constant memory.
 *
 * Paths are checked one by one; that no two members have the same path is the caller's matter.
 *
 * @throws StorageError `INVALID_PATH` for a path that no archive can hold, `CORRUPT` for content of another length than its size
 * @example
 * await storage.write('site.snarf', writeSnarf([{ kind: 'file', path: 'index.html', content: toBytes('<p>') , size: 3 }]))
 */
export async function* writeSnarf(
  members: Iterable<SnarfInput> | AsyncIterable<SnarfInput>,
  { layout = 'unpadded', collectBytes = 64 * 1024 * 1024, signal }: WriteSnarfOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const block = new Block()
  for await (const member of members) {
    signal?.throwIfAborted()
    if (member.kind === 'directory') {
      if (layout === 'padded') continue
      const header = encodeHeader({ ...member, size: 0 })
      if (!block.fits(header.length)) yield block.take()
      block.add(header)
      continue
    }
    const { path, content } = member
    const whole =
      content instanceof Uint8Array ? content : member.size === undefined ? await collectAll(path, content, collectBytes, signal) : undefined
    const size = whole?.length ?? (member.size as number)
    if (member.size !== undefined && member.size !== size) throw wrongLength(path, member.size, `has ${size} bytes`)
    const header = encodeHeader({ kind: 'file', path, size }, layout)
    if (!block.fits(header.length)) yield block.take()
    block.add(header)
    let count = 0
    for await (const chunk of whole === undefined ? abortable(content as Bytes, signal) : [whole]) {
      count += chunk.length
      if (count > size) throw wrongLength(path, size, 'has more')
      if (block.fits(chunk.length)) {
        block.add(chunk)
        continue
      }
      if (block.length > 0) yield block.take()
      if (chunk.length < blockBytes / 2) block.add(chunk)
      else yield chunk
    }
    if (count < size) throw wrongLength(path, size, `ended after ${count}`)
  }
  if (block.length > 0) yield block.take()
}

class Block {
  #bytes = new Uint8Array(blockBytes)
  length = 0

  fits(count: number): boolean {
    return this.length + count <= this.#bytes.length
  }

  add(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** What was added. Its memory belongs to the taker. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.length)
    this.#bytes = new Uint8Array(blockBytes)
    this.length = 0
    return taken
  }
}

async function collectAll(path: Path, content: Bytes, most: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of abortable(content, signal)) {
    length += chunk.length
    if (length > most)
      throw new StorageError('NOT_SUPPORTED', `${path} has no size and more than ${most} bytes; give its size, or raise collectBytes`, { path })
    chunks.push(chunk.slice())
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

function wrongLength(path: Path, size: number, what: string): StorageError {
  return new StorageError('CORRUPT', `the content of ${path} was to have ${size} bytes and ${what}; the archive is not complete`, { path })
}
