import type { CommandFamily, FamilyCommand, FamilyOption } from '@syncline/core'
import { spellOption } from '../arguments/option-table.ts'
import { suggest } from '../arguments/suggest.ts'
import { allOptions, commonOptions } from '../families/common-options.ts'
import type { Style } from '../terminal/style.ts'
import { UsageError } from '../usage-error.ts'
import { columns, describeOption, textWidth, wrap } from './layout.ts'

/** Help on a family, or on one of its commands. @throws UsageError if it has no such command */
export function helpOnFamily(family: CommandFamily, command: string | undefined, style: Style): string {
  if (command === undefined) return familyHelp(family, style)
  const spec = Object.hasOwn(family.commands, command) ? family.commands[command] : undefined
  if (spec !== undefined) return commandFamilyHelp(family, command, spec, style)
  const near = suggest(command, Object.keys(family.commands))
  throw new UsageError(
    `there is no help on ${JSON.stringify(`${family.name} ${command}`)}`,
    near === undefined ? `syncline help ${family.name} lists the commands.` : `Did you mean syncline help ${family.name} ${near}?`,
  )
}

/** The commands of a family. */
export function familyHelp({ name, summary, commands }: CommandFamily, style: Style): string {
  return [
    `${style.paint('strong', `syncline ${name}`)}: ${summary}`,
    '',
    ...columns(Object.entries(commands).map(([command, spec]) => [`syncline ${name} ${command}`, spec.summary])),
    '',
    `More: syncline help ${name} COMMAND`,
  ].join('\n')
}

/** Help on one command of a family: usage, what it does, examples, options. */
export function commandFamilyHelp({ name }: Pick<CommandFamily, 'name'>, command: string, spec: FamilyCommand, style: Style): string {
  const { summary, usage, details, examples, options } = spec
  const title = `syncline ${name} ${command}`
  const lines = [
    `${style.paint('strong', title)}: ${summary}`,
    '',
    ...usage.map(operands => `  ${title}${operands === '' ? '' : ` ${operands}`} [OPTIONS]`),
  ]
  for (const paragraph of details) lines.push('', ...wrap(paragraph, textWidth))
  if (examples.length > 0) lines.push('', style.paint('strong', 'Examples'), ...examples.map(example => `  ${example}`))
  const all = Object.entries(allOptions(options))
  const width = Math.max(...all.map(([option, optionSpec]) => spellOption(option, optionSpec).length))
  const section = (heading: string, rows: readonly [string, FamilyOption][]): void => {
    if (rows.length === 0) return
    lines.push('', style.paint('strong', heading))
    lines.push(
      ...columns(
        rows.map(([option, optionSpec]) => [spellOption(option, optionSpec), describeOption(optionSpec, true)]),
        width,
      ),
    )
  }
  section(
    'Options',
    all.filter(([option]) => !Object.hasOwn(commonOptions, option)),
  )
  section(
    'Output',
    all.filter(([option]) => Object.hasOwn(commonOptions, option)),
  )
  return lines.join('\n')
}
