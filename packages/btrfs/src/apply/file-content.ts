import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { CloneCommand, EncodedWriteCommand, FallocateCommand, RawPath, TruncateCommand, WriteCommand } from '../stream/command.ts'
import { decodeRange } from '../stream/decode.ts'
import { unfit } from './apply-error.ts'
import { Inside } from './inside.ts'
import type { SystemCalls } from './system-calls.ts'
import type { Notes } from './unapplied.ts'

/** A command that changes what a file holds. */
export type ContentCommand = WriteCommand | EncodedWriteCommand | CloneCommand | TruncateCommand | FallocateCommand

/** What content needs of its volume. */
export interface FileContentOptions {
  readonly uuid: string
  readonly inside: Inside
  readonly system: SystemCalls
  readonly notes: Notes
  /** The directory of another volume, to clone from; its bytes, a character each. */
  readonly source: (uuid: string) => Promise<string>
}

/** Bytes that are read at once from what has to be copied. */
const pieceSize = 1024 * 1024

/** Changes what files of a volume hold. Streams write one file after the other, so the file that was written last stays open. */
export class FileContent {
  readonly #uuid: string
  readonly #inside: Inside
  readonly #system: SystemCalls
  readonly #notes: Notes
  readonly #source: (uuid: string) => Promise<string>
  /** The file that is being written. */
  #writing: { readonly path: RawPath; readonly handle: FileHandle } | undefined

  constructor({ uuid, inside, system, notes, source }: FileContentOptions) {
    this.#uuid = uuid
    this.#inside = inside
    this.#system = system
    this.#notes = notes
    this.#source = source
  }

  async carryOut(command: ContentCommand): Promise<void> {
    const { path, name } = command
    switch (name) {
      case 'write':
        return this.#write(path, command.offset, command.data, name)
      case 'encodedWrite':
        return this.#write(path, command.offset, decode(command), name)
      case 'clone':
        return this.#clone(command)
      case 'truncate':
        return (await this.#toWrite(path, name)).truncate(command.size)
      case 'fallocate':
        return this.#fallocate(command)
    }
  }

  /** Closes the file that is open, if any. */
  async end(): Promise<void> {
    const writing = this.#writing
    this.#writing = undefined
    await writing?.handle.close()
  }

  async #write(path: RawPath, offset: number, data: Uint8Array, doing: string): Promise<void> {
    const handle = await this.#toWrite(path, doing)
    for (let at = 0; at < data.length;) at += (await handle.write(data, at, data.length - at, offset + at)).bytesWritten
  }

  async #clone(command: CloneCommand): Promise<void> {
    const { path, offset, cloneLength, cloneUuid, clonePath, cloneOffset } = command
    const from = cloneUuid === this.#uuid ? this.#inside : new Inside(await this.#source(cloneUuid))
    const source = await from.open(clonePath, constants.O_RDONLY, 'clone')
    try {
      const { size } = await source.stat()
      if (cloneOffset + cloneLength > size)
        throw unfit('clone', path, `${JSON.stringify(clonePath)} has ${size} bytes, and ${cloneLength} from ${cloneOffset} on are wanted`)
      const target = await this.#toWrite(path, 'clone')
      const isShared = await this.#system
        .cloneRange(from.locate(clonePath, 'clone'), cloneOffset, cloneLength, this.#inside.locate(path, 'clone'), offset)
        .then(() => true, () => false) // prettier-ignore
      if (!isShared) await copyRange(source, cloneOffset, cloneLength, target, offset)
    } finally {
      await source.close()
    }
  }

  async #fallocate({ path, fallocateMode, offset, size }: FallocateCommand): Promise<void> {
    const [keepsSize, punchesHole, zeroes] = [fallocateMode & 1, fallocateMode & 2, fallocateMode & 16]
    if ((fallocateMode & ~0x13) !== 0) throw unfit('fallocate', path, `mode ${fallocateMode} is not known`)
    const handle = await this.#toWrite(path, 'fallocate')
    const before = (await handle.stat()).size
    const end = keepsSize !== 0 ? Math.min(before, offset + size) : offset + size
    if (end > before) await handle.truncate(end)
    if (punchesHole !== 0 || zeroes !== 0) {
      const zeros = new Uint8Array(pieceSize)
      for (let at = offset; at < Math.min(end, before); at += pieceSize)
        await this.#write(path, at, zeros.subarray(0, Math.min(pieceSize, Math.min(end, before) - at)), 'fallocate')
    } else this.#notes.add(path, 'space', `no space is reserved for ${size} bytes at ${offset}`)
  }

  async #toWrite(path: RawPath, doing: string): Promise<FileHandle> {
    if (this.#writing?.path === path) return this.#writing.handle
    await this.end()
    const handle = await this.#inside.open(path, constants.O_WRONLY, doing)
    this.#writing = { path, handle }
    return handle
  }
}

function decode(command: EncodedWriteCommand): Uint8Array {
  try {
    return decodeRange(command)
  } catch (error) {
    throw unfit('encodedWrite', command.path, `a compressed range is damaged (${(error as Error).message})`)
  }
}

async function copyRange(source: FileHandle, from: number, length: number, target: FileHandle, to: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(length, pieceSize))
  const { size } = await target.stat()
  // Behind the end, what is not written is a hole, as it was in the source.
  let [at, end] = [0, size]
  while (at < length) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, length - at), from + at)
    if (bytesRead === 0) throw new RangeError('the source of a clone became shorter')
    const piece = buffer.subarray(0, bytesRead)
    if (to + at < size || piece.some(byte => byte !== 0)) {
      for (let done = 0; done < piece.length;) done += (await target.write(piece, done, piece.length - done, to + at + done)).bytesWritten
      end = Math.max(end, to + at + piece.length)
    }
    at += bytesRead
  }
  if (end < to + length) await target.truncate(to + length)
}
