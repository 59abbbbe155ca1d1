import {
  isBelow,
  isStorageError,
  StorageError,
  type AbortOptions,
  type FileEntry,
  type Path,
  type RemoveOptions,
  type WriteOptions,
} from '@syncline/core'
import { toSeconds } from './entry.ts'
import { place, toStorageError } from './errors.ts'
import { checkName } from './names.ts'
import { symlinkAt } from './links.ts'
import { checkTarget, publish } from './publish.ts'
import type { Tree } from './tree.ts'
import { formatOf, permissionsOf, type Attributes } from './wire/attributes.ts'
import type { SftpChannel } from './wire/channel.ts'
import { close, copyData, lsetstat, lstat, open, readDirectory, readlink, remove as unlink, rename, rmdir, setstat } from './wire/client.ts'
import { extension, openFlag } from './wire/constants.ts'
import { fillAndPublish, type WriteContext } from './write.ts'

/** Bytes that a server copies in one request: it answers when it is done, and must do so in time. */
const copiedBytes = 64 * 1024 * 1024

/** Removes a file, a link or an empty directory; that nothing is there is fine. */
export function remove(tree: Tree, path: Path, { ifMatch, signal }: RemoveOptions): Promise<void> {
  return attempt(tree, 'remove', path, signal, async () => {
    if (path === '') throw new StorageError('NOT_SUPPORTED', `${tree.name} is the root and cannot be removed`, { path })
    const found = await look(tree, path)
    if (found === undefined) return
    if (ifMatch !== undefined) checkTarget(tree, path, found, { ifMatch })
    const channel = await tree.connection.channel(signal)
    const file = tree.file(path)
    if (formatOf(found) !== 'directory') {
      await unlink(channel, file)
      return
    }
    tree.forget(path)
    try {
      await rmdir(channel, file)
    } catch (error) {
      // Version 3 has no code for this.
      if (await hasChildren(channel, file))
        throw new StorageError('NOT_EMPTY', `could not remove ${place(path, tree.name)}: the directory is not empty`, { path, cause: error })
      throw error
    }
  })
}

/** Makes a directory and what is missing above it. */
export function makeDirectory(tree: Tree, path: Path, { signal }: AbortOptions): Promise<void> {
  return attempt(tree, 'make the directory', path, signal, async () => {
    if (path !== '') checkName(path, tree.name)
    await tree.makeDirectory(path)
  })
}

/** Makes a link under a temporary name and then puts it in its place: `symlink` itself replaces nothing. */
export function makeSymlink(tree: Tree, path: Path, target: string, { signal }: AbortOptions): Promise<void> {
  return attempt(tree, 'make the link', path, signal, async () => {
    if (path === '') throw new StorageError('IS_A_DIRECTORY', `${tree.name} is a directory; a link cannot replace it`, { path })
    checkName(path, tree.name)
    await tree.makeParents(path)
    const found = await look(tree, path)
    checkTarget(tree, path, found, {})
    const channel = await tree.connection.channel(signal)
    const temporary = tree.temporary(path)
    try {
      await symlinkAt(tree, channel, target, temporary)
      const made = (await readlink(channel, temporary)).toString()
      if (made !== target)
        throw new StorageError('NOT_SUPPORTED', `the server would make ${place(path, tree.name)} a link to ${JSON.stringify(made)} instead`, { path })
      await publish(tree, temporary, path, false)
    } catch (error) {
      await tree.removeTemporary(temporary)
      throw error
    }
  })
}

/** Sets the time of a file, a directory, or a link where the server can. */
export function setModified(tree: Tree, path: Path, modified: number, { signal }: AbortOptions): Promise<void> {
  return attempt(tree, 'set the time of', path, signal, async () => {
    const time = toSeconds(modified)
    await setAttributes(tree, path, { modified: time, accessed: time })
  })
}

/** Sets the permission bits of a file or directory. */
export function setMode(tree: Tree, path: Path, mode: number, { signal }: AbortOptions): Promise<void> {
  return attempt(tree, 'set the mode of', path, signal, () => setAttributes(tree, path, { mode: mode & 0o7777 }))
}

