import { StorageError, type Json } from '@syncline/core'
import type { RawPath, RawText } from '../stream/command.ts'
import type { Unapplied } from './unapplied.ts'

/** The directory of records, beside the volumes. No volume can have its name. */
export const recordDirectory = '.syncline-volumes'

/** What is known of a volume that was put together from streams: what `btrfs receive` keeps in the volume itself. An increment finds its parent by it. */
export interface VolumeRecord {
  /** Of its directory, beside that of the records. A character per byte. */
  readonly name: RawText
  readonly uuid: string
  readonly transid: number
  readonly parent: { readonly uuid: string; readonly transid: number } | undefined
  readonly unapplied: readonly Unapplied[]
  /** Paths that are names of one file, where the volume holds them as files of their own. */
  readonly links?: readonly (readonly RawPath[])[] | undefined
  /** What belongs to the volume and is not there. */
  readonly missing?: readonly MissingNode[] | undefined
}

/** Something that a storage cannot hold: an increment may still rename it, or remove it. */
export interface MissingNode {
  readonly path: RawPath
  readonly kind: 'file' | 'directory' | 'symlink' | 'special'
  /** Of a symbolic link. */
  readonly target?: RawText
  /** As in the protocol of storages: an increment may give it a name or content that can be kept, and tells only what it changed. */
  readonly mode?: number
  readonly modified?: number
  readonly reason: string
}

/** The name of a record in its directory. */
export function recordName(uuid: string): string {
  return `${uuid}.json`
}

/** As it is stored. */
export function formatRecord(record: VolumeRecord): string {
  return `${JSON.stringify({ format: 1, ...record }, undefined, 2)}\n`
}

/** @throws StorageError `CORRUPT` for what is no record; `place` says where it is */
export function parseRecord(text: string, place: string): VolumeRecord {
  const damaged = (reason: string): StorageError =>
    new StorageError(
      'CORRUPT',
      `the record of a volume at ${place} ${reason}; if the volume is what it was, remove the record and name the volume instead`,
    )
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (cause) {
    throw damaged(`is no JSON (${(cause as Error).message})`)
  }
  const record = value as unknown as VolumeRecord & { readonly format: unknown }
  if (typeof record !== 'object' || record === null) throw damaged('is no object')
  if (record.format !== 1) throw damaged(`has the format ${JSON.stringify(record.format)}, and 1 is known`)
  const { name, uuid, transid, parent, unapplied, links, missing } = record
  const isWhole = typeof name === 'string' && isPlainName(name) && typeof uuid === 'string' && typeof transid === 'number' && Array.isArray(unapplied)
  if (!isWhole) throw damaged('lacks something')
  return { name, uuid, transid, parent, unapplied, ...(Array.isArray(links) && { links }), ...(Array.isArray(missing) && { missing }) }
}

/** Whether it names something right beside the records: a record could have been changed to point elsewhere. */
function isPlainName(name: RawText): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')
}
