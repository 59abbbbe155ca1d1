import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeNotes, oneWay, twoWay } from './contenders.mjs'
import { measure, run, touchMemory } from './measure.mjs'
import { changeOnePercent, sourceOf, workloads } from './workloads.mjs'

/**
 * What every contender's run cost, round by round: `samples[scenario][contender][i]` was measured next to `samples[scenario][other][i]`.
 *
 * @typedef {Record<string, Record<string, import('./measure.mjs').Cost[]>>} Samples
 */

/** No-op runs are short, so each round has several. */
const noOpRepeats = 3

/**
 * @param {object} setting
 * @param {string} setting.name of the workload
 * @param {readonly string[]} setting.peers
 * @param {number} setting.rounds
 * @param {string} setting.directory
 * @param {import('./places.mjs').Places} setting.places
 * @param {boolean} [setting.bothWays]
 * @param {(line: string) => void} setting.say
 * @returns {Samples}
 */
export function runRounds({ name, peers, rounds, directory, places, bothWays = false, say }) {
  const workload = workloads[name]
  const all = bothWays ? twoWay : oneWay
  const names = [
    'syncline',
    ...(bothWays
      ? Object.keys(twoWay).filter(each => each !== 'syncline')
      : peers.filter(each => each in oneWay && (each !== 'unison' || workload.slowPeers === true))),
  ]
  const source = sourceOf(directory, name)
  readOnce(source)
  /** @type {Samples} */
  const samples = {}
  const record = (
    /** @type {string} */ scenario,
    /** @type {string} */ who,
    /** @type {readonly string[]} */ command,
    /** @type {string} */ notes,
  ) => {
    const cost = measure(command, all[who].env?.(notes))
    ;((samples[scenario] ??= {})[who] ??= []).push(cost)
    say(`${name} ${scenario.padEnd(8)} ${who.padEnd(14)} ${cost.wall.toFixed(3)} s wall  ${cost.cpu.toFixed(3)} s cpu  ${cost.memory.toFixed(0)} MiB`)
  }
  const shared = workload.noOpOnly === true ? copyOf(source, places, workload) : undefined
  const homes = new Map()
  for (let round = 0; round < rounds; round++) {
    for (const who of ordered(names, round)) {
      if (shared !== undefined && homes.has(who)) continue
      if (shared !== undefined && all[who].firstOnly) continue
      const notes = makeNotes(join(directory, 'notes', `${process.pid}-${name}-${round}-${who.replaceAll(' ', '-')}`))
      const destination = shared ?? places.open(workload)
      homes.set(who, { destination, notes })
      const { first = all[who].command } = all[who]
      if (shared === undefined) touchMemory(512 + workload.mib)
      record(shared === undefined ? 'first' : 'contact', who, first(source, destination, notes), notes)
      run(['sync', '-f', destination])
    }
    if (workload.firstOnly !== true) {
      const again = names.filter(who => all[who].firstOnly !== true)
      const runAll = (/** @type {string} */ scenario, /** @type {number} */ turn) => {
        for (const who of ordered(again, turn)) {
          const { destination, notes } = homes.get(who)
          record(scenario, who, all[who].command(source, destination, notes), notes)
        }
      }
      for (let repeat = 0; repeat < (shared === undefined ? noOpRepeats : 1); repeat++) runAll('no-op', round + repeat)
      if (shared === undefined) {
        changeOnePercent(source, round)
        runAll('changed', round)
      }
    }
    if (round === 0) checkSame(source, homes.get('syncline').destination)
    if (shared === undefined) {
      places.close()
      for (const { notes } of homes.values()) rmSync(notes, { recursive: true, force: true })
    }
  }
  places.close()
  for (const { notes } of homes.values()) rmSync(notes, { recursive: true, force: true })
  return samples
}

/**
 * The first to read a file has its access time written, and brings it into memory: that is nobody's to pay.
 *
 * @param {string} directory
 */
function readOnce(directory) {
  run(['find', directory, '-type', 'f', '-size', '+0', '-exec', 'sh', '-c', 'cat "$@" > /dev/null', 'sh', '{}', '+'])
}

/** A B C, then C B A: what drifts on the machine meets all alike. @param {readonly string[]} names @param {number} turn */
function ordered(names, turn) {
  return turn % 2 === 0 ? names : [...names].reverse()
}

/** @param {string} source @param {import('./places.mjs').Places} places @param {import('./workloads.mjs').Workload} workload */
function copyOf(source, places, workload) {
  const destination = places.open(workload)
  run(['cp', '-a', `${source}/.`, destination])
  run(['sync', '-f', destination])
  return destination
}

/**
 * A fast run that did not do its work is no result.
 *
 * @param {string} source
 * @param {string} destination
 */
function checkSame(source, destination) {
  run(['diff', '-r', '--no-dereference', source, destination])
  // Modes, times and kinds too. A directory's time moves with its content and is not synced.
  const differences = run([
    'rsync',
    '-ain',
    '--delete',
    '--omit-dir-times',
    '--omit-link-times',
    '--exclude=/.syncline-trash',
    `${source}/`,
    `${destination}/`,
  ])
  if (differences !== '') throw new Error(`the destination is not the same as the source:\n${differences.slice(0, 2000)}`)
}
