import { median } from '../measure.mjs'
import { cases } from './cases.mjs'

const titles = /** @type {const} */ ({ first: 'first sync', 'no-op': 'no-op', list: 'listing' })

/**
 * The results as Markdown.
 *
 * @param {Readonly<Record<string, import('./rounds.mjs').Result>>} results by case
 */
export function remoteTables(results) {
  const parts = []
  for (const [name, { samples, requests }] of Object.entries(results)) {
    parts.push(`### ${cases[name].title}\n`)
    for (const scenario of /** @type {(keyof typeof titles)[]} */ (Object.keys(titles))) {
      if (samples[scenario] !== undefined) parts.push(tableOf(cases[name], scenario, samples[scenario], requests))
    }
  }
  return parts.join('\n')
}

/**
 * @param {import('./cases.mjs').Case} what
 * @param {keyof typeof titles} scenario
 * @param {Record<string, import('../measure.mjs').Cost[]>} samples
 * @param {Record<string, number>} requests
 */
function tableOf(what, scenario, samples, requests) {
  const ours = samples.syncline
  const counted = scenario === 'no-op' && Object.keys(requests).length > 0
  const rows = Object.entries(samples).map(([who, costs]) => [
    who,
    three(costs.map(cost => cost.wall)),
    three(costs.map(cost => cost.cpu)),
    String(Math.round(Math.max(...costs.map(cost => cost.memory)))),
    ...(counted ? [String(requests[who] ?? '')] : []),
    ...comparison(what, scenario, who, costs, ours),
  ])
  const head = [
    '',
    'wall s: min / median / max',
    'processor s',
    'peak MiB',
    ...(counted ? ['requests'] : []),
    'syncline / it, wall',
    'processor',
    'goal',
  ]
  return [
    `**${titles[scenario]}**, ${Math.max(...Object.values(samples).map(costs => costs.length))} runs each\n`,
    row(head),
    row(head.map(() => '---')),
    ...rows.map(row),
    notes(what, scenario, ours, counted ? requests.syncline : undefined),
  ].join('\n')
}

/**
 * @param {import('./cases.mjs').Case} what
 * @param {string} scenario
 * @param {string} who
 * @param {readonly import('../measure.mjs').Cost[]} costs
 * @param {readonly import('../measure.mjs').Cost[] | undefined} ours
 */
function comparison(what, scenario, who, costs, ours) {
  if (who === 'syncline' || ours === undefined) return ['', '', '']
  const ratio = (/** @type {'wall' | 'cpu'} */ of) => median(costs.map((cost, i) => ours[i][of] / cost[of]))
  const goal = what.goals?.[scenario]?.[who]
  const wall = goal === undefined ? '' : verdict(ratio('wall'), goal.wall, 'x', 2)
  const processor = goal?.cpu === undefined ? '' : `; processor ${verdict(ratio('cpu'), goal.cpu, 'x', 2)}`
  return [`${ratio('wall').toFixed(2)}x`, `${ratio('cpu').toFixed(2)}x`, `${wall}${processor}`]
}

/**
 * @param {import('./cases.mjs').Case} what
 * @param {string} scenario
 * @param {readonly import('../measure.mjs').Cost[] | undefined} ours
 * @param {number | undefined} requests
 */
function notes(what, scenario, ours, requests) {
  const lines = []
  if (scenario === 'list' && what.memory !== undefined && ours !== undefined)
    lines.push(`Memory: ${verdict(Math.max(...ours.map(cost => cost.memory)), what.memory, ' MiB', 0)}.`)
  if (what.requests !== undefined && requests !== undefined) lines.push(`Requests: ${verdict(requests, what.requests, '', 0)}.`)
  return lines.length === 0 ? '' : `\n${lines.join(' ')}\n`
}

/** @param {number} value @param {number} limit @param {string} unit @param {number} digits */
function verdict(value, limit, unit, digits) {
  return `at most ${limit}${unit}: ${Number(value.toFixed(digits)) <= limit ? 'reached' : '**missed**'}`
}

/** @param {readonly number[]} values */
function three(values) {
  return [Math.min(...values), median(values), Math.max(...values)].map(value => value.toFixed(value < 10 ? 2 : 1)).join(' / ')
}

/** @param {readonly string[]} cells */
function row(cells) {
  return `| ${cells.join(' | ')} |`
}
