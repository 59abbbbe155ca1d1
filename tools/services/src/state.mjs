import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { rm, link, writeFile } from 'node:fs/promises'
import { folder } from './place.mjs'
import { identify, isAlive, readIdentity } from './processes.mjs'

/**
 * What `services.json` holds. A service that nobody asked for is absent; `kept` were started by hand and stay until they are stopped by hand.
 *
 * @typedef {{
 *   readonly base: number,
 *   readonly services: Readonly<Record<string, import('./types.d.mts').Unavailable | import('./types.d.mts').Available<object>>>,
 *   readonly kept: readonly string[]
 * }} State
 */

const file = join(folder, 'services.json')

/** @returns {State | undefined} what the last start found, if there was one */
export function readState() {
  try {
    const { base, services, kept = [] } = JSON.parse(readFileSync(file, 'utf8'))
    return Number.isInteger(base) && typeof services === 'object' && services !== null ? { base, services, kept } : undefined
  } catch {
    return undefined
  }
}

/** @param {State} state */
export function writeState(state) {
  mkdirSync(folder, { recursive: true })
  const making = `${file}.${process.pid}`
  writeFileSync(making, `${JSON.stringify(state, undefined, 1)}\n`, { mode: 0o600 })
  renameSync(making, file)
}

/**
 * Runs a function while no other process starts or stops services of this folder.
 *
 * @template Result
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withLock(work) {
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'lock')
  const mine = `${lock}.${process.pid}`
  await writeFile(mine, JSON.stringify(identify(process.pid)))
  try {
    // A link appears with its content, so a lock is never read half written.
    while (!(await link(mine, lock).then(() => true, inTheWay))) {
      const holder = readIdentity(lock)
      if (holder === undefined || !isAlive(holder)) await rm(lock, { force: true })
      else await sleep(50)
    }
    try {
      return await work()
    } finally {
      await rm(lock, { force: true })
    }
  } finally {
    await rm(mine, { force: true })
  }
}

/** @param {NodeJS.ErrnoException} error */
function inTheWay(error) {
  if (error.code === 'EEXIST') return false
  throw error
}
