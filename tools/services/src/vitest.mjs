import { service } from './index.mjs'

/** @type {import('./vitest.d.mts').withService} */
export async function withService(context, name) {
  const found = await service(name)
  return found.available ? found : context.skip(found.reason)
}
