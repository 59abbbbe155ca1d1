import { createReadStream } from 'node:fs'
import { copyFile, constants, mkdtemp, open, rm, stat, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bytes, ReadableStorage } from '@syncline/core'
import type { Content, FileNode } from './volume-tree.ts'

/** Bytes that are read at once. */
const pieceSize = 1024 * 1024

/** Files of a storage while they are put together from pieces, in a local directory that only its owner can enter. */
export class Spool {
  readonly #directory: string
  readonly #storage: ReadableStorage
  readonly #signal: AbortSignal | undefined
  #files = 0
  /** The one that is being written. */
  #open: { readonly file: string; readonly handle: FileHandle } | undefined

  /** @param parent - a directory with space for everything that a stream changes; default that of temporary files */
  static async make(storage: ReadableStorage, parent: string = tmpdir(), signal?: AbortSignal): Promise<Spool> {
    return new Spool(await mkdtemp(join(parent, 'syncline-spool-')), storage, signal)
  }

  private constructor(directory: string, storage: ReadableStorage, signal: AbortSignal | undefined) {
    this.#directory = directory
    this.#storage = storage
    this.#signal = signal
  }

  async write(node: FileNode, offset: number, data: Uint8Array): Promise<void> {
    const handle = await this.#own(node)
    for (let at = 0; handle !== undefined && at < data.length;) at += (await handle.write(data, at, data.length - at, offset + at)).bytesWritten
  }

  async truncate(node: FileNode, size: number): Promise<void> {
    // Whatever there was, or should have been: now it is known.
    if (size === 0) node.content = { kind: 'empty' }
    else await (await this.#own(node))?.truncate(size)
  }

  /** Puts a range of one file into another; holes behind its end stay holes. */
  async copyRange(source: Content, from: number, length: number, target: FileNode, to: number): Promise<void> {
    if (source.kind === 'lost') {
      target.content = { kind: 'lost', reason: `it was made from what is not there: ${source.reason}` }
      return
    }
    // Before the target is opened, because the two may be one.
    const size = await this.size(source)
    if (from + length > size) throw new RangeError(`its source has ${size} bytes, and ${length} from ${from} on are wanted`)
    const end = target.content.kind === 'lost' ? 0 : await this.size(target.content)
    let at = 0
    for await (const piece of this.read(source, from, length)) {
      if (to + at < end || piece.some(byte => byte !== 0)) await this.write(target, to + at, piece)
      at += piece.length
    }
    if (at !== length) throw new RangeError(`its source ended after ${from + at} bytes`)
    if (target.content.kind !== 'lost' && (await this.size(target.content)) < to + length) await this.truncate(target, to + length)
  }

  async size(content: Content): Promise<number> {
    switch (content.kind) {
      case 'empty':
        return 0
      case 'stored':
        return content.size
      case 'spooled':
        return (await stat(content.file)).size
      case 'lost':
        throw new RangeError(content.reason)
    }
  }

  async *read(content: Content, from: number = 0, length: number = Infinity): AsyncGenerator<Uint8Array, void, undefined> {
    if (content.kind === 'stored') {
      const { path, etag } = content
      const range = { ...(from > 0 && { offset: from }), ...(length < Infinity && { length }) }
      yield* this.#storage.read(path, { ...range, ...(etag !== undefined && { ifMatch: etag }), signal: this.#signal })
    } else if (content.kind === 'spooled' && length > 0) {
      yield* createReadStream(content.file, { start: from, end: from + length - 1, highWaterMark: pieceSize }) as Bytes
    } else if (content.kind === 'lost') throw new RangeError(content.reason)
  }

  async close(): Promise<void> {
    await this.#open?.handle.close().catch(() => undefined)
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** The file of a node, to write to; `undefined` where its content is lost, and stays so whatever is written to a part of it. */
  async #own(node: FileNode): Promise<FileHandle | undefined> {
    const { content } = node
    if (content.kind === 'lost') return undefined
    if (content.kind === 'spooled' && content.owner === node) return await this.#handle(content.file)
    const file = join(this.#directory, String(this.#files++))
    if (content.kind === 'spooled') await copyFile(content.file, file, constants.COPYFILE_FICLONE)
    const handle = await this.#handle(file)
    if (content.kind === 'stored') {
      let at = 0
      for await (const piece of this.read(content)) {
        for (let done = 0; done < piece.length;) done += (await handle.write(piece, done, piece.length - done, at + done)).bytesWritten
        at += piece.length
      }
      if (at !== content.size) throw new RangeError(`${content.path} has ${at} bytes instead of ${content.size}`)
    }
    node.content = { kind: 'spooled', file, owner: node }
    return handle
  }

  async #handle(file: string): Promise<FileHandle> {
    if (this.#open?.file === file) return this.#open.handle
    await this.#open?.handle.close()
    this.#open = undefined
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600)
    this.#open = { file, handle }
    return handle
  }
}
