import { UsageError } from '../usage-error.ts'

const units: Readonly<Record<string, number>> = {
  b: 1,
  k: 1024,
  kib: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
  t: 1024 ** 4,
  tib: 1024 ** 4,
  tb: 1000 ** 4,
}

/** Reads bytes as people write them: `500`, `20M`, `1.5GiB` (powers of 1024), `3MB` (powers of 1000). */
export function parseSize(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const unit = match?.[2] === '' ? 1 : units[match?.[2]?.toLowerCase() ?? '']
  if (match?.[1] === undefined || unit === undefined)
    throw new UsageError(`${option} ${JSON.stringify(text)} is no size`, 'Write it as 500K, 20M or 1.5G.')
  const bytes = Math.round(Number(match[1]) * unit)
  if (!Number.isSafeInteger(bytes)) throw new UsageError(`${option} ${text} is too large`)
  return bytes
}

/**
 * Reads bytes per second. The unit is required: rsync and rclone take a bare number as KiB, others as bytes.
 */
export function parseRate(text: string, option: string): number {
  if (/^\s*\d+(\.\d+)?\s*$/.test(text))
    throw new UsageError(`${option} ${text} has no unit`, `Write ${option} ${text.trim()}K, ${text.trim()}M or ${text.trim()}B.`)
  const rate = parseSize(text.replace(/\/s$/i, ''), option)
  if (rate === 0) throw new UsageError(`${option} must be more than 0`)
  return rate
}

/** Reads a whole number of at least `least`. */
export function parseCount(text: string, option: string, least: number): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < least) {
    throw new UsageError(`${option} ${JSON.stringify(text)} is no whole number of at least ${least}`)
  }
  return count
}

/** Reads the limit of deletions: a count, a share such as `25%`, or `unlimited`. */
export function parseDeleteLimit(text: string, option: string): number | { readonly share: number } {
  if (text === 'unlimited' || text === '100%') return Infinity
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (percent === null) return parseCount(text, option, 0)
  const share = Number(percent[1]) / 100
  if (share > 1) throw new UsageError(`${option} ${text} is more than everything`, 'Write unlimited to lift the limit.')
  return { share }
}

const ages: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000, y: 365 * 86_400_000 }

/**
 * Reads a moment: a date (`2026-11-20`, `2026-11-20T10:31Z`) or an age before now (`90m`, `36h`, `7d`, `2w`, `1y`).
 *
 * @param now - milliseconds since the Unix epoch
 * @returns milliseconds since the Unix epoch
 */
export function parseMoment(text: string, option: string, now: number): number {
  const age = /^(\d+(?:\.\d+)?)([smhdwy])$/.exec(text)
  const unit = ages[age?.[2] ?? '']
  if (age?.[1] !== undefined && unit !== undefined) return now - Number(age[1]) * unit
  const moment = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(moment))
    throw new UsageError(`${option} ${JSON.stringify(text)} is no date and no age`, 'Write it as 2026-11-20, 2026-11-20T10:31Z or 7d.')
  return moment
}
