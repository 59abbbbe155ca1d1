import type { KnownClocks } from './clocks.ts'
import type { OpenConflict } from './engine-types.ts'
import type { Call } from './engine-call.ts'
import type { KnownState, MadePlan } from './make-plan.ts'
import type { Plan } from './plan.ts'
import type { Json } from './protocol.ts'
import type { SyncMetadata } from './state/metadata.ts'
import type { StoredState } from './state/state-manager.ts'

/** What one run came to, beside its changes. */
export interface RunOutcome {
  readonly plan: Plan
  /** What the plan was made from; undefined for a plan that was made earlier and applied now. */
  readonly made: (MadePlan & { readonly clocks: KnownClocks }) | undefined
  /** The state before the run. */
  readonly stored: StoredState
  /** Whether the run has changes to record. */
  readonly changed: boolean
  readonly conflicts: readonly OpenConflict[]
  readonly lastRun: NonNullable<SyncMetadata['lastRun']>
}

/** What a planning run knows from earlier ones. */
export function knownState(stored: StoredState): KnownState {
  return {
    firstContact: stored.problem?.reason,
    ignoreFiles: stored.metadata?.ignoreFiles ?? [],
    filter: stored.metadata?.filter,
    entries: Math.max(stored.entries.source, stored.entries.destination),
    asOf: stored.asOf ?? 0,
    source: () => stored.source(),
    destination: () => stored.destination(),
    remembered: side => stored.remembered(side),
  }
}

/** Gives each side back what it had found out about its server. */
export function recall({ pair }: Call, { metadata }: StoredState): void {
  for (const side of ['source', 'destination'] as const) {
    const facts = metadata?.learned?.[side]
    if (facts !== undefined) pair[side].learned?.recall(facts)
  }
}

/** What the state keeps of a run beside its entries: what this run did not find out anew stays as it was. */
export function metadataOf(run: Call, { plan, made, stored, changed, conflicts, lastRun }: RunOutcome): SyncMetadata {
  return {
    source: run.pair.source.name,
    destination: run.pair.destination.name,
    mode: run.config.mode,
    ...keptFilter(made, stored),
    ...asOf(run, made, stored, changed),
    ...learned(run, stored),
    ...knownClocks(made?.clocks ?? stored.metadata?.clocks),
    ...(made?.hash !== undefined ? { hash: made.hash } : stored.metadata?.hash !== undefined && { hash: stored.metadata.hash }),
    lastRun,
    // A run of a part knows nothing of the conflicts elsewhere.
    conflicts: run.config.only === undefined ? conflicts : mergeConflicts(stored.metadata?.conflicts ?? [], plan, conflicts),
  }
}

/** Conflicts of other paths stay as they were; those the restricted plan has seen are as it says. */
function mergeConflicts(old: readonly OpenConflict[], plan: Plan, found: readonly OpenConflict[]): OpenConflict[] {
  const seen = new Set(plan.items.map(item => item.from ?? item.path).concat(plan.items.map(item => item.path)))
  return [...old.filter(conflict => !seen.has(conflict.path)), ...found]
}

function keptFilter(made: MadePlan | undefined, stored: StoredState): Pick<SyncMetadata, 'filter' | 'ignoreFiles'> {
  if (made !== undefined) return { filter: made.filter.digest, ignoreFiles: made.filter.ignoreFiles }
  const { filter, ignoreFiles } = stored.metadata ?? {}
  return { ...(filter !== undefined && { filter }), ...(ignoreFiles !== undefined && { ignoreFiles }) }
}

/** What the sides have found out. What a side that was not asked anything had found out before stays. */
function learned({ pair }: Call, { metadata }: StoredState): Pick<SyncMetadata, 'learned'> {
  const facts: { -readonly [K in 'source' | 'destination']?: Json } = {}
  for (const side of ['source', 'destination'] as const) {
    const known = pair[side].learned?.facts() ?? metadata?.learned?.[side]
    if (known !== undefined) facts[side] = known
  }
  return Object.keys(facts).length === 0 ? {} : { learned: facts }
}

function knownClocks(clocks: KnownClocks | undefined): Pick<SyncMetadata, 'clocks'> {
  return clocks === undefined || Object.keys(clocks).length === 0 ? {} : { clocks }
}

/** When both sides were last looked at. Renewed by what is written anyway, and where the next run would have to look again. */
function asOf(run: Call, made: MadePlan | undefined, stored: StoredState, changed: boolean): Pick<SyncMetadata, 'asOf'> {
  if (made !== undefined && run.config.only === undefined && (made.looked || changed)) return { asOf: run.started }
  return stored.metadata?.asOf === undefined ? {} : { asOf: stored.metadata.asOf }
}
