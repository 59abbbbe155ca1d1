import { joinPath, type AbortOptions, type Path } from '@syncline/core'
import { entriesPath, type Metadata } from '../metadata/index.ts'
import { specialPath } from './names.ts'
import type { Repository } from './repository.ts'

/** Files that a checkout wrote for the child `name` of `directory` and everything below it. Files that nobody registered are not among them. */
export async function registeredFiles(repository: Repository, metadata: Metadata, directory: Path, name: string): Promise<Path[]> {
  const names = await metadata.names(directory)
  const found: Path[] = []
  for (const child of names) if (child === name) await collect(repository, metadata, directory, child, found)
  return found
}

async function collect(repository: Repository, metadata: Metadata, directory: Path, name: string, found: Path[]): Promise<void> {
  for (const path of [joinPath(directory, name), specialPath(directory, 'Annotations', name), specialPath(directory, 'Extra', name)]) {
    const kind = await repository.kindOf(path)
    if (kind === 'file') found.push(path)
    if (kind !== 'directory') continue
    for (const child of await metadata.names(path)) await collect(repository, metadata, path, child, found)
    if ((await repository.kindOf(entriesPath(path))) === 'file') found.push(entriesPath(path))
  }
}

/** Removes files one after the other. @throws TypeError if the repository cannot */
export async function removeFiles(repository: Repository, paths: readonly Path[], options: AbortOptions): Promise<void> {
  if (paths.length === 0) return
  if (repository.remove === undefined) throw new TypeError(`${repository.name} cannot remove files; check out to a new one`)
  for (const path of paths) await repository.remove(path, options)
}
