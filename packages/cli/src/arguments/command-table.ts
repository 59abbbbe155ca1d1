import type { OptionName } from './option-table.ts'

export type CommandName =
  'sync' | 'plan' | 'apply' | 'check' | 'ls' | 'status' | 'conflicts' | 'why' | 'doctor' | 'state' | 'help' | 'version' | 'completion'

/** Headings under which help lists the commands, in this order. */
export const commandGroups = ['Everyday', 'Inspect', 'More'] as const
export type CommandGroup = (typeof commandGroups)[number]

/** One command as data: parsing, help, completion and reference are made from it. */
export interface CommandSpec {
  readonly group: CommandGroup
  /** One line without a full stop. */
  readonly summary: string
  /** Operands of each way to call it. */
  readonly usage: readonly string[]
  /** What help says below the usage; paragraphs. */
  readonly details: readonly string[]
  readonly examples: readonly string[]
  /** First operands that completion offers. */
  readonly words?: readonly string[]
  /** What completion offers otherwise. */
  readonly completes?: 'place' | 'file'
  readonly options: readonly OptionName[]
}

const filters: readonly OptionName[] = [
  'ignore',
  'ignore-file',
  'ignore-name',
  'no-ignore-files',
  'include',
  'exclude',
  'min-size',
  'max-size',
  'modified-after',
  'modified-before',
  'skip',
  'only',
]
const deciding: readonly OptionName[] = [
  'mode',
  'compare',
  'conflict',
  'initial',
  'tolerance',
  'accept-destination-changes',
  'force-upload',
  'force-download',
  'symlinks',
]
const guards: readonly OptionName[] = ['max-delete', 'allow-empty', 'max-bytes', 'ignore-space']
const pace: readonly OptionName[] = ['transfers', 'operations', 'bwlimit', 'attempts']
const output: readonly OptionName[] = ['json', 'quiet', 'color', 'ascii', 'help']

