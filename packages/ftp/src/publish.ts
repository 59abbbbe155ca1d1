import { baseName, joinPath, parentPath, type Path, StorageError, temporaryPrefix, type WriteOptions } from '@syncline/core'
import type { Connection } from './connection.ts'
import { factsIn } from './directory.ts'
import { place } from './errors.ts'
import { hashWays, hasFacts, type TimeCommand } from './known.ts'
import type { LetGo } from './pool.ts'
import type { Remote } from './remote.ts'
import { isPositive, type Reply, ReplyError } from './reply.ts'
import { statOn } from './stat.ts'
import { formatTime, isSayable, parseTime } from './time.ts'

/** A complete temporary file on its way to its name. */
export interface Draft {
  readonly temporary: Path
  readonly path: Path
  /** Bytes sent. */
  readonly size: number
  /** What was sent, by the function that the server is asked for. */
  readonly sha256?: string | undefined
}

/** What the server keeps of a published file, as far as it told. */
export interface Published {
  readonly modified?: number
  readonly mode?: number
  readonly hashes?: { readonly sha256: string }
}

/** The command that sets a time; `undefined` if the server has none, or FTP cannot say the time. */
export function setTimeCommand(
  remote: Remote,
  at: string,
  modified: number,
  how: TimeCommand | undefined = remote.known.setTime,
): string | undefined {
  if (how === undefined || !isSayable(modified)) return undefined
  if (how === 'MFMT') return `MFMT ${formatTime(modified)} ${at}`
  if (how === 'MDTM') return `MDTM ${formatTime(modified - (remote.known.zoneMs ?? 0))} ${at}`
  return `SITE UTIME ${formatTime(modified)} ${at}`
}

/** The command that sets permission bits; `undefined` if the server has none. */
export function setModeCommand(remote: Remote, at: string, mode: number): string | undefined {
  return remote.known.site.has('CHMOD') ? `SITE CHMOD ${(mode & 0o7777).toString(8).padStart(3, '0')} ${at}` : undefined
}

/** The questions about a complete temporary file, by what they are for, and commands that finish it. */
export function questionsOf(
  remote: Remote,
  { temporary, path, sha256 }: Draft,
  { modified, mode, ifNoneMatch }: WriteOptions,
): ReadonlyMap<string, string> {
  const [from, to] = [remote.at(temporary), remote.at(path)]
  const commands = new Map<string, string>()
  const add = (key: string, command: string | undefined): void => {
    if (command !== undefined) commands.set(key, command)
  }
  if (mode !== undefined && mode !== remote.known.newFileMode) add('mode', setModeCommand(remote, from, mode))
  // After the mode: a file that its owner may not write would keep the wrong time on some servers.
  if (modified !== undefined) add('time', setTimeCommand(remote, from, modified))
  if (!commands.has('time') && remote.known.features.has('MDTM')) add('clock', `MDTM ${from}`)
  if (sha256 !== undefined && hashesSha256(remote)) {
    add('algorithm', 'OPTS HASH SHA-256')
    add('hash', `HASH ${from}`)
  }
  if (remote.known.features.has('SIZE')) add('size', `SIZE ${from}`)
  if (hasFacts(remote.known)) add('target', `MLST ${to}`)
  else if (ifNoneMatch !== undefined) add('target', `SIZE ${to}`)
  return commands
}

/** What the server said about a complete temporary file. */
export interface Confirmed {
  /** Of {@link questionsOf}. */
  readonly questions: ReadonlyMap<string, string>
  /** To these, in their order. */
  readonly replies: readonly Reply[]
  /** The rename has been sent: from now on nobody knows whether it has happened until it is answered. The connection is free for the next. */
  readonly onRename?: LetGo
}

/**
 * Gives a complete file its name, after the server has confirmed its size: what was cut off on the way must never have the name.
 */
export async function publish(
  remote: Remote,
  connection: Connection,
  draft: Draft,
  options: WriteOptions,
  { questions, replies, onRename }: Confirmed,
): Promise<Published> {
  const { temporary, path, size, sha256 } = draft
  const { modified, mode } = options
  const answer = new Map([...questions.keys()].map((key, i) => [key, replies[i] as Reply]))
  checkContent(remote, draft, answer)
  const from = remote.at(temporary)
  const exists = checkTarget(remote, path, answer.get('target'), options)
  if (exists && !remote.known.replaces) await replaceAside(remote, connection, from, path)
  else await renameOver(remote, connection, from, path, onRename)
  remote.hasParents(path)
  const kept = timeKept(remote, modified, answer)
  const isModeKept = mode !== undefined && (mode === remote.known.newFileMode || isPositive(answer.get('mode') ?? refused))
  return {
    ...(kept !== undefined && { modified: kept }),
    ...(isModeKept && { mode: mode & 0o7777 }),
    ...(sha256 !== undefined && isPositive(answer.get('hash') ?? refused) && size > 0 && { hashes: { sha256 } }),
  }
}

