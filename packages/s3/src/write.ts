import { type Bytes, type FileEntry, type Path, StorageError, type WriteOptions } from '@syncline/core'
import { cut, type Piece } from './cut.ts'
import { md5 } from './digest.ts'
import { abortMultipart, completeMultipart, createMultipart, mostParts, type Multipart, partSizeFor, putPart, type StoredPart } from './multipart.ts'
import { put } from './put.ts'
import { keyOf, rootError, type Site } from './site.ts'

/** Writes an object: in one request if it fits into a part, else in parts, several at a time. Until the end nobody sees any of it. */
export async function write(site: Site, path: Path, content: Bytes, options: WriteOptions = {}): Promise<FileEntry> {
  const { signal, size } = options
  signal?.throwIfAborted()
  keyOf(site, path)
  if (path === '') throw rootError(site, 'write to')
  const pieceSize = partSizeFor(site, size)
  // A part that fails ends the reading, even of content that hangs. A small file has but one.
  const stop = new AbortController()
  const isSmall = size !== undefined && size <= pieceSize
  const until = isSmall ? signal : signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const pieces = cut(content, { path, name: site.name, pieceSize, size, budget: site.budget, signal: until })
  try {
    const first = (await pieces.next()).value as Piece
    if (!first.isLast) return await writeInParts(site, path, first, pieces, pieceSize, stop, options)
    try {
      return await put(site, path, first.bytes, options)
    } finally {
      first.release()
    }
  } finally {
    await pieces.return(undefined)
  }
}

async function writeInParts(
  site: Site,
  path: Path,
  first: Piece,
  rest: AsyncGenerator<Piece>,
  partSize: number,
  stop: AbortController,
  options: WriteOptions,
): Promise<FileEntry> {
  const multipart = await createMultipart(site, path, options, partSize).catch((error: unknown) => {
    first.release()
    throw error
  })
  const parts: StoredPart[] = []
  const running = new Set<Promise<void>>()
  try {
    const atOnce = Math.max(1, Math.min(site.settings.concurrency, Math.floor(site.settings.memory / partSize)))
    const send = (index: number, piece: Piece): void => {
      const sent: Promise<void> = sendPiece(site, multipart, index, piece, stop.signal, options.signal)
        .then(part => void (parts[index] = part))
        // The first failure is the reason of all that follow.
        .catch((error: unknown) => stop.abort(error))
        .finally(() => running.delete(sent))
      running.add(sent)
    }
    let index = 0
    send(index++, first)
    for await (const piece of rest) {
      if (index === mostParts) {
        piece.release()
        throw new StorageError(
          'NOT_SUPPORTED',
          `${path} has more than ${mostParts} parts of ${partSize} bytes: tell its size, or set a larger partSize`,
          { path },
        )
      }
      send(index++, piece)
      while (running.size >= atOnce) await Promise.race(running)
      stop.signal.throwIfAborted()
    }
    await Promise.all(running)
    stop.signal.throwIfAborted()
    return await completeMultipart(site, multipart, parts, options)
  } catch (error) {
    stop.abort(error)
    await Promise.all(running)
    // What cannot be cleared up now is a stale upload, which can be listed.
    await abortMultipart(site, multipart).catch(() => undefined)
    throw error
  }
}

async function sendPiece(
  site: Site,
  multipart: Multipart,
  index: number,
  piece: Piece,
  stop: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<StoredPart> {
  try {
    return await putPart(site, multipart, index, piece.bytes, md5(piece.bytes), signal === undefined ? stop : AbortSignal.any([signal, stop]))
  } finally {
    piece.release()
  }
}
