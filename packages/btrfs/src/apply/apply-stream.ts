import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { abortable, StorageError, type AbortOptions, type Bytes } from '@syncline/core'
import type { RawText, SnapshotCommand, SubvolCommand } from '../stream/command.ts'
import { StreamParser } from '../stream/parser.ts'
import { streamError } from '../stream/stream-error.ts'
import { StreamValidator } from '../stream/validate.ts'
import { toApplyError } from './apply-error.ts'
import { copyVolume } from './copy-volume.ts'
import { makeDurable, makeStaging, removeStaging, syncOne } from './staging.ts'
import { openSystemCalls, type SystemCalls } from './system-calls.ts'
import type { Unapplied } from './unapplied.ts'
import { VolumeDirectory } from './volume-directory.ts'
import { formatRecord, parseRecord, recordDirectory, recordName, type VolumeRecord } from './volume-record.ts'
import { textOf } from '../subvolume/raw-text.ts'

/** Options of {@link applyStream}. */
export interface ApplyOptions extends AbortOptions {
  /**
   * Directories of volumes that the stream starts or clones from, by UUID as streams have it. Volumes that were applied to the same directory are found
   * without.
   */
  readonly volumes?: ReadonlyMap<string, string> | undefined
  /** The program for what Node has no call for; default "python3". Where it is missing, `mknod`, `setfattr` and `touch` take its place. */
  readonly python?: string | undefined
}

/** A volume that was put together. */
export interface AppliedVolume {
  /** A character per byte. */
  readonly name: RawText
  readonly uuid: string
  readonly transid: number
  /** `undefined` for one that was sent whole. */
  readonly parent: { readonly uuid: string; readonly transid: number } | undefined
  /** What could not be carried out, by path; empty if the volume is what was sent, in everything that can be set. */
  readonly unapplied: readonly Unapplied[]
}

/**
 * Applies send streams to a plain directory of any file system: each volume becomes a directory of its name in it, as `btrfs receive` makes a subvolume.
 *
 * Nothing is seen under those names before the whole input was read and found good; after an error nothing is left. An increment is applied to a copy of
 * its parent, which shares blocks where the file system can. Nothing is read or written outside, whatever the stream says and whatever links there are.
 *
 * Everything that a stream carries is set: content with its holes, modes, owners, times, symbolic and hard links, pipes, sockets, devices and extended
 * attributes. What the system or the user may not do is told in `unapplied`. Times of creation and change cannot be set by anybody.
 *
 * @param directory - an existing one
 * @returns the volumes, in the order of the stream
 * @throws StorageError `CORRUPT` for a stream that is damaged, unsafe, or does not fit its parent; `NOT_FOUND` for a missing parent, `ALREADY_EXISTS` for a name
 *   that is taken, `NO_SPACE`, `PERMISSION_DENIED`
 */
