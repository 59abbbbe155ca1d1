import { collect, type FileEntry, toBytes, type WritableStorage } from '@syncline/core'
import {
  chunked,
  ConformanceError,
  describeError,
  leafPaths,
  listAll,
  must,
  mustEqual,
  mustReject,
  pattern,
  readText,
  sameBytes,
  show,
  withPatience,
} from '../check.ts'
import type { Case } from '../types.ts'
import { mustAgree } from './listing.ts'

/** Content that comes to `size` bytes and then fails. */
async function* failing(size: number, error: unknown): AsyncGenerator<Uint8Array> {
  yield* chunked(pattern(size), 10_000)
  throw error
}

/** Content that waits for `gate` after its first chunk. */
async function* gated(first: Uint8Array, last: Uint8Array, onFirstTaken: () => void, gate: Promise<void>): AsyncGenerator<Uint8Array> {
  yield first
  onFirstTaken()
  await gate
  yield last
}

async function mustHold(storage: WritableStorage, promise: 'P28' | 'P41' | 'P27', path: string, expected: Uint8Array, what: string): Promise<void> {
  const content = await collect(storage.read(path))
  must(promise, content.length === expected.length, `${what}: ${expected.length} bytes were written and ${content.length} are read`)
  must(promise, sameBytes(content, expected), `${what}: other bytes are read than were written`)
}

