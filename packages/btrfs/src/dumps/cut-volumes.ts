import type { Bytes } from '@syncline/core'
import type { CommandName, SnapshotCommand, SubvolCommand } from '../stream/command.ts'
import { StreamParser, type StreamItem } from '../stream/parser.ts'
import { streamError } from '../stream/stream-error.ts'
import { StreamValidator } from '../stream/validate.ts'
import type { DumpIdentity } from './dump-name.ts'

/** One volume of a flow that may hold several. */
export interface FlowVolume {
  readonly first: SubvolCommand | SnapshotCommand
  readonly identity: DumpIdentity
  readonly version: 1 | 2
  /** Its stream, header and end included, checked on the way. To be read once. */
  readonly bytes: AsyncGenerator<Uint8Array, void, undefined>
  /** How many commands of each kind were read. */
  readonly commands: Readonly<Partial<Record<CommandName, number>>>
}

/**
 * Cuts what `btrfs send` gives for several volumes into the stream of each. What of a volume was not read when the next one is asked for is read and
 * left out.
 *
 * @throws StorageError `CORRUPT` for what is damaged, cut off, unsafe, or holds two volumes under one header
 */
export async function* cutVolumes(flow: Bytes): AsyncGenerator<FlowVolume, void, undefined> {
  const cutter = new Cutter(flow)
  try {
    for (let volume = await cutter.next(); volume !== undefined; volume = await cutter.next()) {
      yield volume
      for await (const _rest of volume.bytes);
      await cutter.skip()
    }
  } finally {
    await cutter.close()
  }
}

/** The content that the first command of a stream announces. */
export function identityOf(first: SubvolCommand | SnapshotCommand): DumpIdentity {
  const { uuid, transid } = first
  return { uuid, ctransid: transid, ...(first.name === 'snapshot' && { parentUuid: first.cloneUuid, parentCtransid: first.cloneTransid }) }
}

class Cutter {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #parser = new StreamParser()
  readonly #validator = new StreamValidator()
  #items: Iterator<StreamItem, void> | undefined
  #isInside = false
  #isOver = false

  constructor(flow: Bytes) {
    this.#chunks = flow[Symbol.asyncIterator]()
  }

  async next(): Promise<FlowVolume | undefined> {
    const header = await this.#item()
    if (header === undefined) return undefined
    // Copies, because the chunk that they lie in may be gone when the next one has come.
    const head = [header.bytes.slice()]
    const item = await this.#item()
    if (item?.kind !== 'command' || (item.command.name !== 'subvol' && item.command.name !== 'snapshot'))
      throw streamError(header.offset, 'it does not begin with a volume')
    head.push(item.bytes.slice())
    this.#isInside = true
    const first = item.command
    const commands: { -readonly [N in CommandName]?: number } = { [first.name]: 1 }
    return { first, identity: identityOf(first), version: header.version, bytes: this.#bytes(head, commands), commands }
  }

  /** Goes to the end of the volume. */
  async skip(): Promise<void> {
    while (this.#isInside) {
      const item = await this.#item()
      if (item?.kind === 'command' && item.command.name === 'end') this.#isInside = false
    }
  }

  async close(): Promise<void> {
    if (!this.#isOver) await this.#chunks.return?.()
  }

  async *#bytes(head: readonly Uint8Array[], commands: { [N in CommandName]?: number }): AsyncGenerator<Uint8Array, void, undefined> {
    yield* head
    while (this.#isInside) {
      let run: Uint8Array | undefined
      for (let item = this.#ready(); item !== undefined; item = this.#ready()) {
        if (item.kind === 'command') {
          const { name } = item.command
          if (name === 'subvol' || name === 'snapshot') throw streamError(item.offset, 'it holds a second volume under the same header')
          commands[name] = (commands[name] ?? 0) + 1
          if (name === 'end') this.#isInside = false
        }
        const { bytes } = item
        // What lies side by side in the chunk leaves in one piece.
        if (run !== undefined && run.buffer === bytes.buffer && run.byteOffset + run.length === bytes.byteOffset)
          run = new Uint8Array(run.buffer, run.byteOffset, run.length + bytes.length)
        else {
          if (run !== undefined) yield run
          run = bytes
        }
        if (!this.#isInside) break
      }
      if (run !== undefined) yield run
      if (this.#isInside) await this.#more()
    }
  }

  /** The next item of the chunk that is there. */
  #ready(): StreamItem | undefined {
    const next = this.#items?.next()
    if (next === undefined || next.done === true) {
      this.#items = undefined
      return undefined
    }
    this.#validator.check(next.value)
    return next.value
  }

  /** @returns whether there was another chunk */
  async #more(): Promise<boolean> {
    if (this.#isOver) {
      if (this.#isInside) throw new Error('the stream has failed before')
      return false
    }
    const { done, value } = await this.#chunks.next()
    if (done === true) {
      this.#isOver = true
      this.#parser.finish()
      return false
    }
    this.#items = this.#parser.push(value)
    return true
  }

  async #item(): Promise<StreamItem | undefined> {
    for (;;) {
      const item = this.#ready()
      if (item !== undefined) return item
      if (!(await this.#more())) return undefined
    }
  }
}
