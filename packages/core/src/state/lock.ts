import { toBytes } from '../bytes.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import type { AbortOptions, FileEntry, WritableStorage, WriteOptions } from '../protocol.ts'
import { readFileIfAny, stateFiles } from './files.ts'

/** Who takes a lock. */
export interface LockOwner {
  /** Names the process so that others can judge it, e.g. `host:pid:start`. */
  readonly id: string
  /** Whether the process with this id still runs; undefined if that cannot be told, e.g. of another host. Without it only the expiry counts. */
  readonly isAlive?: (id: string) => boolean | undefined
}

export interface LockOptions extends AbortOptions {
  /** Milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: () => number
  /** Milliseconds after which a lock that was not renewed no longer counts; default 120,000. It is renewed at a third of it. */
  readonly ttlMs?: number
}

/** A lock that is held. */
export interface Lock {
  /** Lets go. Never removes a lock that is somebody else's by now. May be called again. */
  release(): Promise<void>
  /** Aborts when the lock was taken over, or could not be renewed before it expired: stop writing. */
  readonly lost: AbortSignal
}

/** The content of the file `lock`: JSON. */
interface LockContent {
  readonly owner: string
  /** Milliseconds since the Unix epoch. */
  readonly since: number
  readonly expires: number
  /** Random: tells two locks of one owner apart. */
  readonly token: string
}

/** Another run holds the lock. Test with {@link isLockedError}. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
  readonly exitCode: typeof ExitCode.LOCKED = ExitCode.LOCKED
  /** Id of the owner. */
  readonly owner: string
  /** Milliseconds since the Unix epoch. */
  readonly since: number
  readonly expires: number

  constructor(storageName: string, { owner, since, expires }: Pick<LockContent, 'owner' | 'since' | 'expires'>) {
    super(
      `this pair is being synced by ${owner} since ${new Date(since).toISOString()}: wait for that run, or stop it. ` +
        `If it no longer exists, its lock ends by itself at ${new Date(expires).toISOString()}, or remove "${stateFiles.lock}" from the state at ${storageName}`,
    )
    this.owner = owner
    this.since = since
    this.expires = expires
  }
}

/** Whether `error` is a {@link LockedError}, of this or another copy of the package. */
export function isLockedError(error: unknown): error is LockedError {
  return typeof error === 'object' && error !== null && (error as { readonly name?: unknown }).name === 'LockedError'
}

/** Longer than a storage that looks before it writes takes between the two. */
const settleMs = 250
const maxTurns = 20
/** Longer than another run takes to replace the file. */
const retryMs = 20

/**
 * Takes the lock of a state: the file `lock`, created only if absent and renewed while it is held.
 *
 * A lock whose owner is known to be dead, or that has expired, is taken over by replacing exactly the version that was read, so that of two
 * takers one wins. Where the storage does not decide preconditions itself, the file is read back after a moment: the last writer has won.
 *
 * @throws LockedError if another run holds it
 */
export async function acquireLock(storage: WritableStorage, owner: LockOwner, options: LockOptions = {}): Promise<Lock> {
  const lock = new HeldLock(storage, owner, options)
  await lock.take()
  return lock
}

class HeldLock implements Lock {
  readonly #storage: WritableStorage
  readonly #owner: LockOwner
  /** While the lock is being taken. An aborted run still holds it until it lets go. */
  #signal: AbortSignal | undefined
  readonly #now: () => number
  readonly #ttlMs: number
  readonly #token: string = crypto.randomUUID()
  readonly #since: number
  readonly #lost = new AbortController()
  #expires = 0
  #etag: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #renewal: Promise<void> = Promise.resolve()
  #released = false

