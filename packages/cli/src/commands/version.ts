import type { Command } from '../command.ts'
import { toJsonLine } from '../terminal/escape.ts'

/** `version`. */
export const version: Command = ({ environment, options }) => {
  environment.stdout.write(
    options.has('json') ? `${toJsonLine({ type: 'version', version: environment.version })}\n` : `syncline ${environment.version}\n`,
  )
  return Promise.resolve(0)
}
