import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { collectText, isWritable, memory, open, sync, toBytes } from './index.ts'

let root: string
let before: string | undefined
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'syncline-sync-'))
  await mkdir(join(root, 'a'))
  await mkdir(join(root, 'b'))
  before = process.env['XDG_STATE_HOME']
  process.env['XDG_STATE_HOME'] = join(root, 'state')
})
afterEach(async () => {
  if (before === undefined) delete process.env['XDG_STATE_HOME']
  else process.env['XDG_STATE_HOME'] = before
  await rm(root, { recursive: true, force: true })
})

describe('open', () => {
  test('opens a path and a file: URL as the same place', async () => {
    const path = join(root, 'a')
    const [first, second, third] = [await open(path), await open(pathToFileURL(path)), await open('a', { directory: root })]
    expect([first.name, second.name, third.name]).toEqual([path, path, path])
    expect(isWritable(first)).toBe(true)
  })

  test('hands on what happens to symbolic links', async () => {
    expect(await open(root, { symlinks: 'skip' })).not.toHaveProperty('makeSymlink', expect.any(Function))
    await expect(open(root, { symlinks: 'sometimes' as 'skip' })).rejects.toThrow('symlinks')
  })

  test('rejects with the reason of an abort', async () => {
    const reason = new Error('enough')
    await expect(open(root, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('sync', () => {
  test('syncs two paths and remembers them', async () => {
    const [a, b] = [join(root, 'a'), join(root, 'b')]
    await writeFile(join(a, 'x.txt'), 'hello')
    expect((await sync(a, b)).stats.uploads).toBe(1)
    await rm(join(b, 'x.txt'))
    await writeFile(join(b, 'y.txt'), 'new')
    const { stats, exitCode } = await sync(a, b, { maxDelete: 1, allowEmpty: true })
    expect([exitCode, stats.deletesSource, stats.downloads]).toEqual([0, 1, 1])
    expect(await readFile(join(a, 'y.txt'), 'utf8')).toBe('new')
  })

  test('takes storages as they are, with a state of their own', async () => {
    const [source, destination, state] = [memory({ name: 'memory:a' }), memory({ name: 'memory:b' }), memory()]
    await source.write('x', toBytes('hello'))
    const events: string[] = []
    await sync(source, destination, { state, onProgress: ({ type }) => events.push(type) })
    expect(await collectText(destination.read('x'))).toBe('hello')
    expect(events.at(-1)).toBe('sync_complete')
    expect(await state.stat('sync_metadata.json')).toBeDefined()
  })

  test('refuses a place that nothing can open', async () => await expect(sync(join(root, 'a'), 'nope://x')).rejects.toThrow('no storage for "nope:"'))
})
