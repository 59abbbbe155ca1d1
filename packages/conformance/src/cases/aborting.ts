import type { AbortOptions, Bytes } from '@syncline/core'
import { collect, toBytes } from '@syncline/core'
import { ConformanceError, describeError, leafPaths, listAll, must, mustEqual, pattern, readText, withPatience } from '../check.ts'
import type { PromiseNumber } from '../promises.ts'
import type { Case, Lab } from '../types.ts'

async function mustRejectWith(promise: PromiseNumber, what: string, reason: unknown, lab: Lab, call: Promise<unknown>): Promise<void> {
  const outcome = await withPatience(
    promise,
    what,
    lab.options.patienceMs,
    call.then(
      () => 'resolved' as const,
      (error: unknown) => ({ error }),
    ),
  )
  if (outcome === 'resolved') throw new ConformanceError(promise, `${what} resolved, expected a rejection with the reason of the signal`)
  must(promise, outcome.error === reason, `${what} rejected with ${describeError(outcome.error)}, expected the reason of the signal itself`)
}

type Call = readonly [name: string, call: (options: AbortOptions) => Promise<unknown>]

/** Every call that the storage offers, on a tree that holds "file". */
function callsOf({ storage, writable, shape }: Lab): readonly Call[] {
  const calls: Call[] = [
    ['list', options => listAll(storage, '', options)],
    ['stat', options => storage.stat('file', options)],
    ['read', options => collect(storage.read('file', options))],
  ]
  if (shape.writable)
    calls.push(['write', options => writable.write('new', toBytes('new'), options)], ['remove', options => writable.remove('file', options)])
  const optional: Readonly<Record<string, Call[1]>> = {
    hash: options => writable.hash('file', shape.capabilities.hashes?.[0] ?? 'sha256', options),
    snapshot: options => writable.snapshot(options),
    makeDirectory: options => writable.makeDirectory('new', options),
    makeSymlink: options => writable.makeSymlink('new', 'file', options),
    setModified: options => writable.setModified('file', 1e12, options),
    setMode: options => writable.setMode('file', 0o600, options),
    copy: options => writable.copy('file', 'new', options),
    move: options => writable.move('file', 'new', options),
    upload: options => writable.upload('new', options),
    flush: options => writable.flush(options),
  }
  for (const [name, call] of Object.entries(optional)) if (shape.has(name as keyof Lab['writable'])) calls.push([name, call])
  return calls
}

/** One chunk, then nothing for ever; says when it is asked for the second. */
function stuck(first: Uint8Array, onStuck: () => void): Bytes & { closed: boolean } {
  let given = false
  const content = {
    closed: false,
    [Symbol.asyncIterator]: () => ({
      next: (): Promise<IteratorResult<Uint8Array>> => {
        if (!given) {
          given = true
          return Promise.resolve({ done: false, value: first })
        }
        onStuck()
        return new Promise(() => undefined)
      },
      return: (): Promise<IteratorResult<Uint8Array>> => {
        content.closed = true
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  return content
}

export const aborting: readonly Case[] = [
  {
    cites: ['P7'],
    sentence: 'a call with an aborted signal does nothing',
    tree: () => ({ file: 'kept' }),
    run: async lab => {
      const before = await lab.storage.stat('file')
      const reason = new Error('the caller has had enough')
      for (const [what, call] of callsOf(lab)) await mustRejectWith('P7', what, reason, lab, call({ signal: AbortSignal.abort(reason) }))
      mustEqual('P7', 'the listing after aborted calls', await leafPaths(lab.storage), ['file'])
      mustEqual('P7', 'the file after aborted calls', await lab.storage.stat('file'), before)
    },
  },
  {
    cites: ['P7'],
    sentence: 'a reason that is no Error comes out as it is',
    run: async lab => {
      await mustRejectWith('P7', 'stat', 'enough', lab, lab.storage.stat('file', { signal: AbortSignal.abort('enough') }))
    },
  },
  {
    cites: ['P8'],
    sentence: 'an abort ends a write that waits for content',
    writes: true,
    run: async lab => {
      const { writable } = lab
      const controller = new AbortController()
      const reason = new Error('the caller has had enough')
      const content = stuck(pattern(1000), () => setTimeout(() => controller.abort(reason)))
      await mustRejectWith('P8', 'a write whose content hangs', reason, lab, writable.write('file', content, { signal: controller.signal }))
    },
  },
  {
    cites: ['P30', 'P8'],
    sentence: 'an aborted write leaves the old file, or nothing, and no temporary file',
    writes: true,
    promised: ['atomicWrite'],
    tree: () => ({ 'd/old': 'old' }),
    run: async lab => {
      const { writable } = lab
      for (const path of ['d/old', 'd/new']) {
        const controller = new AbortController()
        const reason = new Error('the caller has had enough')
        const content = stuck(pattern(100_000), () => setTimeout(() => controller.abort(reason)))
        await mustRejectWith('P8', 'a write whose content hangs', reason, lab, writable.write(path, content, { signal: controller.signal }))
      }
      mustEqual('P30', 'the listing after aborted writes', await leafPaths(writable), ['d/old'])
      mustEqual('P30', 'the file after an aborted write', await readText(writable, 'd/old'), 'old')
    },
  },
  {
    cites: ['P8'],
    sentence: 'an abort ends a read between two chunks',
    tree: () => ({ file: pattern(8 * 1024 * 1024) }),
    run: async lab => {
      const controller = new AbortController()
      const reason = new Error('the caller has had enough')
      const read = async (): Promise<void> => {
        for await (const _ of lab.storage.read('file', { signal: controller.signal })) controller.abort(reason)
      }
      let size = 0
      for await (const chunk of lab.storage.read('file')) {
        size = chunk.length
        break
      }
      // A storage that gives the whole file in one chunk has nothing left to abort.
      if (size < 8 * 1024 * 1024) await mustRejectWith('P8', 'a read whose signal aborts after the first chunk', reason, lab, read())
    },
  },
]
