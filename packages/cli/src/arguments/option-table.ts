/** Every option has one spelling, whatever the command. */
export type OptionName =
  | 'mode'
  | 'compare'
  | 'tolerance'
  | 'conflict'
  | 'initial'
  | 'accept-destination-changes'
  | 'force-upload'
  | 'force-download'
  | 'ignore'
  | 'ignore-file'
  | 'ignore-name'
  | 'no-ignore-files'
  | 'include'
  | 'exclude'
  | 'min-size'
  | 'max-size'
  | 'modified-after'
  | 'modified-before'
  | 'skip'
  | 'only'
  | 'symlinks'
  | 'dry-run'
  | 'yes'
  | 'max-delete'
  | 'allow-empty'
  | 'max-bytes'
  | 'trash'
  | 'no-trash'
  | 'fsync'
  | 'ignore-space'
  | 'transfers'
  | 'operations'
  | 'bwlimit'
  | 'attempts'
  | 'state'
  | 'out'
  | 'exit-code'
  | 'take'
  | 'long'
  | 'recursive'
  | 'quick'
  | 'all'
  | 'json'
  | 'quiet'
  | 'color'
  | 'ascii'
  | 'help'
  | 'version'

/** Headings under which help and reference show the options, in this order. */
export const optionGroups = ['How to sync', 'What is synced', 'Safety', 'Speed', 'Pair', 'This command', 'Output'] as const
export type OptionGroup = (typeof optionGroups)[number]

/** One option as data: parsing, help, completion and reference are made from it. */
export interface OptionSpec {
  readonly group: OptionGroup
  /** One letter, used with one dash. */
  readonly short?: string
  /** What the value is called; absent for an option without a value. */
  readonly value?: string
  readonly choices?: readonly string[]
  /** May be given more than once. */
  readonly repeatable?: true
  /** What holds without the option, as shown to people. */
  readonly default?: string
  /** One sentence without a full stop. */
  readonly text: string
  /** What completion offers for the value. */
  readonly completes?: 'file' | 'directory'
  /** Left out of the short help of `syncline help`; `syncline help options` has it. */
  readonly rare?: true
}

