import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What a task found. Tasks that count more than themselves write one as `.reports/<task>.json`, which turbo keeps with their result.
 *
 * @typedef {{ readonly name: string, readonly reason: string }} Note
 * @typedef {{ readonly name: string, readonly cached: boolean, readonly passed: number, readonly failed: readonly Note[], readonly skipped: readonly Note[] }} Report
 */

/** Tasks that make what others check. They count only where they fail. */
const preparing = new Set(['build', 'pack'])

/**
 * One report per task: its own, or by its exit code as one check.
 *
 * @param {readonly import('./turbo.mjs').TaskRun[]} tasks
 * @returns {readonly Report[]}
 */
export function readReports(tasks) {
  return tasks.flatMap(task => {
    const { name, cached, code } = task
    const file = join(task.folder, '.reports', `${task.task.replaceAll(':', '-')}.json`)
    if (code !== undefined && existsSync(file)) {
      const { passed, failed, skipped } = JSON.parse(readFileSync(file, 'utf8'))
      // A runner may fail without a failed test: an error outside of any, no test at all.
      const silent = code !== 0 && failed.length === 0 ? [{ name, reason: `exit code ${code}; its output is above` }] : []
      return [{ name, cached, passed, failed: [...failed, ...silent], skipped }]
    }
    if (code === 0) return preparing.has(task.task) ? [] : [{ name, cached, passed: 1, failed: [], skipped: [] }]
    const reason = code === undefined ? 'did not run, because something it needs failed' : `exit code ${code}; its output is above`
    return [{ name, cached, passed: 0, failed: [{ name, reason }], skipped: [] }]
  })
}

/**
 * A line per task, then every failure and everything skipped by its name.
 *
 * @param {readonly Report[]} reports
 */
export function tableOf(reports) {
  const width = Math.max(0, ...reports.map(report => report.name.length))
  const lines = [...reports].sort((a, b) => a.name.localeCompare(b.name, 'en')).map(report => lineOf(report, width))
  const skipped = reports.flatMap(report => bySameReason(report.skipped).map(line => `skipped  ${report.name}: ${line}`))
  const failed = reports.flatMap(report => report.failed.map(note => `FAILED   ${report.name}: ${note.name}: ${note.reason}`))
  return [...lines, ...skipped, ...failed].join('\n')
}

/**
 * A suite skips many tests for one reason, a storage that does not offer something for instance: they share a line. All names are in the report.
 *
 * @param {readonly Note[]} notes
 */
function bySameReason(notes) {
  /** @type {Map<string, string[]>} */
  const groups = new Map()
  for (const { name, reason } of notes) {
    const key = `${name.split(' > ', 1)[0]}\0${reason}`
    groups.set(key, [...(groups.get(key) ?? []), name])
  }
  return [...groups].map(([key, names]) => {
    const shown = names.slice(0, 2).join('; ')
    return `${shown}${names.length > 2 ? `; and ${names.length - 2} more` : ''}: ${key.split('\0')[1]}`
  })
}

/**
 * @param {Report} report
 * @param {number} width
 */
function lineOf({ name, cached, passed, failed, skipped }, width) {
  const counts = [`${passed} passed`]
  if (failed.length > 0) counts.push(`${failed.length} FAILED`)
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`)
  return `${name.padEnd(width)}  ${counts.join(', ')}${cached ? ' (cached)' : ''}`
}

/**
 * @param {readonly Report[]} reports
 * @param {boolean} failedOtherwise something failed that no report tells
 */
export function closingLine(reports, failedOtherwise) {
  const sum = (/** @type {(report: Report) => number} */ count) => reports.reduce((total, report) => total + count(report), 0)
  const failed = sum(report => report.failed.length) + (failedOtherwise ? 1 : 0)
  return `${sum(report => report.passed)} passed, ${failed} failed, ${sum(report => report.skipped.length)} skipped`
}
