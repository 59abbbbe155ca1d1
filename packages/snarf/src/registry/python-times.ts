import { PyDate, PyDateTime } from './python-values.ts'
import type { Reduced } from './class-registry.ts'

const day = 86_400

/**
 * A time zone as Python's `pytz` knows them: UTC, a fixed offset, or a named zone with the offset that counted at the time in question. No table of zones
 * is needed to read one.
 */
export class PyTimeZone {
  /** `pytz.utc`. */
  static readonly utc: PyTimeZone = new PyTimeZone('pytz._UTC', [], 0)

  /** East of UTC. */
  readonly offsetSeconds: number
  /** Such as `Europe/Berlin`; absent for UTC and fixed offsets. */
  readonly name: string | undefined
  readonly #reduced: Reduced

  private constructor(callable: string, args: readonly unknown[], offsetSeconds: number, name?: string) {
    if (!Number.isInteger(offsetSeconds) || Math.abs(offsetSeconds) >= day)
      throw new TypeError(`the offset of a time zone is less than a day, in whole seconds; got ${offsetSeconds}`)
    this.offsetSeconds = offsetSeconds
    this.name = name
    this.#reduced = { callable, args }
    Object.freeze(this)
  }

  /** `pytz.FixedOffset`. @param minutes - east of UTC */
  static fixed(minutes: number): PyTimeZone {
    return minutes === 0 ? PyTimeZone.utc : new PyTimeZone('pytz.FixedOffset', [minutes], minutes * 60)
  }

  /**
   * A named zone.
   *
   * @param offsetSeconds - east of UTC, daylight saving included
   * @param daylightSeconds - how much of it is daylight saving
   * @param abbreviation - such as `CET`
   */
  static named(name: string, offsetSeconds: number, daylightSeconds: number, abbreviation: string): PyTimeZone {
    return new PyTimeZone('pytz._p', [name, offsetSeconds, daylightSeconds, abbreviation], offsetSeconds, name)
  }

  /** A zone of pytz whose offset never changes: `Etc/GMT-5` is five hours east of UTC. @throws TypeError for other names */
  static constant(name: string): PyTimeZone {
    const hours = /^Etc\/GMT([+-]\d{1,2})$/.exec(name)?.[1]
    if (hours === undefined) throw new TypeError(`the offset of the time zone ${JSON.stringify(name)} is not known; store UTC, or an offset`)
    return new PyTimeZone('pytz._p', [name], Number(hours) * -3600, name)
  }

  /** How Python makes it again. */
  reduce(): Reduced {
    return this.#reduced
  }
}

/** A Python `datetime.datetime` with a time zone. As a `Date` it is the moment itself. */
export class PyZonedDateTime extends PyDateTime {
  readonly zone: PyTimeZone

  /** @param milliseconds - of the moment since 1970 in UTC */
  constructor(milliseconds: number, microseconds: number, zone: PyTimeZone) {
    super(milliseconds, microseconds)
    this.zone = zone
  }
}

/** What `pytz._p` makes: a zone by its name, and by its offset if that changes. */
export function timeZoneOf(...args: readonly unknown[]): PyTimeZone {
  const [name, offset, daylight, abbreviation] = args.map(value => (typeof value === 'object' && value !== null ? value.valueOf() : value))
  if (typeof name === 'string' && args.length === 1) return PyTimeZone.constant(name)
  if (typeof name === 'string' && typeof offset === 'number' && typeof daylight === 'number' && typeof abbreviation === 'string')
    return PyTimeZone.named(name, offset, daylight, abbreviation)
  throw new TypeError('a time zone is made of a name, an offset, its daylight saving and an abbreviation')
}

/** The arguments of `datetime.date`: year (2 bytes), month, day. */
export function reduceDate({ year, month, day: dayOfMonth }: PyDate): Reduced {
  return { callable: 'datetime.date', args: [Uint8Array.of(year >> 8, year & 255, month, dayOfMonth)] }
}

export function toDate(bytes: Uint8Array): PyDate {
  const [high = 0, low = 0, month = 0, dayOfMonth = 0] = bytes
  if (bytes.length !== 4) throw new TypeError(`a date has 4 bytes, got ${bytes.length}`)
  return new PyDate(high * 256 + low, month, dayOfMonth)
}

/**
 * The arguments of `datetime.datetime`: year (2 bytes), month, day, hour, minute, second, microseconds (3 bytes) as the clock shows them, then the zone. A
 * `Date` without a zone is in UTC.
 */
export function reduceDateTime(moment: Date): Reduced {
  const zone = moment instanceof PyZonedDateTime ? moment.zone : undefined
  const date = new Date(moment.getTime() + (zone?.offsetSeconds ?? 0) * 1000)
  const year = date.getUTCFullYear()
  if (!(year >= 1 && year <= 9999))
    throw new TypeError(`a datetime lies in the years 1 to 9999, got ${Number.isNaN(year) ? 'an invalid date' : year}`)
  const micros = date.getUTCMilliseconds() * 1000 + (moment instanceof PyDateTime ? moment.microseconds : 0)
  const bytes = Uint8Array.of(
    year >> 8,
    year & 255,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    micros >> 16,
    (micros >> 8) & 255,
    micros & 255,
  )
  return { callable: 'datetime.datetime', args: zone === undefined ? [bytes] : [bytes, zone] }
}

/** @param zone - `undefined` for a time without one, which is taken as UTC */
export function toDateTime(bytes: Uint8Array, zone: unknown): Date {
  if (zone !== undefined && !(zone instanceof PyTimeZone))
    throw new TypeError('the time zone of a datetime is not known; those of pytz are, with an offset. Store UTC, or an offset')
  if (bytes.length !== 10) throw new TypeError(`a datetime has 10 bytes, got ${bytes.length}`)
  const [high = 0, low = 0, month = 0, dayOfMonth = 0, hour = 0, minute = 0, second = 0, m2 = 0, m1 = 0, m0 = 0] = bytes
  const { year } = new PyDate(high * 256 + low, month, dayOfMonth)
  const micros = m2 * 65536 + m1 * 256 + m0
  if (hour > 23 || minute > 59 || second > 59 || micros > 999_999)
    throw new TypeError(`no time of a day: ${hour}:${minute}:${second} and ${micros} microseconds`)
  const time = new Date(0)
  time.setUTCFullYear(year, month - 1, dayOfMonth)
  time.setUTCHours(hour, minute, second, Math.floor(micros / 1000))
  if (zone !== undefined) return new PyZonedDateTime(time.getTime() - zone.offsetSeconds * 1000, micros % 1000, zone)
  return micros % 1000 === 0 ? time : new PyDateTime(time.getTime(), micros % 1000)
}
