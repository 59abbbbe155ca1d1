import { joinPath, type AbortOptions, type Path } from '@syncline/core'
import { isRegistered, type EntryAttributes, type Metadata } from '../metadata/index.ts'
import { Check } from '../objects/check.ts'
import { Checkout } from '../objects/checkout.ts'
import { Commit, type CommitResult } from '../objects/commit.ts'
import { SynchronizationError } from '../objects/errors.ts'
import { checkFileName } from '../objects/names.ts'
import type { ObjectSpace } from '../objects/object-space.ts'
import { SnarfRepository } from '../objects/snarf-repository.ts'
import { repositoryFromStorage } from '../objects/storage-repository.ts'
import type { Digest } from '../objects/writeable.ts'
import { JSONPickler } from '../pickle/json-pickler.ts'
import { YAMLPickler } from '../pickle/yaml-pickler.ts'
import { WorkingCopyError } from './errors.ts'
import { formatOf, type MergeFormat } from './merge-file.ts'
import { statusOf } from './status.ts'
import { WorkingCopy, type UpdateOptions, type UpdateResult } from './working-copy.ts'
import { WorkTree } from './work-tree.ts'
import type { Repository } from '../objects/repository.ts'
import type { WritableStorage } from '@syncline/core'

/** An object graph that working copies are made of. */
export interface ObjectContent {
  readonly space: ObjectSpace
  /** Under which the root lies in a working copy. */
  readonly name: string
  /** A commit replaces it if it is an object without children whose pickle changed. */
  root: unknown
}

/** Options of {@link commitObjects}. */
export interface CommitObjectsOptions extends AbortOptions {
  /** Says what it would do. Default false. */
  readonly dryRun?: boolean
  /**
   * Keeps the changed content, e.g. in a database. What it throws ends the commit; the content is in memory as it was committed, and the working copy as
   * it was before: a later commit does it again.
   */
  readonly save?: (root: unknown) => void | Promise<void>
}

/** What a commit of a working copy did. */
export interface CommitObjectsResult extends CommitResult {
  /** What the working copy got back: flags that are done, and what the content writes differently. */
  readonly update: UpdateObjectsResult
}

/** The content changed since the last update, or conflicts are open. Nothing has been committed. */
export class NotUpToDateError extends WorkingCopyError {
  override readonly name = 'NotUpToDateError'
  /** Paths in question. */
  readonly paths: readonly Path[]

  constructor(message: string, paths: readonly Path[]) {
    super(message, paths[0])
    this.paths = paths
  }
}

/** The working copy of an object graph on a storage. Pickles are merged by keys if they are JSON or YAML. */
export function workingCopyOf({ space }: Pick<ObjectContent, 'space'>, storage: WritableStorage): WorkingCopy {
  const pickles: MergeFormat = space.pickler instanceof JSONPickler ? 'json' : space.pickler instanceof YAMLPickler ? 'yaml' : 'text'
  return new WorkingCopy(storage, {
    formatOf: (path, entry: EntryAttributes) => (entry['factory'] === undefined && entry['type'] !== undefined ? pickles : formatOf(path)),
  })
}

/** What an update did, or would do, and what it left out. */
export interface UpdateObjectsResult extends UpdateResult {
  /** Paths of objects without a synchronizer: they are not in the working copy, and no commit touches them. */
  readonly skipped: readonly Path[]
}

/** Brings the objects as they are now into a working copy, which may be new. */
export async function updateObjects(content: ObjectContent, work: WorkingCopy, options: UpdateOptions = {}): Promise<UpdateObjectsResult> {
  const { stage, skipped } = await stageAll(content, work, options)
  return { ...(await work.update(stage, options)), skipped }
}

/** The objects as files, in memory, under the names that a working copy has for them. */
export async function stageObjects(content: ObjectContent, work: WorkingCopy, options: AbortOptions = {}): Promise<Repository> {
  return (await stageAll(content, work, options)).stage
}

async function stageAll(
  { space, name, root }: ObjectContent,
  work: WorkingCopy,
  options: AbortOptions,
): Promise<{ readonly stage: Repository; readonly skipped: readonly Path[] }> {
  checkFileName('', name)
  const { exactNames = false } = work.storage.capabilities
  const known = exactNames ? new Map<Path, ReadonlyMap<string, string>>() : await namesIn(await WorkTree.read(work.storage, options))
  const stage = new StagedRepository(known, { caseInsensitive: !exactNames, unicodeForm: exactNames ? 'none' : 'NFD' })
  const { skipped } = await new Checkout(space, stage).perform(root, name, '', { signal: options.signal })
  return { stage, skipped }
}

