import { randomBytes } from 'node:crypto'
import {
  abortable,
  collectText,
  isStorageError,
  joinPath,
  StorageError,
  toBytes,
  type AbortOptions,
  type Bytes,
  type Path,
  type WritableStorage,
} from '@syncline/core'
import type { RawText, SnapshotCommand, SubvolCommand } from '../stream/command.ts'
import { StreamParser } from '../stream/parser.ts'
import { streamError } from '../stream/stream-error.ts'
import { StreamValidator } from '../stream/validate.ts'
import { toApplyError } from './apply-error.ts'
import type { AppliedVolume } from './apply-stream.ts'
import { readVolume } from './read-volume.ts'
import { Spool } from './spool.ts'
import { VolumeModel } from './volume-model.ts'
import { formatRecord, parseRecord, recordDirectory, recordName, type VolumeRecord } from './volume-record.ts'
import { VolumeTree } from './volume-tree.ts'
import { writeVolume } from './write-volume.ts'
import { textOf } from '../subvolume/raw-text.ts'

/** Options of {@link applyToStorage}. */
export interface ApplyToStorageOptions extends AbortOptions {
  /**
   * Directories of the storage with volumes that the stream starts or clones from, by UUID as streams have it. Volumes that were applied to the same storage
   * are found without.
   */
  readonly volumes?: ReadonlyMap<string, Path> | undefined
  /** A local directory with space for every file that the stream writes to; default that of temporary files. */
  readonly spool?: string | undefined
}

/**
 * Applies send streams to any storage, with what it can hold: files, directories, symbolic links, modes, and times to the millisecond. Each volume becomes a
 * directory of its name. What the storage cannot hold is told by path in `unapplied`.
 *
 * A stream writes its files in pieces, and in any order. So they are put together in a local directory, and each is written once, after the whole input was read
 * and found good. An increment makes a volume of its own beside its parent: what did not change is copied by the storage itself where it can. Names of one file
 * become files of their own, and stay together in the increments that follow; for this, and to find parents, a record of each volume is kept in
 * `.syncline-volumes`. Memory grows with the paths of a volume.
 *
 * Where the storage can move directories, a volume is written under another name and moved to its own when it is whole. Elsewhere its files appear one by one,
 * and are removed after an error; only a volume with a record is whole.
 *
 * @returns the volumes, in the order of the stream
 * @throws StorageError `CORRUPT` for a stream that is damaged, unsafe, or does not fit its parent; `NOT_FOUND` for a missing parent, `ALREADY_EXISTS` for a name
 *   that is taken, and what the storage rejects with
 */
export async function applyToStorage(
  stream: Bytes,
  storage: WritableStorage,
  options: ApplyToStorageOptions = {},
): Promise<readonly AppliedVolume[]> {
  const { signal } = options
  const spool = await Spool.make(storage, options.spool, signal)
  try {
    const work = new StorageWork(storage, spool, options)
    await work.read(stream)
    return await work.publish()
  } catch (error) {
    signal?.throwIfAborted()
    throw toApplyError(error, 'a stream', '')
  } finally {
    await spool.close()
  }
}

interface ModelledVolume {
  readonly begin: SubvolCommand | SnapshotCommand
  readonly name: Path
  readonly model: VolumeModel
}

class StorageWork {
  readonly #storage: WritableStorage
  readonly #spool: Spool
  readonly #options: ApplyToStorageOptions
  readonly #volumes: ModelledVolume[] = []
  readonly #known = new Map<string, VolumeTree>()

  constructor(storage: WritableStorage, spool: Spool, options: ApplyToStorageOptions) {
    this.#storage = storage
    this.#spool = spool
    this.#options = options
  }

  async read(stream: Bytes): Promise<void> {
    const { signal } = this.#options
    const parser = new StreamParser()
    const validator = new StreamValidator()
    for await (const chunk of abortable(stream, signal))
      for (const item of parser.push(chunk)) {
        signal?.throwIfAborted()
        validator.check(item)
        if (item.kind === 'header') continue
        const { command } = item
        if (command.name === 'subvol' || command.name === 'snapshot') await this.#begin(command)
        else if (command.name === 'updateExtent') throw streamError(item.offset, 'it was sent without data')
        else if (command.name !== 'end') await this.#volumes.at(-1)?.model.carryOut(command)
      }
    parser.finish()
  }

