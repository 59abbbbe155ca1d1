import type { Entry } from '@syncline/core'
import { compareBytesOf, compareKeysByBytes, leafPaths, listAll, must, mustEqual, mustReject, show } from '../check.ts'
import type { Case, Shape } from '../types.ts'

/** Names for which a wrong order is wrong in some known way. */
const tricky = {
  'a/x': '1', // after "a-b" and "a.txt": a directory is compared with "/" at its end
  'a-b': '2',
  'a.txt': '3',
  a0: '4', // after "a/"
  'a!': '5',
  'B/y': '6', // capitals before small letters: bytes, not an alphabet
  b: '7',
  'd/e/f': '8',
  'd/e-': '9',
  'd/e0': '10',
  é: '11',
  '\uE000': '12', // before U+10000 in UTF-8, after it in UTF-16
  '\u{10000}': '13',
  'z/\uFFFD': '14',
  'z/\u{1F600}': '15',
  '10': '16', // digits by bytes: before "9"
  '9': '17',
} as const

/** Only names that every file system has: for storages that do not keep names exactly. */
function trickyFor({ capabilities }: Shape): Readonly<Record<string, string>> {
  if (capabilities.exactNames === true) return tricky
  return Object.fromEntries(Object.entries(tricky).filter(([path]) => /^[\x20-\x7e]+$/.test(path) && !path.startsWith('B')))
}

/** What a listing must hold: the files, and the directories above them if those exist on their own. */
function expectedPaths(paths: readonly string[], { capabilities }: Shape): readonly string[] {
  const keys = new Set<string>()
  for (const path of paths) {
    keys.add(path)
    if (capabilities.directories !== true) continue
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) keys.add(path.slice(0, at + 1))
  }
  return [...keys].sort(compareBytesOf)
}

function keyOf(entry: Entry): string {
  return entry.kind === 'directory' ? `${entry.path}/` : entry.path
}

/** Without `directories`, a storage may show implied directories or leave them out. */
function keysOf(entries: readonly Entry[], { capabilities }: Shape): readonly string[] {
  const shown = capabilities.directories === true ? entries : entries.filter(entry => entry.kind !== 'directory')
  return shown.map(keyOf).sort(compareBytesOf)
}

