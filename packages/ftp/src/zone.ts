import { joinPath, type Path } from '@syncline/core'
import type { Connection } from './connection.ts'
import type { Known } from './known.ts'
import type { Listed } from './listing.ts'
import type { Remote } from './remote.ts'
import { isPositive, type Reply } from './reply.ts'
import { type ListTime, parseTime } from './time.ts'

const quarterMs = 15 * 60_000
const minuteMs = 60_000
const widestZoneMs = 14 * 60 * minuteMs

/**
 * Learns the zone of LIST from files that are there: MDTM tells the time of one of them exactly. One request for each month that is new, because
 * summer time changes the zone, and none for what was learned before.
 */
export async function learnZones(remote: Remote, connection: Connection, path: Path, items: readonly Listed[]): Promise<void> {
  const { known } = remote
  if (!known.features.has('MDTM')) return
  const samples = new Map<string, Listed>()
  for (const item of items) {
    const { kind, shown, name } = item
    if (kind !== 'file' || shown === undefined || shown.precision > minuteMs || /[\r\n]/.test(name)) continue
    const month = monthOf(shown)
    if (known.listZones[month] === undefined) samples.set(month, item)
  }
  if (samples.size === 0) return
  const chosen = [...samples]
  const replies = await connection.ask(...chosen.map(([, item]) => `MDTM ${remote.at(joinPath(path, item.name))}`))
  for (const [i, [month, { shown }]] of chosen.entries()) {
    const reply = replies[i] as Reply
    const exact = isPositive(reply) ? parseTime(reply.text) : undefined
    if (exact === undefined || shown === undefined) continue
    const zone = zoneBetween(shown.local, Math.floor((exact + (known.zoneMs ?? 0)) / minuteMs) * minuteMs)
    // A file that changes right now says nothing about the zone.
    if (zone !== undefined) known.listZones = { ...known.listZones, [month]: zone }
  }
}

/** What to add to a time of LIST to get UTC, as far as it is known. */
export function zoneOf(known: Known, shown: ListTime): number {
  return known.listZones[monthOf(shown)] ?? known.zoneMs ?? 0
}

/** The zone that lies between a local time and UTC; `undefined` if it is no zone of the world. */
export function zoneBetween(local: number, utc: number, toleranceMs: number = minuteMs): number | undefined {
  const apart = utc - local
  const zone = Math.round(apart / quarterMs) * quarterMs
  return Math.abs(apart - zone) <= toleranceMs && Math.abs(zone) <= widestZoneMs ? zone : undefined
}

function monthOf({ local }: ListTime): string {
  if (local >= lastMonth.from && local < lastMonth.to) return lastMonth.name
  const date = new Date(local)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  lastMonth = { from: Date.UTC(year, month), to: Date.UTC(year, month + 1), name: date.toISOString().slice(0, 7) }
  return lastMonth.name
}

/** Files that lie together are often of one time, and to write a date out takes longer than to read its line. */
let lastMonth = { from: 0, to: 0, name: '' }
