import { toAncestor, type Ancestor, type StateChange } from './ancestor.ts'
import { changeSince, metadataSince } from './change.ts'
import { compareSides, compareTimes } from './compare.ts'
import { conflictCopyPath, decideConflict, type ConflictDecision } from './conflict.ts'
import type { ConflictHandler } from './engine-types.ts'
import { messageOf } from './errors.ts'
import { hashNameOf, type Fingerprint } from './fingerprint.ts'
import type { Filter } from './filter/filter.ts'
import { isOwnPath } from './filter/own-names.ts'
import type { Joined } from './merge-join.ts'
import { reconcile, type ModeRow, type Outcome, type SideState } from './mode-table.ts'
import { otherSide, type ComparisonMode, type ConflictResolution, type InitialSync, type Side, type SyncMode } from './modes.ts'
import { isBelow } from './path.ts'
import { SyncAction, type PlanItem, type PlanPhase, type PlanProblem, type SyncableEntry } from './plan.ts'
import type { Entry, FileEntry, HashName, Path } from './protocol.ts'
import type { ScannedEntry } from './scan.ts'

/** What the join yields for a sync: source, destination, and what each had at the last sync, in this order. */
export type SyncRow = Joined<ScannedEntry | Ancestor>

/** What a side can do, as far as a plan depends on it. */
export interface SideAbilities {
  readonly name: string
  readonly directories: boolean
  readonly setsModified: boolean
  readonly setsMode: boolean
}

/** Everything a plan depends on beside the rows. No clock, no randomness: they come in as data. */
export interface PlannerOptions {
  readonly mode: SyncMode
  readonly comparison: ComparisonMode
  readonly toleranceMs: number
  readonly policy: ConflictResolution
  readonly handler?: ConflictHandler | undefined
  readonly initialSync: InitialSync
  /** No state: `initialSync` decides what differs. */
  readonly firstContact: boolean
  readonly acceptDestinationChanges: boolean
  readonly forceUpload: boolean
  readonly forceDownload: boolean
  readonly trash: boolean
  /** Milliseconds since the Unix epoch; names conflict copies. */
  readonly now: number
  readonly source: SideAbilities
  readonly destination: SideAbilities
  /** Function that both sides can compute; undefined if there is none. */
  readonly hash: HashName | undefined
  readonly filter: Pick<Filter, 'hides' | 'skips'>
}

/** Evidence that only a storage can give. The planner asks for it only where listings and state do not settle a path. */
export interface Evidence {
  fingerprint(side: Side, entry: FileEntry, name: HashName): Promise<Fingerprint | undefined>
}

/** What the rows came to. Items are in no order yet. */
export interface Decisions {
  readonly items: PlanItem[]
  readonly settled: StateChange[]
  readonly problems: PlanProblem[]
  /** For every deletion: what the side that no longer has it had at the last sync. Rename detection looks for it elsewhere. */
  readonly deleted: Map<PlanItem, Ancestor>
  unchanged: number
  ignored: number
  /** Known paths that the rules hide now. */
  left: number
  /** Entries and ancestors, for the guards. */
  readonly seen: Record<Side, { entries: number; bytes: number; known: number }>
}

/** A directory whose rows are still coming. */
interface Frame {
  readonly path: Path
  /** Something below stays or comes on that side, so a directory there cannot go. */
  readonly holds: Record<Side, boolean>
  /** Something below is created on that side, so a directory that is missing there comes back. */
  readonly creates: Record<Side, boolean>
  /** Nothing below is touched: the directory could not be read, or a conflict about it is open. */
  readonly blocked: boolean
  /** The directory goes from this side when the frame closes, unless something holds it. */
  readonly pending?: { readonly site: Site; readonly row: ModeRow; readonly from: Side }
  /** A leaf on one side stands against this directory: the rows below are kept until it is known what they hold. */
  readonly clash?: { readonly site: Site; readonly row: ModeRow; readonly directory: Side; readonly rows: Site[] }
  /** The directory has won over a leaf or a deletion: what was deleted below on the other side comes back. */
  readonly restores?: Side
  /** The leaf has won: everything below goes from this side before the leaf is written. */
  readonly clears?: Side
}

/** The four views of one path. */
interface Site {
  readonly path: Path
  readonly source: ScannedEntry | undefined
  readonly destination: ScannedEntry | undefined
  readonly sourceAncestor: Ancestor | undefined
  readonly destinationAncestor: Ancestor | undefined
  /** A side that has a leaf and a directory of this name. */
  readonly ambiguous?: Side
}

/** Paths compared by hash at a time. */
const comparisonsInFlight = 16

/**
 * Turns joined rows into decisions, one pass, holding only the open directories and what has to change.
 *
 * A path is decided from its own four views; what a directory's rows come to decides the directory when it closes: a directory goes only if
 * nothing in it stays. Paths that both sides have stay on both whatever their comparison says, so hashing them runs beside the walk.
 */
