import { toBytes } from './bytes.ts'
import { clockPrefix } from './filter/own-names.ts'
import { joinPath } from './path.ts'
import type { AbortOptions, Entry, Path, WritableStorage } from './protocol.ts'

/** What a store makes of a time that it is told. */
export interface KeptTime {
  /** Milliseconds between two times that it can tell apart; 0.001 is a microsecond, and 0 is every time that a number can hold. */
  readonly precisionMs: number
  /** Which of its times it takes for one that lies between two. */
  readonly rounding: 'exact' | 'down' | 'nearest' | 'up'
  /** Milliseconds that its answer is ahead of what it was told, beside rounding: a time zone that it does not name. */
  readonly shiftMs: number
}

/** What a probe file tells about the times of a store. */
export interface ClockProbe {
  /** Milliseconds that the store's clock is ahead of ours; `undefined` if it shows no time of its own. */
  readonly offsetMs: number | undefined
  /** Milliseconds that `offsetMs` may be wrong by: what the answer took, and how coarsely the time is shown. */
  readonly uncertaintyMs: number
  /** How `write` keeps `modified`, as `stat` shows it; `undefined` if the store sets its own time. */
  readonly kept: KeptTime | undefined
  /** The same as a listing shows it; `undefined` if a listing shows no time, or the store sets its own. */
  readonly listed: KeptTime | undefined
}

/** Options of `probeClock`. */
export interface ClockProbeOptions extends AbortOptions {
  /** Where the probe files are made; default: the root. It exists, or can be made by a write. */
  readonly directory?: Path
  /** Milliseconds since the Unix epoch; default `Date.now`. */
  readonly now?: () => number
}

/**
 * Learns a store's clock by writing files, reading their times back and deleting them: how far it is from ours, and how exactly it keeps a time.
 *
 * The offset is the one of the clock that stamps files written without a time. A storage that stamps them itself, by our clock, shows 0.
 *
 * @throws StorageError of the calls; what was written is removed in any case
 */
export async function probeClock(storage: WritableStorage, options: ClockProbeOptions = {}): Promise<ClockProbe> {
  const { directory = '', now = Date.now, signal } = options
  const abort = { ...(signal !== undefined && { signal }) }
  const name = `${clockPrefix}${crypto.randomUUID()}`
  const [own, ...given] = ['own', 'low', 'high', 'odd'].map(suffix => joinPath(directory, `${name}-${suffix}`)) as [Path, ...Path[]]
  const times = probeTimes(now())
  try {
    const before = now()
    const written = await storage.write(own, toBytes(''), { size: 0, ...abort })
    const after = now()
    const stamped = written.modified ?? (await storage.stat(own, abort))?.modified
    for (const [index, path] of given.entries()) await storage.write(path, toBytes(''), { size: 0, modified: times[index] as number, ...abort })
    const shown: (number | undefined)[] = []
    for (const path of given) shown.push((await storage.stat(path, abort))?.modified)
    const listing = await timesInListing(storage, directory, abort)
    const inListing = given.map(path => listing.get(path))
    await removeAll(storage, [own, ...given])
    const kept = describeTimes(times, shown)
    return {
      offsetMs: stamped === undefined ? undefined : Math.round(stamped - (before + after) / 2),
      uncertaintyMs: Math.ceil((after - before) / 2 + (stamped === undefined ? 0 : coarsenessOf(stamped))),
      kept,
      listed: kept && describeTimes(times, inListing),
    }
  } catch (error) {
    // What failed is what the caller has to hear of; a file that stays says by its name what it was.
    await removeAll(storage, [own, ...given]).catch(() => undefined)
    throw error
  }
}

/** Without a signal: an abort must not leave them. */
async function removeAll(storage: WritableStorage, paths: readonly Path[]): Promise<void> {
  for (const path of paths) await storage.remove(path)
}