/**
 * Brings the changes of a working copy into its objects: all of them, or none.
 *
 * Refused is a working copy with conflicts, and one that has not seen everything that is in the content: bodies, attributes, extras, annotations, and
 * what is in directories that it removes. What is edited in the working copy meanwhile stays.
 *
 * @throws NotUpToDateError, CommitError, RevisionError; the content is what it was before
 */
export async function commitObjects(content: ObjectContent, work: WorkingCopy, options: CommitObjectsOptions = {}): Promise<CommitObjectsResult> {
  const { space, name } = content
  const { signal, dryRun = false, save } = options
  const repository = repositoryFromStorage(work.storage)
  const container = new Map([[name, content.root]])
  // First: the commit refuses if anything is not any more what is looked at from here on.
  const { conflicts, revision } = await new Check(space, repository).check(container, name, name, { signal })
  const committed = await requireUpToDate(content, work, conflicts, options)
  const { items } = await new Commit(space, repository).perform(container, name, name, { signal, dryRun, expectedRevision: revision })
  if (dryRun) return { items, update: { items: [], failures: [], skipped: [] } }
  if (!container.has(name)) throw new SynchronizationError(`${name} is the root of the content, which a commit cannot delete`, { path: name })
  content.root = container.get(name)
  if (items.length > 0) await save?.(content.root)
  return { items, update: await updateObjects(content, work, { signal, committed }) }
}

async function requireUpToDate(
  content: ObjectContent,
  work: WorkingCopy,
  conflicts: readonly Path[],
  options: AbortOptions,
): Promise<ReadonlyMap<Path, Digest>> {
  const tree = await WorkTree.read(work.storage, options)
  const status = await statusOf(tree, [''], options)
  const open = status.filter(({ state }) => state === 'conflict' || state === 'blocked').map(({ path }) => path)
  if (open.length > 0)
    throw new NotUpToDateError(`nothing was committed, because conflicts are open: ${open.join(', ')}; edit and resolve them`, open)
  const missing = status.filter(({ state }) => state === 'lost' || state === 'added-lost' || state === 'reborn').map(({ path }) => path)
  if (missing.length > 0)
    throw new NotUpToDateError(
      `nothing was committed, because files are missing, or there again: ${missing.join(', ')}; remove or revert them, or update`,
      missing,
    )
  if ((await tree.metadata.get(content.name))['flag'] === 'removed')
    throw new NotUpToDateError(`nothing was committed, because ${content.name} is the root of the content, which a commit cannot delete; revert it`, [
      content.name,
    ])
  const { items } = await updateObjects(content, work, { ...options, dryRun: true })
  const behind = [...new Set([...items.filter(({ isBehind }) => isBehind).map(({ path }) => path), ...conflicts])]
  if (behind.length > 0)
    throw new NotUpToDateError(
      `nothing was committed, because the content has what this working copy has not: ${behind.join(', ')}; update first`,
      behind,
    )
  const committed = new Map<Path, Digest>()
  for (const { path, state, kind } of status)
    if (kind === 'file' && (state === 'modified' || state === 'added' || state === 'lost-original')) committed.set(path, await tree.digest(path))
  return committed
}

/** File names of a working copy by directory and key: an object keeps its name, whatever comes beside it. */
async function namesIn(tree: WorkTree): Promise<Map<Path, ReadonlyMap<string, string>>> {
  const found = new Map<Path, ReadonlyMap<string, string>>()
  await collectNames(tree.metadata, '', found)
  return found
}

async function collectNames(metadata: Metadata, directory: Path, found: Map<Path, ReadonlyMap<string, string>>): Promise<void> {
  const names = new Map<string, string>()
  for (const name of await metadata.names(directory)) {
    const path = joinPath(directory, name)
    const entry = await metadata.get(path)
    if (isRegistered(entry)) names.set(entry['key'] ?? name, name)
    await collectNames(metadata, path, found)
  }
  if (names.size > 0) found.set(directory, names)
}

class StagedRepository extends SnarfRepository {
  readonly #known: ReadonlyMap<Path, ReadonlyMap<string, string>>

  constructor(known: ReadonlyMap<Path, ReadonlyMap<string, string>>, rules: ConstructorParameters<typeof SnarfRepository>[1]) {
    super(undefined, rules)
    this.#known = known
  }

  override disambiguate(directory: Path, key: string): string {
    const names = this.#known.get(directory)
    const own = names?.get(key)
    if (names === undefined || own !== undefined) return own ?? super.disambiguate(directory, key)
    const taken = new Set([...names.values()].map(name => this.normalize(name)))
    for (;;) {
      // The number rises with every call for the same key.
      const name = super.disambiguate(directory, key)
      if (!taken.has(this.normalize(name))) return name
    }
  }
}
