import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

/** Where the state file is; set `SYNCLINE_SERVICES_DIR` for another set of services. */
export const folder = process.env.SYNCLINE_SERVICES_DIR ?? join(checkout, '.services')

/** Programs that were unpacked, for every set of services of this checkout. */
export const programs = join(checkout, '.cache', 'services')

/** How many ports a place has. */
export const portsPerPlace = 800

/** First ports of all places: below the ports that the system gives away. */
export const bases = Array.from({ length: 14 }, (_, i) => Number(process.env.SYNCLINE_SERVICES_PORTS ?? 21_000) + i * portsPerPlace)

/** The address of every server. */
export const host = '127.0.0.1'

/**
 * The place that all tests share.
 *
 * @param {number} base
 * @returns {import('./types.d.mts').Place}
 */
export function sharedPlace(base) {
  return { data: dataFolder(), secrets: secretsFolder(), base, options: {} }
}

/**
 * A place that one test has to itself.
 *
 * @param {number} base
 * @param {import('./types.d.mts').OwnOptions} options
 * @returns {import('./types.d.mts').Place}
 */
export function ownPlace(base, options) {
  return { data: join(dataFolder(), 'own', String(base)), secrets: secretsFolder(), base, options }
}

function secretsFolder() {
  return join(dataFolder(), 'secrets')
}

/** What the servers write. Their user must reach it, which a checkout in somebody's home directory does not allow. */
export function dataFolder() {
  const data = join(folder, 'data')
  return reachable(folder) ? data : join('/var/lib/syncline-services', createHash('sha256').update(folder).digest('hex').slice(0, 12))
}

/**
 * Makes a directory inside a place, for all to pass through.
 *
 * @param {string} path
 */
export function makeFolder(path) {
  mkdirSync(path, { recursive: true, mode: 0o755 })
  return path
}

/**
 * @param {string} path
 * @returns {boolean}
 */
function reachable(path) {
  if (existsSync(path) && (statSync(path).mode & 0o001) === 0) return false
  return dirname(path) === path || reachable(dirname(path))
}
