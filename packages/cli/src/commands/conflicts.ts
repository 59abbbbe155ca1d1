import type { ConflictResolution, OpenConflict } from '@syncline/core'
import { suggest } from '../arguments/suggest.ts'
import type { Command, Invocation } from '../command.ts'
import { choosePair, quote } from '../opened-pair.ts'
import { conflictLines } from '../report/summary.ts'
import { reportRun, rowsOf, withEngine } from '../sync-run.ts'
import { toJsonLine } from '../terminal/escape.ts'
import { UsageError } from '../usage-error.ts'

const policies: Readonly<Record<string, ConflictResolution>> = {
  source: 'source-wins',
  destination: 'destination-wins',
  both: 'keep-both',
  newest: 'newest-wins',
}

/** `conflicts [list]`, `conflicts resolve`. */
export const conflicts: Command = invocation => {
  const [word, ...rest] = invocation.operands
  if (word === 'resolve') return resolve({ ...invocation, operands: rest })
  if (invocation.options.has('take'))
    throw new UsageError('--take belongs to conflicts resolve', 'Usage: syncline conflicts resolve SRC DST PATH --take WHICH')
  if (word === undefined || word === 'list') return list({ ...invocation, operands: rest })
  if (invocation.operands.length === 2) return list(invocation)
  const near = suggest(word, ['list', 'resolve'])
  throw new UsageError(
    `${JSON.stringify(word)} is neither list nor resolve`,
    near === undefined ? 'Usage: syncline conflicts list SRC DST' : `Did you mean syncline conflicts ${near}?`,
  )
}

async function list(invocation: Invocation): Promise<number> {
  const locations = await choosePair(invocation.operands, invocation)
  return withEngine(invocation, locations, async ({ opened, display, options }) => {
    const { metadata } = await opened.pair.state.open(opened.pair.id, { signal: options.signal })
    display.stop()
    const open: readonly OpenConflict[] = metadata?.conflicts ?? []
    const { environment, out } = invocation
    if (invocation.options.has('json')) {
      for (const { path, reason, source, destination } of open)
        environment.stdout.write(`${toJsonLine({ type: 'conflict', path, reason, source, destination })}\n`)
      environment.stdout.write(`${toJsonLine({ type: 'conflicts_complete', conflicts: open.length })}\n`)
    } else if (!invocation.options.has('quiet')) {
      const lines = conflictLines(open, out, rowsOf(invocation), `syncline conflicts resolve ${opened.operands}`)
      environment.stdout.write(lines.length === 0 ? `${out.paint('good', out.symbols.done)} no conflict waits\n` : `${lines.join('\n')}\n`)
    }
    return open.length > 0 ? 4 : 0
  })
}

async function resolve(invocation: Invocation): Promise<number> {
  const { operands, options } = invocation
  const take = options.text('take')
  const policy = take !== undefined && Object.hasOwn(policies, take) ? policies[take] : undefined
  if (policy === undefined) {
    throw new UsageError(
      take === undefined ? 'which version stays?' : `unknown value ${JSON.stringify(take)} of --take`,
      `Add --take ${Object.keys(policies).join('|')}.`,
    )
  }
  if (operands.length === 0 || operands.length === 2)
    throw new UsageError('which path?', 'Usage: syncline conflicts resolve SRC DST PATH --take WHICH')
  const named = operands.length === 1 ? [] : operands.slice(0, 2)
  const paths = operands.slice(named.length)
  return withEngine(
    invocation,
    await choosePair(named, invocation),
    async session => {
      const { engine, opened } = session
      const only = paths.map(path => opened.toPath(path))
      const protect = (): boolean => {
        session.protect()
        return true
      }
      const result = await engine.syncPair(opened.pair, { ...session.options, mode: 'two-way', conflictResolution: policy, only, confirm: protect })
      const decided = result.plan.items.some(({ resolved }) => resolved !== undefined)
      if (!decided && result.conflicts.length === 0 && !options.has('json') && !options.has('quiet')) {
        invocation.environment.stderr.write(`No conflict was found at ${only.map(quote).join(', ')}; it was synced as usual.\n`)
      }
      return reportRun(result, session, invocation)
    },
    { printEvents: true },
  )
}
