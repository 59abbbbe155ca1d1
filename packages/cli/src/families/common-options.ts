import type { FamilyOption } from '@syncline/core'
import { optionTable } from '../arguments/option-table.ts'

/** What every command of every family understands. */
export type CommonOption = 'json' | 'quiet' | 'color' | 'ascii' | 'help'

/** These options, as the general commands have them. */
export const commonOptions: Readonly<Record<CommonOption, FamilyOption>> = {
  json: optionTable.json,
  quiet: optionTable.quiet,
  color: optionTable.color,
  ascii: optionTable.ascii,
  help: optionTable.help,
}

/** The options of a command with the common ones, which give way to a letter of the command's own. */
export function allOptions(own: Readonly<Record<string, FamilyOption>>): Readonly<Record<string, FamilyOption>> {
  const letters = new Set(Object.values(own).map(({ short }) => short))
  const common = Object.entries(commonOptions).map(([name, { short, ...option }]): [string, FamilyOption] => [
    name,
    short === undefined || letters.has(short) ? option : { ...option, short },
  ])
  return { ...own, ...Object.fromEntries(common) }
}
