import type { Ancestor } from './ancestor.ts'
import { changeSince, metadataSince } from './change.ts'
import { decideClash, isFixed, type Survivors } from './clash.ts'
import { conflictCopyPath, decideConflict } from './conflict.ts'
import { countEntry, noDecisions, type Decisions, type PlannerOptions } from './decisions.ts'
import { isOwnPath, isTemporaryName, putAsidePath } from './filter/own-names.ts'
import type { Fingerprint } from './fingerprint.ts'
import { belongs, openFrame, type Frame } from './frame.ts'
import { CannotCompare, Judge, type Evidence } from './judge.ts'
import { reconcile, type ModeRow, type SideState } from './mode-table.ts'
import { otherSide, type Side } from './modes.ts'
import {
  conflictItem,
  deletionItem,
  isDeletion,
  keepBothItems,
  metadataItem,
  settledRecords,
  transferItem,
  writeTo,
  type MetadataAbilities,
  type TransferDetails,
} from './plan-items.ts'
import { SyncAction, type PlanItem, type SyncableEntry } from './plan.ts'
import type { Path } from './protocol.ts'
import type { ScannedEntry } from './scan.ts'
import { ancestorOf, contradictsItself, isDirectory, isHidden, isKnown, isProblem, sides, toSite, type Site, type SyncRow } from './site.ts'

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
  readonly #judge: Judge
  readonly #abilities: MetadataAbilities
  readonly #decisions: Decisions = noDecisions()
  readonly #frames: Frame[] = [openFrame('')]
  readonly #comparisons = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined
  /** Paths that an interrupted run had put aside, per side: they are missing, but nobody deleted them. */
  readonly #putAside: Record<Side, Set<Path>> = { source: new Set(), destination: new Set() }
  /** What the mode does with a leaf that only this side has and the state does not know. */
  readonly #newRows: Partial<Record<Side, ModeRow>> = {}
  /** Conflict copies of this plan, so that two never take one name. */
  readonly #copies = new Set<Path>()

  constructor(options: PlannerOptions, evidence: Evidence) {
    this.#options = options
    this.#judge = new Judge(options, evidence)
    this.#abilities = { mayWrite: side => this.#mayWrite(side), comparison: options.comparison, sets: options }
  }

  /** Takes the next rows. Resolves when they are decided or being compared. */
  async add(rows: readonly SyncRow[]): Promise<void> {
    const { seen } = this.#decisions
    for (const row of rows) {
      while (!belongs(row.path, this.#top().path)) await this.#close()
      if (row.same === true && this.#passSame(row)) continue
      const site = toSite(row)
      if (site.source !== undefined) countEntry(seen.source, site.source)
      if (site.destination !== undefined) countEntry(seen.destination, site.destination)
      if (site.sourceAncestor !== undefined) seen.source.known++
      if (site.destinationAncestor !== undefined) seen.destination.known++
      const clash = this.#top().clash
      if (clash !== undefined) clash.rows.push(site)
      // The common case first, without a promise: known, and unchanged on both sides.
      else if (this.#isUnchanged(site)) this.#decisions.unchanged++
      else if (!this.#isAsItWas(site) && !this.#actOnNew(site)) await this.#decide(site)
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

  /** Takes a row of which the state says just what both sides have; false where that does not settle it. */
  #passSame({ path, entries }: SyncRow): boolean {
    const top = this.#top()
    if (top.clash !== undefined || top.blocked || top.clears !== undefined) return false
    const [source, destination] = entries as readonly [ScannedEntry, ScannedEntry]
    const { seen } = this.#decisions
    countEntry(seen.source, source)
    countEntry(seen.destination, destination)
    seen.source.known++
    seen.destination.known++
    top.holds.source = true
    top.holds.destination = true
    if (source.kind === 'directory') this.#frames.push(openFrame(path, top))
    this.#decisions.unchanged++
    return true
  }

  /** Known, and each side as it was. Directories open their frame. */
  #isUnchanged(site: Site): boolean {
    const { source, destination, sourceAncestor, destinationAncestor } = site
    if (source === undefined || destination === undefined || sourceAncestor === undefined || destinationAncestor === undefined) return false
    if (source.kind === 'file') {
      if (destination.kind !== 'file' || this.#options.forceUpload || this.#options.forceDownload) return false
      if (source.etag === undefined || source.etag !== sourceAncestor.etag || source.size !== sourceAncestor.size) return false
      if (destination.etag === undefined || destination.etag !== destinationAncestor.etag || destination.size !== destinationAncestor.size)
        return false
      if (sourceAncestor.kind !== 'file' || destinationAncestor.kind !== 'file') return false
      // An etag answers for the content alone: in many stores a new time or new permissions leave it as it is.
      if (!hasSameMetadata(source, sourceAncestor) || !hasSameMetadata(destination, destinationAncestor)) return false
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

  /** A file that both sides have as they had it, where there are no versions: what {@link Planner.#decide} comes to, without its promises. */
  #isAsItWas(site: Site): boolean {
    const { source, destination, sourceAncestor, destinationAncestor } = site
    if (source?.kind !== 'file' || destination?.kind !== 'file' || sourceAncestor === undefined || destinationAncestor === undefined) return false
    const top = this.#top()
    if (site.ambiguous !== undefined || top.blocked || top.clears !== undefined || this.#options.forceUpload || this.#options.forceDownload)
      return false
    if (contradictsItself(site, 'source') || contradictsItself(site, 'destination')) return false
    if (this.#judge.changeOf(site, 'source', source) !== 'same' || this.#judge.changeOf(site, 'destination', destination) !== 'same') return false
    this.#hold('source', 'destination')
    this.#agree(site, source, destination, undefined)
    return true
  }

  /** A leaf that one side has and nobody knows: the common case of a first sync. What {@link Planner.#decide} comes to, without its promises. */
  #actOnNew(site: Site): boolean {
    const { source, destination } = site
    const entry = source ?? destination
    if (entry === undefined || (source !== undefined && destination !== undefined) || site.ambiguous !== undefined) return false
    if (entry.kind !== 'file' && entry.kind !== 'symlink') return false
    if (site.sourceAncestor !== undefined || site.destinationAncestor !== undefined) return false
    const top = this.#top()
    if (top.blocked || top.clears !== undefined) return false
    const side: Side = source !== undefined ? 'source' : 'destination'
    const row = (this.#newRows[side] ??= this.#lookUp(site, side === 'source' ? 'N' : '-', side === 'source' ? '-' : 'N', undefined))
    this.#act(site, this.#restoring(row, side))
    return true
  }

  async #decide(site: Site): Promise<void> {
    const top = this.#top()
    const { source, destination } = site
    if (isProblem(source) || isProblem(destination) || site.ambiguous !== undefined) return this.#block(site)
    if (top.blocked) return this.#leave(site)
    for (const side of sides) if (contradictsItself(site, side)) return this.#blockContradiction(site, side)
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

  /** An etag that says "the same" with a size that says "another": such a listing must not become an edit that is carried over. */
  #blockContradiction(site: Site, side: Side): void {
    this.#decisions.problems.push({
      side,
      path: site.path,
      reason: `${this.#options[side].name} lists another size than what was written there, under the same etag: it may have been cut short`,
    })
    this.#hold('source', 'destination')
  }

  /** A row below something blocked. */
  #leave(site: Site): void {
    this.#hold('source', 'destination')
    if (isDirectory(site.source) || isDirectory(site.destination)) this.#frames.push({ ...openFrame(site.path, this.#top()), blocked: true })
  }

  /** A path the rules hide: it leaves the state, and what is there stays. */
  #hide(site: Site): void {
    if (isOwnPath(site.path)) this.#noteLeftover(site)
    else this.#decisions.ignored++
    for (const side of sides) if (site[side] !== undefined) this.#hold(side)
    this.#forgetHidden(site)
  }

  #noteLeftover(site: Site): void {
    if (!isTemporaryName(site.path)) return
    const aside = putAsidePath(site.path)
    for (const side of sides) {
      if (site[side] === undefined) continue
      this.#decisions.leftovers[side].push(site.path)
      if (aside !== undefined) this.#putAside[side].add(aside)
    }
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
    if (this.#putAside[otherSide(side)].has(site.path)) site = { ...site, sourceAncestor: undefined, destinationAncestor: undefined }
    let state: SideState | undefined
    await this.#reporting(async () => {
      state = await this.#judge.stateOf(site, side, (source ?? destination) as SyncableEntry)
    })
    if (state === undefined) return this.#hold('source', 'destination')
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
    if (!this.#judge.needsHash(site, source, destination)) return this.#decideBoth(site, source, destination)
    while (this.#comparisons.size >= comparisonsInFlight) await Promise.race(this.#comparisons)
    if (this.#failure !== undefined) throw this.#failure.error
    const comparison = this.#decideBoth(site, source, destination)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#comparisons.delete(comparison))
    this.#comparisons.add(comparison)
  }

  async #decideBoth(site: Site, source: SyncableEntry, destination: SyncableEntry): Promise<void> {
    const sourceChange = this.#judge.changeOf(site, 'source', source)
    const destinationChange = this.#judge.changeOf(site, 'destination', destination)
    if ((this.#options.forceUpload || this.#options.forceDownload) && source.kind === 'file' && destination.kind === 'file') {
      const to: Side = this.#options.forceUpload ? 'destination' : 'source'
      const overwritesChange = this.#options.mode === 'two-way' && (to === 'destination' ? destinationChange : sourceChange) !== 'same'
      return this.#transfer(site, writeTo(to), `forced ${to === 'destination' ? 'upload' : 'download'}`, { trash: overwritesChange })
    }
    if (sourceChange === 'same' && destinationChange === 'same') return this.#agree(site, source, destination, undefined)
    await this.#reporting(async () => {
      const verdict = await this.#judge.compare(site, source, destination)
      if (verdict.equal) return this.#agree(site, source, destination, verdict.hash)
      const states = await this.#judge.statesOf(site, source, destination)
      const row = this.#lookUp(site, states.source, states.destination, false)
      if (row.outcome === 'RESOLVE' || row.outcome === 'FIRST_CONTACT') return this.#resolve(site, source, destination, row, verdict.reason)
      const reason = `${row.reason} (${verdict.reason})`
      const target: Side | undefined =
        row.outcome === SyncAction.UPLOAD_UPDATE ? 'destination' : row.outcome === SyncAction.DOWNLOAD_UPDATE ? 'source' : undefined
      if (target === undefined) return this.#act(site, { ...row, reason })
      const isLastCopy =
        this.#options.mode === 'two-way' &&
        (states.unproven.source || states.unproven.destination || isGoneBack(site, otherSide(target), this.#options.toleranceMs))
      this.#transfer(site, row.outcome as SyncAction, reason, { trash: isLastCopy })
    })
  }

  /** A path whose evidence cannot be had is left alone and reported. */
  async #reporting(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof CannotCompare)) throw error
      this.#decisions.problems.push({ side: error.side, path: error.path, reason: error.message })
    }
  }

  #lookUp(site: Site, source: SideState, destination: SideState, equal: boolean | undefined): ModeRow {
    const { mode, acceptDestinationChanges } = this.#options
    return reconcile({ mode, ancestor: isKnown(site), source, destination, equal, acceptDestinationChanges })
  }

  /** A path where at least one side has a directory. */
  async #decideDirectory(site: Site, source: SyncableEntry | undefined, destination: SyncableEntry | undefined): Promise<void> {
    const top = this.#top()
    if (source?.kind === 'directory' && destination?.kind === 'directory') {
      this.#hold('source', 'destination')
      this.#frames.push(openFrame(site.path, top))
      return this.#agree(site, source, destination, undefined)
    }
    if (source !== undefined && destination !== undefined) return this.#openClash(site, source, destination)
    const side: Side = source !== undefined ? 'source' : 'destination'
    const missing = otherSide(side)
    const frame = openFrame(site.path, top)
    // A store without directories of its own has none where it has no file: that is no deletion, and nothing can be made there.
    if (!this.#options[missing].directories) {
      this.#frames.push({ ...frame, implied: { site, missing } })
      if (this.#options[side].directories) this.#hold(side)
      return
    }
    const state = await this.#judge.stateOf(site, side, (source ?? destination) as SyncableEntry)
    const row = this.#restoring(this.#lookUp(site, side === 'source' ? state : '-', side === 'destination' ? state : '-', undefined), side)
    // What only one side keeps depends on what is in it, too: if any of that goes to the other side, so does the directory.
    if (isDeletion(row.outcome) || row.outcome === 'KEEP') {
      this.#frames.push({ ...frame, pending: { site, row, from: side } })
      return
    }
    this.#act(site, row)
    this.#frames.push(frame)
  }

  /** A leaf on one side, a directory on the other. What the directory holds decides with it, so its rows are kept until it closes. */
  async #openClash(site: Site, source: SyncableEntry, destination: SyncableEntry): Promise<void> {
    const directory: Side = source.kind === 'directory' ? 'source' : 'destination'
    // A leaf whose evidence cannot be had is not given up: it counts as edited.
    const states: Record<Side, SideState> = { source: 'M', destination: 'M' }
    await this.#reporting(async () => {
      states[directory] = await this.#judge.stateOf(site, directory, directory === 'source' ? source : destination)
      states[otherSide(directory)] = await this.#judge.stateOf(site, otherSide(directory), directory === 'source' ? destination : source)
    })
    const row = this.#lookUp(site, states.source, states.destination, false)
    this.#frames.push({ ...openFrame(site.path, this.#top()), clash: { site, row, directory, rows: [] } })
  }

  async #close(): Promise<void> {
    const frame = this.#frames.pop() as Frame
    if (frame.clash !== undefined) return this.#closeClash(frame.path, frame.clash)
    if (frame.pending !== undefined) this.#closePending(frame, frame.pending)
    if (frame.implied !== undefined) this.#closeImplied(frame, frame.implied)
    const parent = this.#top()
    for (const side of sides) {
      if (frame.holds[side]) parent.holds[side] = true
      if (frame.creates[side]) parent.creates[side] = true
    }
  }

  /** A directory that nobody makes or removes: it comes with what is written in it, and goes with the last of it. The state learns of it here. */
  #closeImplied(frame: Frame, { site, missing }: NonNullable<Frame['implied']>): void {
    const side = otherSide(missing)
    if (frame.creates[missing]) {
      const both: Site = { ...site, [missing]: { kind: 'directory', path: site.path } }
      const records = settledRecords(both, { source: undefined, destination: undefined })
      if (records !== undefined) this.#decisions.settled.push(records)
    } else if (!frame.holds[side] && !this.#options[side].directories && isKnown(site))
      this.#decisions.settled.push({ path: site.path, source: undefined, destination: undefined })
  }

  /** A directory that was deleted on one side goes from the other or stays there alone, unless something in it stays or goes across. */
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
    const ask = (reason: string) => this.#ask(site, site.source as SyncableEntry, site.destination as SyncableEntry, reason)
    const survivors = await this.#survivors(rows, directory)
    const { winner, resolved, reason } = await decideClash({ site, row, directory, survivors, options: this.#options, ask })
    if (winner === undefined) {
      this.#conflict(site, reason)
      this.#hold('source', 'destination')
      return this.#replay({ ...openFrame(path, this.#top()), blocked: true }, rows)
    }
    if (winner === 'both' && resolved !== undefined) {
      this.#keepBoth(site, leaf, `${reason}; both are kept`, resolved)
      this.#hold('source', 'destination')
      return this.#replay({ ...openFrame(path, this.#top()), restores: leaf }, rows)
    }
    if (winner === leaf) {
      const target = directory
      await this.#replay({ ...openFrame(path, this.#top()), clears: target }, rows)
      this.#decisions.items.push(deletionItem(site, target, 'clear', `a ${site[leaf]?.kind} takes its place`, { trash: false, clears: true }))
      this.#transfer(site, writeTo(target), `${row.reason}: a ${site[leaf]?.kind} replaces the directory`, {
        cleared: target,
        resolved,
      })
      this.#hold('source', 'destination')
      return
    }
    const trash = this.#keepsDeleted()
    this.#decisions.items.push(deletionItem(site, leaf, 'clear', 'a directory takes its place', { trash, clears: true }))
    this.#transfer(site, writeTo(leaf), `${row.reason}: a directory replaces the ${site[leaf]?.kind}`, {
      cleared: leaf,
      resolved,
    })
    this.#hold('source', 'destination')
    await this.#replay({ ...openFrame(path, this.#top()), restores: leaf }, rows)
  }

  /** What a directory holds that would be lost with it. */
  async #survivors(rows: readonly Site[], side: Side): Promise<Survivors> {
    let changed = false
    for (const site of rows) {
      if (isFixed(site)) return 'fixed'
      const entry = site[side]
      if (entry === undefined || this.#options.mode !== 'two-way') continue
      let state: SideState | undefined
      await this.#reporting(async () => {
        state = await this.#judge.stateOf(site, side, entry as SyncableEntry)
      })
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
    const trash = this.#keepsDeleted() && entry.kind !== 'directory'
    this.#decisions.items.push(deletionItem(site, from, 'clear', 'a file takes the place of its directory', { trash, clears: true }))
  }

  /** A conflict: policy, handler, or open. */
  async #resolve(site: Site, source: SyncableEntry, destination: SyncableEntry, row: ModeRow, why: string): Promise<void> {
    const { comparison, toleranceMs, policy, initialSync, firstContact } = this.#options
    const reason = `${row.reason} (${why})`
    const clockDoubt = policy === 'newest-wins' ? await this.#options.clockDoubt?.() : undefined
    const decision = decideConflict({
      clockDoubt,
      source,
      destination,
      comparison,
      toleranceMs,
      policy,
      initialSync: row.outcome === 'FIRST_CONTACT' && firstContact ? initialSync : undefined,
    })
    let winner = decision.winner
    if (policy === 'manual' && decision.by !== 'initial-sync') winner = await this.#ask(site, source, destination, reason)
    if (winner === undefined) return this.#conflict(site, `${reason}; ${decision.reason}`)
    const resolved = { by: decision.by, winner }
    const text = `${reason}; ${policy === 'manual' && decision.by !== 'initial-sync' ? `${winner} was chosen` : decision.reason}`
    if (winner === 'both') return this.#keepBoth(site, olderOf(source, destination), text, resolved)
    this.#transfer(site, winner === 'source' ? SyncAction.UPLOAD_UPDATE : SyncAction.DOWNLOAD_UPDATE, text, { trash: true, resolved })
  }

  /** Asks the handler; `undefined` leaves the conflict open. */
  async #ask(site: Site, source: SyncableEntry, destination: SyncableEntry, reason: string): Promise<Side | 'both' | undefined> {
    if (this.#options.handler === undefined) return undefined
    const choice = await this.#options.handler({
      path: site.path,
      reason,
      source,
      destination,
      sourceMtime: source.modified,
      destMtime: destination.modified,
    })
    return choice === 'skip' ? undefined : choice
  }

  /** The loser takes a new name on its side, and each side gets what it lacks. */
  #keepBoth(site: Site, loser: Side, reason: string, resolved: NonNullable<PlanItem['resolved']>): void {
    const copy = conflictCopyPath(site.path, loser, this.#options.now, path => this.#copies.has(path))
    this.#copies.add(copy)
    this.#decisions.items.push(...keepBothItems(site, loser, copy, reason, resolved))
  }

  #conflict(site: Site, reason: string): void {
    this.#decisions.items.push(conflictItem(site, reason))
  }

  /** Carries out a row of the table. */
  #act(site: Site, row: ModeRow): void {
    switch (row.outcome) {
      case 'SETTLE':
      case SyncAction.NO_ACTION:
        return this.#agree(site, site.source as SyncableEntry, site.destination as SyncableEntry, undefined)
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
        const isDir = isDirectory(site[side])
        const item = deletionItem(site, side, isDir ? 'delete-directory' : 'delete-file', row.reason, { trash: this.#keepsDeleted() && !isDir })
        this.#decisions.items.push(item)
        const [own, lost] = [ancestorOf(site, side), ancestorOf(site, otherSide(side))]
        // What was edited here, and goes because the mode says so, is not what has a new name across.
        const isAsItWas = own !== undefined && changeSince(own, site[side] as SyncableEntry, this.#options.comparison) === 'same'
        if (lost !== undefined && isAsItWas) this.#decisions.deleted.set(item, lost)
        return
      }
      case SyncAction.UPLOAD_NEW:
      case SyncAction.UPLOAD_UPDATE:
      case SyncAction.UPLOAD_RESTORE:
      case SyncAction.DOWNLOAD_NEW:
      case SyncAction.DOWNLOAD_UPDATE:
      case SyncAction.DOWNLOAD_RESTORE: {
        // A path that both sides have holds its directories already, and its decision may come late.
        if (site.source === undefined || site.destination === undefined) {
          this.#hold('source', 'destination')
          this.#top().creates[site.source === undefined ? 'source' : 'destination'] = true
        }
        return this.#transfer(site, row.outcome, row.reason)
      }
      case 'RESOLVE':
      case 'FIRST_CONTACT':
      case SyncAction.RENAME_SOURCE:
      case SyncAction.RENAME_DESTINATION:
      case SyncAction.CONFLICT:
        throw new TypeError(`${row.outcome} cannot come from a path that one side has`)
    }
  }

  /** An entry goes to the other side. Touches no frame: it may come from a comparison that ends when others are open. */
  #transfer(site: Site, action: SyncAction, reason: string, details: TransferDetails = {}): void {
    const from: Side = action.startsWith('UPLOAD') ? 'source' : 'destination'
    const entry = site[from] as SyncableEntry
    const hash = entry.kind === 'file' ? this.#judge.knownHash(site, from, entry) : undefined
    this.#decisions.items.push(transferItem(site, action, reason, { ...details, hash, trash: details.trash === true && this.#options.trash }))
  }

  /** What two-way deletion and conflict resolution remove is kept. */
  #keepsDeleted(): boolean {
    return this.#options.mode === 'two-way' && this.#options.trash
  }

  #mayWrite(side: Side): boolean {
    const { mode } = this.#options
    if (mode === 'two-way') return true
    return side === 'destination'
      ? mode === 'source-to-destination' || mode === 'source-backup'
      : mode === 'destination-to-source' || mode === 'destination-backup'
  }

  /** Both sides have the same content: what else one of them changed is carried over, and the state learns what it does not know yet. */
  #agree(site: Site, source: SyncableEntry, destination: SyncableEntry, hash: Fingerprint | undefined): void {
    const item = metadataItem(site, source, destination, hash, this.#abilities)
    if (item !== undefined) {
      this.#decisions.items.push(item)
      return
    }
    this.#decisions.unchanged++
    const change = settledRecords(site, {
      source: hash ?? this.#judge.knownHash(site, 'source', source),
      destination: hash ?? this.#judge.knownHash(site, 'destination', destination),
    })
    if (change !== undefined) this.#decisions.settled.push(change)
  }

  #hold(...held: readonly Side[]): void {
    const top = this.#top()
    for (const side of held) top.holds[side] = true
  }
}

/** The side whose version is known to be older, else the destination. */
function olderOf(source: SyncableEntry, destination: SyncableEntry): Side {
  const [ours, theirs] = [source.modified, destination.modified]
  return ours !== undefined && theirs !== undefined && theirs > ours ? 'source' : 'destination'
}

/** Whether a side has an older file than at the last sync. It may come from a backup, and what it replaces across may be all that is left of later work. */
function isGoneBack(site: Site, side: Side, toleranceMs: number): boolean {
  const [before, now] = [ancestorOf(site, side), site[side]]
  if (before?.kind !== 'file' || now?.kind !== 'file' || before.modified === undefined || now.modified === undefined) return false
  // A store that sets times itself may do so coarsely, or by a clock that is behind.
  return now.modified < before.modified - toleranceMs
}

function hasSameMetadata(entry: SyncableEntry, ancestor: Ancestor): boolean {
  if (entry.mode !== ancestor.mode) return false
  return entry.modified === ancestor.modified || !metadataSince(ancestor, entry).modified
}
