import { describe, expect, test } from 'vitest'
import { toAncestor, type Ancestor } from './ancestor.ts'
import type { ConflictInfo } from './engine-types.ts'
import { mergeJoin } from './merge-join.ts'
import { compareEntries, compareKeys } from './path.ts'
import type { SyncableEntry } from './plan.ts'
import type { Decisions, PlannerOptions } from './decisions.ts'
import { Planner } from './planner.ts'
import type { Entry, Path } from './protocol.ts'
import type { ScannedEntry } from './scan.ts'

/** Text is a file's content, `/` a directory, `-> x` a link, `?` a problem, `?/` a directory that could not be read, `#` and `#/` what a rule hides. */
type Words = Readonly<Record<Path, string>>

const time = 1_700_000_000_000

function toEntry(path: Path, word: string): ScannedEntry {
  if (word === '/') return { kind: 'directory', path }
  if (word.startsWith('-> ')) return { kind: 'symlink', path, target: word.slice(3), modified: time }
  if (word === '?' || word === '?/') return { kind: 'problem', path, reason: 'cannot be read', ...(word === '?/' && { directory: true }) }
  if (word === '#' || word === '#/') return { kind: 'hidden', path, directory: word === '#/' }
  const [content, age] = word.split('@') as [string, string?]
  return { kind: 'file', path, size: content.length, etag: `"${word}"`, modified: time + Number(age ?? 0), hashes: { sha256: content } }
}

/** As a scan lists it, parents first. */
function listed(words: Words): ScannedEntry[] {
  const all = new Map(Object.entries(words).map(([path, word]) => [path, toEntry(path, word)]))
  for (const path of Object.keys(words)) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      if (!all.has(path.slice(0, at))) all.set(path.slice(0, at), { kind: 'directory', path: path.slice(0, at) })
  }
  return [...all.values()].sort((a, b) => compareEntries(a as Entry, b as Entry))
}

const remembered = (words: Words): Ancestor[] => listed(words).map(entry => toAncestor(entry as SyncableEntry))

interface Views {
  readonly ancestor?: Words
  /** Default: as `ancestor`. */
  readonly source?: Words
  readonly destination?: Words
}

function decide(views: Views, options: Partial<PlannerOptions> = {}): Promise<Decisions> {
  const { ancestor = {}, source = ancestor, destination = ancestor } = views
  return decideEntries(listed(source), listed(destination), remembered(ancestor), options)
}

async function decideEntries(
  source: readonly ScannedEntry[],
  destination: readonly ScannedEntry[],
  ancestors: readonly Ancestor[],
  options: Partial<PlannerOptions> = {},
): Promise<Decisions> {
  const side = { name: 'memory:', directories: true, setsModified: true, setsMode: true }
  const planner = new Planner(
    {
      mode: 'two-way',
      comparison: 'hash-then-mtime',
      toleranceMs: 2000,
      policy: 'newest-wins',
      initialSync: 'merge',
      firstContact: false,
      acceptDestinationChanges: false,
      forceUpload: false,
      forceDownload: false,
      trash: true,
      now: time,
      source: side,
      destination: side,
      hash: 'sha256',
      filter: { hides: () => false, skips: () => false },
      ...options,
    },
    { fingerprint: async (_side, entry, name) => (entry.hashes?.[name] === undefined ? undefined : `${name}:${entry.hashes[name]}`) },
  )
  const pages = async function* <T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
    for (const item of items) yield [item]
  }
  const listings = [pages<ScannedEntry | Ancestor>(source), pages(destination), pages(ancestors), pages(ancestors)]
  for await (const page of mergeJoin(listings)) await planner.add(page)
  return planner.finish()
}

