import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect, collectText, toBytes } from './bytes.ts'

async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

/** A stream as old Safari has it: readable, not iterable. */
function withoutIterator(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return { getReader: () => stream.getReader() } as unknown as ReadableStream<Uint8Array>
}

describe('toBytes', () => {
  test.each([
    ['a string', 'grüße'],
    ['bytes', new TextEncoder().encode('grüße')],
    ['a blob', new Blob(['grü', 'ße'])],
    ['a web stream', new Blob(['grüße']).stream()],
    ['a web stream without an iterator', withoutIterator(new Blob(['grüße']).stream())],
    ['an async iterable', chunksOf(new TextEncoder().encode('grüße'))],
  ])('gives the bytes of %s', async (_, source) => {
    expect(await collectText(toBytes(source))).toBe('grüße')
  })

  test.each([
    ['a string', ''],
    ['bytes', new Uint8Array(0)],
    ['a blob', new Blob([])],
  ])('gives no chunk for %s that is empty', async (_, source) => {
    for await (const chunk of toBytes(source)) expect(chunk).toBe('nothing')
  })

  test('leaving the loop cancels a stream that has no iterator', async () => {
    let cancelled = false
    const stream = new ReadableStream<Uint8Array>({
      pull: controller => controller.enqueue(new Uint8Array(1)),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const _ of toBytes(withoutIterator(stream))) break
    expect(cancelled).toBe(true)
    expect(stream.locked).toBe(false)
  })

  test('the failure of a stream without an iterator comes out', async () => {
    const stream = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('broken')) })
    await expect(collect(toBytes(withoutIterator(stream)))).rejects.toThrow('broken')
  })
})

describe('collect', () => {
  test('puts chunks together in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 10 })), async chunks => {
        expect([...(await collect(chunksOf(...chunks)))]).toEqual(chunks.flatMap(chunk => [...chunk]))
      }),
    )
  })

  test('as text, refuses what is not UTF-8', async () => {
    await expect(collectText(chunksOf(new Uint8Array([0xff])))).rejects.toThrow(TypeError)
  })

  test('as text, keeps a character that is split between chunks', async () => {
    const bytes = new TextEncoder().encode('é')
    expect(await collectText(chunksOf(bytes.subarray(0, 1), bytes.subarray(1)))).toBe('é')
  })
})
