import { commandGroups, commandNames, commandTable, type CommandName } from '../arguments/command-table.ts'
import { optionGroups, optionNames, optionTable, spellOption, type OptionName } from '../arguments/option-table.ts'
import type { FamilySummary } from '../environment.ts'
import type { Style } from '../terminal/style.ts'
import { exitCodeOrder, exitCodeTable } from './exit-code-table.ts'
import { columns, describeOption, textWidth, wrap } from './layout.ts'

/** What `syncline` and `syncline help` print: examples first. @param families - commands that packages bring */
export function generalHelp(style: Style, version: string, families: readonly FamilySummary[] = []): string {
  const lines = [
    `${style.paint('strong', 'syncline')} ${version}: plan, review and apply file synchronisation between any two places`,
    '',
    ...columns([
      ['syncline plan ./notes /mnt/usb/notes', 'what would change; changes nothing'],
      ['syncline sync ./notes /mnt/usb/notes', 'plan, ask, make both sides agree'],
      ['syncline sync ./site s3://bucket/site --mode source-backup', 'one way, never deletes'],
    ]),
  ]
  for (const group of commandGroups) {
    lines.push('', style.paint('strong', group))
    lines.push(...columns(commandNames.filter(name => commandTable[name].group === group).map(name => [name, commandTable[name].summary])))
  }
  if (families.length > 0)
    lines.push('', style.paint('strong', 'Families of commands'), ...columns(families.map(({ name, summary }) => [`${name} COMMAND`, summary])))
  const common = optionNames.filter(name => optionTable[name].rare !== true && commandTable.sync.options.includes(name))
  lines.push(
    '',
    style.paint('strong', 'Common options'),
    ...columns(common.map(name => [spellOption(name, optionTable[name]), describeOption(optionTable[name], false)])),
  )
  lines.push('', 'More: syncline help COMMAND, syncline help options, syncline help exit-codes')
  return lines.join('\n')
}

/** Help on one command: usage, what it does, examples, options. */
export function commandHelp(command: CommandName, style: Style): string {
  const { usage, summary, details, examples, options } = commandTable[command]
  const lines = [`${style.paint('strong', `syncline ${command}`)}: ${summary}`, '']
  lines.push(
    ...usage.map(operands => `  syncline ${command}${operands === '' ? '' : ` ${operands}`} ${options.length > 1 ? '[OPTIONS]' : ''}`.trimEnd()),
  )
  for (const paragraph of details) lines.push('', ...wrap(paragraph, textWidth))
  if (examples.length > 0) lines.push('', style.paint('strong', 'Examples'), ...examples.map(example => `  ${example}`))
  return [...lines, ...optionLines(options, style)].join('\n')
}

/** All options with the commands that have them. */
export function optionHelp(style: Style): string {
  return [style.paint('strong', 'Options'), ...optionLines(optionNames, style)].join('\n')
}

/** The exit codes. */
export function exitCodeHelp(style: Style): string {
  const rows = Object.entries(exitCodeTable).map(([code, text]) => [code, text] as const)
  return [style.paint('strong', 'Exit codes'), ...columns(rows), '', `If several apply: ${exitCodeOrder}. The JSON output carries all.`].join('\n')
}

function optionLines(names: readonly OptionName[], style: Style): string[] {
  const lines: string[] = []
  const width = Math.max(...names.map(name => spellOption(name, optionTable[name]).length))
  for (const group of optionGroups) {
    const members = names.filter(name => optionTable[name].group === group)
    if (members.length > 0)
      lines.push(
        '',
        style.paint('strong', group),
        ...columns(
          members.map(name => [spellOption(name, optionTable[name]), describeOption(optionTable[name], true)]),
          width,
        ),
      )
  }
  return lines
}
