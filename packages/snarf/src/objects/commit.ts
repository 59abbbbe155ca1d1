import { parentPath, type AbortOptions, type Path } from '@syncline/core'
import { Applier, type CommitStep, type ObjectEvent } from './applier.ts'
import { originalKey } from './children.ts'
import { runCallbacks } from './callbacks.ts'
import { containerOf, locate } from './container.ts'
import { CommitError, RevisionError, SynchronizationError, type PathError } from './errors.ts'
import { Linker } from './linker.ts'
import type { Locations } from './locations.ts'
import type { ObjectSpace } from './object-space.ts'
import { filesOf, itemsOf, type CommitItem, type CommitPlan, type PlanNode } from './plan.ts'
import { Planner } from './planner.ts'
import { filesInOrder, readingAhead, withoutMetadata } from './read-ahead.ts'
import { itemsOfRelinks, linksOf, type Relink } from './relink.ts'
import type { Repository } from './repository.ts'
import { revisionOf, type Revision, type Revisions } from './revision.ts'
import { Transaction } from './transaction.ts'

/** Options of {@link Commit.plan}. */
export interface PlanOptions extends AbortOptions {
  /**
   * Objects that the repository does not have and does not flag as removed: `keep` (default) or `delete`. With `delete`, the content becomes what the
   * repository is; a directory without metadata is then an error, never an empty one.
   */
  readonly missing?: 'keep' | 'delete'
}

/** Options of {@link Commit.perform}. */
export interface CommitOptions extends PlanOptions {
  /** The state that was checked. If content or repository are in another one, nothing is committed. */
  readonly expectedRevision?: Revision
  /** The state of the content alone that was checked. */
  readonly expectedContentRevision?: Revision
  /** Plans only. Default false. */
  readonly dryRun?: boolean
}

/** A plan and what it needs to be applied. */
interface Planned {
  readonly space: ObjectSpace
  readonly locations: Locations | undefined
  readonly nodes: readonly PlanNode[]
  readonly relinks: readonly Relink[]
  /** Of all pickles that are read. */
  readonly references: readonly string[]
}

/** What a commit did, or would do. */
export interface CommitResult {
  readonly items: readonly CommitItem[]
}

/**
 * Brings content up to a repository: makes what is new, changes what differs, takes away what is flagged as removed.
 *
 * A commit is planned before it changes anything, and is one transaction: if anything fails, on whatever path, everything is brought back, and the
 * error names all paths. Nothing is written to the repository.
 *
 * @example
 * const { conflicts, revision } = await new Check(space, repository).check(root, '', 'site')
 * if (conflicts.length === 0) await new Commit(space, repository).perform(root, '', 'site', { expectedRevision: revision })
 */
export class Commit {
  readonly space: ObjectSpace
  repository: Repository
  /** Is told what happened to objects. */
  onEvent: ((event: ObjectEvent) => void) | undefined
  /** Makes what the content does not have. May be replaced, as in the original. */
  synchNew: (step: CommitStep) => Promise<void> = step => step.run()
  /** Changes, replaces or takes away what the content has. May be replaced, as in the original. */
  synchOld: (step: CommitStep) => Promise<void> = step => step.run()
  readonly #plans = new WeakMap<CommitPlan, Planned>()
  /** Of all commits by this object, for `zope-3.6.1`. */
  readonly #errors: PathError[] = []

  constructor(space: ObjectSpace, repository: Repository) {
    this.space = space
    this.repository = repository
  }

  /**
   * Says what {@link Commit.perform} would do.
   *
   * @param name - of the child of `container`; the empty string for all children
   * @param path - where it lies in the repository
   */
  async plan(container: object, name: string, path: Path, options: PlanOptions = {}): Promise<CommitPlan> {
    return this.makePlan(container, name, path, options, false)
  }

  /**
   * @param name - of the child of `container`; the empty string for all children
   * @param path - where it lies in the repository
   * @throws CommitError with every path that failed, RevisionError if something is not as expected; both leave the content as it was
   * @throws SynchronizationError if callbacks do not end, and what a callback throws, as it is; the content is brought back then too
   */
  async perform(container: object, name: string, path: Path, options: CommitOptions = {}): Promise<CommitResult> {
    return this.apply(container, await this.plan(container, name, path, options), options)
  }

