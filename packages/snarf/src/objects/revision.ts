import { createHash, type Hash } from 'node:crypto'
import { joinPath, compareUtf8, type Path } from '@syncline/core'
import type { Metadata } from '../metadata/index.ts'
import { specialPath } from './names.ts'
import type { ObjectSpace } from './object-space.ts'
import type { Repository } from './repository.ts'
import type { AnySynchronizer, DirectorySynchronizer } from './synchronizer.ts'
import { digestOfBytes, digestOfDump } from './writeable.ts'

/**
 * Stands for the state of a part of the content and of the repository: equal only if every body, key, class, attribute, marker, extra and annotation
 * is equal. A check returns it, and a commit that is given it refuses to run against any other state.
 */
export type Revision = string

/** The states that a check looked at. */
export interface Revisions {
  /** Of content and repository. */
  readonly revision: Revision
  /** Of the content alone: stays the same whatever becomes of the repository. */
  readonly contentRevision: Revision
}

/**
 * @param key - of the child that is meant; `undefined` for all children of the container
 */
export async function revisionOf(
  space: ObjectSpace,
  repository: Repository,
  metadata: Metadata,
  container: DirectorySynchronizer,
  key: { readonly key: unknown } | undefined,
  path: Path,
): Promise<Revisions> {
  const hash = createHash('sha256')
  const add = (...facts: readonly unknown[]): Hash => hash.update(`${JSON.stringify(facts)}\n`)
  if (key === undefined) await addDirectory(space, container, add)
  else if (await container.has(key.key)) await addObject(space, await container.get(key.key), add)
  const contentRevision = hash.copy().digest('hex')
  add('repository')
  await addFiles(repository, metadata, path, add)
  return { revision: hash.digest('hex'), contentRevision }
}

type Add = (...facts: readonly unknown[]) => unknown

async function addObject(space: ObjectSpace, object: unknown, add: Add): Promise<void> {
  const synchronizer = space.getSynchronizer(object)
  if (synchronizer === undefined) {
    add('unknown')
    return
  }
  await addSynchronizer(space, synchronizer, add)
  for (const special of [synchronizer.extras(), synchronizer.annotations()]) {
    add('special')
    if (special !== undefined && special.size > 0) await addObject(space, special, add)
  }
}

async function addSynchronizer(space: ObjectSpace, synchronizer: AnySynchronizer, add: Add): Promise<void> {
  add(space.typeOf(synchronizer.context), Object.entries(synchronizer.metadata() ?? {}))
  if (synchronizer.kind === 'directory') await addDirectory(space, synchronizer, add)
  else add(await digestOfDump(synchronizer))
}

async function addDirectory(space: ObjectSpace, directory: DirectorySynchronizer, add: Add): Promise<void> {
  const children: [string, string, unknown][] = []
  for await (const [key, value] of directory.entries()) children.push([String(key), space.typeOf(key), value])
  children.sort(([a], [b]) => compareUtf8(a, b))
  add('children', children.length)
  for (const [text, type, value] of children) {
    add(text, type)
    await addObject(space, value, add)
  }
}

/** Everything of the repository that a commit of `path` reads. */
async function addFiles(repository: Repository, metadata: Metadata, path: Path, add: Add): Promise<void> {
  const kind = await repository.kindOf(path)
  add(path, kind ?? null, Object.entries(path === '' ? {} : await metadata.get(path)))
  if (kind === 'file') add(await digestOfBytes(repository.read(path)))
  for (const name of await metadata.names(path)) await addFiles(repository, metadata, joinPath(path, name), add)
  if (path === '') return
  const slash = path.lastIndexOf('/')
  const [directory, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)]
  for (const part of ['Extra', 'Annotations', 'Original'] as const) {
    const special = specialPath(directory, part, name)
    if ((await repository.kindOf(special)) !== undefined) await addFiles(repository, metadata, special, add)
  }
}
