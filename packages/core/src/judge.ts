import { ancestorOf, isKnown, type Site } from './site.ts'
import { changeSince, type Change } from './change.ts'
import { compareSides, compareTimes } from './compare.ts'
import { messageOf } from './errors.ts'
import { hashNameOf, type Fingerprint } from './fingerprint.ts'
import type { SideState } from './mode-table.ts'
import type { ComparisonMode, Side } from './modes.ts'
import type { SyncableEntry } from './plan.ts'
import type { FileEntry, HashName, Path } from './protocol.ts'
import type { RecentEdits } from './recent-edits.ts'

/** Evidence that only a storage can give. Asked for only where listings and state do not settle a path. */
export interface Evidence {
  fingerprint(side: Side, entry: FileEntry, name: HashName): Promise<Fingerprint | undefined>
  /** Reads both files and compares their bytes: where no hash can be had, and times prove nothing. */
  sameContent?(source: FileEntry, destination: FileEntry): Promise<boolean>
}

/** Milliseconds: at first contact, what was written since then may be two people's work, and not one file that was copied with its time. */
const freshMs = 3_600_000

/** How files are judged. */
export interface JudgeOptions {
  readonly comparison: ComparisonMode
  readonly toleranceMs: number
  /** Function that both sides can compute; undefined if there is none. */
  readonly hash: HashName | undefined
  /** No state: which of both sides' files were equal at the last sync is not known. */
  readonly firstContact?: boolean | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** Files whose time proves nothing. */
  readonly recent?: RecentEdits | undefined
  readonly source: { readonly name: string }
  readonly destination: { readonly name: string }
}

/** Whether the sides agree at a path, and why. */
export interface Verdict {
  readonly equal: boolean
  readonly reason: string
  /** Fingerprint of the content that both have. */
  readonly hash?: Fingerprint
}

/** What became of both sides of a path that differs. */
export interface PairStates {
  readonly source: SideState
  readonly destination: SideState
  /** Whether a side counts as unchanged although nothing proves it: what replaces it must not be its end. */
  readonly unproven: Readonly<Record<Side, boolean>>
}

/** A path cannot be compared; it is left alone and reported. */
export class CannotCompare extends Error {
  override readonly name = 'CannotCompare'
  readonly side: Side
  readonly path: Path

  constructor(side: Side, path: Path, cause: unknown) {
    super(`cannot be compared: ${messageOf(cause)}`, { cause })
    this.side = side
    this.path = path
  }
}

/** Judges what a side has against its past, and the two sides against each other, asking for hashes where it must. */
export class Judge {
  readonly #options: JudgeOptions
  readonly #evidence: Evidence

  constructor(options: JudgeOptions, evidence: Evidence) {
    this.#options = options
    this.#evidence = evidence
  }

  /** What became of a side's entry; undefined if the state does not know the path. */
  changeOf(site: Site, side: Side, entry: SyncableEntry): Change | undefined {
    const ancestor = ancestorOf(site, side)
    if (ancestor === undefined || !isKnown(site)) return undefined
    const change = changeSince(ancestor, entry, this.#options.comparison)
    return change === 'same' && this.#mayHideEdit(side, entry) ? 'doubtful' : change
  }

  /** Modes that declare the time to be the evidence believe it here too. */
  #mayHideEdit(side: Side, entry: SyncableEntry): boolean {
    const { comparison, recent } = this.#options
    const byHash = comparison === 'hash-then-mtime' || comparison === 'hash-only'
    return byHash && entry.kind === 'file' && entry.size > 0 && recent?.mayHide(side, entry) === true
  }

  /** Whether judging a path that both sides have may need a hash, and so takes its time. */
  needsHash(site: Site, source: SyncableEntry, destination: SyncableEntry): boolean {
    const { comparison } = this.#options
    const byHash = comparison === 'hash-then-mtime' || comparison === 'hash-only'
    if (byHash && source.kind === 'file' && destination.kind === 'file' && source.size === destination.size) return true
    return this.changeOf(site, 'source', source) === 'doubtful' || this.changeOf(site, 'destination', destination) === 'doubtful'
  }

