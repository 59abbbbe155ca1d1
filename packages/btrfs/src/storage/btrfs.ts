import { join, resolve } from 'node:path'
import {
  decorateReadable,
  isStorageError,
  StorageError,
  type AbortOptions,
  type Entry,
  type ListOptions,
  type Path,
  type WritableStorage,
} from '@syncline/core'
import { fs } from '@syncline/fs'
import { commandsOn } from '../roots/btrfs-commands.ts'
import { findRoot, type FoundRoot } from '../roots/find-root.ts'
import { localHost } from '../roots/local-host.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { freeze } from './freeze.ts'
import { frozenStorage } from './frozen-storage.ts'
import { nestedIn } from './nested.ts'
import { isOwn, Place, snapshotsName } from './place.ts'

/** Options of `btrfs`. */
export interface BtrfsOptions extends AbortOptions {
  /**
   * Keep the last snapshot, so that the next listing needs only what has changed since; default true. Its blocks stay in use until then, also those of
   * files that were deleted.
   */
  readonly keep?: boolean | undefined
}

const commands = commandsOn(localHost, false)

/**
 * A subvolume of a btrfs file system, or a directory in one, as a storage: all that `fs` of `@syncline/fs` can do, and snapshots, from which a sync that only
 * reads it takes all files as they were at one moment.
 *
 * Snapshots are made in the directory `.syncline-snapshots` of the subvolume, which takes no part in any sync. What a killed process left there is removed
 * by the next one. Root is needed, as everywhere where changes of btrfs are told.
 *
 * @param path - absolute, or relative to the working directory; it may be missing
 * @throws StorageError `NOT_SUPPORTED` if the path is not on btrfs, or btrfs-progs are not there; `PERMISSION_DENIED` without root
 * @example
 * const storage = await btrfs('/srv/data')
 * const frozen = await storage.snapshot?.()
 */
export async function btrfs(path: string, options: BtrfsOptions = {}): Promise<WritableStorage> {
  const { keep = true, signal } = options
  const root = resolve(path)
  const found = await findSubvolume(root, { signal })
  const subvolume = textOf(found.rootPath)
  const place = new Place(subvolume, commands)
  const directory = textOf(found.path)
  if (join(subvolume, directory).includes('\uFFFD')) throw new StorageError('INVALID_PATH', `${root} is not valid UTF-8, so it cannot be synced`)
  if (isOwn(directory)) throw new StorageError('INVALID_PATH', `${root} lies in ${snapshotsName}, where snapshots are made while a sync runs`)
  const tree = fs(join(subvolume, directory))
  await place.clean()
  const { capabilities } = tree
  const name = `btrfs:${tree.name}`
  const list = tree.list.bind(tree)
  const stat = tree.stat.bind(tree)
  const hides = (entry: Path): boolean => directory === '' && isOwn(entry)

  const more: Partial<WritableStorage> = {
    name,
    async *list(from: Path, given: ListOptions = {}) {
      const { descend = () => true } = given
      for await (const page of list(from, { ...given, descend: inside => !hides(inside) && descend(inside) })) {
        const shown = (page as readonly Entry[]).filter(entry => !hides(entry.path))
        if (shown.length > 0) yield shown
      }
    },
    stat: async (at: Path, given?: AbortOptions) => (hides(at) ? undefined : stat(at, given)),
    async snapshot(given: AbortOptions = {}) {
      given.signal?.throwIfAborted()
      await place.clean()
      const live = await place.show(subvolume, given)
      if (typeof live !== 'object')
        throw new StorageError('NOT_FOUND', `the subvolume ${subvolume} is not there any more, so no snapshot of it can be made`)
      // It stands still already, and nothing could be made in it.
      if (live.readonly) return decorateReadable(tree, { snapshot: undefined, close: async () => {} })
      const frozen = await freeze(place, commands, directory, given)
      try {
        const nested = await nestedIn(commands, found, directory, given)
        return frozenStorage({
          name,
          capabilities,
          place,
          commands,
          directory,
          frozen,
          nested,
          keeps: keep,
          base: keep ? await place.base(directory, live, given) : undefined,
        })
      } catch (error) {
        await place.remove(frozen.snapshot)
        throw error
      }
    },
  }
  // Onto the storage itself, because others of its kind know only the very object.
  return Object.assign(tree, more)
}

async function findSubvolume(root: string, options: AbortOptions): Promise<FoundRoot> {
  try {
    return await findRoot(commands, root, options)
  } catch (error) {
    if (!isStorageError(error, 'NOT_SUPPORTED')) throw error
    throw new StorageError('NOT_SUPPORTED', `${error.message}. What is not on btrfs is synced without "btrfs:", as the plain path ${root}`, {
      cause: error,
    })
  }
}
