import type { StateChange } from '../ancestor.ts'
import { isStorageError, messageOf } from '../errors.ts'
import type { Side } from '../modes.ts'
import type { AbortOptions, Path, WritableStorage } from '../protocol.ts'
import { readFileIfAny, stateFiles } from './files.ts'
import { newerFormat, readJournal } from './journal.ts'
import { parseMetadata, type StoredMetadata } from './metadata.ts'
import { copyOf } from './replace-file.ts'
import { damaged, readSeal, sameSeal, type TreeSeal } from './tree-reader.ts'

/** Why a state is a first contact. */
export interface StateProblem {
  readonly kind: 'missing' | 'damaged'
  /** A sentence for people. */
  readonly reason: string
}

/** A tree file that can be used, and the seal it must have. */
export interface SealedTree {
  readonly file: Path
  readonly seal: TreeSeal
}

/** What the files of a state say together. */
export interface ReadState {
  stored: StoredMetadata | undefined
  pair: string | undefined
  problem: StateProblem | undefined
  /** Of the trees below the journal; 0 before the first commit. */
  generation: number
  trees: Readonly<Partial<Record<Side, SealedTree>>>
  segments: number
  readonly journal: readonly StateChange[]
  /** The earliest time that the journal has. */
  readonly journalAsOf: number | undefined
  /** Journal segments whose changes are in the trees already. */
  stale: readonly Path[]
  /** Files to be restored from their complete copies under `next/`. */
  torn: readonly Path[]
}

const nothing: Omit<ReadState, 'problem' | 'pair'> = {
  stored: undefined,
  generation: 0,
  trees: {},
  segments: 0,
  journal: [],
  journalAsOf: undefined,
  stale: [],
  torn: [],
}
const sides = ['source', 'destination'] as const

/**
 * Reads metadata, journal and the seals of both trees, and judges whether they are one state.
 *
 * @param damage - what is known to be wrong already
 * @throws StorageError `NOT_SUPPORTED` if a newer version wrote it
 */
export async function readState(storage: WritableStorage, damage: string | undefined, options: AbortOptions): Promise<ReadState> {
  const torn: Path[] = []
  const metadata = await readMetadata(storage, torn, options)
  const stored = typeof metadata === 'string' ? undefined : metadata
  const generation = stored?.generation ?? 0
  const journal = await readJournal(storage, generation, options)
  const pair = stored?.pair ?? journal.pair
  const broken = (reason: string): ReadState => ({ ...nothing, pair, problem: { kind: 'damaged', reason } })
  if (typeof metadata === 'string') return broken(metadata)
  if (damage !== undefined) return broken(damage)

  if (stored === undefined)
    return firstState(storage, journal.problem === undefined && journal.segments > 0 ? journal : undefined, journal.problem, options)
  if (journal.problem !== undefined) return broken(journal.problem)
  if (journal.pair !== undefined && stored.pair !== '' && journal.pair !== stored.pair)
    return broken(`journal and metadata of the state at ${storage.name} are of different pairs`)
  const trees: Partial<Record<Side, SealedTree>> = {}
  for (const side of sides) {
    const fits = (seal: TreeSeal): boolean =>
      sameSeal(seal, stored.trees[side]) || (seal.generation === generation + 1 && seal.folded <= journal.segments)
    const tree = await findTree(storage, stateFiles[side], fits, options)
    if (typeof tree === 'string') return broken(tree)
    if (tree.file !== stateFiles[side]) torn.push(stateFiles[side])
    trees[side] = tree
  }
  return {
    stored,
    pair,
    problem: undefined,
    generation,
    trees,
    segments: journal.segments,
    journal: journal.changes,
    journalAsOf: journal.asOf,
    stale: journal.stale,
    torn,
  }
}

/** The metadata; undefined if there is none; in words, why it cannot be used. */
async function readMetadata(storage: WritableStorage, torn: Path[], options: AbortOptions): Promise<StoredMetadata | string | undefined> {
  let problem: string | undefined
  for (const file of [stateFiles.metadata, copyOf(stateFiles.metadata)]) {
    const bytes = await readFileIfAny(storage, file, options)
    if (bytes === undefined) continue
    const metadata = parseMetadata(bytes)
    if (typeof metadata === 'number') throw newerFormat(storage, file, metadata)
    if (typeof metadata === 'object') {
      if (file !== stateFiles.metadata) torn.push(stateFiles.metadata)
      return metadata
    }
    if (file === stateFiles.metadata) problem = damaged(storage, file, metadata).message
  }
  return problem
}

/** A state without metadata: nothing at all, a first run that was interrupted, or what is left of a state whose metadata is lost. */
async function firstState(
  storage: WritableStorage,
  journal:
    | { readonly pair: string | undefined; readonly changes: readonly StateChange[]; readonly segments: number; readonly asOf: number | undefined }
    | undefined,
  journalProblem: string | undefined,
  options: AbortOptions,
): Promise<ReadState> {
  let leftovers = false
  for (const side of sides) {
    const seal = await findTree(storage, stateFiles[side], () => true, options)
    if (typeof seal === 'string') {
      if ((await storage.stat(stateFiles[side], options)) === undefined) continue
      return { ...nothing, pair: journal?.pair, problem: { kind: 'damaged', reason: seal } }
    }
    leftovers = true
    if (seal.seal.generation > 1) {
      const reason = damaged(storage, stateFiles.metadata, 'it is missing although there are tree files').message
      return { ...nothing, pair: journal?.pair, problem: { kind: 'damaged', reason } }
    }
  }
  if (journalProblem !== undefined) return { ...nothing, pair: undefined, problem: { kind: 'damaged', reason: journalProblem } }
  if (journal !== undefined)
    return { ...nothing, pair: journal.pair, problem: undefined, segments: journal.segments, journal: journal.changes, journalAsOf: journal.asOf }
  const reason = leftovers ? 'the first run did not finish' : 'these two have not been synced before'
  return { ...nothing, pair: undefined, problem: { kind: 'missing', reason } }
}

/** The tree file or its complete copy, whichever fits; in words, why neither can be used. */
async function findTree(
  storage: WritableStorage,
  file: Path,
  fits: (seal: TreeSeal) => boolean,
  options: AbortOptions,
): Promise<SealedTree | string> {
  let problem: string | undefined
  for (const candidate of [file, copyOf(file)]) {
    try {
      const seal = await readSeal(storage, candidate, options)
      if (seal !== undefined && fits(seal)) return { file: candidate, seal }
      problem ??= damaged(storage, file, seal === undefined ? 'it is missing' : 'it is of another commit than the metadata').message
    } catch (error) {
      if (!isStorageError(error, 'CORRUPT')) throw error
      problem ??= messageOf(error)
    }
  }
  return problem as string
}
