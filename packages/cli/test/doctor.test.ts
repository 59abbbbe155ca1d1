import { truncating, unordered } from '@syncline/conformance'
import {
  decorate,
  type Entry,
  memory,
  type MemoryStorage,
  type ReadableStorage,
  readOnly,
  StorageError,
  toBytes,
  type WritableStorage,
} from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { memoryWorld, put, type MemoryWorld } from './memory-environment.ts'

/** A world in which `x` is the storage that `wrap` makes of a memory storage with one file. */
async function worldOf(wrap: (storage: MemoryStorage) => ReadableStorage): Promise<{ world: MemoryWorld; inner: MemoryStorage }> {
  const inner = memory({ name: 'memory:x' })
  await put(inner, 'mine/kept.txt', 'kept')
  return { world: memoryWorld({ storages: { x: wrap(inner) } }), inner }
}

async function leavesOf(storage: WritableStorage): Promise<string[]> {
  const paths: string[] = []
  for await (const item of storage.list('')) for (const entry of (Array.isArray(item) ? item : [item]) as Entry[]) paths.push(entry.path)
  return paths
}

const untouched = ['mine', 'mine/kept.txt']
const typesOf = (json: readonly Record<string, unknown>[]): string[] => [...new Set(json.map(({ type }) => String(type)))]

