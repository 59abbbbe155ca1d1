import { baseName, type Entry, joinPath, parentPath, type Path } from '@syncline/core'
import type { Connection } from './connection.ts'
import { factsIn, isDoubtful, listLines, toEntry, withKindOf } from './directory.ts'
import { hasFacts } from './known.ts'
import { type Listed, parseLine } from './listing.ts'
import type { LetGo } from './pool.ts'
import { type Remote, saysAbsent } from './remote.ts'
import { isPositive, type Reply, ReplyError } from './reply.ts'
import { parseTime } from './time.ts'

/**
 * What is at a path, exactly; `undefined` for nothing. Most answers settle it, so the connection is let go before they are there.
 */
export async function statFile(remote: Remote, connection: Connection, path: Path, letGo: LetGo): Promise<Entry | undefined> {
  const at = remote.at(path)
  let isHeld = true
  if (hasFacts(remote.known)) {
    const asking = connection.ask(`MLST ${at}`)
    isHeld = !letGo()
    const [reply] = (await asking) as [Reply]
    if (saysAbsent('MLST', reply)) return undefined
    const item = factsIn(reply, path)
    if (item !== undefined && path !== '' && !isDoubtful(item)) return toEntry(remote, path, item)
  } else if (remote.known.features.has('SIZE')) {
    const asking = connection.ask(`SIZE ${at}`, `CWD ${at}`)
    isHeld = !letGo()
    const [size, entered] = (await asking) as [Reply, Reply]
    if (!isPositive(size) && !isPositive(entered) && saysAbsent('SIZE', size) && saysAbsent('CWD', entered)) return undefined
  }
  return isHeld ? await statOn(remote, connection, path) : await remote.pool.use(another => statOn(remote, another, path))
}

/** What is at a path, exactly; `undefined` for nothing. */
export async function statOn(remote: Remote, connection: Connection, path: Path): Promise<Entry | undefined> {
  return hasFacts(remote.known) ? await statByFacts(remote, connection, path) : await statByQuestions(remote, connection, path)
}

async function statByFacts(remote: Remote, connection: Connection, path: Path): Promise<Entry | undefined> {
  const [reply] = (await connection.ask(`MLST ${remote.at(path)}`)) as [Reply]
  if (saysAbsent('MLST', reply)) return undefined
  const item = factsIn(reply, path)
  if (item === undefined || path === '') return { kind: 'directory', path }
  return toEntry(remote, path, isDoubtful(item) ? withKindOf(item, await lineOf(remote, connection, path, item.kind)) : item)
}

/**
 * Without MLST: SIZE knows files, CWD knows directories, and of a file MDTM knows the time. STAT adds the mode of a file, and whether it is a link.
 */
async function statByQuestions(remote: Remote, connection: Connection, path: Path): Promise<Entry | undefined> {
  const at = remote.at(path)
  if (!remote.known.features.has('SIZE')) return await statInDirectory(remote, connection, path)
  const [size, entered] = (await connection.ask(`SIZE ${at}`, `CWD ${at}`)) as [Reply, Reply]
  if (isPositive(entered)) {
    // A link to a directory can be entered too, and only the directory above shows that it is a link.
    return path === '' ? { kind: 'directory', path } : await statInDirectory(remote, connection, path)
  }
  if (!isPositive(size)) {
    saysAbsent('SIZE', size)
    saysAbsent('CWD', entered)
    return undefined
  }
  const asking = connection.ask(`MDTM ${at}`)
  const line = await lineOf(remote, connection, path, 'file')
  const [time] = (await asking) as [Reply]
  const exact = isPositive(time) ? parseTime(time.text) : undefined
  const bytes = Number(/^\d+/.exec(size.text.trim())?.[0])
  const item: Listed = { name: baseName(path), kind: 'file', size: bytes, mode: line?.mode }
  const modified = exact === undefined ? undefined : exact + (remote.known.zoneMs ?? 0)
  return toEntry(remote, path, withKindOf({ ...item, modified }, line))
}

/** The line that LIST would show for one path. */
async function lineOf(remote: Remote, connection: Connection, path: Path, kind: Listed['kind']): Promise<Listed | undefined> {
  // STAT of a directory, or of a link to one, sends what is in it, and the answer has to fit the control connection; a pattern finds other files.
  if (kind !== 'file' || /[*?[\]{}~\\]/.test(path)) return await lineIfListed(remote, connection, path)
  // vsftpd answers with nothing while it is in a directory that was removed.
  const [, reply] = (await connection.ask(`CWD ${remote.at(parentPath(path))}`, `STAT ${remote.at(path)}`)) as [Reply, Reply]
  for (const text of reply.text.split('\n').slice(1, -1)) {
    const line = text.trimStart()
    // Some show the path as it was asked for.
    const item = parseQuietly(line, path)
    if (item !== undefined && (item.name === baseName(path) || item.name.endsWith(`/${baseName(path)}`))) return { ...item, name: baseName(path) }
  }
  // vsftpd leaves out a link whose target is in another directory.
  return await lineIfListed(remote, connection, path)
}

function parseQuietly(line: string, path: Path): Listed | undefined {
  try {
    return parseLine(line, parentPath(path), Date.now())
  } catch {
    return undefined
  }
}

async function lineInDirectory(remote: Remote, connection: Connection, path: Path): Promise<Listed | undefined> {
  const items = await listLines(remote, connection, parentPath(path))
  return items.find(({ name }) => name === baseName(path))
}

/** The same, where it only adds to what is known: `undefined` if the directory cannot be listed. */
async function lineIfListed(remote: Remote, connection: Connection, path: Path): Promise<Listed | undefined> {
  try {
    return await lineInDirectory(remote, connection, path)
  } catch (error) {
    if (error instanceof ReplyError) return undefined
    throw error
  }
}

async function statInDirectory(remote: Remote, connection: Connection, path: Path): Promise<Entry | undefined> {
  if (path === '') return { kind: 'directory', path }
  try {
    const item = await lineInDirectory(remote, connection, path)
    return item === undefined ? undefined : toEntry(remote, joinPath(parentPath(path), item.name), item)
  } catch (error) {
    if (error instanceof ReplyError && error.command === 'CWD' && saysAbsent('CWD', { code: error.code, text: error.text })) return undefined
    throw error
  }
}
