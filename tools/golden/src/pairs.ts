import { afterAll, beforeAll, describe, test } from 'vitest'
import { scenarios } from '../scenarios/index.ts'
import { factsOf, holds } from './facts.ts'
import type { Store } from './store.ts'
import { engineRunner, tell } from './tell.ts'

/** Opens a store, or says why it cannot be had here. */
export type OpenStore = () => Promise<Store | { readonly missing: string }>

/**
 * Tells every scenario between two stores, with each of them as the source.
 *
 * A scenario that does not hold for what the stores can do passes without being told: its needs say why.
 */
export function describePair(one: string, openOne: OpenStore, other: string, openOther: OpenStore): void {
  const directions =
    one === other
      ? ([[one, other]] as const)
      : ([
          [one, other],
          [other, one],
        ] as const)
  describe(`${one} and ${other}`, () => {
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
        test.concurrent.for(scenarios)('$name', async (scenario, context) => {
          const [source, destination] = [stores.get(from), stores.get(to)]
          for (const store of [source, destination])
            if (store === undefined || 'missing' in store) return context.skip(store?.missing ?? 'not opened')
          await tellBetween(scenario, source as Store, destination as Store, reason => context.skip(reason))
        })
      })
    }
  })
}

async function tellBetween(scenario: (typeof scenarios)[number], source: Store, destination: Store, skip: (reason: string) => void): Promise<void> {
  const [ours, theirs] = [await source.place(), await destination.place()]
  const facts = factsOf({ ...source, storage: ours.storage }, { ...destination, storage: theirs.storage })
  if (!holds(scenario.needs, facts)) return skip(`needs ${scenario.needs?.join(', ')}`)
  await tell(scenario, ours, theirs, facts, engineRunner(ours, theirs))
}
