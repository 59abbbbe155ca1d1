import type { CommandName, RawPath } from '../stream/command.ts'
import { commands } from '../stream/format.ts'
import type { DumpIdentity } from './dump-name.ts'

/** A piece of a dump, by which damage is found, and what is stored already is known. */
export interface DumpPart {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/**
 * What is kept beside a dump, as JSON. It is written when the dump is complete and durable, so a dump that has one is whole.
 */
export interface DumpRecord extends DumpIdentity {
  /** Where the volume was below its root, or its name; a character per byte. */
  readonly name: RawPath
  /** Of the format of the stream. */
  readonly version: 1 | 2
  /** Of the file. */
  readonly bytes: number
  readonly sha256: string
  /** In the order of the file. */
  readonly parts: readonly DumpPart[]
  /** How many commands of each kind the stream has. */
  readonly commands: Readonly<Partial<Record<CommandName, number>>>
  /** ISO 8601, UTC. */
  readonly created: string
  /** What the stream went through before it was stored; absent: it is stored as it was sent. */
  readonly pipeline?: string
  readonly complete: true
}

/** What the first field of a record says. */
const format = 'syncline-btrfs-dump-1'

/** A record as it is stored. */
export function encodeRecord(record: DumpRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ format, ...record }, undefined, 2)}\n`)
}

/** Reads what anybody may have edited. @throws Error that says what is wrong */
export function decodeRecord(bytes: Uint8Array): DumpRecord {
  const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  if (!isObject(value) || value.format !== format) throw new Error(`it is no record of a dump: "format" is not ${JSON.stringify(format)}`)
  for (const [field, isRight] of Object.entries(shape)) if (!isRight(value[field])) throw new Error(`${JSON.stringify(field)} is missing or wrong`)
  const { format: _, ...record } = value
  const parts = record.parts as DumpRecord['parts']
  if (parts.reduce((sum, part) => sum + part.bytes, 0) !== record.bytes) throw new Error('its parts do not add up to its "bytes"')
  if ((record.parentUuid === undefined) !== (record.parentCtransid === undefined)) throw new Error('half of its parent is missing')
  return record as unknown as DumpRecord
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isText = (value: unknown): boolean => typeof value === 'string'
const isUuid = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
const isDigest = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const optional =
  (isRight: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isRight(value)

const shape: Readonly<Record<keyof DumpRecord, (value: unknown) => boolean>> = {
  name: isText,
  uuid: isUuid,
  ctransid: isCount,
  parentUuid: optional(isUuid),
  parentCtransid: optional(isCount),
  version: value => value === 1 || value === 2,
  bytes: isCount,
  sha256: isDigest,
  parts: value => Array.isArray(value) && value.every(part => isObject(part) && isCount(part.bytes) && isDigest(part.sha256)),
  commands: value => isObject(value) && Object.entries(value).every(([name, count]) => Object.hasOwn(commands, name) && isCount(count)),
  created: value => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  pipeline: optional(isText),
  complete: value => value === true,
}
