import { isStorageError, StorageError, type AbortOptions, type Path } from '@syncline/core'
import type { RemoteTree } from './remote-tree.ts'
import type { UpdateStep } from './update-plan.ts'
import { originalPath, withAttributes, type WorkTree } from './work-tree.ts'

/** One path that could not be updated, and why. It is as it was. */
export interface PathFailure {
  readonly path: Path
  readonly error: unknown
}

/**
 * Carries out the steps of an update, one after the other.
 *
 * After a kill anywhere the next update goes on: a body comes before its original copy and that before its entry, so what was done is found to be done.
 *
 * @returns paths that failed; the others are done
 */
export async function applyUpdate(
  tree: WorkTree,
  remote: RemoteTree,
  steps: readonly UpdateStep[],
  { signal }: AbortOptions,
): Promise<readonly PathFailure[]> {
  const failures: PathFailure[] = []
  await announceConflicts(tree, steps)
  try {
    for (const step of steps) {
      signal?.throwIfAborted()
      try {
        await applyStep(tree, remote, step)
      } catch (error) {
        signal?.throwIfAborted()
        failures.push({ path: step.item.path, error: explained(step.item.path, error) })
      }
    }
  } finally {
    await tree.flush()
  }
  return failures
}

/** A file with both texts in it must never look as if it were a change that somebody made. */
async function announceConflicts(tree: WorkTree, steps: readonly UpdateStep[]): Promise<void> {
  for (const { item, merged } of steps)
    if (merged?.isConflict === true) await tree.metadata.set(item.path, withAttributes(await tree.metadata.get(item.path), { conflict: 'unmerged' }))
  await tree.flush()
}

async function applyStep(tree: WorkTree, remote: RemoteTree, { item, entry, original, merged }: UpdateStep): Promise<void> {
  const { path } = item
  switch (item.action) {
    case 'copy': {
      const content = await remote.read(path)
      if (tree.kindOf(path) !== 'file' || (await tree.digest(path)) !== (await remote.digest(path))) await tree.write(path, content)
      await keepOriginal(tree, path, content)
      break
    }
    case 'fix':
      await keepOriginal(tree, path, await remote.read(path))
      break
    case 'merge':
      if (merged !== undefined) await tree.write(path, merged.content)
      await keepOriginal(tree, path, await remote.read(path))
      break
    case 'delete':
      await tree.remove(path)
      await tree.remove(originalPath(path))
      break
    case 'make':
      await tree.makeDirectory(path)
      break
    case 'clear':
      await clear(tree, path)
      break
    case 'nothing':
  }
  if (entry !== undefined) await tree.metadata.set(path, entry)
  if (original !== undefined) await tree.originals.set(originalPath(path), original)
}

async function keepOriginal(tree: WorkTree, path: Path, content: Uint8Array): Promise<void> {
  const original = originalPath(path)
  await tree.write(original, content)
}

/** Takes away what a directory has of the working copy's own; files that nobody registered stay. */
async function clear(tree: WorkTree, path: Path): Promise<void> {
  const { metadata } = tree
  const left = await metadata.names(path)
  if (left.length > 0) throw new StorageError('NOT_EMPTY', `${path} was not removed, because ${left.join(', ')} could not be removed`, { path })
  // Entries that are gone are not written once more behind its back.
  await tree.flush()
  await tree.removeEmpty(path)
}

function explained(path: Path, error: unknown): unknown {
  if (!isStorageError(error, 'PRECONDITION_FAILED') && !isStorageError(error, 'ALREADY_EXISTS')) return error
  return new StorageError('PRECONDITION_FAILED', `${path} was changed by somebody else while it was updated, and left as it is; update again`, {
    path,
    cause: error,
  })
}
