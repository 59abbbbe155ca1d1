import { collect, joinPath, parentPath, toBytes, type Path, type WritableStorage } from '@syncline/core'
import { entriesPath, readEntries, repositoryFromStorage, writeEntries, type Entries, type EntryAttributes } from '@syncline/snarf/objects'

/** Whether a file lists the objects of its directory. */
export function isEntries(path: Path): boolean {
  return path.slice(-entriesPath('').length) === entriesPath('')
}

/** Every list of entries in a tree. */
export async function readAllEntries(files: WritableStorage): Promise<ReadonlyMap<Path, Entries>> {
  const lists = new Map<Path, Entries>()
  for await (const path of repositoryFromStorage(files).paths()) {
    if (isEntries(path)) lists.set(path, readEntries(await collect(files.read(path)), { path }))
  }
  return lists
}

/**
 * Makes the lists of both sides fit the files that are there: two people who add a page each change the same list.
 *
 * Which objects there are is what the sync decided file by file. An entry that any list knows stays if its file stayed, and goes if it went.
 *
 * @param before - the lists of `files` before the sync
 * @returns whether a list was changed, so that the sync has to run once more
 */
export async function mergeEntries(before: ReadonlyMap<Path, Entries>, files: WritableStorage, bucket: WritableStorage): Promise<boolean> {
  const [ours, theirs] = [await readAllEntries(files), await readAllEntries(bucket)]
  const repository = repositoryFromStorage(files)
  let isChanged = false
  for (const path of new Set([...before.keys(), ...ours.keys(), ...theirs.keys()])) {
    const merged = new Map<string, EntryAttributes>()
    for (const [name, entry] of [before, theirs, ours].flatMap(lists => [...(lists.get(path) ?? [])])) {
      if ((await repository.kindOf(joinPath(parentPath(parentPath(path)), name))) !== undefined) merged.set(name, entry)
    }
    if (merged.size === 0 && !ours.has(path)) continue
    const text = writeEntries(merged)
    for (const [storage, lists] of [
      [files, ours],
      [bucket, theirs],
    ] as const) {
      const list = lists.get(path)
      if (list !== undefined && writeEntries(list) === text) continue
      await storage.write(path, toBytes(text))
      isChanged = true
    }
  }
  return isChanged
}
