const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Bytes for people: `0 B`, `1023 B`, `1.5 KiB`, `812 MiB`. Three digits at most. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.5 would be printed as "1000": the next unit comes before that.
  while (unit < sizeUnits.length - 1 && value >= (unit === 0 ? 1024 : 999.5)) {
    value /= 1024
    unit++
  }
  const text = unit === 0 || value >= 99.95 ? Math.round(value).toString() : value.toFixed(1)
  return `${text} ${sizeUnits[unit]}`
}

/** Bytes per second for people. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`
}

/** A number with a comma between thousands. */
export function formatCount(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 file`, `3 files`. */
export function formatPlural(count: number, singular: string, plural: string = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}

/** A duration for people: `31 ms`, `1.4 s`, `12 s`, `4 m 02 s`, `1 h 03 m`. @param ms - milliseconds */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} m ${String(seconds % 60).padStart(2, '0')} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`
}

/** How long ago, in one unit: `just now`, `5 minutes ago`, `2 hours ago`, `3 days ago`. @param ms - milliseconds */
export function formatAgo(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${formatPlural(minutes, 'minute')} ago`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${formatPlural(hours, 'hour')} ago`
  return `${formatPlural(Math.floor(hours / 24), 'day')} ago`
}

/** A moment in UTC, to the second. @param ms - milliseconds since the Unix epoch */
export function formatMoment(ms: number): string {
  if (!(Math.abs(ms) <= 8.64e15)) return 'unknown time'
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** Permission bits as `ls` shows them, without the kind. */
export function formatMode(mode: number | undefined): string {
  if (mode === undefined) return '?????????'
  const letters = [...'rwxrwxrwx'].map((letter, bit) => ((mode >> (8 - bit)) & 1 ? letter : '-'))
  if (mode & 0o4000) letters[2] = letters[2] === 'x' ? 's' : 'S'
  if (mode & 0o2000) letters[5] = letters[5] === 'x' ? 's' : 'S'
  if (mode & 0o1000) letters[8] = letters[8] === 'x' ? 't' : 'T'
  return letters.join('')
}
