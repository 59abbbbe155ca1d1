import { prefix, StorageError, type AbortOptions, type Bytes, type Path, type WritableStorage } from '@syncline/core'
import type { BtrfsRoot, ReceiveMeta, ReceiveOptions, SendFlow } from '../roots/root.ts'
import type { RawPath } from '../stream/command.ts'
import { rawOf, textOf } from '../subvolume/raw-text.ts'
import { streamUuid, type Subvolume, type SubvolumeDetails } from '../subvolume/subvolume.ts'
import { labelOf } from './dump-name.ts'
import { volumesOf, type DumpVolume } from './dump-volumes.ts'
import { readDumps } from './read-dumps.ts'
import { writeDumps, type DumpEncoding } from './write-dumps.ts'

/** Options of {@link DumpRoot}. */
export interface DumpRootOptions {
  /** Where the dumps are to be restored some day: what is there is not dumped, and changes are dumped against it. */
  readonly destination?: BtrfsRoot | undefined
  readonly encoding?: DumpEncoding | undefined
  /** Called as bytes are on their way to the storage. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/**
 * A directory on any storage that volumes are received into as dumps. A volume whose dump is there and complete is known the next time, by its UUID: it is
 * not dumped again, and later ones are dumped as changes against it.
 */
export class DumpRoot implements BtrfsRoot {
  readonly name: string
  readonly #storage: WritableStorage
  readonly #options: DumpRootOptions

  constructor(storage: WritableStorage, options: DumpRootOptions = {}) {
    this.name = storage.name
    this.#storage = storage
    this.#options = options
  }

  async list(options: AbortOptions = {}): Promise<readonly Subvolume[]> {
    const there = (await this.#options.destination?.list(options)) ?? []
    const known = new Set(there.filter(volume => volume.readonly).flatMap(({ uuid, receivedUuid }) => [uuid, receivedUuid]))
    const dumped = (await this.#dumped(options)).map(({ volume }) => volume)
    return [...there, ...dumped.filter(({ uuid }) => !known.has(uuid))]
  }

  async show(path: RawPath = '', options: AbortOptions = {}): Promise<SubvolumeDetails | undefined> {
    const found = (await this.#dumped(options)).find(({ dumps }) => dumps.some(dump => rawOf(dump.path) === path))
    return found?.volume ?? (await this.#options.destination?.show(path, options))
  }

  send(): SendFlow {
    throw new StorageError('NOT_SUPPORTED', `nothing can be sent from ${this.name}: dumps are only written here`)
  }

  async receive(flow: Bytes, path: RawPath, { volumes }: ReceiveMeta, { create = false, signal }: ReceiveOptions = {}): Promise<void> {
    const { encoding, onProgress } = this.#options
    const storage = await this.#directory(path, create, { signal })
    const written = await writeDumps(storage, flow, {
      names: volumes.map(volume => volume.path),
      encoding,
      onProgress,
      signal,
      onVolume: ({ uuid }, index) => {
        const expected = volumes[index]
        if (expected !== undefined && streamUuid(expected) !== uuid)
          throw new StorageError('CORRUPT', `the stream holds the volume ${uuid}, and ${streamUuid(expected)} was expected`)
      },
    })
    if (written.length < Math.max(volumes.length, 1))
      throw new StorageError('CORRUPT', `the stream held ${written.length} of ${Math.max(volumes.length, 1)} volumes`)
  }

  async #directory(path: RawPath, create: boolean, { signal }: AbortOptions): Promise<WritableStorage> {
    if (path === '') return this.#storage
    const directory: Path = path.split('/').map(labelOf).join('/')
    // Where directories are only names, there is nothing to make, and nothing to miss.
    if (!create && this.#storage.capabilities.directories === true && (await this.#storage.stat(directory, { signal }))?.kind !== 'directory')
      throw new StorageError('NOT_FOUND', `there is no directory ${textOf(path)} in ${this.name}; make it, or let it be made`, { path: directory })
    return prefix(this.#storage, directory)
  }

  /** What has a record: nothing else is known to be whole, so nothing else may be started from. */
  async #dumped(options: AbortOptions): Promise<readonly DumpVolume[]> {
    const { dumps } = await readDumps(this.#storage, options)
    return volumesOf(
      dumps.filter(({ record }) => record !== undefined),
      false,
    )
  }
}
