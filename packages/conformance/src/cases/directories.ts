import { toBytes } from '@syncline/core'
import { leafPaths, listAll, must, mustEqual, mustReject, readText } from '../check.ts'
import type { Case } from '../types.ts'

export const directories: readonly Case[] = [
  {
    cites: ['P47'],
    sentence: 'makes a directory and its parents, again without an error',
    writes: true,
    methods: ['makeDirectory'],
    run: async ({ writable }) => {
      await writable.makeDirectory('a/b/c')
      await writable.makeDirectory('a/b/c')
      await writable.makeDirectory('a')
      mustEqual('P47', 'the listing', (await listAll(writable)).map(entry => `${entry.kind} ${entry.path}`).sort(), [
        'directory a',
        'directory a/b',
        'directory a/b/c',
      ])
      mustEqual('P47', 'stat of the directory', (await writable.stat('a/b/c'))?.kind, 'directory')
      mustEqual('P47', 'the listing of the empty directory', await listAll(writable, 'a/b/c'), [])
    },
  },
  {
    cites: ['P47'],
    sentence: 'an existing directory keeps what it holds',
    writes: true,
    methods: ['makeDirectory'],
    tree: () => ({ 'd/file': 'kept' }),
    run: async ({ writable }) => {
      await writable.makeDirectory('d')
      mustEqual('P47', 'the file in it', await readText(writable, 'd/file'), 'kept')
    },
  },
  {
    cites: ['P48'],
    sentence: 'a file in the way is left alone',
    writes: true,
    methods: ['makeDirectory'],
    tree: () => ({ file: 'kept' }),
    run: async ({ writable }) => {
      await mustReject('P48', 'makeDirectory over a file', () => writable.makeDirectory('file'), ['ALREADY_EXISTS', 'NOT_A_DIRECTORY'], 'file')
      await mustReject('P48', 'makeDirectory below a file', () => writable.makeDirectory('file/d'), ['NOT_A_DIRECTORY'], 'file/d')
      mustEqual('P48', 'the file', await readText(writable, 'file'), 'kept')
    },
  },
  {
    cites: ['P49'],
    sentence: 'keeps the target of a link as it is given',
    writes: true,
    methods: ['makeSymlink'],
    tree: () => ({ 'd/file': 'x' }),
    run: async ({ writable }) => {
      const targets = ['d/file', '../outside', 'dangling', '/absolute/elsewhere', './d', 'name with space', 'é']
      for (const [i, target] of targets.entries()) {
        const path = `links/deep/${i}`
        await writable.makeSymlink(path, target)
        const stat = await writable.stat(path)
        mustEqual('P49', 'stat of the link', [stat?.kind, stat?.kind === 'symlink' && stat.target], ['symlink', target])
      }
      const listed = (await listAll(writable, 'links/deep')).flatMap(entry => (entry.kind === 'symlink' ? [entry.target] : []))
      mustEqual('P49', 'the targets in the listing', [...listed].sort(), [...targets].sort())
    },
  },
  {
    cites: ['P49', 'P11'],
    sentence: 'listings do not follow links, not even in a circle',
    writes: true,
    methods: ['makeSymlink'],
    tree: () => ({ 'd/file': 'x' }),
    run: async ({ writable }) => {
      await writable.makeSymlink('d/circle', '.')
      await writable.makeSymlink('d/up', '..')
      await writable.makeSymlink('to-d', 'd')
      mustEqual('P49', 'the listing', await leafPaths(writable), ['d/circle', 'd/file', 'd/up', 'to-d'])
    },
  },
  {
    cites: ['P49'],
    sentence: 'a link replaces a file and another link, never a directory',
    writes: true,
    methods: ['makeSymlink'],
    tree: () => ({ file: 'x', 'd/kept': 'kept' }),
    run: async ({ writable, shape }) => {
      for (const target of ['one', 'two']) {
        await writable.makeSymlink('file', target)
        const stat = await writable.stat('file')
        mustEqual('P49', 'stat of the link', [stat?.kind, stat?.kind === 'symlink' && stat.target], ['symlink', target])
      }
      if (shape.capabilities.directories !== true) return
      const outcome = await writable.makeSymlink('d', 'one').then(
        () => 'resolved',
        () => 'rejected',
      )
      must('P49', outcome === 'rejected', 'makeSymlink over a directory resolved')
      mustEqual('P49', 'the file in the directory', await readText(writable, 'd/kept'), 'kept')
    },
  },
  {
    cites: ['P40'],
    sentence: 'a write replaces a link and leaves what it points to',
    writes: true,
    methods: ['makeSymlink'],
    tree: () => ({ target: 'kept' }),
    run: async ({ writable }) => {
      await writable.makeSymlink('link', 'target')
      await writable.write('link', toBytes('new'))
      mustEqual('P40', 'what the link pointed to', await readText(writable, 'target'), 'kept')
      mustEqual('P40', 'what is at the place of the link', (await writable.stat('link'))?.kind, 'file')
      await writable.makeSymlink('dangling', 'not-there')
      await writable.write('dangling', toBytes('new'))
      mustEqual('P40', 'where a dangling link pointed to', await writable.stat('not-there'), undefined)
    },
  },
  {
    cites: ['P40', 'P39'],
    sentence: 'a write does not go through a link to a directory',
    writes: true,
    methods: ['makeSymlink'],
    promised: ['directories'],
    tree: () => ({ 'real/file': 'kept' }),
    run: async ({ writable }) => {
      await writable.makeSymlink('link', 'real')
      await writable.write('link/file', toBytes('through')).catch(() => undefined)
      await writable.write('link/new', toBytes('through')).catch(() => undefined)
      mustEqual('P40', 'the file behind the link', await readText(writable, 'real/file'), 'kept')
      mustEqual('P40', 'a new file behind the link', await writable.stat('real/new'), undefined)
    },
  },
  {
    cites: ['P50'],
    sentence: 'remove takes the link away, not its target',
    writes: true,
    methods: ['makeSymlink'],
    tree: () => ({ 'd/file': 'kept' }),
    run: async ({ writable }) => {
      for (const target of ['d', 'd/file', 'dangling']) {
        await writable.makeSymlink('link', target)
        await writable.remove('link')
        mustEqual('P50', 'stat of the removed link', await writable.stat('link'), undefined)
      }
      mustEqual('P50', 'what the links pointed to', await readText(writable, 'd/file'), 'kept')
    },
  },
]
