import {
  type AbortOptions,
  type Capabilities,
  checkPath,
  type Entry,
  type FileEntry,
  type HashName,
  type Learned,
  type ListOptions,
  type Path,
  repeat,
  StorageError,
  walk,
  type WritableStorage,
} from '@syncline/core'
import { checkMove, copyOn, makeDirectoryOn, moveOn, nothing, removeLeftovers, removeOn, setModeOn, setModifiedOn } from './change.ts'
import { explainClosed, readDirectory } from './directory.ts'
import { hashOn } from './hash.ts'
import { factsOf, hashWays, hasFacts, type Known, recallFacts } from './known.ts'
import { openConnection } from './login.ts'
import { checkConditions, checkReadable, checkWritable, refusal } from './names.ts'
import { type FtpOptions, settingsOf } from './options.ts'
import { Pool } from './pool.ts'
import { probe } from './probe.ts'
import { readFile } from './read.ts'
import { Remote } from './remote.ts'
import { ReplyError } from './reply.ts'
import { statFile } from './stat.ts'
import { openUpload } from './upload.ts'
import { writeFile } from './write.ts'

/**
 * Opens a directory of an FTP server as a storage. Connects and logs in, so what the storage promises is what this server can do.
 *
 * @throws StorageError `UNAUTHENTICATED` if the login fails, the certificate cannot be verified, or a password would go over an open line
 * @throws StorageError `UNAVAILABLE`, `TIMEOUT` or `RATE_LIMITED` if the server cannot be reached
 * @throws TypeError for options that contradict each other
 * @example
 * const storage = await ftp({ host: 'ftp.example.org', user: 'ana', password: () => readPassword(), path: 'backup' })
 */
export async function ftp(options: FtpOptions): Promise<WritableStorage> {
  const { signal, ...rest } = options
  const settings = await settingsOf(rest)
  const first = await openConnection(settings, undefined, signal)
  const pool = new Pool(first, {
    open: (known, openSignal) => openConnection(settings, known, openSignal),
    connections: settings.connections,
    idleMs: settings.idleMs,
  })
  const storage = new FtpStorage(new Remote(settings, pool))
  if (settings.probe === 'open') await storage.tryOut(signal)
  // Operations that depend on the server are absent where it has none: getters that may be undefined.
  return storage as WritableStorage
}

/** The operations of the protocol. What each of them says to the server is in the file of its name. */
class FtpStorage {
  readonly name: string
  readonly list: WritableStorage['list']
  readonly learned: Learned
  readonly #remote: Remote
  #probing: Promise<void> | undefined
  /** The capabilities that were last told, and what of the server they depend on, besides what it announced at the login. */
  #told: (Pick<Known, 'replaces' | 'setTime' | 'exactNames'> & { readonly capabilities: Capabilities }) | undefined

  constructor(remote: Remote) {
    this.#remote = remote
    this.name = remote.name
    this.list = (path, options) => this.#list(path, options)
    this.learned = { recall: facts => recallFacts(remote.known, facts), facts: () => factsOf(remote.known) }
  }

  /** What is known by now: a try may show that the server can do more, or less. */
  get capabilities(): Capabilities {
    const { known, pool } = this.#remote
    const { replaces, setTime, exactNames } = known
    // More calls than connections: while one waits for its last answer, the next is on its way.
    const concurrency = pool.size * 2
    const told = this.#told
    // It is asked for at every file, and what it says changes two or three times in a run.
    if (told !== undefined && told.replaces === replaces && told.setTime === setTime && told.exactNames === exactNames) {
      if (told.capabilities.concurrency === concurrency) return told.capabilities
    }
    const hashes = hashWays(known).map(way => way.name)
    const capabilities: Capabilities = {
      ordered: true,
      directories: true,
      ...(replaces && { atomicWrite: true }),
      // Whatever gives a file its name asks about the target in the same breath. A version is never meant here, since no file has an etag.
      ...((hasFacts(known) || known.features.has('SIZE')) && { checksConditions: true }),
      ...(setTime !== undefined && { modifiedPrecision: 1000 }),
      ...(exactNames === true && { exactNames: true }),
      ...(hashes.length > 0 && { hashes }),
      concurrency,
    }
    this.#told = { replaces, setTime, exactNames, capabilities }
    return capabilities
  }

