import type { FamilyCall, FamilyOption } from '@syncline/core'
import type { ListScope } from '../subvolume/parse-list.ts'
import { matcherOf } from './glob.ts'
import { parsePipeline, type PipelineCommand } from './pipeline.ts'

/** The options of `snapshot send`. Letters are those of btrsync. */
export const sendOptions: Readonly<Record<string, FamilyOption>> = {
  exclude: { short: 'x', value: 'GLOB', repeatable: true, text: 'Leave out subvolumes whose path matches; * crosses slashes' },
  include: { short: 'i', value: 'GLOB', repeatable: true, text: 'Send only subvolumes whose path matches' },
  existing: { short: 'f', text: 'Send also what the destination has' },
  'incremental-only': { short: 'I', text: 'Send nothing whole, only what changed since something that the destination has' },
  yes: { short: 'y', text: 'Do not ask' },
  'no-confirm': { text: 'As --yes' },
  'dry-run': { short: 'n', text: 'Show what would be sent; change nothing' },
  interactive: { text: 'Show what would be sent, and ask', default: 'on a terminal' },
  verbose: { short: 'v', text: 'Tell why each subvolume is sent as it is' },
  progress: { short: 'p', text: 'Show progress also where there is no terminal, in lines' },
  period: { short: 't', value: 'SECONDS', default: '1', text: 'How often progress is shown' },
  batch: { short: 'B', text: 'Send subvolumes with the same parent and directory as one stream' },
  parallel: { short: 'P', text: 'Send subvolumes that do not build on each other at the same time' },
  clones: { text: 'Let the sender share extents with everything that both sides have; takes time to find them' },
  output: {
    short: 'o',
    value: 'PLACE',
    completes: 'directory',
    text: 'Keep the streams as dumps in a directory or at a URL instead; DESTINATION only tells what is there',
  },
  pipeline: { short: 'O', value: 'COMMANDS', text: 'Send dumps through programs, as "zstd | gpg -e"; without --output to standard output' },
  extension: { short: 'e', value: 'EXT', text: 'What the names of dumps end in behind a pipeline: .zst' },
  'create-destpath': { short: 'c', text: 'Make DESTINATION if it is not there' },
  'replicate-dirs': { short: 'r', text: 'Make the directories of the source below DESTINATION; implies --create-destpath' },
  sudo: { short: 's', text: 'Run btrfs by sudo on both sides' },
  'sudo-src': { text: 'Run btrfs by sudo at the source' },
  'sudo-dest': { text: 'Run btrfs by sudo at the destination' },
  scope: {
    value: 'SCOPE',
    choices: ['all', 'strict', 'isolated'],
    default: 'all',
    text: 'Which subvolumes belong to a source; strict: not those in other subvolumes; isolated: and do not use these as parents either',
  },
}

/** What the options say. */
export interface SendSettings {
  /** Whether `--include` and `--exclude` leave a path in. */
  readonly isWanted: (path: string) => boolean
  readonly existing: boolean
  readonly incrementalOnly: boolean
  /** `ask` is what holds without an option, `must-ask` what --interactive says. */
  readonly manner: 'ask' | 'must-ask' | 'go' | 'dry-run'
  readonly verbose: boolean
  readonly progressLines: boolean
  /** Seconds. */
  readonly period: number
  readonly batch: boolean
  readonly parallel: boolean
  readonly clones: boolean
  readonly output: string | undefined
  readonly pipeline: { readonly text: string; readonly commands: readonly PipelineCommand[] } | undefined
  readonly extension: string
  readonly createDestination: boolean
  readonly replicateDirectories: boolean
  readonly sudoSource: boolean
  readonly sudoDestination: boolean
  readonly scope: ListScope['scope']
}

/** Reads the options. @throws the call's usage error */
export function readSendSettings({ options, usageError }: Pick<FamilyCall, 'options' | 'usageError'>): SendSettings {
  const [included, excluded] = [options.list('include').map(matcherOf), options.list('exclude').map(matcherOf)]
  const period = Number(options.text('period') ?? '1')
  if (!(period > 0 && period <= 86_400))
    throw usageError(`--period must be a number of seconds above 0, got ${JSON.stringify(options.text('period'))}`)
  const extension = options.text('extension') ?? ''
  if (options.has('extension') && !options.has('pipeline'))
    throw usageError('--extension says what a pipeline makes of dumps, and there is no --pipeline', 'Add -O COMMANDS, or leave -e out.')
  if (/[/\0]/.test(extension)) throw usageError(`--extension becomes part of a name, so it cannot be ${JSON.stringify(extension)}`)
  const replicateDirectories = options.has('replicate-dirs')
  return {
    isWanted: path => (included.length === 0 || included.some(isMatch => isMatch(path))) && !excluded.some(isMatch => isMatch(path)),
    existing: options.has('existing'),
    incrementalOnly: options.has('incremental-only'),
    manner: mannerOf(options.last('yes', 'no-confirm', 'dry-run', 'interactive')),
    verbose: options.has('verbose'),
    progressLines: options.has('progress'),
    period,
    batch: options.has('batch'),
    parallel: options.has('parallel'),
    clones: options.has('clones'),
    output: options.text('output'),
    pipeline: readPipeline(options.text('pipeline'), usageError),
    extension,
    createDestination: replicateDirectories || options.has('create-destpath'),
    replicateDirectories,
    sudoSource: options.has('sudo') || options.has('sudo-src'),
    sudoDestination: options.has('sudo') || options.has('sudo-dest'),
    scope: (options.text('scope') ?? 'all') as ListScope['scope'],
  }
}

function mannerOf(last: string | undefined): SendSettings['manner'] {
  if (last === undefined) return 'ask'
  return last === 'dry-run' ? 'dry-run' : last === 'interactive' ? 'must-ask' : 'go'
}

/** Reads the value of an option that is a pipeline. @throws the call's usage error */
export function readPipeline(text: string | undefined, usageError: FamilyCall['usageError']): SendSettings['pipeline'] {
  if (text === undefined) return undefined
  try {
    return { text, commands: parsePipeline(text) }
  } catch (error) {
    throw usageError((error as Error).message)
  }
}
