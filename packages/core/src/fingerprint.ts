import { isStorageError, StorageError } from './errors.ts'
import type { AbortOptions, FileEntry, HashName, ReadableStorage } from './protocol.ts'

/** A content hash that says which function made it: `sha256:…`. Equal only for equal content. */
export type Fingerprint = string

/** `name:hex`. */
export function fingerprint(name: HashName, hex: string): Fingerprint {
  return `${name}:${hex}`
}

/** The name of the function that made a fingerprint. */
export function hashNameOf(value: Fingerprint): HashName {
  return value.slice(0, value.indexOf(':'))
}

/**
 * The hash function that both storages can compute without a download, the source's preference first; `undefined` if there is none.
 * A store that only lists hashes (an S3 etag that is an MD5) says so in `capabilities.hashes` too.
 */
export function commonHash(source: ReadableStorage, destination: ReadableStorage): HashName | undefined {
  const theirs = destination.capabilities.hashes ?? []
  return (source.capabilities.hashes ?? []).find(name => theirs.includes(name))
}

/**
 * The fingerprint of a file as it is now: from the listing, else computed by the storage; `undefined` if it offers no such hash.
 * A file that changes while it is hashed has no fingerprint: the storage is asked again whether it is still the version that was listed.
 */
export async function fingerprintOf(
  storage: ReadableStorage,
  entry: FileEntry,
  name: HashName,
  options: AbortOptions = {},
): Promise<Fingerprint | undefined> {
  const listed = entry.hashes?.[name]
  if (listed !== undefined) return fingerprint(name, listed)
  if (storage.hash === undefined || storage.capabilities.hashes?.includes(name) !== true) return undefined
  const hex = await storage.hash(entry.path, name, options).catch((error: unknown) => {
    // A store may know the hash of most files only: of an object that was sent in parts, S3 has none.
    if (isStorageError(error, 'NOT_SUPPORTED')) return undefined
    throw error
  })
  if (hex === undefined) return undefined
  const now = await storage.stat(entry.path, options)
  // A listing may have left the time out, or shown it coarsely.
  const sameTime = entry.modified === undefined || entry.modifiedPrecision !== undefined || now?.modified === entry.modified
  if (now?.kind !== 'file' || now.size !== entry.size || now.etag !== entry.etag || !sameTime) {
    throw new StorageError('PRECONDITION_FAILED', `${entry.path} changed on ${storage.name} while it was compared; run the sync again`, {
      path: entry.path,
    })
  }
  return fingerprint(name, hex)
}
