import type { AbortOptions, FileEntry, Path, ReadableStorage } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import { readNotice, readRecord, type UploadNotice } from './dump-files.ts'
import { dumpPaths, isSameDump, type DumpIdentity } from './dump-name.ts'
import type { DumpRecord } from './dump-record.ts'
import { readStart } from './read-start.ts'

/** Where a dump goes, and what is there. */
export type Place =
  /** The dump, complete. */
  | { readonly state: 'present'; readonly path: Path; readonly record: DumpRecord }
  /** The same volume, without a record: whether it is whole is not known. */
  | { readonly state: 'unrecorded'; readonly path: Path; readonly entry: FileEntry }
  /** Nothing but perhaps a part of an upload, or a record whose dump is gone. */
  | { readonly state: 'free'; readonly path: Path; readonly notice?: UploadNotice; readonly hasRecord: boolean }

/**
 * Finds the name for a dump. What holds another volume, or cannot be told to be the same, keeps its name.
 *
 * @param pipeline - what the dump goes through before it is stored
 */
export async function findPlace(
  storage: ReadableStorage,
  name: RawPath,
  identity: DumpIdentity,
  { extension, pipeline, signal }: AbortOptions & { readonly extension: string; readonly pipeline: string | undefined },
): Promise<Place> {
  const paths = dumpPaths(name, identity, extension)
  for (;;) {
    const path = paths.next().value
    const entry = await storage.stat(path, { signal })
    const record = await readRecord(storage, path, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted()
      // A record that is no record belongs to somebody else, or is damaged; a storage that cannot be read is neither.
      if (isOfStorage(error)) throw error
      return null
    })
    if (record === null) continue
    const isOurs = record !== undefined && isSameDump(record, identity) && record.pipeline === pipeline
    if (record !== undefined && !isOurs) continue
    if (entry === undefined) {
      const notice = await readNotice(storage, path, { signal })
      if (notice !== undefined && !isSameDump(notice.identity, identity)) continue
      return { state: 'free', path, hasRecord: record !== undefined, ...(notice !== undefined && { notice }) }
    }
    if (entry.kind !== 'file') continue
    if (record !== undefined) {
      if (record.bytes === entry.size) return { state: 'present', path, record }
      // It was damaged. It may be all that is left of a volume, so it stays, for `verify` to tell.
      continue
    }
    if (pipeline !== undefined) continue
    const start = await readStart(storage, path, { signal })
    if (typeof start !== 'string' && isSameDump(start.identity, identity)) return { state: 'unrecorded', path, entry }
  }
}

function isOfStorage(error: unknown): boolean {
  return error instanceof Error && error.name === 'StorageError'
}