export async function applyStream(stream: Bytes, directory: string, options: ApplyOptions = {}): Promise<readonly AppliedVolume[]> {
  const root = Buffer.from(resolve(directory)).toString('latin1')
  if (lstatSync(resolve(directory), { throwIfNoEntry: false }) === undefined)
    throw new StorageError('NOT_FOUND', `could not apply a stream to ${directory}: it is not there; make it first`)
  const system = openSystemCalls(options.python)
  try {
    const staging = await makeStaging(root)
    try {
      const work = new Work(root, staging, system, options)
      await work.read(stream)
      return await work.publish()
    } finally {
      await removeStaging(staging)
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    throw toApplyError(error, 'a stream', '')
  } finally {
    await system.close()
  }
}

interface StagedVolume {
  readonly volume: AppliedVolume
  /** Its bytes, a character each. */
  readonly path: string
  readonly rootMode: number | undefined
}

/** The volumes of one input, until they get their names. */
class Work {
  readonly #root: string
  readonly #staging: string
  readonly #system: SystemCalls
  readonly #options: ApplyOptions
  readonly #done: StagedVolume[] = []
  #current: { readonly begin: SubvolCommand | SnapshotCommand; readonly path: string; readonly directory: VolumeDirectory } | undefined

  constructor(root: string, staging: string, system: SystemCalls, options: ApplyOptions) {
    this.#root = root
    this.#staging = staging
    this.#system = system
    this.#options = options
  }

  async read(stream: Bytes): Promise<void> {
    const { signal } = this.#options
    const parser = new StreamParser()
    const validator = new StreamValidator()
    try {
      for await (const chunk of abortable(stream, signal))
        for (const item of parser.push(chunk)) {
          signal?.throwIfAborted()
          validator.check(item)
          if (item.kind === 'header') continue
          const { command } = item
          if (command.name === 'subvol' || command.name === 'snapshot') await this.#begin(command)
          else if (command.name === 'end') await this.#end()
          else if (command.name === 'updateExtent') throw streamError(item.offset, 'it was sent without data')
          else await this.#current?.directory.carryOut(command)
        }
      parser.finish()
    } finally {
      await this.#current?.directory.abandon()
    }
  }

  /** Gives the volumes their names, all or none of them. */
  async publish(): Promise<readonly AppliedVolume[]> {
    for (const { volume } of this.#done) this.#checkName(volume.name)
    await makeDurable(this.#staging)
    const named: [from: string, to: string][] = []
    try {
      for (const { volume, path, rootMode } of this.#done) {
        const to = `${this.#root}/${volume.name}`
        this.#checkName(volume.name)
        renameSync(Buffer.from(path, 'latin1'), Buffer.from(to, 'latin1'))
        named.push([path, to])
        if (rootMode !== undefined) chmodSync(Buffer.from(to, 'latin1'), rootMode)
      }
      const records = Buffer.from(`${this.#root}/${recordDirectory}`, 'latin1')
      mkdirSync(records, { recursive: true })
      for (const { volume } of this.#done) {
        const record = Buffer.from(`${this.#staging}/record`, 'latin1')
        writeFileSync(record, formatRecord(volume), { flush: true })
        renameSync(record, Buffer.concat([records, Buffer.from(`/${recordName(volume.uuid)}`)]))
      }
      for (const path of [records, Buffer.from(this.#root, 'latin1')]) await syncOne(path)
    } catch (error) {
      for (const [from, to] of named.reverse()) renameSync(Buffer.from(to, 'latin1'), Buffer.from(from, 'latin1'))
      throw error
    }
    return this.#done.map(({ volume }) => volume)
  }

  async #begin(begin: SubvolCommand | SnapshotCommand): Promise<void> {
    await this.#end()
    this.#checkName(begin.path)
    if (this.#done.some(({ volume }) => volume.name === begin.path))
      throw new StorageError('ALREADY_EXISTS', `could not apply a stream: it has two volumes with the name ${JSON.stringify(textOf(begin.path))}`)
    const path = `${this.#staging}/${this.#done.length}`
    let inherited: readonly Unapplied[] = []
    if (begin.name === 'snapshot') {
      const parent = this.#find(begin.cloneUuid, begin.cloneTransid)
      await copyVolume(parent.path, path, this.#options.signal)
      inherited = parent.unapplied
    } else mkdirSync(Buffer.from(path, 'latin1'), { mode: 0o700 })
    const source = (uuid: string): Promise<string> => Promise.resolve(this.#find(uuid).path)
    this.#current = { begin, path, directory: new VolumeDirectory(path, begin.uuid, { system: this.#system, source, inherited }) }
  }

  async #end(): Promise<void> {
    if (this.#current === undefined) return
    const { begin, path, directory } = this.#current
    const { unapplied, rootMode } = await directory.finish()
    this.#current = undefined
    const parent = begin.name === 'snapshot' ? { uuid: begin.cloneUuid, transid: begin.cloneTransid } : undefined
    this.#done.push({ volume: { name: begin.path, uuid: begin.uuid, transid: begin.transid, parent, unapplied }, path, rootMode })
  }

  /** A volume to start or clone from: of this input, one that the caller named, or one that was applied here before. */
  #find(uuid: string, transid?: number): { readonly path: string; readonly unapplied: readonly Unapplied[] } {
    const staged = this.#done.findLast(({ volume }) => volume.uuid === uuid)
    if (staged !== undefined) return { path: staged.path, unapplied: staged.volume.unapplied }
    const named = this.#options.volumes?.get(uuid)
    const record = this.#record(uuid)
    if (named !== undefined) return { path: Buffer.from(resolve(named)).toString('latin1'), unapplied: record?.unapplied ?? [] }
    if (record === undefined)
      throw new StorageError(
        'NOT_FOUND',
        `the stream starts from or refers to the volume ${uuid}, which is not in ${textOf(this.#root)}: apply its stream first, or tell its directory (\`volumes\`)`,
      )
    if (transid !== undefined && record.transid !== transid)
      throw new StorageError(
        'PRECONDITION_FAILED',
        `the stream starts from the volume ${uuid} as of transaction ${transid}, and ${textOf(record.name)} in ${textOf(this.#root)} is as of ${record.transid}`,
      )
    return { path: `${this.#root}/${record.name}`, unapplied: record.unapplied }
  }

  #record(uuid: string): VolumeRecord | undefined {
    const file = Buffer.from(`${this.#root}/${recordDirectory}/${recordName(uuid)}`, 'latin1')
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    const record = parseRecord(text, textOf(file.toString('latin1')))
    const stats = lstatSync(Buffer.from(`${this.#root}/${record.name}`, 'latin1'), { throwIfNoEntry: false })
    return stats?.isDirectory() === true ? record : undefined
  }

  #checkName(name: RawText): void {
    if (name === recordDirectory) throw new StorageError('INVALID_PATH', `a volume cannot be named ${name}: records are kept there`)
    if (lstatSync(Buffer.from(`${this.#root}/${name}`, 'latin1'), { throwIfNoEntry: false }) === undefined) return
    throw new StorageError(
      'ALREADY_EXISTS',
      `could not apply a stream: ${JSON.stringify(textOf(name))} is already in ${textOf(this.#root)}; remove it, or give the volume another name (\`withVolumeName\`)`,
    )
  }
}
