import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * What one run of a command cost.
 *
 * @typedef {object} Cost
 * @property {number} wall seconds
 * @property {number} cpu user and system seconds of the process with all its children
 * @property {number} memory peak resident MiB of its largest process
 */

/** Variables that make a peer or Node itself slower, or make it refuse to start. */
const harmful = ['NODE_EXTRA_CA_CERTS', 'AWS_CA_BUNDLE', 'NODE_OPTIONS']

/**
 * The environment of every measured command.
 *
 * @param {Readonly<Record<string, string>>} [more]
 */
function environment(more = {}) {
  const env = { ...process.env, LC_ALL: 'C', ...more }
  for (const name of harmful) delete env[name]
  return env
}

/**
 * Runs a command and measures it. The shell's `time` has milliseconds and counts children, GNU time has the memory; both add about a millisecond.
 *
 * @param {readonly string[]} command
 * @param {Readonly<Record<string, string>>} [env]
 * @returns {Cost}
 * @throws if the command fails
 */
export function measure(command, env) {
  const [times, memory, messages] = ['times', 'memory', 'messages'].map(name => join(tmpdir(), `syncline-bench-${process.pid}-${name}`))
  try {
    const script = `TIMEFORMAT='%3R %3U %3S'; { time /usr/bin/time -f %M -o "$2" "\${@:4}" >"$3" 2>&1; } 2>"$1"`
    const { status, error } = spawnSync('bash', ['--norc', '--noprofile', '-c', script, 'bash', times, memory, messages, ...command], {
      env: environment(env),
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(`${command.join(' ')} failed with ${status}:\n${readFileSync(messages, 'utf8').slice(-2000)}`)
    const [wall, user, system] = readFileSync(times, 'utf8').trim().split(' ').map(Number)
    const kib = Number(readFileSync(memory, 'utf8').trim().split('\n').at(-1))
    return { wall, cpu: user + system, memory: kib / 1024 }
  } finally {
    for (const file of [times, memory, messages]) rmSync(file, { force: true })
  }
}

/**
 * Runs a command that is not measured.
 *
 * @param {readonly string[]} command
 * @param {Readonly<Record<string, string>>} [env]
 * @returns {string} what it printed
 */
export function run([program, ...args], env) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { env: environment(env), encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed with ${status}:\n${stdout.slice(-1000)}${stderr.slice(-1000)}`)
  return stdout
}

/**
 * A host gives a machine's free memory away while nobody uses it, and the first to touch it again pays for it: so it is touched before a run.
 *
 * @param {number} mib
 */
export function touchMemory(mib) {
  const script = `const b = []; for (let i = 0; i < ${Math.ceil(mib / 64)}; i++) b.push(Buffer.alloc(64 << 20, 1))`
  spawnSync(process.execPath, ['-e', script], { env: environment() })
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
