import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { collectText, isStorageError, joinPath, type AbortOptions, type Entry, type ReadableStorage, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { applyStream, type AppliedVolume, type ApplyOptions } from '../apply/apply-stream.ts'
import { applyToStorage, type ApplyToStorageOptions } from '../apply/apply-to-storage.ts'
import { parseRecord, recordDirectory } from '../apply/volume-record.ts'
import { withVolumeName } from '../stream/writer.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { directoryOf } from '../subvolume/subvolume.ts'
import { labelOf } from './dump-name.ts'
import { restoreDumps, type RestoreOptions, type RestoreReport } from './restore-dumps.ts'

/** How dumps are restored to a directory. */
export interface RestoreToDirectoryOptions extends RestoreOptions, Pick<ApplyOptions, 'python'> {
  /** Make the directories that the volumes were in; needed where several have the same name. */
  readonly replicateDirectories?: boolean | undefined
}

/**
 * Restores dumps as directories of any file system, each volume under its name. The directory is made if it is missing. What was restored there before is
 * not restored again, and increments start from it.
 *
 * @returns for each what could not be carried out
 */
export async function restoreToDirectory(
  storage: ReadableStorage,
  directory: string,
  options: RestoreToDirectoryOptions = {},
): Promise<RestoreReport<readonly AppliedVolume[]>> {
  const { replicateDirectories = false, python, signal } = options
  await mkdir(directory, { recursive: true })
  const present = await appliedVolumes(fs(directory), { signal })
  /** What this restore has put elsewhere: what is in the directory itself is found by its records. */
  const elsewhere = new Map<string, string>()
  return await restoreDumps(
    storage,
    present,
    async (dump, content) => {
      const place = replicateDirectories ? join(directory, textOf(directoryOf(dump.name))) : directory
      await mkdir(place, { recursive: true })
      const applied = await applyStream(content, place, { volumes: elsewhere, python, signal })
      if (replicateDirectories) for (const { uuid, name } of applied) elsewhere.set(uuid, join(place, textOf(name)))
      return applied
    },
    options,
  )
}

/** How dumps are restored to a storage. */
export interface RestoreToStorageOptions extends RestoreOptions, Pick<ApplyToStorageOptions, 'spool'> {
  /** Call each volume by its whole path, as one name, e.g. `1%2fsnapshot`; needed where several have the same name. */
  readonly wholeNames?: boolean | undefined
}

/**
 * Restores dumps as directories of any storage, with what that can hold. What was restored there before is not restored again, and increments start from
 * it.
 *
 * @param target - where to; not where the dumps are
 * @returns for each what the storage cannot hold
 */
export async function restoreToStorage(
  storage: ReadableStorage,
  target: WritableStorage,
  options: RestoreToStorageOptions = {},
): Promise<RestoreReport<readonly AppliedVolume[]>> {
  const { wholeNames = false, spool, signal } = options
  const present = await appliedVolumes(target, { signal })
  return await restoreDumps(
    storage,
    present,
    (dump, content) => applyToStorage(wholeNames ? withVolumeName(content, labelOf(dump.name)) : content, target, { spool, signal }),
    options,
  )
}

/** Volumes that were put together in a place before. */
async function appliedVolumes(storage: ReadableStorage, { signal }: AbortOptions): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  try {
    for await (const page of storage.list(recordDirectory, { recursive: false, signal }))
      for (const { kind, path } of (Array.isArray(page) ? page : [page]) as readonly Entry[]) {
        if (kind !== 'file' || !path.endsWith('.json')) continue
        const { uuid, name } = parseRecord(await collectText(storage.read(path, { signal })), joinPath(storage.name, path))
        // Where directories are only parts of names, the record is written last.
        if (storage.capabilities.directories !== true || (await storage.stat(textOf(name), { signal }))?.kind === 'directory') found.add(uuid)
      }
  } catch (error) {
    if (!isStorageError(error, 'NOT_FOUND')) throw error
  }
  return found
}
