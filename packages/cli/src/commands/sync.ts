import type { Command } from '../command.ts'
import { twoPlaces } from '../opened-pair.ts'
import { planTable } from '../report/plan-table.ts'
import { confirmPlan, reportRun, rowsOf, withEngine } from '../sync-run.ts'
import { printPlan } from './plan.ts'

/** `sync SRC DST`: plan, ask, make both sides agree. */
export const sync: Command = invocation => {
  const isDryRun = invocation.options.has('dry-run')
  return withEngine(
    invocation,
    twoPlaces(invocation),
    async session => {
      const { engine, opened, options } = session
      if (isDryRun) {
        const result = await engine.syncPair(opened.pair, { ...options, dryRun: true })
        return printPlan(result, session, invocation)
      }
      const { environment, err } = invocation
      const result = await engine.syncPair(opened.pair, {
        ...options,
        confirm: plan =>
          confirmPlan(plan, session, invocation, () =>
            planTable(plan, err, { columns: environment.stderr.columns, rows: rowsOf(invocation), toleranceMs: options.toleranceMs ?? 2000 }),
          ),
      })
      return reportRun(result, session, invocation)
    },
    { printEvents: !isDryRun },
  )
}
