import { componentOf } from './components/index.mjs'
import { whyNotHere } from './debian.mjs'
import { startOwn } from './own.mjs'
import { sharedPlace } from './place.mjs'
import { readState } from './state.mjs'

/** @type {import('./index.d.mts').service} */
export const service = async name => /** @type {any} */ (await find(name))

/** @type {import('./index.d.mts').Control} */
export const control = {
  own: async (name, options = {}) => await startOwn(name, options),
  kill: async name => await componentOf(name).kill(runningPlace()),
  restart: async name => {
    await componentOf(name).kill(runningPlace())
    await componentOf(name).start(runningPlace())
  },
}

/**
 * @param {import('./types.d.mts').ServiceName} name
 */
async function find(name) {
  const component = componentOf(name)
  const state = readState()
  const found = state?.services[name]
  const byHand = 'start it with: node tools/services/services.mjs start'
  if (state === undefined || found === undefined) return { available: false, reason: whyNotHere() ?? `${name} is not started; ${byHand}` }
  if (!found.available) return found
  if (await component.isRunning(sharedPlace(state.base))) return found
  return { available: false, reason: `${name} does not run any more; ${byHand}` }
}

function runningPlace() {
  const state = readState()
  if (state === undefined) throw new Error('no service is started')
  return sharedPlace(state.base)
}
