import {
  isWritable,
  StorageError,
  type Bytes,
  type FamilyCall,
  type FileEntry,
  type Path,
  type ReadableStorage,
  type WritableStorage,
} from '@syncline/core'
import type { Duplicates, ReadSnarfOptions } from '../format/index.ts'
import { splitArchiveLocation } from '../location.ts'
import { localDirectory, localFile } from './local-tree.ts'

/** An archive that a command was given, and the place that it lies in. */
export interface ArchiveFile {
  readonly place: ReadableStorage
  readonly path: Path
  /** For messages. */
  readonly name: string
}

/** Opens the place of an archive for `work`, and closes it whatever happens. */
export async function withArchive<T>(call: FamilyCall, location: string, work: (archive: ArchiveFile) => Promise<T>): Promise<T> {
  const { place: where, name: path } = split(call, location)
  const place = await call.open(where)
  try {
    return await work({ place, path, name: location })
  } finally {
    await place.close?.()
  }
}

function split(call: FamilyCall, location: string): ReturnType<typeof splitArchiveLocation> {
  try {
    // The scheme of the storage is taken too: one name of an archive does for every command.
    return splitArchiveLocation(location.replace(/^snarf:/i, ''))
  } catch (error) {
    throw call.usageError(error instanceof Error ? error.message : String(error))
  }
}

/** The version of the archive that is there. @throws StorageError `NOT_FOUND`, `IS_A_DIRECTORY` */
export async function lookAt({ place, path, name }: ArchiveFile, signal: AbortSignal): Promise<FileEntry> {
  const entry = await place.stat(path, { signal })
  if (entry === undefined) throw new StorageError('NOT_FOUND', `${name} does not exist`, { path })
  if (entry.kind === 'file') return entry
  throw new StorageError(entry.kind === 'directory' ? 'IS_A_DIRECTORY' : 'NOT_SUPPORTED', `${name} is a ${entry.kind}, not a snarf archive`, { path })
}

/** Content of that version from a byte on. */
export function readFrom({ place, path }: ArchiveFile, { etag }: FileEntry, signal: AbortSignal, offset = 0): Bytes {
  return place.read(path, { signal, offset, ...(etag !== undefined && { ifMatch: etag }) })
}

/** The whole content of that version. A chunk is valid until the next one is asked for. */
export function readAll(archive: ArchiveFile, version: FileEntry, signal: AbortSignal): Bytes {
  const file = localDirectory(archive.name.replace(/^snarf:/i, ''))
  return (file === undefined ? undefined : localFile(file, version.size)) ?? readFrom(archive, version, signal)
}

/** @throws StorageError `NOT_SUPPORTED` for a place that can only be read */
export function writable(place: ReadableStorage): WritableStorage {
  if (isWritable(place)) return place
  throw new StorageError('NOT_SUPPORTED', `${place.name} can only be read`)
}

/** What `--duplicates` and the limits of a call say. */
export function readingOf(call: FamilyCall): ReadSnarfOptions {
  const entries = call.options.text('max-entries')
  if (entries !== undefined && !/^[1-9]\d{0,14}$/.test(entries))
    throw call.usageError(`--max-entries must be a positive number, got ${JSON.stringify(entries)}`)
  return {
    signal: call.signal,
    duplicates: (call.options.text('duplicates') ?? 'error') as Duplicates,
    ...(entries !== undefined && { limits: { entries: Number(entries) } }),
  }
}

/** Options of every command that reads an archive. */
export const readingOptions = {
  duplicates: {
    value: 'HOW',
    choices: ['error', 'last'],
    default: 'error',
    text: 'What becomes of a file that is in the archive twice; last takes the later one, as the original does',
  },
  'max-entries': { value: 'COUNT', default: '1000000', text: 'Files and directories that are accepted at most' },
} as const

/** The operands of a call. @throws a usage error for another number of them */
export function operandsOf(call: FamilyCall, least: number, most: number, what: string): readonly string[] {
  const { operands } = call
  if (operands.length < least || operands.length > most)
    throw call.usageError(`${what}, and ${operands.length} ${operands.length === 1 ? 'was' : 'were'} given`)
  return operands
}

/** What was read or written, for people. */
export function summaryOf({ format }: FamilyCall, { files, directories, bytes }: Totals): string {
  return `${format.plural(files, 'file')}, ${format.plural(directories, 'directory', 'directories')}, ${format.bytes(bytes)}`
}

/** Counted so far. */
export interface Totals {
  files: number
  directories: number
  bytes: number
}
