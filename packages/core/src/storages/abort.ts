import { onAbort } from './on-abort.ts'

/** Waits for `promise`, but rejects with `signal.reason` as soon as the signal aborts, unwrapped. */
export async function untilAborted<T>(promise: PromiseLike<T> | T, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  if (signal.aborted) {
    // Nobody waits for it any more, so nobody would catch it.
    Promise.resolve(promise).catch(() => undefined)
    throw signal.reason
  }
  let leave: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    leave = onAbort(signal, () => reject(signal.reason))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    leave?.()
  }
}

/** The iterable's items, but rejects with `signal.reason` as soon as the signal aborts, even while an item is awaited. */
export async function* abortable<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]()
  let finished = false
  try {
    for (;;) {
      const item = await untilAborted(iterator.next(), signal)
      if (item.done === true) {
        finished = true
        return
      }
      yield item.value
    }
  } catch (error) {
    // An iterator that threw is finished; one that we left because of an abort may hang, so nobody waits for it.
    finished = true
    if (signal?.aborted === true) Promise.resolve(iterator.return?.()).catch(() => undefined)
    throw error
  } finally {
    if (!finished) await iterator.return?.()
  }
}
