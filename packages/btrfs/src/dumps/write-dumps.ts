import { isStorageError, replayable, StorageError, type AbortOptions, type Bytes, type Path, type Upload, type WritableStorage } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import { cutVolumes, type FlowVolume } from './cut-volumes.ts'
import { removeNotice, writeNotice, writeRecord, type UploadNotice } from './dump-files.ts'
import { isSameDump, recordEnding, type DumpIdentity } from './dump-name.ts'
import type { DumpRecord } from './dump-record.ts'
import { findPlace, type Place } from './find-place.ts'
import { PartHasher } from './part-hasher.ts'
import { sendParts } from './send-parts.ts'
import { endUpload } from './unfinished.ts'

/** What a dump goes through on its way to the storage: compression, encryption. */
export interface DumpEncoding {
  /** What the record says of it, e.g. `zstd | gpg -e`. It must hold no secret. */
  readonly pipeline: string
  /** Behind the names of such dumps, e.g. `.zst.gpg`. */
  readonly extension: string
  /** Must reject rather than give out less, or something else, than it should. */
  readonly encode: (stream: Bytes, options: AbortOptions) => Bytes
}

/** Options of {@link writeDumps}. */
export interface WriteDumpsOptions extends AbortOptions {
  /** Where the volumes were below their root, in the order of the flow; default the names in the flow. A character per byte. */
  readonly names?: readonly (RawPath | undefined)[] | undefined
  /** Called before anything is done for a volume, with its place in the flow: may refuse it by throwing. */
  readonly onVolume?: ((identity: DumpIdentity, index: number) => void) | undefined
  readonly encoding?: DumpEncoding | undefined
  /** The clock, in milliseconds since the Unix epoch; default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Called as bytes are on their way to the storage, with all so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/** How the dump of one volume ended. */
export interface WrittenDump {
  readonly path: Path
  readonly record: DumpRecord
  /**
   * `written`; `resumed`: parts of an upload that broke off were used; `adopted`: it was there without a record, was read, and found whole;
   * `present`: it was there.
   */
  readonly outcome: 'written' | 'resumed' | 'adopted' | 'present'
}

/** A dump that ends before is written at once; what is longer goes in parts where the storage takes parts. */
const smallBytes = 4 * 1024 * 1024
/** Of the hashes of a dump that was not uploaded in parts. */
const partSize = 8 * 1024 * 1024

/**
 * Keeps what `btrfs send` gives as files on any storage, one for each volume, with a record beside it.
 *
 * Every command is checked on the way. A dump appears when it is whole, and its record, which is written last, says so: what lacks one is not used as a
 * parent. Where the storage takes uploads, one that broke off goes on the next time, in this process or a later one: the send begins anew, and
 * parts that come out as they are stored are not sent again. A dump never replaces another one; one that is there is not written again.
 *
 * @param storage - the directory of the dumps; `prefix` of the core makes one of a directory
 * @throws StorageError `CORRUPT` if the flow is damaged, cut off or unsafe; whatever the storage says
 * @example
 * await writeDumps(fs('/backup/dumps'), createReadStream('s1.stream'))
 */
export async function writeDumps(storage: WritableStorage, flow: Bytes, options: WriteDumpsOptions = {}): Promise<readonly WrittenDump[]> {
  const written: WrittenDump[] = []
  let before = 0
  for await (const volume of cutVolumes(flow)) {
    options.onVolume?.(volume.identity, written.length)
    const name = options.names?.[written.length] ?? volume.first.path
    const dump = await new DumpWriter(storage, volume, name, {
      ...options,
      onProgress: bytes => options.onProgress?.(before + bytes),
    }).write()
    before += dump.outcome === 'present' || dump.outcome === 'adopted' ? 0 : dump.record.bytes
    written.push(dump)
  }
  return written
}

class DumpWriter {
  readonly #storage: WritableStorage
  readonly #volume: FlowVolume
  readonly #name: RawPath
  readonly #options: WriteDumpsOptions
  readonly #signal: AbortSignal | undefined

  constructor(storage: WritableStorage, volume: FlowVolume, name: RawPath, options: WriteDumpsOptions) {
    this.#storage = storage
    this.#volume = volume
    this.#name = name
    this.#options = options
    this.#signal = options.signal
  }

