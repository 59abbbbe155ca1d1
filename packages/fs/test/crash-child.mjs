// One sync of real directories in a process of its own, which kills itself at one call of a storage. Runs what was built, as a user would.
// Its only argument: { source, destination, state, killAt, moment, batch, counts } as JSON. `counts`: a file for the calls of a run that ends.
import { writeFileSync } from 'node:fs'
import { SyncEngine, SyncPair } from '@syncline/core'
import { fs, processOwner } from '@syncline/fs'

const { source, destination, state, killAt, moment, batch, counts } = JSON.parse(process.argv[2])
const calls = []

function die() {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

/** Every call of every storage of the run counts, and one of them is the last thing this process does. */
function counted(name, storage) {
  return new Proxy(storage, {
    get(target, key) {
      if (key === 'transferFrom' && !batch) return undefined
      const value = Reflect.get(target, key, target)
      if (typeof value !== 'function' || key === 'refuses') return value
      const call = value.bind(target)
      if (key === 'list' || key === 'read') return (...args) => iterated(enter(`${name}.${key} ${args[0]}`), call, args)
      return (...args) => called(enter(`${name}.${String(key)} ${typeof args[0] === 'string' ? args[0] : ''}`), key, call, args)
    },
  })
}

function enter(words) {
  calls.push(words)
  return calls.length === killAt ? moment : undefined
}

async function called(at, key, call, args) {
  if (at === 'before') die()
  if (at === 'midway' && key === 'write') return call(args[0], half(args[1]), ...args.slice(2))
  const answer = await call(...args)
  if (at !== undefined) die()
  return answer
}

async function* iterated(at, call, args) {
  if (at === 'before') die()
  for await (const part of call(...args)) {
    yield at === 'midway' && part instanceof Uint8Array ? part.subarray(0, part.length >> 1) : part
    if (at === 'midway') die()
  }
  if (at !== undefined) die()
}

async function* half(content) {
  for await (const chunk of content) {
    yield chunk.subarray(0, chunk.length >> 1)
    // What came so far reaches the disk before the end.
    await new Promise(resolve => setTimeout(resolve, 5))
    die()
  }
  die()
}

const options = { workers: batch ? 2 : 0 }
const pair = new SyncPair({
  source: counted('source', fs(source, options)),
  destination: counted('destination', fs(destination, options)),
  state: counted('state', fs(state, options)),
  id: 'crash',
})
const engine = new SyncEngine({ owner: processOwner(), concurrency: batch ? {} : { transfers: 1, operations: 1 } })
const result = await engine.syncPair(pair, {
  maxDelete: Infinity,
  conflictResolution: 'manual',
  conflictHandler: ({ path }) => (path.startsWith('both') ? 'both' : 'destination'),
})
if (counts !== undefined)
  writeFileSync(
    counts,
    JSON.stringify({
      calls,
      exitCode: result.exitCode,
      failures: result.failures,
      stale: result.stale,
      items: result.plan.items.map(item => `${item.action} ${item.path}${item.metadata ? ' (metadata)' : ''}`),
      settled: result.plan.settled.map(each => each.path),
    }),
  )
process.exit(result.exitCode)