export class Planner {
  readonly #options: PlannerOptions
  readonly #evidence: Evidence
  readonly #decisions: Decisions = {
    items: [],
    settled: [],
    problems: [],
    deleted: new Map(),
    unchanged: 0,
    ignored: 0,
    left: 0,
    seen: { source: { entries: 0, bytes: 0, known: 0 }, destination: { entries: 0, bytes: 0, known: 0 } },
  }
  readonly #frames: Frame[] = [openFrame('')]
  readonly #comparisons = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined
  /** Conflict copies of this plan, so that two never take one name. */
  readonly #copies = new Set<Path>()

  constructor(options: PlannerOptions, evidence: Evidence) {
    this.#options = options
    this.#evidence = evidence
  }

  /** Takes the next rows. Resolves when they are decided or being compared. */
  async add(rows: readonly SyncRow[]): Promise<void> {
    const { seen } = this.#decisions
    for (const row of rows) {
      const site = toSite(row)
      if (site.source !== undefined) count(seen.source, site.source)
      if (site.destination !== undefined) count(seen.destination, site.destination)
      if (site.sourceAncestor !== undefined) seen.source.known++
      if (site.destinationAncestor !== undefined) seen.destination.known++
      while (!belongs(site.path, this.#top().path)) await this.#close()
      const clash = this.#top().clash
      if (clash !== undefined) clash.rows.push(site)
      // The common case first, without a promise: known, and unchanged on both sides.
      else if (this.#isUnchanged(site)) this.#decisions.unchanged++
      else await this.#decide(site)
    }
  }

  /** Closes what is open and waits for the comparisons. */
  async finish(): Promise<Decisions> {
    while (this.#frames.length > 1) await this.#close()
    await Promise.all(this.#comparisons)
    if (this.#failure !== undefined) throw this.#failure.error
    return this.#decisions
  }

  #top(): Frame {
    return this.#frames[this.#frames.length - 1] as Frame
  }

  /** Known, and each side as it was. Directories open their frame. */
  #isUnchanged(site: Site): boolean {
    const { source, destination, sourceAncestor, destinationAncestor } = site
    if (source === undefined || destination === undefined || sourceAncestor === undefined || destinationAncestor === undefined) return false
    if (source.kind === 'file') {
      if (destination.kind !== 'file' || this.#options.forceUpload || this.#options.forceDownload) return false
      if (source.etag === undefined || source.etag !== sourceAncestor.etag || source.size !== sourceAncestor.size) return false
      if (destination.etag === undefined || destination.etag !== destinationAncestor.etag || destination.size !== destinationAncestor.size) return false
      if (sourceAncestor.kind !== 'file' || destinationAncestor.kind !== 'file') return false
    } else if (source.kind === 'directory') {
      if (destination.kind !== 'directory' || sourceAncestor.kind !== 'directory' || destinationAncestor.kind !== 'directory') return false
      if (source.mode !== sourceAncestor.mode || destination.mode !== destinationAncestor.mode || site.ambiguous !== undefined) return false
    } else return false
    const top = this.#top()
    if (top.blocked || top.clears !== undefined) return false
    top.holds.source = true
    top.holds.destination = true
    if (source.kind === 'directory') this.#frames.push(openFrame(site.path, top))
    return true
  }

  async #decide(site: Site): Promise<void> {
    const top = this.#top()
    const { source, destination } = site
    if (isProblem(source) || isProblem(destination) || site.ambiguous !== undefined) return this.#block(site)
    if (top.blocked) return this.#leave(site)
    if (isHidden(source) || isHidden(destination)) return this.#hide(site)
    if (source === undefined && destination === undefined) return this.#gone(site)
    if (top.clears !== undefined) return this.#clear(site, top.clears)
    if (source?.kind === 'directory' || destination?.kind === 'directory') return this.#decideDirectory(site, source, destination)
    if (source !== undefined && destination !== undefined) return this.#compareLater(site, source, destination)
    await this.#decideSingle(site, source, destination)
  }

  /** What could not be read or cannot be synced: nothing at or below it is touched, on either side. */
  #block(site: Site): void {
    for (const side of sides) {
      const entry = site[side]
      if (entry?.kind === 'problem') this.#decisions.problems.push({ side, path: site.path, reason: entry.reason })
    }
    if (site.ambiguous !== undefined) {
      this.#decisions.problems.push({ side: site.ambiguous, path: site.path, reason: 'a file and a directory have this name; rename one of them' })
    }
    this.#hold('source', 'destination')
    this.#frames.push({ ...openFrame(site.path, this.#top()), blocked: true })
  }

  /** A row below something blocked. */
  #leave(site: Site): void {
    this.#hold('source', 'destination')
    if (isDirectory(site.source) || isDirectory(site.destination)) this.#frames.push({ ...openFrame(site.path, this.#top()), blocked: true })
  }

  /** A path the rules hide: it leaves the state, and what is there stays. */
  #hide(site: Site): void {
    if (!isOwnPath(site.path)) this.#decisions.ignored++
    for (const side of sides) if (site[side] !== undefined) this.#hold(side)
    this.#forgetHidden(site)
  }

  #forgetHidden(site: Site): void {
    if (site.sourceAncestor === undefined && site.destinationAncestor === undefined) return
    // A path that this run was told to skip is taken up again by the next one, so the state keeps it.
    if (this.#options.filter.skips(site.path)) return
    this.#decisions.left++
    this.#decisions.settled.push({ path: site.path, source: undefined, destination: undefined })
  }

  /** Only the state knows it: hidden by a new rule, or deleted on both sides. */
  #gone(site: Site): void {
    const wasDirectory = (site.sourceAncestor ?? site.destinationAncestor)?.kind === 'directory'
    if (this.#options.filter.hides(site.path, wasDirectory)) return this.#forgetHidden(site)
    this.#decisions.settled.push({ path: site.path, source: undefined, destination: undefined })
  }

  /** A path that one side has. */
  async #decideSingle(site: Site, source: SyncableEntry | undefined, destination: SyncableEntry | undefined): Promise<void> {
    const side: Side = source !== undefined ? 'source' : 'destination'
    const entry = (source ?? destination) as SyncableEntry
    const state = await this.#stateOf(site, side, entry)
    if (state === undefined) return
    const row = this.#lookUp(site, side === 'source' ? state : '-', side === 'destination' ? state : '-', undefined)
    this.#act(site, this.#restoring(row, side))
  }

  /** Below a directory that won over a deletion, what the other side lacks comes back. */
  #restoring(row: ModeRow, side: Side): ModeRow {
    if (this.#top().restores !== otherSide(side) || !isDeletion(row.outcome)) return row
    const outcome = side === 'source' ? SyncAction.UPLOAD_RESTORE : SyncAction.DOWNLOAD_RESTORE
    return { ...row, outcome, reason: `its directory is kept: it won against what the ${otherSide(side)} has in its place` }
  }

  /** Both sides have a leaf: it stays on both, so its comparison may take its time. */
  async #compareLater(site: Site, source: SyncableEntry, destination: SyncableEntry): Promise<void> {
    this.#hold('source', 'destination')
    if (!this.#needsHash(site, source, destination)) return this.#decideBoth(site, source, destination)
    while (this.#comparisons.size >= comparisonsInFlight) await Promise.race(this.#comparisons)
    if (this.#failure !== undefined) throw this.#failure.error
    const comparison = this.#decideBoth(site, source, destination)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#comparisons.delete(comparison))
    this.#comparisons.add(comparison)
  }

  #needsHash(site: Site, source: SyncableEntry, destination: SyncableEntry): boolean {
    if (source.kind !== 'file' || destination.kind !== 'file' || source.size !== destination.size) return this.#isDoubtful(site, source, destination)
    return this.#options.comparison === 'hash-then-mtime' || this.#options.comparison === 'hash-only'
  }

  #isDoubtful(site: Site, source: SyncableEntry, destination: SyncableEntry): boolean {
    const { comparison } = this.#options
    return (
      (site.sourceAncestor !== undefined && changeSince(site.sourceAncestor, source, comparison) === 'doubtful') ||
      (site.destinationAncestor !== undefined && changeSince(site.destinationAncestor, destination, comparison) === 'doubtful')
    )
  }

  async #decideBoth(site: Site, source: SyncableEntry, destination: SyncableEntry): Promise<void> {
    const { comparison, forceUpload, forceDownload, mode } = this.#options
    const known = site.sourceAncestor !== undefined && site.destinationAncestor !== undefined
    const sourceChange = known ? changeSince(site.sourceAncestor as Ancestor, source, comparison) : undefined
    const destinationChange = known ? changeSince(site.destinationAncestor as Ancestor, destination, comparison) : undefined
    if (forceUpload || forceDownload) {
      const upload = forceUpload && mode !== 'destination-to-source' && mode !== 'destination-backup'
      const outcome = upload ? SyncAction.UPLOAD_UPDATE : SyncAction.DOWNLOAD_UPDATE
      if (source.kind === 'file' && destination.kind === 'file') {
        const loserChanged = (upload ? destinationChange : sourceChange) !== 'same'
        return this.#transfer(site, outcome, upload ? 'forced upload' : 'forced download', { trash: mode === 'two-way' && loserChanged })
      }
    }
    if (sourceChange === 'same' && destinationChange === 'same') {
      if (!this.#carryMetadata(site, source, destination, undefined)) this.#settle(site, source, destination, undefined)
      return
    }
    let verdict: { readonly equal: boolean; readonly reason: string; readonly hash?: Fingerprint | undefined }
    try {
      verdict = await this.#areEqual(site, source, destination, sourceChange, destinationChange)
    } catch (error) {
      return this.#cannotCompare(site, error)
    }
    if (verdict.equal) {
      if (!known || !this.#carryMetadata(site, source, destination, verdict.hash)) this.#settle(site, source, destination, verdict.hash)
      return
    }
    const sourceState = known ? await this.#stateOf(site, 'source', source) : 'N'
    const destinationState = known ? await this.#stateOf(site, 'destination', destination) : 'N'
    if (sourceState === undefined || destinationState === undefined) return
    const row = this.#lookUp(site, sourceState, destinationState, false)
    if (row.outcome === 'RESOLVE' || row.outcome === 'FIRST_CONTACT') return this.#resolve(site, source, destination, row, verdict.reason)
    this.#act(site, { ...row, reason: `${row.reason} (${verdict.reason})` })
  }

  /** A path whose evidence could not be had: it is left alone and reported. */
  #cannotCompare(site: Site, error: unknown): void {
    const path = (error as { side?: Side }).side
    this.#decisions.problems.push({ side: path ?? 'source', path: site.path, reason: `cannot be compared: ${messageOf(error)}` })
  }

  /** Equality by the comparison mode, with hashes where it needs them. */
  async #areEqual(
    site: Site,
    source: SyncableEntry,
    destination: SyncableEntry,
    sourceChange: string | undefined,
    destinationChange: string | undefined,
  ): Promise<{ equal: boolean; reason: string; hash?: Fingerprint | undefined }> {
    const { comparison, toleranceMs, hash } = this.#options
    const listed = compareSides(source, destination, comparison, toleranceMs)
    if (listed.verdict !== 'ask-hash') return { equal: listed.verdict === 'equal', reason: listed.reason }
    const [ours, theirs] = [source as FileEntry, destination as FileEntry]
    if (hash !== undefined) {
      const left = await this.#fingerprint(site, 'source', ours, hash)
      const right = left === undefined ? undefined : await this.#fingerprint(site, 'destination', theirs, hash)
      if (left !== undefined && right !== undefined) return { equal: left === right, reason: left === right ? `same ${hash}` : `different ${hash}`, ...(left === right && { hash: left }) }
    }
    if (comparison === 'hash-only') {
      const lacking = hash === undefined ? `${this.#options.source.name} and ${this.#options.destination.name} have no hash function in common` : `no ${hash} of it can be had`
      throw Object.assign(new Error(`${lacking}, and hash-only compares by nothing else; use another comparison mode`), { side: 'source' })
    }
    // Times decide only where nothing better is known: a side whose etag moved while the other's did not has changed, whatever its time says.
    const onlyOneChanged = sourceChange !== undefined && destinationChange !== undefined && (sourceChange === 'same') !== (destinationChange === 'same')
    if (onlyOneChanged) return { equal: false, reason: `changed at the ${sourceChange === 'same' ? 'destination' : 'source'}, and no common hash says that the content is the same` }
    const times = compareTimes(source, destination, toleranceMs)
    return { equal: times.verdict === 'equal', reason: `${times.reason}, no common hash` }
  }

  /** From the state if the side has not changed, else from its storage. */
  async #fingerprint(site: Site, side: Side, entry: FileEntry, name: HashName): Promise<Fingerprint | undefined> {
    const ancestor = side === 'source' ? site.sourceAncestor : site.destinationAncestor
    if (ancestor?.hash !== undefined && hashNameOf(ancestor.hash) === name && changeSince(ancestor, entry, this.#options.comparison) === 'same') return ancestor.hash
    try {
      return await this.#evidence.fingerprint(side, entry, name)
    } catch (error) {
      throw Object.assign(error instanceof Error ? error : new Error(String(error)), { side })
    }
  }

  /** The side's state at a path that it has; a doubt is settled by a hash. `undefined`: it could not be, and was reported. */
  async #stateOf(site: Site, side: Side, entry: SyncableEntry): Promise<SideState | undefined> {
    const ancestor = side === 'source' ? site.sourceAncestor : site.destinationAncestor
    const other = side === 'source' ? site.destinationAncestor : site.sourceAncestor
    if (ancestor === undefined || other === undefined) return 'N'
    const change = changeSince(ancestor, entry, this.#options.comparison)
    if (change !== 'doubtful') return change === 'same' ? '=' : 'M'
    if (ancestor.hash === undefined || entry.kind !== 'file') return 'M'
    try {
      return (await this.#evidence.fingerprint(side, entry, hashNameOf(ancestor.hash))) === ancestor.hash ? '=' : 'M'
    } catch (error) {
      this.#decisions.problems.push({ side, path: site.path, reason: `cannot be compared: ${messageOf(error)}` })
      this.#hold('source', 'destination')
      return undefined
    }
  }

  #lookUp(site: Site, source: SideState, destination: SideState, equal: boolean | undefined): ModeRow {
    const { mode, acceptDestinationChanges } = this.#options
    const ancestor = site.sourceAncestor !== undefined && site.destinationAncestor !== undefined
    return reconcile({ mode, ancestor, source, destination, equal, acceptDestinationChanges })
  }

  /** A path where at least one side has a directory. */
  async #decideDirectory(site: Site, source: SyncableEntry | undefined, destination: SyncableEntry | undefined): Promise<void> {
    const top = this.#top()
    if (source?.kind === 'directory' && destination?.kind === 'directory') {
      this.#hold('source', 'destination')
      this.#frames.push(openFrame(site.path, top))
      if (!this.#carryMetadata(site, source, destination, undefined)) this.#settle(site, source, destination, undefined)
      return
    }
    if (source !== undefined && destination !== undefined) return this.#decideClash(site, source, destination)
    const side: Side = source !== undefined ? 'source' : 'destination'
    const missing = otherSide(side)
    const frame = openFrame(site.path, top)
    // A store without directories of its own has none where it has no file: that is no deletion, and nothing can be made there.
    if (!this.#options[missing].directories) {
      this.#frames.push(frame)
      this.#hold(side)
      return
    }
    const state = (await this.#stateOf(site, side, (source ?? destination) as SyncableEntry)) as SideState
    const row = this.#restoring(this.#lookUp(site, side === 'source' ? state : '-', side === 'destination' ? state : '-', undefined), side)
    if (isDeletion(row.outcome)) {
      this.#frames.push({ ...frame, pending: { site, row, from: side } })
      return
    }
    this.#act(site, row)
    this.#frames.push(frame)
  }

  /** A leaf on one side, a directory on the other. What the directory holds decides with it, so its rows are kept until it closes. */
  #decideClash(site: Site, source: SyncableEntry, destination: SyncableEntry): void {
    const directory: Side = source.kind === 'directory' ? 'source' : 'destination'
    const known = site.sourceAncestor !== undefined && site.destinationAncestor !== undefined
    const stateOf = (ancestor: Ancestor | undefined, entry: SyncableEntry): SideState =>
      !known ? 'N' : changeSince(ancestor as Ancestor, entry, this.#options.comparison) === 'same' ? '=' : 'M'
    const row = this.#lookUp(site, stateOf(site.sourceAncestor, source), stateOf(site.destinationAncestor, destination), false)
    this.#frames.push({ ...openFrame(site.path, this.#top()), clash: { site, row, directory, rows: [] } })
  }

  async #close(): Promise<void> {
    const frame = this.#frames.pop() as Frame
    if (frame.clash !== undefined) return this.#closeClash(frame.path, frame.clash)
    if (frame.pending !== undefined) this.#closePending(frame, frame.pending)
    const parent = this.#top()
    for (const side of sides) {
      if (frame.holds[side]) parent.holds[side] = true
      if (frame.creates[side]) parent.creates[side] = true
    }
  }

  /** A directory that was deleted on one side goes from the other, unless something in it stays. */
  #closePending(frame: Frame, { site, row, from }: NonNullable<Frame['pending']>): void {
    const target = otherSide(from)
    if (!frame.holds[from]) return this.#act(site, row)
    this.#hold(from)
    if (!frame.creates[target]) return
    const outcome = from === 'source' ? SyncAction.UPLOAD_RESTORE : SyncAction.DOWNLOAD_RESTORE
    this.#act(site, { ...row, outcome, reason: `deleted at the ${target}, but something in it comes back` })
  }

  /** Decides a leaf against a directory, now that the directory's rows are known, and then its rows. */
  async #closeClash(path: Path, { site, row, directory, rows }: NonNullable<Frame['clash']>): Promise<void> {
    const leaf = otherSide(directory)
    const [source, destination] = [site.source as SyncableEntry, site.destination as SyncableEntry]
    const survivors = await this.#survivors(rows, directory)
    let winner: Side | undefined
    let decision: ConflictDecision | undefined
    const clean = row.outcome === SyncAction.UPLOAD_UPDATE ? 'source' : row.outcome === SyncAction.DOWNLOAD_UPDATE ? 'destination' : undefined
    if (clean === directory) winner = clean
    else if (clean === leaf && survivors === 'none') winner = clean
    else {
      const { comparison, toleranceMs, policy, initialSync, firstContact } = this.#options
      decision = decideConflict({ source, destination, comparison, toleranceMs, policy, initialSync: row.outcome === 'FIRST_CONTACT' && firstContact ? initialSync : undefined })
      winner = decision.winner === 'both' ? undefined : decision.winner
      if (policy === 'manual') {
        const choice = await this.#ask(site, source, destination, clashReason(directory))
        winner = choice === 'both' ? undefined : choice
      }
      // A one-way mode has its winner; what a backup never deletes, and what nobody may touch, still stands in its way.
      if (this.#options.mode !== 'two-way') winner = undefined
    }
    if (winner === leaf && (survivors === 'fixed' || !this.#mayDelete(directory))) winner = undefined
    if (winner === undefined) {
      const reason = clashReason(directory, survivors === 'fixed' ? ', and the directory holds what cannot be touched' : survivors === 'changed' ? ', and the directory holds changes' : '')
      this.#conflict(site, source, destination, reason)
      this.#hold('source', 'destination')
      return this.#replay({ ...openFrame(path, this.#top()), blocked: true }, rows)
    }
    const resolved = decision === undefined || decision.winner === undefined ? undefined : { by: decision.by, winner }
    if (winner === leaf) {
      const target = directory
      await this.#replay({ ...openFrame(path, this.#top()), clears: target }, rows)
      this.#emit(site, deletionOn(target), 'clear', `a ${site[leaf]?.kind} takes its place`, { kind: 'directory', clearing: target })
      this.#transfer(site, writeTo(target), `${row.reason}: a ${site[leaf]?.kind} replaces the directory`, { cleared: target, ...(resolved && { resolved }) })
      this.#hold('source', 'destination')
      return
    }
    const trash = this.#options.mode === 'two-way'
    this.#emit(site, deletionOn(leaf), 'clear', 'a directory takes its place', { trash, clearing: leaf })
    this.#transfer(site, writeTo(leaf), `${row.reason}: a directory replaces the ${site[leaf]?.kind}`, { cleared: leaf, ...(resolved && { resolved }) })
    this.#hold('source', 'destination')
    await this.#replay({ ...openFrame(path, this.#top()), restores: leaf }, rows)
  }

  /** Modes that never delete on a side cannot put a leaf in a directory's place there. */
  #mayDelete(side: Side): boolean {
    const { mode } = this.#options
    return mode === 'two-way' || (side === 'destination' ? mode === 'source-to-destination' : mode === 'destination-to-source')
  }

  /** What a directory holds that would be lost with it: nothing, changes that a policy may give up, or what nobody may touch. */
  async #survivors(rows: readonly Site[], side: Side): Promise<'none' | 'changed' | 'fixed'> {
    let changed = false
    for (const site of rows) {
      if (isHidden(site.source) || isHidden(site.destination) || isProblem(site.source) || isProblem(site.destination) || site.ambiguous !== undefined) return 'fixed'
      const entry = site[side]
      if (entry === undefined || this.#options.mode !== 'two-way') continue
      const state = await this.#stateOf(site, side, entry as SyncableEntry)
      if (state === undefined) return 'fixed'
      if (state !== '=') changed = true
    }
    return changed ? 'changed' : 'none'
  }

  /** Decides rows that were kept back, below a frame whose fate is known now. */
  async #replay(frame: Frame, rows: readonly Site[]): Promise<void> {
    const depth = this.#frames.length
    this.#frames.push(frame)
    for (const site of rows) {
      while (!belongs(site.path, this.#top().path)) await this.#close()
      await this.#decide(site)
    }
    while (this.#frames.length > depth) await this.#close()
  }

  /** A row below a directory that a leaf replaces: it goes, before the leaf is written. */
  #clear(site: Site, from: Side): void {
    const entry = site[from] as SyncableEntry | undefined
    if (entry === undefined) return this.#gone(site)
    if (entry.kind === 'directory') this.#frames.push({ ...openFrame(site.path, this.#top()), clears: from })
    const trash = this.#options.mode === 'two-way' && entry.kind !== 'directory'
    this.#emit(site, deletionOn(from), 'clear', 'a file takes the place of its directory', { trash, clearing: from })
  }

  /** A conflict: policy, handler, or open. */
  async #resolve(site: Site, source: SyncableEntry, destination: SyncableEntry, row: ModeRow, why: string): Promise<void> {
    const { comparison, toleranceMs, policy, initialSync, firstContact } = this.#options
    const reason = `${row.reason} (${why})`
    const decision = decideConflict({ source, destination, comparison, toleranceMs, policy, initialSync: row.outcome === 'FIRST_CONTACT' && firstContact ? initialSync : undefined })
    let winner = decision.winner
    if (policy === 'manual' && decision.by !== 'initial-sync') winner = await this.#ask(site, source, destination, reason)
    if (winner === undefined) return this.#conflict(site, source, destination, `${reason}; ${decision.reason}`)
    const resolved = { by: decision.by, winner }
    const text = `${reason}; ${policy === 'manual' && decision.by !== 'initial-sync' ? `${winner} was chosen` : decision.reason}`
    if (winner === 'both') return this.#keepBoth(site, source, destination, text, resolved)
    this.#transfer(site, winner === 'source' ? SyncAction.UPLOAD_UPDATE : SyncAction.DOWNLOAD_UPDATE, text, { trash: true, resolved })
  }

  /** Asks the handler; `undefined` leaves the conflict open. */
  async #ask(site: Site, source: SyncableEntry, destination: SyncableEntry, reason: string): Promise<Side | 'both' | undefined> {
    if (this.#options.handler === undefined) return undefined
    const choice = await this.#options.handler({ path: site.path, reason, source, destination, sourceMtime: source.modified, destMtime: destination.modified })
    return choice === 'skip' ? undefined : choice
  }

  /** The loser takes a new name on its side, and each side gets what it lacks. */
  #keepBoth(site: Site, source: SyncableEntry, destination: SyncableEntry, reason: string, resolved: NonNullable<PlanItem['resolved']>): void {
    const loser: Side = source.modified !== undefined && destination.modified !== undefined && destination.modified > source.modified ? 'source' : 'destination'
    const winner = otherSide(loser)
    const copy = conflictCopyPath(site.path, loser, this.#options.now, path => this.#copies.has(path))
    this.#copies.add(copy)
    const lost = loser === 'source' ? source : destination
    const won = loser === 'source' ? destination : source
    const { items } = this.#decisions
    const view = (side: Side, entry: Entry): Pick<PlanItem, 'source' | 'destination'> => ({ source: side === 'source' ? entry : null, destination: side === 'destination' ? entry : null })
    items.push({
      action: loser === 'source' ? SyncAction.RENAME_SOURCE : SyncAction.RENAME_DESTINATION,
      path: copy,
      from: site.path,
      kind: lost.kind,
      phase: 'rename',
      size: 0,
      reason,
      ...view(loser, lost),
      resolved,
    })
    items.push({ action: writeTo(loser), path: site.path, from: null, kind: won.kind, phase: 'transfer', size: sizeOf(won), reason, ...view(winner, won), resolved })
    // The rename moves the change time, so the copy is recognised by size and time alone.
    const moved = withoutIdentity(lost, copy)
    items.push({ action: writeTo(winner, true), path: copy, from: null, kind: lost.kind, phase: 'transfer', size: sizeOf(lost), reason, ...view(loser, moved), resolved })
    this.#hold('source', 'destination')
  }

  #conflict(site: Site, source: SyncableEntry, destination: SyncableEntry, reason: string): void {
    const kind = source.kind === 'directory' ? destination.kind : source.kind
    this.#decisions.items.push({ action: SyncAction.CONFLICT, path: site.path, from: null, kind, phase: 'none', size: 0, reason, source, destination })
  }

  /** Carries out a row of the table for a path that at most one side has. */
  #act(site: Site, row: ModeRow): void {
    switch (row.outcome) {
      case 'SETTLE':
      case SyncAction.NO_ACTION:
        return this.#settle(site, site.source as SyncableEntry, site.destination as SyncableEntry, undefined)
      case 'FORGET':
        return this.#gone(site)
      case 'KEEP': {
        this.#decisions.unchanged++
        for (const side of sides) if (site[side] !== undefined) this.#hold(side)
        return
      }
      case SyncAction.DELETE_SOURCE:
      case SyncAction.DELETE_DESTINATION: {
        const side: Side = row.outcome === SyncAction.DELETE_SOURCE ? 'source' : 'destination'
        const isDir = site[side]?.kind === 'directory'
        const trash = this.#options.mode === 'two-way' && !isDir
        const item = this.#emit(site, row.outcome, isDir ? 'delete-directory' : 'delete-file', row.reason, { trash })
        const lost = side === 'source' ? site.destinationAncestor : site.sourceAncestor
        if (lost !== undefined) this.#decisions.deleted.set(item, lost)
        return
      }
      case SyncAction.UPLOAD_NEW:
      case SyncAction.UPLOAD_UPDATE:
      case SyncAction.UPLOAD_RESTORE:
      case SyncAction.DOWNLOAD_NEW:
      case SyncAction.DOWNLOAD_UPDATE:
      case SyncAction.DOWNLOAD_RESTORE:
        return this.#transfer(site, row.outcome, row.reason, {})
      case 'RESOLVE':
      case 'FIRST_CONTACT':
      case SyncAction.RENAME_SOURCE:
      case SyncAction.RENAME_DESTINATION:
      case SyncAction.CONFLICT:
        throw new TypeError(`${row.outcome} cannot come from a path that one side has`)
    }
  }

  /** An entry goes to the other side. `cleared`: that side's old kind is removed by an item of its own first. */
  #transfer(
    site: Site,
    action: SyncAction,
    reason: string,
    options: { readonly trash?: boolean; readonly resolved?: NonNullable<PlanItem['resolved']>; readonly cleared?: Side },
  ): void {
    const from: Side = action.startsWith('UPLOAD') ? 'source' : 'destination'
    const to = otherSide(from)
    const entry = site[from] as SyncableEntry
    const hash = entry.kind === 'file' ? this.#knownHash(site, from, entry) : undefined
    this.#hold('source', 'destination')
    this.#creates(to)
    const phase = entry.kind === 'directory' ? 'directory' : 'transfer'
    const view = { source: (site.source ?? null) as Entry | null, destination: (site.destination ?? null) as Entry | null }
    if (options.cleared !== undefined) view[options.cleared] = null
    this.#decisions.items.push({
      action,
      path: site.path,
      from: null,
      kind: entry.kind,
      phase,
      size: sizeOf(entry),
      reason,
      ...view,
      ...(hash !== undefined && { hash }),
      ...(options.trash === true && this.#options.trash && { trash: true as const }),
      ...(options.resolved !== undefined && { resolved: options.resolved }),
    })
  }

  #knownHash(site: Site, side: Side, entry: FileEntry): Fingerprint | undefined {
    const ancestor = side === 'source' ? site.sourceAncestor : site.destinationAncestor
    if (ancestor?.hash === undefined || changeSince(ancestor, entry, this.#options.comparison) !== 'same') return undefined
    return ancestor.hash
  }

  /** An item that moves no content. `clearing`: the other side's entry is what takes the place, not a copy of this one. */
  #emit(site: Site, action: SyncAction, phase: PlanPhase, reason: string, options: { readonly trash?: boolean; readonly kind?: PlanItem['kind']; readonly clearing?: Side }): PlanItem {
    const side: Side = action === SyncAction.DELETE_SOURCE ? 'source' : 'destination'
    const entry = site[side] as SyncableEntry
    const view = { source: (site.source ?? null) as Entry | null, destination: (site.destination ?? null) as Entry | null }
    if (options.clearing !== undefined) view[otherSide(options.clearing)] = null
    const item: PlanItem = {
      action,
      path: site.path,
      from: null,
      kind: options.kind ?? entry.kind,
      phase,
      size: 0,
      reason,
      ...view,
      ...(options.trash === true && this.#options.trash && { trash: true as const }),
    }
    this.#decisions.items.push(item)
    return item
  }

  /** Content agrees: carries over a time or permissions that one side changed. False if there is nothing to carry or nobody to take it. */
  #carryMetadata(site: Site, source: SyncableEntry, destination: SyncableEntry, hash: Fingerprint | undefined): boolean {
    const { sourceAncestor, destinationAncestor } = site
    if (sourceAncestor === undefined || destinationAncestor === undefined || source.kind !== destination.kind || source.kind === 'symlink') return false
    const ours = metadataSince(sourceAncestor, source)
    const theirs = metadataSince(destinationAncestor, destination)
    if ((ours.modified || ours.mode) === (theirs.modified || theirs.mode)) return false
    const from: Side = ours.modified || ours.mode ? 'source' : 'destination'
    const to = otherSide(from)
    if (!this.#mayWrite(to)) return false
    const change = from === 'source' ? ours : theirs
    const abilities = this.#options[to]
    const mode = change.mode && abilities.setsMode && site[to]?.kind !== 'problem' && (site[to] as SyncableEntry).mode !== undefined
    if (!mode && !(change.modified && abilities.setsModified)) return false
    const what = [change.modified && abilities.setsModified && 'time', mode && 'permissions'].filter(Boolean).join(' and ')
    this.#decisions.items.push({
      action: writeTo(to),
      path: site.path,
      from: null,
      kind: source.kind,
      phase: source.kind === 'directory' ? 'directory' : 'transfer',
      size: 0,
      reason: `${what} changed at the ${from}, same content`,
      source,
      destination,
      metadata: true,
      ...(hash !== undefined ? { hash } : sourceAncestor.hash !== undefined && { hash: sourceAncestor.hash }),
    })
    return true
  }

  #mayWrite(side: Side): boolean {
    const { mode } = this.#options
    if (mode === 'two-way') return true
    return side === 'destination' ? mode === 'source-to-destination' || mode === 'source-backup' : mode === 'destination-to-source' || mode === 'destination-backup'
  }

  /** Both sides agree: the state learns what it does not know yet. */
  #settle(site: Site, source: SyncableEntry, destination: SyncableEntry, hash: Fingerprint | undefined): void {
    this.#decisions.unchanged++
    const ours = toAncestor(source, hash ?? this.#keptHash(site.sourceAncestor, source))
    const theirs = toAncestor(destination, hash ?? this.#keptHash(site.destinationAncestor, destination))
    if (sameRecord(ours, site.sourceAncestor) && sameRecord(theirs, site.destinationAncestor)) return
    this.#decisions.settled.push({ path: site.path, source: ours, destination: theirs })
  }

  #keptHash(ancestor: Ancestor | undefined, entry: SyncableEntry): Fingerprint | undefined {
    return ancestor?.hash !== undefined && changeSince(ancestor, entry, this.#options.comparison) === 'same' ? ancestor.hash : undefined
  }

  #hold(...held: readonly Side[]): void {
    const top = this.#top()
    for (const side of held) top.holds[side] = true
  }

  #creates(side: Side): void {
    this.#top().creates[side] = true
  }
}