/** Items in words, by path; problems and what leaves the state after them. */
async function wordsOf(views: Views, options: Partial<PlannerOptions> = {}): Promise<string[]> {
  const { items, problems, settled } = await decide(views, options)
  const sorted = [...items].sort((a, b) => compareKeys(a.path, false, b.path, false))
  return [
    ...sorted.map(item => `${item.action}${item.phase === 'clear' ? ' (clear)' : ''} ${item.from === null ? '' : `${item.from} -> `}${item.path}`),
    ...problems.map(problem => `problem ${problem.path}`),
    ...settled.filter(change => change.source === undefined && change.destination === undefined).map(change => `forget ${change.path}`),
  ]
}

describe('Planner: metadata', () => {
  const sites = (change: Partial<Entry>): Promise<Decisions> =>
    decideEntries([{ ...toEntry('f', 'text'), ...change } as Entry], [toEntry('f', 'text') as Entry], remembered({ f: 'text' }))

  test('a time or permissions that changed under the same etag are carried over', async () => {
    expect((await sites({ modified: time + 5000 })).items.map(item => [item.action, item.metadata, item.reason])).toEqual([
      ['UPLOAD_UPDATE', true, 'time changed at the source, same content'],
    ])
    expect((await sites({ modified: time + 0.0001 })).items).toEqual([])
    expect((await sites({})).items).toEqual([])
  })
})

describe('Planner: times as evidence', () => {
  test.each(['mtime-only', 'size-and-mtime'] as const)('an edit within the tolerance of the last one is an edit under %s', async comparison => {
    const { items } = await decide({ ancestor: { f: 'old@0' }, source: { f: 'new@1000' } }, { comparison })
    expect(items.map(item => [item.action, item.metadata])).toEqual([['UPLOAD_UPDATE', undefined]])
    expect(await wordsOf({ ancestor: { f: 'old@0' }, source: { f: 'new@1000' }, destination: { f: 'new@900' } }, { comparison })).toEqual([])
  })
})

describe('Planner: directories', () => {
  test('a directory that its content makes on a store without directories enters the state with it', async () => {
    const side = { name: 'memory:', directories: false, setsModified: true, setsMode: true }
    const { items, settled } = await decide({ source: { 'd/e/x': 'x', empty: '/' }, destination: {} }, { destination: side })
    expect(items.map(item => item.path)).toEqual(['d/e/x'])
    expect(settled.map(change => change.path).sort()).toEqual(['d', 'd/e'])
  })

  test('a deleted directory goes with everything in it', async () => {
    expect(await wordsOf({ ancestor: { 'd/a': 'a', 'd/e': '/', k: 'k' }, source: { k: 'k' } })).toEqual([
      'DELETE_DESTINATION d',
      'DELETE_DESTINATION d/a',
      'DELETE_DESTINATION d/e',
    ])
  })

  test('a deleted directory comes back for an edit in its depth, and the rest of it goes', async () => {
    expect(
      await wordsOf({
        ancestor: { 'd/e/f/a': 'a', 'd/e/b': 'b', 'd/x': 'x' },
        source: {},
        destination: { 'd/e/f/a': 'edited', 'd/e/b': 'b', 'd/x': 'x' },
      }),
    ).toEqual([
      'DOWNLOAD_RESTORE d',
      'DOWNLOAD_RESTORE d/e',
      'DELETE_DESTINATION d/e/b',
      'DOWNLOAD_RESTORE d/e/f',
      'DOWNLOAD_RESTORE d/e/f/a',
      'DELETE_DESTINATION d/x',
    ])
  })

  test('a deleted directory stays where it holds something that cannot be read or is ignored, and does not come back for it', async () => {
    const ancestor = { 'd/a': 'a', 'e/a': 'a' }
    expect(await wordsOf({ ancestor, source: {}, destination: { ...ancestor, 'd/socket': '?', 'e/x.log': '#' } })).toEqual([
      'DELETE_DESTINATION d/a',
      'DELETE_DESTINATION e/a',
      'problem d/socket',
    ])
  })

  test('nothing at or below a directory that cannot be read is touched, on either side', async () => {
    expect(await wordsOf({ ancestor: { 'd/a': 'a', 'd/e/b': 'b' }, source: { d: '?/' }, destination: { 'd/a': 'edited', 'd/e/new': 'n' } })).toEqual([
      'problem d',
    ])
  })

  test('a directory that a backup keeps alone comes back when its destination has something new in it', async () => {
    const options = { mode: 'source-backup', acceptDestinationChanges: true } as const
    expect(await wordsOf({ ancestor: { d: 'was a file' }, source: {}, destination: { 'd/x': 'x' } }, options)).toEqual([
      'DOWNLOAD_RESTORE d',
      'DOWNLOAD_NEW d/x',
    ])
    expect(await wordsOf({ ancestor: { 'd/x': 'x' }, source: {} }, options)).toEqual([])
  })
})

