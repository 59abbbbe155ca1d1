import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StorageError } from './errors.ts'
import { compareEntries, isBelow, joinPath, parentPath } from './path.ts'
import type { AbortOptions, Entry, ListOptions, Path } from './protocol.ts'
import { type ReadDirectory, walk } from './walk.ts'

/** A tree as a map from directory to names; a name that ends in "/" is a directory. */
type Tree = Readonly<Record<Path, readonly string[]>>

const file = (path: Path): Entry => ({ kind: 'file', path, size: 0 })

function children(tree: Tree, directory: Path): readonly Entry[] {
  const names = tree[directory]
  if (names === undefined) throw new StorageError('PERMISSION_DENIED', `cannot read ${directory}`, { path: directory })
  return names.map(name =>
    name.endsWith('/') ? { kind: 'directory', path: joinPath(directory, name.slice(0, -1)) } : file(joinPath(directory, name)),
  )
}

async function listed(list: ReturnType<typeof walk>, path = '', options?: ListOptions): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const page of list(path, options)) entries.push(...page)
  return entries
}

async function lines(list: ReturnType<typeof walk>, path = '', options?: ListOptions): Promise<readonly string[]> {
  return (await listed(list, path, options)).map(entry =>
    entry.kind === 'directory' ? `${entry.path}/` : entry.kind === 'problem' ? `!${entry.path}` : entry.path,
  )
}

const tree: Tree = { '': ['a.txt', 'a/', 'b', 'a-b/'], a: ['z', 'c/'], 'a/c': ['deep'], 'a-b': ['x'] }

