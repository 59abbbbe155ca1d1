import { commandNames, commandTable, type CommandName } from '../arguments/command-table.ts'
import { foreignWords } from '../arguments/foreign-words.ts'
import { optionGroups, optionNames, optionTable, spellOption, type OptionName } from '../arguments/option-table.ts'
import type { FamilySummary } from '../environment.ts'
import { exitCodeOrder, exitCodeTable } from './exit-code-table.ts'
import { code, table } from './markdown.ts'

/** `docs/cli.md`, made from the same tables as parsing and help. @param families - commands that packages bring; each has a page of its own */
export function renderReference(families: readonly FamilySummary[]): string {
  return [
    '# Command line',
    '',
    '<!-- Generated from the tables in packages/cli/src/arguments. Change those, then run in packages/syncline: npx vitest run src/reference.test.ts -u -->',
    '',
    'A place is a path (`./notes`, `/mnt/usb`) or a URL (`s3://bucket/prefix`, `sftp://user@host/path`). Passwords do not belong into a URL: they would show in the list of processes.',
    '',
    'Standard output has the answer: the plan, the summary, the list, the JSON. Progress, warnings and questions go to standard error.',
    '',
    '## Commands',
    '',
    ...table(
      ['Command', 'What it does'],
      commandNames.map(name => [`[\`${name}\`](#syncline-${name})`, commandTable[name].summary]),
    ),
    '',
    '### Families of commands',
    '',
    'These come with the packages that do the work, and are called with two words: `syncline snapshot send`. A package `syncline-plugin-NAME` can bring more.',
    '',
    ...table(
      ['Family', 'What it does'],
      families.map(({ name, summary }) => [`[\`${name}\`](cli/${name}.md)`, summary]),
    ),
    ...commandNames.flatMap(commandSection),
    '',
    '## Options',
    ...optionGroups.flatMap(group => [
      '',
      `### ${group}`,
      '',
      ...optionTableOf(
        optionNames.filter(name => optionTable[name].group === group),
        true,
      ),
    ]),
    '',
    'Sizes are written `500`, `20M` or `1.5GiB` (powers of 1024) or `3MB` (powers of 1000). A rate needs a unit: `20M`. A moment is a date (`2026-11-20`, `2026-11-20T10:31Z`) or an age (`90m`, `36h`, `7d`, `2w`, `1y`).',
    '',
    '### Words of other programs',
    '',
    'What users of rsync, rclone and unison type by habit is understood or answered.',
    '',
    ...table(
      ['Word', 'Here'],
      Object.entries(foreignWords).map(([name, word]) => [code(`${word.short === undefined ? '' : `-${word.short}, `}--${name}`), foreignText(word)]),
    ),
    '',
    '## Exit codes',
    '',
    ...table(
      ['Code', 'Meaning'],
      Object.entries(exitCodeTable).map(([number, text]) => [number, text]),
    ),
    '',
    `If several apply: ${exitCodeOrder}. The JSON output carries all of them.`,
    '',
    ...jsonSection,
    '## Environment',
    '',
    ...table(
      ['Variable', 'Effect'],
      [
        [code('NO_COLOR'), 'Set and not empty: no colours'],
        [code('FORCE_COLOR'), 'Set: colours also where there is no terminal; `0` switches them off'],
        [code('LC_ALL, LC_CTYPE, LANG'), 'Unless they name UTF-8, only ASCII symbols are used'],
        [code('CI, TERM=dumb'), 'Progress in lines, no redrawing'],
        [code('XDG_STATE_HOME'), 'Where states are kept: `$XDG_STATE_HOME/syncline`, by default `~/.local/state/syncline`'],
        [code('SYNCLINE_DEBUG'), 'Set: errors show where they come from'],
      ],
    ),
    '',
  ].join('\n')
}

function commandSection(name: CommandName): string[] {
  const { summary, usage, details, examples, options } = commandTable[name]
  return [
    '',
    `### syncline ${name}`,
    '',
    `${summary}.`,
    '',
    '```',
    ...usage.map(operands => `syncline ${name}${operands === '' ? '' : ` ${operands}`}`),
    '```',
    ...details.flatMap(paragraph => ['', paragraph]),
    ...(examples.length > 0 ? ['', '```sh', ...examples, '```'] : []),
    '',
    `Options: ${options.map(option => `\`--${option}\``).join(' ')}`,
  ]
}

function optionTableOf(names: readonly OptionName[], withCommands: boolean): string[] {
  return table(
    ['Option', 'Meaning', 'Default', ...(withCommands ? ['Commands'] : [])],
    names.map(name => {
      const { text, choices, default: standard, repeatable } = optionTable[name]
      const commands = commandNames.filter(command => commandTable[command].options.includes(name))
      const values = choices === undefined ? '' : `: ${choices.map(code).join(', ')}`
      return [
        code(spellOption(name, optionTable[name])),
        `${text}${values}${repeatable === true ? ' (repeatable)' : ''}`,
        standard ?? '',
        ...(withCommands ? [commands.length > 8 ? 'most' : commands.join(', ')] : []),
      ]
    }),
  )
}

function foreignText({ means, use, always }: (typeof foreignWords)[string]): string {
  if (means !== undefined) return `as ${code(`--${means.join(' ')}`)}`
  return use === undefined ? `accepted: ${always ?? ''}` : `refused: ${use}`
}

const jsonSection: readonly string[] = [
  '## JSON',
  '',
  '`--json` prints one JSON object per line on standard output. New types and new fields may appear; known ones keep their meaning.',
  '',
  '- `sync` and `apply` print the progress events while they run and last `{"type":"sync_complete","exitCode":0,"stats":{"uploads":1,"downloads":0,"deletesSource":0,"deletesDestination":0,"renamesSource":0,"renamesDestination":0,"skips":0,"conflicts":0,"errors":0,"bytes":12,"durationMs":31},"conflicts":[{"path":"…","reason":"…"}],"failures":[{"path":"…","code":"…","message":"…"}],"stale":[…],"problems":[…]}`.',
  '- `plan`, `check` and `sync --dry-run` print one object per change, `{"action":"UPLOAD_NEW","path":"a/b","from":null,"reason":"…"}`, and last `{"type":"plan_complete","uploads":1,…}`.',
  '- A guard\'s refusal is `{"type":"blocked","guard":"max-delete","limit":"50 % of 20","actual":12,"override":"--max-delete 12","message":"…"}`.',
  '- An error that ends the command is `{"type":"failure","exitCode":6,"code":"NOT_FOUND","message":"…"}`.',
  '',
]
