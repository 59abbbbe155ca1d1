import { abortable, checkPath, StorageError, untilAborted, type Bytes, type FileEntry, type Path, type WriteOptions } from '@syncline/core'
import { Draft } from './draft.ts'
import { toFileEntry } from './entry.ts'
import { place, toStorageError } from './errors.ts'
import { checkName } from './names.ts'
import { checkTarget, publish, renameRefuses } from './publish.ts'
import type { Share } from './share.ts'
import type { Slots } from './slots.ts'
import type { Tree } from './tree.ts'
import { permissionsOf, type Attributes } from './wire/attributes.ts'
import { lstat, statvfs } from './wire/client.ts'
import { extension, status } from './wire/constants.ts'
import { hasStatus } from './wire/packets.ts'

/** What `write` needs. */
export interface WriteContext {
  readonly tree: Tree
  /** Files that are being written at once. */
  readonly slots: Slots
  readonly share: Share
  readonly fsync: boolean
}

/** Writes a whole file under a temporary name beside `path`, then gives it its name. An abort or a failure leaves what was there. */
export async function write(context: WriteContext, path: Path, content: Bytes, options: WriteOptions): Promise<FileEntry> {
  const { tree } = context
  const { signal } = options
  let isTaken = false
  try {
    signal?.throwIfAborted()
    checkWritable(tree, path)
    await tree.removeLeftovers()
    return await context.slots.run(async () => {
      isTaken = true
      return fillAndPublish(context, path, options, draft => fill(tree, path, draft, content, options))
    })
  } catch (error) {
    if (!isTaken) leave(content)
    if (signal?.aborted === true) throw signal.reason
    throw error instanceof ContentError ? error.cause : await describeFailure(tree, path, error, options.size)
  }
}

/** @throws StorageError for a path that no file can have */
export function checkWritable(tree: Tree, path: Path): void {
  if (checkPath(path) === '') throw new StorageError('IS_A_DIRECTORY', `${tree.name} is a directory; a file cannot replace it`, { path })
  checkName(path, tree.name)
}

/** Makes a draft, has it filled, and gives it its name. @returns what is there then */
export async function fillAndPublish(
  context: WriteContext,
  path: Path,
  options: WriteOptions,
  fillDraft: (draft: Draft) => Promise<void>,
): Promise<FileEntry> {
  const { tree, fsync } = context
  const { signal, modified, ifNoneMatch } = options
  const isCreateOnly = ifNoneMatch !== undefined
  let draft: Draft | undefined
  try {
    const { draft: made, found } = await begin(context, path, options)
    draft = made
    signal?.throwIfAborted()
    checkTarget(tree, path, found, options)
    await fillDraft(draft)
    // Whoever replaces a file without saying how it may be used keeps that as it is.
    const mode = options.mode ?? (found === undefined ? undefined : permissionsOf(found))
    const attributes = await untilAborted(draft.finish({ modified, mode, fsync }), signal)
    signal?.throwIfAborted()
    await publish(tree, draft.file, path, isCreateOnly)
    return toFileEntry(path, attributes)
  } catch (error) {
    // Now, because removing the temporary file makes room again.
    const described = hasStatus(error, status.failure) ? await describeFailure(tree, path, error, options.size) : error
    // Not awaited after an abort: a server that does not answer must not hold the caller.
    const gone = draft?.discard()
    if (signal?.aborted !== true) await gone
    throw described
  }
}

interface Begun {
  readonly draft: Draft
  /** What is to be replaced. */
  readonly found: Attributes | undefined
}

async function begin({ tree, share }: WriteContext, path: Path, options: WriteOptions): Promise<Begun> {
  const { ifNoneMatch, signal } = options
  if (!tree.knowsParent(path)) await untilAborted(tree.makeParents(path), signal)
  const opening = Draft.create(tree, share, path, options).catch(async (error: unknown) => {
    if (!hasStatus(error, status.noSuchFile, status.noSuchPath)) throw error
    // The directory was there a moment ago.
    tree.forget(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
    await tree.makeParents(path)
    return Draft.create(tree, share, path, options)
  })
  // Where the last step refuses to replace, there is no need to look first.
  const looking = ifNoneMatch !== undefined && renameRefuses(tree.connection.server.software) ? undefined : look(tree, path)
  try {
    const [draft, found] = await untilAborted(Promise.all([opening, looking]), signal)
    return { draft, found }
  } catch (error) {
    opening.then(draft => draft.discard()).catch(() => undefined)
    throw error
  }
}

async function look(tree: Tree, path: Path): Promise<Attributes | undefined> {
  return lstat(await tree.connection.channel(), tree.file(path))
}

async function fill(tree: Tree, path: Path, draft: Draft, content: Bytes, { size, signal }: WriteOptions): Promise<void> {
  for await (const chunk of contentOf(content, signal)) {
    if (size !== undefined && draft.size + chunk.length > size) throw wrongSize(tree, path, 'more', size)
    await untilAborted(draft.write(chunk), signal)
  }
  if (size !== undefined && draft.size !== size) throw wrongSize(tree, path, 'fewer', size)
}

/** The error for content that is not as long as was announced. */
export function wrongSize(tree: Tree, path: Path, how: 'more' | 'fewer', size: number): StorageError {
  return new StorageError('CORRUPT', `the content for ${place(path, tree.name)} has ${how} bytes than the ${size} announced; nothing was written`, {
    path,
  })
}

/** A failure of the content's own, which is not ours to translate. */
class ContentError extends Error {}

async function* contentOf(content: Bytes, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = abortable(content, signal)
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array, void>
      try {
        next = await chunks.next()
      } catch (error) {
        throw new ContentError('the content failed', { cause: error })
      }
      if (next.done === true) return
      yield next.value
    }
  } finally {
    // Not awaited: a source that hangs would hang here too.
    chunks.return().catch(() => undefined)
  }
}

/** Closes content that is not wanted any more. */
function leave(content: Bytes): void {
  void Promise.resolve(content[Symbol.asyncIterator]().return?.()).catch(() => undefined)
}

/**
 * The error of a write, with its cause where that can be found out: version 3 of the protocol has one code for nearly everything.
 *
 * @param size - of what was to be written
 */
export async function describeFailure(tree: Tree, path: Path, error: unknown, size = 1): Promise<StorageError> {
  if (hasStatus(error, status.failure) && (await isFull(tree, size))) {
    return new StorageError('NO_SPACE', `could not write ${place(path, tree.name)}: no space is left on the server (or no inodes, see \`df -i\`)`, {
      path,
      cause: error,
    })
  }
  return toStorageError(error, 'write', path, tree.name)
}

async function isFull(tree: Tree, size: number): Promise<boolean> {
  if (!tree.connection.has(extension.statvfs)) return false
  try {
    const space = await statvfs(await tree.connection.channel(), tree.file(''))
    return space.available < size || (space.inodes > 0 && space.availableInodes === 0)
  } catch {
    return false
  }
}
