import { randomBytes, createHash } from 'node:crypto'
import { isStorageError, StorageError, untilAborted, type HashName, type Path } from '@syncline/core'
import { place } from './errors.ts'
import { stat } from './list.ts'
import type { Tree } from './tree.ts'
import { close, create, write } from './wire/client.ts'

/** The commands of GNU coreutils and busybox that print a digest, by hash. */
const commands = { sha256: 'sha256sum', sha1: 'sha1sum', md5: 'md5sum' } as const

/** Hashes that a shell of a server can compute. */
export type RemoteHashName = keyof typeof commands

const remoteHashNames: readonly RemoteHashName[] = ['sha256', 'sha1', 'md5']

/** Files that one command is given. */
const mostFiles = 500

interface Waiting {
  readonly path: Path
  readonly name: RemoteHashName
  readonly resolve: (digest: string | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Hashes files by commands in the shell of the account, many files in one command.
 *
 * Names go to the command as its input, so nothing that a name holds is read by the shell.
 */
export class RemoteHasher {
  readonly #tree: Tree
  #waiting: Waiting[] = []
  #isScheduled = false

  constructor(tree: Tree) {
    this.#tree = tree
  }

  async hash(path: Path, name: HashName, signal: AbortSignal | undefined): Promise<string> {
    if (!isRemoteHash(name)) throw new StorageError('NOT_SUPPORTED', `${this.#tree.name} has no ${name}`, { path })
    const entry = await stat(this.#tree, path, { signal })
    if (entry === undefined) throw new StorageError('NOT_FOUND', `could not hash ${place(path, this.#tree.name)}: nothing is there`, { path })
    if (entry.kind === 'directory')
      throw new StorageError('IS_A_DIRECTORY', `could not hash ${place(path, this.#tree.name)}: it is a directory`, { path })
    if (entry.kind !== 'file')
      throw new StorageError('NOT_SUPPORTED', `could not hash ${place(path, this.#tree.name)}: it is not a regular file`, { path })
    const digest = await untilAborted(
      new Promise<string | undefined>((resolve, reject) => {
        this.#waiting.push({ path, name, resolve, reject })
        if (this.#isScheduled) return
        this.#isScheduled = true
        setImmediate(() => this.#run())
      }),
      signal,
    )
    if (digest === undefined) throw new StorageError('UNKNOWN', `the server did not hash ${place(path, this.#tree.name)}`, { path })
    return digest
  }

  #run(): void {
    this.#isScheduled = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const name of remoteHashNames) {
      const mine = waiting.filter(each => each.name === name)
      for (let at = 0; at < mine.length; at += mostFiles) void this.#runCommand(name, mine.slice(at, at + mostFiles))
    }
  }

  async #runCommand(name: RemoteHashName, batch: readonly Waiting[]): Promise<void> {
    try {
      const digests = await digestsOf(
        this.#tree,
        name,
        batch.map(({ path }) => this.#tree.file(path)),
      )
      for (const { path, resolve } of batch) resolve(digests.get(this.#tree.file(path)))
    } catch (error) {
      for (const { path, reject } of batch)
        reject(isStorageError(error) ? new StorageError(error.code, error.message, { path, cause: error }) : error)
    }
  }
}

/**
 * Finds out which hashes the shell of a server can compute of the files that SFTP shows. They need not be the same files: an account can be
 * confined to a directory for one and not for the other. So a file is written and hashed.
 */
export async function probeHashes(tree: Tree): Promise<readonly RemoteHashName[]> {
  const file = tree.temporary('probe')
  const content = randomBytes(32)
  try {
    const channel = await tree.connection.channel()
    const handle = await create(channel, file, 0o600)
    await write(handle, 0, content)
    await close(handle)
    const isKnown = async (name: RemoteHashName): Promise<boolean> =>
      (await digestsOf(tree, name, [file])).get(file) === createHash(name).update(content).digest('hex')
    const known = await Promise.all([isKnown('sha256'), isKnown('sha1'), isKnown('md5')])
    return remoteHashNames.filter((_, index) => known[index])
  } catch (error) {
    if (isStorageError(error) && error.retryable) throw error
    // A root that is missing or may not be written to: then nothing was found out.
    return []
  } finally {
    await tree.removeTemporary(file)
  }
}

async function digestsOf(tree: Tree, name: RemoteHashName, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  // Of many files some may be gone: the command fails then, and has told the others.
  const command = `xargs -0 ${commands[name]} -- 2>/dev/null; true`
  const output = (await tree.connection.execute(command, Buffer.from(files.map(file => `${file}\0`).join(''))))?.toString() ?? ''
  const digests = new Map<string, string>()
  for (const line of output.split('\n')) {
    // A line that begins with a backslash has a name in which backslashes and line breaks are written as \\ and \n.
    const [, escaped, digest, file] = /^(\\?)([0-9a-f]{32,128}) [ *](.*)$/s.exec(line) ?? []
    if (digest === undefined || file === undefined) continue
    digests.set(escaped === '' ? file : file.replace(/\\([\\nr])/g, (_, letter: string) => ({ n: '\n', r: '\r' })[letter] ?? '\\'), digest)
  }
  return digests
}

function isRemoteHash(name: HashName): name is RemoteHashName {
  return Object.hasOwn(commands, name)
}
