import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Arena } from './arena.ts'
import { type Direction, mixedTree, noise, World } from './world.ts'

/** What a server can be made to do, beyond what all of them can. */
export interface FaultSuiteOptions {
  readonly name: string
  /** A server of its own, or why there is none. */
  readonly open: () => Promise<Arena | { readonly missing: string }>
  /** The ends of a connection's streams can be told from a whole file: a transfer that was cut short is noticed. Default true. */
  readonly noticesCorruption?: boolean
  /** Where in the bytes of a run connections are cut: so many places, evenly. */
  readonly cuts?: number
}

const directions: readonly Direction[] = ['up', 'down']

/** What has to hold of any remote store while its network and its server fail. */
export function describeFaults(options: FaultSuiteOptions): void {
  const { name, cuts = 12 } = options
  describe(`${name}: faults`, () => {
    let arena: Arena | { readonly missing: string }
    beforeAll(async () => {
      arena = await options.open()
    }, 120_000)
    afterAll(async () => {
      if (!('missing' in arena)) await arena.close()
    })

    const faultTest = (sentence: string, work: (arena: Arena) => Promise<void>): void =>
      test(sentence, { timeout: 120_000 }, async context => {
        if ('missing' in arena) return context.skip(arena.missing)
        try {
          await work(arena)
        } finally {
          arena.proxy.calm()
          arena.proxy.refuse(false)
          arena.proxy.hang(false)
          arena.proxy.setBytesPerSecond(undefined)
          arena.proxy.setLatency(0)
        }
      })

    for (const direction of directions) {
      const way = direction === 'up' ? 'upload' : 'download'

      faultTest(`connections that are cut anywhere in an ${way} leave no partial file, and the next run repairs`, async ({ proxy, place }) => {
        const total = await bytesOfRun(await newWorld({ place }, direction), proxy)
        const endings: number[] = []
        for (let i = 0; i < cuts; i++) {
          const world = await newWorld({ place }, direction)
          const at = Math.floor((total * (i + 0.5)) / cuts)
          proxy.cutAfter(at)
          const ending = await world.sync()
          const when = `cut after ${at} of ${total} bytes, exit code ${ending.exitCode}`
          proxy.calm()
          expect([0, 3, 6], when + ending.message).toContain(ending.exitCode)
          endings.push(ending.exitCode)
          world.expectNamed(ending, when)
          await world.expectNoPartialFile(when)
          await world.expectRepair(when)
        }
        // One cut is what retries are for.
        expect(endings.filter(code => code === 0).length, `runs that went on by themselves, of ${endings.join()}`).toBeGreaterThan(cuts / 2)
      })

      faultTest(`a network that goes away in the middle of an ${way} fails the paths by name, and the next run repairs`, async ({ proxy, place }) => {
        const total = await bytesOfRun(await newWorld({ place }, direction), proxy)
        for (const part of [0.5]) {
          const world = await newWorld({ place }, direction)
          proxy.cutAfter(Math.floor(total * part))
          const { cuts: before } = proxy.stats()
          const watch = setInterval(() => {
            if (proxy.stats().cuts > before) proxy.refuse(true)
          }, 1)
          const ending = await world.sync({ attempts: 1 }).finally(() => clearInterval(watch))
          const when = `gone after ${part} of ${total} bytes, exit code ${ending.exitCode}: ${ending.message}`
          proxy.refuse(false)
          proxy.calm()
          expect([3, 6], when).toContain(ending.exitCode)
          if (ending.exitCode === 3) expect(ending.failures.length + ending.problems.length, when).toBeGreaterThan(0)
          world.expectNamed(ending, when)
          await world.expectNoPartialFile(when)
          await world.expectRepair(when)
        }
      })

      faultTest(`a server that dies in the middle of an ${way} and comes back is gone on with, or by the next run`, async arena => {
        const world = await newWorld(arena, direction)
        let restarted: Promise<void> | undefined
        let done = 0
        const ending = await world.sync({
          onEvent: ({ type }) => {
            if ((type === 'upload_complete' || type === 'download_complete') && ++done === 4) restarted = arena.kill().then(() => arena.start())
          },
        })
        await restarted
        expect(restarted, 'the server was restarted').toBeDefined()
        expect([0, 3, 6], ending.message).toContain(ending.exitCode)
        world.expectNamed(ending, 'restarted')
        await world.expectNoPartialFile('restarted')
        await world.expectRepair('restarted')
      })

      faultTest(`a slow server only takes longer for an ${way}`, async ({ proxy, place }) => {
        const world = await newWorld({ place }, direction)
        proxy.setBytesPerSecond(4_000_000)
        proxy.setLatency(15)
        const ending = await world.sync()
        expect([ending.exitCode, ending.message]).toEqual([0, ''])
        proxy.setBytesPerSecond(undefined)
        proxy.setLatency(0)
        await world.expectRepair('slow')
      })

      faultTest(`an ${way} whose stream ends early as if it were whole makes no short file`, async ({ proxy, place }) => {
        for (const bytes of [60_000, 900_000]) {
          const world = await newWorld({ place }, direction)
          proxy.cutAfter(bytes, { direction, how: 'end', connections: 'this' })
          const ending = await world.sync()
          const when = `ended after ${bytes} bytes, exit code ${ending.exitCode}: ${ending.message}`
          proxy.calm()
          expect([0, 3, 6], when).toContain(ending.exitCode)
          world.expectNamed(ending, when)
          await world.expectNoPartialFile(when)
          await world.expectRepair(when)
        }
      })

      if (options.noticesCorruption !== false) {
        faultTest(`a byte that is changed on the way of an ${way} changes no file`, async ({ proxy, place }) => {
          for (const offset of [70_000, 1_100_000]) {
            const world = await newWorld({ place }, direction)
            proxy.corrupt(offset, { direction })
            const ending = await world.sync()
            const when = `corrupted at ${offset}, exit code ${ending.exitCode}: ${ending.message}`
            proxy.calm()
            expect([0, 3, 6], when).toContain(ending.exitCode)
            world.expectNamed(ending, when)
            await world.expectNoPartialFile(when)
            await world.expectRepair(when)
          }
        })
      }
    }

    faultTest('a server that cannot be reached is said so with its name, and nothing is changed', async ({ proxy, place }) => {
      const world = await newWorld({ place }, 'up')
      proxy.refuse(true)
      const ending = await world.sync({ attempts: 2 })
      expect([ending.exitCode, ending.code], ending.message).toEqual([6, 'UNAVAILABLE'])
      expect(ending.message).toMatch(/127\.0\.0\.|localhost/)
      proxy.refuse(false)
      await world.expectRepair('unreachable')
    })
  })
}

/** A pair that was synced once, with edits and new files waiting at the giving side. */
async function newWorld(arena: Pick<Arena, 'place'>, direction: Direction): Promise<World> {
  const world = new World(await arena.place(), direction)
  await world.give({ 'd0/old-1.bin': noise(3000, 1), 'd1/old-2.bin': noise(300_000, 2), 'big/old.bin': noise(700_000, 3) })
  const first = await world.sync()
  expect([first.exitCode, first.message], 'before the fault').toEqual([0, ''])
  await world.give({ 'd1/old-2.bin': noise(310_000, 4), 'big/old.bin': noise(700_000, 5) }, 2)
  await world.give(mixedTree(6), 3)
  return world
}

/** Bytes that go through the proxy in a run that nobody disturbs. */
async function bytesOfRun(world: World, proxy: Arena['proxy']): Promise<number> {
  const before = proxy.stats()
  const ending = await world.sync()
  expect([ending.exitCode, ending.message], 'the undisturbed run').toEqual([0, ''])
  const after = proxy.stats()
  return after.bytesUp + after.bytesDown - before.bytesUp - before.bytesDown
}
