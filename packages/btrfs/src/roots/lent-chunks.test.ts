import { spawn } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { closeSync, fstatSync, writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test, type TestContext } from 'vitest'
import { lentChunks } from './lent-chunks.ts'
import { openPipe, type Pipe } from './pipe.ts'

async function pipeFor(context: TestContext, ours: 'reading' | 'writing'): Promise<Pipe> {
  const pipe = await openPipe(ours)
  if (pipe === undefined) context.skip('no pipe can be made here: it needs the program mkfifo')
  return pipe
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor)
    return true
  } catch {
    return false
  }
}

/** Another process that writes content in pieces of a size. */
function writer(pipe: Pipe, content: Uint8Array, piece: number): void {
  const child = spawn('dd', [`bs=${piece}`, 'status=none'], { stdio: ['pipe', pipe.theirs, 'inherit'] })
  closeSync(pipe.theirs)
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(content)
}

describe('lentChunks', () => {
  test('gives all bytes in order, however they come and however slowly they are taken', context =>
    fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 3_000_000 }),
        fc.integer({ min: 512, max: 200_000 }),
        fc.array(fc.nat({ max: 3 })),
        async (size, piece, waits) => {
          const content = randomFillSync(new Uint8Array(size))
          const pipe = await pipeFor(context, 'reading')
          writer(pipe, content, piece)
          const hash = createHash('sha256')
          let count = 0
          for await (const chunk of lentChunks(pipe.ours)) {
            // What is lent must not change while others are read ahead.
            for (let wait = waits[count++ % Math.max(1, waits.length)] ?? 0; wait > 0; wait--) await turn()
            hash.update(chunk)
          }
          expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'))
        },
      ),
      { numRuns: 20 },
    ))

  test('uses the memory of a chunk again, and does not read further ahead than it has memory', async context => {
    const pipe = await pipeFor(context, 'reading')
    writer(pipe, randomFillSync(new Uint8Array(4_000_000)), 65536)
    const buffers = new Set<ArrayBufferLike>()
    for await (const chunk of lentChunks(pipe.ours)) buffers.add(chunk.buffer)
    expect([...buffers].map(({ byteLength }) => byteLength)).toEqual([512 * 1024])
  })

  test('ends the pipe when the reader leaves, so that the writer is told', async context => {
    const pipe = await pipeFor(context, 'reading')
    const child = spawn('yes', { stdio: ['ignore', pipe.theirs, 'ignore'] })
    closeSync(pipe.theirs)
    const signal = new Promise(resolve => child.on('exit', (_, name) => resolve(name)))
    for await (const chunk of lentChunks(pipe.ours)) if (chunk.length > 0) break
    expect(await signal).toBe('SIGPIPE')
  })

  test('ends with nothing where nothing was written', async context => {
    const pipe = await pipeFor(context, 'reading')
    closeSync(pipe.theirs)
    const chunks: Uint8Array[] = []
    for await (const chunk of lentChunks(pipe.ours)) chunks.push(chunk)
    expect(chunks).toEqual([])
    await expect.poll(() => isOpen(pipe.ours)).toBe(false)
  })
})

describe('openPipe', () => {
  test('gives an end that never waits and one that does', async context => {
    const pipe = await pipeFor(context, 'writing')
    const block = new Uint8Array(4096)
    const fill = (): void => {
      for (;;) writeSync(pipe.ours, block)
    }
    expect(fill).toThrow(expect.objectContaining({ code: 'EAGAIN' }) as Error)
    closeSync(pipe.theirs)
    expect(() => writeSync(pipe.ours, block)).toThrow(expect.objectContaining({ code: 'EPIPE' }) as Error)
    closeSync(pipe.ours)
  })
})