/** {@link publish} for a file that has been there for a while. */
export async function askAndPublish(remote: Remote, connection: Connection, draft: Draft, options: WriteOptions): Promise<Published> {
  const questions = questionsOf(remote, draft, options)
  return await publish(remote, connection, draft, options, { questions, replies: await connection.ask(...questions.values()) })
}

const refused: Reply = { code: 500, text: '' }

/** Whether the server can say what arrived. It costs no round trip, and finds what changed on the way. */
export function hashesSha256({ known }: Remote): boolean {
  return hashWays(known).some(way => way.command === 'HASH SHA-256')
}

function checkContent(remote: Remote, { path, size, sha256 }: Draft, answer: ReadonlyMap<string, Reply>): void {
  const sizeReply = answer.get('size')
  if (sizeReply !== undefined) {
    const stored = isPositive(sizeReply) ? Number(/^\d+/.exec(sizeReply.text.trim())?.[0]) : undefined
    if (stored !== size) {
      const got = stored === undefined ? `does not tell the size (${sizeReply.text})` : `stored ${stored} bytes`
      throw new StorageError('CORRUPT', `${place(path, remote.name)} was sent with ${size} bytes, and the server ${got}`, { path, retryable: true })
    }
  }
  const hashReply = answer.get('hash')
  if (sha256 === undefined || hashReply === undefined || !isPositive(hashReply)) return
  const theirs = /\bSHA-256 \S+ ([0-9a-f]{64})\b/i.exec(hashReply.text)?.[1]?.toLowerCase()
  if (theirs !== undefined && theirs !== sha256) {
    throw new StorageError('CORRUPT', `${place(path, remote.name)} arrived with other content than was sent; try again`, { path, retryable: true })
  }
}

/** @returns whether a file is at the target @throws StorageError if it must not be replaced */
function checkTarget(remote: Remote, path: Path, reply: Reply | undefined, { ifNoneMatch }: WriteOptions): boolean {
  if (reply === undefined || !isPositive(reply)) return false
  const isDirectory = hasFacts(remote.known) && (factsIn(reply, path)?.kind ?? 'directory') === 'directory'
  if (isDirectory) throw new StorageError('IS_A_DIRECTORY', `a directory is at ${place(path, remote.name)}`, { path })
  if (ifNoneMatch !== undefined)
    throw new StorageError('PRECONDITION_FAILED', `something is at ${place(path, remote.name)} that was not there before`, { path })
  return true
}

async function renameOver(remote: Remote, connection: Connection, from: string, path: Path, onRename: LetGo | undefined): Promise<void> {
  const renaming = connection.rename(from, remote.at(path))
  if (connection.isSending) connection.prepareTransfer()
  const isHeld = onRename?.() !== true
  try {
    await renaming
  } catch (error) {
    if (!(error instanceof ReplyError) || error.command !== 'RNTO') throw error
    const settle = (mine: Connection): Promise<void> => replaceUnlessDirectory(remote, mine, from, path, error)
    await (isHeld ? settle(connection) : remote.pool.use(settle))
  }
}

async function replaceUnlessDirectory(remote: Remote, connection: Connection, from: string, path: Path, error: ReplyError): Promise<void> {
  const there = await statOn(remote, connection, path)
  if (there?.kind === 'directory') throw new StorageError('IS_A_DIRECTORY', `a directory is at ${place(path, remote.name)}`, { path, cause: error })
  if (there === undefined) throw error
  await replaceAside(remote, connection, from, path)
  remote.known.replaces = false
}

/**
 * For servers whose rename does not replace. The old file is put aside until the new one is in its place, under a name by which the engine finds it
 * again if this is interrupted.
 */
async function replaceAside(remote: Remote, connection: Connection, from: string, path: Path): Promise<void> {
  const to = remote.at(path)
  const aside = remote.at(joinPath(parentPath(path), `${temporaryPrefix}old-${baseName(path)}`))
  // What an earlier, interrupted replacement put aside has been replaced since: something is at the path.
  await connection.ask(`DELE ${aside}`)
  await connection.rename(to, aside)
  try {
    await connection.rename(from, to)
  } catch (error) {
    await connection.rename(aside, to)
    throw error
  }
  await connection.ask(`DELE ${aside}`)
}

/** The time that the file has now, as far as the server has told. */
function timeKept(remote: Remote, wanted: number | undefined, answer: ReadonlyMap<string, Reply>): number | undefined {
  if (wanted !== undefined && isPositive(answer.get('time') ?? refused)) return Math.floor(wanted / 1000) * 1000
  const clock = answer.get('clock') ?? refused
  const told = isPositive(clock) ? parseTime(clock.text) : undefined
  return told === undefined ? undefined : told + (remote.known.zoneMs ?? 0)
}
