import { describe, expect, test } from 'vitest'
import { toBytes } from './bytes.ts'
import { SyncEngine } from './engine.ts'
import type { SyncOptions } from './engine-types.ts'
import { entriesOf } from './execute/test-kit.ts'
import type { WritableStorage } from './protocol.ts'
import { decorate } from './storages/decorate.ts'
import { memory, type MemoryStorage } from './storages/memory.ts'
import { SyncPair } from './sync-pair.ts'

const minute = 60_000
const hour = 60 * minute

interface Setup {
  readonly engine: SyncEngine
  readonly pair: SyncPair
  readonly source: MemoryStorage
  readonly server: MemoryStorage
  readonly state: MemoryStorage
  /** Paths that the server was told to write. */
  readonly written: string[]
  readonly fail: { on: boolean }
}

/** A local side, and a server whose clock is `aheadMs` ahead of ours. */
function setUp(aheadMs: number, options: SyncOptions = {}): Setup {
  const [source, state] = [memory({ name: 'memory:local' }), memory()]
  const server = memory({ name: 'memory:server', now: () => Date.now() + aheadMs })
  const [written, fail]: [string[], { on: boolean }] = [[], { on: false }]
  const remote = decorate(server as WritableStorage, {
    learned: { recall: () => {}, facts: () => undefined },
    write: async (path, content, given) => {
      written.push(path)
      if (fail.on && path.includes('clock')) throw new Error('no probes here')
      return server.write(path, content, given)
    },
  })
  return { engine: new SyncEngine(options), pair: new SyncPair({ source, destination: remote, state }), source, server, state, written, fail }
}

const isProbe = (path: string): boolean => path.startsWith('.syncline-clock-')

async function conflict({ source, server }: Setup, apartMs: number): Promise<void> {
  const now = Date.now() - 24 * hour
  await source.write('a', toBytes('here'), { modified: now })
  await server.write('a', toBytes('there!'), { modified: now + apartMs })
}

describe('the clocks of a pair', () => {
  test('are learned once, in the first run, and leave nothing behind', async () => {
    const setup = setUp(0)
    await setup.source.write('file', toBytes('x'))
    await setup.engine.syncPair(setup.pair)
    expect(setup.written.filter(isProbe)).toHaveLength(4)
    expect((await entriesOf(setup.server)).map(({ path }) => path)).toEqual(['file'])
    expect((await entriesOf(setup.source)).map(({ path }) => path)).toEqual(['file'])
    setup.written.length = 0
    const second = await setup.engine.syncPair(setup.pair)
    expect(second.plan.items).toEqual([])
    expect(setup.written).toEqual([])
    const { metadata } = await new SyncPair({ source: setup.source, destination: setup.server, state: setup.state }).state.open()
    expect(metadata?.clocks?.destination?.kept).toMatchObject({ rounding: 'down', precisionMs: 1 })
    expect(metadata?.clocks?.source).toBeUndefined()
  })

  test('a wrong one leaves conflicts open that are closer than it is wrong', async () => {
    const setup = setUp(hour)
    await conflict(setup, 30 * minute)
    const { conflicts, exitCode } = await setup.engine.syncPair(setup.pair)
    expect(conflicts.map(({ path, reason }) => [path, reason])).toEqual([['a', expect.stringContaining('the clock of memory:server is 1 h ahead')]])
    expect(exitCode).toBe(4)
  })

  test('a wrong one does not matter to conflicts that are further apart', async () => {
    const setup = setUp(-hour)
    await conflict(setup, 3 * hour)
    const { conflicts, plan } = await setup.engine.syncPair(setup.pair)
    expect(conflicts).toEqual([])
    expect(plan.items.map(({ action, path }) => `${action} ${path}`)).toEqual(['DOWNLOAD_UPDATE a'])
  })

  test('a right one lets the newest win by seconds', async () => {
    const setup = setUp(0)
    await conflict(setup, 5000)
    expect((await setup.engine.syncPair(setup.pair)).conflicts).toEqual([])
  })

  test('a wrong one causes no transfer of what is the same', async () => {
    const setup = setUp(hour)
    await setup.source.write('file', toBytes('x'), { modified: Date.now() - hour })
    await setup.engine.syncPair(setup.pair)
    expect((await setup.engine.syncPair(setup.pair)).plan.items).toEqual([])
  })

  test('are not learned by a plan, nor where the mode never writes', async () => {
    const planned = setUp(0)
    await planned.source.write('file', toBytes('x'))
    await planned.engine.plan(planned.pair)
    expect(planned.written).toEqual([])
    const oneWay = setUp(0, { mode: 'destination-to-source' })
    await oneWay.server.write('file', toBytes('x'))
    await oneWay.engine.syncPair(oneWay.pair)
    expect(oneWay.written).toEqual([])
  })

  test('stay unknown when a probe fails, and the run goes on', async () => {
    const setup = setUp(0)
    setup.fail.on = true
    await setup.source.write('file', toBytes('x'))
    const { exitCode, stats } = await setup.engine.syncPair(setup.pair)
    expect([exitCode, stats.uploads]).toEqual([0, 1])
    setup.fail.on = false
    setup.written.length = 0
    await setup.source.write('other', toBytes('y'))
    await setup.engine.syncPair(setup.pair)
    expect(setup.written.filter(isProbe)).toHaveLength(4)
  })

  test('a probe that a killed run left is cleared away and never synced', async () => {
    const setup = setUp(0)
    await setup.server.write('.syncline-clock-1-own', toBytes(''))
    await setup.source.write('file', toBytes('x'))
    await setup.engine.syncPair(setup.pair)
    expect((await entriesOf(setup.source)).map(({ path }) => path)).toEqual(['file'])
    expect((await entriesOf(setup.server)).map(({ path }) => path)).toEqual(['file'])
  })
})