const sides: readonly Side[] = ['source', 'destination']

function openFrame(path: Path, parent?: Frame): Frame {
  return {
    path,
    holds: { source: false, destination: false },
    creates: { source: false, destination: false },
    blocked: parent?.blocked ?? false,
    ...(parent?.restores !== undefined && { restores: parent.restores }),
    ...(parent?.clears !== undefined && { clears: parent.clears }),
  }
}

function belongs(path: Path, frame: Path): boolean {
  return frame === '' || isBelow(path, frame)
}

function toSite(row: SyncRow): Site {
  const [source, destination, sourceAncestor, destinationAncestor] = row.entries as readonly [ScannedEntry?, ScannedEntry?, Ancestor?, Ancestor?]
  const ambiguous: Side | undefined = row.clash === undefined ? undefined : row.clash[0] !== undefined ? 'source' : row.clash[1] !== undefined ? 'destination' : undefined
  return { path: row.path, source, destination, sourceAncestor, destinationAncestor, ...(ambiguous !== undefined && { ambiguous }) }
}

function count(totals: { entries: number; bytes: number }, entry: ScannedEntry): void {
  if (entry.kind === 'hidden') return
  totals.entries++
  if (entry.kind === 'file') totals.bytes += entry.size
}

function isProblem(entry: ScannedEntry | undefined): entry is Extract<Entry, { kind: 'problem' }> {
  return entry?.kind === 'problem'
}

