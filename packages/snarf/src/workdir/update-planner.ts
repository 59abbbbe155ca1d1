import { baseName, compareUtf8, joinPath, parentPath, type AbortOptions, type Path } from '@syncline/core'
import { attributesOf, isRegistered, type EntryAttributes } from '../metadata/index.ts'
import { specialPath } from '../objects/names.ts'
import type { Digest } from '../objects/writeable.ts'
import { classify, type EntryFacts, type FileAction, type FileRule, type FileState } from './classify.ts'
import { mergeEntry } from './merge-entry.ts'
import { mergeFile, textOf, type MergedFile, type MergeFormat } from './merge-file.ts'
import { hasConflict, labelsOf } from './merge-text.ts'
import type { RemoteTree } from './remote-tree.ts'
import { digestOfRemote } from './tree-digest.ts'
import { isIgnoredName, letterOf, type UpdateAction, type UpdateItem, type UpdateStep } from './update-plan.ts'
import { isSameEntry, originalPath, specialParts, withAttributes, type LocalKind, type SpecialPart, type WorkTree } from './work-tree.ts'

/** What an update is planned by. */
export interface UpdatePlannerOptions extends AbortOptions {
  readonly formatOf: (path: Path, entry: EntryAttributes) => MergeFormat
  /** Files that were committed, as they were then: the repository's version of them is taken, whatever it is. */
  readonly committed?: ReadonlyMap<Path, Digest>
}

/** One object, or one part of an object that lies beside it. */
interface Place {
  readonly path: Path
  readonly part: SpecialPart | undefined
  /** As it will be when the steps before are done. */
  readonly local: LocalKind | undefined
  readonly localEntry: EntryAttributes | undefined
  /** As it is written: a file that nobody registered may have the mark of a conflict. */
  readonly stored: EntryAttributes | undefined
  readonly originalEntry: EntryAttributes | undefined
  readonly remote: 'file' | 'directory' | undefined
  readonly remoteEntry: EntryAttributes | undefined
  /** Its extras and annotations are not looked at now. */
  readonly withoutParts?: true
}

/** What will be at a place. */
interface Outcome {
  readonly isConflict: boolean
}

const none = attributesOf([])
const heldConflict = 'a merge left both texts in it'

/** Compares a working copy with a repository, and plans what brings the repository's changes into it. Reads both, changes neither. */
export class UpdatePlanner {
  readonly steps: UpdateStep[] = []
  readonly #tree: WorkTree
  readonly #remote: RemoteTree
  readonly #options: UpdatePlannerOptions

  constructor(tree: WorkTree, remote: RemoteTree, options: UpdatePlannerOptions) {
    this.#tree = tree
    this.#remote = remote
    this.#options = options
  }

