import {
  baseName,
  joinPath,
  parentPath,
  StorageError,
  untilAborted,
  type AbortOptions,
  type FileEntry,
  type Path,
  type Upload,
  type WriteOptions,
} from '@syncline/core'
import { toFileEntry, toSeconds } from './entry.ts'
import { place, toStorageError } from './errors.ts'
import { checkTarget, publish, renameRefuses } from './publish.ts'
import { isTemporary } from './names.ts'
import type { Tree } from './tree.ts'
import { permissionsOf } from './wire/attributes.ts'
import { close, create, fsetstat, fstat, fsync, lstat, open, read, remove, write, type Handle } from './wire/client.ts'
import { extension, openFlag } from './wire/constants.ts'
import { checkWritable, describeFailure, type WriteContext } from './write.ts'

const partSize = 8 * 1024 * 1024
/** Bytes on their way at a time. None is when `put` resolves: a part counts as there once the server has said so for all of it. */
const unansweredBytes = 4 * 1024 * 1024
const readBytes = 128 * 1024

/** Begins an upload, or goes on with one whose temporary file is still there. */
export async function upload(
  context: WriteContext,
  path: Path,
  { resume, ...options }: WriteOptions & { readonly resume?: string },
): Promise<Upload> {
  const { tree } = context
  options.signal?.throwIfAborted()
  try {
    checkWritable(tree, path)
    if (resume === undefined) {
      await tree.makeParents(path)
      const file = tree.temporary(path, 'part')
      const channel = await tree.connection.channel(options.signal)
      await close(await create(channel, file, options.mode === undefined ? undefined : 0o600))
      return new PartedUpload(context, path, file, 0, options)
    }
    const file = fileOf(tree, path, resume)
    const found = file === undefined ? undefined : await lstat(await tree.connection.channel(options.signal), file)
    if (file === undefined || found === undefined)
      throw new StorageError('NOT_FOUND', `the upload of ${place(path, tree.name)} cannot go on: nothing of it is on the server`, { path })
    return new PartedUpload(context, path, file, found.size ?? 0, options)
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason
    throw toStorageError(error, 'begin the upload of', path, tree.name)
  }
}

/** A token is the name of the temporary file. It comes from a state that anybody may have edited. */
function fileOf(tree: Tree, path: Path, token: string): string | undefined {
  return isTemporary(token) && baseName(token) === token && token.includes('-part-') ? tree.file(joinPath(parentPath(path), token)) : undefined
}

/**
 * An upload into one file. Parts are put in order; what the file has already is read back and compared, and sent only if it differs.
 */
class PartedUpload implements Upload {
  readonly token: string
  readonly partSize: number = partSize
  readonly sequential = true
  readonly #context: WriteContext
  readonly #path: Path
  readonly #file: string
  readonly #options: WriteOptions
  readonly #stored = new Set<number>()
  /** Bytes that the file had when this process began, of which none is trusted before it was compared. */
  readonly #found: number
  #writer: Promise<Writer> | undefined
  #size = 0

  constructor(context: WriteContext, path: Path, file: string, found: number, options: WriteOptions) {
    this.#context = context
    this.#path = path
    this.#file = file
    this.#found = found
    this.#options = options
    this.token = baseName(file)
    for (let index = 0; (index + 1) * partSize <= found; index++) this.#stored.add(index)
    // The last part is shorter: it is there if all of it is.
    if (options.size !== undefined && found === options.size && found % partSize > 0) this.#stored.add(Math.floor(found / partSize))
  }