  /**
   * The side's state at a path that it has; a doubt is settled by a hash. A file that is doubted only because its time proves nothing, and of which
   * no hash can be had, counts as unchanged.
   *
   * @throws CannotCompare if the hash cannot be had
   */
  async stateOf(site: Site, side: Side, entry: SyncableEntry): Promise<SideState> {
    return this.changeOf(site, side, entry) === undefined ? 'N' : (await this.#judged(site, side, entry)).state
  }

  /** The state, and whether it counts as unchanged although nothing proves it. The hash that may prove it is asked for once. */
  async #judged(site: Site, side: Side, entry: SyncableEntry): Promise<{ readonly state: SideState; readonly unproven: boolean }> {
    const change = this.changeOf(site, side, entry)
    const isDoubted = this.#isDoubted(site, side, entry)
    const proof = change === 'doubtful' || isDoubted ? await this.#proof(site, side, entry) : undefined
    const unproven = isDoubted && proof === undefined
    if (change === undefined) return { state: 'N', unproven }
    if (change !== 'doubtful') return { state: change === 'same' ? '=' : 'M', unproven }
    return { state: proof ?? (isDoubted ? '=' : 'M'), unproven }
  }

  /** What the remembered hash says of a file; `undefined` if there is none, or the storage cannot compute it. */
  async #proof(site: Site, side: Side, entry: SyncableEntry): Promise<SideState | undefined> {
    const hash = ancestorOf(site, side)?.hash
    if (hash === undefined || entry.kind !== 'file') return undefined
    const now = await this.#ask(side, entry, hashNameOf(hash))
    return now === undefined ? undefined : now === hash ? '=' : 'M'
  }

  /** The states of two sides that differ. If nothing else tells which of them was edited, it is the one whose time proves nothing. */
  async statesOf(site: Site, source: SyncableEntry, destination: SyncableEntry): Promise<PairStates> {
    const [ours, theirs] = [await this.#judged(site, 'source', source), await this.#judged(site, 'destination', destination)]
    const states = { source: ours.state, destination: theirs.state }
    const unproven = { source: ours.unproven, destination: theirs.unproven }
    if (states.source !== '=' || states.destination !== '=' || !(unproven.source || unproven.destination)) return { ...states, unproven }
    return { source: unproven.source ? 'M' : '=', destination: unproven.destination ? 'M' : '=', unproven }
  }

  /** Unchanged by size and time, which prove nothing here. */
  #isDoubted(site: Site, side: Side, entry: SyncableEntry): boolean {
    return this.#looksUnchanged(site, side, entry) && this.#mayHideEdit(side, entry)
  }

  /** By size and time. */
  #looksUnchanged(site: Site, side: Side, entry: SyncableEntry): boolean {
    const ancestor = ancestorOf(site, side)
    return ancestor !== undefined && changeSince(ancestor, entry, this.#options.comparison) === 'same'
  }

  /**
   * Equality by the comparison mode.
   *
   * @throws CannotCompare if the mode asks for a hash that cannot be had
   */
  async compare(site: Site, source: SyncableEntry, destination: SyncableEntry): Promise<Verdict> {
    const { comparison, toleranceMs, hash } = this.#options
    const listed = compareSides(source, destination, comparison, toleranceMs)
    // The tolerance is for two clocks. That one side alone has another time than at the last sync is no matter of clocks.
    const byTime = source.kind === 'file' && destination.kind === 'file' && (comparison === 'mtime-only' || comparison === 'size-and-mtime')
    const changed = byTime && listed.verdict === 'equal' ? this.#onlyChanged(site, source, destination) : undefined
    if (changed !== undefined) return { equal: false, reason: `changed at the ${changed}` }
    if (listed.verdict !== 'ask-hash') return { equal: listed.verdict === 'equal', reason: listed.reason }
    if (hash !== undefined) {
      const ours = await this.#fingerprint(site, 'source', source as FileEntry, hash)
      const theirs = ours === undefined ? undefined : await this.#fingerprint(site, 'destination', destination as FileEntry, hash)
      if (ours !== undefined && theirs !== undefined)
        return ours === theirs ? { equal: true, reason: `same ${hash}`, hash: ours } : { equal: false, reason: `different ${hash}` }
    }
    if (this.#isDoubted(site, 'source', source) || this.#isDoubted(site, 'destination', destination)) {
      const same = await this.#sameContent(source as FileEntry, destination as FileEntry)
      if (same !== undefined) return { equal: same, reason: same ? 'same content' : 'different content' }
    }
    if (comparison === 'hash-only') {
      const lacking =
        hash === undefined
          ? `${this.#options.source.name} and ${this.#options.destination.name} have no hash function in common`
          : `no ${hash} of it can be had`
      throw new CannotCompare('source', site.path, `${lacking}, and hash-only compares by nothing else; use another comparison mode`)
    }
    // Times decide only where nothing better is known: a side whose etag moved while the other's did not has changed, whatever its time says.
    const only = this.#onlyChanged(site, source, destination)
    if (only !== undefined) return { equal: false, reason: `changed at the ${only}, and no common hash says that the content is the same` }
    const times = compareTimes(source, destination, toleranceMs)
    // Two edits, or two new files, that come close to each other can have one size and time.
    if (times.verdict === 'equal' && source.kind === 'file' && this.#mayBeTwo(source)) {
      const same = await this.#sameContent(source, destination as FileEntry)
      if (same !== undefined) return { equal: same, reason: same ? 'same content' : 'different content' }
    }
    return { equal: times.verdict === 'equal', reason: `${times.reason}, no common hash` }
  }

  /** Whether equal sizes and times are no proof. At first contact they mostly are: trees were copied by other means, and to read all of them would take too long. */
  #mayBeTwo({ modified }: FileEntry): boolean {
    const { firstContact, now } = this.#options
    return firstContact !== true || modified === undefined || modified > now - freshMs
  }

  /** The one side that is not as it was at the last sync. */
  #onlyChanged(site: Site, source: SyncableEntry, destination: SyncableEntry): Side | undefined {
    if (!isKnown(site)) return undefined
    const [sourceSame, destinationSame] = [
      this.changeOf(site, 'source', source) === 'same',
      this.changeOf(site, 'destination', destination) === 'same',
    ]
    return sourceSame === destinationSame ? undefined : sourceSame ? 'destination' : 'source'
  }

  /** The fingerprint the state has of a side's entry, if it is still that content. */
  knownHash(site: Site, side: Side, entry: SyncableEntry): Fingerprint | undefined {
    const ancestor = ancestorOf(site, side)
    return ancestor?.hash !== undefined && this.#looksUnchanged(site, side, entry) && !this.#mayHideEdit(side, entry) ? ancestor.hash : undefined
  }

  async #sameContent(source: FileEntry, destination: FileEntry): Promise<boolean | undefined> {
    try {
      return await this.#evidence.sameContent?.(source, destination)
    } catch (error) {
      throw new CannotCompare('source', source.path, error)
    }
  }

  /** From the state if the side has not changed, else from its storage. */
  async #fingerprint(site: Site, side: Side, entry: FileEntry, name: HashName): Promise<Fingerprint | undefined> {
    const known = this.knownHash(site, side, entry)
    return known !== undefined && hashNameOf(known) === name ? known : this.#ask(side, entry, name)
  }

  async #ask(side: Side, entry: FileEntry, name: HashName): Promise<Fingerprint | undefined> {
    try {
      return await this.#evidence.fingerprint(side, entry, name)
    } catch (error) {
      throw new CannotCompare(side, entry.path, error)
    }
  }
}
