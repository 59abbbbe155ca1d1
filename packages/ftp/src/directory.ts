import { baseName, type Entry, joinPath, parentPath, type Path, StorageError } from '@syncline/core'
import type { Connection } from './connection.ts'
import { place } from './errors.ts'
import { hasFacts } from './known.ts'
import { checkName, type Listed, linesOf, nameProblem, parseFacts, parseLine } from './listing.ts'
import type { Remote } from './remote.ts'
import { isPositive, type Reply, ReplyError } from './reply.ts'
import { isOfServer, isTemporary } from './temporary.ts'
import { learnZones, zoneOf } from './zone.ts'

/**
 * What a directory holds, one request for all of it.
 *
 * The directory is entered first: a name as an argument would be taken for a pattern or an option by some servers, and of a directory that is not
 * there some send an empty listing.
 */
export async function readDirectory(remote: Remote, connection: Connection, path: Path): Promise<readonly Entry[]> {
  const items = await listFor(remote, connection, path)
  if (!hasFacts(remote.known)) await learnZones(remote, connection, path, items)
  remote.directories.add(path)
  const entries: Entry[] = []
  for (const item of items) {
    const problem = nameProblem(path, item.name)
    if (problem !== undefined) entries.push(problem)
    else if (isTemporary(item.name)) remote.leftovers.set(joinPath(path, item.name), item.modified ?? item.shown?.local)
    else if (!isOfServer(item.name)) entries.push(toEntry(remote, joinPath(path, item.name), item))
  }
  return entries
}

/** What a directory holds, temporary files too. */
export async function listFor(remote: Remote, connection: Connection, path: Path): Promise<readonly Listed[]> {
  return hasFacts(remote.known) ? await listFacts(remote, connection, path) : await listLines(remote, connection, path)
}

/** The lines of LIST, whatever else the server has. */
export async function listLines(remote: Remote, connection: Connection, path: Path): Promise<readonly Listed[]> {
  const nowLocal = Date.now() + (remote.known.clockMs ?? 0) - (remote.known.zoneMs ?? 0)
  const parse = (line: string): Listed | undefined => parseLine(line, path, nowLocal)
  if (remote.known.listHidden) {
    try {
      return await listWith(remote, connection, path, 'LIST -a', parse)
    } catch (error) {
      if (!(error instanceof ReplyError) || error.command === 'CWD' || ![500, 501, 504, 550].includes(error.code)) throw error
      remote.known.listHidden = false
    }
  }
  return await listWith(remote, connection, path, 'LIST', parse)
}

async function listFacts(remote: Remote, connection: Connection, path: Path): Promise<readonly Listed[]> {
  const items = await listWith(remote, connection, path, 'MLSD', line => parseFacts(line, path))
  return items.some(isDoubtful) ? await withTrueKinds(items, await listLines(remote, connection, path)) : items
}

/**
 * Whether MLSD may hide what this is: ProFTPD shows links and pipes as files, or as the directories they point to. The mode gives links away, and
 * pipes have no size.
 */
export function isDoubtful({ kind, mode, size, target }: Listed): boolean {
  return (kind === 'symlink' && target === undefined) || mode === 0o777 || (kind === 'file' && size === 0)
}

async function withTrueKinds(items: readonly Listed[], lines: readonly Listed[]): Promise<readonly Listed[]> {
  const byName = new Map(lines.map(line => [line.name, line]))
  return items.map(item => (isDoubtful(item) ? withKindOf(item, byName.get(item.name)) : item))
}

/** An item of MLSD with the kind that LIST shows. */
export function withKindOf(item: Listed, line: Listed | undefined): Listed {
  if (line === undefined || line.kind === item.kind) return line?.target === undefined ? item : { ...item, target: line.target }
  return { ...item, kind: line.kind, target: line.target, id: line.kind === 'symlink' ? undefined : item.id }
}

async function listWith(
  remote: Remote,
  connection: Connection,
  path: Path,
  command: string,
  parse: (line: string) => Listed | undefined,
): Promise<readonly Listed[]> {
  const enter = `CWD ${remote.at(path)}`
  const onReplies = ([entered]: readonly Reply[]): void => {
    if (entered !== undefined && !isPositive(entered)) throw new ReplyError('CWD', entered)
  }
  const items: Listed[] = []
  const seen = new Set<string>()
  // Whoever waits for a connection now most likely waits to list the next directory, and below the root there mostly is one.
  const chunks = connection.retrieve(command, { before: [enter], isFollowed: path === '' || remote.pool.isContended, onReplies })
  for await (const lines of linesOf(chunks, path, remote.settings.maxListingBytes)) {
    for (const line of lines) {
      const item = parse(line)
      if (item === undefined) continue
      checkName(item.name, path)
      if (seen.has(item.name)) throw new StorageError('CORRUPT', `the server listed ${JSON.stringify(item.name)} twice in one directory`, { path })
      seen.add(item.name)
      items.push(item)
    }
  }
  return items
}