/** The commands there are. */
export const commandTable: Readonly<Record<CommandName, CommandSpec>> = {
  sync: {
    group: 'Everyday',
    summary: 'Plan, ask, and make both sides agree',
    usage: ['SRC DST'],
    details: [
      'Compares both places with what they were after the last sync, shows the plan and carries it out. On a terminal it asks once before anything changes; elsewhere it runs without asking, and what would need a confirmation is refused with the option that allows it.',
      'A first sync merges both sides and deletes nothing. What a two-way sync deletes or what loses a conflict is kept in .syncline-trash.',
    ],
    examples: [
      'syncline sync ./notes /mnt/usb/notes',
      'syncline sync ./site s3://bucket/site --mode source-to-destination --yes',
      'syncline sync ./notes /mnt/usb/notes --dry-run',
    ],
    completes: 'place',
    options: [...deciding, ...filters, 'dry-run', 'yes', ...guards, 'trash', 'no-trash', 'fsync', ...pace, 'state', 'all', ...output],
  },
  plan: {
    group: 'Everyday',
    summary: 'Show what sync would do; change nothing',
    usage: ['SRC DST'],
    details: ['Takes the options of sync. With --out the plan is kept, and syncline apply later runs exactly it.'],
    examples: [
      'syncline plan ./notes /mnt/usb/notes',
      'syncline plan ./notes /mnt/usb/notes --out notes.plan',
      'syncline plan ./notes /mnt/usb/notes --json',
    ],
    completes: 'place',
    options: [...deciding, ...filters, ...guards, 'trash', 'no-trash', 'fsync', ...pace, 'state', 'out', 'exit-code', 'all', ...output],
  },
  apply: {
    group: 'Everyday',
    summary: 'Run a plan that was written with plan --out',
    usage: ['PLAN'],
    details: ['Runs exactly the plan. A path that is no longer as the plan saw it is left alone and named; the exit code is then 8.'],
    examples: ['syncline apply notes.plan'],
    completes: 'file',
    options: [...guards, ...pace, ...output],
  },
  status: {
    group: 'Everyday',
    summary: 'What changed on each side since the last sync',
    usage: ['[SRC DST]'],
    details: [
      'Also tells about the last run and the conflicts that wait. Without places it takes the pair that the working directory belongs to, or the only one there is.',
    ],
    examples: ['syncline status ./notes /mnt/usb/notes', 'syncline status'],
    completes: 'place',
    options: ['compare', 'tolerance', 'symlinks', ...filters, 'state', 'all', ...output],
  },
  conflicts: {
    group: 'Everyday',
    summary: 'List the conflicts that wait, and decide them',
    usage: ['[list] [SRC DST]', 'resolve PATH --take WHICH', 'resolve SRC DST PATH... --take WHICH'],
    details: [
      'A conflict is a path that both sides changed since the last sync. The version that loses goes to .syncline-trash; both keeps it next to the other under a new name.',
    ],
    examples: [
      'syncline conflicts',
      'syncline conflicts resolve ideas.txt --take newest',
      'syncline conflicts resolve ./notes /mnt/usb/notes ideas.txt --take both',
    ],
    words: ['list', 'resolve'],
    completes: 'place',
    options: [
      'take',
      'compare',
      'tolerance',
      'symlinks',
      ...filters.filter(name => name !== 'only' && name !== 'skip'),
      'no-trash',
      'state',
      ...output,
    ],
  },
  check: {
    group: 'Inspect',
    summary: 'Compare two places; exit 10 if they differ',
    usage: ['SRC DST'],
    details: [
      'Compares what is there now, whatever was synced before. Nothing is written, no state is needed. --compare hash-only reads every file.',
    ],
    examples: ['syncline check ./notes /mnt/usb/notes --compare hash-only'],
    completes: 'place',
    options: ['compare', 'tolerance', 'symlinks', ...filters, 'operations', 'all', ...output],
  },
  why: {
    group: 'Inspect',
    summary: 'Why sync would do what it does to one path',
    usage: ['PATH', 'SRC DST PATH'],
    details: ['Shows the ignore rule that hides it, what both sides have, what they had after the last sync, and what follows from it.'],
    examples: ['syncline why ./notes /mnt/usb/notes drafts/a.md'],
    completes: 'place',
    options: [...deciding, ...filters, 'state', ...output],
  },
  ls: {
    group: 'Inspect',
    summary: 'List a directory, a URL or an archive',
    usage: ['PLACE [PATH]'],
    details: ['Shows every entry as a sync would see it, without ignore rules.'],
    examples: ['syncline ls ./notes', 'syncline ls s3://bucket/site --long --recursive'],
    completes: 'place',
    options: ['long', 'recursive', 'symlinks', ...output],
  },
  doctor: {
    group: 'Inspect',
    summary: 'Find out what a place can do, and whether it does it',
    usage: ['PLACE'],
    details: [
      'Opens the place and tells what it promises and offers, how far its clock is from this one, how exactly it keeps times, how quickly it answers, how fast it writes and reads, and what was learned of its server. Then it runs the tests of the storage protocol (docs/protocol.md).',
      'Everything it writes is in a new directory .syncline-doctor-..., which it removes, also after Ctrl-C. Nothing else is touched. Of a place that can only be read it tests what it lists and reads.',
      'A promise that is broken is named, and the exit code is then 3.',
    ],
    examples: ['syncline doctor sftp://ana@host/backup', 'syncline doctor s3://bucket/site --quick', 'syncline doctor /mnt/usb --all'],
    completes: 'place',
    options: ['quick', 'all', ...output],
  },
  state: {
    group: 'Inspect',
    summary: 'What is remembered about a pair',
    usage: ['show [SRC DST]', 'path [SRC DST]', 'clear [SRC DST]'],
    details: ['clear makes the next sync a first contact: it merges both sides and deletes nothing. No file of either side is touched.'],
    examples: ['syncline state show ./notes /mnt/usb/notes', 'syncline state path ./notes /mnt/usb/notes'],
    words: ['show', 'path', 'clear'],
    completes: 'place',
    options: ['state', 'yes', ...output],
  },
  help: {
    group: 'More',
    summary: 'Help on a command, on all options, on exit codes',
    usage: ['[COMMAND|options|exit-codes]', 'FAMILY [COMMAND]'],
    details: [],
    examples: ['syncline help sync', 'syncline help snapshot send', 'syncline help options', 'syncline help exit-codes'],
    words: ['options', 'exit-codes'],
    options: ['color', 'ascii', 'help'],
  },
  version: {
    group: 'More',
    summary: 'The version',
    usage: [''],
    details: [],
    examples: ['syncline version'],
    options: ['json', 'help'],
  },
  completion: {
    group: 'More',
    summary: 'A completion script for your shell',
    usage: ['bash|zsh|fish'],
    details: ['Prints a script; your shell has to read it at its start.'],
    examples: [
      'source <(syncline completion bash)',
      'syncline completion zsh > "${fpath[1]}/_syncline"',
      'syncline completion fish > ~/.config/fish/completions/syncline.fish',
    ],
    words: ['bash', 'zsh', 'fish'],
    options: ['help'],
  },
}

/** All names, in the order of the table. */
export const commandNames: readonly CommandName[] = Object.keys(commandTable) as CommandName[]

/** The command of that name. */
export function isCommand(word: string): word is CommandName {
  return Object.hasOwn(commandTable, word)
}
