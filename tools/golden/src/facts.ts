import { collectText, commonHash, type FileEntry, isStorageError, toBytes, type WritableStorage } from '@syncline/core'
import type { Condition, Fact } from './scenario.ts'
import { edit, entriesOf } from './tree.ts'

/** What one store was seen to do. */
export interface Abilities {
  readonly directories: boolean
  readonly symlinks: boolean
  readonly modes: boolean
  readonly exactNames: boolean
  /** A renamed file is known again: its etag is made from its content, or it keeps its id and whatever etag it has. */
  readonly recognises: boolean
  /** The same for a file in a directory that is renamed: the file itself is not touched. */
  readonly recognisesInside: boolean
  /** A file keeps its etag when it only gets another time. */
  readonly versions: boolean
  /** It does so, or has none, when it only gets other permissions. */
  readonly permits: boolean
  /** A listing tells times. */
  readonly tells: boolean
  /** It has no versions, or tells times coarsely: a run has to look at files that were written a moment ago. */
  readonly coarse: boolean
}

/** Tries a store out, in an empty place of it. */
export async function probe(storage: WritableStorage): Promise<Abilities> {
  const [one, two] = [await written(storage, 'probe-1'), await written(storage, 'probe-2/file')]
  await storage.setModified?.('probe-2/file', Date.UTC(2024, 0, 2))
  const touched = await fileAt(storage, 'probe-2/file')
  await storage.setMode?.('probe-2/file', 0o600)
  const permitted = await fileAt(storage, 'probe-2/file')
  const listed = (await entriesOf(storage)).find(({ path }) => path === 'probe-1')
  const byContent = one.etag !== undefined && one.etag === two.etag
  await edit(storage, { move: 'probe-2', to: 'probe-3' })
  const inside = await fileAt(storage, 'probe-3/file')
  await edit(storage, { move: 'probe-3/file', to: 'probe-4' })
  const renamed = await fileAt(storage, 'probe-4')
  for (const path of ['probe-1', 'probe-3', 'probe-4']) await edit(storage, { remove: path })
  return {
    directories: storage.capabilities.directories === true,
    symlinks: await keepsLinks(storage),
    modes: storage.setMode !== undefined && one.mode !== undefined,
    exactNames: storage.capabilities.exactNames === true,
    permits: permitted.etag === touched.etag,
    tells: listed?.modified !== undefined,
    coarse: listed?.modifiedPrecision !== undefined || one.etag === undefined,
    versions: touched.etag !== undefined && touched.etag === two.etag,
    recognises: byContent || isKnownAgain(inside, renamed),
    recognisesInside: byContent || isKnownAgain(permitted, inside),
  }
}

/** A server may make another link than it was asked for. */
async function keepsLinks(storage: WritableStorage): Promise<boolean> {
  try {
    await storage.makeSymlink?.('probe-link', 'probe-target')
    const link = await storage.stat('probe-link')
    return link?.kind === 'symlink' && link.target === 'probe-target'
  } catch (error) {
    if (!isStorageError(error)) throw error
    return false
  } finally {
    await storage.remove('probe-link')
  }
}

function isKnownAgain(before: FileEntry, after: FileEntry): boolean {
  return after.id !== undefined && after.id === before.id && after.etag === before.etag
}

async function written(storage: WritableStorage, path: string): Promise<FileEntry> {
  await storage.write(path, toBytes('the same'), { modified: Date.UTC(2024, 0, 1), mode: 0o644 })
  if ((await collectText(storage.read(path))) !== 'the same') throw new Error(`${storage.name} does not give back what was written`)
  return fileAt(storage, path)
}

async function fileAt(storage: WritableStorage, path: string): Promise<FileEntry> {
  const entry = await storage.stat(path)
  if (entry?.kind !== 'file') throw new Error(`${storage.name} has no ${path} after it was written`)
  return entry
}

/** The facts that hold for a pair. */
export function factsOf(
  source: { readonly storage: WritableStorage; readonly abilities: Abilities },
  destination: { readonly storage: WritableStorage; readonly abilities: Abilities },
): ReadonlySet<Fact> {
  const [ours, theirs] = [source.abilities, destination.abilities]
  const hash = commonHash(source.storage, destination.storage) !== undefined
  const facts: Readonly<Record<Fact, boolean>> = {
    directories: ours.directories && theirs.directories,
    'source-directories': ours.directories,
    'destination-directories': theirs.directories,
    symlinks: ours.symlinks && theirs.symlinks,
    'source-symlinks': ours.symlinks,
    modes: ours.modes && theirs.modes,
    exactNames: ours.exactNames && theirs.exactNames,
    hash,
    'source-tells': ours.tells,
    'destination-tells': theirs.tells,
    'source-touches': hash || ours.versions,
    'destination-permits': hash || theirs.permits,
    'source-renames': hash || ours.recognises,
    'destination-renames': hash || theirs.recognises,
    'source-moves': hash || ours.recognisesInside,
    'destination-moves': hash || theirs.recognisesInside,
  }
  return new Set((Object.keys(facts) as Fact[]).filter(fact => facts[fact]))
}

/** Whether all conditions hold. */
export function holds(conditions: readonly Condition[] = [], facts: ReadonlySet<Fact>): boolean {
  return conditions.every(condition => (condition.startsWith('!') ? !facts.has(condition.slice(1) as Fact) : facts.has(condition as Fact)))
}
