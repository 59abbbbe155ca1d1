import type { CommandFamily, FamilyCommand } from '@syncline/core'
import { spellOption } from '../arguments/option-table.ts'
import { commonOptions } from '../families/common-options.ts'
import { code, table } from './markdown.ts'

/** `docs/cli/FAMILY.md`, made from what parsing and help use. @param from - the package that brings the family */
export function renderFamilyReference({ name, summary, commands }: CommandFamily, from: string): string {
  const entries = Object.entries(commands)
  const common = Object.keys(commonOptions).map(option => code(`--${option}`))
  return [
    `# syncline ${name}`,
    '',
    `<!-- Generated from the commands of ${from}. Change those, then run in packages/syncline: npx vitest run src/reference.test.ts -u -->`,
    '',
    `${summary}. These commands come with the package ${code(from)}.`,
    '',
    ...table(
      ['Command', 'What it does'],
      entries.map(([command, spec]) => [`[${code(`${name} ${command}`)}](#syncline-${name}-${command})`, spec.summary]),
    ),
    '',
    `Every command also takes ${common.join(', ')}. Exit codes are those of [the command line](../cli.md#exit-codes).`,
    ...entries.flatMap(([command, spec]) => commandSection(`syncline ${name} ${command}`, spec)),
    '',
  ].join('\n')
}

function commandSection(title: string, { summary, usage, details, examples, options }: FamilyCommand): string[] {
  const rows = Object.entries(options).map(([option, spec]) => {
    const values = spec.choices === undefined ? '' : `: ${spec.choices.map(code).join(', ')}`
    return [code(spellOption(option, spec)), `${spec.text}${values}${spec.repeatable === true ? ' (repeatable)' : ''}`, spec.default ?? '']
  })
  return [
    '',
    `## ${title}`,
    '',
    `${summary}.`,
    '',
    '```',
    ...usage.map(operands => `${title}${operands === '' ? '' : ` ${operands}`}`),
    '```',
    ...details.flatMap(paragraph => ['', paragraph]),
    ...(examples.length > 0 ? ['', '```sh', ...examples, '```'] : []),
    ...(rows.length > 0 ? ['', ...table(['Option', 'Meaning', 'Default'], rows)] : []),
  ]
}
