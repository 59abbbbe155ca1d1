import { formatBytes, formatDuration, formatRate } from '../terminal/format.ts'
import type { ProgressState } from './progress-model.ts'

/** Where a run is, in one line for a log. @param now - milliseconds since the Unix epoch */
export function progressLine(state: ProgressState, now: number): string {
  const moment = `${new Date(now).toISOString().slice(0, 19)}Z`
  if (state.phase === 'starting' || state.phase === 'scanning' || state.phase === 'planned') {
    return `${moment} ${state.phase} source=${state.source.entries} destination=${state.destination.entries}`
  }
  const { bytesDone, totalBytes, filesDone, totalFiles, bytesPerSecond, etaMs } = state.totals
  const share = totalBytes > 0 ? bytesDone / totalBytes : totalFiles > 0 ? filesDone / totalFiles : 0
  const facts = [
    `${Math.floor(share * 100)}%`,
    `${compact(formatBytes(bytesDone))}/${compact(formatBytes(totalBytes))}`,
    compact(formatRate(bytesPerSecond)),
    ...(etaMs === undefined ? [] : [`eta=${compact(formatDuration(etaMs))}`]),
    `done=${filesDone}`,
    `left=${Math.max(0, totalFiles - filesDone)}`,
    `retried=${state.retries}`,
    `failed=${state.failures}`,
    `conflicts=${state.conflicts}`,
  ]
  return `${moment} ${state.phase} ${facts.join(' ')}`
}

function compact(text: string): string {
  return text.replaceAll(' ', '')
}
