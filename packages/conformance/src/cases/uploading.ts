import { collect, toBytes, type Upload } from '@syncline/core'
import { leafPaths, must, mustEqual, mustReject, pattern, readText, sameBytes } from '../check.ts'
import type { Case } from '../types.ts'

/** The parts of `content`, the last one shorter. */
function partsOf(content: Uint8Array, { partSize }: Upload): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(content.length / partSize) }, (_, i) => content.slice(i * partSize, (i + 1) * partSize))
}

/** The order in which a test puts its parts: any will do, unless the store can only append. */
function orderFor({ sequential }: Upload): readonly number[] {
  return sequential === true ? [0, 1, 2] : [2, 0, 1]
}

/** Three parts, the last one shorter. */
const sizeFor = ({ partSize }: Upload): number => partSize * 2 + 123

export const uploading: readonly Case[] = [
  {
    cites: ['P61'],
    sentence: 'parts come in any order, and the file appears when it is complete',
    writes: true,
    methods: ['upload'],
    tree: () => ({ 'd/old': 'old' }),
    run: async ({ writable }) => {
      for (const path of ['d/new/file', 'd/old']) {
        const before = [await leafPaths(writable), await writable.stat(path)]
        const upload = await writable.upload(path)
        must('P61', Number.isInteger(upload.partSize) && upload.partSize > 0, `partSize is ${upload.partSize}, expected a positive integer`)
        const content = pattern(sizeFor(upload), path.length)
        const parts = partsOf(content, upload)
        for (const index of orderFor(upload)) {
          await upload.put(index, parts[index] as Uint8Array)
          mustEqual('P61', 'the tree during an upload', [await leafPaths(writable), await writable.stat(path)], before)
        }
        const entry = await upload.complete()
        mustEqual('P61', 'kind, path and size of the entry', [entry.kind, entry.path, entry.size], ['file', path, content.length])
        must('P61', sameBytes(await collect(writable.read(path)), content), 'the file has other content than the parts')
      }
    },
  },
  {
    cites: ['P61'],
    sentence: 'parts may be put at the same time, and again',
    writes: true,
    methods: ['upload'],
    run: async ({ writable }) => {
      const upload = await writable.upload('file')
      const content = pattern(sizeFor(upload), 9)
      const parts = partsOf(content, upload)
      await upload.put(0, pattern(upload.partSize, 77))
      const [first, second, third] = parts as [Uint8Array, Uint8Array, Uint8Array]
      if (upload.sequential === true) for (const [index, part] of [first, second, third].entries()) await upload.put(index, part)
      else await Promise.all([upload.put(2, third), upload.put(0, first), upload.put(1, second)])
      await upload.complete()
      must('P61', sameBytes(await collect(writable.read('file')), content), 'the file has other content than the last parts that were put')
    },
  },
  {
    cites: ['P62'],
    sentence: 'an upload goes on by its token',
    writes: true,
    methods: ['upload'],
    run: async ({ writable }) => {
      const first = await writable.upload('file')
      const content = pattern(sizeFor(first), 4)
      const parts = partsOf(content, first)
      const [early, ...late] = orderFor(first) as readonly [number, ...number[]]
      await first.put(early, parts[early] as Uint8Array)
      const second = await writable.upload('file', { resume: first.token })
      mustEqual('P62', 'token and part size', [second.token, second.partSize], [first.token, first.partSize])
      mustEqual('P62', 'the parts it has', await second.stored(), [early])
      for (const index of late) await second.put(index, parts[index] as Uint8Array)
      mustEqual('P62', 'the parts it has', await second.stored(), [0, 1, 2])
      await second.complete()
      must('P62', sameBytes(await collect(writable.read('file')), content), 'the file has other content than the parts')
      await mustReject('P62', 'upload with an unknown token', () => writable.upload('file', { resume: 'no-such-token' }), ['NOT_FOUND'])
    },
  },
  {
    cites: ['P63'],
    sentence: 'an aborted upload leaves nothing',
    writes: true,
    methods: ['upload'],
    tree: () => ({ old: 'old' }),
    run: async ({ writable }) => {
      for (const path of ['old', 'new']) {
        const upload = await writable.upload(path)
        await upload.put(0, pattern(10))
        await upload.abort()
        await mustReject('P63', 'resume of an aborted upload', () => writable.upload(path, { resume: upload.token }), ['NOT_FOUND'])
      }
      mustEqual('P63', 'the listing', await leafPaths(writable), ['old'])
      mustEqual('P63', 'the old file', await readText(writable, 'old'), 'old')
    },
  },
  {
    cites: ['P64'],
    sentence: 'the conditions hold at the end',
    writes: true,
    methods: ['upload'],
    promisedAny: ['conditional', 'checksConditions'],
    run: async ({ writable }) => {
      const upload = await writable.upload('file', { ifNoneMatch: '*' })
      await upload.put(0, pattern(10))
      await writable.write('file', toBytes('came first'))
      await mustReject('P64', 'completing a create-only upload over a file', () => upload.complete(), ['PRECONDITION_FAILED'])
      mustEqual('P64', 'the file that came first', await readText(writable, 'file'), 'came first')
      await upload.abort()
    },
  },
]
