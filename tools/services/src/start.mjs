import { removeAccount } from './account.mjs'
import { componentOf, components } from './components/index.mjs'
import { install, whyNotHere } from './debian.mjs'
import { removeFolder } from './mounts.mjs'
import { closeLeftOvers } from './own.mjs'
import { bases, dataFolder, folder, sharedPlace } from './place.mjs'
import { reservePorts } from './ports.mjs'
import { readState, withLock, writeState } from './state.mjs'

/**
 * @typedef {import('./types.d.mts').Component<any>} Component
 * @typedef {import('./types.d.mts').Place} Place
 * @typedef {import('./types.d.mts').Unavailable | import('./types.d.mts').Available<any>} Found
 * @typedef {{ readonly name: string, readonly found: Found }} Named
 */

/**
 * Starts services, those that run left alone, and writes down how to reach them. What cannot be started is no error: its reason is written down.
 *
 * @param {readonly string[]} names all if empty
 * @param {{ readonly say?: (line: string) => void, readonly keep?: boolean }} [options] `keep`: they stay until somebody stops them by hand
 * @returns {Promise<readonly Named[]>}
 */
export async function startServices(names, { say = () => {}, keep = false } = {}) {
  const wanted = withNeeded(names)
  const reason = whyNotHere()
  if (reason !== undefined) return wanted.map(({ name }) => ({ name, found: { available: /** @type {const} */ (false), reason } }))
  const none = (/** @type {Error} */ error) =>
    wanted.map(({ name }) => ({ name, found: { available: /** @type {const} */ (false), reason: error.message } }))
  return await withLock(async () => {
    const failure = await install(wanted, say).then(
      () => undefined,
      (/** @type {Error} */ error) => error.message,
    )
    await closeLeftOvers()
    const { base, release } = await choosePorts()
    try {
      const all = await startAll(wanted, sharedPlace(base), failure)
      const before = readState()
      const kept = keep ? wanted.map(({ name }) => name) : []
      writeState({
        base,
        services: { ...before?.services, ...Object.fromEntries(all.map(({ name, found }) => [name, found])) },
        kept: [...new Set([...(before?.kept ?? []), ...kept])],
      })
      return all
    } finally {
      await release()
    }
  }).catch(none)
}

/**
 * Stops services and removes what they stored; without names all of them.
 *
 * @param {readonly string[]} names
 */
export async function stopServices(names) {
  if (whyNotHere() === undefined) await withLock(() => stopUnlocked(names.length === 0 ? components : withDependents(names)))
}

/** Stops what nobody started by hand, if the lock is held already. */
export async function stopUnkept() {
  const kept = new Set(readState()?.kept ?? [])
  await stopUnlocked(components.filter(({ name }) => !kept.has(name)))
}

/** Stops everything and removes it from the machine: data and users. Installed packages stay. */
export async function cleanServices() {
  await stopServices([])
  await removeFolder(dataFolder())
  await removeFolder(folder)
}

/** @returns {Promise<readonly (Named & { readonly running: boolean })[]>} */
export async function statusOfServices() {
  const state = readState()
  const status = []
  for (const component of components) {
    const found = state?.services[component.name] ?? { available: /** @type {const} */ (false), reason: 'not started' }
    const running = state !== undefined && (await component.isRunning(sharedPlace(state.base)))
    status.push({ name: component.name, found, running })
  }
  return status
}

/**
 * In two rows: what others need, then the rest at once.
 *
 * @param {readonly Component[]} wanted
 * @param {Place} place
 * @param {string | undefined} failure of the installation
 */
async function startAll(wanted, place, failure) {
  /** @type {Map<string, Found>} */
  const found = new Map()
  const start = async (/** @type {Component} */ component) => void found.set(component.name, await startOne(component, place, failure))
  const needed = new Set(wanted.flatMap(({ after }) => after))
  // One after the other: the first makes the keys and the user that all share.
  for (const component of wanted.filter(({ name }) => needed.has(name))) await start(component)
  await Promise.all(wanted.filter(({ name }) => !needed.has(name)).map(start))
  return wanted.map(({ name }) => ({ name, found: /** @type {Found} */ (found.get(name)) }))
}

/**
 * @param {Component} component
 * @param {Place} place
 * @param {string | undefined} failure
 * @returns {Promise<Found>}
 */
async function startOne(component, place, failure) {
  const ran = await component.isRunning(place)
  try {
    return { available: true, ...(await component.start(place)) }
  } catch (error) {
    // What runs may be in use, and what it stores with it.
    if (!ran) await component.stop(place).catch(() => {})
    return { available: false, reason: [/** @type {Error} */ (error).message, ...(failure === undefined ? [] : [failure])].join('; ') }
  }
}

/** @param {readonly Component[]} stopping */
async function stopUnlocked(stopping) {
  await closeLeftOvers()
  const state = readState()
  if (state === undefined) return
  const place = sharedPlace(state.base)
  for (const component of [...stopping].reverse()) await component.stop(place)
  const stopped = new Set(stopping.map(({ name }) => /** @type {string} */ (name)))
  const left = Object.entries(state.services).filter(([name]) => !stopped.has(name))
  // With nothing to log in to, there is no need for somebody who can.
  if (!left.some(([, found]) => found.available)) await removeAccount(place)
  writeState({
    base: state.base,
    services: Object.fromEntries(left),
    kept: state.kept.filter(name => !stopped.has(name)),
  })
}

/** The ports of what runs, else the first that are free: those of the last time may have been taken since. */
async function choosePorts() {
  const known = readState()?.base
  if (known !== undefined) {
    for (const component of components) {
      // A mount needs no port, and still belongs to the user whose name has the port in it.
      if (await component.isRunning(sharedPlace(known))) return { base: known, release: async () => {} }
    }
  }
  const reserved = await reservePorts(known === undefined ? bases : [known, ...bases])
  if (reserved === undefined)
    throw new Error(`no ports for services are free; ${bases[0]} and above are in use. SYNCLINE_SERVICES_PORTS names others`)
  if (known !== undefined && known !== reserved.base) await removeAccount(sharedPlace(known))
  return reserved
}

/** @param {readonly string[]} names */
function withNeeded(names) {
  if (names.length === 0) return components
  const wanted = new Set(names.flatMap(name => [name, ...componentOf(name).after]))
  return components.filter(({ name }) => wanted.has(name))
}

/** @param {readonly string[]} names */
function withDependents(names) {
  for (const name of names) componentOf(name)
  return components.filter(({ name, after }) => names.includes(name) || after.some(needed => names.includes(needed)))
}
