import { commandNames, isCommand } from '../arguments/command-table.ts'
import { suggest } from '../arguments/suggest.ts'
import type { Command } from '../command.ts'
import { loadFamily } from '../families/find-family.ts'
import { helpOnFamily } from '../help/render-family-help.ts'
import { commandHelp, exitCodeHelp, generalHelp, optionHelp } from '../help/render-help.ts'
import { UsageError } from '../usage-error.ts'

/** `help`, `help COMMAND`, `help FAMILY [COMMAND]`, `help options`, `help exit-codes`. */
export const help: Command = async ({ operands, environment, out }) => {
  const [topic, command] = operands
  environment.stdout.write(`${await textOf(topic)}\n`)
  return 0

  async function textOf(word: string | undefined): Promise<string> {
    if (word === undefined) return generalHelp(out, environment.version, environment.families)
    if (word === 'options') return optionHelp(out)
    if (word === 'exit-codes') return exitCodeHelp(out)
    if (isCommand(word)) return commandHelp(word, out)
    const family = await loadFamily(word, environment)
    if (family !== undefined) return helpOnFamily(family, command, out)
    const near = suggest(word, [...commandNames, ...(environment.families ?? []).map(({ name }) => name), 'options', 'exit-codes'])
    throw new UsageError(
      `there is no help on ${JSON.stringify(word)}`,
      near === undefined ? 'syncline help lists the commands.' : `Did you mean syncline help ${near}?`,
    )
  }
}
