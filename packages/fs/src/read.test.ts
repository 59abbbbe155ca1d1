import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { appendFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { collect, collectText } from '@syncline/core'
import { directory, fill } from '../test/fixture.ts'
import { fs } from './fs.ts'

const big = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => index % 251))

describe('read', () => {
  test('yields the content in chunks of 256 KiB', async () => {
    const root = directory()
    fill(root, { f: big, empty: '' })
    const sizes: number[] = []
    for await (const chunk of fs(root).read('f')) sizes.push(chunk.length)
    expect(sizes[0]).toBe(262_144)
    // Not `toEqual`, which looks at millions of bytes one by one.
    expect(big.equals(await collect(fs(root).read('f')))).toBe(true)
    expect(await collect(fs(root).read('empty'))).toHaveLength(0)
  })

  test.each<[number, number | undefined, string]>([
    [0, 3, '012'],
    [4, undefined, '456789'],
    [8, 100, '89'],
    [10, 1, ''],
    [99, 1, ''],
    [3, 0, ''],
  ])('from %d, %d bytes', async (offset, length, expected) => {
    const root = directory()
    fill(root, { f: '0123456789' })
    expect(await collectText(fs(root).read('f', length === undefined ? { offset } : { offset, length }))).toBe(expected)
  })

  test('rejects for what is no file, without waiting for a pipe', async () => {
    const root = directory()
    fill(root, { 'd/': '', f: '' })
    execFileSync('mkfifo', [join(root, 'fifo')])
    symlinkSync('f', join(root, 'l'))
    await expect(collect(fs(root).read('none'))).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'none' })
    await expect(collect(fs(root).read('f/x'))).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'f/x' })
    await expect(collect(fs(root).read('d'))).rejects.toMatchObject({ code: 'IS_A_DIRECTORY', path: 'd' })
    await expect(collect(fs(root).read('fifo'))).rejects.toMatchObject({ code: 'NOT_SUPPORTED', path: 'fifo' })
    await expect(collect(fs(root).read('l'))).rejects.toMatchObject({ code: 'NOT_SUPPORTED', path: 'l' })
  })

  test('with ifMatch reads that version only', async () => {
    const root = directory()
    fill(root, { f: 'one' })
    const storage = fs(root)
    const { etag } = (await storage.stat('f')) as { etag: string }
    expect(await collectText(storage.read('f', { ifMatch: etag }))).toBe('one')
    writeFileSync(join(root, 'f'), 'two')
    await expect(collect(storage.read('f', { ifMatch: etag }))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', path: 'f' })
  })

  test.each<[string, (file: string) => void]>([
    ['shrinks', file => truncateSync(file, 1_000_000)],
    ['grows', file => appendFileSync(file, 'x')],
    ['is rewritten', file => writeFileSync(file, Buffer.alloc(big.length))],
  ])('rejects for a file that %s while it is read', async (_, disturb) => {
    const root = directory()
    fill(root, { f: big })
    await expect(async () => {
      let isFirst = true
      for await (const _chunk of fs(root).read('f')) {
        if (isFirst) disturb(join(root, 'f'))
        isFirst = false
      }
    }).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', path: 'f' })
  })
})

describe('hash', () => {
  test.each(['sha256', 'sha1', 'md5'])('computes %s of small, empty and big files', async name => {
    const root = directory()
    fill(root, { f: 'x', empty: '', big })
    const storage = fs(root, { workers: 0 })
    for (const [path, content] of [
      ['f', 'x'],
      ['empty', ''],
      ['big', big],
    ] as const) {
      expect(await storage.hash?.(path, name)).toBe(createHash(name).update(content).digest('hex'))
    }
  })

  test('computes the hash of a huge file in another thread', async () => {
    const root = directory()
    const huge = Buffer.concat(Array.from({ length: 6 }, () => big))
    fill(root, { huge })
    const storage = fs(root, { workers: 1 })
    onTestFinished(() => storage.close?.())
    expect(await storage.hash?.('huge', 'sha1')).toBe(createHash('sha1').update(huge).digest('hex'))
    const controller = new AbortController()
    const reason = new Error('enough')
    const call = storage.hash?.('huge', 'md5', { signal: controller.signal })
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  test('rejects for an unknown function, a directory, a pipe and nothing', async () => {
    const root = directory()
    fill(root, { 'd/': '', f: '' })
    execFileSync('mkfifo', [join(root, 'fifo')])
    const storage = fs(root)
    await expect(storage.hash?.('f', 'crc64nvme')).rejects.toMatchObject({ code: 'NOT_SUPPORTED', path: 'f' })
    await expect(storage.hash?.('d', 'sha1')).rejects.toMatchObject({ code: 'IS_A_DIRECTORY', path: 'd' })
    await expect(storage.hash?.('fifo', 'sha1')).rejects.toMatchObject({ code: 'NOT_SUPPORTED', path: 'fifo' })
    await expect(storage.hash?.('none', 'sha1')).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'none' })
  })
})
