import { StorageError, type Bytes, type FileEntry } from '@syncline/core'
import { Cursor } from '../format/cursor.ts'
import type { Archive } from './archive.ts'

/** Reads members of an archive one after the other with as few reads of the inner storage as their order allows. */
export class SequentialReader {
  readonly #archive: Archive
  readonly #signal: AbortSignal | undefined
  #version: FileEntry | undefined
  #cursor: Cursor | undefined

  constructor(archive: Archive, signal: AbortSignal | undefined) {
    this.#archive = archive
    this.#signal = signal
  }

  /** Bytes of a member. Each has to be read to its end before the next. */
  async *read(version: FileEntry, offset: number, size: number): Bytes & AsyncGenerator<Uint8Array, void, undefined> {
    const cursor = await this.#at(version, offset)
    for (let left = size; left > 0;) {
      const chunk = cursor.take(left) ?? (await cursor.next(left))
      if (chunk === undefined) throw new StorageError('CORRUPT', `${this.#archive.name} ended early while it was copied`, { path: '' })
      left -= chunk.length
      yield chunk
    }
  }

  /** Gives the inner read back. Not awaited: one that hangs would hang here too. */
  leave(): void {
    this.#cursor?.close().catch(() => undefined)
  }

  async #at(version: FileEntry, offset: number): Promise<Cursor> {
    const cursor = this.#cursor
    if (cursor !== undefined && this.#version === version && cursor.position <= offset) {
      await cursor.skip(offset - cursor.position)
      return cursor
    }
    await cursor?.close()
    const from = (at: number): Bytes => this.#archive.read(version, at, undefined, this.#signal)
    this.#version = version
    return (this.#cursor = new Cursor(from(offset), from, offset))
  }
}
