import { abortable, onAbort, type Path, type ReadOptions, StorageError } from '@syncline/core'
import type { Connection } from './connection.ts'
import { factsIn } from './directory.ts'
import { isBusy, meaningOf, place, toStorageError } from './errors.ts'
import { hasFacts } from './known.ts'
import { checkReadable } from './names.ts'
import type { Remote } from './remote.ts'
import { isPositive, LostConnection, type Reply, ReplyError } from './reply.ts'
import { statOn } from './stat.ts'

/** Tries without a new byte after which a broken download is given up. */
const attempts = 4
const baseDelayMs = 200

/** What tells versions of a file apart, as far as FTP can. */
interface Version {
  readonly size: number | undefined
  /** Size, time and, where the server tells, identity. */
  readonly mark: string
}

/** The bytes of a file. A download that breaks goes on where it was, if the file is still the same. */
export async function* readFile(remote: Remote, path: Path, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = options
  signal?.throwIfAborted()
  if (checkReadable(path) === undefined) throw nothing(remote, path)
  if (options.ifMatch !== undefined) {
    throw new StorageError('PRECONDITION_FAILED', `${remote.name} has no etags, so ${path} cannot be asked for by one`, { path })
  }
  try {
    yield* abortable(resumed(remote, path, options), signal)
  } catch (error) {
    throw remote.failure(error, 'read', path, signal)
  }
}

async function* resumed(remote: Remote, path: Path, { offset = 0, length, signal }: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
  let version: Version | undefined
  let given = 0
  // One chunk is kept back, so that the last one is handed out when the connection is free again: who gets it may have to ask for
  // something else first, and if all connections were held by readers that wait for that, none would ever be free.
  let kept: Uint8Array | undefined
  let broken: unknown
  for (let attempt = 1; ; attempt++) {
    const connection = await remote.pool.acquire(signal)
    const leave = onAbort(signal, () => connection.control.close(new LostConnection('the call was aborted')))
    let chunks: AsyncGenerator<Uint8Array, void, undefined> | undefined
    let lent: Promise<void> | undefined
    const giveBack = async (): Promise<void> => {
      await chunks?.return().catch(() => undefined)
      leave()
      remote.pool.release(connection)
    }
    const lend = (): void => void (lent ??= giveBack())
    try {
      const now = await versionOf(remote, connection, path)
      if (version !== undefined && given > 0 && now.mark !== version.mark)
        throw new StorageError('PRECONDITION_FAILED', `${place(path, remote.name)} changed while it was read; run the sync again`, { path })
      version = now
      const from = offset + given
      const left = length === undefined ? undefined : length - given
      if (left === 0 || (now.size !== undefined && from >= now.size && from > 0)) break
      chunks = retrieveRange(remote, connection, path, from, left)
      while (lent === undefined) {
        const { done, value: chunk } = await chunks.next()
        if (done === true) break
        given += chunk.length
        attempt = 0
        if (kept !== undefined) {
          // Whoever is slow to take it may wait for a connection, and every connection may be held like this.
          const goOn = remote.pool.whileStalled(lend)
          try {
            yield kept
          } finally {
            goOn()
          }
        }
        kept = chunk
      }
      if (lent !== undefined) continue
      const expected = now.size === undefined ? undefined : Math.min(now.size - offset, length ?? Infinity)
      if (expected !== undefined && given > expected)
        throw new StorageError('PRECONDITION_FAILED', `${place(path, remote.name)} grew while it was read; run the sync again`, { path })
      if (expected !== undefined && given < expected) {
        throw new StorageError('UNAVAILABLE', `${place(path, remote.name)} ended after ${given} of ${expected} bytes`, { path })
      }
      break
    } catch (error) {
      const isStale = error instanceof LostConnection && connection.isReused && attempt === 1 && !error.timedOut
      // A server that cannot go on in a file: what broke the transfer is what to tell.
      if (error instanceof ReplyError && error.command === 'REST' && broken !== undefined) throw broken
      if (error instanceof ReplyError && !isBusy(error)) throw await explainUnread(remote, connection, path, error)
      const passes = isStale || isBusy(error) || (given > 0 && toStorageError(error, 'read', path, remote.name).retryable)
      if (signal?.aborted === true || !passes || attempt >= attempts) throw error
      broken = error
    } finally {
      lend()
      await lent
    }
    await new Promise(resolve => setTimeout(resolve, baseDelayMs * 2 ** attempt * Math.random()))
  }
  if (kept !== undefined) yield kept
}

/** Size, time and identity, in one round trip that also prepares the transfer. */
async function versionOf(remote: Remote, connection: Connection, path: Path): Promise<Version> {
  const at = remote.at(path)
  if (path === '') throw new StorageError('IS_A_DIRECTORY', `${remote.name} is a directory`, { path })
  const questions = hasFacts(remote.known) ? [`MLST ${at}`] : [`SIZE ${at}`, `MDTM ${at}`]
  const asking = connection.ask(...questions)
  connection.prepareTransfer()
  const [first, second] = (await asking) as [Reply, Reply?]
  if (!isPositive(first)) {
    // SIZE of what is no file is refused, and not every server has SIZE: RETR decides.
    if (hasFacts(remote.known)) throw new ReplyError('MLST', first)
    return { size: undefined, mark: '' }
  }
  if (second !== undefined) return { size: Number(/^\d+/.exec(first.text.trim())?.[0]), mark: `${first.text} ${second.text}` }
  const item = factsIn(first, path)
  if (item?.kind !== 'file') throw new ReplyError('RETR', { code: 550, text: 'it is not a file' })
  return { size: item.mode === 0o777 ? undefined : item.size, mark: `${item.size} ${item.modified} ${item.id}` }
}

async function* retrieveRange(
  remote: Remote,
  connection: Connection,
  path: Path,
  offset: number,
  length: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = length ?? Infinity
  for await (const chunk of connection.retrieve(`RETR ${remote.at(path)}`, { offset })) {
    yield chunk.length > left ? chunk.subarray(0, left) : chunk
    left -= chunk.length
    if (left <= 0) return
  }
}

/** 550 says only that it did not work. Asked over the same connection: another one may not be free before this one is. */
async function explainUnread(remote: Remote, connection: Connection, path: Path, error: ReplyError): Promise<unknown> {
  if (meaningOf(error).code !== 'PERMISSION_DENIED' && meaningOf(error).code !== 'NOT_FOUND') return error
  const entry = await statOn(remote, connection, path).catch(() => undefined)
  if (entry === undefined) return nothing(remote, path, error)
  if (entry.kind === 'directory') return new StorageError('IS_A_DIRECTORY', `${place(path, remote.name)} is a directory`, { path, cause: error })
  return error
}

function nothing(remote: Remote, path: Path, cause?: unknown): StorageError {
  return new StorageError('NOT_FOUND', `nothing is at ${place(path, remote.name)}`, { path, cause })
}
