import type { Ancestor } from './ancestor.ts'
import { assemblePlan } from './assemble.ts'
import { NameCollisions } from './collisions.ts'
import type { PairClocks } from './clocks.ts'
import { Completer } from './complete.ts'
import type { ResolvedConfig } from './config.ts'
import { isStorageError } from './errors.ts'
import { Filter } from './filter/filter.ts'
import { readIgnoreFiles } from './filter/ignore-files.ts'
import { sameBytes } from './execute/content.ts'
import { commonHash, fingerprintOf } from './fingerprint.ts'
import type { GuardFacts } from './guard.ts'
import { mergeJoin, type LazyPage } from './merge-join.ts'
import type { Side } from './modes.ts'
import type { Plan } from './plan.ts'
import type { Evidence } from './judge.ts'
import type { SideAbilities } from './decisions.ts'
import { Planner } from './planner.ts'
import type { SyncProgressTracker } from './progress-tracker.ts'
import type { Bytes, FileEntry, HashName, Path, ReadableStorage, WritableStorage } from './protocol.ts'
import { RecentEdits } from './recent-edits.ts'
import { findRenames } from './renames.ts'
import { scan, type ScannedEntry } from './scan.ts'
import { remember, type SyncRow } from './site.ts'

/** The state as planning needs it: what each side had, in key order, in pages. */
export interface KnownState {
  /** Why this is a first contact, in words; undefined if a state is known. */
  readonly firstContact: string | undefined
  readonly ignoreFiles: readonly Path[]
  /** Digest of the rules of the last run. */
  readonly filter: string | undefined
  readonly entries: number
  /** When both sides were last looked at, in milliseconds since the Unix epoch; 0 if never. */
  readonly asOf: number
  source(): AsyncIterable<readonly Ancestor[]>
  destination(): AsyncIterable<readonly Ancestor[]>
  /** Either, for the join with what the side has now. */
  remembered(side: Side): AsyncIterable<readonly Ancestor[] | LazyPage<ScannedEntry | Ancestor>>
}

export interface MakePlanOptions {
  readonly source: ReadableStorage
  readonly destination: ReadableStorage
  readonly pair: string
  readonly config: ResolvedConfig
  readonly state: KnownState
  readonly now: number
  readonly progress: SyncProgressTracker
  readonly clocks: PairClocks
  readonly signal?: AbortSignal | undefined
  /** Shown every joined row; for `explain`. */
  readonly onRow?: ((row: SyncRow) => void) | undefined
}

/** A plan with what the guards and the executor need beside it. */
export interface MadePlan {
  readonly plan: Plan
  readonly facts: Omit<GuardFacts, 'plan' | 'config'>
  readonly filter: Filter
  readonly hash: HashName | undefined
  /** Temporary files of interrupted runs, on the sides that may be written. */
  readonly leftovers: Readonly<Record<Side, readonly Path[]>>
  /** The state is true of the time of this plan, and it is worth recording even if nothing changed. @see Completer */
  readonly looked: boolean
}

/** Rules may be found in what rules of a deeper file made visible; a tree that goes on like that is not worth waiting for. */
const mostRounds = 32

/**
 * Scans both sides, joins them with the state and decides.
 *
 * The rules of a directory must be known before its entries are judged, but its ignore file does not come first in a listing. So the files known
 * from the last run are read first, and if the scan meets one that was not known, it starts again with it.
 */
export async function makePlan(options: MakePlanOptions): Promise<MadePlan> {
  const { source, destination, state, signal } = options
  const known = new Set<Path>(state.ignoreFiles)
  // Nearly always the only one. Where a state is known, a new one is met by the scan.
  const { ignoreFile = '.syncignore' } = options.config
  if (state.firstContact !== undefined && ignoreFile !== false) known.add(ignoreFile)
  for (let round = 0; ; round++) {
    signal?.throwIfAborted()
    const filter = await loadFilter(options, [...known])
    const found = new Set<Path>()
    const made = await planOnce(options, filter, path => found.add(path))
    const before = known.size
    for (const path of found) known.add(path)
    if (known.size === before) return made
    if (round === mostRounds)
      throw new Error(`${source.name} and ${destination.name} show new ignore files after ${mostRounds} scans; the last one is ${[...found].pop()}`)
  }
}

