import { parseArguments } from './arguments/parse-arguments.ts'
import { loadCommand } from './commands/load-command.ts'
import type { CliEnvironment } from './environment.ts'
import { findFamily } from './families/find-family.ts'
import { runFamily } from './families/run-family.ts'
import { describeFailure } from './report/describe-failure.ts'
import { escapeControls, escapeLines, toJsonLine } from './terminal/escape.ts'
import { chooseStyle, styleWish } from './terminal/style.ts'

/**
 * Runs one command line.
 *
 * @param argv - the words after the program's name
 * @returns the exit code; errors are explained on standard error, never thrown
 */
export async function run(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  let wantsJson = argv.includes('--json')
  try {
    const family = await findFamily(argv, environment)
    if (family !== undefined) return await runFamily(family, environment)
    const {
      command = 'help',
      operands,
      options,
      notes,
    } = parseArguments(
      argv,
      environment.families?.map(({ name }) => name),
    )
    wantsJson = options.has('json')
    const wish = styleWish(options)
    const out = chooseStyle(environment.stdout, environment.variables, wish)
    const err = chooseStyle(environment.stderr, environment.variables, wish)
    const invocation = { operands, options, environment, out, err }
    if (options.has('version')) return await (await loadCommand.version())({ ...invocation, command: 'version', operands: [] })
    if (options.has('help'))
      return await (
        await loadCommand.help()
      )({ ...invocation, command: 'help', operands: command === 'help' ? operands : [command] })
    if (!options.has('quiet')) for (const note of notes) environment.stderr.write(`${err.paint('faint', note)}\n`)
    return await (
      await loadCommand[command]()
    )({ ...invocation, command })
  } catch (error) {
    return explain(error, environment, wantsJson)
  }
}

function explain(error: unknown, environment: CliEnvironment, wantsJson: boolean): number {
  const { exitCode, code, message, hint } = describeFailure(error)
  const style = chooseStyle(environment.stderr, environment.variables)
  environment.stderr.write(`${style.paint('bad', 'syncline:')} ${escapeLines(message)}\n`)
  if (hint !== undefined) environment.stderr.write(`  ${escapeControls(hint)}\n`)
  if (wantsJson) environment.stdout.write(`${toJsonLine({ type: 'failure', exitCode, code, message, ...(hint !== undefined && { hint }) })}\n`)
  const debug = environment.variables['SYNCLINE_DEBUG']
  if (debug !== undefined && debug !== '' && debug !== '0') environment.stderr.write(`${stackOf(error)}\n`)
  return exitCode
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`
  return `${escapeStack(error.stack ?? error.message)}${cause}`
}

function escapeStack(stack: string): string {
  return stack.split('\n').map(escapeControls).join('\n')
}