describe('doctor', () => {
  test('tells people what a storage promises, its clock and its speed, and that it keeps what it promises', async () => {
    const { world, inner } = await worldOf(storage => storage)
    const { code, out, err } = await world.run('doctor', 'x')
    expect([code, err]).toEqual([0, ''])
    expect(out.replace(/\d+(\.\d+)? (µs|ms|s|[KMG]?i?B\/s)(?=\W)/g, 'N').replace(/(N|\d+) tests? .*/, 'N tests')).toMatchInlineSnapshot(`
      "memory:x  can be read and written

      What it promises
         ✓ atomic writes       nobody sees a partial file, a failed write leaves the old one
         ✓ conditional writes  the store itself decides whether a file is still as expected
         ✓ times               kept to N
         ✓ directories         exist on their own and can be empty
         ✓ exact names         case and Unicode form make different files
         ✓ ordered listings    compared as they come
         ✓ hashes              sha256, sha1
           calls at once       8
           offers              hash, snapshot, makeDirectory, makeSymlink,
                               setModified, setMode, copy, move, upload, flush
           lacks               watch, transferFrom, refuses, freeSpace

      Clock
           offset              in step with this one (±N)
           keeps times         to N, cut off
           listings show       to N, cut off

      Speed
           a look-up takes     N
           writes              N (8.0 MiB)
           reads               N (8.0 MiB)

      ✓ it keeps what it promises: N tests
      "
    `)
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('tells what a storage finds out of its server only when it writes', async () => {
    const { world } = await worldOf(inner => {
      let isKnown = false
      const storage = decorate(inner, {
        write: (path, content, options) => {
          isKnown ||= options?.ifNoneMatch !== undefined
          return inner.write(path, content, options)
        },
      })
      const { conditional: _, ...others } = inner.capabilities
      return Object.defineProperty(storage, 'capabilities', { get: () => (isKnown ? { ...others, conditional: true } : others) })
    })
    const { out } = await world.run('doctor', 'x', '--quick')
    expect(out).toContain('✓ conditional writes')
  })

  test('tells programs the same, one object per line, the verdict last', async () => {
    const { world, inner } = await worldOf(storage => storage)
    const { code, json } = await world.run('doctor', 'x', '--json')
    expect(code).toBe(0)
    expect(typesOf(json)).toEqual(['storage', 'clock', 'speed', 'test', 'doctor_complete'])
    expect(json[0]).toMatchObject({ name: 'memory:x', writable: true, capabilities: { ordered: true, atomicWrite: true } })
    expect(json[1]).toMatchObject({ kept: { precisionMs: 1, rounding: 'down', shiftMs: 0 } })
    expect(json[2]).toMatchObject({ bytes: 8 * 1024 * 1024 })
    expect(json.at(-1)).toMatchObject({ exitCode: 0, stopped: false, failed: 0, broken: [] })
    expect(json.at(-1)?.['passed']).toBeGreaterThan(60)
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('names the promise that a storage breaks, what it did, and exits with 3', async () => {
    const { world, inner } = await worldOf(unordered)
    const { code, out } = await world.run('doctor', 'x')
    expect(code).toBe(3)
    expect(out).toMatch(/✗ P12 +lists in key order, by bytes\n +".*" was listed .*\n +P12 asks: list yields in key order/)
    expect(out).toMatch(/✗ \d tests? failed, about .*P12.*exit 3/)
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('finds that bytes get lost, in the speed test already', async () => {
    const { world, inner } = await worldOf(storage => truncating(storage, { at: 'read' }))
    const { code, json } = await world.run('doctor', 'x', '--json')
    expect(code).toBe(3)
    expect(json).toContainEqual(expect.objectContaining({ type: 'failure', part: 'speed', code: 'CORRUPT' }))
    expect(json.at(-1)?.['broken']).toContain('P21')
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('--quick leaves the tests out', async () => {
    const { world, inner } = await worldOf(storage => storage)
    const { code, json } = await world.run('doctor', 'x', '--quick', '--json')
    expect(code).toBe(0)
    expect(typesOf(json)).toEqual(['storage', 'clock', 'speed', 'doctor_complete'])
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('--all shows every test and why it does not apply, --quiet only what is wrong', async () => {
    const { world } = await worldOf(unordered)
    const { out } = await world.run('doctor', 'x', '--all')
    expect(out).toMatch(/✓ P21 /)
    expect(out).toMatch(/- P67 +watch tells of a change and ends with an abort: watch is not offered/)
    const quiet = await world.run('doctor', 'x', '--quiet')
    expect(quiet.out).toBe('')
    expect(quiet.err).toMatch(/^ +✗ P12 /)
  })

  test('of a place that can only be read it tests what is there', async () => {
    const { world, inner } = await worldOf(readOnly)
    const { code, json } = await world.run('doctor', 'x', '--json')
    expect(code).toBe(0)
    expect(typesOf(json)).toEqual(['storage', 'speed', 'test', 'doctor_complete'])
    expect(json[0]).toMatchObject({ writable: false })
    expect(json.filter(({ outcome }) => outcome === 'passed').map(({ promises }) => promises)).toEqual([
      ['P11'],
      ['P12'],
      ['P17'],
      ['P19'],
      ['P22'],
      ['P23'],
    ])
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test.each([
    ['P12', (storage: MemoryStorage) => unordered(storage)],
    ['P22', (storage: MemoryStorage) => truncating(storage, { at: 'read' })],
    [
      'P17',
      (storage: MemoryStorage) =>
        decorate(storage, { stat: async path => ({ ...((await storage.stat(path)) as Entry), kind: 'directory' }) as Entry }),
    ],
  ])('finds a broken %s in a place that can only be read', async (promise, wrap) => {
    const { world, inner } = await worldOf(storage => readOnly(wrap(storage)))
    for (const name of ['a', 'a-b', 'z']) await put(inner, name, 'content')
    const { code, json } = await world.run('doctor', 'x', '--json')
    expect(code).toBe(3)
    expect(json.at(-1)?.['broken']).toContain(promise)
  })

  test('an account that may only read is told so, and its exit code says that it is not authorised', async () => {
    const { world, inner } = await worldOf(storage =>
      decorate(storage, { write: path => Promise.reject(new StorageError('PERMISSION_DENIED', `may not write ${path}`, { path })) }),
    )
    const { code, json } = await world.run('doctor', 'x', '--json')
    expect(code).toBe(6)
    expect(json).toContainEqual(expect.objectContaining({ type: 'failure', part: 'writing', code: 'PERMISSION_DENIED' }))
    expect(json.filter(({ outcome }) => outcome === 'passed')).toHaveLength(6)
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('a place that is not there is an error before anything is made', async () => {
    const { world, inner } = await worldOf(storage =>
      decorate(storage, {
        async *list(path) {
          throw new StorageError('NOT_FOUND', 'there is no memory:x', { path })
        },
      }),
    )
    const { code, err } = await world.run('doctor', 'x')
    expect([code, err]).toEqual([6, expect.stringContaining('there is no memory:x')])
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('what was learned of the server is shown', async () => {
    const { world } = await worldOf(storage =>
      Object.assign(decorate(storage), { learned: { recall: () => undefined, facts: () => ({ zone: '+02:00', conditional: true }) } }),
    )
    const { out } = await world.run('doctor', 'x', '--quick')
    expect(out).toMatch(/What it learned of its server\n +zone +\+02:00\n +conditional +true\n/)
  })

  test('what cannot be removed is named', async () => {
    const { world } = await worldOf(storage =>
      decorate(storage, {
        remove: (path, options) =>
          path.endsWith('/speed') ? Promise.reject(new StorageError('PERMISSION_DENIED', 'may not', { path })) : storage.remove(path, options),
      }),
    )
    const { code, json } = await world.run('doctor', 'x', '--quick', '--json')
    expect(code).toBe(3)
    expect(json).toContainEqual({ type: 'left', path: expect.stringMatching(/^\.syncline-doctor-.*\/speed$/) as string, message: 'may not' })
  })

  test.each([1, 2, 5, 20, 40, 200])('Ctrl-C after %d writes removes what was made', async writes => {
    let count = 0
    let interrupt = (): void => undefined
    const { world, inner } = await worldOf(storage =>
      decorate(storage, {
        write: async (path, content, options) => {
          const entry = await storage.write(path, content, options)
          if (++count === writes) interrupt()
          return entry
        },
      }),
    )
    world.environment.onInterrupt = callback => {
      interrupt = () => callback('SIGINT')
      return () => undefined
    }
    const { code, json } = await world.run('doctor', 'x', '--json')
    expect(code).toBe(130)
    expect(json.at(-1)).toMatchObject({ type: 'doctor_complete', exitCode: 130, stopped: true })
    // Also in the middle of a test that writes many files: those that are on their way, and no more.
    expect(count).toBeLessThanOrEqual(writes + 10)
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('Ctrl-C ends an examination whose storage hangs', async () => {
    let interrupt = (): void => undefined
    const { world, inner } = await worldOf(storage =>
      decorate(storage, {
        copy: () => {
          interrupt()
          return new Promise(() => undefined)
        },
      }),
    )
    world.environment.onInterrupt = callback => {
      interrupt = () => callback('SIGINT')
      return () => undefined
    }
    const { code, json } = await world.run('doctor', 'x', '--json')
    expect([code, json.at(-1)?.['stopped']]).toEqual([130, true])
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('an upload that a failed test left is given up', async () => {
    const open = new Set<string>()
    const { world, inner } = await worldOf(storage =>
      decorate(storage, {
        upload: async (path, options) => {
          const upload = await storage.upload(path, options)
          open.add(upload.token)
          const end = async (): Promise<void> => {
            await upload.abort()
            open.delete(upload.token)
          }
          return { ...upload, put: () => Promise.reject(new StorageError('UNKNOWN', 'no', { path })), abort: end }
        },
      }),
    )
    const { code, json } = await world.run('doctor', 'x', '--json')
    expect([code, [...open]]).toEqual([3, []])
    expect(json.at(-1)?.['broken']).toContain('P61')
    expect(await leavesOf(inner)).toEqual(untouched)
  })

  test('one place has to be named', async () => {
    expect((await memoryWorld().run('doctor')).code).toBe(2)
    expect((await memoryWorld().run('doctor', 'a', 'b')).code).toBe(2)
  })

  test('a name from elsewhere cannot act on the terminal', async () => {
    const storage = memory({ name: 'memory:\u001b[2J' })
    await storage.write('a', toBytes('a'))
    const { out } = await memoryWorld({ storages: { x: storage } }).run('doctor', 'x', '--quick')
    expect(out).toContain('memory:\\e[2J')
  })
})
