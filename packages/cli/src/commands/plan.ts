import type { PlanResult } from '@syncline/core'
import type { Command, Invocation } from '../command.ts'
import { twoPlaces, quote } from '../opened-pair.ts'
import { savePlan } from '../plan-file.ts'
import { blockedObject, itemObject, planObject } from '../report/json-lines.ts'
import { planTable, refusalLines } from '../report/plan-table.ts'
import { rowsOf, withEngine, type EngineSession } from '../sync-run.ts'
import { toJsonLine } from '../terminal/escape.ts'

/** `plan SRC DST`: what sync would do. */
export const plan: Command = invocation =>
  withEngine(invocation, twoPlaces(invocation), async session => {
    const { engine, opened, options } = session
    const result = await engine.plan(opened.pair, options)
    const file = invocation.options.text('out')
    if (file !== undefined) {
      const saved = {
        plan: result.plan,
        source: opened.source.location,
        destination: opened.destination.location,
        options: await absoluteOptions(invocation),
      }
      await invocation.environment.writeFile(file, savePlan(saved))
    }
    const exitCode = printPlan(result, session, invocation)
    const changes = result.plan.items.some(({ phase, action }) => phase !== 'none' || action === 'CONFLICT')
    return exitCode === 0 && changes && invocation.options.has('exit-code') ? 10 : exitCode
  })

/** Prints a plan, on standard output and in the form asked for, and returns the exit code that the engine gives it. */
export function printPlan(result: Pick<PlanResult, 'plan' | 'refusals' | 'exitCode'>, session: EngineSession, invocation: Invocation): number {
  const { options, environment, out, err } = invocation
  session.display.stop()
  const { plan, refusals, exitCode } = result
  const file = options.text('out')
  if (options.has('json')) {
    // A plan on standard output is the answer itself.
    if (file === '-') return exitCode
    for (const item of plan.items) environment.stdout.write(`${toJsonLine(itemObject(item))}\n`)
    for (const refusal of refusals) environment.stdout.write(`${toJsonLine(blockedObject(refusal))}\n`)
    environment.stdout.write(`${toJsonLine(planObject(plan))}\n`)
    return exitCode
  }
  if (options.has('quiet')) {
    if (refusals.length > 0) environment.stderr.write(`${refusalLines(refusals, err).join('\n')}\n`)
    return exitCode
  }
  const [stream, style] = file === '-' ? [environment.stderr, err] : [environment.stdout, out]
  const blocks = [
    planTable(plan, style, {
      columns: stream.isTTY ? stream.columns : undefined,
      rows: rowsOf(invocation),
      toleranceMs: session.options.toleranceMs ?? 2000,
    }),
  ]
  if (refusals.length > 0) blocks.push(['A run would be refused:', ...refusalLines(refusals, style)].join('\n'))
  if (file !== undefined && file !== '-') blocks.push(`${style.paint('faint', 'next')}  syncline apply ${quote(file)}`)
  stream.write(`${blocks.join('\n\n')}\n`)
  return exitCode
}

/** A plan may be applied in another directory: what the options name must still be found. */
async function absoluteOptions({ options, environment }: Invocation): Promise<Invocation['options']> {
  const state = options.text('state')
  if (state !== undefined) options.add('state', (await environment.locateState({ location: state })).location)
  return options
}
