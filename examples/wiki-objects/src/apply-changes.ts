import { joinPath, parentPath, baseName, toBytes, type Path, type WritableStorage } from '@syncline/core'
import { repositoryFromStorage, type Repository } from '@syncline/snarf/objects'
import { isEntries } from './merge-entries.ts'

/**
 * Writes to the files what changed between two copies of a wiki, and nothing else.
 *
 * A file that others changed too is kept under another name: they have not been told of this wiki's change, and this wiki not of theirs.
 */
export async function applyChanges(base: Repository, now: Repository, files: WritableStorage): Promise<void> {
  const repository = repositoryFromStorage(files)
  const paths = new Set<Path>()
  for (const copy of [base, now]) for await (const path of copy.paths()) paths.add(path)
  for (const path of paths) {
    const [old, wanted, found] = [await base.readIfThere(path), await now.readIfThere(path), await repository.readIfThere(path)]
    if (isSame(old, wanted) || isSame(found, wanted)) continue
    // Of lists of entries both are right: they are merged after the sync.
    if (found !== undefined && !isSame(found, old) && !isEntries(path)) await keep(files, path, found)
    if (wanted !== undefined) await repository.write(path, wanted)
    else if (isSame(found, old)) await repository.remove?.(path)
  }
}

async function keep(files: WritableStorage, path: Path, content: Uint8Array): Promise<void> {
  await files.write(joinPath(parentPath(path), `${baseName(path)} (from others)`), toBytes(content))
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
