import { SynchronizationError } from './errors.ts'
import type { Callback } from './synchronizer.ts'

/** Passes of callbacks; what is still pending after them would never end. */
const maximumPasses = 10

/**
 * Calls callbacks in their order, then what they returned, and so on.
 *
 * @throws SynchronizationError if there are callbacks left after ten passes; what a callback throws, as it is
 */
export async function runCallbacks(callbacks: readonly Callback[]): Promise<void> {
  let pending = callbacks
  for (let pass = 0; pass < maximumPasses && pending.length > 0; pass++) {
    const next: Callback[] = []
    for (const callback of pending) {
      const returned = await callback()
      if (typeof returned === 'function') next.push(returned)
    }
    pending = next
  }
  if (pending.length === 0) return
  const names = pending.map(({ name }) => (name === '' ? 'a function' : name)).join(', ')
  throw new SynchronizationError(`Too many synchronizer callback passes [${names}]: after ${maximumPasses} passes they still return callbacks`)
}
