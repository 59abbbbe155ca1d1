import { goals, memoryGoals } from './goals.mjs'
import { median } from './measure.mjs'
import { workloads } from './workloads.mjs'

const titles = /** @type {const} */ ({ first: 'first sync', 'no-op': 'no-op', changed: '1 % changed', contact: 'first contact of equal trees' })

/**
 * The results as Markdown.
 *
 * @param {Readonly<Record<string, import('./rounds.mjs').Samples>>} results by workload
 */
export function tablesOf(results) {
  const parts = []
  for (const [workload, samples] of Object.entries(results)) {
    parts.push(`### ${titleOf(workload)}\n`)
    for (const scenario of Object.keys(titles)) if (samples[scenario] !== undefined) parts.push(tableOf(workload, scenario, samples[scenario]))
  }
  return parts.join('\n')
}

/** @param {string} workload */
function titleOf(workload) {
  return workload === 'two-way' ? `Two-way, ${workloads.a.title}` : workloads[workload].title
}

/** @param {string} workload @param {string} scenario @param {import('./rounds.mjs').Samples[string]} samples */
function tableOf(workload, scenario, samples) {
  const ours = samples.syncline
  const rows = Object.entries(samples).map(([who, costs]) => {
    const cells = [
      who,
      three(costs.map(cost => cost.wall)),
      three(costs.map(cost => cost.cpu)),
      `${Math.round(Math.max(...costs.map(cost => cost.memory)))}`,
    ]
    if (who === 'syncline') return [...cells, '', '', '']
    const goal = goals.find(each => each.workload === workload && each.scenario === scenario && each.peer === who)
    const ratio = (/** @type {'wall' | 'cpu'} */ what) => median(costs.map((cost, i) => ours[i][what] / cost[what]))
    return [...cells, `${ratio('wall').toFixed(2)}x`, `${ratio('cpu').toFixed(2)}x`, goal === undefined ? '' : verdict(goal, ratio)]
  })
  const head = ['', 'wall s: min / median / max', 'processor s', 'peak MiB', 'syncline / it, wall', 'processor', 'goal']
  const memory = memoryGoals[`${workload} ${scenario}`]
  const note = memory === undefined ? '' : `\nMemory: ${verdictOf(Math.max(...ours.map(cost => cost.memory)), memory, ' MiB', 0)}.\n`
  return [
    `**${titles[/** @type {keyof typeof titles} */ (scenario)]}**, ${ours.length} runs each\n`,
    row(head),
    row(head.map(() => '---')),
    ...rows.map(row),
    note,
  ].join('\n')
}

/** @param {import('./goals.mjs').Goal} goal @param {(what: 'wall' | 'cpu') => number} ratio */
function verdict(goal, ratio) {
  const wall = verdictOf(ratio('wall'), goal.wall, 'x', 2)
  return goal.cpu === undefined ? wall : `${wall}; processor ${verdictOf(ratio('cpu'), goal.cpu, 'x', 2)}`
}

/** @param {number} value @param {number} limit @param {string} unit @param {number} digits */
function verdictOf(value, limit, unit, digits) {
  return `at most ${limit}${unit}: ${Number(value.toFixed(digits)) <= limit ? 'reached' : '**missed**'}`
}

/** @param {readonly number[]} values */
function three(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return [low, median(values), high].map(value => value.toFixed(value < 10 ? 2 : 1)).join(' / ')
}

/** @param {readonly string[]} cells */
function row(cells) {
  return `| ${cells.join(' | ')} |`
}