describe('Planner: a leaf against a directory', () => {
  const ancestor = { 'd/x': 'x', 'd/e/y': 'y' }

  test('a leaf replaces a directory in which nothing has changed', async () => {
    expect(await wordsOf({ ancestor, source: { d: 'leaf' } })).toEqual([
      'DELETE_DESTINATION (clear) d',
      'UPLOAD_UPDATE d',
      'DELETE_DESTINATION (clear) d/e',
      'DELETE_DESTINATION (clear) d/e/y',
      'DELETE_DESTINATION (clear) d/x',
    ])
  })

  test.each([
    ['an edit', { ...ancestor, 'd/e/y': 'edited' }],
    ['something new', { ...ancestor, 'd/new': 'n' }],
    ['a new empty directory', { ...ancestor, 'd/new': '/' }],
    ['something that cannot be read', { ...ancestor, 'd/new': '?' }],
    ['something ignored', { ...ancestor, 'd/new': '#' }],
  ])('a leaf does not replace a directory that holds %s', async (_, destination) => {
    expect((await wordsOf({ ancestor, source: { d: 'leaf' }, destination })).filter(word => !word.startsWith('problem'))).toEqual(['CONFLICT d'])
  })

  test('not even a policy gives up what cannot be read or is ignored', async () => {
    for (const word of ['?', '#']) {
      const words = await wordsOf({ ancestor, source: { d: 'leaf' }, destination: { ...ancestor, 'd/new': word } }, { policy: 'source-wins' })
      expect(words.filter(each => !each.startsWith('problem'))).toEqual(['CONFLICT d'])
    }
  })

  test('keep-both gives the leaf a name of its own, and the directory goes across with what was deleted below it meanwhile', async () => {
    const trees = { ancestor, source: { d: 'leaf' }, destination: { 'd/new': 'n', 'd/x': 'edited' } }
    const copy = 'd (conflict source 2023-11-14 22.13.20)'
    const words = [
      'DOWNLOAD_UPDATE d',
      `RENAME_SOURCE d -> ${copy}`,
      `UPLOAD_NEW ${copy}`,
      'DOWNLOAD_NEW d/new',
      'DOWNLOAD_RESTORE d/x',
      'forget d/e',
      'forget d/e/y',
    ]
    expect((await wordsOf(trees, { policy: 'keep-both' })).sort()).toEqual(words.sort())
    expect((await wordsOf(trees, { policy: 'manual', handler: () => 'both' })).sort()).toEqual(words.sort())
  })

  test('a leaf between a file and the directory of one name in key order does not part them', async () => {
    expect(await wordsOf({ ancestor: { a: 'file', 'a-b': 'b' }, source: { 'a/x': 'x', 'a-b': 'b' } })).toEqual([
      'DELETE_DESTINATION (clear) a',
      'UPLOAD_UPDATE a',
      'UPLOAD_NEW a/x',
    ])
  })

  test('a directory that wins brings back what was deleted below it meanwhile', async () => {
    expect(await wordsOf({ ancestor, source: { ...ancestor, 'd/x': 'edited' }, destination: { d: 'leaf' } }, { policy: 'source-wins' })).toEqual([
      'DELETE_DESTINATION (clear) d',
      'UPLOAD_UPDATE d',
      'UPLOAD_RESTORE d/e',
      'UPLOAD_RESTORE d/e/y',
      'UPLOAD_RESTORE d/x',
    ])
  })

  test('a leaf that was only rewritten with what it held gives way to a directory', async () => {
    const rewritten = { ...toEntry('d', 'leaf'), etag: '"rewritten"' } as Entry
    const { items } = await decideEntries(listed({ 'd/x': 'x' }), [rewritten], remembered({ d: 'leaf' }))
    expect(items.map(item => `${item.action} ${item.path}`)).toEqual(['DELETE_DESTINATION d', 'UPLOAD_UPDATE d', 'UPLOAD_NEW d/x'])
  })

  test('a backup puts no leaf in the place of a directory, as it would have to delete', async () => {
    expect(await wordsOf({ source: { d: 'leaf' }, destination: { 'd/x': 'x' } }, { mode: 'source-backup' })).toEqual(['CONFLICT d'])
  })
})

