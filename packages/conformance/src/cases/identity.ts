import { collect, type ReadableStorage, toBytes } from '@syncline/core'
import { ConformanceError, describeError, leafPaths, listAll, must, mustEqual, mustReject, readText, show } from '../check.ts'
import type { Case, Lab } from '../types.ts'

const badPaths = ['/a', 'a/', 'a//b', '.', '..', './a', 'a/./b', 'a/..', '../a', 'a/../../b', 'a\0b', '/']

type Call = readonly [name: string, call: () => Promise<unknown>]

/** Every call that takes a path, on a tree that holds "file". */
function callsWith(path: string, { storage, writable, shape }: Lab): readonly Call[] {
  const calls: Call[] = [
    ['list', () => listAll(storage, path)],
    ['stat', () => storage.stat(path)],
    ['read', () => collect(storage.read(path))],
  ]
  if (shape.writable) calls.push(['write', () => writable.write(path, toBytes('bad'))], ['remove', () => writable.remove(path)])
  const optional: Readonly<Record<string, readonly (() => Promise<unknown>)[]>> = {
    hash: [() => writable.hash(path, shape.capabilities.hashes?.[0] ?? 'sha256')],
    makeDirectory: [() => writable.makeDirectory(path)],
    makeSymlink: [() => writable.makeSymlink(path, 'file')],
    setModified: [() => writable.setModified(path, 1e12)],
    setMode: [() => writable.setMode(path, 0o600)],
    copy: [() => writable.copy(path, 'copied'), () => writable.copy('file', path)],
    move: [() => writable.move(path, 'moved'), () => writable.move('file', path)],
    upload: [() => writable.upload(path)],
  }
  for (const [name, each] of Object.entries(optional)) {
    if (shape.has(name as keyof Lab['writable'])) for (const call of each) calls.push([name, call])
  }
  return calls
}

