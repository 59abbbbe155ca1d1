import { createHash } from 'node:crypto'
import {
  type AbortOptions,
  baseName,
  type FileEntry,
  joinPath,
  onAbort,
  parentPath,
  type Path,
  StorageError,
  type Upload,
  type WriteOptions,
} from '@syncline/core'
import { discard } from './change.ts'
import type { Connection, StoreStream } from './connection.ts'
import { place } from './errors.ts'
import { hashRangeOn } from './hash.ts'
import { rangeHashWay } from './known.ts'
import { checkConditions } from './names.ts'
import { askAndPublish } from './publish.ts'
import type { Remote } from './remote.ts'
import { LostConnection, ReplyError } from './reply.ts'
import { statOn } from './stat.ts'
import { partSize } from './spare-parts.ts'
import { isUploadName, uploadFor } from './temporary.ts'

/** Parts of one upload that are kept although they were sent: a broken connection loses what the network held, some megabytes. */
const doubtfulParts = 2

/** Milliseconds without a part after which the data connection is given up; servers do so after minutes. */
const restMs = 20_000

/** Begins an upload, or goes on with one. */
export async function openUpload(remote: Remote, path: Path, options: WriteOptions & { readonly resume?: string }): Promise<Upload> {
  const { signal, resume, ...rest } = options
  signal?.throwIfAborted()
  checkConditions(remote, path, options)
  if (resume === undefined) {
    return new FtpUpload(remote, path, uploadFor(path), rest)
  }
  // Whoever has the token may be this very process, with bytes on their way.
  const live = remote.uploads.get(resume)
  if (live !== undefined && live.path === path) {
    await live.rest()
    return live
  }
  if (!isUploadName(resume)) throw gone(remote, path, resume)
  const upload = new FtpUpload(remote, path, joinPath(parentPath(path), resume), rest)
  await upload.resume({ signal })
  return upload
}

function gone(remote: Remote, path: Path, token: string): StorageError {
  return new StorageError('NOT_FOUND', `${remote.name} has no upload ${token} of ${path}; it was completed or aborted`, { path })
}

/** A transfer that stays open from one part to the next, on a connection of its own. */
interface Open {
  readonly connection: Connection
  readonly stream: StoreStream
  readonly forget: () => void
}

/** What the server has is read back from here on, to be compared. */
interface Reader {
  readonly connection: Connection
  readonly chunks: AsyncGenerator<Buffer, void, undefined>
  position: number
  rest: Uint8Array
}

/**
 * A file that is sent in order. One transfer goes over all parts, so that a big file moves as fast as if it were sent at once; when the connection
 * is needed elsewhere, breaks, or the process ends, it goes on with APPE.
 */