async function timesInListing(storage: WritableStorage, directory: Path, options: AbortOptions): Promise<ReadonlyMap<Path, number | undefined>> {
  const times = new Map<Path, number | undefined>()
  for await (const item of storage.list(directory, { ...options, recursive: false })) {
    for (const entry of (Array.isArray(item) ? item : [item]) as readonly Entry[]) {
      if (entry.kind === 'file') times.set(entry.path, entry.modified)
    }
  }
  return times
}

const dayMs = 86_400_000

/**
 * Times some weeks ago (recent enough for servers that list older files by the day): one whose rest is below a half at every precision there is, from
 * microseconds to days, one whose rest is above, and one near an odd second, because the first two are rounded to even ones.
 */
function probeTimes(now: number): readonly number[] {
  const day = Math.floor(now / dayMs) * dayMs - 40 * dayMs
  const at = (hours: number, minutes: number, seconds: number, ms: number): number => day + ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms
  return [at(5, 11, 14, 213.213), at(18, 47, 47, 787.787), at(9, 23, 31, 413.413)]
}

/** Milliseconds, from fine to coarse: what file systems, protocols and listings have. */
const precisions = [0.001, 0.01, 0.1, 1, 10, 100, 1000, 2000, 60_000, 3_600_000, dayMs]
/** A double holds times of today to a quarter of a microsecond. */
const exactMs = 0.0005
const zoneMs = 900_000

/**
 * What a store made of the times it was given.
 *
 * @returns `undefined` if it showed no time, or another one altogether
 */
export function describeTimes(given: readonly number[], shown: readonly (number | undefined)[]): KeptTime | undefined {
  const pairs: { readonly given: number; readonly shown: number }[] = []
  for (const [index, time] of given.entries()) {
    const seen = shown[index]
    if (seen === undefined) return undefined
    pairs.push({ given: time, shown: seen })
  }
  // First without a shift: among times of whole days a zone cannot be seen.
  for (const shiftMs of [0, shiftOf(pairs)]) {
    const found = shiftMs === undefined ? undefined : describeRounding(pairs.map(pair => ({ ...pair, shown: pair.shown - shiftMs })))
    if (shiftMs !== undefined && found !== undefined) return { ...found, shiftMs }
  }
  return undefined
}

interface Pair {
  readonly given: number
  readonly shown: number
}

/** Zones are whole quarters of an hour, and none is further than 14 hours from UTC; a clock that is wrong by more than a day is no zone. */
function shiftOf(pairs: readonly Pair[]): number | undefined {
  const [first, ...rest] = pairs.map(({ given, shown }) => Math.round((shown - given) / zoneMs) * zoneMs)
  return first !== undefined && Math.abs(first) <= dayMs && rest.every(shift => shift === first) ? first : undefined
}

function describeRounding(pairs: readonly Pair[]): Omit<KeptTime, 'shiftMs'> | undefined {
  if (pairs.every(({ given, shown }) => Math.abs(given - shown) < exactMs)) return { precisionMs: 0, rounding: 'exact' }
  // The coarsest that explains what is shown: a store of seconds also shows whole milliseconds.
  for (const precisionMs of precisions.toReversed()) {
    if (!pairs.every(({ shown }) => isMultiple(shown, precisionMs))) continue
    const explained = (['down', 'nearest', 'up'] as const).find(rounding => pairs.every(pair => explains(pair, precisionMs, rounding)))
    if (explained !== undefined) return { precisionMs, rounding: explained }
  }
  return undefined
}

/** How coarsely a store seems to show a time. */
function coarsenessOf(time: number): number {
  return precisions.findLast(precisionMs => precisionMs <= 60_000 && isMultiple(time, precisionMs)) ?? 0
}

function isMultiple(time: number, precisionMs: number): boolean {
  return Math.abs(time - Math.round(time / precisionMs) * precisionMs) < exactMs
}

function explains({ given, shown }: Pair, precisionMs: number, rounding: 'down' | 'nearest' | 'up'): boolean {
  const round = { down: Math.floor, nearest: Math.round, up: Math.ceil }[rounding]
  return Math.abs(round(given / precisionMs) * precisionMs - shown) < exactMs
}