  /** Writes the volumes, and their records when each is whole. */
  async publish(): Promise<readonly AppliedVolume[]> {
    const staging = this.#isStaged() ? `.syncline-part-${randomBytes(8).toString('hex')}` : undefined
    const applied: AppliedVolume[] = []
    const { signal } = this.#options
    for (const { begin, name, model } of this.#volumes) {
      await this.#checkName(name)
      const at = staging === undefined ? name : joinPath(staging, name)
      const written: Path[] = []
      try {
        const { unapplied, ...rest } = await writeVolume(this.#storage, model.tree, this.#spool, at, name, written, { signal })
        const parent = begin.name === 'snapshot' ? { uuid: begin.cloneUuid, transid: begin.cloneTransid } : undefined
        const volume: AppliedVolume = { name: begin.path, uuid: begin.uuid, transid: begin.transid, parent, unapplied }
        // Last where the files are in their place already: it says that all of them are. Before the move elsewhere: without a volume, nobody looks at it.
        await this.#storage.flush?.({ signal })
        written.push(recordPath(begin.uuid))
        await this.#storage.write(recordPath(begin.uuid), toBytes(formatRecord({ ...volume, ...rest })), { signal })
        if (staging !== undefined) await this.#storage.move?.(at, name, { signal })
        await this.#storage.flush?.({ signal })
        applied.push(volume)
      } catch (error) {
        // What a failed move has moved all the same is whole, and keeps its record.
        if (staging === undefined || !(await this.#isThere(name).catch(() => true))) await removeEach(this.#storage, written)
        throw error
      } finally {
        if (staging !== undefined) await this.#storage.remove(staging).catch(() => undefined)
      }
    }
    return applied
  }

  async #begin(begin: SubvolCommand | SnapshotCommand): Promise<void> {
    const name = textOf(begin.path)
    if (Buffer.from(name).toString('latin1') !== begin.path)
      throw new StorageError(
        'INVALID_PATH',
        `the volume ${JSON.stringify(name)} has a name that is not UTF-8; give it another one (\`withVolumeName\`)`,
      )
    await this.#checkName(name)
    if (this.#volumes.some(volume => volume.name === name))
      throw new StorageError('ALREADY_EXISTS', `could not apply a stream: it has two volumes with the name ${JSON.stringify(name)}`, { path: name })
    const tree = begin.name === 'snapshot' ? (await this.#find(begin.cloneUuid, begin.cloneTransid)).copy() : new VolumeTree()
    const model = new VolumeModel(tree, begin.uuid, this.#spool, uuid => this.#find(uuid))
    this.#volumes.push({ begin, name, model })
  }

  /** A volume to start or clone from: of this input, one that the caller named, or one that was applied here before. */
  async #find(uuid: string, transid?: number): Promise<VolumeTree> {
    const here = this.#volumes.findLast(({ begin }) => begin.uuid === uuid)?.model.tree ?? this.#known.get(uuid)
    if (here !== undefined) return here
    const { volumes, signal } = this.#options
    const record = await this.#record(uuid)
    const named = volumes?.get(uuid)
    if (named === undefined && record === undefined)
      throw new StorageError(
        'NOT_FOUND',
        `the stream starts from or refers to the volume ${uuid}, which is not in ${this.#storage.name}: apply its stream first, or tell its directory (\`volumes\`)`,
      )
    if (named === undefined && transid !== undefined && record?.transid !== transid)
      throw new StorageError(
        'PRECONDITION_FAILED',
        `the stream starts from the volume ${uuid} as of transaction ${transid}, and what is in ${this.#storage.name} is as of ${record?.transid}`,
      )
    const tree = await readVolume(this.#storage, named ?? textOf(record?.name as RawText), record, { signal })
    this.#known.set(uuid, tree)
    return tree
  }

  async #record(uuid: string): Promise<VolumeRecord | undefined> {
    const path = recordPath(uuid)
    try {
      const record = parseRecord(await collectText(this.#storage.read(path, { signal: this.#options.signal })), `${path} in ${this.#storage.name}`)
      // Where it is written before the volume is in its place, it may be all there is.
      return this.#isStaged() && !(await this.#isThere(textOf(record.name))) ? undefined : record
    } catch (error) {
      if (isStorageError(error, 'NOT_FOUND')) return undefined
      throw error
    }
  }

  /** Whether volumes are put together under another name. Where a directory is only a part of names, moving it means to copy everything. */
  #isStaged(): boolean {
    return this.#storage.move !== undefined && this.#storage.capabilities.directories === true
  }

  async #isThere(path: Path): Promise<boolean> {
    const { signal } = this.#options
    if ((await this.#storage.stat(path, { signal })) !== undefined) return true
    if (this.#storage.capabilities.directories === true) return false
    try {
      for await (const item of this.#storage.list(path, { signal })) if (!Array.isArray(item) || item.length > 0) return true
    } catch (error) {
      if (!isStorageError(error, 'NOT_FOUND')) throw error
    }
    return false
  }

  async #checkName(name: Path): Promise<void> {
    if (name === recordDirectory) throw new StorageError('INVALID_PATH', `a volume cannot be named ${name}: records are kept there`, { path: name })
    if (!(await this.#isThere(name))) return
    throw new StorageError(
      'ALREADY_EXISTS',
      `could not apply a stream: ${JSON.stringify(name)} is already in ${this.#storage.name}; remove it, or give the volume another name (\`withVolumeName\`)`,
      { path: name },
    )
  }
}

function recordPath(uuid: string): Path {
  return joinPath(recordDirectory, recordName(uuid))
}

/** As far as it goes: the error that led here is what counts. Nothing but what was written, since somebody else may be at it, too. */
async function removeEach(storage: WritableStorage, paths: readonly Path[]): Promise<void> {
  // What is in a directory goes before it.
  for (const path of [...paths].reverse()) await storage.remove(path).catch(() => undefined)
}
