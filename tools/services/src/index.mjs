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

const byHand = 'node tools/services/services.mjs start'

/**
 * @param {import('./types.d.mts').ServiceName} name
 */
async function find(name) {
  const component = componentOf(name)
  const state = readState()
  const found = state?.services[name]
  // Names and versions of what `npm test` started. Turbo keeps results, and this is how it tells those with a server from those without.
  const started = process.env.SYNCLINE_SERVICES
  if (started === undefined && process.env.TURBO_HASH !== undefined)
    return { available: false, reason: 'turbo does not know of servers; use npm test' }
  if (state === undefined || found === undefined) return { available: false, reason: whyNotHere() ?? `${name} is not started: ${byHand}` }
  if (!found.available) return found
  const running = await component.isRunning(sharedPlace(state.base))
  if (started === undefined) return running ? found : { available: false, reason: `${name} does not run any more: ${byHand}` }
  const promised = started.split(', ').some(one => one.split(' ')[0] === name)
  if (!promised) return { available: false, reason: `${name} was not there when the tests were started` }
  // A test that skips now would hide that a server died of another test.
  if (!running) throw new Error(`${name} was started for these tests and has died; its log is in ${sharedPlace(state.base).data}/log`)
  return found
}

function runningPlace() {
  const state = readState()
  if (state === undefined) throw new Error('no service is started')
  return sharedPlace(state.base)
}