async function loadFilter({ source, destination, config, state, signal }: MakePlanOptions, known: readonly Path[]): Promise<Filter> {
  const name = config.ignoreFile ?? '.syncignore'
  if (name === false) return new Filter(config)
  const authority: Side | undefined = config.mode === 'two-way' ? undefined : config.mode.startsWith('source') ? 'source' : 'destination'
  const files = await readIgnoreFiles(source, destination, known, {
    ...(signal !== undefined && { signal }),
    ...(authority !== undefined && { authority }),
    ancestors: (side, path) => findAncestor(state[side](), path),
  })
  return new Filter(config, files)
}

/** Asked only for ignore files that differ, so a pass over the state is cheap enough. */
async function findAncestor(pages: AsyncIterable<readonly Ancestor[]>, path: Path): Promise<Ancestor | undefined> {
  for await (const page of pages) for (const ancestor of page) if (ancestor.path === path) return ancestor
  return undefined
}

async function planOnce(options: MakePlanOptions, filter: Filter, onIgnoreFile: (path: Path) => void): Promise<MadePlan> {
  const { source, destination, config, state, progress, signal } = options
  const hash = config.comparisonMode === 'hash-then-mtime' || config.comparisonMode === 'hash-only' ? commonHash(source, destination) : undefined
  const vanished: Side[] = []
  const badNames: { side: Side; path: Path; reason: string }[] = []
  const scanSide = (side: Side): AsyncIterable<readonly ScannedEntry[]> => {
    const storage = options[side]
    progress.emit({ type: 'scan_start', side, name: storage.name })
    return scan(storage, {
      filter,
      signal,
      expected: state.entries,
      onIgnoreFile,
      onProgress: (entries, bytes) => progress.emit({ type: 'scan_progress', side, entries, bytes }),
      onComplete: (entries, bytes) => progress.emit({ type: 'scan_complete', side, entries, bytes }),
      onBadName: (path, reason) => badNames.push({ side, path, reason: `its name is no valid path: ${reason}` }),
      ...(mayBeMissing(side, config, state) && {
        onMissing: () => {
          if (state.entries > 0) vanished.push(side)
        },
      }),
    })
  }
  const read = (storage: ReadableStorage, { path, etag }: FileEntry): Bytes =>
    storage.read(path, { signal, ...(etag !== undefined && { ifMatch: etag }) })
  const evidence: Evidence = {
    fingerprint: (side, entry, name) => fingerprintOf(options[side], entry, name, { signal }),
    sameContent: (ours, theirs) => sameBytes(read(source, ours), read(destination, theirs)),
  }
  const recent = new RecentEdits({ source, destination, asOf: state.asOf, now: options.now, clock: side => options.clocks.offset(side) })
  const planner = new Planner(
    {
      mode: config.mode,
      comparison: config.comparisonMode,
      toleranceMs: Math.max(
        toleranceOf(config.toleranceMs, source, destination),
        options.clocks.precisionMs('source'),
        options.clocks.precisionMs('destination'),
      ),
      policy: config.conflictResolution,
      handler: config.conflictHandler,
      clockDoubt: () => options.clocks.doubt({ source: source.name, destination: destination.name }),
      recent,
      initialSync: config.initialSync,
      firstContact: state.firstContact !== undefined,
      acceptDestinationChanges: config.acceptDestinationChanges,
      forceUpload: config.forceUpload,
      forceDownload: config.forceDownload,
      trash: config.trash,
      now: options.now,
      source: abilitiesOf(source),
      destination: abilitiesOf(destination),
      hash,
      filter,
    },
    evidence,
  )
  const folding = (['source', 'destination'] as const)
    .filter(side => options[side].capabilities.exactNames !== true && mayWrite(config, side))
    .map(side => new NameCollisions(side))
  // What forces transfers or explains a path has use for what the state knows of files that have not changed.
  const isWanted = options.onRow !== undefined || config.forceUpload || config.forceDownload
  const remembered = (side: Side) => (isWanted ? state[side]() : state.remembered(side))
  const listings: readonly AsyncIterable<readonly (ScannedEntry | Ancestor)[] | LazyPage<ScannedEntry | Ancestor>>[] = [
    scanSide('source'),
    scanSide('destination'),
    remembered('source'),
    remembered('destination'),
  ]
  const filterChanged = state.filter !== undefined && state.filter !== filter.digest
  const completer = new Completer({ source, destination, asOf: state.asOf, config, signal })
  let entered = 0
  const names = [source.name, destination.name, 'the state of the source', 'the state of the destination']
  for await (const page of mergeJoin(listings, names, { remember })) {
    signal?.throwIfAborted()
    const completing = completer.complete(page)
    if (completing !== undefined) await completing
    await planner.add(page)
    for (const collisions of folding)
      for (const row of page) if (row.entries[collisions.side === 'source' ? 0 : 1] !== undefined) collisions.see(row.path)
    if (filterChanged) for (const row of page) if (isEntering(row)) entered++
    if (options.onRow !== undefined) page.forEach(options.onRow)
  }
  const decisions = await planner.finish()
  for (const { side, path, reason } of badNames) decisions.problems.push({ side, path, reason })
  const items = await findRenames(decisions, evidence, config.comparisonMode)
  const header = {
    pair: options.pair,
    created: options.now,
    mode: config.mode,
    comparison: config.comparisonMode,
    sourceName: source.name,
    destinationName: destination.name,
    entered,
    ...(state.firstContact !== undefined && { firstContact: state.firstContact }),
  }
  const plan = assemblePlan(header, decisions, items)
  const facts = {
    vanished,
    collisions: folding.flatMap(collisions => collisions.find(items)),
    forbidden: refusedNames(plan, source, destination),
    free: {},
  }
  // A side that is only read keeps even what is ours.
  const leftoversOf = (side: Side): readonly Path[] => (mayWrite(config, side) ? decisions.leftovers[side] : [])
  const leftovers = { source: leftoversOf('source'), destination: leftoversOf('destination') }
  return { plan, facts, filter, hash, leftovers, looked: completer.looked || recent.found }
}

