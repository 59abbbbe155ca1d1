import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeAccount } from './account.mjs'
import { componentOf, components } from './components/index.mjs'
import { install, whyNotHere } from './debian.mjs'
import { removeFolder } from './mounts.mjs'
import { bases, dataFolder, ownPlace } from './place.mjs'
import { lockPorts, reservePorts } from './ports.mjs'

/**
 * Starts an instance that nobody else uses.
 *
 * @param {import('./types.d.mts').ServiceName} name
 * @param {import('./types.d.mts').OwnOptions} options
 * @returns {Promise<any>}
 */
export async function startOwn(name, options) {
  const reason = whyNotHere()
  if (reason !== undefined) return { available: false, reason }
  const component = componentOf(name)
  const needed = components.filter(other => component.after.includes(other.name))
  await closeLeftOvers()
  // From the end: the shared services begin at the start.
  const ports = await reservePorts([...bases].reverse())
  if (ports === undefined) return { available: false, reason: `no ports are free for a ${name} of one's own` }
  const place = ownPlace(ports.base, options)
  const close = async () => {
    await removeOwn(place)
    await ports.release()
  }
  try {
    await install([component, ...needed], () => {})
    for (const other of needed) await other.start(place)
    const details = await component.start(place)
    const kill = () => component.kill(place)
    const start = async () => void (await component.start(place))
    const restart = async () => {
      await kill()
      await start()
    }
    return { available: true, ...details, kill, start, restart, close }
  } catch (error) {
    await close()
    return { available: false, reason: /** @type {Error} */ (error).message }
  }
}

/** Stops what tests started for themselves and did not live to stop. */
export async function closeLeftOvers() {
  const own = join(dataFolder(), 'own')
  for (const name of existsSync(own) ? readdirSync(own) : []) {
    // Whoever lives holds the ports.
    const release = await lockPorts(Number(name))
    if (release === undefined) continue
    await removeOwn(ownPlace(Number(name), {})).finally(release)
  }
}

/** @param {import('./types.d.mts').Place} place */
async function removeOwn(place) {
  if (!existsSync(place.data)) return
  for (const component of [...components].reverse()) await component.stop(place)
  await removeAccount(place)
  await removeFolder(place.data)
}
