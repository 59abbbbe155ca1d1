import { commandGroups, commandNames, commandTable, type CommandName } from '../arguments/command-table.ts'
import { optionGroups, optionNames, optionTable, spellOption, type OptionName } from '../arguments/option-table.ts'
import type { Style } from '../terminal/style.ts'
import { exitCodeOrder, exitCodeTable } from './exit-code-table.ts'

const textWidth = 96

/** What `syncline` and `syncline help` print: examples first. */
export function generalHelp(style: Style, version: string): string {
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
  const common = optionNames.filter(name => optionTable[name].rare !== true && commandTable.sync.options.includes(name))
  lines.push('', style.paint('strong', 'Common options'), ...columns(common.map(name => [spellOption(name), describe(name, false)])))
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
  const width = Math.max(...names.map(name => spellOption(name).length))
  for (const group of optionGroups) {
    const members = names.filter(name => optionTable[name].group === group)
    if (members.length > 0)
      lines.push(
        '',
        style.paint('strong', group),
        ...columns(
          members.map(name => [spellOption(name), describe(name, true)]),
          width,
        ),
      )
  }
  return lines
}

function describe(name: OptionName, withChoices: boolean): string {
  const { text, choices, default: standard, repeatable } = optionTable[name]
  const values = withChoices && choices !== undefined ? `: ${choices.join(', ')}` : ''
  const extra = [...(repeatable === true ? ['repeatable'] : []), ...(standard === undefined ? [] : [`default ${standard}`])]
  return `${text}${values}${extra.length === 0 ? '' : ` (${extra.join(', ')})`}`
}

function columns(rows: readonly (readonly [string, string])[], least = 0): string[] {
  const width = Math.max(least, ...rows.map(([left]) => left.length))
  return rows.flatMap(([left, right]) => {
    const [first = '', ...rest] = wrap(right, Math.max(40, textWidth - width - 4))
    return [`  ${left.padEnd(width)}  ${first}`, ...rest.map(line => `  ${' '.repeat(width)}  ${line}`)]
  })
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
