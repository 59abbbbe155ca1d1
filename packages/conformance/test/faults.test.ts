import {
  isStorageError,
  isWritable,
  type ReadableStorage,
  StorageError,
  SyncEngine,
  SyncMode,
  SyncPair,
  type SyncResult,
  toBytes,
} from '@syncline/core'
import { afterAll, describe, expect, test } from 'vitest'
import { change, contentOf, directory, type DirectoryNode, file, flatten, link, put, World } from './kit.ts'

// Every call of every storage of a whole run fails once in turn, in every mode: before its effect, after it, midway, for a while or for good.
// Then an ordinary run, after which everything is as if nothing had failed, and a third that does nothing.

type Moment = 'before' | 'midway' | 'after'
type Place = 'source' | 'destination' | 'state'

const tree = directory({
  same: file('same'),
  edited: file('before'),
  gone: file('to be deleted'),
  'moved-from': file('moved content'),
  d: directory({ x: file('x of d'), e: directory({ y: file('y of e') }) }),
  kind: file('was a file'),
  turn: directory({ in: file('in turn') }),
  l: link('same'),
})

/** What a user does to the side that gives. */
async function edit(world: World, side: 'source' | 'destination', mode: SyncMode): Promise<void> {
  const storage = world[side]
  await storage.write('edited', toBytes('after, longer'))
  await storage.remove('gone')
  await storage.move('moved-from', 'moved-to')
  await storage.move('d', 'renamed')
  await storage.remove('kind')
  await put(storage, 'kind', directory({ inside: file('now inside') }))
  // A backup, which never deletes, would leave this open.
  if (!mode.endsWith('backup')) {
    await storage.remove('turn/in')
    await storage.remove('turn')
    await put(storage, 'turn', file('a file now'))
  }
  await storage.makeSymlink('l', 'edited')
  await put(storage, 'new', directory({ deep: directory({ er: file('new content') }), empty: directory() }))
}

class Faults {
  calls = 0
  failed: string | undefined

  constructor(
    readonly failAt: number,
    readonly moment: Moment,
    readonly retryable: boolean,
  ) {}

  wrap<T extends ReadableStorage>(storage: T): T {
    return new Proxy(storage, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function' || key === 'refuses') return value
        const call = value.bind(target) as (...args: readonly unknown[]) => unknown
        if (key === 'list' || key === 'read') return (...args: readonly unknown[]) => this.#iterate(String(key), call, args)
        return (...args: readonly unknown[]) => this.#call(String(key), call, args)
      },
    })
  }

  #fails(words: string): boolean {
    this.calls++
    if (this.calls !== this.failAt) return false
    this.failed = words
    return true
  }

  #error(): StorageError {
    return this.retryable ? new StorageError('UNAVAILABLE', 'planted, for a moment') : new StorageError('UNKNOWN', 'planted')
  }

  async #call(key: string, call: (...args: readonly unknown[]) => unknown, args: readonly unknown[]): Promise<unknown> {
    const fails = this.#fails(`${key} ${String(args[0])}`)
    if (fails && this.moment === 'midway' && key === 'write') return call(args[0], this.#half(args[1] as AsyncIterable<Uint8Array>), ...args.slice(2))
    if (fails && this.moment !== 'after') throw this.#error()
    const answer = await call(...args)
    if (fails) throw this.#error()
    return answer
  }

  async *#iterate(key: string, call: (...args: readonly unknown[]) => unknown, args: readonly unknown[]): AsyncGenerator<unknown> {
    const fails = this.#fails(`${key} ${String(args[0])}`)
    if (fails && this.moment === 'before') throw this.#error()
    const items = call(...args) as AsyncIterable<unknown>
    if (fails && this.moment === 'midway') yield* this.#half(items as AsyncIterable<Uint8Array>)
    else yield* items
    if (fails) throw this.#error()
  }

  async *#half(content: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      if (chunk instanceof Uint8Array) yield chunk.subarray(0, chunk.length >> 1)
      else yield (chunk as readonly unknown[]).slice(0, (chunk as readonly unknown[]).length >> 1) as unknown as Uint8Array
      break
    }
    throw this.#error()
  }
}

/** Both sides synced once and one of them edited, by the same steps every time. */
async function prepare(mode: SyncMode): Promise<World> {
  const world = new World()
  await change(world.source, directory(), tree)
  const first = await world.sync({ mode: 'two-way' })
  expect(first.exitCode).toBe(0)
  await edit(world, mode.startsWith('destination') ? 'destination' : 'source', mode)
  if (mode === 'two-way') await world.destination.write('there', toBytes('new over there'))
  return world
}

interface Outcome {
  readonly source: Record<string, string>
  readonly destination: Record<string, string>
  readonly kept: readonly string[]
}

