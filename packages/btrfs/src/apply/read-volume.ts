import { isBelow, isStorageError, parentPath, type AbortOptions, type Entry, type Path, type ReadableStorage } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import type { MissingNode, VolumeRecord } from './volume-record.ts'
import { newDirectory, VolumeTree, type VolumeNode } from './volume-tree.ts'

/**
 * What a storage has of a volume, and what its record knows of it beyond that: names of one file, and what is not there.
 *
 * @param at - the volume's directory
 */
export async function readVolume(
  storage: ReadableStorage,
  at: Path,
  record: Pick<VolumeRecord, 'unapplied' | 'links' | 'missing'> | undefined,
  { signal }: AbortOptions,
): Promise<VolumeTree> {
  const tree = new VolumeTree()
  const directories = new Map<Path, ReturnType<typeof newDirectory>>([['', tree.root]])
  /** Where directories are implied, they come with what is in them. */
  const directoryAt = (path: Path): ReturnType<typeof newDirectory> => {
    const known = directories.get(path)
    if (known !== undefined) return known
    const made = newDirectory()
    directories.set(path, made)
    directoryAt(parentPath(path)).children.set(nameOf(path), made)
    return made
  }
  for await (const entry of entriesOf(storage, at, signal)) {
    if (!isBelow(entry.path, at)) continue
    const path = at === '' ? entry.path : entry.path.slice(at.length + 1)
    const node = entry.kind === 'directory' ? directoryAt(path) : toNode(entry)
    node.mode = entry.mode
    node.modified = entry.modified
    if (node.kind !== 'directory') directoryAt(parentPath(path)).children.set(nameOf(path), node)
  }
  for (const missing of record?.missing ?? []) if (tree.get(missing.path) === undefined) tree.add(missing.path, toMissing(missing), 'reading')
  for (const [first, ...others] of record?.links ?? []) joinNames(tree, first, others)
  for (const { path, ...note } of record?.unapplied ?? [])
    if (inherited.has(note.what)) tree.get(path)?.notes.set(note.what === 'xattr' ? note.reason : note.what, note)
  return tree
}

async function* entriesOf(storage: ReadableStorage, at: Path, signal: AbortSignal | undefined): AsyncGenerator<Entry, void, undefined> {
  try {
    for await (const item of storage.list(at, { signal })) yield* (Array.isArray(item) ? item : [item]) as readonly Entry[]
  } catch (error) {
    // Where directories are only a part of names, an empty volume leaves nothing behind.
    if (storage.capabilities.directories === true || !isStorageError(error, 'NOT_FOUND')) throw error
  }
}

/** What stays true of a file while nothing is done to it; the rest is found anew when it is written. */
const inherited: ReadonlySet<string> = new Set(['owner', 'mode', 'times', 'xattr', 'flags'])

function toNode(entry: Exclude<Entry, { readonly kind: 'directory' }>): VolumeNode {
  const notes = new Map()
  if (entry.kind === 'file') return { kind: 'file', content: { kind: 'stored', path: entry.path, size: entry.size, etag: entry.etag }, notes }
  if (entry.kind === 'symlink') return { kind: 'symlink', target: Buffer.from(entry.target).toString('latin1'), notes }
  // It could not be read now: what it holds must not be taken for nothing.
  return { kind: 'file', content: { kind: 'lost', reason: `the storage could not read it: ${entry.reason}` }, notes }
}

function toMissing({ kind, target, mode, modified, reason }: MissingNode): VolumeNode {
  const base = { mode, modified, notes: new Map() }
  switch (kind) {
    case 'directory':
      return { ...base, kind, children: new Map() }
    case 'file':
      return { ...base, kind, content: { kind: 'lost', reason: `the volume that it comes from does not have it: ${reason}` } }
    case 'symlink':
      return { ...base, kind, target: target ?? '' }
    case 'special':
      return { ...base, kind, reason }
  }
}

/** Names that were one file are one again, so that what changes it under one name changes it under all. */
function joinNames(tree: VolumeTree, first: RawPath | undefined, others: readonly RawPath[]): void {
  const node = first === undefined ? undefined : tree.get(first)
  if (node?.kind !== 'file') return
  for (const path of others) {
    const other = tree.get(path)
    if (other?.kind !== 'file') continue
    tree.remove(path, 'unlink')
    // Whichever of them is there has the content.
    if (node.content.kind === 'lost') node.content = other.content
    tree.add(path, node, 'reading')
  }
}

function nameOf(path: Path): string {
  return Buffer.from(path.slice(path.lastIndexOf('/') + 1)).toString('latin1')
}
