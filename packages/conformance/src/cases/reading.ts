import { collect, type FileEntry, toBytes } from '@syncline/core'
import { must, mustEqual, mustReject, pattern, readText, sameBytes, show } from '../check.ts'
import type { Case } from '../types.ts'

const sizes = [0, 1, 2, 4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000]

export const reading: readonly Case[] = [
  {
    cites: ['P21'],
    sentence: 'yields the bytes that were written, at every size around the usual chunks',
    tree: () => Object.fromEntries(sizes.map(size => [`file ${size}`, pattern(size, size)])),
    run: async ({ storage }) => {
      for (const size of sizes) {
        const chunks: Uint8Array[] = []
        for await (const chunk of storage.read(`file ${size}`)) {
          must('P21', chunk instanceof Uint8Array, `read yielded ${show(chunk)}, expected a Uint8Array`)
          chunks.push(chunk)
        }
        const content = await collect(toIterable(chunks))
        must('P21', content.length === size, `a file of ${size} bytes was read as ${content.length} bytes`)
        must('P21', sameBytes(content, pattern(size, size)), `a file of ${size} bytes was read with other content`)
      }
    },
  },
  {
    cites: ['P22'],
    sentence: 'yields ranges, cut at the end of the file',
    tree: () => ({ file: pattern(100_000, 7), empty: '' }),
    run: async ({ storage }) => {
      const whole = pattern(100_000, 7)
      const ranges: readonly (readonly [number | undefined, number | undefined])[] = [
        [0, 10],
        [10, 10],
        [0, 0],
        [5, 0],
        [65_530, 12],
        [99_999, 1],
        [99_990, undefined],
        [99_990, 100],
        [undefined, 10],
        [0, 200_000],
        [100_000, 1],
        [100_000, undefined],
        [150_000, 10],
        [150_000, undefined],
      ]
      for (const [offset, length] of ranges) {
        const content = await collect(storage.read('file', { ...(offset !== undefined && { offset }), ...(length !== undefined && { length }) }))
        const expected = whole.slice(offset ?? 0, length === undefined ? undefined : (offset ?? 0) + length)
        const what = `read with offset ${offset} and length ${length} of a file of 100000 bytes`
        must('P22', content.length === expected.length, `${what} gave ${content.length} bytes, expected ${expected.length}`)
        must('P22', sameBytes(content, expected), `${what} gave other bytes than the file has there`)
      }
      mustEqual('P22', 'a range of an empty file', [...(await collect(storage.read('empty', { offset: 0, length: 10 })))], [])
    },
  },
  {
    cites: ['P23'],
    sentence: 'rejects if nothing is there, or a directory',
    tree: () => ({ 'd/x': '1' }),
    run: async ({ storage }) => {
      await mustReject('P23', 'read of a missing file', () => collect(storage.read('missing')), ['NOT_FOUND'], 'missing')
      await mustReject('P23', 'read below a missing directory', () => collect(storage.read('no/such/file')), ['NOT_FOUND'], 'no/such/file')
      await mustReject('P23', 'read of a directory', () => collect(storage.read('d')), ['IS_A_DIRECTORY', 'NOT_FOUND'], 'd')
    },
  },
  {
    cites: ['P24'],
    sentence: 'reads that are left early leave the storage usable',
    tree: () => ({ file: pattern(1_000_000), other: 'x' }),
    run: async ({ storage }) => {
      // More often than any pool of connections or file descriptors is large.
      for (let i = 0; i < 200; i++) for await (const _ of storage.read('file')) break
      for (let i = 0; i < 200; i++) for await (const _ of storage.list('')) break
      mustEqual('P24', 'a file after many reads that were left', await readText(storage, 'other'), 'x')
    },
  },
  {
    cites: ['P24'],
    sentence: 'a reader may change the chunks it gets',
    tree: () => ({ file: pattern(200_000, 3) }),
    run: async ({ storage }) => {
      for await (const chunk of storage.read('file')) chunk.fill(0)
      must(
        'P24',
        sameBytes(await collect(storage.read('file')), pattern(200_000, 3)),
        'the file changed when a reader changed the chunks that it got',
      )
    },
  },
  {
    cites: ['P25', 'P35'],
    sentence: 'reads the version that is asked for, or rejects',
    promised: ['conditional'],
    tree: () => ({ file: 'one' }),
    run: async ({ storage }) => {
      const entry = (await storage.stat('file')) as FileEntry
      must('P35', entry.etag !== undefined, 'the storage promises conditional and a file has no etag')
      mustEqual(
        'P25',
        'the version that was asked for',
        new TextDecoder().decode(await collect(storage.read('file', { ifMatch: entry.etag }))),
        'one',
      )
      await mustReject(
        'P25',
        'read of another version',
        () => collect(storage.read('file', { ifMatch: '"some-other-version"' })),
        ['PRECONDITION_FAILED'],
        'file',
      )
    },
  },
  {
    cites: ['P25'],
    sentence: 'does not read a newer version under the etag of an older one',
    writes: true,
    promised: ['conditional'],
    tree: () => ({ file: 'one' }),
    run: async ({ writable }) => {
      const old = (await writable.stat('file')) as FileEntry
      await writable.write('file', toBytes('two'))
      await mustReject(
        'P25',
        'read of the version that was replaced',
        () => collect(writable.read('file', { ifMatch: old.etag as string })),
        ['PRECONDITION_FAILED'],
        'file',
      )
    },
  },
  {
    cites: ['P26'],
    sentence: 'a read during a write does not mix two versions',
    writes: true,
    promised: ['atomicWrite'],
    tree: () => ({ file: new Uint8Array(2_000_000).fill(1) }),
    run: async ({ writable }) => {
      const seen = new Set<number>()
      let length = 0
      try {
        for await (const chunk of writable.read('file')) {
          if (length === 0) await writable.write('file', toBytes(new Uint8Array(2_000_000).fill(2)))
          length += chunk.length
          for (const byte of chunk) seen.add(byte)
        }
      } catch {
        // Honest: the version it began with is gone.
        return
      }
      must('P26', seen.size === 1 && length === 2_000_000, `a read during which the file was replaced gave ${length} bytes of ${seen.size} versions`)
    },
  },
]

async function* toIterable(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
