import type { Hash } from 'node:crypto'
import { read, write } from 'node:fs'
import { promisify } from 'node:util'

const readAsync = promisify(read)
const writeAsync = promisify(write)
const bufferBytes = 1024 * 1024
const blockBytes = 4096
const zeros = Buffer.alloc(blockBytes)

/** Thrown where a copy is to stop; the caller knows the reason. */
export class Aborted extends Error {}

export interface PumpOptions {
  /** Open for reading. */
  readonly from: number
  /** Open for writing; without it the content is only hashed. */
  readonly to?: number
  /** Bytes to read at most. */
  readonly size: number
  readonly hash?: Hash | undefined
  /** Leave out blocks of zeros, so that holes stay holes; the caller sets the size. */
  readonly isSparse?: boolean
  readonly isAborted: () => boolean
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/**
 * Reads, hashes and writes at the same time: while this thread hashes a buffer, the thread pool writes it and reads the next one.
 *
 * @returns bytes read; fewer than `size` where the file ends early
 * @throws {@link Aborted}
 */
export async function pump({ from, to, size, hash, isSparse = false, isAborted, onBytes }: PumpOptions): Promise<number> {
  const buffers = [0, 1, 2].map(() => Buffer.allocUnsafeSlow(Math.min(bufferBytes, Math.max(size, 1))))
  const writeChunk = isSparse ? writeWithHoles : writeWhole
  let reading: Promise<number> | undefined
  let writing: Promise<void> | undefined
  const readInto = (index: number, position: number): Promise<number> => {
    const buffer = buffers[index % buffers.length] as Buffer
    return handledLater(readAsync(from, buffer, 0, Math.min(buffer.length, size - position), position).then(result => result.bytesRead))
  }
  try {
    let position = 0
    reading = readInto(0, 0)
    for (let index = 0; position < size; index++) {
      if (isAborted()) throw new Aborted('stopped')
      const count: number = (await reading) ?? 0
      if (count === 0) break
      const chunk = (buffers[index % buffers.length] as Buffer).subarray(0, count)
      // The third buffer: the one before is still being written while the next is read.
      reading = position + count < size ? readInto(index + 1, position + count) : undefined
      await writing
      writing = to === undefined ? undefined : handledLater(writeChunk(to, chunk, position))
      hash?.update(chunk)
      position += count
      onBytes?.(position)
    }
    await writing
    return position
  } finally {
    // Nothing may still use the descriptors when the caller closes them.
    await Promise.allSettled([reading, writing])
  }
}

/** Marks a promise as looked after: it may fail while its like is awaited, and is awaited itself only then. */
function handledLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

async function writeWhole(fd: number, chunk: Buffer, position: number): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await writeAsync(fd, chunk, at, chunk.length - at, position + at)).bytesWritten
}

async function writeWithHoles(fd: number, chunk: Buffer, position: number): Promise<void> {
  let start = 0
  for (let at = 0; at < chunk.length; at += blockBytes) {
    const end = Math.min(at + blockBytes, chunk.length)
    if (chunk.compare(zeros, 0, end - at, at, end) !== 0) continue
    if (at > start) await writeWhole(fd, chunk.subarray(start, at), position + start)
    start = end
  }
  if (start < chunk.length) await writeWhole(fd, chunk.subarray(start), position + start)
}
