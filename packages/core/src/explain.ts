import type { Ancestor } from './ancestor.ts'
import type { FilterExplanation } from './filter/filter.ts'
import type { MadePlan } from './make-plan.ts'
import type { PlanItem } from './plan.ts'
import type { SyncRow } from './site.ts'
import type { Entry, Path } from './protocol.ts'

/** Everything that decides about one path. */
export interface Explanation {
  readonly path: Path
  /** What the rules say; `hidden: true` means that the path takes no part. */
  readonly filter: FilterExplanation
  readonly source: Entry | null
  readonly destination: Entry | null
  readonly sourceAncestor: Ancestor | null
  readonly destinationAncestor: Ancestor | null
  /** What a run would do, if anything. */
  readonly item: PlanItem | null
  /** In words. */
  readonly reason: string
}

/** Plans, watches for the path, and tells what became of it. */
export async function explainPath(path: Path, plan: (onRow: (row: SyncRow) => void) => Promise<MadePlan>): Promise<Explanation> {
  let found: SyncRow | undefined
  const made = await plan(row => {
    if (row.path === path) found = row
  })
  const [source, destination, sourceAncestor, destinationAncestor] = (found?.entries ?? []) as readonly [Entry?, Entry?, Ancestor?, Ancestor?]
  const isDirectory = [source, destination, sourceAncestor, destinationAncestor].some(entry => entry?.kind === 'directory')
  const filter = made.filter.explain(path, isDirectory)
  const item =
    made.plan.items.find(
      candidate => candidate.path === path || candidate.from === path || candidate.moved?.some(moved => moved.from === path || moved.to === path),
    ) ?? null
  const problem = made.plan.problems.find(candidate => candidate.path === path)
  return {
    path,
    filter,
    source: visible(source),
    destination: visible(destination),
    sourceAncestor: sourceAncestor ?? null,
    destinationAncestor: destinationAncestor ?? null,
    item,
    reason: reasonOf(),
  }

  function reasonOf(): string {
    if (filter.hidden)
      return filter.by === 'own'
        ? "it is one of the engine's own names"
        : `${filter.pattern === undefined ? 'an option' : `the rule ${JSON.stringify(filter.pattern)}`} hides it`
    if (problem !== undefined) return `${problem.side}: ${problem.reason}`
    if (item !== null) return item.reason
    if (found === undefined) return 'neither side has it, and the state does not know it'
    if (source !== undefined && destination !== undefined) return 'both sides agree'
    return source !== undefined
      ? 'only the source has it, and the mode leaves it alone'
      : destination !== undefined
        ? 'only the destination has it, and the mode leaves it alone'
        : 'only the state knows it: it was deleted on both sides'
  }
}

function visible(entry: Entry | undefined): Entry | null {
  return entry === undefined || (entry as { kind: string }).kind === 'hidden' ? null : entry
}
