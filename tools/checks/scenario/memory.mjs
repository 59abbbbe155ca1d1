// Core on its own, in any runtime: two storages in memory, both ways, with a conflict-free edit on each side, then nothing left to do.
import { collect, memory, SyncEngine, SyncPair, toBytes } from '@syncline/core'

/** @returns {Promise<string>} what was seen; rejects if it is not what it must be */
export async function scenario() {
  const [source, destination, state] = [memory({ name: 'source' }), memory({ name: 'destination' }), memory({ name: 'state' })]
  await source.write('docs/a.txt', toBytes('one'))
  await source.write('docs/naïve 🙂.txt', toBytes('names survive'))
  await destination.write('b.txt', toBytes('two'))
  const pair = new SyncPair({ source, destination, state })
  const first = await new SyncEngine().syncPair(pair)
  demand(first.exitCode === 0 && first.stats.uploads >= 2 && first.stats.downloads === 1, `first run: ${JSON.stringify(first.stats)}`)
  await source.write('docs/a.txt', toBytes('one, edited'))
  await destination.remove('b.txt')
  const second = await new SyncEngine().syncPair(pair)
  demand(second.exitCode === 0 && second.stats.uploads === 1 && second.stats.deletesSource === 1, `second run: ${JSON.stringify(second.stats)}`)
  const text = new TextDecoder().decode(await collect(destination.read('docs/a.txt')))
  demand(text === 'one, edited', `the destination has ${JSON.stringify(text)}`)
  demand((await source.stat('b.txt')) === undefined, 'the deletion did not come over')
  const third = await new SyncEngine().syncPair(pair)
  demand(third.plan.items.length === 0, `third run: ${JSON.stringify(third.plan.items)}`)
  return 'three runs of two memories'
}

/**
 * @param {boolean} holds
 * @param {string} otherwise
 */
function demand(holds, otherwise) {
  if (!holds) throw new Error(otherwise)
}
