import { toBytes } from '@syncline/core'
import { leafPaths, listAll, must, mustEqual, mustReject, readText } from '../check.ts'
import type { Case } from '../types.ts'

export const removing: readonly Case[] = [
  {
    cites: ['P43'],
    sentence: 'removes a file and nothing else',
    writes: true,
    tree: () => ({ 'd/a': '1', 'd/ab': '2', 'd-a': '3', a: '4' }),
    run: async ({ writable }) => {
      await writable.remove('d/a')
      mustEqual('P43', 'stat of the removed file', await writable.stat('d/a'), undefined)
      mustEqual('P43', 'the listing', await leafPaths(writable), ['a', 'd-a', 'd/ab'])
    },
  },
  {
    cites: ['P43'],
    sentence: 'nothing there is no error',
    writes: true,
    tree: () => ({ file: 'kept' }),
    run: async ({ writable }) => {
      for (const path of ['missing', 'missing/deeper/file']) await writable.remove(path)
      await writable.write('twice', toBytes('x'))
      await writable.remove('twice')
      await writable.remove('twice')
      mustEqual('P43', 'the listing', await leafPaths(writable), ['file'])
    },
  },
  {
    cites: ['P44'],
    sentence: 'removes an empty directory, never one that holds something',
    writes: true,
    promised: ['directories'],
    tree: () => ({ 'd/e/f': 'kept', 'g/empty/': '' }),
    run: async ({ writable }) => {
      await mustReject('P44', 'remove of a directory that holds a directory', () => writable.remove('d'), ['NOT_EMPTY'], 'd')
      await mustReject('P44', 'remove of a directory that holds a file', () => writable.remove('d/e'), ['NOT_EMPTY'], 'd/e')
      mustEqual('P44', 'the file below', await readText(writable, 'd/e/f'), 'kept')
      await writable.remove('g/empty')
      mustEqual('P44', 'stat of the removed directory', await writable.stat('g/empty'), undefined)
      mustEqual('P44', 'the directory above it', (await writable.stat('g'))?.kind, 'directory')
    },
  },
  {
    cites: ['P44'],
    sentence: 'removing the last file of a directory leaves the directory',
    writes: true,
    promised: ['directories'],
    tree: () => ({ 'd/e/f': 'x' }),
    run: async ({ writable }) => {
      await writable.remove('d/e/f')
      mustEqual('P44', 'the directory that has become empty', (await writable.stat('d/e'))?.kind, 'directory')
    },
  },
  {
    cites: ['P44'],
    sentence: 'without directories of their own, removing a prefix removes nothing',
    writes: true,
    when: ({ capabilities }) => capabilities.directories !== true,
    tree: () => ({ 'd/e/f': 'kept' }),
    run: async ({ writable }) => {
      // Whether that is an error is the storage's choice; a loss is not.
      await writable.remove('d').catch(() => undefined)
      mustEqual('P44', 'the file below', await readText(writable, 'd/e/f'), 'kept')
    },
  },
  {
    cites: ['P46'],
    sentence: 'the root stays',
    writes: true,
    run: async ({ writable }) => {
      await mustReject('P46', 'remove of an empty root', () => writable.remove(''), [
        'INVALID_PATH',
        'IS_A_DIRECTORY',
        'PERMISSION_DENIED',
        'NOT_SUPPORTED',
      ])
      mustEqual('P46', 'the listing of the root', await listAll(writable), [])
      await writable.write('file', toBytes('kept'))
      const outcome = await writable.remove('').then(
        () => 'resolved',
        () => 'rejected',
      )
      must('P46', outcome === 'rejected', 'remove of the root resolved')
      mustEqual('P46', 'the listing of the root', await leafPaths(writable), ['file'])
    },
  },
]
