import { Filter, pairId, SyncPair, type SyncConfig } from '@syncline/core'
import { checkApart, isWithin, pathWithin } from './arguments/places.ts'
import { readSyncSettings, toPairPath } from './arguments/sync-config.ts'
import type { OptionValues } from './arguments/option-values.ts'
import type { Invocation } from './command.ts'
import type { CliEnvironment, Place, StateReference } from './environment.ts'
import { UsageError } from './usage-error.ts'

/** Two places, opened, with everything that the options say about them. */
export interface OpenedPair {
  readonly pair: SyncPair
  readonly config: SyncConfig
  readonly source: Place
  readonly destination: Place
  readonly state: Place
  /** Operands that name this pair again on a command line. */
  readonly operands: string
  /** A path of the pair from what a person wrote. */
  toPath(operand: string): string
  close(): Promise<void>
}

/**
 * Opens both places and the state of the pair, after everything that can be refused without opening was checked.
 *
 * @throws UsageError for places that hold each other, a state inside of one, or a wrong option
 */
export async function openPair(
  locations: readonly [source: string, destination: string],
  { options, environment }: Invocation,
  signal?: AbortSignal,
): Promise<OpenedPair> {
  const source = await environment.locate(locations[0])
  const destination = await environment.locate(locations[1])
  checkApart(source, destination)
  const toPath = (operand: string): string =>
    toPairPath(
      operand,
      [source, destination].flatMap(({ location, realPath }) => [location, ...(realPath === undefined ? [] : [realPath])]),
    )
  const settings = await readSyncSettings(options, { now: environment.now(), toPath, readFile: file => environment.readFile(file) })
  checkFilter(settings.config)

  const opened = await openBoth(environment, [source.location, destination.location], {
    symlinks: settings.symlinks,
    ...(signal !== undefined && { signal }),
  })
  try {
    const id = await pairId(opened.source, opened.destination)
    const reference: StateReference = options.has('state') ? { location: options.text('state') ?? '' } : { pair: id }
    const state = await environment.locateState(reference)
    const hidden = checkState(state, [source, destination], options)
    const config: SyncConfig = hidden.length === 0 ? settings.config : { ...settings.config, ignore: [...(settings.config.ignore ?? []), ...hidden] }
    const storage = await environment.stateStorage(reference)
    return {
      pair: new SyncPair({ ...opened, state: storage, id }),
      config,
      source,
      destination,
      state,
      operands: locations.map(quote).join(' '),
      toPath,
      close: async () => {
        await opened.close()
        await storage.close?.()
      },
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

type Opened = Pick<SyncPair, 'source' | 'destination'> & { close(): Promise<void> }

async function openBoth(
  environment: CliEnvironment,
  [source, destination]: readonly [string, string],
  options: Parameters<CliEnvironment['open']>[1],
): Promise<Opened> {
  const first = await environment.open(source, options)
  try {
    const second = await environment.open(destination, options)
    return {
      source: first,
      destination: second,
      close: async () => {
        await first.close?.()
        await second.close?.()
      },
    }
  } catch (error) {
    await first.close?.()
    throw error
  }
}

/** A mistake in the rules is one of the command line, before anything is opened. */
function checkFilter(config: SyncConfig): void {
  try {
    new Filter(config)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(error.message, undefined, { cause: error })
  }
}

/**
 * A state that lies in what is synced would change while it is synced. One that the user put there is refused;
 * the default one, met when a whole home directory is synced, is hidden.
 *
 * @returns patterns that hide it
 */
function checkState(state: Place, sides: readonly [Place, Place], options: OptionValues): string[] {
  const patterns: string[] = []
  for (const [index, side] of sides.entries()) {
    if (!isWithin(state, side)) continue
    const word = index === 0 ? 'source' : 'destination'
    const path = pathWithin(state, side)
    if (options.has('state') || path === undefined) {
      throw new UsageError(
        `the state ${state.location} lies inside the ${word} ${side.location}`,
        'Name a directory outside of both with --state. Nothing was changed.',
      )
    }
    // The directory of all states: the one of another pair changes just as well.
    patterns.push(
      `/${escapePattern(
        path
          .split('/')
          .filter(name => name !== '')
          .slice(0, -1)
          .join('/'),
      )}/`,
    )
  }
  return patterns
}

function escapePattern(path: string): string {
  return path.replace(/[\\*?[\]!#]/g, character => `\\${character}`)
}

/** A word as a shell reads it back. */
export function quote(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/**
 * The two places that a command is about: the first two operands, or the known pair that the working directory belongs to, or the only one.
 *
 * @throws UsageError if there is none or more than one
 */
export async function choosePair(
  operands: readonly string[],
  { environment, command }: Pick<Invocation, 'environment' | 'command'>,
): Promise<readonly [string, string]> {
  const [source, destination] = operands
  if (source !== undefined && destination !== undefined) return [source, destination]
  const usage = `Name both places: syncline ${command} SRC DST`
  if (source !== undefined) throw new UsageError('the destination is missing', usage)
  const known = await environment.knownPairs()
  const here = await environment.locate('.')
  const around: (readonly [string, string])[] = []
  for (const pair of known) {
    const places = [pair.source, pair.destination].map(location => environment.locate(location).catch(() => undefined))
    for (const place of places) {
      const found = await place
      if (found?.realPath !== undefined && isWithin(here, found)) around.push([pair.source, pair.destination])
    }
  }
  const [first, ...others] = around.length > 0 ? around : known.map(pair => [pair.source, pair.destination] as const)
  if (first === undefined) throw new UsageError('no pair was synced yet', usage)
  if (others.length > 0)
    throw new UsageError(
      'it is not clear which pair is meant',
      `${usage}. Known: ${[first, ...others].map(pair => pair.map(quote).join(' ')).join('; ')}`,
    )
  return first
}

/** The operands of a command that needs exactly a source and a destination. */
export function twoPlaces({ operands, command }: Invocation): readonly [string, string] {
  const [source, destination, ...rest] = operands
  const usage = `Usage: syncline ${command} SRC DST`
  if (source === undefined) throw new UsageError('source and destination are missing', usage)
  if (destination === undefined) throw new UsageError('the destination is missing', usage)
  if (rest.length > 0) throw new UsageError(`${JSON.stringify(rest[0])} is one operand too many`, `${usage}. Quote a name that has spaces.`)
  return [source, destination]
}
