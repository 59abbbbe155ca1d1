import {
  collect,
  isStorageError,
  toBytes,
  type AbortOptions,
  type Entry,
  type ListOptions,
  type Path,
  type ReadableStorage,
  type WritableStorage,
} from '@syncline/core'
import { recordEnding, uploadEnding, type DumpIdentity } from './dump-name.ts'
import { decodeRecord, encodeRecord, type DumpRecord } from './dump-record.ts'

/** Bytes of a record or notice at most: what is longer was not written by us. A dump of 10,000 parts has one of 1 MiB. */
const mostBytes = 64 * 1024 * 1024

/** What is kept beside a dump whose upload is not complete, so that a later process goes on with it. */
export interface UploadNotice {
  readonly identity: DumpIdentity
  /** Of the upload; the storage knows it by that. */
  readonly token: string
  /** ISO 8601, UTC. */
  readonly begun: string
}

/** Reads a small file; `undefined` if there is none. */
async function readSmall(storage: ReadableStorage, path: Path, { signal }: AbortOptions): Promise<Uint8Array | undefined> {
  try {
    return await collect(storage.read(path, { length: mostBytes, signal }))
  } catch (error) {
    if (isStorageError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** The record beside a dump; `undefined` if there is none. @throws Error that says what is wrong with it */
export async function readRecord(storage: ReadableStorage, dump: Path, options: AbortOptions = {}): Promise<DumpRecord | undefined> {
  const bytes = await readSmall(storage, dump + recordEnding, options)
  return bytes === undefined ? undefined : decodeRecord(bytes)
}

/** Writes the record beside a dump, durably. It never replaces one. */
export async function writeRecord(storage: WritableStorage, dump: Path, record: DumpRecord, { signal }: AbortOptions): Promise<void> {
  await writeSmall(storage, dump + recordEnding, encodeRecord(record), { signal })
}

/** The notice of an upload; `undefined` if there is none, or none that can be used. */
export async function readNotice(storage: ReadableStorage, dump: Path, options: AbortOptions = {}): Promise<UploadNotice | undefined> {
  const bytes = await readSmall(storage, dump + uploadEnding, options)
  if (bytes === undefined) return undefined
  try {
    const notice = JSON.parse(new TextDecoder().decode(bytes)) as Partial<UploadNotice> | null
    const { identity, token, begun } = notice ?? {}
    if (typeof token !== 'string' || typeof begun !== 'string' || typeof identity?.uuid !== 'string') return undefined
    return { identity, token, begun }
  } catch {
    return undefined
  }
}

/** Writes the notice of an upload, durably: an upload that nobody remembers is never ended. */
export async function writeNotice(storage: WritableStorage, dump: Path, notice: UploadNotice, { signal }: AbortOptions): Promise<void> {
  await storage.remove(dump + uploadEnding, { signal })
  await writeSmall(storage, dump + uploadEnding, new TextEncoder().encode(`${JSON.stringify(notice)}\n`), { signal })
}

export async function removeNotice(storage: WritableStorage, dump: Path, { signal }: AbortOptions): Promise<void> {
  await storage.remove(dump + uploadEnding, { signal })
}

async function writeSmall(storage: WritableStorage, path: Path, bytes: Uint8Array, { signal }: AbortOptions): Promise<void> {
  await storage.write(path, toBytes(bytes), { size: bytes.length, ifNoneMatch: '*', signal })
  await storage.flush?.({ signal })
}

/** What lies in a directory of dumps and below, by path; nothing where there is no directory yet. */
export async function listDirectory(storage: ReadableStorage, { signal, recursive }: ListOptions): Promise<Map<Path, Entry>> {
  const entries = new Map<Path, Entry>()
  try {
    for await (const page of storage.list('', { signal, ...(recursive !== undefined && { recursive }) }))
      for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) entries.set(entry.path, entry)
  } catch (error) {
    if (!isStorageError(error, 'NOT_FOUND')) throw error
  }
  return entries
}
