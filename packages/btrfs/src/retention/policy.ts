/** How long what is kept, as units of the calendar. */
export interface RetentionPolicy {
  /** Everything younger is kept; `all` everything, `latest` only the latest. Default `all`: nothing is deleted. */
  readonly minimum?: 'all' | 'latest' | Span | undefined
  /** The first of each hour, day, …, this many back; `Infinity` for all. */
  readonly hourly?: number | undefined
  readonly daily?: number | undefined
  readonly weekly?: number | undefined
  readonly monthly?: number | undefined
  readonly yearly?: number | undefined
  /** When a day begins, 0 to 23, UTC; default 0. */
  readonly hourOfDay?: number | undefined
  /** When a week begins; default `sunday`. */
  readonly dayOfWeek?: DayOfWeek | undefined
}

/** A number of units. */
export interface Span {
  readonly count: number
  readonly unit: Unit
}

/** Hours, days, weeks, months, years. */
export type Unit = 'h' | 'd' | 'w' | 'm' | 'y'

/** In the order of their numbers, from 0. */
export const daysOfWeek = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/** A day on which a week may begin. */
export type DayOfWeek = (typeof daysOfWeek)[number]

const fields = { h: 'hourly', d: 'daily', w: 'weekly', m: 'monthly', y: 'yearly' } as const

/**
 * Reads a policy as btrbk writes one.
 *
 * @param minimum - `all`, `latest`, `no`, or a number and `h`, `d`, `w`, `m` or `y`
 * @param schedule - some of `24h 14d 8w 6m 2y`, each a number or `*` for all; `no` for none
 * @throws TypeError that says what is wrong
 * @example
 * parsePolicy('2d', '14d 8w *m')
 */
export function parsePolicy(minimum: string, schedule = 'no'): RetentionPolicy {
  const policy: { -readonly [F in (typeof fields)[Unit]]?: number } = {}
  for (const word of schedule === 'no' ? [] : schedule.split(/[ ,]+/).filter(part => part !== '')) {
    const [, count = '', unit = ''] = /^(\d+|\*)([hdwmy])$/.exec(word) ?? []
    if (unit === '') throw new TypeError(`"${word}" is no part of a schedule: write a number or *, and h, d, w, m or y, as in "14d 8w *m"`)
    const field = fields[unit as Unit]
    if (field in policy) throw new TypeError(`"${schedule}" has two numbers for ${field}`)
    policy[field] = count === '*' ? Infinity : Number(count)
  }
  return { minimum: parseMinimum(minimum), ...policy }
}

function parseMinimum(text: string): NonNullable<RetentionPolicy['minimum']> {
  if (text === 'all' || text === 'latest') return text
  if (text === 'no') return 'latest'
  const [, count = '', unit = ''] = /^(\d+)([hdwmy])$/.exec(text) ?? []
  if (unit === '') throw new TypeError(`"${text}" is no minimum: write "all", "latest", "no", or a number and h, d, w, m or y, as in "2d"`)
  return { count: Number(count), unit: unit as Unit }
}
