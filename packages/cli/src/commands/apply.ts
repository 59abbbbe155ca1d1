import type { OptionName } from '../arguments/option-table.ts'
import { OptionValues } from '../arguments/option-values.ts'
import type { Command } from '../command.ts'
import { loadPlan } from '../plan-file.ts'
import { reportRun, withEngine } from '../sync-run.ts'
import { UsageError } from '../usage-error.ts'

/** What shaped the plan and is in it now; reading these again could only fail, because a file is elsewhere or a moment has passed. */
const spent: ReadonlySet<OptionName> = new Set(['ignore-file', 'modified-after', 'modified-before', 'only', 'skip'])

/** `apply PLAN`: runs exactly a plan that was written before. It was reviewed, so nothing is asked. */
export const apply: Command = async invocation => {
  const [file, ...rest] = invocation.operands
  if (file === undefined || rest.length > 0)
    throw new UsageError(file === undefined ? 'the plan file is missing' : 'apply takes one plan file', 'Usage: syncline apply PLAN')
  const saved = loadPlan(await readPlan(invocation.environment.readFile, file), file)
  const options = new OptionValues()
  for (const name of saved.options.names()) if (!spent.has(name)) for (const value of saved.options.list(name)) options.add(name, value)
  for (const name of invocation.options.names()) options.add(name, invocation.options.text(name))
  const merged = { ...invocation, options }
  return withEngine(
    merged,
    [saved.source, saved.destination],
    async session => {
      const { engine, opened } = session
      if (saved.plan.pair !== opened.pair.id)
        throw new UsageError(`the plan ${file} was made for another pair`, 'Make it again with syncline plan --out. Nothing was changed.')
      session.protect()
      return reportRun(await engine.apply(saved.plan, opened.pair, session.options), session, merged)
    },
    { printEvents: true },
  )
}

async function readPlan(readFile: (file: string) => Promise<string>, file: string): Promise<string> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new UsageError(
      `cannot read the plan ${file}: ${error instanceof Error ? error.message : String(error)}`,
      'Make one with syncline plan SRC DST --out FILE.',
      { cause: error },
    )
  }
}
