import { command } from './contenders.mjs'
import { measure, median } from './measure.mjs'

/** @type {Readonly<Record<string, readonly string[]>>} */
const commands = { 'node -e 0': ['-e', '0'], 'syncline --help': [command, '--help'], 'syncline sync --help': [command, 'sync', '--help'] }

/**
 * How long the command takes to start.
 *
 * @param {number} rounds
 * @returns {Record<string, number>} median milliseconds
 */
export function measureStart(rounds) {
  /** @type {Record<string, number[]>} */
  const times = {}
  for (let round = 0; round < rounds * 5; round++) {
    for (const [name, args] of Object.entries(commands)) (times[name] ??= []).push(measure([process.execPath, ...args]).wall * 1000)
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]))
}

/** @param {Readonly<Record<string, number>>} start */
export function startTable(start) {
  const rows = Object.entries(start).map(([name, ms]) => `| \`${name}\` | ${ms.toFixed(0)} ms |`)
  const help = start['syncline --help'] <= 150 ? 'reached' : '**missed**'
  return `### Start\n\n| | median |\n| --- | --- |\n${rows.join('\n')}\n\nGoal: help in at most 150 ms: ${help}.\n\n`
}