  async *#list(path: Path, options: ListOptions = {}): AsyncGenerator<readonly Entry[]> {
    const { signal } = options
    signal?.throwIfAborted()
    if (checkReadable(path) === undefined) throw nothing(this.#remote, path)
    // Without MLSD the zone of what is listed has to be known first.
    if (!this.#remote.known.features.has('MLST')) await this.tryOut(signal)
    yield* walk((directory, { signal: stop }) => this.#readDirectory(directory, stop), { concurrency: this.#remote.pool.size })(path, options)
  }

  /** A directory that could not be read for the moment is asked for again: given up, it would stay as it is for a whole run. */
  async #readDirectory(path: Path, signal: AbortSignal | undefined): Promise<readonly Entry[]> {
    const read = (): Promise<readonly Entry[]> =>
      this.#remote.use('list', path, { signal }, async connection => {
        try {
          return await readDirectory(this.#remote, connection, path)
        } catch (error) {
          if (!(error instanceof ReplyError) || error.command !== 'CWD' || error.code < 500) throw error
          return await explainClosed(this.#remote, connection, path, error)
        }
      })
    return await repeat(read, { attempts: 3, call: 'list', path, signal })
  }

  async stat(path: Path, { signal }: AbortOptions = {}): Promise<Entry | undefined> {
    signal?.throwIfAborted()
    if (checkReadable(path) === undefined) return undefined
    return await this.#remote.use('look at', path, { signal }, (connection, letGo) => statFile(this.#remote, connection, path, letGo))
  }

  read: WritableStorage['read'] = (path, options) => readFile(this.#remote, path, options)

  write: WritableStorage['write'] = async (path, content, options = {}) => {
    if (options.signal?.aborted !== true && checkPath(path) !== '') await this.tryOut(options.signal)
    return await writeFile(this.#remote, path, content, options)
  }

  async remove(path: Path, { signal, ifMatch }: Parameters<WritableStorage['remove']>[1] = {}): Promise<void> {
    signal?.throwIfAborted()
    if (checkReadable(path) === undefined) return
    if (path === '') throw new StorageError('INVALID_PATH', `the root of ${this.name} is not removed`, { path })
    if (ifMatch !== undefined) throw new StorageError('PRECONDITION_FAILED', `${this.name} has no etags`, { path })
    await this.#remote.use('remove', path, { signal }, connection => removeOn(this.#remote, connection, path))
  }

  async makeDirectory(path: Path, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    checkWritable(path, this.#remote.known, this.name)
    await this.tryOut(signal)
    checkWritable(path, this.#remote.known, this.name)
    await this.#remote.use('make the directory', path, { signal }, connection => makeDirectoryOn(this.#remote, connection, path))
  }

  async move(from: Path, to: Path, options: Parameters<NonNullable<WritableStorage['move']>>[2] = {}): Promise<void> {
    const { signal } = options
    signal?.throwIfAborted()
    checkMove(this.#remote, checkPath(from), checkPath(to), options)
    await this.tryOut(signal)
    await this.#remote.use('move', from, { signal, repeatable: false }, connection => moveOn(this.#remote, connection, from, to))
  }

  get copy(): WritableStorage['copy'] {
    const { site, features } = this.#remote.known
    if (!site.has('CPFR') && features.get('SITE') !== 'COPY') return undefined
    return async (from, to, options = {}): Promise<FileEntry> => {
      const { signal } = options
      signal?.throwIfAborted()
      if (checkReadable(from) === undefined) throw nothing(this.#remote, from)
      checkConditions(this.#remote, checkPath(to), options)
      await this.tryOut(signal)
      return await this.#remote.use('copy', from, { signal }, connection => copyOn(this.#remote, connection, from, to, options))
    }
  }

  get setModified(): WritableStorage['setModified'] {
    if (this.#remote.known.setTime === undefined) return undefined
    return async (path, modified, { signal } = {}) => {
      signal?.throwIfAborted()
      if (checkReadable(path) === undefined) throw nothing(this.#remote, path)
      await this.#remote.use('set the time of', path, { signal }, connection => setModifiedOn(this.#remote, connection, path, modified))
    }
  }

  get setMode(): WritableStorage['setMode'] {
    if (!this.#remote.known.site.has('CHMOD')) return undefined
    return async (path, mode, { signal } = {}) => {
      signal?.throwIfAborted()
      if (checkReadable(path) === undefined) throw nothing(this.#remote, path)
      await this.#remote.use('set the mode of', path, { signal }, connection => setModeOn(this.#remote, connection, path, mode))
    }
  }

  get hash(): WritableStorage['hash'] {
    if (hashWays(this.#remote.known).length === 0) return undefined
    return async (path: Path, name: HashName, { signal }: AbortOptions = {}): Promise<string> => {
      signal?.throwIfAborted()
      if (checkReadable(path) === undefined) throw nothing(this.#remote, path)
      return await this.#remote.use('hash', path, { signal }, connection => hashOn(this.#remote, connection, path, name))
    }
  }

  upload: WritableStorage['upload'] = async (path, options = {}) => {
    options.signal?.throwIfAborted()
    if (checkPath(path) !== '') await this.tryOut(options.signal)
    return await openUpload(this.#remote, path, options)
  }

  refuses(path: Path): string | undefined {
    return refusal(path, this.#remote.known)
  }

  /** Removes what was given up. FTP has no way to ask that what was stored is durable. */
  async flush({ signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    await removeLeftovers(this.#remote, { signal })
  }

  async close(): Promise<void> {
    for (const upload of this.#remote.uploads.values()) await upload.rest().catch(() => undefined)
    this.#remote.pool.close()
  }

  /** Tries the server out, once, unless an earlier run did. What fails here fails again in the call itself, and is told there. */
  async tryOut(signal: AbortSignal | undefined): Promise<void> {
    const { known, settings } = this.#remote
    if (known.probed || settings.probe === 'never') return
    this.#probing ??= probe(this.#remote).catch(() => undefined)
    await this.#probing
    signal?.throwIfAborted()
  }
}
