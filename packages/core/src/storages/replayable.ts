import type { Bytes } from '../protocol.ts'

// From the global registry, so that two installed copies of this package understand each other.
const marker: unique symbol = Symbol.for('syncline.replayable') as never

/**
 * Content that can be read from its start as often as needed: each iteration calls `open` again.
 *
 * `Bytes` alone does not say whether a second iteration gives the same bytes: a generator is spent, a `ReadableStream` then looks empty.
 * `retry` repeats a write only when its content is marked by this function.
 *
 * @example
 * await storage.write('a.bin', replayable(() => source.read('a.bin', { ifMatch: entry.etag })), { size: entry.size })
 */
export function replayable(open: () => Bytes): Bytes {
  return Object.assign({ [Symbol.asyncIterator]: () => open()[Symbol.asyncIterator]() }, { [marker]: true })
}

/** Whether `content` was made by {@link replayable}. */
export function isReplayable(content: Bytes): boolean {
  return (content as { readonly [marker]?: unknown })[marker] === true
}
