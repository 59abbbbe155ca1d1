import { StorageError, type AbortOptions, type Bytes, type Path, type ReadableStorage } from '@syncline/core'
import type { BtrfsRoot, SendFlow, SendOptions } from '../roots/root.ts'
import type { RawPath } from '../stream/command.ts'
import { rawOf, textOf } from '../subvolume/raw-text.ts'
import type { Subvolume, SubvolumeDetails } from '../subvolume/subvolume.ts'
import { dumpContent, type DumpContentOptions, type DumpDecoder } from './dump-content.ts'
import { volumesOf, type DumpVolume } from './dump-volumes.ts'
import { recordEnding } from './dump-name.ts'
import { readDumps, type Dump, type DumpIndex } from './read-dumps.ts'
import { readStart } from './read-start.ts'

/** Options of {@link FileRoot}. */
export interface FileRootOptions {
  /** Undoes what dumps went through before they were stored. */
  readonly decode?: DumpDecoder | undefined
  /** Only this dump is sent of its volume, whatever it is called; those beside it are what it may start from. Default: all of the directory. */
  readonly file?: Path | undefined
}

/**
 * Dumps as volumes that can be sent: a directory of them, on any storage. What is there is known by its UUID, so what the destination has is not sent again,
 * and a dump of changes comes after what it starts from.
 */
export class FileRoot implements BtrfsRoot {
  readonly name: string
  readonly #storage: ReadableStorage
  readonly #decode: DumpDecoder | undefined
  readonly #file: Path | undefined
  #volumes: Promise<readonly DumpVolume[]> | undefined

  constructor(storage: ReadableStorage, { decode, file }: FileRootOptions = {}) {
    this.name = storage.name
    this.#storage = storage
    this.#decode = decode
    this.#file = file
  }

  async list(options: AbortOptions = {}): Promise<readonly Subvolume[]> {
    this.#volumes = undefined
    return (await this.#known(options)).map(({ volume }) => volume)
  }

  async show(path: RawPath = '', options: AbortOptions = {}): Promise<SubvolumeDetails | undefined> {
    return (await this.#find(path, options))?.volume
  }

  send(paths: readonly RawPath[], { parent, signal }: SendOptions = {}): SendFlow {
    if (paths.length === 0) throw new TypeError('there is nothing to send')
    let resolve: () => void = () => {}
    let reject: (error: unknown) => void = () => {}
    const done = new Promise<void>((...settle) => ([resolve, reject] = settle))
    done.catch(() => undefined)
    const contents = this.#contents(paths, parent, { signal, decode: this.#decode })
    async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield* contents
        resolve()
      } catch (error) {
        reject(error)
        throw error
      } finally {
        // For a reader who left; after the end or an error it has no effect.
        reject(new StorageError('UNKNOWN', 'the dump was not read to its end'))
      }
    }
    return { bytes: bytes(), done }
  }

  // Not async, so that nothing of the flow is read.
  receive(): Promise<void> {
    return Promise.reject(new StorageError('NOT_SUPPORTED', `nothing can be received into ${this.name}: dumps are only read here`))
  }

  async *#contents(
    paths: readonly RawPath[],
    parent: RawPath | undefined,
    options: DumpContentOptions,
  ): Bytes & AsyncGenerator<Uint8Array, void, undefined> {
    const base = parent === undefined ? undefined : await this.#find(parent, options)
    if (parent !== undefined && base === undefined) throw this.#missing(parent)
    for (const path of paths) {
      const found = await this.#find(path, options)
      if (found === undefined) throw this.#missing(path)
      yield* dumpContent(this.#storage, this.#choose(found, base), options)
    }
  }

  /** Of the dumps of a volume, one that starts from what the receiver has. A dump cannot be made to start from something else. */
  #choose({ dumps }: DumpVolume, base: DumpVolume | undefined): Dump {
    const best = dumps[0] as Dump
    if (base === undefined) return dumps.find(({ parentUuid }) => parentUuid === undefined) ?? best
    const fitting = dumps.find(({ parentUuid }) => parentUuid === base.volume.uuid || parentUuid === undefined)
    if (fitting !== undefined) return fitting
    throw new StorageError(
      'NOT_SUPPORTED',
      `${best.path} starts from volume ${best.parentUuid}, and cannot be sent as changes against ${textOf(base.volume.treePath)}`,
      { path: best.path },
    )
  }

  /** Without other dumps of the volume that one is wanted of. @throws StorageError if that one is none */
  async #wanted({ dumps, problems }: DumpIndex, options: AbortOptions): Promise<readonly Dump[]> {
    if (this.#file === undefined) return dumps
    const only = dumps.find(({ path }) => path === this.#file)
    if (only !== undefined) return dumps.filter(dump => dump === only || dump.uuid !== only.uuid)
    const start = await readStart(this.#storage, this.#file, options)
    const reason = typeof start === 'string' ? start : problems.find(({ path }) => path === `${this.#file}${recordEnding}`)?.reason
    throw new StorageError('NOT_SUPPORTED', `${this.name}/${this.#file} is no dump: ${reason ?? 'it is not there any more'}`, { path: this.#file })
  }

  #missing(path: RawPath): StorageError {
    return new StorageError('NOT_FOUND', `there is no dump ${textOf(path)} in ${this.name}`, { path: textOf(path) })
  }

  async #find(path: RawPath, options: AbortOptions): Promise<DumpVolume | undefined> {
    return (await this.#known(options)).find(({ dumps }) => dumps.some(dump => rawOf(dump.path) === path))
  }

  #known({ signal }: AbortOptions): Promise<readonly DumpVolume[]> {
    this.#volumes ??= readDumps(this.#storage, { signal, file: this.#file })
      .then(async index => volumesOf(await this.#wanted(index, { signal }), true))
      .catch((error: unknown) => {
        this.#volumes = undefined
        throw error
      })
    return this.#volumes
  }
}
