import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeNotes } from '../contenders.mjs'
import { measure, run, touchMemory } from '../measure.mjs'
import { contenders, makeBucket, prepareHome, rcloneRemote, remotePath } from './contenders.mjs'
import { openLine } from './line.mjs'
import { sourceOf } from './sources.mjs'

/**
 * @typedef {object} Result
 * @property {Record<string, Record<string, import('../measure.mjs').Cost[]>>} samples by scenario and contender
 * @property {Record<string, number>} requests of a no-op, by contender; only where they were counted
 */

/**
 * Measures one case, contenders in turn.
 *
 * @param {object} setting
 * @param {string} setting.name
 * @param {import('./cases.mjs').Case} setting.what
 * @param {any} setting.details of the server
 * @param {number} setting.rounds
 * @param {readonly string[]} setting.without contenders that are left out
 * @param {string} setting.directory
 * @param {string} setting.command
 * @param {(line: string) => void} setting.say
 * @returns {Promise<Result>}
 */
export async function runCase({ name, what, details, rounds, without, directory, command, say }) {
  const direct = addressOf(what.service, details)
  const line =
    what.roundTripMs === undefined ? undefined : await openLine({ ...direct, roundTripMs: what.roundTripMs, passivePorts: details.passivePorts })
  const home = join(directory, 'remote-home')
  prepareHome(home, details, [direct, ...(line === undefined ? [] : [line])])
  /** @type {import('./contenders.mjs').Server} */
  const server = { service: what.service, ...direct, ...(line !== undefined && { host: line.host, port: line.port }), details, home, command }
  if (what.service === 's3') makeBucket(server)
  const names = ['syncline', ...what.peers].filter(who => !without.includes(who))
  /** @type {Result} */
  const result = { samples: {}, requests: {} }
  const record = (
    /** @type {string} */ scenario,
    /** @type {string} */ who,
    /** @type {readonly string[]} */ command,
    /** @type {string} */ notes,
  ) => {
    const cost = measure(command, contenders[who].env?.(server, notes))
    ;((result.samples[scenario] ??= {})[who] ??= []).push(cost)
    say(`${name} ${scenario.padEnd(6)} ${who.padEnd(26)} ${cost.wall.toFixed(2)} s wall  ${cost.cpu.toFixed(2)} s cpu  ${cost.memory.toFixed(0)} MiB`)
  }
  try {
    if (what.listOnly === true) runListings({ name, what, server, rounds, names, directory, record })
    else await runSyncs({ name, what, server, direct, rounds, names, directory, record, result })
  } finally {
    await line?.close()
  }
  return result
}