async function outcomeOf(world: World): Promise<Outcome> {
  const [ours, theirs] = [await contentOf(world.source), await contentOf(world.destination)]
  expect([...ours.strange, ...theirs.strange], 'left behind').toEqual([])
  const kept = [...new Set([...ours.trash.map(line => `source ${line}`), ...theirs.trash.map(line => `destination ${line}`)])].sort()
  return { source: ours.tree, destination: theirs.tree, kept }
}

const options = { maxDelete: Infinity, attempts: 1 }
let cases = 0

/** One run in which a call fails. Undefined: it had fewer calls. */
async function runWithFault(mode: SyncMode, place: Place, faults: Faults): Promise<{ world: World; result: SyncResult | undefined } | undefined> {
  const world = await prepare(mode)
  const storages = { source: world.source, destination: world.destination, state: world.state, [place]: faults.wrap(world[place]) }
  const pair = new SyncPair({ ...storages, id: 'pair' })
  expect(isWritable(storages.source)).toBe(true)
  const engine = new SyncEngine({ now: () => world.time, random: () => 0.5, owner: { id: 'the run that fails' } })
  let result: SyncResult | undefined
  try {
    result = await engine.syncPair(pair, { ...options, mode, attempts: faults.retryable ? 2 : 1, concurrency: { transfers: 1, operations: 1 } })
  } catch (error) {
    // A run that cannot go on says why, by a storage's error.
    expect(isStorageError(error) || (error as Error).name === 'LockedError', String((error as Error).stack)).toBe(true)
  }
  if (faults.failed === undefined) return undefined
  world.tick()
  return { world, result }
}

describe.each(Object.values(SyncMode))('%s', mode => {
  describe.each(['source', 'destination', 'state'] as const)('a call of the %s fails once', place => {
    const forGood: readonly (readonly [Moment, boolean])[] = [
      ['before', false],
      ['midway', false],
      ['after', false],
    ]
    // Tries again wait, so they are left to one mode.
    const forAMoment: readonly (readonly [Moment, boolean])[] = [
      ['before', true],
      ['after', true],
    ]
    test.each<readonly [Moment, boolean]>(mode === 'two-way' ? [...forGood, ...forAMoment] : forGood)(
      '%s its effect (retryable: %s): the next run ends as if nothing had failed',
      async (moment, retryable) => {
        const good = await prepare(mode)
        expect((await good.sync({ ...options, mode })).exitCode).toBe(0)
        const expected = await outcomeOf(good)
        const before: DirectoryNode = tree
        const wrong: string[] = []
        for (let failAt = 1; ; failAt++) {
          const faults = new Faults(failAt, moment, retryable)
          const run = await runWithFault(mode, place, faults)
          if (run === undefined) break
          cases++
          const { world } = run
          // A lock whose release failed ends by its expiry.
          for (let i = 0; i < 60; i++) world.tick()
          const next = await world.sync({ ...options, mode })
          const outcome = await outcomeOf(world)
          const at = `call ${failAt}, ${faults.failed}`
          if (next.failures.length + next.stale.length > 0 || next.exitCode !== 0)
            wrong.push(`${at}: the next run ends with ${next.exitCode} ${JSON.stringify([next.failures, next.stale, next.problems, next.refusals])}`)
          for (const side of ['source', 'destination'] as const) {
            if (JSON.stringify(outcome[side]) !== JSON.stringify(expected[side]))
              wrong.push(`${at}: the ${side} has ${JSON.stringify(outcome[side])}`)
          }
          const lacks = expected.kept.filter(line => !outcome.kept.includes(line))
          // A transfer and a deletion in place of a rename may keep more, never other content than there was.
          const words = new Set(Object.values(flatten(before)))
          const more = outcome.kept.filter(line => !expected.kept.includes(line) && !words.has(line.slice(line.indexOf(': ') + 2)))
          if (lacks.length + more.length > 0) wrong.push(`${at}: the trash lacks ${JSON.stringify(lacks)} and has ${JSON.stringify(more)}`)
          world.takeCalls()
          const last = await world.sync({ ...options, mode })
          const calls = world.takeCalls()
          if (last.plan.items.length + last.plan.settled.length + calls.source.length + calls.destination.length > 0) {
            wrong.push(
              `${at}: the run after that does ${JSON.stringify([last.plan.items.map(item => `${item.action} ${item.path}`), last.plan.settled.map(each => each.path), calls])}`,
            )
          }
        }
        expect(wrong.slice(0, 8).join('\n')).toBe('')
      },
      120_000,
    )
  })
})

afterAll(() => console.log(`faults: ${cases} runs with one failing call, each followed by two good ones`))
