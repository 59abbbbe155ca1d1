import type { RawText } from '../stream/command.ts'

/** What the name of a snapshot tells. */
export interface SnapshotName {
  /** What it is a snapshot of, as the name says. A character per byte. */
  readonly series: RawText
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  /** From 1 for a second one of the same time; 0 for the first. */
  readonly counter: number
}

/** Bytes that a name may have. */
const longest = 255

/**
 * The name of a snapshot: `home.20261121T1030+0000`, in UTC; a second one of the same minute is `home.20261121T1030+0000_1`.
 *
 * @throws TypeError for a series that is no plain name, or too long, and for a time before the year 0 or after 9999
 */
export function snapshotName({ series, time, counter = 0 }: Omit<SnapshotName, 'counter'> & { readonly counter?: number }): RawText {
  const [, date = '', hours = '', minutes = ''] = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)/.exec(isoOf(time)) ?? []
  if (date === '') throw new TypeError(`${time} is no time that a snapshot can be named by`)
  const name = `${series}.${date.replaceAll('-', '')}T${hours}${minutes}+0000${counter === 0 ? '' : `_${counter}`}`
  if (series === '' || /[/\0\n]/.test(series))
    throw new TypeError(`${JSON.stringify(series)} cannot name snapshots: it must be one name, in one line`)
  if (name.length > longest) throw new TypeError(`"${name}" has ${name.length} bytes, and a name has ${longest} at most`)
  return name
}

function isoOf(time: number): string {
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : ''
}

/**
 * Reads a name back: ours, and those of btrbk (`home.20261121`, `home.20261121T1030`, `home.20261121T103000+0100`, with `_1` behind). Without a zone it is
 * UTC.
 *
 * @returns `undefined` for a name of another kind
 */
export function parseSnapshotName(name: RawText): SnapshotName | undefined {
  const parts = /^(.+)\.(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(?:([+-])(\d\d)(\d\d))?)?(?:_(\d{1,9}))?$/s.exec(name)
  if (parts === null) return undefined
  const [
    ,
    series = '',
    year,
    month,
    day,
    hours = '00',
    minutes = '00',
    seconds = '00',
    sign = '+',
    zoneHours = '00',
    zoneMinutes = '00',
    counter = '0',
  ] = parts
  const text = `${year}-${month}-${day}T${hours}:${minutes}:${seconds}`
  const local = Date.parse(`${text}Z`)
  // The 30th of February would be the 2nd of March.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(text) || Number(zoneMinutes) > 59) return undefined
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000
  return { series, time: sign === '-' ? local + offset : local - offset, counter: Number(counter) }
}
