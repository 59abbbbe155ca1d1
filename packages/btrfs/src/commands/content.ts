import { resolve } from 'node:path'
import { isStorageError, StorageError, type AbortOptions, type FamilyCall, type ReadableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { readDumps, type DumpIndex } from '../dumps/read-dumps.ts'
import type { BtrfsRoot } from '../roots/root.ts'
import type { RawPath } from '../stream/command.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { exists } from './choose-source.ts'
import type { Location } from './location.ts'
import type { Places } from './places.ts'

/** What a place holds: subvolumes, or dumps of them. */
export type Content =
  | { readonly kind: 'subvolumes'; readonly root: BtrfsRoot; readonly path: RawPath; readonly volumes: readonly Subvolume[] }
  | { readonly kind: 'dumps'; readonly storage: ReadableStorage; readonly index: DumpIndex }

/** How a place is looked at. */
export interface ContentOptions {
  readonly sudo: boolean
  /** Whether it holds dumps, although it may be on btrfs. */
  readonly dumps: boolean
}

/**
 * What is in a place. A URL holds dumps, and so does a local directory that is not on btrfs.
 *
 * @throws StorageError if it is missing or cannot be reached
 */
export async function readContent(text: string, call: FamilyCall, places: Places, { sudo, dumps }: ContentOptions): Promise<Content> {
  const { signal } = call
  const location = places.parse(text)
  if (location.kind !== 'storage' && !dumps) {
    const found = await rootOf(location, places, { sudo, signal })
    if (found !== undefined) {
      if (!(await exists(found.root, found.path, { signal }))) throw new StorageError('NOT_FOUND', `${text} is not there`)
      const start = found.path === '' ? '' : `${found.path}/`
      const volumes = (await found.root.list({ signal })).filter(({ path }) => path?.startsWith(start) === true)
      return { kind: 'subvolumes', root: found.root, path: found.path, volumes }
    }
  }
  const storage = await openDumps(location, places, { signal })
  return { kind: 'dumps', storage, index: await readDumps(storage, { signal }) }
}

/** The subvolume that a place lies in; undefined for a local one that is not on btrfs. */
export async function rootOf(
  location: Exclude<Location, { kind: 'storage' }>,
  places: Places,
  { sudo, signal }: { readonly sudo: boolean; readonly signal: AbortSignal },
): Promise<{ readonly root: BtrfsRoot; readonly path: RawPath } | undefined> {
  try {
    return await places.roots(location, { sudo }).getRoot(location.path, { signal })
  } catch (error) {
    if (location.kind === 'local' && isStorageError(error, 'NOT_SUPPORTED')) return undefined
    throw error
  }
}

/** Opens a directory of dumps, to read it. @throws StorageError `NOT_FOUND` if there is none, where that can be told from an empty one */
export async function openDumps(location: Location, places: Places, options: AbortOptions): Promise<ReadableStorage> {
  const storage = location.kind === 'local' ? fs(resolve(location.path)) : await places.storage(location)
  const isMissing = storage.capabilities.directories === true && (await storage.stat('', options)) === undefined
  if (isMissing) throw new StorageError('NOT_FOUND', `there is no directory ${storage.name}, and so no dumps`)
  return storage
}
