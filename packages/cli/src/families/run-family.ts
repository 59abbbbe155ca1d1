import { commandFamilyHelp, familyHelp } from '../help/render-family-help.ts'
import type { CliEnvironment } from '../environment.ts'
import { Interrupt } from '../interrupt.ts'
import { chooseStyle, styleWish } from '../terminal/style.ts'
import { makeFamilyCall } from './family-call.ts'
import type { FamilyWords } from './find-family.ts'
import { parseFamilyArguments } from './parse-family-arguments.ts'

/** Runs a command of a family, or shows its help. @returns the exit code */
export async function runFamily({ family, leading, rest }: FamilyWords, environment: CliEnvironment): Promise<number> {
  const { command, operands, options } = parseFamilyArguments(family, leading, rest)
  const wish = styleWish(options)
  const out = chooseStyle(environment.stdout, environment.variables, wish)
  if (command === undefined || options.has('help')) {
    environment.stdout.write(`${command === undefined ? familyHelp(family, out) : commandFamilyHelp(family, command.name, command.spec, out)}\n`)
    return 0
  }
  const err = chooseStyle(environment.stderr, environment.variables, wish)
  const interrupt = new Interrupt(environment, 'interrupted')
  const { signal } = interrupt
  const call = makeFamilyCall({ operands, options, environment, out, err, signal })
  interrupt.beforeExit(() => call.progress())
  try {
    const code = await command.spec.run(call)
    return interrupt.exitCode ?? code
  } catch (error) {
    // What fails because it was ended is not what went wrong.
    throw signal.aborted ? signal.reason : error
  } finally {
    call.progress()
    interrupt.close()
  }
}
