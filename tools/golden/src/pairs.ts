import { afterAll, beforeAll, describe, test } from 'vitest'
import { scenarios } from '../scenarios/index.ts'
import { factsOf, holds } from './facts.ts'
import { Command, commandRunner } from './command.ts'
import type { Scenario } from './scenario.ts'
import type { Store } from './store.ts'
import { engineRunner, tell } from './tell.ts'

/** Opens a store, or says why it cannot be had here. */
export type OpenStore = () => Promise<Store | { readonly missing: string }>

/**
 * Tells every scenario between two stores, with each of them as the source.
 *
 * A scenario that does not hold for what the stores can do is skipped, and its needs are the reason.
 *
 * @param by - the library, or the command: then only the scenarios that are chosen for it
 */
export function describePair(one: string, openOne: OpenStore, other: string, openOther: OpenStore, by: 'engine' | 'command' = 'engine'): void {
  const directions =
    one === other
      ? ([[one, other]] as const)
      : ([
          [one, other],
          [other, one],
        ] as const)
  describe(`${one} and ${other}, by the ${by}`, () => {
    const stores = new Map<string, Awaited<ReturnType<OpenStore>>>()
    beforeAll(async () => {
      stores.set(one, await openOne())
      if (one !== other) stores.set(other, await openOther())
    })
    afterAll(async () => {
      for (const store of stores.values()) if (!('missing' in store)) await store.close()
    })
    for (const [from, to] of directions) {
      describe(`${from} to ${to}`, () => {
        test.concurrent.for(scenarios.filter(({ byCommand }) => by === 'engine' || byCommand === true))('$name', async (scenario, context) => {
          const [source, destination] = [stores.get(from), stores.get(to)]
          if (source === undefined || 'missing' in source) return context.skip(source?.missing ?? 'it was not opened')
          if (destination === undefined || 'missing' in destination) return context.skip(destination?.missing ?? 'it was not opened')
          await tellBetween(scenario, source, destination, by, reason => context.skip(reason))
        })
      })
    }
  })
}

async function tellBetween(
  scenario: Scenario,
  source: Store,
  destination: Store,
  by: 'engine' | 'command',
  skip: (reason: string) => void,
): Promise<void> {
  const [ours, theirs] = [await source.place(), await destination.place()]
  const facts = factsOf({ ...source, storage: ours.storage }, { ...destination, storage: theirs.storage })
  if (!holds(scenario.needs, facts)) return skip(`needs ${scenario.needs?.join(', ')}`)
  const coarse = source.abilities.coarse || destination.abilities.coarse
  if (by === 'engine') return tell(scenario, ours, theirs, facts, engineRunner(ours, theirs), coarse)
  if (ours.location === undefined || theirs.location === undefined) throw new Error('a place that only this process has')
  const command = await Command.make({ ...ours.location.env, ...theirs.location.env })
  try {
    await tell(scenario, ours, theirs, facts, commandRunner(command, ours.location, theirs.location), coarse)
  } finally {
    await command.remove()
  }
}
