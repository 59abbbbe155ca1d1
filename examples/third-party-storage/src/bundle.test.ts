import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conformance } from '@syncline/conformance'
import { collectText, memory, syncPair, toBytes } from '@syncline/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundle, plugin } from './bundle.ts'

let directory: string
let count = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'syncline-bundle-'))
})
afterAll(async () => await rm(directory, { recursive: true }))

const fresh = (): string => join(directory, `${count++}.json`)

conformance({ describe, test }, async () => ({ storage: await bundle(fresh()) }), { title: 'a bundle conforms to the protocol' })

describe('bundle', () => {
  test('keeps what was written in a file that people can read', async () => {
    const file = fresh()
    const storage = await bundle(file)
    await storage.write('docs/a.txt', toBytes('hello'), { modified: 1_700_000_000_000 })
    await storage.flush?.()
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual([{ path: 'docs/a.txt', modified: 1_700_000_000_000, base64: 'aGVsbG8=' }])
    const again = await plugin.open(new URL(`bundle:${file}`))
    expect(await again.stat('docs/a.txt')).toEqual(await storage.stat('docs/a.txt'))
    expect(await collectText(again.read('docs/a.txt'))).toBe('hello')
  })

  test('writes its file once per flush, in one step, and leaves no other', async () => {
    const file = fresh()
    const storage = await bundle(file)
    await storage.write('a', toBytes('1'))
    await Promise.all([storage.flush?.(), storage.flush?.(), storage.close?.()])
    expect((await readdir(directory)).filter(name => file.endsWith(name) || name.includes('.tmp'))).toHaveLength(1)
    await writeFile(file, '[]')
    await storage.flush?.()
    expect(await readFile(file, 'utf8')).toBe('[]')
  })

  test('refuses a file that holds a path out of the root', async () => {
    const file = fresh()
    await writeFile(file, JSON.stringify([{ path: '../x', modified: 0, base64: '' }]))
    await expect(bundle(file)).rejects.toMatchObject({ code: 'INVALID_PATH' })
  })

  test('is synced like any other storage', async () => {
    const source = memory()
    await source.write('docs/a.txt', toBytes('hello'))
    const file = fresh()
    const { exitCode, stats } = await syncPair({ source, destination: await bundle(file), state: memory() })
    expect([exitCode, stats.uploads]).toEqual([0, 1])
    expect(await collectText((await bundle(file)).read('docs/a.txt'))).toBe('hello')
  })
})