/** The options there are. */
export const optionTable: Readonly<Record<OptionName, OptionSpec>> = {
  mode: {
    group: 'How to sync',
    value: 'MODE',
    choices: ['two-way', 'source-to-destination', 'source-backup', 'destination-to-source', 'destination-backup'],
    default: 'two-way',
    text: 'Which way changes go',
  },
  compare: {
    group: 'How to sync',
    value: 'HOW',
    choices: ['hash-then-mtime', 'size-only', 'hash-only', 'mtime-only', 'size-and-mtime'],
    default: 'hash-then-mtime',
    text: 'When two files count as the same',
  },
  conflict: {
    group: 'How to sync',
    value: 'POLICY',
    choices: ['newest-wins', 'source-wins', 'destination-wins', 'keep-both', 'manual'],
    default: 'newest-wins',
    text: 'What happens to a path that both sides changed; manual leaves it open',
  },
  initial: {
    group: 'How to sync',
    value: 'POLICY',
    choices: ['merge', 'source-wins', 'destination-wins'],
    default: 'merge',
    text: 'What happens at first contact to a path that differs',
  },
  tolerance: { group: 'How to sync', value: 'MILLISECONDS', default: '2000', text: 'Within which two times are the same', rare: true },
  symlinks: {
    group: 'How to sync',
    value: 'HOW',
    choices: ['keep', 'follow', 'skip'],
    default: 'keep',
    text: 'What happens to symbolic links',
    rare: true,
  },
  'accept-destination-changes': {
    group: 'How to sync',
    text: 'In source-backup, also take what is new or changed at the destination, still without any deletion',
    rare: true,
  },
  'force-upload': { group: 'How to sync', text: 'Copy to the destination also what matches', rare: true },
  'force-download': { group: 'How to sync', text: 'Copy to the source also what matches', rare: true },
  ignore: { group: 'What is synced', value: 'PATTERN', repeatable: true, text: 'Leave out what matches a git-ignore pattern' },
  'ignore-file': {
    group: 'What is synced',
    value: 'FILE',
    repeatable: true,
    completes: 'file',
    text: 'Read git-ignore patterns from a local file, besides the .syncignore files in the trees',
  },
  'ignore-name': {
    group: 'What is synced',
    value: 'NAME',
    default: '.syncignore',
    text: 'What the ignore files in the trees are called',
    rare: true,
  },
  'no-ignore-files': { group: 'What is synced', text: 'Read no ignore files in the trees', rare: true },
  include: { group: 'What is synced', value: 'GLOB', repeatable: true, text: 'Sync only files that match' },
  exclude: { group: 'What is synced', value: 'GLOB', repeatable: true, text: 'Leave out what matches' },
  'min-size': { group: 'What is synced', value: 'SIZE', text: 'Leave out smaller files', rare: true },
  'max-size': { group: 'What is synced', value: 'SIZE', text: 'Leave out larger files', rare: true },
  'modified-after': { group: 'What is synced', value: 'TIME', text: 'Leave out older files; a date or an age such as 7d', rare: true },
  'modified-before': { group: 'What is synced', value: 'TIME', text: 'Leave out newer files; a date or an age such as 7d', rare: true },
  skip: { group: 'What is synced', value: 'PATH', repeatable: true, text: 'Leave a path alone in this run, with everything below it', rare: true },
  only: { group: 'What is synced', value: 'PATH', repeatable: true, text: 'Look at nothing but this path, with everything below it', rare: true },
  'dry-run': { group: 'Safety', short: 'n', text: 'Show the plan, change nothing' },
  yes: { group: 'Safety', short: 'y', text: 'Do not ask' },
  'max-delete': {
    group: 'Safety',
    value: 'N|N%',
    default: '50% of 10 or more',
    text: 'Refuse to delete more than this on a side; unlimited lifts it',
  },
  'allow-empty': { group: 'Safety', text: 'Accept that one side was emptied or that its content vanished' },
  trash: { group: 'Safety', default: 'on', text: 'Keep what conflict resolution and two-way deletion remove, in .syncline-trash', rare: true },
  'no-trash': { group: 'Safety', text: 'Do not keep what conflict resolution and two-way deletion remove' },
  'max-bytes': { group: 'Safety', value: 'SIZE', text: 'Refuse to move more than this', rare: true },
  fsync: {
    group: 'Safety',
    value: 'WHEN',
    choices: ['auto', 'always', 'never'],
    default: 'auto',
    text: 'When files are made durable',
    rare: true,
  },
  'ignore-space': { group: 'Safety', text: 'Do not compare what is needed with what is free', rare: true },
  transfers: { group: 'Speed', value: 'N', default: 'what the storages say helps', text: 'Files copied at once', rare: true },
  operations: {
    group: 'Speed',
    value: 'N',
    default: 'what the storages say helps',
    text: 'Deletions, renames and look-ups at once, on each side',
    rare: true,
  },
  bwlimit: { group: 'Speed', value: 'SIZE', text: 'Bytes per second over both directions, with a unit: 20M', rare: true },
  attempts: { group: 'Speed', value: 'N', default: '4', text: 'Tries of a call that may succeed next time, the first included', rare: true },
  state: {
    group: 'Pair',
    value: 'PLACE',
    default: 'one per pair in $XDG_STATE_HOME/syncline',
    completes: 'directory',
    text: 'Directory or URL that remembers the last sync',
    rare: true,
  },
  out: { group: 'This command', value: 'FILE', completes: 'file', text: 'Write the plan to a file that syncline apply runs; - is standard output' },
  'exit-code': { group: 'This command', text: 'Exit with 10 if there is something to do' },
  take: {
    group: 'This command',
    value: 'WHICH',
    choices: ['source', 'destination', 'both', 'newest'],
    text: 'Which version stays; both keeps the other one under a new name',
  },
  long: { group: 'This command', short: 'l', text: 'Show permission bits, size and time' },
  recursive: { group: 'This command', short: 'R', text: 'Show everything below, too' },
  quick: { group: 'This command', text: 'Leave out the tests of the storage protocol' },
  all: { group: 'Output', short: 'v', text: 'Show every line, not just the first ones' },
  json: { group: 'Output', text: 'Print one JSON object per line' },
  quiet: { group: 'Output', short: 'q', text: 'Print only what went wrong' },
  color: { group: 'Output', value: 'WHEN', choices: ['auto', 'always', 'never'], default: 'auto', text: 'Use colours', rare: true },
  ascii: { group: 'Output', text: 'Use no symbols outside ASCII', rare: true },
  help: { group: 'Output', short: 'h', text: 'Show help', rare: true },
  version: { group: 'Output', short: 'V', text: 'Show the version', rare: true },
}

/** All names, in the order of the table. */
export const optionNames: readonly OptionName[] = Object.keys(optionTable) as OptionName[]

/** An option as a person writes it: `-n, --dry-run` or `--mode MODE`. */
export function spellOption(name: string, { short, value }: Pick<OptionSpec, 'short' | 'value'>): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
}
