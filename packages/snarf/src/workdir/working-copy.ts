import { baseName, checkPath, collect, joinPath, parentPath, toBytes, type AbortOptions, type Path, type WritableStorage } from '@syncline/core'
import { attributesOf, entriesPath, isRegistered, zopeDirectory, type EntryAttributes } from '../metadata/index.ts'
import { checkFileName, specialPath } from '../objects/names.ts'
import type { Repository } from '../objects/repository.ts'
import type { Digest } from '../objects/writeable.ts'
import { applyUpdate, type PathFailure } from './apply-update.ts'
import { diffOf, type DiffOptions, type FileDiff } from './diff.ts'
import { formatOf, type MergeFormat } from './merge-file.ts'
import { RemoteTree } from './remote-tree.ts'
import { isWithin, statusOf, type StatusItem, type WorkState } from './status.ts'
import { digestOfOriginals } from './tree-digest.ts'
import type { UpdateItem } from './update-plan.ts'
import { UpdatePlanner } from './update-planner.ts'
import { resolveAll, type ResolveChoice, type Resolved } from './resolve.ts'
import { isIgnoredName } from './update-plan.ts'
import { originalPath, specialParts, withAttributes, WorkTree } from './work-tree.ts'
import { UnsavedError, WorkingCopyError } from './errors.ts'

/** Options of a {@link WorkingCopy}. */
export interface WorkingCopyOptions {
  /** How a file is merged; default by the end of its name. What an entry calls binary is never merged. */
  readonly formatOf?: (path: Path, entry: EntryAttributes) => MergeFormat
}

/** Options of {@link WorkingCopy.update}. */
export interface UpdateOptions extends AbortOptions {
  /** Says what it would do. Default false. */
  readonly dryRun?: boolean
  /** Files that were just committed, with what they were: of those the repository's version is taken. */
  readonly committed?: ReadonlyMap<Path, Digest>
}

/** What an update did, or would do. */
export interface UpdateResult {
  readonly items: readonly UpdateItem[]
  /** Paths that are as they were, because something came between. */
  readonly failures: readonly PathFailure[]
}

/** What an added object will be made of. */
export interface AddOptions extends AbortOptions {
  /** Dotted name of the class of a pickle. */
  readonly type?: string | undefined
  /** Dotted name of the class that makes the object, which then reads the file. */
  readonly factory?: string | undefined
}

/**
 * The files of a repository, to be worked on: each with an untouched copy, so that changes can be seen, merged and taken back without the repository.
 *
 * It lies on any storage that replaces files in one step. Nothing that is only here is ever overwritten or deleted, and after a kill the next
 * command goes on. Of two commands at once, the one that would lose something of the other fails.
 *
 * @example
 * const work = new WorkingCopy(fs('./wiki-files'))
 * await work.update(repository)
 * for (const { path, state } of await work.status()) console.log(state, path)
 */
export class WorkingCopy {
  readonly storage: WritableStorage
  readonly #formatOf: (path: Path, entry: EntryAttributes) => MergeFormat

  constructor(storage: WritableStorage, options: WorkingCopyOptions = {}) {
    this.storage = storage
    const format = options.formatOf ?? formatOf
    this.#formatOf = (path, entry) => (entry['binary'] === 'true' ? 'binary' : format(path, entry))
  }

  /** Where it was checked out from, as `@@Zope/Root` says; `undefined` if it does not say. */
  async root(options: AbortOptions = {}): Promise<string | undefined> {
    const path = `${zopeDirectory}/Root`
    if ((await this.storage.stat(path, options)) === undefined) return undefined
    return new TextDecoder().decode(await collect(this.storage.read(path, options))).replace(/\n$/, '')
  }

  /** Writes `@@Zope/Root`. */
  async setRoot(root: string, options: AbortOptions = {}): Promise<void> {
    await this.storage.write(`${zopeDirectory}/Root`, toBytes(`${root}\n`), options)
  }

  /** Whether there is one. */
  async exists(options: AbortOptions = {}): Promise<boolean> {
    return (await this.storage.stat(entriesPath(''), options)) !== undefined
  }