describe('Planner: rules and skips', () => {
  test('what a new rule hides leaves the state, and its directory stays', async () => {
    const filter = { hides: (path: Path) => path === 'd/x.log', skips: () => false }
    expect(await wordsOf({ ancestor: { 'd/x.log': 'x' }, source: { 'd/x.log': '#' }, destination: { 'd/x.log': '#' } }, { filter })).toEqual([
      'forget d/x.log',
    ])
    expect(await wordsOf({ ancestor: { 'd/x.log': 'x' }, source: {}, destination: {} }, { filter })).toEqual(['forget d', 'forget d/x.log'])
  })

  test('a path that is only skipped this time stays in the state', async () => {
    const filter = { hides: () => true, skips: () => true }
    expect(await wordsOf({ ancestor: { x: 'x' }, source: { x: '#' }, destination: { x: '#' } }, { filter })).toEqual([])
  })
})

describe('Planner: conflicts', () => {
  const both = { ancestor: { f: 'old' }, source: { f: 'ours!@5000' }, destination: { f: 'their@0' } }

  test('an edit with an older time is an edit: only its own past counts', async () => {
    expect(await wordsOf({ ancestor: { f: 'old@0' }, source: { f: 'new@-99999' }, destination: { f: 'old@0' } })).toEqual(['UPLOAD_UPDATE f'])
  })

  test('the newest wins by more than the tolerance, and its loser goes to the trash', async () => {
    const { items } = await decide(both)
    expect(items.map(item => [item.action, item.trash, item.resolved])).toEqual([['UPLOAD_UPDATE', true, { by: 'newest-wins', winner: 'source' }]])
    expect(await wordsOf({ ...both, source: { f: 'ours!@2000' } })).toEqual(['CONFLICT f'])
  })

  test.each(['size-only', 'hash-only'] as const)('%s does not trust times, so the newest is not known', async comparison => {
    expect(await wordsOf({ ...both, source: { f: 'longer!@5000' } }, { comparison })).toEqual(['CONFLICT f'])
  })

  test('the handler is told both sides, and its choice is carried out', async () => {
    const asked: ConflictInfo[] = []
    const handler = (conflict: ConflictInfo): 'destination' => {
      asked.push(conflict)
      return 'destination'
    }
    expect(await wordsOf(both, { policy: 'manual', handler })).toEqual(['DOWNLOAD_UPDATE f'])
    expect(asked.map(({ path, sourceMtime, destMtime }) => [path, sourceMtime, destMtime])).toEqual([['f', time + 5000, time]])
    expect(await wordsOf(both, { policy: 'manual', handler: () => 'skip' })).toEqual(['CONFLICT f'])
  })

  test('keep-both gives the loser a name of its own on both sides', async () => {
    expect(await wordsOf(both, { policy: 'keep-both' })).toEqual([
      'UPLOAD_UPDATE f',
      'RENAME_DESTINATION f -> f (conflict destination 2023-11-14 22.13.20)',
      'DOWNLOAD_NEW f (conflict destination 2023-11-14 22.13.20)',
    ])
  })
})
