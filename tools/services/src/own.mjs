import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeAccount } from './account.mjs'
import { componentOf, components } from './components/index.mjs'
import { install, whyNotHere } from './debian.mjs'
import { removeFolder } from './mounts.mjs'
import { dataFolder, ownPlace } from './place.mjs'
import { reservePorts } from './ports.mjs'

/** First ports of instances that tests have to themselves. */
const bases = [22_000, 22_800, 26_800, 27_800, 28_800, 29_800, 30_800, 31_800]

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
  const all = components.filter(other => other === component || component.after.includes(other.name))
  const ports = await reservePorts(bases)
  if (ports === undefined) return { available: false, reason: `no free ports for a ${name} of its own` }
  const place = ownPlace(ports.base, options)
  const close = async () => {
    await remove(place)
    await ports.release()
  }
  try {
    await remove(place)
    await install(all, () => {})
    for (const needed of all) if (needed !== component) await needed.start(place)
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
  for (const name of existsSync(own) ? readdirSync(own) : []) await remove(ownPlace(Number(name), {}))
}

/** @param {import('./types.d.mts').Place} place */
async function remove(place) {
  if (!existsSync(place.data)) return
  for (const component of [...components].reverse()) await component.stop(place)
  await removeAccount(place)
  await removeFolder(place.data)
}