  constructor(storage: WritableStorage, owner: LockOwner, { now = Date.now, ttlMs = 120_000, signal }: LockOptions) {
    this.#storage = storage
    this.#owner = owner
    this.#signal = signal
    this.#now = now
    this.#ttlMs = ttlMs
    this.#since = now()
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  async take(): Promise<void> {
    let unreadable = 0
    // A turn that neither wins nor finds a live lock was overtaken by another run, which then holds or has released it: a few turns are plenty.
    for (let turn = 1; ; turn++) {
      if (turn > maxTurns)
        throw new StorageError(
          'UNAVAILABLE',
          `the lock of the state at ${this.#storage.name} could not be taken: it changed ${maxTurns} times meanwhile`,
        )
      const found = await this.#read()
      if (found === undefined) {
        if (await this.#tryWrite({ ifNoneMatch: '*' })) break
      } else if (found.content?.token === this.#token) {
        this.#etag = found.entry.etag
        break
      } else if (found.content === undefined && unreadable++ === 0) {
        // Perhaps it is being written at this moment; if it is no better a little later, its writer was killed.
        await sleep(settleMs)
      } else if (found.content !== undefined && !this.#isOver(found.content)) {
        throw new LockedError(this.#storage.name, found.content)
      } else {
        const { etag } = found.entry
        if (await this.#tryWrite(etag === undefined ? {} : { ifMatch: etag })) break
      }
    }
    this.#signal = undefined
    this.#schedule(this.#ttlMs / 3)
  }

  #isOver({ owner, expires }: LockContent): boolean {
    return expires <= this.#now() || this.#owner.isAlive?.(owner) === false
  }

  async #read(): Promise<{ readonly entry: FileEntry; readonly content: LockContent | undefined } | undefined> {
    const options = { signal: this.#signal }
    for (let turn = 1; ; turn++) {
      const entry = await this.#storage.stat(stateFiles.lock, options)
      if (entry?.kind !== 'file') return undefined
      try {
        const bytes = await readFileIfAny(this.#storage, stateFiles.lock, options)
        return bytes === undefined ? undefined : { entry, content: parseLock(bytes) }
      } catch (error) {
        // Another run takes, renews or releases it at this very moment.
        if (turn >= maxTurns || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
        await sleep(Math.random() * retryMs)
      }
    }
  }

  /** Whether the file is ours after it was written under a precondition. */
  async #tryWrite(condition: Pick<WriteOptions, 'ifMatch' | 'ifNoneMatch'>): Promise<boolean> {
    const expires = this.#now() + this.#ttlMs
    const content: LockContent = { owner: this.#owner.id, since: this.#since, expires, token: this.#token }
    try {
      const text = JSON.stringify(content) + '\n'
      const entry = await this.#storage.write(stateFiles.lock, toBytes(text), { ...condition, signal: this.#signal })
      this.#etag = entry.etag
    } catch (error) {
      if (isStorageError(error, 'PRECONDITION_FAILED') || isStorageError(error, 'ALREADY_EXISTS')) return false
      // What was to be replaced has gone meanwhile. For a creation it means that the place of the state itself is missing.
      if (isStorageError(error, 'NOT_FOUND') && condition.ifMatch !== undefined) return false
      throw error
    }
    this.#expires = expires
    if (this.#storage.capabilities.conditional === true && (condition.ifMatch ?? condition.ifNoneMatch) !== undefined) return true
    if (this.#timer === undefined) await sleep(settleMs)
    return (await this.#read())?.content?.token === this.#token
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#renewal = this.#renew()
    }, delayMs)
    // In Node the timer must not keep a finished process alive.
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  async #renew(): Promise<void> {
    try {
      const found = await this.#read()
      if (found?.content?.token !== this.#token) return this.#lose('it was taken over by another run')
      const { etag } = found.entry
      if (!(await this.#tryWrite(etag === undefined ? {} : { ifMatch: etag }))) return this.#lose('it was taken over by another run')
    } catch (error) {
      if (this.#now() >= this.#expires) return this.#lose('it could not be renewed in time', error)
      if (!this.#released) this.#schedule(this.#ttlMs / 10)
      return
    }
    if (!this.#released) this.#schedule(this.#ttlMs / 3)
  }

  #lose(reason: string, cause?: unknown): void {
    this.#lost.abort(new Error(`the lock of the state at ${this.#storage.name} is lost: ${reason}`, { cause }))
  }

  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    clearTimeout(this.#timer)
    await this.#renewal
    if (this.#lost.signal.aborted) return
    if ((await this.#read())?.content?.token !== this.#token) return
    try {
      await this.#storage.remove(stateFiles.lock, this.#etag === undefined ? {} : { ifMatch: this.#etag })
    } catch (error) {
      if (!isStorageError(error, 'PRECONDITION_FAILED')) throw error
    }
  }
}

function parseLock(bytes: Uint8Array): LockContent | undefined {
  try {
    const { owner, since, expires, token } = JSON.parse(new TextDecoder().decode(bytes)) as LockContent
    const valid = typeof owner === 'string' && Number.isFinite(since) && Number.isFinite(expires) && typeof token === 'string'
    return valid ? { owner, since, expires, token } : undefined
  } catch {
    return undefined
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