/** Moves without replacing. */
export function move(tree: Tree, from: Path, to: Path, options: WriteOptions): Promise<void> {
  const { signal } = options
  return attempt(tree, 'move', from, signal, async () => {
    if (from === '' || to === '') throw new StorageError('NOT_SUPPORTED', `the root of ${tree.name} cannot be moved or replaced`, { path: to })
    checkName(to, tree.name)
    const source = await look(tree, from)
    if (source === undefined) throw new StorageError('NOT_FOUND', `could not move ${place(from, tree.name)}: nothing is there`, { path: from })
    if (isBelow(to, from))
      throw new StorageError('INVALID_PATH', `could not move ${place(from, tree.name)} to ${JSON.stringify(to)}, which lies in it`, { path: to })
    if (from === to) return
    await tree.makeParents(to)
    const occupant = await look(tree, to)
    if (options.ifMatch !== undefined) checkTarget(tree, to, occupant, { ifMatch: options.ifMatch })
    if (occupant !== undefined) throw exists(tree, to)
    const channel = await tree.connection.channel(signal)
    const isDirectory = formatOf(source) === 'directory'
    if (isDirectory) tree.forget(from, true)
    try {
      // Between the look and this step somebody may have put something there: most servers refuse then.
      await rename(channel, tree.file(from), tree.file(to))
    } catch (error) {
      if ((await lstat(channel, tree.file(to))) !== undefined && (await lstat(channel, tree.file(from))) !== undefined) throw exists(tree, to, error)
      throw error
    }
  })
}

/** Copies a file on the server; needs the extension. */
export async function copy(context: WriteContext, from: Path, to: Path, options: WriteOptions): Promise<FileEntry> {
  const { tree } = context
  return attempt(tree, 'copy', from, options.signal, async () => {
    if (to === '') throw new StorageError('IS_A_DIRECTORY', `${tree.name} is a directory; a file cannot replace it`, { path: to })
    checkName(to, tree.name)
    const source = await look(tree, from)
    if (source === undefined) throw new StorageError('NOT_FOUND', `could not copy ${place(from, tree.name)}: nothing is there`, { path: from })
    const format = formatOf(source)
    if (format === 'directory')
      throw new StorageError('IS_A_DIRECTORY', `could not copy ${place(from, tree.name)}: it is a directory`, { path: from })
    if (format !== 'file' || source.size === undefined)
      throw new StorageError('NOT_SUPPORTED', `could not copy ${place(from, tree.name)}: it is not a regular file`, { path: from })
    const { size } = source
    if (options.size !== undefined && options.size !== size)
      throw new StorageError('CORRUPT', `could not copy ${place(from, tree.name)}: it has ${size} bytes instead of ${options.size}`, { path: from })
    const filled: WriteOptions = {
      ...options,
      size,
      modified: options.modified ?? (source.modified ?? 0) * 1000,
      mode: options.mode ?? permissionsOf(source) ?? 0o600,
    }
    return context.slots.run(() =>
      fillAndPublish(context, to, filled, async draft => {
        const handle = await open(draft.channel, tree.file(from), openFlag.read)
        try {
          for (let at = 0; at < size; at += copiedBytes) {
            options.signal?.throwIfAborted()
            await copyData(handle, at, Math.min(copiedBytes, size - at), draft.handle)
          }
          draft.filled(size)
        } finally {
          await close(handle)
        }
      }),
    )
  })
}

async function setAttributes(tree: Tree, path: Path, attributes: Attributes): Promise<void> {
  const found = path === '' ? { mode: 0o040000 } : await look(tree, path)
  if (found === undefined) throw new StorageError('NOT_FOUND', `nothing is at ${place(path, tree.name)}`, { path })
  const channel = await tree.connection.channel()
  if (formatOf(found) !== 'symlink') return setstat(channel, tree.file(path), attributes)
  if (attributes.mode !== undefined) throw new StorageError('NOT_SUPPORTED', `${place(path, tree.name)} is a link, which has no mode`, { path })
  // A server without it would set the time of what the link points to. The time of a link is not worth a failure.
  if (tree.connection.has(extension.lsetstat)) await lsetstat(channel, tree.file(path), attributes)
}

async function look(tree: Tree, path: Path): Promise<Attributes | undefined> {
  try {
    if (!(await tree.hasParent(path))) return undefined
  } catch (error) {
    // Below a file there is nothing. Behind a link there may be something, which is none of this tree.
    if (isStorageError(error, 'NOT_A_DIRECTORY')) return undefined
    throw error
  }
  return lstat(await tree.connection.channel(), tree.file(path))
}

async function hasChildren(channel: SftpChannel, file: string): Promise<boolean> {
  try {
    return (await readDirectory(channel, file)).length > 0
  } catch {
    return false
  }
}

async function attempt<T>(tree: Tree, doing: string, path: Path, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted()
  try {
    return await work()
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    throw toStorageError(error, doing, path, tree.name)
  }
}

function exists(tree: Tree, path: Path, cause?: unknown): StorageError {
  return new StorageError('ALREADY_EXISTS', `${place(path, tree.name)} already exists; a move does not replace it`, { path, cause })
}