export const writing: readonly Case[] = [
  {
    cites: ['P27', 'P17'],
    sentence: 'makes missing parents and resolves to the entry it made',
    writes: true,
    run: async ({ writable }) => {
      const entry = await writable.write('a/b/c.txt', toBytes('content'), { size: 7 })
      mustEqual('P27', 'kind, path and size of the entry', [entry.kind, entry.path, entry.size], ['file', 'a/b/c.txt', 7])
      const stat = await writable.stat('a/b/c.txt')
      must('P17', stat !== undefined, 'stat finds nothing where write has just made a file')
      mustAgree('write', entry, 'stat', stat)
      const listed = (await listAll(writable)).find(({ path }) => path === 'a/b/c.txt')
      must('P17', listed !== undefined, 'list does not show the file that write has just made')
      mustAgree('write', entry, 'list', listed)
      mustEqual('P27', 'the content', await readText(writable, 'a/b/c.txt'), 'content')
    },
  },
  {
    cites: ['P27'],
    sentence: 'replaces old content, also by shorter content',
    writes: true,
    tree: () => ({ 'd/file': pattern(100_000) }),
    run: async ({ writable }) => {
      for (const content of ['short', '', 'longer than before']) {
        const entry = await writable.write('d/file', toBytes(content))
        mustEqual('P27', 'the size in the entry', entry.size, content.length)
        mustEqual('P27', 'the content after a replacement', await readText(writable, 'd/file'), content)
      }
      mustEqual('P27', 'the listing after replacements', await leafPaths(writable), ['d/file'])
    },
  },
  {
    cites: ['P28'],
    sentence: 'takes any size in chunks of any size, announced or not',
    writes: true,
    run: async ({ writable }) => {
      const sizes = [0, 1, 65_535, 65_536, 65_537, 1_000_003]
      for (const size of sizes) {
        for (const chunk of [size <= 1 ? 1 : 1013, 65_536, 10_000_000]) {
          for (const isAnnounced of [true, false]) {
            const content = pattern(size, size + chunk)
            const entry = await writable.write('file', chunked(content, chunk), isAnnounced ? { size } : {})
            const what = `${size} bytes in chunks of ${chunk}, ${isAnnounced ? 'announced' : 'not announced'}`
            must('P28', entry.size === size, `${what}: the entry says ${entry.size} bytes`)
            await mustHold(writable, 'P28', 'file', content, what)
          }
        }
      }
    },
  },
  {
    cites: ['P28'],
    sentence: 'takes empty chunks, chunks that are views, and a web stream',
    writes: true,
    run: async ({ writable }) => {
      const buffer = pattern(1000)
      const withEmpty = async function* (): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(0)
        yield buffer.subarray(100, 200)
        yield new Uint8Array(0)
        yield buffer.subarray(500, 501)
        yield new Uint8Array(0)
      }
      await writable.write('views', withEmpty(), { size: 101 })
      await mustHold(writable, 'P28', 'views', new Uint8Array([...buffer.subarray(100, 200), ...buffer.subarray(500, 501)]), 'empty chunks and views')
      await writable.write('stream', toBytes(new Blob([buffer]).stream()))
      await mustHold(writable, 'P28', 'stream', buffer, 'a web stream')
    },
  },
  {
    cites: ['P41'],
    sentence: 'a producer may use its buffer again',
    writes: true,
    run: async ({ writable }) => {
      const content = pattern(300_000)
      const reusing = async function* (): AsyncGenerator<Uint8Array> {
        const buffer = new Uint8Array(1000)
        for (let at = 0; at < content.length; at += 1000) {
          buffer.set(content.subarray(at, at + 1000))
          yield buffer
        }
        buffer.fill(0)
      }
      await writable.write('file', reusing(), { size: content.length })
      await mustHold(writable, 'P41', 'file', content, 'a producer that reuses its buffer')
    },
  },
  {
    cites: ['P29'],
    sentence: 'rejects content of another length than announced',
    writes: true,
    run: async ({ writable }) => {
      for (const [size, announced] of [
        [5, 10],
        [10, 5],
        [0, 1],
        [100_000, 100_001],
        [100_001, 100_000],
      ] as const) {
        let entry: FileEntry
        try {
          entry = await writable.write('file', chunked(pattern(size), 1000), { size: announced })
        } catch {
          continue
        }
        throw new ConformanceError('P29', `${size} bytes were written although ${announced} were announced, and write resolved to ${show(entry)}`)
      }
    },
  },
  {
    cites: ['P30', 'P29'],
    sentence: 'content of a wrong length leaves the old file, or nothing',
    writes: true,
    promised: ['atomicWrite'],
    tree: () => ({ 'd/old': 'old' }),
    run: async ({ writable }) => {
      for (const path of ['d/old', 'd/new']) {
        for (const announced of [99_999, 100_001]) {
          const outcome = await writable.write(path, chunked(pattern(100_000), 1000), { size: announced }).then(
            () => 'resolved',
            () => 'rejected',
          )
          must('P29', outcome === 'rejected', `100000 bytes were written although ${announced} were announced`)
        }
      }
      mustEqual('P30', 'the listing after writes that failed', await leafPaths(writable), ['d/old'])
      mustEqual('P30', 'the file after writes that failed', await readText(writable, 'd/old'), 'old')
    },
  },
  {
    cites: ['P30'],
    sentence: 'content that fails midway leaves the old file, or nothing, and its error comes out',
    writes: true,
    promised: ['atomicWrite'],
    tree: () => ({ 'd/old': 'old' }),
    run: async ({ writable }) => {
      for (const path of ['d/old', 'd/new']) {
        for (const size of [0, 10_000, 200_000]) {
          const error = new Error('the source broke')
          const outcome = await writable.write(path, failing(size, error)).then(
            () => undefined,
            (rejection: unknown) => ({ rejection }),
          )
          must('P30', outcome !== undefined, `write resolved although its content failed after ${size} bytes`)
          const { rejection } = outcome
          const cause = rejection instanceof Error ? rejection.cause : undefined
          must(
            'P30',
            rejection === error || cause === error,
            `content failed with "the source broke" and write rejected with ${describeError(rejection)}`,
          )
        }
      }
      mustEqual('P30', 'the listing after content failed', await leafPaths(writable), ['d/old'])
      mustEqual('P30', 'the file after content failed', await readText(writable, 'd/old'), 'old')
    },
  },
  {
    cites: ['P31'],
    sentence: 'nobody sees a partial file',
    writes: true,
    promised: ['atomicWrite'],
    tree: () => ({ 'd/old': 'old' }),
    run: async ({ writable, options }) => {
      const before = [await leafPaths(writable), await writable.stat('d/old'), await writable.stat('d/new'), await readText(writable, 'd/old')]
      for (const path of ['d/new', 'd/old']) {
        if (path === 'd/old') await writable.remove('d/new')
        let open = (): void => undefined
        let taken = (): void => undefined
        const gate = new Promise<void>(resolve => (open = resolve))
        const firstTaken = new Promise<void>(resolve => (taken = resolve))
        const write = writable.write(path, gated(pattern(100_000), pattern(10), taken, gate))
        write.catch(() => undefined)
        try {
          await withPatience('P31', 'a write asking for its second chunk', options.patienceMs, firstTaken)
          const during = [await leafPaths(writable), await writable.stat('d/old'), await writable.stat('d/new'), await readText(writable, 'd/old')]
          mustEqual('P31', `the tree during a write of ${path}`, during, before)
        } finally {
          open()
          await write
        }
        mustEqual('P31', 'the size after the write', ((await writable.stat(path)) as FileEntry).size, 100_010)
      }
    },
  },
  {
    cites: ['P42'],
    sentence: 'closes content that it does not read to the end',
    writes: true,
    tree: () => ({ file: 'x' }),
    run: async ({ writable }) => {
      let closed = 0
      // Much more than announced, but not endless: a storage may read it all before it looks at the size.
      const long = async function* (): AsyncGenerator<Uint8Array> {
        try {
          yield* chunked(pattern(1_000_000), 1000)
        } finally {
          closed++
        }
      }
      await writable.write('file', long(), { size: 100 }).catch(() => undefined)
      must('P42', closed === 1, 'content that is longer than announced was not closed')
    },
  },
  {
    cites: ['P35'],
    sentence: 'the etag differs after a change of the same size and time',
    writes: true,
    promised: ['conditional'],
    run: async ({ writable }) => {
      const seen = new Set<string | undefined>()
      for (const content of ['aaaa', 'bbbb', 'cccc', 'dddd']) {
        const { etag } = await writable.write('file', toBytes(content), { size: 4, modified: 1_600_000_000_000 })
        must('P35', etag !== undefined, 'write resolved to an entry without an etag')
        must('P35', !seen.has(etag), `the etag ${show(etag)} came back for other content of the same size and time`)
        mustEqual('P35', 'the etag by stat', ((await writable.stat('file')) as FileEntry).etag, etag)
        seen.add(etag)
      }
    },
  },
  {
    cites: ['P36'],
    sentence: 'keeps modified as finely as it promises',
    writes: true,
    promised: ['modifiedPrecision'],
    run: async ({ writable, shape }) => {
      const precision = shape.capabilities.modifiedPrecision as number
      for (const modified of [1_000_000_000_000, 1_234_567_890_123, 1_600_000_000_999, 1_700_000_001_500]) {
        const entry = await writable.write('file', toBytes('x'), { modified })
        const [listed] = await listAll(writable)
        for (const [what, shown, finely] of [
          ['write', entry.modified, precision],
          ['stat', (await writable.stat('file'))?.modified, precision],
          ['list', listed?.modified, Math.max(precision, listed?.modifiedPrecision ?? 0)],
        ] as const) {
          // A listing may leave it out where it is dear to get.
          if (what === 'list' && shown === undefined) continue
          must(
            'P36',
            shown !== undefined && Math.abs(shown - modified) < Math.max(finely, 1e-3),
            `${what} says modified ${shown} for ${modified}, and the promised precision is ${finely} ms`,
          )
        }
      }
    },
  },
  {
    cites: ['P27'],
    sentence: 'takes modified and mode even if it cannot keep them',
    writes: true,
    run: async ({ writable }) => {
      await writable.write('file', toBytes('x'), { modified: 1_234_567_890_123, mode: 0o600 })
      mustEqual('P27', 'the content', await readText(writable, 'file'), 'x')
    },
  },
  {
    cites: ['P37'],
    sentence: 'keeps the mode, of new and of replaced files',
    writes: true,
    methods: ['setMode'],
    run: async ({ writable }) => {
      for (const mode of [0o644, 0o600, 0o755, 0o444, 0o640]) {
        const entry = await writable.write('file', toBytes('x'), { mode })
        mustEqual('P37', 'the mode in the entry', entry.mode, mode)
        mustEqual('P37', 'the mode by stat', (await writable.stat('file'))?.mode, mode)
      }
    },
  },
  {
    cites: ['P38'],
    sentence: 'does not replace a directory',
    writes: true,
    promised: ['directories'],
    tree: () => ({ 'd/file': 'kept', 'empty/': '' }),
    run: async ({ writable }) => {
      await mustReject('P38', 'write over a directory', () => writable.write('d', toBytes('x')), ['IS_A_DIRECTORY'], 'd')
      await mustReject('P38', 'write over an empty directory', () => writable.write('empty', toBytes('x')), ['IS_A_DIRECTORY'], 'empty')
      mustEqual('P38', 'the file in the directory', await readText(writable, 'd/file'), 'kept')
      mustEqual('P38', 'the empty directory', (await writable.stat('empty'))?.kind, 'directory')
    },
  },
  {
    cites: ['P39'],
    sentence: 'does not write below a file',
    writes: true,
    promised: ['directories'],
    tree: () => ({ 'd/file': 'kept' }),
    run: async ({ writable }) => {
      await mustReject('P39', 'write below a file', () => writable.write('d/file/x', toBytes('x')), ['NOT_A_DIRECTORY'], 'd/file/x')
      await mustReject('P39', 'write deep below a file', () => writable.write('d/file/x/y', toBytes('x')), ['NOT_A_DIRECTORY'], 'd/file/x/y')
      mustEqual('P39', 'the file', await readText(writable, 'd/file'), 'kept')
      mustEqual('P39', 'the listing', await leafPaths(writable), ['d/file'])
    },
  },
  {
    cites: ['P46'],
    sentence: 'does not write to the root',
    writes: true,
    tree: () => ({ file: 'kept' }),
    run: async ({ writable }) => {
      await mustReject('P46', 'write to the root', () => writable.write('', toBytes('x')), ['IS_A_DIRECTORY', 'INVALID_PATH'])
      mustEqual('P46', 'the listing', await leafPaths(writable), ['file'])
    },
  },
]
