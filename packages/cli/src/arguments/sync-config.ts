import {
  parseComparisonMode,
  parseConflictResolution,
  parseInitialSync,
  parseSymlinkMode,
  parseSyncMode,
  pathProblem,
  type Path,
  type SymlinkMode,
  type SyncConfig,
} from '@syncline/core'
import { UsageError } from '../usage-error.ts'
import type { OptionValues } from './option-values.ts'
import { optionTable, type OptionName } from './option-table.ts'
import { suggest } from './suggest.ts'
import { parseCount, parseDeleteLimit, parseMoment, parseRate, parseSize } from './values.ts'

/** What the options of a call make of a sync, and of how its storages are opened. */
export interface SyncSettings {
  readonly config: SyncConfig
  readonly symlinks: SymlinkMode | undefined
}

/** What else is needed to understand the options. */
export interface SettingsContext {
  /** Milliseconds since the Unix epoch: ages count from here. */
  readonly now: number
  /** Makes an operand a path of the pair. */
  toPath(operand: string): Path
  readFile(file: string): Promise<string>
}

/**
 * Turns the options of a call into the engine's.
 *
 * @throws UsageError naming the option
 */
export async function readSyncSettings(options: OptionValues, context: SettingsContext): Promise<SyncSettings> {
  const word = <T>(name: OptionName, parse: (text: string) => T): T | undefined => mapped(options, name, text => parseWord(name, text, parse))
  const count = (name: OptionName, least: number): number | undefined => mapped(options, name, text => parseCount(text, `--${name}`, least))
  const size = (name: OptionName): number | undefined => mapped(options, name, text => parseSize(text, `--${name}`))
  const moment = (name: OptionName): number | undefined => mapped(options, name, text => parseMoment(text, `--${name}`, context.now))
  const flag = (name: OptionName): true | undefined => (options.has(name) ? true : undefined)
  const list = (name: OptionName): readonly string[] | undefined => (options.has(name) ? options.list(name) : undefined)

  if (options.has('trash') && options.has('no-trash')) throw new UsageError('--trash and --no-trash exclude each other')
  if (options.has('ignore-name') && options.has('no-ignore-files')) throw new UsageError('--ignore-name and --no-ignore-files exclude each other')
  const transfers = count('transfers', 1)
  const operations = count('operations', 1)
  const ignore = [...(await readIgnorePatterns(options.list('ignore-file'), context)), ...options.list('ignore')]
  const config: Partial<Record<keyof SyncConfig, unknown>> = {
    mode: word('mode', parseSyncMode),
    comparisonMode: word('compare', parseComparisonMode),
    conflictResolution: word('conflict', parseConflictResolution),
    initialSync: word('initial', parseInitialSync),
    toleranceMs: count('tolerance', 0),
    acceptDestinationChanges: flag('accept-destination-changes'),
    forceUpload: flag('force-upload'),
    forceDownload: flag('force-download'),
    ignore: ignore.length > 0 ? ignore : undefined,
    ignoreFile: options.has('no-ignore-files') ? false : options.text('ignore-name'),
    include: list('include'),
    exclude: list('exclude'),
    minSize: size('min-size'),
    maxSize: size('max-size'),
    modifiedAfter: moment('modified-after'),
    modifiedBefore: moment('modified-before'),
    filesToSkip: list('skip')?.map(path => context.toPath(path)),
    only: list('only')?.map(path => context.toPath(path)),
    trash: options.has('no-trash') ? false : undefined,
    maxDelete: mapped(options, 'max-delete', text => parseDeleteLimit(text, '--max-delete')),
    allowEmpty: flag('allow-empty'),
    maxBytes: size('max-bytes'),
    ignoreSpace: flag('ignore-space'),
    fsync: word('fsync', parseFsync),
    concurrency:
      transfers === undefined && operations === undefined
        ? undefined
        : { ...(transfers !== undefined && { transfers }), ...(operations !== undefined && { operations }) },
    bandwidth: mapped(options, 'bwlimit', text => parseRate(text, '--bwlimit')),
    attempts: count('attempts', 1),
  }
  return { config: withoutUndefined(config), symlinks: word('symlinks', parseSymlinkMode) }
}

/**
 * Makes a path of the pair from what a person wrote: `./a`, `a/`, or a local path below one of the roots.
 *
 * @param roots - absolute local paths of both sides, where they have one
 * @throws UsageError naming why it is none
 */
export function toPairPath(operand: string, roots: readonly string[]): Path {
  let path = operand
  for (const root of roots) {
    const prefix = root.endsWith('/') ? root : `${root}/`
    if (path === root || path.startsWith(prefix)) path = path.slice(prefix.length)
  }
  path = path.replace(/^(\.\/+)+/, '').replace(/\/+$/, '')
  const problem = path === '' || path === '.' ? 'it names the root itself' : pathProblem(path)
  if (problem !== undefined)
    throw new UsageError(`${JSON.stringify(operand)} is no path of this pair: ${problem}`, 'Write it relative to the root, such as notes/a.md.')
  return path
}

function mapped<T>(options: OptionValues, name: OptionName, map: (text: string) => T): T | undefined {
  const text = options.text(name)
  return text === undefined ? undefined : map(text)
}

function parseWord<T>(name: OptionName, text: string, parse: (text: string) => T): T {
  try {
    return parse(text)
  } catch (error) {
    const choices = optionTable[name].choices ?? []
    const near = suggest(text.toLowerCase(), choices)
    throw new UsageError(
      `unknown value ${JSON.stringify(text)} of --${name}`,
      `${near === undefined ? '' : `Did you mean ${near}? `}Use one of: ${choices.join(', ')}.`,
      { cause: error },
    )
  }
}

function parseFsync(text: string): 'auto' | 'always' | 'never' {
  if (text === 'auto' || text === 'always' || text === 'never') return text
  throw new TypeError('unknown word')
}

/** The rules in a file that cannot be read must never be taken for no rules. */
async function readIgnorePatterns(files: readonly string[], context: SettingsContext): Promise<string[]> {
  const patterns: string[] = []
  for (const file of files) {
    let text: string
    try {
      text = await context.readFile(file)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new UsageError(
        `cannot read the ignore file ${file}: ${reason}`,
        'Nothing was synced, because its rules are unknown. Correct the path or make it readable.',
        { cause: error },
      )
    }
    patterns.push(
      ...text
        .replace(/^\ufeff/, '')
        .split(/\r?\n/)
        .filter(line => line !== '' && !line.startsWith('#')),
    )
  }
  return patterns
}

/** Absent and undefined are different for the engine. */
function withoutUndefined(config: Partial<Record<keyof SyncConfig, unknown>>): SyncConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
}