  async stored({ signal }: AbortOptions = {}): Promise<readonly number[]> {
    signal?.throwIfAborted()
    return [...this.#stored].sort((a, b) => a - b)
  }

  async put(index: number, part: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (!Number.isInteger(index) || index < 0 || part.length > partSize)
      throw new TypeError(`a part has a number from 0 and at most ${partSize} bytes, got part ${index} of ${part.length} bytes`)
    await this.#attempt(signal, async () => {
      const start = index * partSize
      const writer = await this.#open()
      // Of the part that was under way when a process ended, the beginning is there.
      const there = this.#stored.has(index) ? part.length : Math.min(Math.max(0, this.#found - start), part.length)
      const isKept = there > 0 && (await holds(writer.handle, start, part.subarray(0, there)))
      this.#stored.delete(index)
      const requestBytes = this.#context.tree.connection.server.writeBytes
      for (let at = isKept ? there : 0; at < part.length; at += requestBytes) {
        writer.send(start + at, part.subarray(at, at + requestBytes))
        await writer.settle(unansweredBytes)
        signal?.throwIfAborted()
      }
      await writer.settle(0)
      this.#size = Math.max(this.#size, start + part.length)
      this.#stored.add(index)
    })
  }

  async complete({ signal }: AbortOptions = {}): Promise<FileEntry> {
    signal?.throwIfAborted()
    return this.#attempt(signal, async () => {
      const { tree, fsync: isDurable } = this.#context
      const { modified, size, ifNoneMatch } = this.#options
      if (size !== undefined && size !== this.#size)
        throw new StorageError('CORRUPT', `${this.#size} of the ${size} bytes of ${place(this.#path, tree.name)} were put`, { path: this.#path })
      const { handle } = await this.#open()
      const isCreateOnly = ifNoneMatch !== undefined
      const found = isCreateOnly && renameRefuses(tree.connection.server.software) ? undefined : await lstat(handle.channel, tree.file(this.#path))
      checkTarget(tree, this.#path, found, this.#options)
      const mode = this.#options.mode ?? (found === undefined ? undefined : permissionsOf(found))
      // What an earlier, longer version of the content has left behind the end goes.
      await fsetstat(handle, { size: this.#size })
      await fsetstat(handle, {
        ...(mode !== undefined && { mode: mode & 0o7777 }),
        ...(modified !== undefined && { modified: toSeconds(modified), accessed: toSeconds(Date.now()) }),
      })
      if (isDurable && tree.connection.has(extension.fsync)) await fsync(handle)
      const attributes = await fstat(handle)
      if (attributes.size !== undefined && attributes.size !== this.#size)
        throw new StorageError('CORRUPT', `the server has ${attributes.size} of the ${this.#size} bytes of ${place(this.#path, tree.name)}`, {
          path: this.#path,
        })
      await close(handle)
      this.#writer = undefined
      await tree.makeParents(this.#path)
      await publish(tree, this.#file, this.#path, isCreateOnly)
      return toFileEntry(this.#path, { ...attributes, size: this.#size })
    })
  }

  async abort(): Promise<void> {
    await this.#attempt(undefined, async () => {
      const writer = await this.#writer?.catch(() => undefined)
      this.#writer = undefined
      if (writer !== undefined) await close(writer.handle).catch(() => undefined)
      const channel = await this.#context.tree.connection.channel()
      if ((await lstat(channel, this.#file)) !== undefined) await remove(channel, this.#file)
    })
  }

  /** Opens the file, again after a lost connection. */
  #open(): Promise<Writer> {
    this.#writer ??= this.#reopen()
    return this.#writer
  }

  async #reopen(): Promise<Writer> {
    const channel = await this.#context.tree.connection.channelFor(this.#options.size ?? partSize)
    return new Writer(await open(channel, this.#file, openFlag.read | openFlag.write))
  }

  async #attempt<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await untilAborted(work(), signal)
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      const writer = await this.#writer?.catch(() => undefined)
      if (writer === undefined || !writer.isUsable) {
        this.#writer = undefined
        if (writer !== undefined) close(writer.handle).catch(() => undefined)
      }
      throw await describeFailure(this.#context.tree, this.#path, error, this.#options.size)
    }
  }
}

/** Requests to write into one open file. Once one of them failed it is good for nothing more: which of the others were done is not known. */
class Writer {
  readonly handle: Handle
  #unanswered = 0
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(handle: Handle) {
    this.handle = handle
  }

  get isUsable(): boolean {
    return this.#failure === undefined && this.handle.channel.isOpen
  }

  send(offset: number, bytes: Uint8Array): void {
    this.#unanswered += bytes.length
    const settled = (): void => {
      this.#unanswered -= bytes.length
      this.#wake?.()
      this.#wake = undefined
    }
    write(this.handle, offset, bytes).then(settled, (error: unknown) => {
      this.#failure ??= { error }
      settled()
    })
  }

  /** Resolves when no more than these bytes are unanswered. */
  async settle(bytes: number): Promise<void> {
    while (this.#unanswered > bytes && this.#failure === undefined) await new Promise<void>(resolve => (this.#wake = resolve))
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

async function holds(handle: Handle, start: number, part: Uint8Array): Promise<boolean> {
  const pieces: Promise<boolean>[] = []
  for (let at = 0; at < part.length; at += readBytes) pieces.push(isSame(handle, start + at, part.subarray(at, at + readBytes)))
  return (await Promise.all(pieces)).every(Boolean)
}

async function isSame(handle: Handle, offset: number, expected: Uint8Array): Promise<boolean> {
  let compared = 0
  while (compared < expected.length) {
    const bytes = await read(handle, offset + compared, expected.length - compared)
    if (bytes.length === 0 || !bytes.equals(expected.subarray(compared, compared + bytes.length))) return false
    compared += bytes.length
  }
  return true
}