  /** The state of everything at or below some paths. */
  async status(paths?: readonly Path[], options: AbortOptions = {}): Promise<readonly StatusItem[]> {
    return statusOf(await this.#tree(options), paths?.map(checkPath), options)
  }

  /** What was changed here, as patches. */
  async diff(paths?: readonly Path[], options: DiffOptions = {}): Promise<readonly FileDiff[]> {
    return diffOf(await this.#tree(options), paths?.map(checkPath), options)
  }

  /** Brings the changes of a repository into the files. What both changed is merged; what cannot be is left as it is, and marked. */
  async update(repository: Repository, options: UpdateOptions = {}): Promise<UpdateResult> {
    const tree = await this.#tree(options)
    const remote = new RemoteTree(repository, options)
    const planner = new UpdatePlanner(tree, remote, { ...options, formatOf: this.#formatOf })
    await planner.directory('')
    const { steps } = planner
    const items = steps.map(({ item }) => item)
    if (options.dryRun === true) return { items, failures: [] }
    const failures = await applyUpdate(tree, remote, steps, options)
    await this.storage.flush?.(options)
    return { items, failures }
  }

  /** Registers a file, or a directory with everything in it, to be made by the next commit. @returns what was registered */
  async add(path: Path, options: AddOptions = {}): Promise<readonly Path[]> {
    const tree = await this.#tree(options)
    const added: Path[] = []
    await this.#requireParent(tree, path)
    if (tree.kindOf(path) === undefined) throw new WorkingCopyError(`${path} cannot be added, because it does not exist`, path)
    if (isRegistered(await tree.metadata.get(path))) throw new WorkingCopyError(`${path} is registered already`, path)
    await addAt(tree, path, options, added)
    await this.#flush(tree, options)
    return added
  }

  /** Makes a directory and registers it. */
  async makeDirectory(path: Path, options: AddOptions = {}): Promise<void> {
    const tree = await this.#tree(options)
    await this.#requireParent(tree, path)
    if (tree.kindOf(path) !== undefined) throw new WorkingCopyError(`${path} exists already`, path)
    if (isRegistered(await tree.metadata.get(path))) throw new WorkingCopyError(`${path} is registered already`, path)
    await addAt(tree, path, options, [], 'directory')
    await this.#flush(tree, options)
  }

  /**
   * Marks an object to be deleted by the next commit, and deletes its files, if every byte of them is in an original copy. What was only added is
   * unregistered, and its files stay.
   *
   * @throws WorkingCopyError naming what is changed or not registered, and would be lost
   */
  async remove(path: Path, options: AbortOptions = {}): Promise<void> {
    const tree = await this.#tree(options)
    const entry = await this.#requireRegistered(tree, path)
    if (entry['flag'] === 'removed') throw new WorkingCopyError(`${path} is removed already; revert brings it back`, path)
    if (entry['flag'] === 'added') {
      await unregister(tree, path)
      return this.#flush(tree, options)
    }
    const harmless: readonly WorkState[] = ['unchanged', 'lost', 'removed']
    const items = await statusOf(tree, [path], { ...options, ignored: true })
    const unsaved = items.filter(({ state }) => !harmless.includes(state)).map(item => `${item.path} (${item.state})`)
    if (tree.kindOf(path) === 'directory')
      for (const { path: directory } of items) unsaved.push(...tree.savedIn(directory).map(saved => `${saved} (saved)`))
    if (unsaved.length > 0)
      throw new UnsavedError(
        `${path} was not removed, because these are nowhere else: ${unsaved.join(', ')}; commit, revert or move them first`,
        path,
      )
    const isDirectory = tree.kindOf(path) === 'directory'
    const seen = isDirectory ? await digestOfOriginals(tree, path) : undefined
    // First, so that a kill in between leaves a removal that can be finished or reverted, never a file that is merely lost.
    await tree.metadata.set(path, withAttributes(entry, { flag: 'removed', seen }))
    await tree.flush()
    if (isDirectory) await removeTree(tree, path)
    else await tree.remove(path)
    await this.#flush(tree, options)
  }

  /** Copies a file or directory under another name, and registers the copy as added, with the same class, extras and annotations. */
  async copy(from: Path, to: Path, options: AbortOptions = {}): Promise<readonly Path[]> {
    const tree = await this.#tree(options)
    if (tree.kindOf(from) !== 'file' && tree.kindOf(from) !== 'directory')
      throw new WorkingCopyError(`${from} cannot be copied, because it does not exist`, from)
    await this.#requireParent(tree, to)
    if (to === from || to.startsWith(`${from}/`)) throw new WorkingCopyError(`${from} cannot be copied into itself`, to)
    if (tree.kindOf(to) !== undefined || isRegistered(await tree.metadata.get(to))) throw new WorkingCopyError(`${to} exists already`, to)
    const added: Path[] = []
    await copyAt(tree, from, to, added, options)
    await this.#flush(tree, options)
    return added
  }

  /**
   * Ends conflicts at or below some paths.
   *
   * Without a choice, those that a merge left in a file: the file is what it shall be now. With `ours` or `theirs`, which need the repository, every
   * conflict; what `theirs` gives up is kept in `@@Zope/Saved`.
   */
  async resolve(paths: readonly Path[], choice?: ResolveChoice, options: AbortOptions = {}): Promise<readonly Resolved[]> {
    const tree = await this.#tree(options)
    const conflicts = (await statusOf(tree, [''], options)).filter(({ path, state }) => state === 'conflict' && isWithin(path, paths.map(checkPath)))
    const resolved = await resolveAll(tree, conflicts, choice, options)
    await this.#flush(tree, options)
    return resolved
  }

  /**
   * Takes back what was changed at or below some paths. What is given up is kept in `@@Zope/Saved`; what was added stays as a file.
   *
   * @returns what was reverted, with where the changed file is kept
   */
  async revert(paths: readonly Path[], options: AbortOptions = {}): Promise<readonly Resolved[]> {
    const tree = await this.#tree(options)
    const reverted: Resolved[] = []
    // The deepest first, so that a directory is unregistered after what is in it.
    for (const item of [...(await statusOf(tree, paths.map(checkPath), options))].reverse()) {
      const done = await revertOne(tree, item)
      if (done !== undefined) reverted.push(done)
      await tree.flush()
    }
    await this.#flush(tree, options)
    return reverted.reverse()
  }

  async #tree(options: AbortOptions): Promise<WorkTree> {
    return WorkTree.read(this.storage, options)
  }

  async #flush(tree: WorkTree, options: AbortOptions): Promise<void> {
    await tree.flush()
    await this.storage.flush?.({ signal: options.signal })
  }

  async #requireRegistered(tree: WorkTree, path: Path): Promise<EntryAttributes> {
    const entry = await tree.metadata.get(checkPath(path))
    if (path !== '' && isRegistered(entry)) return entry
    throw new WorkingCopyError(path === '' ? 'the top of a working copy is no object' : `nothing is known about ${path}; add registers it`, path)
  }

  async #requireParent(tree: WorkTree, path: Path): Promise<void> {
    checkPath(path)
    const directory = parentPath(path)
    if (directory === '')
      throw new WorkingCopyError(`${path === '' ? 'the top' : path} lies beside the object that was checked out; give a path inside of it`, path)
    checkFileName(directory, baseName(path))
    if (path.split('/').includes(zopeDirectory)) throw new WorkingCopyError(`${path} lies in the directory of the metadata`, path)
    const entry = await tree.metadata.get(directory)
    if (!isRegistered(entry)) throw new WorkingCopyError(`nothing is known about ${directory}, the directory of ${path}; add it first`, path)
    if (entry['flag'] === 'removed') throw new WorkingCopyError(`${directory} is removed; revert it first`, path)
    if (tree.kindOf(directory) !== 'directory') throw new WorkingCopyError(`${directory} is no directory`, path)
  }
}

