import { commandNames, isCommand } from '../arguments/command-table.ts'
import { suggest } from '../arguments/suggest.ts'
import type { Command } from '../command.ts'
import { commandHelp, exitCodeHelp, generalHelp, optionHelp } from '../help/render-help.ts'
import { UsageError } from '../usage-error.ts'

/** `help`, `help COMMAND`, `help options`, `help exit-codes`. */
export const help: Command = ({ operands, environment, out }) => {
  const [topic] = operands
  environment.stdout.write(`${textOf(topic)}\n`)
  return Promise.resolve(0)

  function textOf(word: string | undefined): string {
    if (word === undefined) return generalHelp(out, environment.version)
    if (word === 'options') return optionHelp(out)
    if (word === 'exit-codes') return exitCodeHelp(out)
    if (isCommand(word)) return commandHelp(word, out)
    const near = suggest(word, [...commandNames, 'options', 'exit-codes'])
    throw new UsageError(
      `there is no help on ${JSON.stringify(word)}`,
      near === undefined ? 'syncline help lists the commands.' : `Did you mean syncline help ${near}?`,
    )
  }
}
