import type { Command } from '../command.ts'
import type { CliEnvironment } from '../environment.ts'
import { loadFamily } from '../families/find-family.ts'
import { completionScript, shells, type CompletedFamily } from '../help/completion-script.ts'
import { UsageError } from '../usage-error.ts'

/** `completion bash|zsh|fish`. */
export const completion: Command = async ({ operands, environment }) => {
  const shell = shells.find(name => name === operands[0])
  if (shell === undefined) {
    throw new UsageError(
      operands[0] === undefined ? 'which shell?' : `there is no completion for ${JSON.stringify(operands[0])}`,
      `Use one of: ${shells.join(', ')}.`,
    )
  }
  environment.stdout.write(`${completionScript(shell, await installedFamilies(environment))}\n`)
  return 0
}

/** Of what cannot be loaded the name is offered: it says what to install. */
async function installedFamilies(environment: CliEnvironment): Promise<CompletedFamily[]> {
  const families: CompletedFamily[] = []
  for (const summary of environment.families ?? []) {
    try {
      families.push((await loadFamily(summary.name, environment)) ?? summary)
    } catch {
      families.push(summary)
    }
  }
  return families
}
