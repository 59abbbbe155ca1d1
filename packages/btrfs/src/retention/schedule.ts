import { daysOfWeek, type RetentionPolicy, type Unit } from './policy.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Which hour, day, week, month and year a time belongs to, as numbers that grow by one with each. */
type Periods = Readonly<Record<Unit, number>>

/**
 * Places a time in the calendar of a policy, in UTC.
 *
 * A day begins at `hourOfDay`, and a week on `dayOfWeek`; a month and a year have the days that begin in them.
 *
 * @param time - milliseconds since the Unix epoch
 */
function periodsOf(time: number, { hourOfDay = 0, dayOfWeek = 'sunday' }: RetentionPolicy): Periods {
  const day = Math.floor((time - hourOfDay * hourMs) / dayMs)
  // The first day of the epoch was a Thursday.
  const week = Math.floor((day + 4 - daysOfWeek.indexOf(dayOfWeek)) / 7)
  const date = new Date(day * dayMs)
  return { h: Math.floor(time / hourMs), d: day, w: week, m: date.getUTCFullYear() * 12 + date.getUTCMonth(), y: date.getUTCFullYear() }
}

/** Something that a schedule applies to. */
export interface Scheduled {
  /** Milliseconds since the Unix epoch. */
  readonly time: number
}

const kinds: readonly (readonly [unit: Unit, field: 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly', word: string])[] = [
  ['h', 'hourly', 'hour'],
  ['d', 'daily', 'day'],
  ['w', 'weekly', 'week'],
  ['m', 'monthly', 'month'],
  ['y', 'yearly', 'year'],
]

/**
 * Tells what a policy keeps, and why: btrbk's algebra. The first item of an hour stands for it, the first of a day for the day, and of a week for the week;
 * the first weekly one of a month stands for the month, and the first monthly one of a year for the year. Each is kept while its period is no more than
 * the given number back; a period that is not over counts as well.
 *
 * @param items - of one series, in the order of their time
 * @returns reasons for what is kept; what is not in it is not kept
 */
export function applySchedule<I extends Scheduled>(items: readonly I[], policy: RetentionPolicy, now: number): ReadonlyMap<I, readonly string[]> {
  const kept = new Map<I, string[]>()
  const keep = (item: I, reason: string): void => void kept.set(item, [...(kept.get(item) ?? []), reason])
  const current = periodsOf(now, policy)
  const { minimum = 'all' } = policy
  const latest = items[items.length - 1]
  if (latest !== undefined) keep(latest, 'it is the latest')
  for (const item of items) {
    if (minimum === 'all') keep(item, 'everything is kept')
    else if (item.time > now) keep(item, 'its time is in the future')
    else if (minimum !== 'latest' && current[minimum.unit] - periodsOf(item.time, policy)[minimum.unit] <= minimum.count)
      keep(item, `it is younger than ${minimum.count}${minimum.unit}`)
  }
  let candidates: readonly I[] = items
  for (const [unit, field, word] of kinds) {
    const firsts = new Map<number, I>()
    for (const item of candidates) {
      const period = periodsOf(item.time, policy)[unit]
      if (!firsts.has(period)) firsts.set(period, item)
    }
    candidates = [...firsts.values()]
    const count = policy[field] ?? 0
    if (count === 0) continue
    for (const [period, item] of firsts) if (current[unit] - period <= count) keep(item, `it is the first of its ${word}`)
  }
  return kept
}