function isHidden(entry: ScannedEntry | undefined): entry is Extract<ScannedEntry, { kind: 'hidden' }> {
  return entry?.kind === 'hidden'
}

function isDirectory(entry: ScannedEntry | undefined): boolean {
  return entry?.kind === 'directory'
}

function isDeletion(outcome: Outcome): boolean {
  return outcome === SyncAction.DELETE_SOURCE || outcome === SyncAction.DELETE_DESTINATION
}

function deletionOn(side: Side): SyncAction {
  return side === 'source' ? SyncAction.DELETE_SOURCE : SyncAction.DELETE_DESTINATION
}

/** The action that writes to a side. */
function writeTo(side: Side, isNew = false): SyncAction {
  if (side === 'destination') return isNew ? SyncAction.UPLOAD_NEW : SyncAction.UPLOAD_UPDATE
  return isNew ? SyncAction.DOWNLOAD_NEW : SyncAction.DOWNLOAD_UPDATE
}

function sizeOf(entry: SyncableEntry): number {
  return entry.kind === 'file' ? entry.size : 0
}

function withoutIdentity(entry: SyncableEntry, path: Path): SyncableEntry {
  if (entry.kind !== 'file') return { ...entry, path }
  const { etag: _etag, hashes: _hashes, ...rest } = entry
  return { ...rest, path }
}

function clashReason(directory: Side, more = ''): string {
  return `a directory at the ${directory}, none at the ${otherSide(directory)}${more}`
}

/** Whether two records of a path say the same. */
export function sameRecord(a: Ancestor, b: Ancestor | undefined): boolean {
  return (
    b !== undefined &&
    a.kind === b.kind &&
    a.size === b.size &&
    a.mode === b.mode &&
    a.etag === b.etag &&
    a.id === b.id &&
    a.hash === b.hash &&
    a.target === b.target &&
    (a.kind === 'directory' || a.modified === b.modified || (a.modified !== undefined && b.modified !== undefined && Math.abs(a.modified - b.modified) < 0.001))
  )
}
