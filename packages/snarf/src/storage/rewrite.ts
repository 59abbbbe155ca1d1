import { isStorageError, type Bytes, type FileEntry, type Path, type WriteOptions } from '@syncline/core'
import { encodeHeader, writeSnarf, type SnarfInput } from '../format/index.ts'
import type { Archive } from './archive.ts'
import { readPieces } from './incoming.ts'
import type { FileNode, MemberTree, Place } from './member-tree.ts'
import { conditionOf, replaceDurably } from './replace-durably.ts'
import { SequentialReader } from './sequential-reader.ts'
import type { Spool } from './spool.ts'

interface Item {
  readonly path: Path
  /** Absent for a directory. */
  readonly node?: FileNode
  /** Of the body in the new archive. */
  readonly offset: number
}

/**
 * Writes the tree as a new archive in place of the old one, in one step of the inner storage. Until then, and if it fails, the old archive is whole.
 *
 * @param old - the version that the tree was read from; another one is not replaced
 * @returns the new version; every file of the tree is then in it
 * @throws StorageError `PRECONDITION_FAILED` if somebody else has replaced the archive
 */
export async function rewrite(
  archive: Archive,
  tree: MemberTree,
  old: FileEntry | undefined,
  spool: Spool | undefined,
  signal: AbortSignal | undefined,
): Promise<FileEntry> {
  const items: Item[] = []
  let size = 0
  for (const { path, node } of tree.members()) {
    const bytes = node.kind === 'file' ? node.size : 0
    size += encodeHeader({ kind: node.kind, path, size: bytes }).length
    items.push({ path, offset: size, ...(node.kind === 'file' && { node }) })
    size += bytes
  }
  const { inner, path } = archive
  // Where the store does not decide, a look right before it takes the content, and another right before the content ends.
  const looks = inner.capabilities.conditional !== true
  if (looks) await archive.checkIsStill(old, signal)
  async function* content(): AsyncGenerator<Uint8Array> {
    yield* writeSnarf(inputs(archive, items, spool, signal), { signal })
    if (looks) await archive.checkIsStill(old, signal)
  }
  const options: WriteOptions = { size, signal, ...(old?.mode !== undefined && { mode: old.mode }) }
  let version: FileEntry
  try {
    version =
      looks && inner.move !== undefined && inner.flush !== undefined && (old === undefined || old.etag !== undefined)
        ? await replaceDurably(archive, old, content(), options)
        : await inner.write(path, content(), { ...options, ...conditionOf(old) })
  } catch (error) {
    throw isStorageError(error, 'PRECONDITION_FAILED') || isStorageError(error, 'ALREADY_EXISTS') ? archive.changed(error) : error
  }
  for (const { node, offset } of items) if (node !== undefined) node.place = { in: 'archive', version, offset }
  return version
}

function* inputs(archive: Archive, items: readonly Item[], spool: Spool | undefined, signal: AbortSignal | undefined): Generator<SnarfInput> {
  const reader = new SequentialReader(archive, signal)
  try {
    for (const { path, node } of items) {
      if (node === undefined) yield { kind: 'directory', path }
      else yield { kind: 'file', path, size: node.size, content: contentOf(reader, node.place, node.size, spool) }
    }
  } finally {
    reader.leave()
  }
}

function contentOf(reader: SequentialReader, place: Place, size: number, spool: Spool | undefined): Bytes | Uint8Array {
  if (size === 0) return new Uint8Array(0)
  if (place.in === 'archive') return reader.read(place.version, place.offset, size)
  if (spool === undefined) throw new Error('what waits to be written has no spool')
  return readPieces(spool, place.pieces)
}