  /** Everything in a directory. @param hasRemote - whether the repository has the directory */
  async directory(path: Path, hasRemote = true): Promise<Outcome> {
    const { metadata } = this.#tree
    const registered = [...(await metadata.names(path)), ...(hasRemote ? await this.#remote.metadata.names(path) : [])]
    const names = [...new Set([...this.#tree.names(path), ...registered])].sort(compareUtf8)
    let isConflict = false
    for (const name of names) {
      const outcome = await this.#child(joinPath(path, name), undefined, hasRemote)
      isConflict ||= outcome.isConflict
    }
    return { isConflict }
  }

  async #child(path: Path, part: SpecialPart | undefined, hasRemote: boolean): Promise<Outcome> {
    this.#options.signal?.throwIfAborted()
    const place = await this.#placeOf(path, part, hasRemote)
    const { local, remote, localEntry, remoteEntry } = place
    if (local === undefined && localEntry === undefined && remoteEntry === undefined) return { isConflict: false }
    if (local === 'other') return this.#blocked(place)
    if (local !== undefined && remote !== undefined && local !== remote) return this.#clash(place)
    return this.#visit(place)
  }

  async #placeOf(path: Path, part: SpecialPart | undefined, hasRemote: boolean): Promise<Place> {
    const tree = this.#tree
    const local = tree.kindOf(path)
    const entry = entryOrNone(await tree.metadata.get(path))
    const originalEntry = entryOrNone(await tree.originals.get(originalPath(path)))
    const remote = hasRemote ? await this.#remote.kindOf(path) : undefined
    const isMark = entry?.['conflict'] !== undefined && Object.keys(entry).length === 1
    const common = { path, part, local, stored: entry, originalEntry, remote }
    if (part === undefined) {
      const remoteEntry = hasRemote ? entryOrNone(await this.#remote.metadata.get(path)) : undefined
      return { ...common, localEntry: isMark ? undefined : entry, remoteEntry }
    }
    // A part has no entry of its own: what is there without having come from the repository was added.
    const isKnown = originalEntry !== undefined || tree.kindOf(originalPath(path)) !== undefined
    const added = local === undefined ? undefined : withAttributes(entry ?? none, { flag: 'added' })
    return {
      ...common,
      localEntry: isKnown ? (entry ?? none) : added,
      remoteEntry: remote === undefined ? undefined : attributesOf([['part', part]]),
    }
  }

  async #visit(place: Place): Promise<Outcome> {
    return place.local === 'directory' || place.remote === 'directory' ? this.#directoryAt(place) : this.#fileAt(place)
  }

  #blocked(place: Place): Outcome {
    const isWanted = place.localEntry !== undefined || place.remoteEntry !== undefined
    const reason = this.#tree.problemOf(place.path)
    this.#push(place, {
      kind: 'file',
      action: 'nothing',
      state: isWanted ? 'conflict' : 'spurious',
      letter: isWanted ? 'C' : '?',
      reason,
      isBehind: isWanted,
    })
    return { isConflict: isWanted }
  }

