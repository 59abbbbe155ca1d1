import { abortable, StorageError, type Bytes, type Path } from '@syncline/core'
import type { Budget } from './budget.ts'

/** A stretch of content, in memory of our own. Who gets it releases it. */
export interface Piece {
  readonly bytes: Uint8Array
  readonly isLast: boolean
  release(): void
}

interface CutOptions {
  readonly path: Path
  /** For messages. */
  readonly name: string
  /** Bytes; every piece but the last. */
  readonly pieceSize: number
  /** Bytes, if announced. */
  readonly size: number | undefined
  readonly budget: Budget
  readonly signal: AbortSignal | undefined
}

const firstCapacity = 64 * 1024

/**
 * Cuts content into pieces of one size; there is one at least. Memory is asked of the budget before content is read into it.
 *
 * @throws StorageError `CORRUPT` if the content has another length than announced; the last piece is then not given
 */
export async function* cut(content: Bytes, { path, name, pieceSize, size, budget, signal }: CutOptions): AsyncGenerator<Piece> {
  const known = size === undefined ? pieceSize : Math.min(size, pieceSize)
  let open: OpenPiece | undefined = await OpenPiece.begin(budget, known, size === undefined ? firstCapacity : known, signal)
  let received = 0
  try {
    for await (const chunk of abortable(content, signal)) {
      received += chunk.length
      if (size !== undefined && received > size) throw wrongLength(path, name, size, `more, ${received} at least`)
      for (let at = 0; at < chunk.length;) {
        if (open.length === pieceSize) {
          const piece: Piece = open.end(false)
          open = undefined
          yield piece
          const rest: number = size === undefined ? pieceSize : Math.min(size - received + chunk.length - at, pieceSize)
          open = await OpenPiece.begin(budget, rest, rest, signal)
        }
        at += open.append(chunk, at, pieceSize)
      }
    }
    if (size !== undefined && received !== size) throw wrongLength(path, name, size, String(received))
    signal?.throwIfAborted()
    const piece = open.end(true)
    open = undefined
    yield piece
  } finally {
    open?.release()
  }
}

function wrongLength(path: Path, name: string, size: number, actual: string): StorageError {
  return new StorageError('CORRUPT', `${path} was announced to ${name} with ${size} bytes but has ${actual}`, { path })
}

/** A piece that is being filled. */
class OpenPiece {
  length = 0
  readonly release: () => void
  #buffer: Buffer

  private constructor(capacity: number, release: () => void) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity)
    this.release = release
  }

  static async begin(budget: Budget, bytes: number, capacity: number, signal: AbortSignal | undefined): Promise<OpenPiece> {
    return new OpenPiece(Math.min(capacity, bytes), await budget.take(bytes, signal))
  }

  /** Takes what fits of `chunk` from `at` on; returns how much that was. */
  append(chunk: Uint8Array, at: number, limit: number): number {
    const count = Math.min(chunk.length - at, limit - this.length)
    if (this.length + count > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(this.length + count, this.#buffer.length * 4)))
      this.#buffer.copy(larger, 0, 0, this.length)
      this.#buffer = larger
    }
    this.#buffer.set(at === 0 && count === chunk.length ? chunk : chunk.subarray(at, at + count), this.length)
    this.length += count
    return count
  }

  end(isLast: boolean): Piece {
    return { bytes: this.#buffer.subarray(0, this.length), isLast, release: this.release }
  }
}
