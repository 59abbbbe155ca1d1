import { StorageError } from '../errors.ts'
import type { FileEntry, Path, Upload, WriteOptions } from '../protocol.ts'

/** Parts that wait for `complete`, by token. They outlive the {@link Upload} object, as they would outlive a process. */
export type PendingUploads = Map<string, PendingUpload>

interface PendingUpload {
  readonly path: Path
  readonly options: WriteOptions
  readonly parts: Map<number, Uint8Array>
}

export interface UploadPlace {
  /** Of the storage, for messages. */
  readonly name: string
  readonly path: Path
  readonly partSize: number
  /** Makes the file, preconditions included. */
  readonly put: (parts: readonly Uint8Array[], options: WriteOptions) => FileEntry
}

/** The upload known by `token`. @throws StorageError `NOT_FOUND` if there is none, or one of another path */
export function pendingUpload(uploads: PendingUploads, token: string, { name, path, partSize, put }: UploadPlace): Upload {
  const pending = (): PendingUpload => {
    const found = uploads.get(token)
    if (found?.path === path) return found
    throw new StorageError('NOT_FOUND', `${name} has no upload ${token} of ${path}; it was completed or aborted`, { path })
  }
  pending()
  return {
    token,
    partSize,

    async stored({ signal } = {}) {
      signal?.throwIfAborted()
      return [...pending().parts.keys()].sort((a, b) => a - b)
    },

    async put(index, part, { signal } = {}) {
      signal?.throwIfAborted()
      // A copy, because the caller may use its buffer again.
      pending().parts.set(index, part.slice())
    },

    async complete({ signal } = {}) {
      signal?.throwIfAborted()
      const { parts, options } = pending()
      const contents: Uint8Array[] = []
      for (let index = 0; index < parts.size; index++) {
        const part = parts.get(index)
        if (part === undefined) throw new StorageError('CORRUPT', `the upload of ${path} to ${name} lacks part ${index}`, { path })
        if (part.length > partSize || (index < parts.size - 1 && part.length < partSize)) {
          throw new StorageError('CORRUPT', `part ${index} of the upload of ${path} to ${name} has ${part.length} bytes instead of ${partSize}`, {
            path,
          })
        }
        contents.push(part)
      }
      const entry = put(contents, options)
      uploads.delete(token)
      return entry
    },

    async abort() {
      uploads.delete(token)
    },
  }
}
