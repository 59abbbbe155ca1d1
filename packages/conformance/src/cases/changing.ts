import { collect, type FileEntry, toBytes } from '@syncline/core'
import { leafPaths, listAll, must, mustEqual, mustReject, pattern, readText, sameBytes } from '../check.ts'
import type { Case } from '../types.ts'

export const changing: readonly Case[] = [
  {
    cites: ['P53'],
    sentence: 'changes the time and not the content',
    writes: true,
    methods: ['setModified'],
    tree: () => ({ file: 'kept' }),
    run: async ({ writable, shape }) => {
      const precision = shape.capabilities.modifiedPrecision ?? Infinity
      for (const modified of [1_000_000_000_000, 1_234_567_890_123]) {
        await writable.setModified('file', modified)
        const shown = (await writable.stat('file'))?.modified
        must(
          'P53',
          shown !== undefined && Math.abs(shown - modified) < Math.max(precision, 1e-3),
          `modified is ${shown} after setModified ${modified}, and the promised precision is ${precision} ms`,
        )
      }
      mustEqual('P53', 'the content', await readText(writable, 'file'), 'kept')
      await mustReject('P53', 'setModified of nothing', () => writable.setModified('missing', 1e12), ['NOT_FOUND'], 'missing')
    },
  },
  {
    cites: ['P54'],
    sentence: 'changes the mode and not the content',
    writes: true,
    methods: ['setMode'],
    tree: () => ({ file: 'kept' }),
    run: async ({ writable }) => {
      for (const mode of [0o600, 0o755, 0o644]) {
        await writable.setMode('file', mode)
        mustEqual('P54', 'the mode', (await writable.stat('file'))?.mode, mode)
      }
      mustEqual('P54', 'the content', await readText(writable, 'file'), 'kept')
      await mustReject('P54', 'setMode of nothing', () => writable.setMode('missing', 0o600), ['NOT_FOUND'], 'missing')
    },
  },
  {
    cites: ['P55'],
    sentence: 'copies a file, also over another and into a missing directory',
    writes: true,
    methods: ['copy'],
    tree: () => ({ from: pattern(100_000, 5), over: 'old' }),
    run: async ({ writable }) => {
      for (const to of ['new/deep/to', 'over']) {
        const entry = await writable.copy('from', to)
        mustEqual('P55', 'kind, path and size of the entry', [entry.kind, entry.path, entry.size], ['file', to, 100_000])
        must('P55', sameBytes(await collect(writable.read(to)), pattern(100_000, 5)), `${to} has other content than the file it was copied from`)
      }
      must('P55', sameBytes(await collect(writable.read('from')), pattern(100_000, 5)), 'the original changed')
      await writable.write('from', toBytes('changed'))
      must('P55', sameBytes(await collect(writable.read('over')), pattern(100_000, 5)), 'the copy changed with the original')
      await mustReject('P55', 'copy of nothing', () => writable.copy('missing', 'to'), ['NOT_FOUND'])
    },
  },
  {
    cites: ['P55'],
    sentence: 'copies under conditions',
    writes: true,
    methods: ['copy'],
    promised: ['conditional'],
    tree: () => ({ from: 'x', to: 'kept' }),
    run: async ({ writable }) => {
      await mustReject('P55', 'create-only copy over a file', () => writable.copy('from', 'to', { ifNoneMatch: '*' }), ['PRECONDITION_FAILED'], 'to')
      await mustReject('P55', 'copy over another version', () => writable.copy('from', 'to', { ifMatch: '"other"' }), ['PRECONDITION_FAILED'], 'to')
      mustEqual('P55', 'the file that existed', await readText(writable, 'to'), 'kept')
      await writable.copy('from', 'to', { ifMatch: ((await writable.stat('to')) as FileEntry).etag as string })
      mustEqual('P55', 'the file that was replaced', await readText(writable, 'to'), 'x')
    },
  },
  {
    cites: ['P56'],
    sentence: 'moves a file',
    writes: true,
    methods: ['move'],
    tree: () => ({ 'a/from': 'content' }),
    run: async ({ writable }) => {
      const before = (await writable.stat('a/from')) as FileEntry
      await writable.move('a/from', 'new/deep/to')
      const after = (await writable.stat('new/deep/to')) as FileEntry | undefined
      must('P56', after !== undefined, 'nothing is where the file was moved to')
      mustEqual('P56', 'the content', await readText(writable, 'new/deep/to'), 'content')
      mustEqual('P56', 'stat of the old path', await writable.stat('a/from'), undefined)
      mustEqual('P56', 'the listing', await leafPaths(writable), ['new/deep/to'])
      mustEqual('P56', 'the time', after.modified, before.modified)
      mustEqual('P56', 'the id', after.id, before.id)
      await mustReject('P56', 'move of nothing', () => writable.move('missing', 'to'), ['NOT_FOUND'])
    },
  },
  {
    cites: ['P57'],
    sentence: 'does not replace what is there',
    writes: true,
    methods: ['move'],
    tree: () => ({ from: 'from', to: 'kept', 'd/x': 'kept' }),
    run: async ({ writable, shape }) => {
      await mustReject('P57', 'move over a file', () => writable.move('from', 'to'), ['ALREADY_EXISTS'])
      if (shape.capabilities.directories === true)
        await mustReject('P57', 'move over a directory', () => writable.move('from', 'd'), ['ALREADY_EXISTS', 'IS_A_DIRECTORY'])
      mustEqual('P57', 'the file that was to be moved', await readText(writable, 'from'), 'from')
      mustEqual('P57', 'the file in the way', await readText(writable, 'to'), 'kept')
      mustEqual('P57', 'the file in the directory in the way', await readText(writable, 'd/x'), 'kept')
    },
  },
  {
    cites: ['P57'],
    sentence: 'replaces the version that is named',
    writes: true,
    methods: ['move'],
    promised: ['conditional'],
    tree: () => ({ from: 'from', to: 'old' }),
    run: async ({ writable }) => {
      const { etag } = (await writable.stat('to')) as FileEntry
      await mustReject('P57', 'move over another version', () => writable.move('from', 'to', { ifMatch: '"other"' }), ['PRECONDITION_FAILED'])
      mustEqual('P57', 'the file in the way', await readText(writable, 'to'), 'old')
      await writable.move('from', 'to', { ifMatch: etag as string })
      mustEqual('P57', 'the replaced file', await readText(writable, 'to'), 'from')
      mustEqual('P57', 'the listing', await leafPaths(writable), ['to'])
    },
  },
  {
    cites: ['P58'],
    sentence: 'moves a directory with everything in it',
    writes: true,
    methods: ['move'],
    promised: ['directories'],
    tree: () => ({ 'd/a': '1', 'd/e/f': '2', 'd/empty/': '', 'd-other': '3' }),
    run: async ({ writable }) => {
      await writable.move('d', 'x/y')
      const keys = (await listAll(writable)).map(entry => `${entry.path}${entry.kind === 'directory' ? '/' : ''}`).sort()
      mustEqual('P58', 'the listing', keys, ['d-other', 'x/', 'x/y/', 'x/y/a', 'x/y/e/', 'x/y/e/f', 'x/y/empty/'])
      mustEqual('P58', 'a file in it', await readText(writable, 'x/y/e/f'), '2')
    },
  },
  {
    cites: ['P58'],
    sentence: 'a directory cannot be moved into itself',
    writes: true,
    methods: ['move'],
    promised: ['directories'],
    tree: () => ({ 'd/a': 'kept' }),
    run: async ({ writable }) => {
      const outcome = await writable.move('d', 'd/below/here').then(
        () => 'resolved',
        () => 'rejected',
      )
      must('P58', outcome === 'rejected', 'a move of "d" to "d/below/here" resolved')
      mustEqual('P58', 'the listing', await leafPaths(writable), ['d/a'])
      mustEqual('P58', 'the file in it', await readText(writable, 'd/a'), 'kept')
    },
  },
]
