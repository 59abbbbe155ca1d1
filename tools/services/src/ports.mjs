import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { host, portsPerPlace } from './place.mjs'
import { daemonPid, logged, startDaemon } from './processes.mjs'

/**
 * Starts a server unless it runs, and resolves when it accepts connections.
 *
 * @param {import('./types.d.mts').Place} place
 * @param {string} name
 * @param {number} port
 * @param {string} command
 * @param {readonly string[]} args
 * @throws Error if somebody else listens on the port, which would look like our server
 */
export async function provideServer(place, name, port, command, args) {
  if (daemonPid(place, name) === undefined) {
    if (serverPorts().includes(port)) throw new Error(`${name} cannot listen on port ${port}: another program does`)
    await startDaemon(place, name, command, args)
  }
  await waitForPort(place, name, port)
}

/**
 * Resolves when a server listens. That is asked of the system, as a connection would count where only so many are allowed.
 *
 * @param {import('./types.d.mts').Place} place
 * @param {string} name whose process must live meanwhile
 * @param {number} port
 * @throws Error with what the server wrote, if it ends or does not listen within 30 s
 */
async function waitForPort(place, name, port) {
  const deadline = Date.now() + 30_000
  while (!serverPorts().includes(port)) {
    if (daemonPid(place, name) === undefined) throw new Error(`${name} ended: ${logged(place, name)}`)
    if (Date.now() > deadline) throw new Error(`${name} does not listen on port ${port}: ${logged(place, name)}`)
    await sleep(10)
  }
}

/**
 * Reserves a range of ports for as long as this process lives or until it is given back: its first port is listened on, which only one can.
 *
 * @param {readonly number[]} candidates first ports
 * @returns {Promise<{ readonly base: number, release(): Promise<void> } | undefined>} undefined if all are taken
 */
export async function reservePorts(candidates) {
  for (const base of candidates) {
    const release = await lockPorts(base)
    if (release === undefined) continue
    if (areFree(base)) return { base, release }
    await release()
  }
  return undefined
}

/**
 * Takes the lock of a range, whether or not servers listen in it. It goes with this process.
 *
 * @param {number} base
 * @returns {Promise<(() => Promise<void>) | undefined>} undefined if somebody has it
 */
export async function lockPorts(base) {
  const lock = await listen(base)
  return lock && (() => new Promise(resolve => lock.close(() => resolve())))
}

/**
 * Whether nobody listens in a range, its first port left out. A server of somebody else in it would only be found when ours fails to start.
 *
 * @param {number} base
 */
function areFree(base) {
  return listeningPorts().every(port => port <= base || port >= base + portsPerPlace)
}

/** Every TCP port of this machine that somebody listens on. */
export function listeningPorts() {
  return listeners().map(({ port }) => port)
}

/** Ports where a connection to {@link host} is answered. A fault proxy for FTP has the same ports on another loopback address. */
function serverPorts() {
  return listeners()
    .filter(({ address }) => address === '0100007F' || /^0+$/.test(address))
    .map(({ port }) => port)
}

/** @returns {{ readonly address: string, readonly port: number }[]} */
function listeners() {
  const lines = ['tcp', 'tcp6'].flatMap(name => readFileSync(`/proc/net/${name}`, 'utf8').split('\n'))
  // "0: 0100007F:523E 00000000:0000 0A …": address and port in hexadecimal, and 0A for listening.
  return lines.flatMap(line => {
    const [, address, port] = /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A /.exec(line) ?? []
    return address === undefined || port === undefined ? [] : [{ address, port: parseInt(port, 16) }]
  })
}

/**
 * @param {number} port
 * @returns {Promise<import('node:net').Server | undefined>}
 */
function listen(port) {
  return new Promise(resolve => {
    const server = createServer()
    server.unref()
    server.once('error', () => resolve(undefined)).listen(port, host, () => resolve(server))
  })
}
