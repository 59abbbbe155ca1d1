import { isStorageError, StorageError } from '@syncline/core'
import { StreamParser, type StreamItem } from '../stream/parser.ts'
import { StreamValidator } from '../stream/validate.ts'
import { identityOf } from './cut-volumes.ts'
import { isSameDump } from './dump-name.ts'
import type { Dump } from './read-dumps.ts'

/** Checks that a stream holds the one volume that its dump is said to hold. */
export class VolumeCheck {
  readonly #dump: Dump
  #volumes = 0

  constructor(dump: Dump) {
    this.#dump = dump
  }

  /** @throws StorageError `CORRUPT` */
  take(item: StreamItem): void {
    if (item.kind !== 'command' || (item.command.name !== 'subvol' && item.command.name !== 'snapshot')) return
    const { path } = this.#dump
    if (++this.#volumes > 1) throw new StorageError('CORRUPT', `${path} holds more than one volume`, { path })
    const found = identityOf(item.command)
    if (isSameDump(found, this.#dump)) return
    const which = (id: typeof found): string => `${id.uuid} as of ${id.ctransid}, ${id.parentUuid === undefined ? 'whole' : `from ${id.parentUuid}`}`
    throw new StorageError('CORRUPT', `${path} holds volume ${which(found)}, and should hold ${which(this.#dump)}`, { path })
  }
}

/** Checks a whole stream, and goes on to be fed after it found something. */
export class StreamCheck {
  readonly #parser = new StreamParser()
  readonly #validator = new StreamValidator()
  readonly #volume: VolumeCheck
  #problem: string | undefined

  constructor(dump: Dump) {
    this.#volume = new VolumeCheck(dump)
  }

  push(chunk: Uint8Array): void {
    if (this.#problem !== undefined) return
    this.#attempt(() => {
      for (const item of this.#parser.push(chunk)) {
        this.#validator.check(item)
        this.#volume.take(item)
      }
    })
  }

  /** The first thing that is wrong. */
  finish(): string | undefined {
    if (this.#problem === undefined) this.#attempt(() => this.#parser.finish())
    return this.#problem
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isStorageError(error, 'CORRUPT')) throw error
      this.#problem = error.message
    }
  }
}
