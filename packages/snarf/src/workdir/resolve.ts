import type { AbortOptions, Path } from '@syncline/core'
import { attributesOf, isRegistered, type EntryAttributes } from '../metadata/index.ts'
import type { Repository } from '../objects/repository.ts'
import { WorkingCopyError } from './errors.ts'
import { mergeEntry } from './merge-entry.ts'
import { textOf } from './merge-file.ts'
import { hasConflict, labelsOf, localSides } from './merge-text.ts'
import { RemoteTree } from './remote-tree.ts'
import type { StatusItem } from './status.ts'
import { digestOfRemote } from './tree-digest.ts'
import { originalPath, withAttributes, type WorkTree } from './work-tree.ts'

/** Whose version a conflict ends with. */
export interface ResolveChoice {
  readonly take: 'ours' | 'theirs'
  readonly repository: Repository
}

/** A path that is in order again. */
export interface Resolved {
  readonly path: Path
  /** Where the file lies that was given up. */
  readonly saved?: Path
}

const none = attributesOf([])

/** Ends conflicts, one after the other. */
export async function resolveAll(
  tree: WorkTree,
  conflicts: readonly StatusItem[],
  choice: ResolveChoice | undefined,
  options: AbortOptions,
): Promise<readonly Resolved[]> {
  const resolved: Resolved[] = []
  const unmerged = conflicts.filter(({ conflict }) => conflict === 'unmerged')
  if (choice === undefined && unmerged.length > 0)
    throw new WorkingCopyError(
      `${unmerged.map(({ path }) => path).join(', ')} could not be merged: say whose version counts, ours or theirs, or make room by moving yours away`,
      unmerged[0]?.path,
    )
  const remote = choice === undefined ? undefined : new RemoteTree(choice.repository, options)
  // The deepest first: a directory is in order when what is in it is.
  for (const { path } of [...conflicts].reverse()) {
    options.signal?.throwIfAborted()
    const entry = await tree.metadata.get(path)
    const text = textOf((await tree.readIfThere(path)) ?? new Uint8Array(0))
    const isMarked = text !== undefined && hasConflict(text, labelsOf(path))
    if (choice === undefined || remote === undefined) {
      if (isMarked)
        throw new WorkingCopyError(`both versions are still in ${path}, between <<<<<<< and >>>>>>>; edit it, or take ours or theirs`, path)
      await tree.metadata.set(path, withAttributes(entry, { conflict: undefined }))
      resolved.push({ path })
    } else {
      // What was ours before the merge, with what was merged without a conflict.
      if (isMarked && choice.take === 'ours') await tree.write(path, new TextEncoder().encode(localSides(text, labelsOf(path))))
      resolved.push(await (choice.take === 'ours' ? takeOurs(tree, remote, path, entry) : takeTheirs(tree, remote, path, entry)))
    }
    await tree.flush()
  }
  return resolved.reverse()
}

/** The repository's version counts as seen, so that a commit may replace it by ours. */
async function takeOurs(tree: WorkTree, remote: RemoteTree, path: Path, entry: EntryAttributes): Promise<Resolved> {
  const { metadata } = tree
  const [remoteEntry, remoteKind, local] = [await remote.metadata.get(path), await remote.kindOf(path), tree.kindOf(path)]
  const open = withAttributes(entry, { conflict: undefined })
  if (remoteKind === undefined) {
    // It is gone there: what is left here is made anew.
    await tree.remove(originalPath(path))
    await tree.originals.set(originalPath(path), undefined)
    await metadata.set(path, local === undefined || !isRegistered(open) ? undefined : withAttributes(open, { flag: 'added', id: undefined }))
    return { path }
  }
  if (local !== undefined && local !== remoteKind)
    throw new WorkingCopyError(
      `${path} is a ${local} here and a ${remoteKind} in the repository, which a commit cannot change: move yours away, then take theirs`,
      path,
    )
  if (remoteKind === 'file') await tree.write(originalPath(path), await remote.read(path))
  const isRemoved = local === undefined && entry['flag'] === 'removed'
  const own = {
    conflict: undefined,
    flag: isRemoved ? 'removed' : undefined,
    seen: isRemoved && remoteKind === 'directory' ? await digestOfRemote(remote, path) : undefined,
  }
  const isPart = !isRegistered(remoteEntry)
  const before = await tree.originals.get(originalPath(path))
  const pristine = isRegistered(before) ? before : undefined
  await metadata.set(path, isPart ? undefined : withAttributes(mergeEntry(isRegistered(open) ? open : undefined, pristine, remoteEntry).entry, own))
  await tree.originals.set(originalPath(path), isPart ? partOf(path) : remoteEntry)
  return { path }
}

/** What is here gives way; it is kept aside. */
async function takeTheirs(tree: WorkTree, remote: RemoteTree, path: Path, entry: EntryAttributes): Promise<Resolved> {
  const { metadata } = tree
  const [remoteEntry, remoteKind, local] = [await remote.metadata.get(path), await remote.kindOf(path), tree.kindOf(path)]
  if (local === 'other') throw new WorkingCopyError(`${path}: ${tree.problemOf(path)}; move it away yourself`, path)
  if (local === 'directory') {
    if (remoteKind === 'directory') {
      await metadata.set(path, remoteEntry)
      await tree.originals.set(originalPath(path), remoteEntry)
      return { path }
    }
    // An update takes it away, with everything that is not changed.
    if (remoteKind === undefined) {
      await metadata.set(path, withAttributes(entry, { conflict: undefined }))
      return { path }
    }
    throw new WorkingCopyError(`${path} is a directory here and a file in the repository; move yours away, then update`, path)
  }
  const isEqual = local === 'file' && remoteKind === 'file' && (await tree.digest(path)) === (await remote.digest(path))
  const saved = local === 'file' && !isEqual ? await tree.save(path) : undefined
  if (remoteKind === 'file') {
    const content = await remote.read(path)
    if (!isEqual) await tree.write(path, content)
    await tree.write(originalPath(path), content)
    const isPart = !isRegistered(remoteEntry)
    await metadata.set(path, isPart ? undefined : remoteEntry)
    await tree.originals.set(originalPath(path), isPart ? partOf(path) : remoteEntry)
  } else {
    await tree.remove(path)
    await tree.remove(originalPath(path))
    // A directory comes with the next update.
    await metadata.set(path, none)
    await tree.originals.set(originalPath(path), none)
  }
  return { path, ...(saved !== undefined && { saved }) }
}

/** Extras and annotations have no entry in the repository. */
function partOf(path: Path): EntryAttributes {
  return attributesOf([['part', path.includes('@@Zope/Extra/') ? 'Extra' : 'Annotations']])
}