export const listing: readonly Case[] = [
  {
    cites: ['P18'],
    sentence: 'an empty tree lists nothing',
    run: async ({ storage }) => {
      mustEqual('P18', 'the listing of an empty tree', await listAll(storage), [])
      mustEqual('P18', 'the flat listing of an empty tree', await listAll(storage, '', { recursive: false }), [])
    },
  },
  {
    cites: ['P11'],
    sentence: 'lists everything exactly once, with paths from the root',
    tree: trickyFor,
    run: async ({ storage, shape }) => {
      mustEqual('P11', 'the sorted listing', keysOf(await listAll(storage), shape), expectedPaths(Object.keys(trickyFor(shape)), shape))
    },
  },
  {
    cites: ['P11'],
    sentence: 'lists what is below a directory, not the directory itself, nor a sibling whose name begins the same',
    tree: () => ({ 'd/a': '1', 'd/e/f': '2', 'd-e/f': '3', d2: '4', 'x/d/y': '5' }),
    run: async ({ storage, shape }) => {
      mustEqual(
        'P11',
        'the listing of "d"',
        keysOf(await listAll(storage, 'd'), shape),
        shape.capabilities.directories === true ? ['d/a', 'd/e/', 'd/e/f'] : ['d/a', 'd/e/f'],
      )
      mustEqual('P11', 'the listing of "d/e"', keysOf(await listAll(storage, 'd/e'), shape), ['d/e/f'])
    },
  },
  {
    cites: ['P12'],
    sentence: 'lists in key order, by bytes',
    promised: ['ordered'],
    tree: trickyFor,
    run: async ({ storage }) => {
      for (const path of ['', 'd']) {
        const entries = await listAll(storage, path)
        for (let i = 1; i < entries.length; i++) {
          const [before, after] = [entries[i - 1] as Entry, entries[i] as Entry]
          must('P12', compareKeysByBytes(before, after) < 0, () => `${show(keyOf(before))} was listed before ${show(keyOf(after))}`)
        }
      }
    },
  },
  {
    cites: ['P12', 'P14'],
    sentence: 'lists one directory in key order too',
    promised: ['ordered'],
    tree: trickyFor,
    run: async ({ storage }) => {
      const entries = await listAll(storage, '', { recursive: false })
      for (let i = 1; i < entries.length; i++) {
        const [before, after] = [entries[i - 1] as Entry, entries[i] as Entry]
        must(
          'P12',
          compareKeysByBytes(before, after) < 0,
          () => `with recursive false, ${show(keyOf(before))} was listed before ${show(keyOf(after))}`,
        )
      }
    },
  },
  {
    cites: ['P13', 'P11', 'P12'],
    sentence: 'lists a big directory completely',
    tree: (_, { largeListing }) => Object.fromEntries(Array.from({ length: largeListing }, (_, i) => [`big/file ${i}`, ''])),
    run: async ({ storage, shape, options: { largeListing } }) => {
      const entries = await listAll(storage)
      const files = entries.filter(entry => entry.kind === 'file')
      must('P13', files.length === largeListing, `of ${largeListing} files, ${files.length} were listed`)
      must('P13', new Set(files.map(entry => entry.path)).size === largeListing, 'some files were listed twice and others not at all')
      if (shape.capabilities.ordered !== true) return
      for (let i = 1; i < entries.length; i++) {
        const [before, after] = [entries[i - 1] as Entry, entries[i] as Entry]
        must('P12', compareKeysByBytes(before, after) < 0, () => `in a big directory, ${show(keyOf(before))} was listed before ${show(keyOf(after))}`)
      }
    },
  },
  {
    cites: ['P14'],
    sentence: 'with recursive false it lists the direct children only',
    tree: () => ({ a: '1', 'd/b': '2', 'd/e/f': '3' }),
    run: async ({ storage }) => {
      mustEqual('P14', 'the flat listing of the root', (await listAll(storage, '', { recursive: false })).map(keyOf).sort(), ['a', 'd/'])
      mustEqual('P14', 'the flat listing of "d"', (await listAll(storage, 'd', { recursive: false })).map(keyOf).sort(), ['d/b', 'd/e/'])
    },
  },
  {
    cites: ['P15'],
    sentence: 'a declined directory is listed, and nothing outside it is missing',
    tree: () => ({ 'a/x': '1', 'a/deep/y': '2', 'ab/z': '3', 'b/w': '4', 'b/a/v': '5', c: '6' }),
    run: async ({ storage, shape }) => {
      const asked: string[] = []
      const entries = await listAll(storage, '', {
        descend: directory => {
          asked.push(directory)
          return directory !== 'a'
        },
      })
      const outside = keysOf(entries, shape).filter(key => !key.startsWith('a/') || key === 'a/')
      const files = ['ab/z', 'b/a/v', 'b/w', 'c']
      mustEqual(
        'P15',
        'what is listed outside the declined "a"',
        outside,
        shape.capabilities.directories === true ? ['a/', 'ab/', 'ab/z', 'b/', 'b/a/', 'b/a/v', 'b/w', 'c'] : files,
      )
      must('P15', !asked.includes(''), 'descend was asked about the directory that is listed')
      for (const path of asked)
        must('P15', ['a', 'a/deep', 'ab', 'b', 'b/a'].includes(path), `descend was asked about ${show(path)}, which is no directory`)
    },
  },
  {
    cites: ['P16'],
    sentence: 'rejects if nothing is there, or no directory',
    tree: () => ({ file: '1', 'd/x': '2' }),
    run: async ({ storage }) => {
      await mustReject('P16', 'list of a missing directory', () => listAll(storage, 'missing'), ['NOT_FOUND'], 'missing')
      await mustReject('P16', 'list below a missing directory', () => listAll(storage, 'missing/deeper'), ['NOT_FOUND'], 'missing/deeper')
      await mustReject('P16', 'list of a file', () => listAll(storage, 'file'), ['NOT_FOUND', 'NOT_A_DIRECTORY'], 'file')
      await mustReject('P16', 'flat list of a file', () => listAll(storage, 'd/x', { recursive: false }), ['NOT_FOUND', 'NOT_A_DIRECTORY'], 'd/x')
    },
  },
  {
    cites: ['P17'],
    sentence: 'list and stat say the same',
    tree: () => ({ a: 'content', empty: '', 'd/b': 'more content' }),
    run: async ({ storage }) => {
      for (const entry of await listAll(storage)) {
        const stat = await storage.stat(entry.path)
        if (stat === undefined && entry.kind === 'directory') continue
        must('P17', stat !== undefined, `${show(entry.path)} is listed, and stat says that nothing is there`)
        mustAgree('list', entry, 'stat', stat)
      }
      mustEqual('P17', 'the listing', await leafPaths(storage), ['a', 'd/b', 'empty'])
    },
  },
  {
    cites: ['P19'],
    sentence: 'stat resolves to undefined if nothing is there',
    tree: () => ({ file: 'x', 'd/e': 'y' }),
    run: async ({ storage }) => {
      for (const path of ['missing', 'missing/deeper', 'file/below', 'd/missing', 'fil', 'd/e/f']) {
        mustEqual('P19', `stat of ${show(path)}`, await storage.stat(path), undefined)
      }
    },
  },
  {
    cites: ['P20'],
    sentence: 'stat of the root is a directory',
    promised: ['directories'],
    run: async ({ storage }) => {
      const root = await storage.stat('')
      mustEqual('P20', 'stat of the root', [root?.kind, root?.path], ['directory', ''])
    },
  },
]

/** Compares what both entries say; an optional field may be missing in one, where it is dear to get. */
export function mustAgree(aName: string, a: Entry, bName: string, b: Entry): void {
  const left = a as unknown as Readonly<Record<string, unknown>>
  const right = b as unknown as Readonly<Record<string, unknown>>
  for (const field of ['kind', 'path', 'size', 'etag', 'id', 'modified', 'mode', 'target']) {
    const isRequired = field === 'kind' || field === 'path' || field === 'size'
    if (!isRequired && (left[field] === undefined || right[field] === undefined)) continue
    if (field === 'modified' && sameTime(a, b)) continue
    must(
      'P17',
      left[field] === right[field],
      () => `${field} of ${show(a.path)} is ${show(left[field])} by ${aName} and ${show(right[field])} by ${bName}`,
    )
  }
}

/** Whether two entries show the same time, as finely as the coarser of them shows it. */
function sameTime(a: Entry, b: Entry): boolean {
  const precision = Math.max(a.modifiedPrecision ?? 0, b.modifiedPrecision ?? 0)
  return Math.abs((a.modified as number) - (b.modified as number)) < precision
}
