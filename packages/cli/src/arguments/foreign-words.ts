import type { OptionName } from './option-table.ts'

/**
 * An option that other programs have. It either stands for one of ours, or is answered with what to write,
 * or names what always holds here.
 */
export interface ForeignWord {
  readonly short?: string
  /** Whether it takes a value where it comes from. */
  readonly value?: true
  /** Accepted as this option; a value given here replaces the user's. */
  readonly means?: readonly [name: OptionName, value?: string]
  /** Refused with this advice. */
  readonly use?: string
  /** Accepted, nothing to do: what holds anyway. */
  readonly always?: string
}

const mirror = 'use --mode source-to-destination: it deletes at the destination what the source does not have'
const trash = 'what a sync replaces or deletes is kept in .syncline-trash already; --no-trash switches that off'

/** What users of rsync, rclone and unison type by habit. */
export const foreignWords: Readonly<Record<string, ForeignWord>> = {
  archive: { short: 'a', always: 'times, permission bits and links are always kept' },
  times: { short: 't', always: 'times are always kept' },
  perms: { short: 'p', always: 'permission bits are always kept' },
  progress: { short: 'P', always: 'progress is shown on a terminal anyway' },
  'track-renames': { always: 'renames are always followed' },
  'create-empty-src-dirs': { always: 'empty directories are always synced' },
  compress: { short: 'z', always: 'whether bytes are compressed on the way is up to the storage' },
  checksum: { short: 'c', means: ['compare', 'hash-only'] },
  'size-only': { means: ['compare', 'size-only'] },
  verbose: { means: ['all'] },
  links: { means: ['symlinks', 'keep'] },
  'copy-links': { short: 'L', means: ['symlinks', 'follow'] },
  'skip-links': { means: ['symlinks', 'skip'] },
  'exclude-from': { value: true, means: ['ignore-file'] },
  'max-transfer': { value: true, means: ['max-bytes'] },
  'max-age': { value: true, means: ['modified-after'] },
  'min-age': { value: true, means: ['modified-before'] },
  checkers: { value: true, means: ['operations'] },
  retries: { value: true, means: ['attempts'] },
  'low-level-retries': { value: true, means: ['attempts'] },
  batch: { means: ['yes'] },
  'use-json-log': { means: ['json'] },
  colour: { value: true, means: ['color'] },
  delete: { use: mirror },
  del: { use: mirror },
  'delete-before': { use: mirror },
  'delete-during': { use: mirror },
  'delete-after': { use: mirror },
  'delete-excluded': { use: `${mirror}; what is ignored is never deleted` },
  'no-delete': { use: 'use --mode source-backup: it never deletes' },
  update: { short: 'u', use: 'use --mode two-way --conflict newest-wins, or --mode source-backup' },
  'ignore-times': { short: 'I', use: 'use --force-upload or --force-download' },
  'ignore-existing': { use: 'a first sync in --mode source-backup --initial destination-wins keeps what is there' },
  'modify-window': { value: true, use: 'use --tolerance with milliseconds' },
  'backup-dir': { value: true, use: trash },
  backup: { short: 'b', use: trash },
  suffix: { value: true, use: trash },
  filter: { short: 'f', value: true, use: 'use --ignore with a git-ignore pattern, --include or --exclude' },
  'filter-from': { value: true, use: 'use --ignore-file with git-ignore patterns' },
  'include-from': { value: true, use: 'use --include for each glob' },
  'files-from': { value: true, use: 'use --only for each path' },
  resync: { use: 'it is not needed: a run without a known last state merges both sides and deletes nothing' },
  force: { use: 'name what you accept: --max-delete N, --allow-empty, --yes' },
  interactive: { short: 'i', use: 'syncline sync shows the plan and asks once; syncline plan shows it alone' },
  'itemize-changes': { use: 'use syncline plan --all' },
  'conflict-resolve': { value: true, use: 'use --conflict' },
  prefer: { value: true, use: 'use --conflict source-wins or destination-wins' },
  rsh: { short: 'e', value: true, use: 'write the remote side as a URL: sftp://user@host/path' },
}
