import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { environment, lastLines } from './commands.mjs'

/** @typedef {import('./types.d.mts').Place} Place */

/**
 * What identifies a process: numbers are used again within minutes, so the number alone proves nothing.
 *
 * @typedef {{ readonly pid: number, readonly started: string, readonly boot: string, readonly program: string }} Identity
 */

/**
 * Starts a server in the background, as the leader of a session of its own. It must stay in the foreground itself.
 *
 * @param {Place} place
 * @param {string} name
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: Readonly<Record<string, string>> }} [options]
 */
export async function startDaemon(place, name, command, args, { cwd = '/', env = {} } = {}) {
  mkdirSync(join(place.data, 'run'), { recursive: true })
  mkdirSync(join(place.data, 'log'), { recursive: true })
  const log = openSync(logFile(place, name), 'a', 0o600)
  try {
    const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', log, log], env: { ...environment, ...env, ...place.options.env } })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.unref()
    const identity = identify(/** @type {number} */ (child.pid), basename(command))
    if (identity === undefined) throw new Error(`${name} ended at once: ${logged(place, name)}`)
    writeFileSync(pidFile(place, name), JSON.stringify(identity))
  } finally {
    closeSync(log)
  }
}

/**
 * The process of a server, if it runs and is the one that was started.
 *
 * @param {Place} place
 * @param {string} name
 * @returns {number | undefined}
 */
export function daemonPid(place, name) {
  const identity = readIdentity(pidFile(place, name))
  return identity !== undefined && isAlive(identity) ? identity.pid : undefined
}

/**
 * Ends a server and everything it started, and resolves when all are gone.
 *
 * @param {Place} place
 * @param {string} name
 */
export async function killDaemon(place, name) {
  const pid = daemonPid(place, name)
  if (pid !== undefined) {
    // Stopped first, so that it starts no further session while its sessions are looked for.
    signal(pid, 'SIGSTOP')
    const family = descendants(pid).flatMap(member => identify(member) ?? [])
    signal(pid, 'SIGKILL')
    for (const member of family) if (isAlive(member)) signal(member.pid, 'SIGKILL')
    const deadline = Date.now() + 10_000
    while (daemonPid(place, name) !== undefined || family.some(isAlive)) {
      if (Date.now() > deadline) throw new Error(`${name} (process ${pid}) does not end`)
      await sleep(5)
    }
  }
  rmSync(pidFile(place, name), { force: true })
}

/**
 * The last lines of what a server wrote.
 *
 * @param {Place} place
 * @param {string} name
 */
export function logged(place, name) {
  try {
    return lastLines(readFileSync(logFile(place, name), 'utf8')) || 'it said nothing'
  } catch {
    return 'it has no log'
  }
}

/**
 * @param {Place} place
 * @param {string} name
 */
function logFile(place, name) {
  return join(place.data, 'log', `${name}.log`)
}

/**
 * @param {Place} place
 * @param {string} name
 */
function pidFile(place, name) {
  return join(place.data, 'run', `${name}.json`)
}

/**
 * @param {number} pid
 * @param {string} [program] what must be in its command line; its present name if not given
 * @returns {Identity | undefined}
 */
export function identify(pid, program) {
  const status = statusOf(pid)
  return status === undefined ? undefined : { pid, started: status.started, boot: bootId(), program: program ?? status.name }
}

/** @param {Identity} identity */
export function isAlive({ pid, started, boot, program }) {
  const status = statusOf(pid)
  if (status === undefined || isOver(pid, status.state) || status.started !== started || boot !== bootId()) return false
  return status.name === program || commandLine(pid).includes(program) || status.state === 'Z'
}

/**
 * @param {string} file
 * @returns {Identity | undefined}
 */
export function readIdentity(file) {
  try {
    const { pid, started, boot, program } = JSON.parse(readFileSync(file, 'utf8'))
    return Number.isInteger(pid) && pid > 1 && typeof program === 'string' ? { pid, started, boot, program } : undefined
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function statusOf(pid) {
  const text = readProc(`${pid}/stat`)
  // "PID (NAME) STATE PPID …": the name may hold spaces and parentheses.
  const end = text.lastIndexOf(')')
  if (end < 0) return undefined
  const fields = text.slice(end + 2).split(' ')
  return { name: text.slice(text.indexOf('(') + 1, end), state: fields[0], parent: Number(fields[1]), started: fields[19] ?? '' }
}

/**
 * Whether a process has ended and only waits for its parent to notice. One with threads counts as over when the last has ended: until then its ports
 * are open.
 *
 * @param {number} pid
 * @param {string | undefined} state
 */
function isOver(pid, state) {
  try {
    return state === 'Z' && readdirSync(`/proc/${pid}/task`).length <= 1
  } catch {
    return true
  }
}

/** @param {number} pid */
function commandLine(pid) {
  return readProc(`${pid}/cmdline`).replaceAll('\0', ' ')
}

function bootId() {
  return readProc('sys/kernel/random/boot_id').trim()
}

/** @param {string} name */
function readProc(name) {
  try {
    return readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    return ''
  }
}

/**
 * @param {number} ancestor
 * @returns {number[]}
 */
function descendants(ancestor) {
  /** @type {Map<number, number[]>} */
  const children = new Map()
  for (const name of readdirSync('/proc')) {
    const status = /^\d+$/.test(name) ? statusOf(Number(name)) : undefined
    if (status !== undefined) children.set(status.parent, [...(children.get(status.parent) ?? []), Number(name)])
  }
  /** @type {(pid: number) => number[]} */
  const of = pid => (children.get(pid) ?? []).flatMap(child => [child, ...of(child)])
  return of(ancestor)
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function signal(pid, name) {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
  }
}
