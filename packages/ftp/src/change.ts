import {
  type AbortOptions,
  baseName,
  type FileEntry,
  isBelow,
  isStorageError,
  parentPath,
  type Path,
  StorageError,
  type WriteOptions,
} from '@syncline/core'
import type { Connection } from './connection.ts'
import { listFor } from './directory.ts'
import { place } from './errors.ts'
import { checkConditions, checkReadable, checkWritable } from './names.ts'
import { askAndPublish, setModeCommand, setTimeCommand } from './publish.ts'
import type { Remote } from './remote.ts'
import { expectPositive, isPositive, type Reply, ReplyError } from './reply.ts'
import { statOn } from './stat.ts'
import { isStale, isTemporary, temporaryFor } from './temporary.ts'

/** Removes a file, a link or an empty directory; nothing there is fine. */
export async function removeOn(remote: Remote, connection: Connection, path: Path): Promise<void> {
  const at = remote.at(path)
  const [removed] = (await connection.ask(`DELE ${at}`)) as [Reply]
  if (isPositive(removed)) return
  const there = await statOn(remote, connection, path)
  if (there === undefined) return
  if (there.kind !== 'directory') throw new ReplyError('DELE', removed)
  remote.forgetDirectories()
  const [emptied] = (await connection.ask(`RMD ${at}`)) as [Reply]
  if (isPositive(emptied)) return
  const names = await listFor(remote, connection, path).catch(() => [])
  const others = names.filter(({ name }) => !isTemporary(name))
  if (others.length > 0) throw notEmpty(remote, path, emptied)
  if (names.length === 0) {
    if ((await statOn(remote, connection, path)) === undefined) return
    throw new ReplyError('RMD', emptied)
  }
  // Only what nobody finished is in it, and nobody can see that.
  const now = Date.now() + (remote.known.clockMs ?? 0)
  const stale = names.filter(({ name, modified, shown }) => isStale(name, now - (modified ?? shown?.local ?? now)))
  if (stale.length < names.length) throw notEmpty(remote, path, emptied)
  await connection.ask(...stale.map(({ name }) => `DELE ${at}/${name}`))
  expectPositive('RMD', ((await connection.ask(`RMD ${at}`)) as [Reply])[0])
}

function notEmpty(remote: Remote, path: Path, reply: Reply): StorageError {
  return new StorageError('NOT_EMPTY', `the directory ${place(path, remote.name)} is not empty`, { path, cause: new ReplyError('RMD', reply) })
}

/** Makes a directory and those above it; one that is there is fine. */
export async function makeDirectoryOn(remote: Remote, connection: Connection, path: Path): Promise<void> {
  const roots = remote.directories.size > 1 ? [] : remote.rootsToMake
  const missing = [...remote.parentsToMake(path), path].map(directory => remote.at(directory))
  const made = (await connection.ask(...[...roots, ...missing].map(directory => `MKD ${directory}`))).at(-1) as Reply
  if (isPositive(made)) {
    remote.directories.add(path)
    remote.hasParents(path)
    return
  }
  const there = await statOn(remote, connection, path)
  if (there?.kind === 'directory') {
    remote.directories.add(path)
    return
  }
  if (there !== undefined) throw new StorageError('ALREADY_EXISTS', `a ${there.kind} is at ${place(path, remote.name)}`, { path })
  await explainNoParent(remote, connection, path)
  // The directories above may have gone since they were seen.
  if (remote.directories.size > 1) {
    remote.forgetDirectories()
    return await makeDirectoryOn(remote, connection, path)
  }
  throw new ReplyError('MKD', made)
}

/** @throws StorageError `NOT_A_DIRECTORY` if something is in the place of a directory above `path` */
async function explainNoParent(remote: Remote, connection: Connection, path: Path): Promise<void> {
  for (let parent = parentPath(path); parent !== ''; parent = parentPath(parent)) {
    const entry = await statOn(remote, connection, parent)
    if (entry !== undefined && entry.kind !== 'directory')
      throw new StorageError('NOT_A_DIRECTORY', `${place(parent, remote.name)} is not a directory`, { path })
    if (entry !== undefined) return
  }
}

/** Moves a file, a link or a directory to a path where nothing is. */
export async function moveOn(remote: Remote, connection: Connection, from: Path, to: Path): Promise<void> {
  if (from === to) {
    if ((await statOn(remote, connection, from)) === undefined) throw nothing(remote, from)
    return
  }
  const there = await statOn(remote, connection, to)
  // A server that folds case shows the file itself under its other name.
  const isItself = there !== undefined && remote.known.exactNames !== true && from.toLowerCase() === to.toLowerCase() && from !== to
  if (there !== undefined && !(isItself && remote.known.exactNames === false))
    throw new StorageError('ALREADY_EXISTS', `a ${there.kind} is at ${place(to, remote.name)}`, { path: to })
  const parents = remote.parentsToMake(to).map(parent => `MKD ${remote.at(parent)}`)
  const [ready, moved] = (await connection.ask(...parents, `RNFR ${remote.at(from)}`, `RNTO ${remote.at(to)}`)).slice(-2) as [Reply, Reply]
  remote.forgetDirectories()
  if (ready.code !== 350) throw await explainMissing(remote, connection, from, new ReplyError('RNFR', ready))
  if (isPositive(moved)) return
  if ((await statOn(remote, connection, to)) !== undefined)
    throw new StorageError('ALREADY_EXISTS', `something is at ${place(to, remote.name)}`, { path: to })
  await explainNoParent(remote, connection, to)
  throw new ReplyError('RNTO', moved)
}

