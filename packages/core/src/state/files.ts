import { collect } from '../bytes.ts'
import { isStorageError } from '../errors.ts'
import type { AbortOptions, Entry, Path, ReadableStorage } from '../protocol.ts'

/** The files of a state. */
export const stateFiles = {
  source: 'source_tree.json',
  destination: 'destination_tree.json',
  metadata: 'sync_metadata.json',
  journal: 'journal',
  uploads: 'uploads.json',
  lock: 'lock',
} as const

/** A small file's content; undefined if it does not exist. */
export async function readFileIfAny(storage: ReadableStorage, file: Path, options: AbortOptions): Promise<Uint8Array | undefined> {
  try {
    return await collect(storage.read(file, { signal: options.signal }))
  } catch (error) {
    if (isStorageError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** The files directly in a folder, by path; none if the folder does not exist. */
export async function listFolder(storage: ReadableStorage, folder: Path, options: AbortOptions): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  try {
    for await (const item of storage.list(folder, { signal: options.signal, recursive: false })) {
      if (Array.isArray(item)) entries.push(...(item as readonly Entry[]))
      else entries.push(item as Entry)
    }
  } catch (error) {
    if (!isStorageError(error, 'NOT_FOUND')) throw error
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1))
}
