import { checkPath, isStorageError, StorageError, untilAborted, type Path, type ReadOptions } from '@syncline/core'
import { place, toStorageError } from './errors.ts'
import type { Share } from './share.ts'
import type { Tree } from './tree.ts'
import { formatOf, type Attributes } from './wire/attributes.ts'
import { close, fstat, lstat, open, read as readAt, type Handle } from './wire/client.ts'
import { openFlag } from './wire/constants.ts'

const mostRequestBytes = 128 * 1024
/** How often a read that was cut off goes on from where it was. */
const resumptions = 4

/** What `read` needs. */
export interface ReadContext {
  readonly tree: Tree
  readonly share: Share
}

/**
 * The content of a file, with many requests ahead of the reader.
 *
 * A file that changes while it is read is not passed off as a version: the last step rejects with `PRECONDITION_FAILED`. When the connection is
 * lost, the read goes on over a new one where it was, if the file still has its size and time.
 */
export async function* read(
  { tree, share }: ReadContext,
  path: Path,
  { offset = 0, length = Number.POSITIVE_INFINITY, ifMatch, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted()
  checkPath(path)
  // No file here has an etag, so no version of this storage can be meant.
  if (ifMatch !== undefined)
    throw new StorageError('PRECONDITION_FAILED', `${place(path, tree.name)} has no version ${JSON.stringify(ifMatch)}: the server keeps none`, {
      path,
    })
  let position = offset
  let version: Attributes | undefined
  let resumed = 0
  share.begin()
  try {
    for (;;) {
      try {
        const opening = openFile(tree, path, version)
        const opened = await untilAborted(opening, signal).catch((error: unknown) => {
          opening.then(({ handle }) => close(handle)).catch(() => undefined)
          throw error
        })
        version ??= opened.attributes
        const end = Math.min(version.size as number, offset + length)
        for await (const chunk of readRange(tree, share, path, opened, position, end, signal)) {
          position += chunk.length
          resumed = 0
          yield chunk
          signal?.throwIfAborted()
        }
        return
      } catch (error) {
        if (signal?.aborted === true || !isStorageError(error) || !error.retryable || ++resumed > resumptions) throw error
      }
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    throw toStorageError(error, 'read', path, tree.name)
  } finally {
    share.end()
  }
}

interface Opened {
  readonly handle: Handle
  readonly attributes: Attributes
}

/** Opens what is a file. It is looked at before: a server that opens a pipe waits for ever. */
async function openFile(tree: Tree, path: Path, version: Attributes | undefined): Promise<Opened> {
  const file = tree.file(path)
  const found = (await hasParent(tree, path)) ? await lstat(await tree.connection.channel(), file) : undefined
  if (found === undefined) {
    if (version !== undefined) throw changed(tree, path)
    throw new StorageError('NOT_FOUND', `could not read ${place(path, tree.name)}: nothing is there`, { path })
  }
  const format = formatOf(found)
  if (format === 'directory') throw new StorageError('IS_A_DIRECTORY', `could not read ${place(path, tree.name)}: it is a directory`, { path })
  if (format !== 'file' || found.size === undefined)
    throw new StorageError('NOT_SUPPORTED', `could not read ${place(path, tree.name)}: it is not a regular file`, { path })
  if (version !== undefined && !isSame(version, found)) throw changed(tree, path)
  return { handle: await open(await tree.connection.channelFor(found.size), file, openFlag.read), attributes: found }
}

/** Behind a link and below a file there is nothing of this tree. */
async function hasParent(tree: Tree, path: Path): Promise<boolean> {
  try {
    return await tree.hasParent(path)
  } catch (error) {
    if (isStorageError(error, 'NOT_A_DIRECTORY') || isStorageError(error, 'INVALID_PATH')) return false
    throw error
  }
}

async function* readRange(
  tree: Tree,
  share: Share,
  path: Path,
  { handle, attributes }: Opened,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const requestBytes = Math.min(tree.connection.server.readBytes, mostRequestBytes)
  const ahead: Promise<Uint8Array>[] = []
  let asked = start
  let aheadBytes = 0
  let after: Promise<Attributes> | undefined
  try {
    for (let position = start; ;) {
      // Several at a time: requests that leave together share a packet.
      const allowed = share.bytes(handle.channel.windowBytes)
      const isLow = aheadBytes <= allowed * 0.75
      while (asked < end && (ahead.length === 0 || (isLow && aheadBytes < allowed))) {
        const count = Math.min(requestBytes, end - asked)
        const piece = readWhole(handle, asked, count)
        piece.catch(() => undefined)
        ahead.push(piece)
        asked += count
        aheadBytes += count
      }
      // Behind the last piece, so that a change during it is seen.
      if (asked >= end && after === undefined) {
        after = fstat(handle)
        after.catch(() => undefined)
      }
      const next = ahead.shift()
      if (next === undefined) break
      const wanted = Math.min(requestBytes, end - position)
      const bytes = await untilAborted(next, signal)
      if (bytes.length < wanted) throw changed(tree, path)
      position += wanted
      aheadBytes -= wanted
      yield bytes
    }
    if (after !== undefined && !isSame(attributes, await untilAborted(after, signal))) throw changed(tree, path)
  } finally {
    close(handle).catch(() => undefined)
  }
}

/** A server may answer with less than was asked for. */
async function readWhole(handle: Handle, offset: number, length: number): Promise<Uint8Array> {
  const first = await readAt(handle, offset, length)
  if (first.length === length) return first
  const whole = Buffer.allocUnsafeSlow(length)
  let filled = first.copy(whole)
  while (filled < length && first.length > 0) {
    const more = await readAt(handle, offset + filled, length - filled)
    if (more.length === 0) break
    filled += more.copy(whole, filled)
  }
  return whole.subarray(0, filled)
}

function isSame(a: Attributes, b: Attributes): boolean {
  return a.size === b.size && a.modified === b.modified
}

function changed(tree: Tree, path: Path): StorageError {
  return new StorageError('PRECONDITION_FAILED', `${place(path, tree.name)} changed while it was read`, { path })
}
