import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bytes } from '@syncline/core'
import { expect } from 'vitest'
import { Command } from '../command.ts'
import type { Arena } from './arena.ts'

/** Bytes of the big file: 256 MiB, or a whole GiB with SYNCLINE_GOLDEN_BYTES=1073741824. */
const bigFileBytes = Number(process.env['SYNCLINE_GOLDEN_BYTES'] ?? 256 * 1024 * 1024)

/**
 * Uploads a big file by the command, kills its process when 60 % of the file have gone through the network, and lets another process go on.
 *
 * @returns what each process sent, as shares of the file
 */
export async function killAndResume({ proxy, place }: Arena): Promise<{ readonly first: number; readonly second: number }> {
  const home = await mkdtemp(join(tmpdir(), 'syncline-golden-big-'))
  const { location, view } = await place()
  const command = await Command.make(location.env)
  try {
    await mkdir(join(home, 'source'))
    const file = join(home, 'source', 'big.bin')
    await writeNoise(file, bigFileBytes)
    const sync = ['sync', '--yes', '--json', '--mode', 'source-to-destination', '--', join(home, 'source'), location.location]

    const before = proxy.stats().bytesUp
    const sent = (): number => (proxy.stats().bytesUp - before) / bigFileBytes
    let watch: NodeJS.Timeout | undefined
    const killed = await command.run(sync, kill => {
      watch = setInterval(() => {
        if (sent() >= 0.6) kill('SIGKILL')
      }, 2)
    })
    clearInterval(watch)
    expect([killed.signal, killed.code], `the first process: ${killed.err}${killed.out}`).toEqual(['SIGKILL', null])
    const first = sent()
    expect(await namesOf(view), 'no partial file is under the name of the file').not.toContain('big.bin')

    const between = proxy.stats().bytesUp
    const resumed = await command.run(sync)
    expect(resumed.code, `the second process: ${resumed.err}${resumed.out}`).toBe(0)
    const second = (proxy.stats().bytesUp - between) / bigFileBytes
    expect(await digestOf(view.read('big.bin')), 'what arrived').toBe(await digestOf(createReadStream(file) as Bytes))
    expect(await namesOf(view), 'nothing else is left').toEqual(['big.bin'])

    const rest = await command.run(['plan', '--json', '--', ...sync.slice(-2)])
    expect(rest.out.trim().split('\n'), 'the next run has nothing to do').toHaveLength(1)
    return { first, second }
  } finally {
    await command.remove()
    await rm(home, { recursive: true, force: true })
  }
}

async function namesOf(storage: { list(path: string): AsyncIterable<unknown> }): Promise<string[]> {
  const names: string[] = []
  for await (const item of storage.list(''))
    for (const entry of (Array.isArray(item) ? item : [item]) as { readonly path: string }[]) names.push(entry.path)
  return names
}

async function digestOf(content: Bytes): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}

/** Every MiB another content, so that a part in the wrong place is seen. */
async function writeNoise(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'w')
  try {
    const block = new Uint32Array(256 * 1024)
    let state = 1
    for (let i = 0; i < block.length; i++) block[i] = state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    for (let at = 0; at < bytes; at += block.byteLength) {
      block[0] = at / block.byteLength
      block[70_000] = at
      await handle.write(new Uint8Array(block.buffer, 0, Math.min(block.byteLength, bytes - at)))
    }
  } finally {
    await handle.close()
  }
}