export const identity: readonly Case[] = [
  {
    cites: ['P1'],
    sentence: 'the name tells people what it is, without a credential',
    run: async ({ storage, options }) => {
      must('P1', typeof storage.name === 'string' && storage.name !== '', `name is ${show(storage.name)}`)
      must('P1', !/:\/\/[^/@]*:[^/@]*@/.test(storage.name), 'name holds "user:password@"')
      for (const secret of options.secrets) must('P1', !storage.name.includes(secret), 'name holds one of the secrets that the suite was given')
    },
  },
  {
    cites: ['P2'],
    sentence: 'capabilities is plain data',
    run: async ({ storage: { capabilities } }) => {
      mustEqual('P2', 'capabilities after JSON', JSON.parse(JSON.stringify(capabilities)), capabilities)
      for (const name of ['ordered', 'atomicWrite', 'conditional', 'directories', 'exactNames'] as const) {
        must(
          'P2',
          ['boolean', 'undefined'].includes(typeof capabilities[name]),
          `capabilities.${name} is ${show(capabilities[name])}, expected true, false or absent`,
        )
      }
      const { modifiedPrecision, concurrency, hashes } = capabilities
      must(
        'P2',
        modifiedPrecision === undefined || modifiedPrecision > 0,
        `modifiedPrecision is ${modifiedPrecision}, expected milliseconds above 0, or absent`,
      )
      must(
        'P2',
        concurrency === undefined || (Number.isInteger(concurrency) && concurrency > 0),
        `concurrency is ${concurrency}, expected a positive integer, or absent`,
      )
      for (const name of hashes ?? [])
        must('P2', /^[a-z0-9]+$/.test(name), `hashes names ${show(name)}, expected lower-case letters and digits, as in "sha256"`)
    },
  },
  {
    cites: ['P3'],
    sentence: 'methods and capabilities agree',
    run: async ({ shape }) => {
      const hashes = shape.capabilities.hashes ?? []
      must(
        'P3',
        hashes.length > 0 === shape.has('hash'),
        `capabilities.hashes is ${show(hashes)} and hash is ${shape.has('hash') ? 'present' : 'absent'}`,
      )
      if (!shape.writable) {
        const writing = (['makeDirectory', 'makeSymlink', 'setModified', 'setMode', 'copy', 'move', 'upload', 'flush'] as const).filter(name =>
          shape.has(name),
        )
        must('P3', writing.length === 0, `a storage without write and remove has ${writing.join(', ')}`)
        return
      }
      const directories = shape.capabilities.directories === true
      must(
        'P3',
        directories === shape.has('makeDirectory'),
        `directories is ${directories ? '' : 'not '}promised and makeDirectory is ${shape.has('makeDirectory') ? 'present' : 'absent'}`,
      )
      must(
        'P3',
        !shape.has('setModified') || shape.capabilities.modifiedPrecision !== undefined,
        'setModified is present and capabilities.modifiedPrecision does not say how finely it works',
      )
    },
  },
  {
    cites: ['P4', 'P5'],
    sentence: 'a string that is no path is rejected by every method',
    tree: () => ({ file: 'kept' }),
    run: async lab => {
      for (const path of badPaths) {
        for (const [what, call] of callsWith(path, lab)) await mustReject('P4', `${what} ${show(path)}`, call, ['INVALID_PATH'])
      }
      mustEqual('P4', 'the listing after bad paths', await leafPaths(lab.storage), ['file'])
      mustEqual('P4', 'the file after bad paths', await readText(lab.storage, 'file'), 'kept')
    },
  },
  {
    cites: ['P5'],
    sentence: 'rejections carry the path that was asked for',
    run: async ({ storage }) => {
      await mustReject('P5', 'read of a missing file', () => collect(storage.read('no/such.txt')), ['NOT_FOUND'], 'no/such.txt')
      await mustReject('P5', 'list of a missing directory', () => listAll(storage, 'no/such'), ['NOT_FOUND'], 'no/such')
    },
  },
  {
    cites: ['P6'],
    sentence: 'list and read fail when they are iterated, not when they are called',
    run: async ({ storage }) => {
      const signal = AbortSignal.abort(new Error('stop'))
      const calls: readonly (readonly [string, () => AsyncIterable<unknown>])[] = [
        ['list of a missing directory', () => storage.list('no/such')],
        ['list of "../a"', () => storage.list('../a')],
        ['list with an aborted signal', () => storage.list('', { signal })],
        ['read of a missing file', () => storage.read('no/such')],
        ['read of "../a"', () => storage.read('../a')],
        ['read with an aborted signal', () => storage.read('no/such', { signal })],
      ]
      for (const [what, call] of calls) {
        let iterable: AsyncIterable<unknown>
        try {
          iterable = call()
        } catch (error) {
          throw new ConformanceError('P6', `${what} threw ${describeError(error)} when it was called`, error)
        }
        const outcome = await consume(iterable).then(
          () => 'resolved',
          () => 'rejected',
        )
        must('P6', outcome === 'rejected', `${what} gave no error when it was iterated`)
      }
    },
  },
  {
    cites: ['P10'],
    sentence: 'close can be called twice',
    methods: ['close'],
    run: async ({ writable }) => {
      await writable.close()
      await writable.close()
    },
  },
  {
    cites: ['P9'],
    sentence: 'concurrent reads, stats and listings give what single ones give',
    tree: () => Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`d${i}/f`, `content ${i}`])),
    run: async ({ storage }) => {
      const once = await snapshotOf(storage)
      const answers = await Promise.all(Array.from({ length: 8 }, () => snapshotOf(storage)))
      for (const answer of answers) mustEqual('P9', 'what one of several concurrent readers saw', answer, once)
    },
  },
  {
    cites: ['P9'],
    sentence: 'concurrent writes and removes of different files all happen',
    writes: true,
    tree: () => Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`old/${i}`, 'old'])),
    run: async ({ writable }) => {
      await Promise.all(
        Array.from({ length: 32 }, async (_, i) => {
          if (i < 16) await writable.write(`new/deep${i % 4}/${i}`, toBytes(`content ${i}`))
          else await writable.remove(`old/${i - 16}`)
        }),
      )
      const expected = Array.from({ length: 16 }, (_, i) => `new/deep${i % 4}/${i}`).sort()
      mustEqual('P9', 'the listing after concurrent calls', [...(await leafPaths(writable))].sort(), expected)
      for (let i = 0; i < 16; i++) mustEqual('P9', 'a file written concurrently', await readText(writable, `new/deep${i % 4}/${i}`), `content ${i}`)
    },
  },
]

async function consume(iterable: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of iterable) continue
}

async function snapshotOf(storage: ReadableStorage): Promise<unknown> {
  const found: unknown[] = []
  for (const path of await leafPaths(storage)) found.push([path, await storage.stat(path), await readText(storage, path)])
  return found
}
