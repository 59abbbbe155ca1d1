/** Milliseconds since the Unix epoch of "20261121142443" or "20261121142443.123", read as UTC; `undefined` for anything else. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,3})\d*)?$/.exec(text.trim())
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second) + Number((match[7] ?? '0').padEnd(3, '0'))
}

/** A time as MFMT, MDTM and SITE UTIME take it, in UTC, cut to the second. */
export function formatTime(ms: number): string {
  const iso = new Date(Math.floor(ms / 1000) * 1000).toISOString()
  return iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10) + iso.slice(11, 13) + iso.slice(14, 16) + iso.slice(17, 19)
}

/** Whether FTP can say a time: four digits of a year. */
export function isSayable(ms: number): boolean {
  return ms >= Date.UTC(1970, 0, 1) && ms < Date.UTC(10_000, 0, 1)
}

/** A time of a LIST line, in the server's zone, and how finely it is shown. */
export interface ListTime {
  /** As if it were UTC. */
  readonly local: number
  /** Milliseconds: a minute, or a day. */
  readonly precision: number
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/**
 * The time in "Nov 21 14:24", "Nov 21 2025", "21 Nov 2025", "2026-11-21 14:24" or "11-21-26 02:24PM".
 *
 * @param nowLocal - the server's clock in its own zone: a time without a year is of the last twelve months
 */
export function parseListTime(text: string, nowLocal: number): ListTime | undefined {
  const parts = text.trim().toLowerCase().split(/\s+/)
  const [first = '', second = '', third = ''] = parts
  const iso = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(first)
  if (iso !== null) return withClock(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]), second)
  const dos = /^(\d{1,2})-(\d{1,2})-(\d{2}|\d{4})$/.exec(first)
  if (dos !== null) {
    const year = Number(dos[3])
    return withClock(year < 70 ? 2000 + year : year < 100 ? 1900 + year : year, Number(dos[1]) - 1, Number(dos[2]), second)
  }
  const monthFirst = months.indexOf(first.slice(0, 3))
  const month = monthFirst === -1 ? months.indexOf(second.slice(0, 3)) : monthFirst
  const day = Number(monthFirst === -1 ? first : second)
  if (month === -1 || !Number.isInteger(day) || day < 1 || day > 31) return undefined
  if (/^\d{4}$/.test(third)) return yearTime(Number(third), month, day)
  const year = new Date(nowLocal).getUTCFullYear()
  const thisYear = withClock(year, month, day, third)
  if (thisYear === undefined) return undefined
  return isAhead(thisYear.local, nowLocal) ? withClock(year - 1, month, day, third) : thisYear
}

/** 0 for "Jan", or "jan". */
export function monthNumber(name: string): number {
  return months.indexOf(name.toLowerCase())
}

/** The time in "Nov 21 14:24", taken apart already. */
export function clockTime(month: number, day: number, hour: number, minute: number, nowLocal: number): ListTime | undefined {
  if (day < 1 || day > 31 || hour > 23 || minute > 59) return undefined
  const year = new Date(nowLocal).getUTCFullYear()
  const local = Date.UTC(year, month, day, hour, minute)
  return { local: isAhead(local, nowLocal) ? Date.UTC(year - 1, month, day, hour, minute) : local, precision: minuteMs }
}

/** The time in "Nov 21 2025", taken apart already. */
export function yearTime(year: number, month: number, day: number): ListTime | undefined {
  return day < 1 || day > 31 ? undefined : { local: Date.UTC(year, month, day), precision: dayMs }
}

/** Clocks differ, so a day ahead may be now. */
function isAhead(local: number, nowLocal: number): boolean {
  return local > nowLocal + dayMs
}

/** "14:24", "02:24pm", or nothing. */
function withClock(year: number, month: number, day: number, clock: string): ListTime | undefined {
  if (month < 0 || month > 11 || day < 1 || day > 31) return undefined
  if (clock === '') return { local: Date.UTC(year, month, day), precision: dayMs }
  const match = /^(\d{1,2}):(\d\d)(?::(\d\d))?(am|pm)?$/.exec(clock)
  if (match === null) return undefined
  const twelve = match[4] !== undefined
  const hour = twelve ? (Number(match[1]) % 12) + (match[4] === 'pm' ? 12 : 0) : Number(match[1])
  if (hour > 23 || Number(match[2]) > 59) return undefined
  const seconds = match[3] === undefined ? undefined : Number(match[3])
  return { local: Date.UTC(year, month, day, hour, Number(match[2]), seconds ?? 0), precision: seconds === undefined ? minuteMs : 1000 }
}
