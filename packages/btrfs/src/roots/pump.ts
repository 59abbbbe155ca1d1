import { onAbort, type AbortOptions, type Bytes } from '@syncline/core'
import type { Running } from './process.ts'

/** Bytes that may wait for the process where their memory is not used again: as long as some do, neither it nor the sender waits for this one, and the three work at the same time. */
const aheadBytes = 4 * 1024 * 1024

/** How to put a flow into a process. */
interface PumpOptions extends AbortOptions {
  /** Whether the memory of a chunk is used again as soon as the next one is asked for. */
  readonly lent?: boolean | undefined
}

/**
 * Puts a flow into a process and says when it is over. Ends early when the process does, or at an abort, even while the flow gives nothing.
 *
 * @returns what the flow threw, when it did
 */
export async function pump(
  flow: Bytes,
  { stdin, ended }: Pick<Running, 'stdin' | 'ended'>,
  { lent, signal }: PumpOptions,
): Promise<{ readonly error: unknown } | undefined> {
  const mostWaiting = lent === true ? 0 : aheadBytes
  const iterator = flow[Symbol.asyncIterator]()
  let isOver = signal?.aborted === true
  // One callback that changes: a promise that lives long and is raced again and again would remember every race.
  let wake = (): void => {}
  const end = (): void => {
    isOver = true
    wake()
  }
  void ended.then(end)
  const forget = onAbort(signal, end)
  stdin.on('close', end)
  try {
    while (!isOver) {
      const next = await new Promise<IteratorResult<Uint8Array, unknown> | undefined>((resolve, reject) => {
        wake = () => isOver && resolve(undefined)
        iterator.next().then(resolve, reject)
      })
      if (next === undefined || next.done === true) return undefined
      stdin.write(next.value, () => wake())
      while (!isOver && stdin.writableLength > mostWaiting) await new Promise<void>(resolve => (wake = resolve))
    }
    return undefined
  } catch (error) {
    return { error }
  } finally {
    forget()
    // Not awaited: it may wait for a chunk that never comes, until its own sender is ended.
    if (isOver) iterator.return?.().catch(() => undefined)
    // Without an END the process notices that something is missing, and leaves the volume incomplete.
    stdin.end()
  }
}
