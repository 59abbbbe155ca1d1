import type { Plan, PlanItem, Refusal, SyncResult } from '@syncline/core'

/** One planned change for programs. */
export function itemObject({ action, path, from, reason }: Pick<PlanItem, 'action' | 'path' | 'from' | 'reason'>): object {
  return { action, path, from, reason }
}

/** The last object of a plan. */
export function planObject(plan: Pick<Plan, 'counts'>): object {
  return { type: 'plan_complete', ...plan.counts }
}

/** A guard's refusal. */
export function blockedObject({ guard, limit, actual, override, message }: Refusal): object {
  return { type: 'blocked', guard, limit, actual, override, message }
}

/** The last object of a run. */
export function completeObject({ stats, conflicts, failures, stale, problems }: SyncResult, exitCode: number): object {
  const { uploads, downloads, deletesSource, deletesDestination, renamesSource, renamesDestination, skips, errors, bytes, durationMs } = stats
  return {
    type: 'sync_complete',
    exitCode,
    stats: {
      uploads,
      downloads,
      deletesSource,
      deletesDestination,
      renamesSource,
      renamesDestination,
      skips,
      conflicts: stats.conflicts,
      errors,
      bytes,
      durationMs,
    },
    conflicts: conflicts.map(({ path, reason }) => ({ path, reason })),
    failures: failures.map(({ path, code, message }) => ({ path, code, message })),
    stale: stale.map(({ path, code, message }) => ({ path, code, message })),
    problems: problems.map(({ side, path, reason }) => ({ side, path, reason })),
  }
}