/** What a listing or MLST says, as an entry. */
export function toEntry(remote: Remote, path: Path, item: Listed): Entry {
  const { kind, size, mode, id, target } = item
  switch (kind) {
    case 'directory':
      return { kind, path }
    case 'symlink':
      return target === undefined
        ? { kind: 'problem', path, reason: 'a symbolic link, and the server does not tell where it points to' }
        : { kind, path, target }
    case 'other':
      return { kind: 'problem', path, reason: 'neither a file nor a directory' }
    case 'file': {
      const time = timeOf(remote, item)
      return { kind, path, size, ...time, ...(mode !== undefined && { mode }), ...(id !== undefined && { id }) }
    }
  }
}

function timeOf(remote: Remote, { modified, shown }: Listed): { readonly modified?: number; readonly modifiedPrecision?: number } {
  if (modified !== undefined) return { modified }
  if (shown === undefined) return {}
  return { modified: shown.local + zoneOf(remote.known, shown), modifiedPrecision: shown.precision }
}

/**
 * Why a directory could not be entered. Servers answer 550 for everything, and nothing may look absent that is only unreadable.
 *
 * @throws StorageError always
 */
export async function explainClosed(remote: Remote, connection: Connection, path: Path, error: ReplyError): Promise<never> {
  if (/permission|denied/i.test(error.message)) throw error
  const above = path === '' ? remote.above : { directory: remote.at(parentPath(path)), name: baseName(path) }
  if (above === undefined) throw error
  const kind = hasFacts(remote.known) ? await kindByFacts(remote, connection, path) : await kindInDirectory(remote, connection, above)
  const where = place(path, remote.name)
  if (kind === undefined) throw new StorageError('NOT_FOUND', `nothing is at ${where}`, { path, cause: error })
  if (kind !== 'directory') throw new StorageError('NOT_A_DIRECTORY', `${where} is no directory`, { path, cause: error })
  throw new StorageError('PERMISSION_DENIED', `could not enter ${where}: ${error.message}; check what the account may do there`, {
    path,
    cause: error,
  })
}

async function kindByFacts(remote: Remote, connection: Connection, path: Path): Promise<Listed['kind'] | undefined> {
  const [reply] = (await connection.ask(`MLST ${remote.at(path)}`)) as [Reply]
  if (!isPositive(reply)) return undefined
  return factsIn(reply, path)?.kind ?? 'directory'
}

/** What MLST says; `undefined` for a directory that calls itself the current one. */
export function factsIn(reply: Reply, path: Path): Listed | undefined {
  const line = reply.text.split('\n').find(candidate => /^\s*[^\s=;]+=[^;]*;/.test(candidate))
  if (line === undefined) throw new StorageError('CORRUPT', `the server's answer about ${JSON.stringify(path)} cannot be understood`, { path })
  return parseFacts(line.trimStart(), path)
}

async function kindInDirectory(
  remote: Remote,
  connection: Connection,
  { directory, name }: { readonly directory: string; readonly name: string },
): Promise<Listed['kind'] | undefined> {
  const items: Listed[] = []
  const onReplies = ([entered]: readonly Reply[]): void => {
    if (entered !== undefined && !isPositive(entered)) throw new ReplyError('CWD', entered)
  }
  const command = remote.known.listHidden ? 'LIST -a' : 'LIST'
  try {
    const chunks = connection.retrieve(command, { before: [`CWD ${directory}`], onReplies })
    for await (const lines of linesOf(chunks, directory, remote.settings.maxListingBytes)) {
      for (const line of lines) {
        const item = parseLine(line, directory, Date.now())
        if (item !== undefined) items.push(item)
      }
    }
  } catch (error) {
    // The directory above cannot be entered either: it is missing too, or closed, and then it says so.
    if (error instanceof ReplyError && error.command === 'CWD') return undefined
    throw error
  }
  return items.find(item => item.name === name)?.kind
}
