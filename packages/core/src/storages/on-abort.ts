/** Who wants to know of a signal. One listener per signal serves all: platforms warn of a leak where one gets more than ten. */
const callbacks = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when the signal aborts, unless the returned function was called before. Not called for a signal that is aborted already.
 *
 * As `addEventListener`, for any number of callers at a time: calls in parallel share the signal of their run.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {}
  let waiting = callbacks.get(signal)
  if (waiting === undefined) {
    const all = new Set<() => void>()
    callbacks.set(signal, (waiting = all))
    signal.addEventListener(
      'abort',
      () => {
        for (const call of [...all]) call()
        all.clear()
      },
      { once: true },
    )
  }
  // A function of its own for each call: the same callback may be given twice.
  const call = (): void => callback()
  waiting.add(call)
  return () => void waiting.delete(call)
}
