import { abortable, StorageError, type Bytes, type Path } from '@syncline/core'
import { sha256 } from './hasher.ts'
import type { Piece } from './member-tree.ts'
import type { Spool } from './spool.ts'

/** Bytes of the spool in one piece of content. */
const chunkBytes = 256 * 1024

/** Content that came in. */
export interface Incoming {
  readonly size: number
  readonly pieces: readonly Piece[]
  readonly sha256: string | undefined
}

/**
 * Takes content into the spool, and its digest in the same pass.
 *
 * @throws StorageError `CORRUPT` for another length than announced; what the content or the spool threw
 */
export async function takeIn(
  spool: Spool,
  content: Bytes,
  { path, size, signal }: { readonly path: Path; readonly size: number | undefined; readonly signal: AbortSignal | undefined },
): Promise<Incoming> {
  const hasher = sha256()
  const pieces: { readonly offset: number; length: number }[] = []
  let total = 0
  for await (const chunk of abortable(content, signal)) {
    total += chunk.length
    if (size !== undefined && total > size) throw wrongLength(path, `has more than the ${size} bytes announced`)
    if (chunk.length === 0) continue
    hasher?.update(chunk)
    const offset = await spool.append(chunk)
    const last = pieces[pieces.length - 1]
    if (last !== undefined && last.offset + last.length === offset) last.length += chunk.length
    else pieces.push({ offset, length: chunk.length })
  }
  if (size !== undefined && total !== size) throw wrongLength(path, `has ${total} bytes instead of the ${size} announced`)
  return { size: total, pieces, sha256: hasher?.digest('hex') }
}

function wrongLength(path: Path, what: string): StorageError {
  return new StorageError('CORRUPT', `the content for ${path} ${what}; nothing was written`, { path })
}

/** Content of the spool, or a range of it. */
export async function* readPieces(
  spool: Spool,
  pieces: readonly Piece[],
  offset = 0,
  length: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void, undefined> {
  let [before, left] = [offset, length]
  for (const piece of pieces) {
    if (before >= piece.length) {
      before -= piece.length
      continue
    }
    for (let at = before; at < piece.length && left > 0;) {
      const count = Math.min(chunkBytes, piece.length - at, left)
      yield await spool.read(piece.offset + at, count)
      at += count
      left -= count
    }
    before = 0
  }
}