describe('walk', () => {
  test.each<{ name: string; read: ReadDirectory }>([
    { name: 'arrays', read: directory => children(tree, directory) },
    { name: 'promises', read: async directory => children(tree, directory) },
    {
      name: 'entries one by one',
      read: async function* (directory) {
        yield* children(tree, directory)
      },
    },
    {
      name: 'pages',
      read: async function* (directory) {
        yield children(tree, directory)
      },
    },
  ])('lists recursively in key order from a reader that gives $name', async ({ read }) => {
    expect(await lines(walk(read, { concurrency: 3 }))).toEqual(['a-b/', 'a-b/x', 'a.txt', 'a/', 'a/c/', 'a/c/deep', 'a/z', 'b'])
  })

  test('lists below the directory it is asked for, with paths from the root', async () => {
    expect(
      await lines(
        walk(directory => children(tree, directory)),
        'a',
      ),
    ).toEqual(['a/c/', 'a/c/deep', 'a/z'])
  })

  test('reads one directory only when recursive is false', async () => {
    const read: Path[] = []
    const list = walk(async directory => {
      read.push(directory)
      return children(tree, directory)
    })
    expect(await lines(list, '', { recursive: false })).toEqual(['a-b/', 'a.txt', 'a/', 'b'])
    expect(read).toEqual([''])
  })

  test('lists a directory that descend declines, and does not read it', async () => {
    const read: Path[] = []
    const list = walk(async directory => {
      read.push(directory)
      return children(tree, directory)
    })
    expect(await lines(list, '', { descend: path => path !== 'a' })).toEqual(['a-b/', 'a-b/x', 'a.txt', 'a/', 'b'])
    expect(read).not.toContain('a')
  })

  test('a directory that cannot be read becomes a problem in its place, and the rest is listed', async () => {
    const list = walk(async directory => children({ '': ['a/', 'a-b/', 'a.txt', 'b'], 'a-b': ['x/', 'y'] }, directory), { concurrency: 2 })
    const entries = await listed(list)
    expect(entries.map(entry => `${entry.kind} ${entry.path}`)).toEqual([
      'problem a',
      'directory a-b',
      'problem a-b/x',
      'file a-b/y',
      'file a.txt',
      'file b',
    ])
    expect(entries[0]).toMatchObject({ reason: 'the directory could not be read: cannot read a', error: { code: 'PERMISSION_DENIED' } })
    expect([...entries].sort(compareEntries)).toEqual(entries)
  })

  test('rejects when the directory it is asked for cannot be read', async () => {
    await expect(listed(walk(async directory => children({}, directory)))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await expect(
      listed(
        walk(directory => children({}, directory)),
        'gone',
      ),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED', path: 'gone' })
  })

  test('rejects a bad path before it reads anything', async () => {
    const list = walk(() => {
      throw new Error('read')
    })
    await expect(listed(list, '../x')).rejects.toMatchObject({ code: 'INVALID_PATH' })
  })

  test('agrees with a sort of all entries on random trees, at any concurrency, whatever fails', async () => {
    const name = fc.stringMatching(/^[ab\-./ \uE000\u{10000}]{1,3}$/u).filter(text => !text.includes('/') && text !== '.' && text !== '..')
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(names => names.join('/'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(path, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
        async (paths, concurrency, dice) => {
          const entries = new Map<Path, Entry>()
          for (const leaf of paths) {
            if (!entries.has(leaf)) entries.set(leaf, file(leaf))
            for (let at = parentPath(leaf); at !== ''; at = parentPath(at)) entries.set(at, { kind: 'directory', path: at })
          }
          const failing = new Set(
            [...entries.values()].filter(entry => entry.kind === 'directory' && dice.next().value === 0).map(entry => entry.path),
          )
          const list = walk(
            async directory => {
              for (let turns = dice.next().value; turns > 0; turns--) await Promise.resolve()
              if (failing.has(directory)) throw new Error('no')
              return [...entries.values()].filter(entry => parentPath(entry.path) === directory)
            },
            { concurrency },
          )
          const expected = [...entries.values()]
            .filter(entry => ![...failing].some(directory => isBelow(entry.path, directory)))
            .map(entry => (failing.has(entry.path) ? ({ kind: 'problem', path: entry.path, reason: '' } as const) : entry))
            .sort(compareEntries)
          expect((await listed(list)).map(entry => `${entry.kind} ${entry.path}`)).toEqual(expected.map(entry => `${entry.kind} ${entry.path}`))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('reads ahead in parallel, never more directories at once than asked for', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `d${i}/`)
    let running = 0
    let most = 0
    const list = walk(
      async directory => {
        running++
        most = Math.max(most, running)
        for (let i = 0; i < 5; i++) await Promise.resolve()
        running--
        return directory === '' ? children({ '': names }, '') : [file(`${directory}/f`)]
      },
      { concurrency: 4 },
    )
    expect(await lines(list)).toHaveLength(40)
    expect(most).toBe(4)
  })

  test('stops reading ahead when enough entries wait', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `d${String(i).padStart(2, '0')}/`)
    let read = 0
    const list = walk(
      async directory => {
        read++
        return directory === ''
          ? children({ '': names }, '')
          : Array.from({ length: 10_000 }, (_, i) => file(`${directory}/${String(i).padStart(5, '0')}`))
      },
      { concurrency: 4 },
    )
    for await (const page of list('')) {
      expect(page.length).toBeGreaterThan(0)
      for (let i = 0; i < 100; i++) await Promise.resolve()
      break
    }
    expect(read).toBeLessThan(12)
  })

  test('an abort rejects with the reason, even if the reader never answers, and is no problem entry', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    let inner: AbortSignal | undefined
    const list = walk((directory, options: AbortOptions) => {
      inner = options.signal
      return directory === '' ? Promise.resolve(children({ '': ['d/'] }, '')) : new Promise(() => controller.abort(reason))
    })
    await expect(listed(list, '', { signal: controller.signal })).rejects.toBe(reason)
    expect(inner?.aborted).toBe(true)
    await expect(listed(list, '', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('an abort that makes the reader fail rejects with the reason', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    const list = walk(directory => {
      if (directory === '') return children({ '': ['d/'] }, '')
      controller.abort(reason)
      throw new Error('connection closed')
    })
    await expect(listed(list, '', { signal: controller.signal })).rejects.toBe(reason)
  })

  test('leaving the listing stops the reads under way', async () => {
    const signals: AbortSignal[] = []
    const list = walk(
      async (directory, { signal }) => {
        signals.push(signal as AbortSignal)
        if (directory === 'b') return await new Promise<never>(() => undefined)
        return directory === '' ? children({ '': ['a/', 'b/'] }, '') : Array.from({ length: 1000 }, (_, i) => file(`${directory}/${i}`))
      },
      { concurrency: 2 },
    )
    for await (const _ of list('')) break
    expect(signals).toHaveLength(3)
    expect(signals.every(signal => signal.aborted)).toBe(true)
  })

  test.each([
    { name: 'its own directory', entry: { kind: 'directory', path: 'd' } },
    { name: 'a name with a slash', entry: file('d/x/y') },
    { name: 'a path of another directory', entry: file('e/x') },
    { name: 'an empty name', entry: { kind: 'directory', path: 'd/' } },
  ] as const)('a directory that holds $name is a problem and not followed', async ({ entry }) => {
    expect(await lines(walk(directory => (directory === '' ? children({ '': ['d/', 'f'] }, '') : [entry])))).toEqual(['!d', 'f'])
  })

  test('directories named "." and ".." are problems and not followed', async () => {
    const list = walk(directory => [
      file(joinPath(directory, 'f')),
      ...['.', '..'].map(name => ({ kind: 'directory', path: joinPath(directory, name) }) as const),
    ])
    expect(await lines(list)).toEqual(['!.', '!..', 'f'])
  })

  test('a concurrency that is no positive integer is a TypeError', () => {
    expect(() => walk(() => [], { concurrency: 0 })).toThrow(TypeError)
  })
})