/**
 * Whether a side's root may be missing. A root that the state knows is caught by a guard; one that was never there is made, if it is the side that
 * gets everything; else a path was mistyped.
 */
function mayBeMissing(side: Side, config: ResolvedConfig, state: KnownState): boolean {
  if (state.entries > 0) return true
  return config.mode.startsWith('destination') ? side === 'source' : side === 'destination'
}

/** Whether a mode writes to a side. */
export function mayWrite(config: Pick<ResolvedConfig, 'mode' | 'acceptDestinationChanges'>, side: Side): boolean {
  if (config.mode === 'two-way' || (config.mode === 'source-backup' && config.acceptDestinationChanges)) return true
  return config.mode.startsWith('source') === (side === 'destination')
}

/** What neither side nor the state had hidden, and the state does not know: it is new, or the rules let it in. */
function isEntering(row: SyncRow): boolean {
  if (row.same === true) return false
  const [source, destination, ours, theirs] = row.entries
  return ours === undefined && theirs === undefined && source?.kind !== 'hidden' && destination?.kind !== 'hidden'
}

/** Two stores' times agree no better than the coarser of them keeps. */
function toleranceOf(configured: number, source: ReadableStorage, destination: ReadableStorage): number {
  return Math.max(configured, source.capabilities.modifiedPrecision ?? 0, destination.capabilities.modifiedPrecision ?? 0)
}

function abilitiesOf(storage: ReadableStorage): SideAbilities {
  const writable = storage as Partial<WritableStorage>
  const { directories, modifiedPrecision } = storage.capabilities
  return {
    name: storage.name,
    directories: directories === true,
    setsModified: writable.setModified !== undefined && modifiedPrecision !== undefined,
    setsMode: writable.setMode !== undefined,
  }
}

/** Names in the plan that the side they go to cannot hold. */
function refusedNames(plan: Plan, source: ReadableStorage, destination: ReadableStorage): { side: Side; path: Path; reason: string }[] {
  const refused: { side: Side; path: Path; reason: string }[] = []
  for (const item of plan.items) {
    const side: Side | undefined =
      item.action.startsWith('UPLOAD') || item.action === 'RENAME_DESTINATION'
        ? 'destination'
        : item.action.startsWith('DOWNLOAD') || item.action === 'RENAME_SOURCE'
          ? 'source'
          : undefined
    if (side === undefined) continue
    const storage = (side === 'source' ? source : destination) as Partial<WritableStorage>
    const reason = storage.refuses?.(item.path)
    if (reason !== undefined) refused.push({ side, path: item.path, reason })
  }
  return refused
}

/** Whether an error says that a stored tree cannot be read: then the pair meets as if for the first time. */
export function isDamagedState(error: unknown): boolean {
  return isStorageError(error, 'CORRUPT')
}