/** Refuses moves that cannot be, before anything is asked. */
export function checkMove(remote: Remote, from: Path, to: Path, options: WriteOptions): void {
  if (checkReadable(from) === undefined) throw nothing(remote, from)
  checkWritable(to, remote.known, remote.name)
  if (from === '' || to === '')
    throw new StorageError('INVALID_PATH', `the root of ${remote.name} cannot be moved or replaced`, { path: from === '' ? from : to })
  if (isBelow(to, from)) throw new StorageError('INVALID_PATH', `${place(from, remote.name)} cannot be moved into itself`, { path: to })
  checkConditions(remote, to, options)
}

/** A copy that the server makes by itself (mod_copy), under a temporary name first. */
export async function copyOn(remote: Remote, connection: Connection, from: Path, to: Path, options: WriteOptions): Promise<FileEntry> {
  const source = await statOn(remote, connection, from)
  if (source === undefined) throw nothing(remote, from)
  if (source.kind !== 'file') throw new StorageError('IS_A_DIRECTORY', `${place(from, remote.name)} is not a file`, { path: from })
  const temporary = temporaryFor(to)
  const parents = remote.parentsToMake(to).map(parent => `MKD ${remote.at(parent)}`)
  const [ready, copied] = (await connection.ask(...parents, `SITE CPFR ${remote.at(from)}`, `SITE CPTO ${remote.at(temporary)}`)).slice(-2) as [
    Reply,
    Reply,
  ]
  try {
    if (ready.code !== 350 && !isPositive(ready)) throw new ReplyError('SITE CPFR', ready)
    if (!isPositive(copied)) {
      await explainNoParent(remote, connection, to)
      throw new ReplyError('SITE CPTO', copied)
    }
    // A copy has the time and mode of the original unless others are given.
    const { modified = source.modified, mode = source.mode } = options
    const kept = { ...options, ...(modified !== undefined && { modified }), ...(mode !== undefined && { mode }) }
    const published = await askAndPublish(remote, connection, { temporary, path: to, size: source.size }, kept)
    return { kind: 'file', path: to, size: source.size, ...published }
  } catch (error) {
    await discard(remote, temporary, true)
    throw error
  }
}

/** Sets the time of a file. */
export async function setModifiedOn(remote: Remote, connection: Connection, path: Path, modified: number): Promise<void> {
  const command = setTimeCommand(remote, remote.at(path), modified)
  if (command === undefined)
    throw new StorageError('NOT_SUPPORTED', `${remote.name} cannot set the time ${modified} of ${place(path, remote.name)}`, { path })
  await ordered(remote, connection, path, command)
}

/** Sets the permission bits of a file. */
export async function setModeOn(remote: Remote, connection: Connection, path: Path, mode: number): Promise<void> {
  const command = setModeCommand(remote, remote.at(path), mode)
  if (command === undefined) throw new StorageError('NOT_SUPPORTED', `${remote.name} cannot set permissions`, { path })
  await ordered(remote, connection, path, command)
}

async function ordered(remote: Remote, connection: Connection, path: Path, command: string): Promise<void> {
  const [reply] = (await connection.ask(command)) as [Reply]
  if (!isPositive(reply)) throw await explainMissing(remote, connection, path, new ReplyError(command, reply))
}

/** Whether a refusal means that nothing is at the path. */
export async function explainMissing(remote: Remote, connection: Connection, path: Path, error: ReplyError): Promise<unknown> {
  try {
    return (await statOn(remote, connection, path)) === undefined ? nothing(remote, path, error) : error
  } catch (cause) {
    return isStorageError(cause) ? cause : error
  }
}

/** What to reject with where something should be. */
export function nothing(remote: Remote, path: Path, cause?: unknown): StorageError {
  return new StorageError('NOT_FOUND', `nothing is at ${place(path, remote.name)}`, { path, cause })
}

/** Removes temporary files that a listing showed and that nobody will complete. */
export async function removeLeftovers(remote: Remote, { signal }: AbortOptions): Promise<void> {
  const now = Date.now() + (remote.known.clockMs ?? 0)
  for (const [path, modified] of remote.leftovers) {
    signal?.throwIfAborted()
    remote.leftovers.delete(path)
    if (modified !== undefined && isStale(baseName(path), now - modified)) await discard(remote, path, false)
  }
}

/** Removes a temporary file that will not be completed. What cannot be removed now is never listed, and removed later. */
export async function discard(remote: Remote, temporary: Path, inBackground: boolean): Promise<void> {
  const removing = remote.pool
    .use(connection => connection.ask(`DELE ${remote.at(temporary)}`))
    .then(
      () => undefined,
      () => undefined,
    )
  if (!inBackground) await removing
}
