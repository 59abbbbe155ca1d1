import {
  isStorageError,
  joinPath,
  repeat,
  StorageError,
  walk,
  type AbortOptions,
  type Entry,
  type ListOptions,
  type Path,
  type ProblemEntry,
} from '@syncline/core'
import { toEntry, toSymlinkEntry } from './entry.ts'
import { place, toStorageError } from './errors.ts'
import { keepsLinks } from './links.ts'
import { decodeName, escapeName, isTemporary } from './names.ts'
import { isStaleTemporary } from './temporary.ts'
import type { Tree } from './tree.ts'
import { formatOf, type Attributes } from './wire/attributes.ts'
import type { SftpChannel } from './wire/channel.ts'
import { isDirectory, lstat, readDirectory, readlink, stat as follow, type Listed } from './wire/client.ts'

/** Directories that are read at once. */
const concurrency = 32

/**
 * Lists a tree in key order.
 *
 * A directory that may not be read is a problem in its place. A server that cannot be reached any more ends the listing: that is not a problem of
 * each directory that was still to come.
 */
export async function* list(tree: Tree, path: Path, options: ListOptions = {}): AsyncGenerator<readonly Entry[], void, undefined> {
  let failure: unknown
  const pages = walk(
    async directory => {
      try {
        return await repeat(() => readEntries(tree, directory), { attempts: 3 })
      } catch (error) {
        const problem = toStorageError(error, 'list the directory', directory, tree.name)
        if (problem.retryable) failure ??= problem
        throw problem
      }
    },
    { concurrency },
  )(path, options)
  for await (const page of pages) {
    if (failure !== undefined) throw failure
    yield page
  }
  if (failure !== undefined) throw failure
}

/** What is at a path. */
export async function stat(tree: Tree, path: Path, { signal }: AbortOptions = {}): Promise<Entry | undefined> {
  try {
    if (!(await tree.hasParent(path))) return undefined
    const channel = await tree.connection.channel(signal)
    const attributes = path === '' ? await lookAtRoot(tree, channel) : await lstat(channel, tree.file(path))
    if (attributes === undefined || (path !== '' && isTemporary(path.slice(path.lastIndexOf('/') + 1)))) return undefined
    if (formatOf(attributes) !== 'symlink') return toEntry(path, attributes)
    return await toLinkEntry(tree, channel, path, attributes)
  } catch (error) {
    // Below a file or behind a link there is nothing of this tree.
    if (isStorageError(error, 'NOT_A_DIRECTORY') || isStorageError(error, 'INVALID_PATH')) return undefined
    const problem = toStorageError(error, 'look at', path, tree.name)
    if (problem.code !== 'PERMISSION_DENIED') throw problem
    return { kind: 'problem', path, reason: problem.message, error: problem }
  }
}

async function readEntries(tree: Tree, directory: Path): Promise<readonly Entry[]> {
  if (!(await tree.hasParent(directory)))
    throw new StorageError('NOT_FOUND', `could not list the directory ${place(directory, tree.name)}: nothing is there`, { path: directory })
  const channel = await tree.connection.channel()
  const file = tree.file(directory)
  // OpenSSH would follow a link here.
  const [attributes, listed] = await Promise.all([
    directory === '' ? lookAtRoot(tree, channel) : lstat(channel, file),
    readDirectory(channel, file).catch((error: unknown) => ({ error })),
  ])
  if (attributes !== undefined && !isDirectory(attributes))
    throw new StorageError('NOT_A_DIRECTORY', `could not list ${place(directory, tree.name)}: it is not a directory`, { path: directory })
  if ('error' in listed) throw listed.error
  tree.seen(directory)
  return toEntries(tree, channel, directory, listed)
}

/** A root may be a link: whoever opened it said where it is. */
function lookAtRoot(tree: Tree, channel: SftpChannel): Promise<Attributes | undefined> {
  return follow(channel, tree.file(''))
}

async function toEntries(tree: Tree, channel: SftpChannel, directory: Path, listed: readonly Listed[]): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  const links: Promise<Entry>[] = []
  const undecodable: Listed[] = []
  const now = Date.now()
  for (const item of listed) {
    const name = decodeName(item.name)
    if (name === undefined || name === '' || name.includes('/') || name.includes('\0')) {
      undecodable.push(item)
      continue
    }
    const path = joinPath(directory, name)
    if (isTemporary(name)) {
      if (isStaleTemporary(name, now)) tree.leave(tree.file(path))
      continue
    }
    const format = formatOf(item.attributes)
    if (format === 'symlink') links.push(toLinkEntry(tree, channel, path, item.attributes))
    else if (format === 'unknown' || (format === 'file' && item.attributes.size === undefined)) links.push(askFor(tree, channel, path))
    else entries.push(toEntry(path, item.attributes))
  }
  for (const entry of await Promise.all(links)) entries.push(entry)
  if (undecodable.length > 0) entries.push(...toProblems(directory, undecodable, entries))
  return entries
}

/** For servers that list names and no more. */
async function askFor(tree: Tree, channel: SftpChannel, path: Path): Promise<Entry> {
  const attributes = await lstat(channel, tree.file(path))
  if (attributes === undefined) return { kind: 'problem', path, reason: 'it was listed, and cannot be found' }
  return formatOf(attributes) === 'symlink' ? toLinkEntry(tree, channel, path, attributes) : toEntry(path, attributes)
}

async function toLinkEntry(tree: Tree, channel: SftpChannel, path: Path, attributes: Attributes): Promise<Entry> {
  if (!keepsLinks(tree.connection.server.software))
    return { kind: 'problem', path, reason: 'it is a symbolic link, and the server does not tell targets of links as they are' }
  try {
    const target = decodeName(await readlink(channel, tree.file(path)))
    if (target !== undefined) return toSymlinkEntry(path, target, attributes)
    return { kind: 'problem', path, reason: 'the target of the symbolic link is not valid UTF-8 and cannot be kept' }
  } catch (error) {
    if (isStorageError(error)) throw error
    return { kind: 'problem', path, reason: 'the target of the symbolic link cannot be read', error }
  }
}

/** Names that cannot be sent back as they are get a readable form that nothing else in the directory has. */
function toProblems(directory: Path, listed: readonly Listed[], entries: readonly Entry[]): ProblemEntry[] {
  const taken = new Set(entries.map(({ path }) => path))
  return listed.map(({ name }) => {
    const readable = escapeName(name).replace(/[/\0]/g, found => (found === '/' ? '\\x2f' : '\\x00')) || '\\x'
    let path = joinPath(directory, readable)
    for (let count = 2; taken.has(path); count++) path = joinPath(directory, `${readable} (${count})`)
    taken.add(path)
    return { kind: 'problem', path, reason: 'the name is not valid UTF-8 and cannot be synced; rename it' }
  })
}