async function addAt(tree: WorkTree, path: Path, { type, factory }: AddOptions, added: Path[], as?: 'directory'): Promise<void> {
  const kind = as ?? tree.kindOf(path)
  if (kind === 'other') throw new WorkingCopyError(`${path} cannot be added: ${tree.problemOf(path)}`, path)
  checkFileName(parentPath(path), baseName(path))
  const parentId = (await tree.metadata.get(parentPath(path)))['id']
  const id = parentId === undefined ? undefined : `${parentId}/${baseName(path)}`
  await tree.metadata.set(path, withAttributes(attributesOf([]), { type, factory, id, flag: 'added' }))
  added.push(path)
  if (kind !== 'directory') return
  await tree.makeDirectory(path)
  // What is inside need not be of the class of the directory.
  for (const name of tree.names(path))
    if (!isIgnoredName(name) && !isRegistered(await tree.metadata.get(joinPath(path, name)))) await addAt(tree, joinPath(path, name), {}, added)
}

async function unregister(tree: WorkTree, path: Path): Promise<void> {
  for (const name of await tree.metadata.names(path)) await unregister(tree, joinPath(path, name))
  await tree.metadata.set(path, undefined)
  await tree.originals.set(originalPath(path), undefined)
}

/** Deletes files that are what their original copies are, and then those copies. Anything else stays. */
async function removeTree(tree: WorkTree, path: Path): Promise<void> {
  for (const name of await tree.metadata.names(path)) {
    const child = joinPath(path, name)
    for (const part of specialParts) await removeTree(tree, specialPath(path, part, name))
    await removeTree(tree, child)
  }
  await tree.remove(path)
  await tree.remove(originalPath(path))
  if (tree.kindOf(path) === 'directory') await tree.removeEmpty(path)
}