  protected async makePlan(container: object, name: string, path: Path, options: PlanOptions, ignoreFlags: boolean): Promise<CommitPlan> {
    const { repository } = this
    repository.refresh()
    const files = await filesInOrder(repository, path, options)
    const made = await readingAhead(repository, files, options, async ahead => {
      const metadata = ahead.metadata(options)
      const { space, locations } = await locate(this.space, metadata, container, name === '' ? path : parentPath(path))
      const directory = containerOf(space, container)
      const planner = new Planner(space, ahead, metadata, { missing: 'keep', ...options, ignoreFlags })
      const child = name === '' ? undefined : await planner.child(directory, name, path)
      const nodes = name === '' ? await planner.directory(directory, path) : child === undefined ? [] : [child]
      return { metadata, space, locations, directory, nodes, problems: planner.problems, references: planner.references }
    })
    const { metadata, space, locations, directory, nodes, references } = made
    const links = locations === undefined ? undefined : linksOf(space, locations, nodes, locations.base, references)
    const problems = [...made.problems, ...(links?.problems ?? [])]
    const relinks = links?.relinks ?? []
    const revise = async (ahead: Repository): Promise<Revisions> => {
      const key = name === '' ? undefined : { key: originalKey(space, await metadata.get(path), name) }
      return revisionOf(space, ahead, metadata, directory, key, path)
    }
    // Last, so that what changes while it is planned is another state than the expected one.
    const revisions =
      problems.length > 0 ? { revision: '', contentRevision: '' } : await readingAhead(repository, withoutMetadata(files), options, revise)
    const items = [...itemsOf(nodes), ...(locations === undefined ? [] : itemsOfRelinks(locations, relinks))]
    const plan = { items, problems, ...revisions }
    this.#plans.set(plan, { space, locations, nodes, relinks, references: [...references.values()].flat() })
    return plan
  }

  /** Does what a plan of this object says. @throws as {@link Commit.perform} */
  async apply(container: object, plan: CommitPlan, options: CommitOptions = {}): Promise<CommitResult> {
    const planned = this.#plans.get(plan)
    if (planned === undefined) throw new TypeError('a plan is applied once, by the object that made it')
    const { items, problems, revision, contentRevision } = plan
    const { expectedRevision = revision, expectedContentRevision = contentRevision, dryRun = false } = options
    if (problems.length > 0) throw this.#failed(problems)
    if (expectedRevision !== revision || expectedContentRevision !== contentRevision)
      throw new RevisionError('content or repository changed since they were checked; nothing was committed. Check again')
    if (dryRun) return { items }
    this.#plans.delete(plan)
    const transaction = new Transaction()
    const { repository, synchNew, synchOld } = this
    const { space, locations, nodes, relinks, references } = planned
    const linker = locations === undefined ? undefined : new Linker(space, locations, nodes, locations.base, container)
    const applier = await readingAhead(repository, filesOf(nodes), options, async ahead => {
      const made = new Applier({ space, repository: ahead, synchNew, synchOld, linker }, transaction, options)
      if (!(await made.prepare(references, relinks))) return made
      await made.children(containerOf(space, container), container, nodes)
      if (locations !== undefined && made.errors.length === 0) await made.relink(locations, relinks)
      return made
    })
    if (applier.errors.length > 0 || this.#errors.length > 0) {
      const notUndone = await applier.rollback()
      throw this.#failed(applier.errors, notUndone)
    }
    try {
      await runCallbacks(applier.callbacks)
    } catch (error) {
      const notUndone = await applier.rollback()
      if (notUndone.length > 0) throw new AggregateError([error], `a callback failed, and these could not be brought back: ${notUndone.join(', ')}`)
      throw error
    }
    for (const event of applier.events) this.onEvent?.(event)
    return { items }
  }

  #failed(errors: readonly PathError[], notUndone: readonly Path[] = []): CommitError {
    if (this.space.compat === 'fixed') return new CommitError(errors, notUndone)
    this.#errors.push(...errors)
    return new CommitError([...this.#errors], notUndone)
  }
}

/** Brings what a repository has into a container that does not have it. */
export class Checkin extends Commit {
  /** As {@link Commit.perform}, with every flag taken for `added`. @throws SynchronizationError if the container has a child of this name */
  override async plan(container: object, name: string, path: Path, options: PlanOptions = {}): Promise<CommitPlan> {
    if (await containerOf(this.space, container).has(name)) throw new SynchronizationError(`object already exists '${name}'`, { path })
    return this.makePlan(container, name, path, options, true)
  }
}
