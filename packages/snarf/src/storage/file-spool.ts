import { StorageError, temporaryPrefix } from '@syncline/core'
import type { Spool } from './spool.ts'

/** Content is written in blocks of that size, whatever its pieces are. */
const blockBytes = 512 * 1024
/** Blocks on their way to the disk; who appends more waits. */
const mostBlocks = 4

interface Block {
  readonly start: number
  readonly bytes: Uint8Array
  length: number
}

/**
 * A spool in a file that has no name: it is gone when the process ends, however it ends. On Windows it has a name and is removed by `close`.
 *
 * Needs Node, Bun or Deno.
 *
 * @param directory - default: the directory for temporary files, which some systems keep in memory
 */
export async function fileSpool(directory?: string): Promise<Spool> {
  const [fs, { tmpdir }, { join }, { randomUUID }] = await Promise.all([
    import('node:fs'),
    import('node:os'),
    import('node:path'),
    import('node:crypto'),
  ])
  const file = join(directory ?? tmpdir(), `${temporaryPrefix}snarf-${randomUUID()}`)
  const handle = await fs.promises.open(file, 'wx+', 0o600).catch((error: unknown) => Promise.reject(toStorageError(error, file)))
  const hasName = await fs.promises.unlink(file).then(
    () => false,
    () => true,
  )
  const writing = new Map<Block, Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  let length = 0
  let block: Block | undefined

  function send(full: Block): void {
    const written = writeAll(full)
      .catch((error: unknown) => void (failure ??= { error: toStorageError(error, file) }))
      .finally(() => writing.delete(full))
    writing.set(full, written)
  }

  async function writeAll({ bytes, start, length: count }: Block): Promise<void> {
    for (let at = 0; at < count;) at += (await handle.write(bytes, at, count - at, start + at)).bytesWritten
  }

  /** What of the wanted bytes has not reached the file yet. */
  function copyFrom({ bytes, start, length: count }: Block, whole: Uint8Array, offset: number): void {
    const from = Math.max(start, offset)
    const until = Math.min(start + count, offset + whole.length)
    if (from < until) whole.set(bytes.subarray(from - start, until - start), from - offset)
  }

  return {
    async append(content) {
      const offset = length
      // Without a turn of the event loop until everything is copied: calls at the same time do not share a place.
      for (let at = 0; at < content.length;) {
        block ??= { start: length, bytes: new Uint8Array(blockBytes), length: 0 }
        const piece = content.subarray(at, at + blockBytes - block.length)
        block.bytes.set(piece, block.length)
        block.length += piece.length
        length += piece.length
        at += piece.length
        if (block.length < blockBytes) continue
        send(block)
        block = undefined
      }
      while (writing.size > mostBlocks) await Promise.race(writing.values())
      if (failure !== undefined) throw failure.error
      return offset
    },

    async read(offset, count) {
      if (failure !== undefined) throw failure.error
      const whole = new Uint8Array(count)
      const waiting = [...writing.keys(), ...(block === undefined ? [] : [block])]
      for (let at = 0; at < count;) {
        // Small pieces are in the page cache; a trip through the thread pool would cost more than the copy.
        const left = count - at
        const got =
          left <= 64 * 1024 ? fs.readSync(handle.fd, whole, at, left, offset + at) : (await handle.read(whole, at, left, offset + at)).bytesRead
        // What the file does not have yet is in the blocks.
        if (got === 0) break
        at += got
      }
      for (const each of waiting) copyFrom(each, whole, offset)
      return whole
    },

    async close() {
      await Promise.allSettled(writing.values())
      await handle.close()
      if (hasName) await fs.promises.rm(file, { force: true })
    },
  }
}

function toStorageError(error: unknown, file: string): StorageError {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
  return new StorageError(
    isFull ? 'NO_SPACE' : code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'PERMISSION_DENIED' : 'UNKNOWN',
    `what waits to be written to a snarf archive could not be kept in ${file}: ${String(message)}; give another directory for the spool`,
    { cause: error },
  )
}
