import { join } from 'node:path'
import { removeAccount } from './account.mjs'
import { componentOf, components } from './components/index.mjs'
import { install, whyNotHere } from './debian.mjs'
import { removeFolder } from './mounts.mjs'
import { closeLeftOvers } from './own.mjs'
import { dataFolder, folder, sharedPlace } from './place.mjs'
import { reservePorts } from './ports.mjs'
import { readState, withLock, writeState } from './state.mjs'

/**
 * @typedef {import('./types.d.mts').Component<any>} Component
 * @typedef {import('./types.d.mts').Place} Place
 * @typedef {import('./types.d.mts').Unavailable | import('./types.d.mts').Available<any>} Found
 * @typedef {{ readonly name: string, readonly found: Found, readonly started: boolean }} Started
 */

/** First ports that are tried in turn: below those that the system gives away. */
const bases = [Number(process.env.SYNCLINE_SERVICES_PORTS ?? 21000), 26000, 27000, 28000, 29000, 30000]

/**
 * Starts services, those that run left alone, and writes down how to reach them. What cannot be started is no error: its reason is written down.
 *
 * @param {readonly string[]} names all if empty
 * @param {(line: string) => void} say
 * @returns {Promise<readonly Started[]>}
 */
export async function startServices(names, say = () => {}) {
  const wanted = withNeeded(names)
  const reason = whyNotHere()
  if (reason !== undefined) {
    return wanted.map(({ name }) => ({ name, found: { available: /** @type {const} */ (false), reason }, started: false }))
  }
  return await withLock(async () => {
    const base = await chooseBase()
    const place = sharedPlace(base)
    const failure = await install(wanted, say).then(
      () => undefined,
      (/** @type {Error} */ error) => error.message,
    )
    /** @type {Started[]} */
    const all = []
    // In rows: what others need, then the rest at once.
    for (const row of [wanted.filter(({ after }) => after.length === 0), wanted.filter(({ after }) => after.length > 0)]) {
      const [first, ...rest] = row
      // The first one alone makes the keys and the user that all share.
      if (first !== undefined) all.push(await startOne(first, place, failure))
      all.push(...(await Promise.all(rest.map(component => startOne(component, place, failure)))))
    }
    const before = readState()?.services ?? {}
    writeState({ base, services: { ...before, ...Object.fromEntries(all.map(({ name, found }) => [name, found])) } })
    return components.flatMap(({ name }) => all.find(one => one.name === name) ?? [])
  })
}

/**
 * Stops services and removes what they stored; without names all of them, and the instances that tests left behind.
 *
 * @param {readonly string[]} names
 */
export async function stopServices(names) {
  if (whyNotHere() !== undefined) return
  await withLock(async () => {
    const state = readState()
    if (names.length === 0) await closeLeftOvers()
    if (state === undefined) return
    const place = sharedPlace(state.base)
    const stopping = names.length === 0 ? components : withDependents(names)
    for (const component of [...stopping].reverse()) await component.stop(place)
    const left = Object.entries(state.services).filter(([name]) => !stopping.some(component => component.name === name))
    writeState({ base: state.base, services: Object.fromEntries(left) })
  })
}

/** Stops everything and removes it from the machine: data, users, unpacked programs. Installed packages stay. */
export async function cleanServices() {
  await stopServices([])
  const state = readState()
  if (state !== undefined && whyNotHere() === undefined) await removeAccount(sharedPlace(state.base))
  await removeFolder(dataFolder())
  await removeFolder(folder)
}

/**
 * @returns {Promise<readonly { readonly name: string, readonly found: Found, readonly running: boolean }[]>}
 */
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
 * @param {Component} component
 * @param {Place} place
 * @param {string | undefined} failure of the installation
 * @returns {Promise<Started>}
 */
async function startOne(component, place, failure) {
  const { name } = component
  const ran = await component.isRunning(place)
  try {
    return { name, found: { available: true, ...(await component.start(place)) }, started: !ran }
  } catch (error) {
    const reason = [/** @type {Error} */ (error).message, ...(failure === undefined ? [] : [failure])].join('; ')
    await component.stop(place).catch(() => {})
    return { name, found: { available: false, reason }, started: false }
  }
}

/** The ports of the last time, else the first that are free. */
async function chooseBase() {
  const known = readState()?.base
  if (known !== undefined) return known
  const reserved = await reservePorts(bases)
  if (reserved === undefined)
    throw new Error(`no ${join(folder, 'services.json')} and no free ports for services: ${bases.join(', ')} are all in use`)
  await reserved.release()
  return reserved.base
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
