import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { bytes, contents, directory, fill, listPaths } from '../test/fixture.ts'
import { Changes } from './flush.ts'
import { fs } from './fs.ts'
import { temporaryName } from './temporary.ts'

/** Our own temporary name with parts replaced: host, boot, PID, start. */
function nameWith(parts: { host?: string; boot?: string; pid?: string; start?: string }): string {
  const [host, boot, pid, start, ...rest] = temporaryName().slice('.syncline-tmp-'.length).split('-') as [string, string, string, string, ...string[]]
  return `.syncline-tmp-${[parts.host ?? host, parts.boot ?? boot, parts.pid ?? pid, parts.start ?? start, ...rest].join('-')}`
}

describe('flush', () => {
  test.each([3, 200])('resolves after %d changes, some of them gone again, and leaves the tree as it is', async count => {
    const root = directory()
    const storage = fs(root)
    for (let i = 0; i < count; i++) await storage.write(`d${i % 5}/f${i}`, bytes('x'))
    await storage.remove('d0/f0')
    await storage.makeSymlink?.('l', 'x')
    await storage.makeDirectory?.('a/b')
    const before = contents(root)
    await storage.flush?.()
    await storage.flush?.()
    expect(contents(root)).toEqual(before)
  })

  test.skipIf(process.platform === 'win32')('leaves alone what a link points to, whose time was set', async () => {
    const root = directory()
    const storage = fs(root)
    // Nobody writes to the pipe, and no system takes so long a name.
    execFileSync('mkfifo', [join(root, 'pipe')])
    for (const [link, target] of [
      ['a', 'pipe'],
      ['b', 'x'.repeat(1000)],
    ] as const) {
      await storage.makeSymlink?.(link, target)
      await storage.setModified?.(link, 1e12)
    }
    await storage.flush?.()
    expect(readdirSync(root).sort()).toEqual(['a', 'b', 'pipe'])
  })

  test('rejects with the reason of an abort', async () => {
    const reason = new Error('enough')
    await expect(fs(directory()).flush?.({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('removes temporaries of dead processes that a listing saw, and no others', async () => {
    const root = directory()
    const dead = nameWith({ start: '1' })
    const earlierBoot = nameWith({ boot: '00000000' })
    const own = nameWith({})
    const elsewhere = nameWith({ host: '00000000' })
    const stranger = '.syncline-tmp-of-somebody'
    fill(root, { f: 'x', [`d/${dead}`]: 'x', [earlierBoot]: 'x', [own]: 'x', [elsewhere]: 'x', [stranger]: 'x' })
    symlinkSync('nowhere', join(root, nameWith({ start: '1' })))
    const storage = fs(root)
    await storage.flush?.()
    expect(readdirSync(root)).toHaveLength(7)
    expect(await listPaths(storage)).toEqual(['d/', 'f'])
    expect(readdirSync(root)).toHaveLength(7)
    await storage.flush?.()
    expect(contents(root)).toEqual({ 'd/': '', f: 'x', [own]: 'x', [elsewhere]: 'x', [stranger]: 'x' })
  })

  test('removes temporaries of other hosts after a day, whatever time the file itself carries', async () => {
    const root = directory()
    const elsewhere = nameWith({ host: '00000000' })
    fill(root, { [elsewhere]: 'x' })
    utimesSync(join(root, elsewhere), 0, 0)
    const storage = fs(root)
    await listPaths(storage)
    await storage.flush?.()
    expect(readdirSync(root)).toEqual([elsewhere])
    await listPaths(storage)
    vi.useFakeTimers({ now: Date.now() + 25 * 60 * 60 * 1000, toFake: ['Date'] })
    try {
      await storage.flush?.()
    } finally {
      vi.useRealTimers()
    }
    expect(readdirSync(root)).toEqual([])
  })

  test('a temporary that cannot be removed does not fail it', async () => {
    const root = mkdtempSync(join(directory(), 'r'))
    writeFileSync(join(root, nameWith({ start: '1' })), '')
    const storage = fs(root)
    await listPaths(storage)
    chmodSync(root, 0o555)
    await storage.flush?.()
    chmodSync(root, 0o755)
  })
})

describe('Changes', () => {
  test('hands over files with their directories once, and takes them back', () => {
    const changes = new Changes()
    changes.addFile('a/f')
    changes.addName('b/gone')
    const taken = changes.take()
    expect([...taken.files, ...taken.directories]).toEqual(['a/f', 'a', 'b'])
    expect(changes.take()).toEqual({ files: new Set(), directories: new Set() })
    changes.restore(taken)
    expect(changes.take()).toEqual(taken)
  })
})