/** @param {any} setting */
async function runSyncs({ name, what, server, direct, rounds, names, directory, record, result }) {
  const source = sourceOf(directory, what)
  run(['find', source, '-type', 'f', '-exec', 'sh', '-c', 'cat "$@" > /dev/null', 'sh', '{}', '+'])
  const stamp = `${name}-${process.pid}`
  const shared = what.direction === 'down' ? remotePath(server, `${stamp}-source`) : undefined
  if (shared !== undefined) provide(server, source, `${stamp}-source`)
  const scratch = join(directory, 'remote-scratch')
  rmSync(scratch, { recursive: true, force: true })
  try {
    for (let round = 0; round < rounds; round++) {
      const turn = (/** @type {readonly string[]} */ all) => (round % 2 === 0 ? all : [...all].reverse())
      const homes = new Map()
      for (const who of turn(names)) {
        const id = `${stamp}-${round}-${who.replaceAll(' ', '-')}`
        const notes = makeNotes(join(scratch, id))
        const place = { notes, remote: shared ?? remotePath(server, id), local: shared === undefined ? source : join(scratch, `${id}-tree`) }
        if (shared !== undefined) mkdirSync(place.local)
        homes.set(who, place)
        touchMemory(512)
        const { up, down = up } = contenders[who]
        record('first', who, (shared === undefined ? up : down)(server, place.local, place.remote, notes), notes)
        if (round === 0 && who === 'syncline') checkSame(server, source, place, shared !== undefined, scratch)
      }
      if (what.firstOnly === true) {
        for (const { remote, local } of homes.values()) discard(server, remote, local, shared !== undefined)
        continue
      }
      const again = names.filter((/** @type {string} */ who) => contenders[who].firstOnly !== true)
      for (let repeat = 0; repeat < (what.roundTripMs === undefined ? 3 : 1); repeat++) {
        for (const who of turn(again)) {
          const { local, remote, notes } = homes.get(who)
          record('no-op', who, contenders[who].up(server, local, remote, notes), notes)
        }
      }
      if (round === 0 && what.service === 's3') {
        const counter = await openLine({ ...direct, roundTripMs: 0 })
        for (const who of again) {
          const { local, remote, notes } = homes.get(who)
          // The state of a pair belongs to a place, and the line is another one: one run to learn it.
          const counted = { ...server, host: counter.host, port: counter.port }
          const once = () => run(contenders[who].up(counted, local, remote, notes), contenders[who].env?.(counted, notes))
          if (who === 'syncline') once()
          counter.takeCount()
          once()
          result.requests[who] = counter.takeCount()
        }
        await counter.close()
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** @param {any} setting */
function runListings({ name, what, server, rounds, names, directory, record }) {
  const id = `${name}-${process.pid}`
  const source = sourceOf(directory, what)
  provide(server, source, id)
  const notes = makeNotes(join(directory, 'remote-scratch', id))
  for (let round = 0; round < rounds; round++) {
    for (const who of round % 2 === 0 ? names : [...names].reverse())
      record('list', who, contenders[who].list?.(server, remotePath(server, id)) ?? [], notes)
  }
}

/** Makes room: what was big and is not needed again. @param {import('./contenders.mjs').Server} server @param {string} remote @param {string} local @param {boolean} down */
function discard(server, remote, local, down) {
  if (down) rmSync(local, { recursive: true })
  else if (server.service === 's3') run(['rclone', 'purge', `r:${remote}`], rcloneRemote(server))
  else rmSync(server.service === 'sshd' ? remote : join(server.details.root, remote), { recursive: true })
}

/** Puts a tree on the server without any of the contenders, where its disk is ours. @param {import('./contenders.mjs').Server} server @param {string} source @param {string} id */
function provide(server, source, id) {
  if (server.service === 's3') {
    run(['rclone', 'copy', '--transfers', '32', '--s3-no-head', source, `r:${remotePath(server, id)}`], rcloneRemote(server))
    return
  }
  const { root, uid, gid } = server.details
  run(['cp', '-a', source, join(root, id)])
  run(['chown', '-R', `${uid}:${gid}`, join(root, id)])
}

/**
 * A fast run that did not do its work is no result.
 *
 * @param {import('./contenders.mjs').Server} server
 * @param {string} source
 * @param {{ readonly remote: string, readonly local: string }} place
 * @param {boolean} down
 * @param {string} scratch
 */
function checkSame(server, source, { remote, local }, down, scratch) {
  if (down) return void run(['diff', '-r', source, local])
  if (server.service === 'sshd') return void run(['diff', '-r', source, remote])
  if (server.service === 'vsftpd') return void run(['diff', '-r', source, join(server.details.root, remote)])
  const copy = join(scratch, 'copy')
  run(['rclone', 'copy', '--transfers', '16', `r:${remote}`, copy], rcloneRemote(server))
  run(['diff', '-r', source, copy])
  rmSync(copy, { recursive: true })
}

/** @param {string} service @param {any} details */
function addressOf(service, details) {
  if (service !== 's3') return { host: details.host, port: details.port }
  const { hostname, port } = new URL(details.endpoint)
  return { host: hostname, port: Number(port) }
}
