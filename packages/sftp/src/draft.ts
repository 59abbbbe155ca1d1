import { StorageError, type Path, type WriteOptions } from '@syncline/core'
import { toSeconds } from './entry.ts'
import { place } from './errors.ts'
import type { Share } from './share.ts'
import type { Tree } from './tree.ts'
import { permissionsOf, type Attributes } from './wire/attributes.ts'
import type { SftpChannel } from './wire/channel.ts'
import { close, create, fsetstat, fstat, fsync, write, type Handle } from './wire/client.ts'
import { extension } from './wire/constants.ts'

/** How a draft is to look when it is finished. */
export interface DraftOptions {
  readonly modified?: number | undefined
  readonly mode?: number | undefined
  readonly fsync: boolean
}

/**
 * A file on its way, under a temporary name beside the one it will have.
 *
 * Writes are sent without waiting for each other. It gets its name only after the server has answered all of them: a rename sent along with them
 * would be done even if the disk was full.
 */
export class Draft {
  readonly file: string
  readonly #tree: Tree
  readonly #share: Share
  readonly #path: Path
  readonly handle: Handle
  readonly #requestBytes: number
  readonly #pending = new Set<Promise<void>>()
  #pendingBytes = 0
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined
  #size = 0
  #isOver = false

  /** Makes the temporary file. With a mode it can at first be read by its owner only. */
  static async create(tree: Tree, share: Share, path: Path, { mode, size, signal }: WriteOptions): Promise<Draft> {
    const file = tree.temporary(path)
    const channel = await tree.connection.channelFor(size, signal)
    try {
      return new Draft(tree, share, path, file, await create(channel, file, mode === undefined ? undefined : 0o600))
    } catch (error) {
      // Whether it was made before the connection was lost is not known.
      if (!channel.isOpen) tree.leave(file)
      throw error
    }
  }

  private constructor(tree: Tree, share: Share, path: Path, file: string, handle: Handle) {
    this.#share = share
    share.begin()
    this.#tree = tree
    this.#path = path
    this.file = file
    this.handle = handle
    this.#requestBytes = tree.connection.server.writeBytes
  }

  get size(): number {
    return this.#size
  }

  get channel(): SftpChannel {
    return this.handle.channel
  }

  /** The server itself has put this many bytes into it. */
  filled(bytes: number): void {
    this.#size += bytes
  }

  /** Sends bytes, which may change after this returned; resolves when more may be sent. @throws the failure of any write before */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += this.#requestBytes) {
      this.#send(chunk.length <= this.#requestBytes ? chunk : chunk.subarray(at, at + this.#requestBytes))
      while (this.#pendingBytes >= this.#share.bytes() && this.#failure === undefined) await new Promise<void>(resolve => (this.#wake = resolve))
      if (this.#failure !== undefined) throw this.#failure.error
    }
  }

  /**
   * Sets time and mode, makes the content durable if that is wanted, and closes the file.
   *
   * @returns what the server has
   * @throws StorageError `CORRUPT` if it has another size
   */
  async finish({ modified, mode, fsync: isDurable }: DraftOptions): Promise<Attributes> {
    const wanted: Attributes = {
      ...(mode !== undefined && { mode: mode & 0o7777 }),
      ...(modified !== undefined && { modified: toSeconds(modified), accessed: toSeconds(Date.now()) }),
    }
    // All sent at once; a server does them in this order.
    const steps: Promise<unknown>[] = [...this.#pending]
    if (mode !== undefined || modified !== undefined) steps.push(fsetstat(this.handle, wanted))
    if (isDurable && this.#tree.connection.has(extension.fsync)) steps.push(fsync(this.handle))
    const looked = fstat(this.handle)
    steps.push(looked, close(this.handle))
    const outcomes = await Promise.allSettled(steps)
    this.#over()
    if (this.#failure !== undefined) throw this.#failure.error
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    const attributes = await looked
    if (attributes.size !== undefined && attributes.size !== this.#size) {
      throw new StorageError(
        'CORRUPT',
        `the server has ${attributes.size} of the ${this.#size} bytes of ${place(this.#path, this.#tree.name)}; nothing was replaced`,
        { path: this.#path },
      )
    }
    return { ...attributes, size: this.#size, ...(permissionsOf(attributes) === undefined && mode !== undefined && { mode }) }
  }

  /** Gives the file up. Never throws; what cannot be removed now is removed later. */
  async discard(): Promise<void> {
    if (this.#over()) close(this.handle).catch(() => undefined)
    // Nobody is to wait for a new connection because of this.
    if (this.channel.isOpen) await this.#tree.removeTemporary(this.file)
    else this.#tree.leave(this.file)
  }

  #over(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#share.end()
    return true
  }

  #send(bytes: Uint8Array): void {
    const sent: Promise<void> = write(this.handle, this.#size, bytes).then(
      () => this.#settled(sent, bytes.length),
      (error: unknown) => {
        this.#failure ??= { error }
        this.#settled(sent, bytes.length)
      },
    )
    this.#size += bytes.length
    this.#pending.add(sent)
    this.#pendingBytes += bytes.length
  }

  #settled(sent: Promise<void>, bytes: number): void {
    this.#pending.delete(sent)
    this.#pendingBytes -= bytes
    this.#wake?.()
    this.#wake = undefined
  }
}
