import { baseName, isStorageError, joinPath, parentPath, type Bytes, type Entry, type FileEntry, type Path, type WriteOptions } from '@syncline/core'
import type { Archive } from './archive.ts'

/** A copy beside an archive that nobody has written for so long is of a process that was killed. */
const abandonedMs = 24 * 60 * 60 * 1000

/**
 * Writes beside the archive, makes that durable, and only then lets it take the place of the old one. A file system may bring a rename to the disk before
 * the content of the file, and after a power cut there would be neither archive.
 */
export async function replaceDurably(archive: Archive, old: FileEntry | undefined, content: Bytes, options: WriteOptions): Promise<FileEntry> {
  const { inner, path } = archive
  const { signal } = options
  await removeAbandoned(archive, signal)
  // A name of its own: two that write at the same time do not touch each other's.
  const beside = joinPath(parentPath(path), `${prefixOf(path)}${Math.random().toString(36).slice(2, 10).padEnd(8, '0')}`)
  let written: FileEntry
  try {
    written = await inner.write(beside, content, options)
    await inner.flush?.({ signal })
    await archive.checkIsStill(old, signal)
    await inner.move?.(beside, path, { signal, ...(old?.etag !== undefined && { ifMatch: old.etag }) })
  } catch (error) {
    // A store that does not know versions moves nothing to where something is. The copy beside it is durable meanwhile.
    const knowsNoVersions = old !== undefined && isStorageError(error, 'ALREADY_EXISTS')
    try {
      if (!knowsNoVersions) throw error
      await archive.checkIsStill(old, signal)
      return await inner.write(path, inner.read(beside, { signal }), { ...options, ...conditionOf(old) })
    } finally {
      await inner.remove(beside).catch(() => undefined)
    }
  }
  // The old archive is gone: an abort must not hide which one is there now.
  const now = await archive.look(undefined)
  if (now === undefined || now.size !== written.size || now.id !== written.id) throw archive.changed()
  return now
}

/** What a write asks of the place, so that it replaces this version and no other. */
export function conditionOf(old: FileEntry | undefined): WriteOptions {
  if (old === undefined) return { ifNoneMatch: '*' }
  return old.etag === undefined ? {} : { ifMatch: old.etag }
}

/** Of the names beside an archive that its new content has until it is whole. */
function prefixOf(path: Path): string {
  return `.${baseName(path)}.new-`
}

/** Removes what killed processes have left beside the archive. It takes up space and does no other harm, so a failure here is no reason not to write. */
async function removeAbandoned({ inner, path }: Archive, signal: AbortSignal | undefined): Promise<void> {
  const prefix = prefixOf(path)
  const abandoned: Path[] = []
  try {
    for await (const page of inner.list(parentPath(path), { recursive: false, signal }))
      for (const entry of 'path' in page ? [page] : page) if (isAbandoned(entry, prefix)) abandoned.push(entry.path)
    for (const each of abandoned) await inner.remove(each, { signal })
  } catch {
    signal?.throwIfAborted()
  }
}

function isAbandoned(entry: Entry, prefix: string): boolean {
  const name = baseName(entry.path)
  const isOurs = entry.kind === 'file' && name.startsWith(prefix) && /^[0-9a-z]{8}$/.test(name.slice(prefix.length))
  return isOurs && entry.modified !== undefined && entry.modified < Date.now() - abandonedMs
}