  async write(): Promise<WrittenDump> {
    const { encoding } = this.#options
    const { identity } = this.#volume
    const asked = { extension: encoding?.extension ?? '', pipeline: encoding?.pipeline, signal: this.#signal }
    const place = await findPlace(this.#storage, this.#name, identity, asked)
    if (place.state === 'present') {
      // A run that ended between the record and this left it.
      if (this.#storage.upload !== undefined) await removeNotice(this.#storage, place.path, { signal: this.#signal })
      return { path: place.path, record: place.record, outcome: 'present' }
    }
    if (place.state === 'unrecorded') {
      const record = await this.#readBack(place.path)
      if (record !== undefined) return await this.#finish(place.path, record, 'adopted')
    }
    // What the record told of is gone, and nothing may take it for this dump before this is whole.
    if (place.state === 'free' && place.hasRecord) await this.#storage.remove(place.path + recordEnding, { signal: this.#signal })
    return await this.#send(place)
  }

  async #send(place: Exclude<Place, { readonly state: 'present' }>): Promise<WrittenDump> {
    const { path } = place
    const notice = place.state === 'free' ? place.notice : undefined
    const content = this.#encoded()
    const start: Uint8Array[] = []
    let length = 0
    let isWhole = true
    while (length <= smallBytes) {
      const { done, value } = await content.next()
      if (done === true) break
      // A copy, because the next chunk may come in the same buffer.
      start.push(value.slice())
      length += value.length
      isWhole = length <= smallBytes
    }
    if (isWhole) {
      if (notice !== undefined) await this.#abandon(path, notice)
      const hasher = new PartHasher(partSize)
      for (const chunk of start) hasher.update(chunk)
      await this.#put(
        place,
        replayable(() => chunksOf(start)),
        length,
      )
      this.#options.onProgress?.(length)
      return await this.#finish(path, this.#record(hasher), 'written')
    }
    try {
      return await this.#sendLong(place, notice, joined(start, content))
    } finally {
      await content.return()
    }
  }

  async #sendLong(place: Exclude<Place, { readonly state: 'present' }>, notice: UploadNotice | undefined, content: Bytes): Promise<WrittenDump> {
    const { path } = place
    if (this.#storage.upload === undefined) {
      const hasher = new PartHasher(partSize)
      await this.#put(place, this.#hashed(content, hasher), undefined)
      return await this.#finish(path, this.#record(hasher), 'written')
    }
    const { upload, isResumed } = await this.#openUpload(place, notice)
    const hasher = new PartHasher(upload.partSize)
    const count = await sendParts(this.#hashed(content, hasher), upload, path, this.#signal)
    const record = this.#record(hasher)
    const beyond = (await upload.stored({ signal: this.#signal })).filter(index => index >= count)
    if (beyond.length > 0) {
      // They are of an earlier send, which was longer: completed, they would be the end of this one.
      await upload.abort()
      await removeNotice(this.#storage, path, { signal: this.#signal })
      throw new StorageError('CORRUPT', `${path}: an upload that broke off earlier has more parts than this send, so it was given up; run it again`, {
        path,
        retryable: true,
      })
    }
    await this.#complete(path, upload, record.bytes)
    return await this.#finish(path, record, isResumed ? 'resumed' : 'written')
  }

  async #openUpload(
    place: Exclude<Place, { readonly state: 'present' }>,
    notice: UploadNotice | undefined,
  ): Promise<{ readonly upload: Upload; readonly isResumed: boolean }> {
    const { path } = place
    const signal = this.#signal
    const open = async (resume?: string): Promise<Upload> => {
      const options = { ...conditionOf(place), signal, ...(resume !== undefined && { resume }) }
      return await (this.#storage as Required<Pick<WritableStorage, 'upload'>>).upload(path, options)
    }
    if (notice !== undefined) {
      try {
        const upload = await open(notice.token)
        return { upload, isResumed: (await upload.stored({ signal })).length > 0 }
      } catch (error) {
        // It was ended, by its store or by somebody.
        if (!isStorageError(error, 'NOT_FOUND')) throw error
      }
    }
    const upload = await open()
    const begun = new Date(this.#options.now?.() ?? Date.now()).toISOString()
    await writeNotice(this.#storage, path, { identity: this.#volume.identity, token: upload.token, begun }, { signal })
    return { upload, isResumed: false }
  }

  async #complete(path: Path, upload: Upload, bytes: number): Promise<void> {
    try {
      const { size } = await upload.complete({ signal: this.#signal })
      if (size !== bytes) throw new StorageError('CORRUPT', `${path} on ${this.#storage.name} has ${size} instead of ${bytes} bytes`, { path })
    } catch (error) {
      // Somebody else made it meanwhile: these parts are of no use any more.
      if (isStorageError(error, 'PRECONDITION_FAILED')) {
        await upload.abort().catch(() => {})
        await removeNotice(this.#storage, path, { signal: this.#signal })
      }
      throw error
    }
  }

  /** Writes in one go. Where the storage shows half files, under another name first, if it can give them their own later. */
  async #put(place: Exclude<Place, { readonly state: 'present' }>, content: Bytes, size: number | undefined): Promise<void> {
    const { path } = place
    const storage = this.#storage
    const signal = this.#signal
    const options = { ...(size !== undefined && { size }), signal }
    if (storage.capabilities.atomicWrite === true || storage.move === undefined) {
      await storage.write(path, content, { ...options, ...conditionOf(place) })
      return
    }
    const temporary = `${path}.part`
    await storage.remove(temporary, { signal })
    try {
      await storage.write(temporary, content, options)
      await storage.move(temporary, path, { signal, ...(place.state === 'unrecorded' && conditionOf(place)) })
    } catch (error) {
      // Best effort: the next dump of the volume removes it otherwise.
      await storage.remove(temporary).catch(() => {})
      throw error
    }
  }

  /** Makes the dump durable, then says that it is whole. */
  async #finish(path: Path, record: DumpRecord, outcome: WrittenDump['outcome']): Promise<WrittenDump> {
    const signal = this.#signal
    await this.#storage.flush?.({ signal })
    await writeRecord(this.#storage, path, record, { signal })
    if (this.#storage.upload !== undefined) await removeNotice(this.#storage, path, { signal })
    return { path, record, outcome }
  }

  async #abandon(path: Path, { token }: UploadNotice): Promise<void> {
    await endUpload(this.#storage, path, token, { signal: this.#signal })
    await removeNotice(this.#storage, path, { signal: this.#signal })
  }

  async *#encoded(): AsyncGenerator<Uint8Array, void, undefined> {
    const { encoding } = this.#options
    yield* encoding === undefined ? this.#volume.bytes : encoding.encode(owned(this.#volume.bytes), { signal: this.#signal })
  }

  async *#hashed(content: Bytes, hasher: PartHasher): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      hasher.update(chunk)
      yield chunk
      this.#options.onProgress?.(hasher.bytes)
    }
  }

  #record(hasher: PartHasher): DumpRecord {
    const { identity, version, commands } = this.#volume
    const { encoding, now = Date.now } = this.#options
    return {
      name: this.#name,
      ...identity,
      version,
      ...hasher.digest(),
      commands: { ...commands },
      created: new Date(now()).toISOString(),
      ...(encoding !== undefined && { pipeline: encoding.pipeline }),
      complete: true,
    }
  }

  /** Reads a dump that lacks its record; `undefined` if it is not whole. */
  async #readBack(path: Path): Promise<DumpRecord | undefined> {
    const hasher = new PartHasher(partSize)
    const { identity } = this.#volume
    let record: DumpRecord | undefined
    try {
      for await (const { bytes, version, commands, identity: found } of cutVolumes(
        this.#hashed(this.#storage.read(path, { signal: this.#signal }), hasher),
      )) {
        if (record !== undefined || !isSameDump(found, identity)) return undefined
        for await (const _chunk of bytes);
        record = {
          name: this.#name,
          ...identity,
          version,
          bytes: 0,
          sha256: '',
          parts: [],
          commands: { ...commands },
          created: new Date(this.#options.now?.() ?? Date.now()).toISOString(),
          complete: true,
        }
      }
    } catch (error) {
      if (isStorageError(error, 'CORRUPT')) return undefined
      throw error
    }
    return record && { ...record, ...hasher.digest() }
  }
}

/** What must hold of the place when the dump appears there. */
function conditionOf(place: Exclude<Place, { readonly state: 'present' }>): { readonly ifNoneMatch: '*' } | { readonly ifMatch: string } | object {
  if (place.state === 'free') return { ifNoneMatch: '*' }
  return place.entry.etag === undefined ? {} : { ifMatch: place.entry.etag }
}

/** Chunks that nobody uses again: Node's streams read ahead, and keep what they were given. */
async function* owned(content: Bytes): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) yield chunk.slice()
}

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  // The storage may change what it is given.
  for (const chunk of chunks) yield chunk.slice()
}

async function* joined(start: readonly Uint8Array[], rest: Bytes): AsyncGenerator<Uint8Array> {
  yield* start
  yield* rest
}
