import { createHash } from 'node:crypto'
import { type Bytes, type FileEntry, isStorageError, parentPath, type Path, StorageError, type WriteOptions } from '@syncline/core'
import type { Connection, Stored } from './connection.ts'
import { discard, makeDirectoryOn } from './change.ts'
import { meaningOf, place } from './errors.ts'
import { checkConditions } from './names.ts'
import { type Draft, hashesSha256, publish, questionsOf } from './publish.ts'
import type { LetGo } from './pool.ts'
import type { Remote } from './remote.ts'
import { LostConnection, ReplyError } from './reply.ts'
import { Rewindable } from './rewindable.ts'
import { temporaryFor } from './temporary.ts'

/** Writes a file under a temporary name in the same directory, and gives it its name when it is complete. */
export async function writeFile(remote: Remote, path: Path, content: Bytes, options: WriteOptions = {}): Promise<FileEntry> {
  const { signal } = options
  const source = new Rewindable(content, signal)
  const temporary = temporaryFor(path)
  let began = false
  let renames = false
  let stopSending: (() => void) | undefined
  try {
    signal?.throwIfAborted()
    checkConditions(remote, path, options)
    // Before there is a connection: content that comes from the same server needs one itself.
    const isWhole = await source.fill()
    if (!isWhole) stopSending = await remote.pool.startSending(signal)
    return await remote.pool.use(
      async (connection, letGo) => {
        if (began) source.rewind()
        began = true
        const onRename = (): boolean => {
          renames = true
          return letGo()
        }
        return await writeOn(remote, connection, source, { temporary, path, options, isWhole, onRename })
      },
      // A rename whose answer was lost may have happened; only who knows what was there before can tell.
      { signal, repeatable: () => source.canRewind && source.failure === undefined && !renames },
    )
  } catch (error) {
    if (began) await discard(remote, temporary, signal?.aborted === true || error instanceof LostConnection)
    if (source.failure !== undefined && signal?.aborted !== true) throw source.failure.cause
    throw remote.failure(error, 'write', path, signal)
  } finally {
    stopSending?.()
    await source.close()
  }
}

interface Task {
  readonly temporary: Path
  readonly path: Path
  readonly options: WriteOptions
  /** The content is in memory. */
  readonly isWhole: boolean
  readonly onRename: LetGo
}

async function writeOn(remote: Remote, connection: Connection, source: Rewindable, task: Task): Promise<FileEntry> {
  const { temporary, path, options, onRename } = task
  const counted = counting(remote, source, path, options)
  let draft: Draft = { temporary, path, size: 0 }
  let questions: ReadonlyMap<string, string> = new Map()
  const after = (size: number): readonly string[] => {
    if (options.size !== undefined && size !== options.size) throw wrongSize(remote, path, size, options.size)
    draft = { temporary, path, size, sha256: counted.digest() }
    questions = questionsOf(remote, draft, options)
    return [...questions.values()]
  }
  const { bytes, replies } = await storeWithParents(remote, connection, task, counted, after)
  const published = await publish(remote, connection, draft, options, { questions, replies, onRename })
  return { kind: 'file', path, size: bytes, ...published }
}

/** The server hashes small files in passing. Big ones would keep the connection waiting. */
const hashedBytes = 64 * 1024 * 1024

function wantsHash(remote: Remote, { size }: WriteOptions): boolean {
  return size !== undefined && size <= hashedBytes && hashesSha256(remote)
}

/** Counts and hashes what passes, and stops content that is longer than announced. */
function counting(remote: Remote, source: Rewindable, path: Path, options: WriteOptions): Counted {
  const { size } = options
  let hash = wantsHash(remote, options) ? createHash('sha256') : undefined
  let bytes = 0
  return {
    next: async () => {
      const chunk = await (remote.pool.size > 1 ? source.next() : untilWanted(remote, path, source))
      if (chunk === undefined) return undefined
      bytes += chunk.length
      if (size !== undefined && bytes > size) throw wrongSize(remote, path, bytes, size)
      hash?.update(chunk)
      return chunk
    },
    canRestart: () => source.canRewind,
    restart: () => {
      source.rewind()
      bytes = 0
      hash = hash === undefined ? undefined : createHash('sha256')
    },
    digest: () => hash?.digest('hex'),
  }
}

/** Over the only connection there is: if the content has to come over it too, it never does. */
async function untilWanted(remote: Remote, path: Path, source: Rewindable): Promise<Uint8Array | undefined> {
  const { timeoutMs } = remote.settings
  let goOn: (() => void) | undefined
  const wanted = new Promise<never>((_, reject) => {
    const what = `the only connection to ${remote.name} waited ${timeoutMs / 1000} s for the content of ${path} while other calls waited for it`
    goOn = remote.pool.whileStalled(() => reject(new StorageError('TIMEOUT', `${what}; allow two with connections=2`, { path })), timeoutMs)
  })
  return await Promise.race([source.next(), wanted]).finally(goOn)
}

interface Counted extends Pick<Rewindable, 'next'> {
  readonly canRestart: () => boolean
  readonly restart: () => void
  readonly digest: () => string | undefined
}

function wrongSize(remote: Remote, path: Path, size: number, announced: number): StorageError {
  return new StorageError('CORRUPT', `the content for ${place(path, remote.name)} has ${size} bytes instead of the ${announced} announced`, { path })
}

/** STOR, with directories that may be missing made in the same packet. */
async function storeWithParents(
  remote: Remote,
  connection: Connection,
  { temporary, path, isWhole }: Task,
  content: Counted,
  after: (size: number) => readonly string[],
): Promise<Stored> {
  const missing = remote.parentsToMake(temporary).map(parent => `MKD ${remote.at(parent)}`)
  const command = `STOR ${remote.at(temporary)}`
  try {
    const stored = await connection.store(command, content, { before: missing, after, isWhole })
    remote.hasParents(temporary)
    return stored
  } catch (error) {
    if (!(error instanceof ReplyError) || error.code < 550 || meaningOf(error).code === 'NO_SPACE') throw error
    // Why it was refused shows when the directory is made by itself; one that was there may also have gone meanwhile.
    remote.forgetDirectories()
    await makeParent(remote, connection, path)
    if (!content.canRestart())
      throw new StorageError('UNAVAILABLE', `the directory of ${place(path, remote.name)} was missing`, { path, cause: error })
    content.restart()
    return await connection.store(command, content, { after, isWhole })
  }
}

async function makeParent(remote: Remote, connection: Connection, path: Path): Promise<void> {
  try {
    await makeDirectoryOn(remote, connection, parentPath(path))
  } catch (error) {
    if (!isStorageError(error)) throw error
    const code = error.code === 'ALREADY_EXISTS' ? 'NOT_A_DIRECTORY' : error.code
    throw new StorageError(code, error.message, { path, retryable: error.retryable, cause: error })
  }
}
