import { isStorageError, toBytes } from '@syncline/core'
import { describeError, leafPaths, listAll, must, mustEqual, readText, show } from '../check.ts'
import type { Case } from '../types.ts'

const oddNames = [
  ' leading space',
  'trailing space ',
  'two  spaces',
  'quote " and \' and `',
  '100%',
  '%2e%2e%2fa',
  'a%20b',
  'a+b c',
  'a&b=c?d#e',
  'semi;colon,comma',
  'back\\slash',
  'colon:name',
  'star*question?',
  'less<more>pipe|',
  '-rf',
  '--help',
  '.hidden',
  '..two-dots',
  'three...dots',
  'trailing.',
  '~tilde',
  '$HOME',
  '{brace}[bracket](paren)',
  '!bang',
  'tab\there',
  'new\nline',
  'bell\u0007',
  'delete\u007f',
  'nbsp\u00a0here',
  'grüße',
  '日本語',
  'עברית',
  '👩‍👩‍👧',
  '\u{10FFFD}',
  'bom\uFEFF',
  'CON',
  'nul.txt',
  'constructor',
  '__proto__',
  'a'.repeat(255),
  'é'.repeat(127),
]

export const names: readonly Case[] = [
  {
    cites: ['P51'],
    sentence: 'odd names come back unchanged, or are refused',
    writes: true,
    run: async ({ writable }) => {
      const kept: string[] = []
      for (const name of oddNames) {
        const path = `odd/${name}/${name}`
        try {
          const entry = await writable.write(path, toBytes(name))
          mustEqual('P51', 'the path in the entry', entry.path, path)
        } catch (error) {
          must(
            'P51',
            isStorageError(error, 'INVALID_PATH'),
            `write of ${show(path)} rejected with ${describeError(error)}, expected INVALID_PATH for a name that cannot be kept`,
          )
          mustEqual('P51', `stat of the refused ${show(path)}`, await writable.stat(path), undefined)
          continue
        }
        kept.push(path)
        mustEqual('P51', `the content of ${show(path)}`, await readText(writable, path), name)
        mustEqual('P51', `stat of ${show(path)}`, (await writable.stat(path))?.path, path)
      }
      mustEqual('P51', 'the listing', [...(await leafPaths(writable))].sort(), [...kept].sort())
      for (const path of kept) await writable.remove(path)
      mustEqual('P51', 'the listing after the removal', await leafPaths(writable), [])
    },
  },
  {
    cites: ['P51'],
    sentence: 'a deep path comes back unchanged, or is refused',
    writes: true,
    run: async ({ writable }) => {
      const path = `${Array.from({ length: 40 }, (_, i) => `directory ${i}`).join('/')}/file`
      const outcome = await writable.write(path, toBytes('deep')).then(
        () => 'kept',
        (error: unknown) => (isStorageError(error, 'INVALID_PATH') ? 'refused' : Promise.reject(error)),
      )
      mustEqual('P51', 'the listing', await leafPaths(writable), outcome === 'kept' ? [path] : [])
    },
  },
  {
    cites: ['P52'],
    sentence: 'case makes a different file',
    writes: true,
    promised: ['exactNames'],
    run: async ({ writable }) => {
      const paths = ['A', 'a', 'D/x', 'd/X', 'É', 'é', 'ß', 'ss', 'İ', 'i']
      for (const path of paths) await writable.write(path, toBytes(path))
      for (const path of paths) mustEqual('P52', `the content of ${show(path)}`, await readText(writable, path), path)
      mustEqual('P52', 'the number of files', (await listAll(writable)).filter(entry => entry.kind === 'file').length, paths.length)
      mustEqual('P52', 'stat of a name in another case', await writable.stat('d/x'), undefined)
    },
  },
  {
    cites: ['P52'],
    sentence: 'Unicode form makes a different file',
    writes: true,
    promised: ['exactNames'],
    run: async ({ writable }) => {
      const paths = ['caf\u00e9', 'cafe\u0301', '\u212b', '\u00c5', 'A\u030a', '\ufb01', 'fi']
      for (const path of paths) await writable.write(path, toBytes(show([...path])))
      for (const path of paths) mustEqual('P52', `the content of ${show([...path])}`, await readText(writable, path), show([...path]))
      mustEqual('P52', 'the names in the listing', [...(await leafPaths(writable))].sort(), [...paths].sort())
    },
  },
]