async function copyAt(tree: WorkTree, from: Path, to: Path, added: Path[], options: AbortOptions): Promise<void> {
  options.signal?.throwIfAborted()
  const entry = await tree.metadata.get(from)
  const { id: _id, key: _key, keytype: _keytype, seen: _seen, conflict: _conflict, ...kept } = entry
  const parentId = (await tree.metadata.get(parentPath(to)))['id']
  const id = parentId === undefined ? undefined : `${parentId}/${baseName(to)}`
  await copyFiles(tree, from, to, added, options)
  await tree.metadata.set(to, withAttributes(attributesOf(Object.entries(kept)), { id, flag: 'added' }))
  added.push(to)
  for (const part of isRegistered(entry) ? specialParts : []) {
    const special = specialPath(parentPath(from), part, baseName(from))
    if (tree.kindOf(special) !== undefined) await copyFiles(tree, special, specialPath(parentPath(to), part, baseName(to)), [], options)
  }
}

async function copyFiles(tree: WorkTree, from: Path, to: Path, added: Path[], options: AbortOptions): Promise<void> {
  if (tree.kindOf(from) === 'file') return tree.write(to, tree.read(from))
  if (tree.kindOf(from) !== 'directory') throw new WorkingCopyError(`${from} cannot be copied: ${tree.problemOf(from)}`, from)
  await tree.makeDirectory(to)
  for (const name of tree.names(from)) if (!isIgnoredName(name)) await copyAt(tree, joinPath(from, name), joinPath(to, name), added, options)
}

async function revertOne(tree: WorkTree, { path, state, kind }: StatusItem): Promise<Resolved | undefined> {
  const { metadata } = tree
  const entry = await metadata.get(path)
  const pristine = await tree.originals.get(originalPath(path))
  const hasOriginal = tree.kindOf(originalPath(path)) === 'file'
  const before =
    isRegistered(pristine) && 'part' in pristine
      ? attributesOf([])
      : isRegistered(pristine)
        ? pristine
        : withAttributes(entry, { flag: undefined, conflict: undefined, seen: undefined })
  switch (state) {
    case 'added':
    case 'added-lost':
      if (!isRegistered(entry)) return undefined
      await unregister(tree, path)
      return { path }
    case 'modified':
    case 'removed':
    case 'reborn':
    case 'lost':
    case 'conflict': {
      if (kind === 'file' && !hasOriginal && state === 'conflict') {
        if (isRegistered(pristine)) return undefined
        // A file that nobody registered, or that was added: there is nothing to go back to.
        await metadata.set(path, undefined)
        return { path }
      }
      const isChanged = hasOriginal && !(await tree.isSame(path, originalPath(path)))
      const saved = isChanged && tree.kindOf(path) === 'file' ? await tree.save(path) : undefined
      if (isChanged) await tree.write(path, tree.read(originalPath(path)))
      await metadata.set(path, before)
      return { path, ...(saved !== undefined && { saved }) }
    }
    case 'unchanged':
    case 'unregistered':
    case 'lost-original':
    case 'blocked':
    case 'nonexistent':
      return undefined
  }
}
