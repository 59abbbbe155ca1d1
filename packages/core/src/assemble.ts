import { compareUtf8 } from './path.ts'
import { planPhases, type Plan, type PlanCounts, type PlanItem, type PlanPhase, type PlanSide } from './plan.ts'
import type { Decisions } from './decisions.ts'
import type { Path } from './protocol.ts'

/** What a plan says of itself beside its decisions. */
export interface PlanHeader extends Pick<Plan, 'pair' | 'created' | 'mode' | 'comparison' | 'firstContact'> {
  readonly sourceName: string
  readonly destinationName: string
  /** Paths without an ancestor count as entered if the rules changed. */
  readonly entered: number
}

/** Puts decisions in the order in which they run, and counts them. */
export function assemblePlan(header: PlanHeader, decisions: Decisions, items: readonly PlanItem[]): Plan {
  const { sourceName, destinationName, entered, firstContact, ...rest } = header
  const side = (name: string, seen: Decisions['seen']['source']): PlanSide => ({ name, ...seen })
  return {
    version: 1,
    ...rest,
    source: side(sourceName, decisions.seen.source),
    destination: side(destinationName, decisions.seen.destination),
    items: sortItems(items),
    settled: [...decisions.settled].sort((a, b) => compareUtf8(a.path, b.path)),
    problems: decisions.problems,
    migration: { left: decisions.left, entered },
    counts: countItems(items, decisions),
    ...(firstContact !== undefined && { firstContact }),
  }
}

const phaseRank: Readonly<Record<PlanPhase, number>> = Object.fromEntries(planPhases.map((phase, rank) => [phase, rank])) as Record<PlanPhase, number>

/** By phase, within a phase by the bytes of the path; what is removed, deepest first. */
function sortItems(items: readonly PlanItem[]): PlanItem[] {
  const deepestFirst: ReadonlySet<PlanPhase> = new Set(['clear', 'delete-directory'])
  return [...items].sort((a, b) => {
    if (a.phase !== b.phase) return phaseRank[a.phase] - phaseRank[b.phase]
    const order = compareUtf8(a.path, b.path)
    return deepestFirst.has(a.phase) ? -order : order
  })
}

/** Counts of a plan's items. */
function countItems(items: readonly PlanItem[], decisions: Pick<Decisions, 'unchanged' | 'ignored' | 'problems'>): PlanCounts {
  const counts = {
    uploads: 0,
    downloads: 0,
    deletesSource: 0,
    deletesDestination: 0,
    renamesSource: 0,
    renamesDestination: 0,
    conflicts: 0,
    bytes: 0,
  }
  for (const item of items) {
    counts.bytes += item.size
    switch (item.action) {
      case 'UPLOAD_NEW':
      case 'UPLOAD_UPDATE':
      case 'UPLOAD_RESTORE':
        counts.uploads++
        break
      case 'DOWNLOAD_NEW':
      case 'DOWNLOAD_UPDATE':
      case 'DOWNLOAD_RESTORE':
        counts.downloads++
        break
      case 'DELETE_SOURCE':
        counts.deletesSource++
        break
      case 'DELETE_DESTINATION':
        counts.deletesDestination++
        break
      case 'RENAME_SOURCE':
        counts.renamesSource++
        break
      case 'RENAME_DESTINATION':
        counts.renamesDestination++
        break
      case 'CONFLICT':
        counts.conflicts++
        break
      case 'NO_ACTION':
        break
    }
  }
  return { ...counts, unchanged: decisions.unchanged, problems: decisions.problems.length, ignored: decisions.ignored }
}

/** The plan with only the items at or below some paths, and the conflict copies made of them; what it settles is kept, as that moves nothing. */
export function restrictPlan(plan: Plan, only: Iterable<Path>): Plan {
  const roots = [...only]
  const isWanted = (path: Path | null): boolean => path !== null && roots.some(root => path === root || path.startsWith(`${root}/`) || root === '')
  const copies = new Set(plan.items.filter(item => item.resolved?.winner === 'both' && isWanted(item.from)).map(item => item.path))
  const items = plan.items.filter(item => isWanted(item.path) || isWanted(item.from) || copies.has(item.path))
  return {
    ...plan,
    items,
    counts: countItems(items, { unchanged: plan.counts.unchanged, ignored: plan.counts.ignored, problems: [...plan.problems] }),
  }
}