export class FtpUpload implements Upload {
  readonly token: string
  readonly partSize: number = partSize
  readonly sequential = true
  readonly #remote: Remote
  readonly path: Path
  readonly #temporary: Path
  readonly #options: WriteOptions
  /** Bytes that were accepted, or that the server had. */
  #size = 0
  /** The file on the server is longer than what is to be in it, because its end was of another version. */
  #longest = 0
  /** The server adds to files, and does not go on from a place. */
  #appends = false
  /** A transfer broke, and what the server has of it is not known yet. */
  #isBroken = false
  /** Whether the last part, shorter than the others, was given by the caller, so the file is known to end there. */
  #endIsKnown = false
  /** The last parts given, in order: what of them the server has is uncertain until the transfer is over. */
  #doubtful: { readonly offset: number; readonly memory: Uint8Array; readonly bytes: Uint8Array }[] = []
  #open: Open | undefined
  #reader: Reader | undefined
  /** Calls one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #isBusy = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(remote: Remote, path: Path, temporary: Path, options: WriteOptions) {
    this.#remote = remote
    this.path = path
    this.#temporary = temporary
    this.#options = options
    this.token = baseName(temporary)
    remote.uploads.set(this.token, this)
  }

  /** Finds out what the server has. */
  async resume({ signal }: AbortOptions): Promise<void> {
    await this.#use('resume the upload of', signal, async connection => {
      const entry = await statOn(this.#remote, connection, this.#temporary)
      if (entry?.kind !== 'file') throw gone(this.#remote, this.path, this.token)
      if (entry.size > 0 && !(await this.#canGoOn(connection, entry.size))) {
        await connection.ask(`DELE ${this.#remote.at(this.#temporary)}`)
        throw gone(this.#remote, this.path, this.token)
      }
      this.#size = entry.size
      this.#endIsKnown = this.#options.size === entry.size
    })
  }

  async stored({ signal }: AbortOptions = {}): Promise<readonly number[]> {
    signal?.throwIfAborted()
    const whole = Math.floor(this.#size / partSize)
    const count = this.#size % partSize !== 0 && this.#endIsKnown ? whole + 1 : whole
    return Array.from({ length: count }, (_, i) => i)
  }

  async put(index: number, part: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (part.length > partSize)
      throw new StorageError('CORRUPT', `part ${index} of ${this.path} is longer than ${partSize} bytes`, { path: this.path })
    await this.#inTurn('upload', signal, async () => {
      const offset = index * partSize
      if (offset > this.#size) {
        throw new StorageError('UNAVAILABLE', `${place(this.path, this.#remote.name)} lacks the bytes before part ${index}; put the parts in order`, {
          path: this.path,
          retryable: false,
        })
      }
      const there = Math.min(this.#size - offset, part.length)
      if (there === 0 || !(await this.#has(offset, part.subarray(0, there)))) await this.#send(offset, part)
      else if (there < part.length) await this.#send(offset + there, part.subarray(there))
    })
  }

  async complete({ signal }: AbortOptions = {}): Promise<FileEntry> {
    signal?.throwIfAborted()
    return await this.#inTurn('complete the upload of', signal, async () => {
      await this.#finishStream()
      await this.#closeReader()
      const { size: announced } = this.#options
      if (announced !== undefined && announced !== this.#size) {
        throw new StorageError('CORRUPT', `the upload of ${this.path} has ${this.#size} of ${announced} bytes`, { path: this.path })
      }
      if (this.#longest > this.#size) {
        await discard(this.#remote, this.#temporary, false)
        throw new StorageError('CORRUPT', `the upload of ${this.path} holds the end of an older version and was discarded; try again`, {
          path: this.path,
          retryable: true,
        })
      }
      const draft = { temporary: this.#temporary, path: this.path, size: this.#size }
      const published = await this.#use('complete the upload of', signal, connection => askAndPublish(this.#remote, connection, draft, this.#options))
      this.#remote.uploads.delete(this.token)
      return { kind: 'file', path: this.path, size: this.#size, ...published }
    })
  }

  async abort(): Promise<void> {
    this.#drop(new LostConnection('the upload was aborted'))
    this.#remote.uploads.delete(this.token)
    this.#forgetDoubts()
    await this.#turn.catch(() => undefined)
    await discard(this.#remote, this.#temporary, false)
  }

  /** Ends the transfer so that the server has all that was accepted, and the connection is free. */
  async rest(): Promise<void> {
    await this.#inTurn('upload', undefined, async () => {
      await this.#finishStream()
      await this.#closeReader()
    })
  }

  /** Whether the server has exactly these bytes there. */
  async #has(offset: number, part: Uint8Array): Promise<boolean> {
    await this.#finishStream()
    if (offset + part.length > this.#size) return false
    const way = rangeHashWay(this.#remote.known)
    if (way !== undefined && part.length > 0) {
      const theirs = await this.#use('verify the upload of', undefined, connection =>
        hashRangeOn(this.#remote, connection, this.#temporary, way, [offset, offset + part.length]),
      )
      return theirs === createHash(way.name).update(part).digest('hex')
    }
    return await this.#readsAs(offset, part)
  }

  async #readsAs(offset: number, part: Uint8Array): Promise<boolean> {
    if (this.#reader !== undefined && this.#reader.position !== offset) await this.#closeReader()
    if (this.#reader === undefined) {
      const connection = await this.#remote.pool.acquire(undefined)
      const chunks = connection.retrieve(`RETR ${this.#remote.at(this.#temporary)}`, { offset })
      this.#reader = { connection, chunks, position: offset, rest: new Uint8Array(0) }
    }
    const reader = this.#reader
    let compared = 0
    try {
      while (compared < part.length) {
        if (reader.rest.length === 0) {
          const { done, value } = await reader.chunks.next()
          if (done === true) break
          reader.rest = value
        }
        const length = Math.min(reader.rest.length, part.length - compared)
        if (Buffer.compare(reader.rest.subarray(0, length), part.subarray(compared, compared + length)) !== 0) break
        reader.rest = reader.rest.subarray(length)
        compared += length
      }
    } finally {
      reader.position += compared
      if (compared < part.length || reader.position >= this.#size) await this.#closeReader()
    }
    return compared === part.length
  }

  async #send(offset: number, part: Uint8Array): Promise<void> {
    await this.#closeReader()
    if (this.#open?.connection.control.error !== undefined || this.#isBroken || offset !== this.#size) await this.#finishStream()
    if (offset > this.#size) throw this.#gap(offset)
    if (this.#open === undefined) await this.#start(offset)
    const { stream } = this.#open as Open
    this.#longest = Math.max(this.#longest, this.#size)
    try {
      for (let at = 0; at < part.length; at += pieceSize) await stream.write(part.subarray(at, at + pieceSize))
      // The caller may use its buffer again.
      await stream.flushed()
    } catch (error) {
      const cause = await stream.fail(error).catch((verdict: unknown) => verdict)
      this.#drop(new LostConnection('the upload was interrupted', { cause }))
      this.#isBroken = true
      throw cause
    }
    this.#size = offset + part.length
    this.#longest = Math.max(this.#longest, this.#size)
    this.#endIsKnown = true
    await this.#remember(offset, part)
  }

  /** Keeps a copy of a part until the server has surely got it, if there is room for that, and else asks the server now. */
  async #remember(offset: number, part: Uint8Array): Promise<void> {
    const { spareParts } = this.#remote
    const oldest = this.#doubtful.length >= doubtfulParts ? this.#doubtful.shift() : undefined
    const memory = oldest?.memory ?? spareParts.take()
    if (memory === undefined) {
      await this.#finishStream()
      return
    }
    memory.set(part)
    this.#doubtful.push({ offset, memory, bytes: memory.subarray(0, part.length) })
  }

  #forgetDoubts(): void {
    for (const { memory } of this.#doubtful.splice(0)) this.#remote.spareParts.giveBack(memory)
  }

  /** Some servers forbid to go on with a file. Then there is nothing to resume. */
  async #canGoOn(connection: Connection, size: number): Promise<boolean> {
    const nothingMore = { next: () => Promise.resolve(undefined) }
    const at = this.#remote.at(this.#temporary)
    for (const [command, offset] of [
      [`STOR ${at}`, size],
      [`APPE ${at}`, 0],
    ] as const) {
      try {
        await connection.store(command, nothingMore, { offset })
        this.#appends = offset === 0
        return true
      } catch (error) {
        if (!(error instanceof ReplyError)) throw error
      }
    }
    return false
  }

  #gap(offset: number): StorageError {
    const what = `the server has ${this.#size} of the first ${offset} bytes of ${place(this.path, this.#remote.name)}; put the parts in order`
    return new StorageError('UNAVAILABLE', what, { path: this.path, retryable: false })
  }

  /** Opens a transfer that goes on at `offset`. */
  async #start(offset: number): Promise<void> {
    const connection = await this.#remote.pool.acquire(undefined)
    try {
      const at = this.#remote.at(this.#temporary)
      const missing = offset > 0 ? [] : this.#remote.parentsToMake(this.#temporary).map(parent => `MKD ${this.#remote.at(parent)}`)
      // Rather from a place than to the end: what an earlier transfer still has under way then does no harm.
      const isAppended = this.#appends && offset > 0 && offset === this.#size
      const stream = isAppended ? await connection.openStore(`APPE ${at}`) : await connection.openStore(`STOR ${at}`, { before: missing, offset })
      if (offset === 0) this.#longest = 0
      this.#open = { connection, stream, forget: this.#remote.pool.holds(() => this.#letGo()) }
    } catch (error) {
      this.#remote.pool.release(connection)
      throw error
    }
  }

  /** Ends the transfer, and with it the doubt whether the server has what was accepted. */
  async #finishStream(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (open !== undefined) {
      open.forget()
      try {
        await open.stream.end()
        this.#forgetDoubts()
        this.#remote.hasParents(this.#temporary)
      } catch (error) {
        await open.stream.fail(error).catch(() => undefined)
        open.connection.control.close(new LostConnection('the upload was interrupted', { cause: error }))
        this.#isBroken = true
      }
      this.#remote.pool.release(open.connection)
    }
    if (this.#isBroken) await this.#lookAgain()
  }

  /** After a break: what the server has now. The last parts are known here, and sent again from where they were cut. */
  async #lookAgain(): Promise<void> {
    const entry = await this.#use('verify the upload of', undefined, connection => statOn(this.#remote, connection, this.#temporary))
    this.#isBroken = false
    const has = entry?.kind === 'file' ? entry.size : 0
    this.#longest = Math.max(this.#longest, has)
    // Copies, because sending them again begins new doubts.
    const lost = this.#doubtful
      .filter(({ offset, bytes }) => offset + bytes.length > has)
      .map(({ offset, bytes }) => ({ offset, bytes: bytes.slice() }))
    this.#forgetDoubts()
    const isCovered = lost.length > 0 && (lost[0]?.offset ?? 0) <= has
    this.#size = Math.min(has, this.#size)
    if (!isCovered) return
    for (const { offset, bytes } of lost) {
      this.#size = offset
      await this.#send(offset, bytes)
    }
    await this.#finishStream()
  }

  /** Somebody waits for a connection. */
  #letGo(): void {
    if (!this.#isBusy) void this.rest().catch(() => undefined)
  }

  #drop(reason: LostConnection): void {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    open.forget()
    open.connection.control.close(reason)
    this.#remote.pool.release(open.connection)
  }

  async #closeReader(): Promise<void> {
    const reader = this.#reader
    this.#reader = undefined
    if (reader === undefined) return
    await reader.chunks.return().catch(() => undefined)
    this.#remote.pool.release(reader.connection)
  }

  async #use<T>(doing: string, signal: AbortSignal | undefined, run: (connection: Connection) => Promise<T>): Promise<T> {
    return await this.#remote.use(doing, this.path, { signal }, run)
  }

  async #inTurn<T>(doing: string, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    const before = this.#turn
    const mine = before.then(
      () => run(),
      () => run(),
    )
    this.#turn = mine.catch(() => undefined)
    clearTimeout(this.#timer)
    this.#isBusy = true
    const leave = onAbort(signal, () => this.#drop(new LostConnection('the call was aborted')))
    try {
      return await mine
    } catch (error) {
      throw this.#remote.failure(error, doing, this.path, signal)
    } finally {
      leave()
      this.#isBusy = false
      if (this.#remote.pool.isContended) this.#letGo()
      this.#timer = setTimeout(() => this.#letGo(), restMs)
      this.#timer.unref()
    }
  }
}

const pieceSize = 256 * 1024
