import { type HashName, type Path, StorageError } from '@syncline/core'
import { explainMissing, nothing } from './change.ts'
import type { Connection } from './connection.ts'
import { type HashWay, hashWays } from './known.ts'
import type { Remote } from './remote.ts'
import { isPositive, type Reply, ReplyError } from './reply.ts'
import { statOn } from './stat.ts'

/** The digest that the server computes of a file. Lower-case hex. */
export async function hashOn(remote: Remote, connection: Connection, path: Path, name: HashName): Promise<string> {
  const way = hashWays(remote.known).find(candidate => candidate.name === name)
  if (way === undefined) throw new StorageError('NOT_SUPPORTED', `${remote.name} does not compute ${name}`, { path })
  const entry = await statOn(remote, connection, path)
  if (entry === undefined) throw nothing(remote, path)
  if (entry.kind !== 'file') throw new StorageError('IS_A_DIRECTORY', `${path} is not a file`, { path })
  return await ask(remote, connection, path, way, [0, entry.size])
}

/** The digest of the bytes from `range[0]` up to and without `range[1]`, by a way that can do that. */
export async function hashRangeOn(
  remote: Remote,
  connection: Connection,
  path: Path,
  way: HashWay,
  range: readonly [number, number],
): Promise<string> {
  return await ask(remote, connection, path, way, range)
}

async function ask(remote: Remote, connection: Connection, path: Path, { command }: HashWay, [from, to]: readonly [number, number]): Promise<string> {
  const at = remote.at(path)
  const commands = command.startsWith('HASH ') ? [`OPTS ${command}`, `HASH ${at}`] : [`${command} "${at}" ${from} ${to}`]
  const reply = (await connection.ask(...commands)).at(-1) as Reply
  const digest = isPositive(reply) ? /\b([0-9a-f]{32,128})\b/i.exec(reply.text.replaceAll(at, ''))?.[1] : undefined
  if (digest !== undefined) return digest.toLowerCase()
  throw await explainMissing(remote, connection, path, new ReplyError(command, reply))
}