  /** A file on one side, a directory on the other. */
  async #clash(place: Place): Promise<Outcome> {
    const { local } = place
    if (await this.#isUnsaved(place))
      return this.#conflict(
        place,
        local === 'file'
          ? 'it is a directory in the repository, and a changed file here'
          : 'it is a file in the repository, and a changed directory here',
      )
    await this.#visit({ ...place, remote: undefined, remoteEntry: undefined, withoutParts: true })
    return this.#visit({ ...place, local: undefined, localEntry: undefined, stored: undefined, originalEntry: undefined })
  }

  /** Whether something at or below a place is nowhere else. */
  async #isUnsaved({ path, local, localEntry, part }: Place): Promise<boolean> {
    const tree = this.#tree
    if (localEntry === undefined) return local !== undefined
    if (localEntry['flag'] === 'added' || localEntry['conflict'] !== undefined) return true
    if (local === 'other' || (local === 'directory' && tree.savedIn(path).length > 0)) return true
    if (local === 'file' && !(await tree.isSame(path, originalPath(path)))) return true
    for (const name of local === 'directory' ? tree.names(path) : [])
      if (await this.#isUnsaved(await this.#placeOf(joinPath(path, name), undefined, false))) return true
    if (part !== undefined) return false
    for (const special of specialParts) {
      const place = await this.#placeOf(specialPath(parentPath(path), special, baseName(path)), special, false)
      if (place.local !== undefined && (await this.#isUnsaved(place))) return true
    }
    return false
  }

  async #fileAt(place: Place): Promise<Outcome> {
    const { path, localEntry, originalEntry, remoteEntry } = place
    const rule = await this.#ruleOf(place)
    // Its annotations may be all that was changed of an object that is gone.
    if (rule.action === 'delete' && (await this.#isUnsaved({ ...place, local: undefined })))
      return this.#conflict(place, 'removed from the repository, its extras or annotations changed here')
    if (rule.state === 'conflict' && rule.action === 'nothing') return this.#conflict(place, rule.name)
    const entry = remoteEntry === undefined ? undefined : mergeEntry(localEntry, originalEntry, remoteEntry)
    if (entry !== undefined && entry.conflicts.length > 0 && rule.state !== 'removed')
      return this.#conflict(place, `both sides changed ${entry.conflicts.join(', ')}`)
    if (rule.state === 'removed' && originalEntry !== undefined && this.#isEntryBehind(place))
      return this.#conflict(place, 'removed here, its attributes changed in the repository')
    const merged = rule.action === 'merge' ? await this.#merge(place) : undefined
    if (rule.action === 'merge' && merged === undefined) return this.#conflict(place, 'changed on both sides, and no text that can be merged')
    const state: FileState = merged?.isConflict === true ? 'conflict' : rule.state
    const isBehind = rule.action !== 'nothing' || this.#isEntryBehind(place)
    const next = this.#nextEntries(place, rule, entry?.entry, state)
    const isSilent = rule.state === 'spurious' && isIgnoredName(baseName(path))
    const item = {
      kind: 'file',
      action: rule.action,
      state,
      letter: isSilent ? '*' : letterOf(rule.action, state),
      reason: rule.name,
      isBehind,
    } as const
    this.#push(place, item, { ...next, ...(merged !== undefined && { merged }) })
    const parts = await this.#partsOf(place)
    return { isConflict: state === 'conflict' || parts.isConflict }
  }

  #isEntryBehind({ originalEntry, remoteEntry, part }: Place): boolean {
    return part === undefined && remoteEntry !== undefined && !isSameEntry(originalEntry, remoteEntry)
  }

  #nextEntries(
    { localEntry, remoteEntry }: Place,
    { action, state: planned }: { readonly action: FileAction; readonly state: FileState },
    merged: EntryAttributes | undefined,
    state: FileState,
  ): Pick<UpdateStep, 'entry' | 'original'> {
    if (action === 'delete') return { entry: none, original: none }
    if (planned === 'removed') return { entry: withoutUnmerged(localEntry), ...(remoteEntry !== undefined && { original: remoteEntry }) }
    if (remoteEntry === undefined || merged === undefined) return { entry: withoutUnmerged(localEntry) }
    const own = state === 'conflict' ? { conflict: 'yes' } : {}
    return { entry: withAttributes(merged, own), original: remoteEntry }
  }

  async #ruleOf({ path, local, localEntry, stored, remote, remoteEntry }: Place): Promise<FileRule> {
    const [tree, hasLocal, hasRemote] = [this.#tree, local === 'file', remote === 'file']
    const original = originalPath(path)
    const hasOriginal = tree.kindOf(original) === 'file' && localEntry !== undefined
    const remoteDigest = hasRemote ? await this.#remote.digest(path) : undefined
    const localDigest = hasLocal ? await tree.digest(path) : undefined
    const rule = classify({
      localEntry: factsOf(localEntry),
      remoteEntry: factsOf(remoteEntry),
      hasLocal,
      hasOriginal,
      hasRemote,
      localIsOriginal: hasLocal && hasOriginal && (await tree.isSame(path, original)),
      localIsRemote: localDigest !== undefined && localDigest === remoteDigest,
      originalIsRemote: hasOriginal && remoteDigest !== undefined && (await tree.digest(original)) === remoteDigest,
    })
    if (stored?.['conflict'] === 'unmerged' && hasLocal && (await this.#holdsConflict(path)))
      return { ...rule, name: heldConflict, action: 'nothing', state: 'conflict' }
    const isCommitted = localDigest !== undefined && this.#options.committed?.get(path) === localDigest
    // The repository's version was made of this one.
    if (
      isCommitted &&
      hasRemote &&
      remoteEntry !== undefined &&
      (rule.action === 'merge' || rule.state === 'conflict') &&
      localEntry?.['conflict'] !== 'yes'
    )
      return { ...rule, name: 'committed, and written differently by the repository', action: 'copy', state: 'uptodate' }
    return rule
  }

  /** An update that was killed has left both texts in the file, but had no time to say so. */
  async #holdsConflict(path: Path): Promise<boolean> {
    const text = textOf((await this.#tree.readIfThere(path)) ?? new Uint8Array(0))
    return text !== undefined && hasConflict(text, labelsOf(path))
  }

  async #merge({ path, localEntry, remoteEntry }: Place): Promise<MergedFile | undefined> {
    const tree = this.#tree
    const [local, original] = [await tree.readIfThere(path), await tree.readIfThere(originalPath(path))]
    const format = this.#options.formatOf(path, remoteEntry ?? localEntry ?? none)
    return local === undefined
      ? undefined
      : mergeFile(path, format, local, localEntry?.['flag'] === 'added' ? undefined : original, await this.#remote.read(path))
  }

  /** Extras and annotations go with their object. */
  async #partsOf({ path, part, localEntry, remoteEntry, withoutParts }: Place): Promise<Outcome> {
    let isConflict = false
    if (part !== undefined || withoutParts === true || (localEntry?.['flag'] === 'removed' && remoteEntry !== undefined)) return { isConflict }
    for (const special of specialParts) {
      const outcome = await this.#child(specialPath(parentPath(path), special, baseName(path)), special, remoteEntry !== undefined)
      isConflict ||= outcome.isConflict
    }
    return { isConflict }
  }

  async #directoryAt(place: Place): Promise<Outcome> {
    const { local, localEntry, remoteEntry } = place
    const flag = localEntry?.['flag']
    if (flag === 'removed') return this.#removedDirectory(place)
    if (remoteEntry === undefined) return this.#goneDirectory(place)
    if (local === undefined || localEntry === undefined) return this.#newDirectory(place)
    const entry = mergeEntry(localEntry, place.originalEntry, remoteEntry)
    if (entry.conflicts.length > 0) return this.#conflict(place, `both sides changed ${entry.conflicts.join(', ')}`)
    const isBehind = flag === 'added' || this.#isEntryBehind(place)
    this.#pushDirectory(
      place,
      'nothing',
      'uptodate',
      flag === 'added' ? 'U' : '/',
      flag === 'added' ? 'added on both sides' : 'visited',
      isBehind,
      entry.entry,
    )
    return this.#inside(place)
  }

  async #newDirectory(place: Place): Promise<Outcome> {
    const { localEntry, originalEntry, remoteEntry = none } = place
    const reason = localEntry === undefined ? 'new in the repository' : 'lost here'
    this.#pushDirectory(place, 'make', 'uptodate', 'N', reason, true, mergeEntry(localEntry, originalEntry, remoteEntry).entry)
    return this.#inside(place)
  }

  async #inside(place: Place): Promise<Outcome> {
    const inside = await this.directory(place.path, place.remoteEntry !== undefined)
    const parts = await this.#partsOf(place)
    return { isConflict: inside.isConflict || parts.isConflict }
  }

  async #removedDirectory(place: Place): Promise<Outcome> {
    const { path, local, localEntry = none, remoteEntry } = place
    if (local !== undefined)
      return this.#conflict(place, remoteEntry === undefined ? 'removed on both sides, and back here' : 'removed here, and back')
    if (remoteEntry === undefined) {
      if (await this.#isUnsaved(place)) return this.#conflict(place, 'removed on both sides, its extras or annotations changed here')
      this.#push(
        place,
        { kind: 'directory', action: 'delete', state: 'nonexistent', letter: 'D', reason: 'removed on both sides', isBehind: true },
        { entry: none, original: none },
      )
      return this.#partsOf(place)
    }
    const { seen } = localEntry
    const digest = await digestOfRemote(this.#remote, path)
    // What was in it when it was removed: nobody may have put something in that would go with it unseen.
    if (seen !== undefined && seen !== digest) return this.#conflict(place, 'removed here, changed in the repository')
    const item = {
      kind: 'directory',
      action: 'nothing',
      state: 'removed',
      letter: 'R',
      reason: 'removed here',
      isBehind: seen === undefined,
    } as const
    this.#push(place, item, { entry: withAttributes(withoutUnmerged(localEntry), { seen: digest }) })
    return { isConflict: false }
  }

  /** The repository does not have it. */
  async #goneDirectory(place: Place): Promise<Outcome> {
    const { path, local, localEntry } = place
    if (localEntry === undefined) {
      const letter = isIgnoredName(baseName(path)) ? '*' : '?'
      this.#push(place, { kind: 'directory', action: 'nothing', state: 'spurious', letter, reason: 'nobody knows the directory', isBehind: false })
      return { isConflict: false }
    }
    if (localEntry['flag'] === 'added') {
      this.#pushDirectory(place, 'nothing', 'added', 'A', 'added here', false, withoutUnmerged(localEntry))
      return this.#inside(place)
    }
    const inside = local === undefined ? { isConflict: false } : await this.directory(path, false)
    const parts = await this.#partsOf(place)
    if (inside.isConflict || parts.isConflict || (await this.#hasAdded(path)))
      return this.#conflict(place, 'removed from the repository, something in it was changed here')
    const item = {
      kind: 'directory',
      action: 'clear',
      state: 'nonexistent',
      letter: 'D',
      reason: 'removed from the repository',
      isBehind: true,
    } as const
    this.#push(place, item, { entry: none, original: none })
    return { isConflict: false }
  }

  async #hasAdded(directory: Path): Promise<boolean> {
    const { metadata } = this.#tree
    for (const name of await metadata.names(directory)) {
      const path = joinPath(directory, name)
      if ((await metadata.get(path))['flag'] === 'added' || (await this.#hasAdded(path))) return true
    }
    return false
  }

  /** Nothing changes but that it is marked, so that status shows it and no commit passes it. */
  #conflict(place: Place, reason: string): Outcome {
    const { localEntry, stored } = place
    const kind = place.local === 'directory' || (place.local === undefined && place.remote === 'directory') ? 'directory' : 'file'
    const item = { kind, action: 'nothing', state: 'conflict', letter: 'C', reason, isBehind: true } as const
    const known = stored?.['conflict'] === 'unmerged' ? undefined : stored?.['conflict']
    const conflict = known ?? (reason === heldConflict ? 'yes' : 'unmerged')
    this.#push(place, item, { entry: withAttributes(localEntry ?? none, { conflict }) })
    return { isConflict: true }
  }

  #pushDirectory(
    place: Place,
    action: UpdateAction,
    state: FileState,
    letter: string,
    reason: string,
    isBehind: boolean,
    entry: EntryAttributes,
  ): void {
    const { remoteEntry } = place
    this.#push(
      place,
      { kind: 'directory', action, state, letter, reason, isBehind },
      { entry, ...(remoteEntry !== undefined && { original: remoteEntry }) },
    )
  }

  #push({ path, stored, originalEntry, part }: Place, item: Omit<UpdateItem, 'path'>, step: Omit<UpdateStep, 'item'> = {}): void {
    const { original, merged } = step
    // The entry of a part says nothing but that it is in conflict.
    const entry = part === undefined || step.entry === undefined ? step.entry : withAttributes(none, { conflict: step.entry['conflict'] })
    const keepsEntry = entry === undefined || isSameEntry(entry, stored)
    const keepsOriginal = original === undefined || isSameEntry(original, originalEntry)
    this.steps.push({
      item: { path, ...item },
      ...(!keepsEntry && { entry }),
      ...(!keepsOriginal && { original }),
      ...(merged !== undefined && { merged }),
    })
  }
}

function entryOrNone(entry: EntryAttributes): EntryAttributes | undefined {
  return isRegistered(entry) ? entry : undefined
}

/** The entry without the mark of a conflict that is none any more. */
function withoutUnmerged(entry: EntryAttributes = none): EntryAttributes {
  return entry['conflict'] === 'unmerged' ? withAttributes(entry, { conflict: undefined }) : entry
}

function factsOf(entry: EntryAttributes | undefined): EntryFacts | undefined {
  if (entry === undefined) return undefined
  const { flag, conflict, binary } = entry
  return {
    flag: flag === 'added' || flag === 'removed' ? flag : undefined,
    conflict: conflict !== undefined && conflict !== 'unmerged',
    binary: binary === 'true',
  }
}
