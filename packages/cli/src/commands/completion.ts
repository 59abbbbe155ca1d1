import type { Command } from '../command.ts'
import { completionScript, shells } from '../help/completion-script.ts'
import { UsageError } from '../usage-error.ts'

/** `completion bash|zsh|fish`. */
export const completion: Command = ({ operands, environment }) => {
  const shell = shells.find(name => name === operands[0])
  if (shell === undefined) {
    throw new UsageError(
      operands[0] === undefined ? 'which shell?' : `there is no completion for ${JSON.stringify(operands[0])}`,
      `Use one of: ${shells.join(', ')}.`,
    )
  }
  environment.stdout.write(`${completionScript(shell)}\n`)
  return Promise.resolve(0)
}
