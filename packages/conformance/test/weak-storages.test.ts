import { type MemoryCapabilities, type Path, type SyncOptions, toBytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { contentOf, directory, file, flatten, link, put, removeAll, treeOf, World, wordsOf } from './kit.ts'

// A storage may promise less: every pair of a weak one with a full one, and of two of a kind, has to reach rest.

const kinds: Readonly<Record<string, MemoryCapabilities>> = {
  full: {},
  'without order': { ordered: false },
  'without directories': { directories: false },
  'without times': { modifiedPrecision: false },
  'with times of 2 s': { modifiedPrecision: 2000 },
  'without hashes': { hashes: [] },
  'with another hash': { hashes: ['sha1'] },
  'without conditions': { conditional: false },
  'without atomic writes': { atomicWrite: false },
  'without exact names': { exactNames: false },
  'with nothing': {
    ordered: false,
    directories: false,
    modifiedPrecision: false,
    hashes: [],
    conditional: false,
    atomicWrite: false,
    exactNames: false,
  },
}

const tree = directory({
  a: file('content a', 1_700_000_000_123),
  'a-b': file('content a-b', 1_700_000_001_999),
  d: directory({ x: file('x', 1_700_000_500_500), e: directory({ y: file('why') }), l: link('x') }),
  moved: directory({ one: file('the one'), two: file('the other') }),
  zero: file(''),
})

const pairs = Object.keys(kinds).flatMap(kind => [
  ['full', kind],
  [kind, 'full'],
  [kind, kind],
])

const options: SyncOptions = { conflictResolution: 'source-wins', maxDelete: Infinity }

async function expectRest(world: World, what: string): Promise<void> {
  world.takeCalls()
  const again = await world.sync(options)
  expect(wordsOf(again.plan), what).toEqual([])
  expect(again.plan.settled, what).toEqual([])
  expect(world.takeCalls(), what).toEqual({ source: [], destination: [] })
}

/** Directories that hold nothing cannot be where there are none. */
function withoutDirectories(words: Readonly<Record<Path, string>>): Record<Path, string> {
  return Object.fromEntries(Object.entries(words).filter(([, word]) => word !== '/'))
}

async function expectSame(world: World): Promise<void> {
  const [ours, theirs] = [await contentOf(world.source), await contentOf(world.destination)]
  expect(withoutDirectories(theirs.tree)).toEqual(withoutDirectories(ours.tree))
  expect([...ours.strange, ...theirs.strange]).toEqual([])
}

describe.each(pairs)('two-way, a storage that is %s and one that is %s', (source, destination) => {
  const make = (): World => new World({ source: kinds[source] as MemoryCapabilities, destination: kinds[destination] as MemoryCapabilities })

  test('become the same and rest, through edits, deletions, renames and changes of kind on both sides', async () => {
    const world = make()
    for (const [name, node] of tree.children) await put(world.source, name, node)
    const first = await world.sync(options)
    expect([first.failures, first.stale, first.exitCode]).toEqual([[], [], 0])
    await expectSame(world)
    expect(withoutDirectories((await contentOf(world.destination)).tree)).toEqual(withoutDirectories(flatten(tree)))
    await expectRest(world, 'after the first sync')

    await world.source.write('a', toBytes('content b'))
    await world.destination.write('d/x', toBytes('edited there'))
    await world.destination.write('new/file', toBytes('new'))
    await world.source.remove('a-b')
    await removeAll(world.destination, 'd/e')
    await world.source.move('moved', 'gone/elsewhere')
    await world.source.remove('zero')
    await world.source.write('zero/is/a-directory', toBytes('now'))
    const second = await world.sync(options)
    expect([second.failures, second.stale, second.exitCode]).toEqual([[], [], 0])
    await expectSame(world)
    expect(withoutDirectories((await contentOf(world.source)).tree)).toEqual({
      a: 'content b',
      'd/l': '-> x',
      'd/x': 'edited there',
      'gone/elsewhere/one': 'the one',
      'gone/elsewhere/two': 'the other',
      'new/file': 'new',
      'zero/is/a-directory': 'now',
    })
    await expectRest(world, 'after the second sync')

    await removeAll(world.source, 'zero')
    await world.source.write('zero', toBytes('a file again'))
    await world.source.write('a', toBytes('both, ours'))
    await world.destination.write('a', toBytes('both, theirs'))
    const third = await world.sync(options)
    expect([third.failures, third.stale, third.exitCode]).toEqual([[], [], 0])
    await expectSame(world)
    expect((await contentOf(world.destination)).tree['a']).toBe('both, ours')
    expect((await contentOf(world.destination)).trash).toContain('a: both, theirs')
    await expectRest(world, 'after the third sync')
  })
})

describe('a destination that takes names of other case for the same', () => {
  const folding = (): World => new World({ destination: { exactNames: false } })

  test('is not given two names that differ only in case or Unicode form, and nothing is changed', async () => {
    for (const names of [
      ['Read', 'read'],
      ['é', 'e\u0301'],
      ['D/x', 'd/x'],
    ]) {
      const world = folding()
      for (const name of names) await world.source.write(name, toBytes(`content of ${name}`))
      const result = await world.sync()
      expect(result.exitCode).toBe(5)
      expect(result.refusals.map(refusal => refusal.guard)).toContain('collision')
      expect(flatten(await treeOf(world.destination))).toEqual({})
    }
  })

  test('follows a change of case as a rename', async () => {
    const world = folding()
    await world.source.write('read me', toBytes('text'))
    await world.sync()
    await world.source.move('read me', 'READ ME')
    const result = await world.sync(options)
    expect([wordsOf(result.plan), result.failures, result.stale]).toEqual([['RENAME_DESTINATION read me -> READ ME'], [], []])
    expect(flatten(await treeOf(world.destination))).toEqual({ 'READ ME': 'text' })
    await expectRest(world, 'after the rename')
  })

  test('a file that was replaced by one whose name differs in case is not lost', async () => {
    const world = folding()
    await world.source.write('name', toBytes('old'))
    await world.source.write('other', toBytes('other'))
    await world.sync()
    await world.source.remove('name')
    await world.source.write('NAME', toBytes('new content'))
    for (let i = 0; i < 3; i++) await world.sync(options)
    expect((await contentOf(world.source)).tree).toEqual({ NAME: 'new content', other: 'other' })
    expect(Object.values((await contentOf(world.destination)).tree).sort()).toEqual(['new content', 'other'])
  })
})
