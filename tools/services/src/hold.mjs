import { constants } from 'node:os'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { whyNotHere } from './debian.mjs'
import { folder } from './place.mjs'
import { identify, isAlive, readIdentity } from './processes.mjs'
import { startServices, stopUnkept } from './start.mjs'
import { withLock } from './state.mjs'

const holders = join(folder, 'holders')

/**
 * Starts all services for a run of tests. Given back, those that nobody started by hand are stopped, unless another run still holds them.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<{ readonly services: readonly import('./start.mjs').Named[], readonly signature: string, release(): Promise<void> }>}
 *   `signature`: which services there are in which versions, or `none`; what tests find out holds for it only
 */
export async function holdServices(say) {
  const here = whyNotHere() === undefined
  const mine = join(holders, `${process.pid}.json`)
  if (here) {
    // Before they are started: another run that ends now must not stop them.
    mkdirSync(holders, { recursive: true })
    writeFileSync(mine, JSON.stringify(identify(process.pid)))
  }
  const release = async () => {
    for (const name of signals) process.off(name, leave)
    if (!here) return
    await withLock(async () => {
      rmSync(mine, { force: true })
      if (!isHeld()) await stopUnkept()
    })
  }
  const leave = (/** @type {NodeJS.Signals} */ name) => void release().finally(() => process.exit(128 + constants.signals[name]))
  for (const name of signals) process.on(name, leave)
  const services = await startServices([], { say })
  const there = services.flatMap(({ name, found }) => (found.available ? [`${name} ${found.version}`] : []))
  return { services, signature: there.join(', ') || 'none', release }
}

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

function isHeld() {
  return readdirSync(holders).some(name => {
    const holder = readIdentity(join(holders, name))
    return holder !== undefined && isAlive(holder)
  })
}
