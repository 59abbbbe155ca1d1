import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { host, portsPerPlace } from './place.mjs'
import { daemonPid, logged } from './processes.mjs'

/**
 * Resolves when a server accepts connections.
 *
 * @param {import('./types.d.mts').Place} place
 * @param {string} name whose process must live meanwhile
 * @param {number} port
 * @throws Error with what the server wrote, if it ends or does not listen within 30 s
 */
export async function waitForPort(place, name, port) {
  const deadline = Date.now() + 30_000
  while (!(await accepts(port))) {
    if (daemonPid(place, name) === undefined) throw new Error(`${name} ended: ${logged(place, name)}`)
    if (Date.now() > deadline) throw new Error(`${name} does not listen on port ${port}: ${logged(place, name)}`)
    await sleep(10)
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function accepts(port) {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}

/**
 * Reserves a range of ports for as long as this process lives or until it is given back: its first port is listened on, which only one can.
 *
 * @param {readonly number[]} candidates first ports
 * @returns {Promise<{ readonly base: number, release(): Promise<void> } | undefined>} undefined if all are taken
 */
export async function reservePorts(candidates) {
  for (const base of candidates) {
    const lock = await listen(base)
    if (lock === undefined) continue
    const release = () => /** @type {Promise<void>} */ (new Promise(resolve => lock.close(() => resolve())))
    if (await areFree(base)) return { base, release }
    await release()
  }
  return undefined
}

/** A server of somebody else in the range would only be found when ours fails to start. */
async function areFree(/** @type {number} */ base) {
  for (let port = base + 1; port < base + portsPerPlace; port++) {
    const server = await listen(port)
    if (server === undefined) return false
    await new Promise(resolve => server.close(resolve))
  }
  return true
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
