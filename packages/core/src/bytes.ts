import type { Bytes } from './protocol.ts'

/**
 * Anything that carries bytes, as {@link Bytes}.
 *
 * A `ReadableStream` without an async iterator (Safari) is read through its reader; leaving the loop early cancels it.
 */
export async function* toBytes(source: Bytes | ReadableStream<Uint8Array> | Blob | Uint8Array | string): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof source === 'string') {
    if (source !== '') yield new TextEncoder().encode(source)
    return
  }
  if (source instanceof Uint8Array) {
    if (source.length > 0) yield source
    return
  }
  if (Symbol.asyncIterator in source) {
    yield* source as Bytes
    return
  }
  const reader = (source instanceof Blob ? source.stream() : (source as ReadableStream<Uint8Array>)).getReader()
  let finished = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    finished = true
  } finally {
    if (!finished) await reader.cancel()
    reader.releaseLock()
  }
}

/** The whole content in memory. For small files: state, ignore files, tests. */
export async function collect(content: Bytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of content) {
    chunks.push(chunk)
    length += chunk.length
  }
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** The whole content as text. @throws TypeError if it is not UTF-8 */
export async function collectText(content: Bytes): Promise<string> {
  return new TextDecoder('utf-8', { fatal: true }).decode(await collect(content))
}
