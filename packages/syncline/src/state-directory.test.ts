import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { acquireLock, isLockedError, isStorageError, toBytes } from '@syncline/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listKnownPairs, openStateAt, openStateDirectory, stateHome } from './state-directory.ts'
import { sync } from './sync.ts'

let root: string
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'syncline-state-'))))
afterEach(() => rm(root, { recursive: true, force: true }))

describe('stateHome', () => {
  test.each([
    [{ XDG_STATE_HOME: '/x' }, '/x/syncline'],
    [{ XDG_STATE_HOME: 'relative' }, join(homedir(), '.local/state/syncline')],
    [{}, join(homedir(), '.local/state/syncline')],
  ])('with %j is %s', (variables, home) => expect(stateHome(variables)).toBe(home))
})

describe('openStateDirectory', () => {
  test('makes the directory with the first write, for its owner only', async () => {
    const directory = join(root, 'a', 'b')
    const storage = openStateDirectory(directory)
    await expect(stat(directory)).rejects.toThrow('ENOENT')
    await storage.write('x', toBytes('x'))
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
  })

  test('creates a file once, whoever comes first', async () => {
    const create = (text: string): Promise<unknown> => openStateDirectory(root).write('lock', toBytes(text), { ifNoneMatch: '*' })
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map(create))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) if (result.status === 'rejected') expect(isStorageError(result.reason, 'PRECONDITION_FAILED')).toBe(true)
  })

  test('of two that replace the same version at once, one is told that it lost', async () => {
    const first = await openStateDirectory(root).write('lock', toBytes('old'))
    const etag = first.etag ?? ''
    const results = await Promise.allSettled(['a', 'b'].map(text => openStateDirectory(root).write('lock', toBytes(text), { ifMatch: etag })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('a dead owner’s lock is taken by exactly one of two', async () => {
    const dead = { id: 'dead' }
    await acquireLock(openStateDirectory(root), dead, { ttlMs: 60_000 })
    const take = (id: string): ReturnType<typeof acquireLock> => acquireLock(openStateDirectory(root), { id, isAlive: owner => owner !== 'dead' })
    const results = await Promise.allSettled(['a', 'b'].map(take))
    const won = results.filter(result => result.status === 'fulfilled')
    expect(won).toHaveLength(1)
    for (const result of results) if (result.status === 'rejected') expect(isLockedError(result.reason)).toBe(true)
    for (const result of won) await result.value.release()
  })
})

describe('openStateAt', () => {
  test('opens a directory', async () => expect((await openStateAt(root)).name).toBe(root))
  test('refuses what nothing can open', async () => await expect(openStateAt('nope://x')).rejects.toThrow('no storage for "nope:"'))
})

describe('listKnownPairs', () => {
  test('names the pairs that were synced, and leaves out what is damaged', async () => {
    const [a, b] = [join(root, 'a'), join(root, 'b')]
    for (const directory of [a, b]) await openStateDirectory(directory).write('x', toBytes('x'))
    await sync(a, b, { state: join(root, 'states', 'one') })
    await openStateDirectory(join(root, 'states', 'two')).write('sync_metadata.json', toBytes('{'))
    await writeFile(join(root, 'states', 'file'), '')
    expect(await listKnownPairs(join(root, 'states'))).toEqual([{ source: a, destination: b }])
    expect(await listKnownPairs(join(root, 'nowhere'))).toEqual([])
  })
})
