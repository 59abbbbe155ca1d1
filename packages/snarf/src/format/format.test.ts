import { readFileSync } from 'node:fs'
import { collect, isStorageError, toBytes, type Bytes } from '@syncline/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareMemberPaths,
  encodeHeader,
  indexSnarf,
  readSnarf,
  windowsPathProblem,
  writeSnarf,
  type ReadSnarfOptions,
  type SnarfInput,
} from './index.ts'

const utf8 = new TextEncoder()
const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

const file = (path: string, content = ''): SnarfInput => ({ kind: 'file', path, size: utf8.encode(content).length, content: toBytes(content) })
const directory = (path: string): SnarfInput => ({ kind: 'directory', path })

/** In chunks of `size`, each in a buffer that is used again. */
async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(size)
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size)
    buffer.set(piece)
    yield buffer.subarray(0, piece.length)
  }
}

/** Everything an archive holds: text by path, null for directories. */
async function treeOf(archive: string | Uint8Array, options: ReadSnarfOptions = {}, chunk = 7): Promise<Record<string, string | null>> {
  const bytes = typeof archive === 'string' ? utf8.encode(archive) : archive
  const tree: Record<string, string | null> = {}
  for await (const { kind, path, content } of readSnarf(inChunks(bytes, chunk), options)) {
    // A copy, because a chunk is valid until the next one only.
    const chunks: Uint8Array[] = []
    for await (const piece of content) chunks.push(piece.slice())
    tree[path] = kind === 'directory' ? null : text(await collect(toIterable(chunks)))
  }
  return tree
}

async function* toIterable<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

const written = async (members: readonly SnarfInput[], layout: 'padded' | 'unpadded' = 'unpadded'): Promise<string> =>
  text(await collect(writeSnarf(members, { layout })))

async function failureOf(archive: string | Uint8Array, options?: ReadSnarfOptions): Promise<{ code: string; message: string }> {
  const error: unknown = await treeOf(archive, options).then(
    tree => expect.unreachable(`it was read: ${JSON.stringify(tree)}`),
    (thrown: unknown) => thrown,
  )
  if (!isStorageError(error)) throw error
  return { code: error.code, message: error.message }
}

const fixture = (name: string): Buffer => readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url))

describe('writeSnarf', () => {
  test('writes sizes as they are, and directories before what they hold', async () => {
    const tree = [directory(''), directory('d1'), file('d1/f1', 'd1f1data'), file('f1', 'f1data'), file('f1~', 'f1adata'), file('f2', 'f2data')]
    expect(await written(tree)).toBe('0 \n0 d1/\n8 d1/f1\nd1f1data6 f1\nf1data7 f1~\nf1adata6 f2\nf2data')
    expect(await written([directory(''), directory('d1'), directory('d1/d3'), directory('d2')])).toBe('0 \n0 d1/\n0 d1/d3/\n0 d2/\n')
  })

  test('pads sizes to eight digits and leaves directories out', async () => {
    expect(await written([directory(''), directory('test'), file('test/a', 'data of a')], 'padded')).toBe('00000009 test/a\ndata of a')
  })

  test('collects content whose size nobody knows', async () => {
    expect(await written([{ kind: 'file', path: 'foo', content: toBytes('12345') }], 'padded')).toBe('00000005 foo\n12345')
    const members: SnarfInput[] = [{ kind: 'file', path: 'foo', content: toBytes('12345') }]
    await expect(collect(writeSnarf(members, { collectBytes: 4 }))).rejects.toThrow('foo has no size and more than 4 bytes')
  })

  test('takes more digits where eight do not do, which every reader accepts', () => {
    expect(text(encodeHeader({ kind: 'file', path: 'x', size: 99_999_999 }, 'padded'))).toBe('99999999 x\n')
    expect(text(encodeHeader({ kind: 'file', path: 'x', size: 100_000_000 }, 'padded'))).toBe('100000000 x\n')
  })

  test.each([4, 6])('rejects content of %i bytes that was to have 5', async length => {
    const members: SnarfInput[] = [{ kind: 'file', path: 'foo', size: 5, content: toBytes('x'.repeat(length)) }]
    await expect(collect(writeSnarf(members))).rejects.toMatchObject({ code: 'CORRUPT', path: 'foo' })
  })

  test.each(['a\nb', '/a', 'a//b', 'a/', '../a', 'a/./b', 'a\0b', '\ud800', 'x'.repeat(4097), ''])('refuses the path %j', async path => {
    await expect(collect(writeSnarf([file(path)]))).rejects.toMatchObject({ code: 'INVALID_PATH' })
  })

  test('joins small members and passes big content on', async () => {
    const big = new Uint8Array(1_000_000).fill(7)
    const sizes: number[] = []
    const members = [
      ...Array.from({ length: 1000 }, (_, i) => file(`f${i}`, 'x'.repeat(100))),
      { kind: 'file', path: 'big', size: big.length, content: big } as const,
    ]
    for await (const chunk of writeSnarf(members)) sizes.push(chunk.length)
    expect(sizes).toHaveLength(2)
    expect(sizes[1]).toBe(1_000_000)
  })
})

describe('windowsPathProblem', () => {
  test.each(['a\\b', 'C:x', 'a/..\\..\\b', 'nul', 'a/COM1.txt', 'a.', 'b /c', 'a\tb', 'what?'])('finds fault with %j', path => {
    expect(windowsPathProblem(path)).toBeDefined()
  })

  test.each(['a/b.txt', 'console', '.hidden', 'comb'])('finds none with %j', path => expect(windowsPathProblem(path)).toBeUndefined())
})

describe('compareMemberPaths', () => {
  test('orders names of one directory by bytes, each directory right before what it holds', () => {
    const paths = ['f2', 'a-b', 'a/x', '\u{10000}', '\uE000', 'a', 'B', '@@Zope/E', '@@Zope', '_x', 'a b/c', 'a b']
    expect(paths.sort(compareMemberPaths)).toEqual(['@@Zope', '@@Zope/E', 'B', '_x', 'a', 'a/x', 'a b', 'a b/c', 'a-b', 'f2', '\uE000', '\u{10000}'])
  })

  test('agrees with sorting each directory by the bytes of its names', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', ' ', '\uE000', '\u{10000}', '!'), minLength: 1, maxLength: 3 })
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(names => names.join('/'))
    fc.assert(
      fc.property(path, path, (a, b) => {
        const [x, y] = [a.split('/'), b.split('/')]
        const at = x.findIndex((segment, i) => segment !== y[i])
        const expected =
          at === -1 ? x.length - y.length : at >= y.length ? 1 : Buffer.compare(Buffer.from(x[at] as string), Buffer.from(y[at] as string))
        expect(Math.sign(compareMemberPaths(a, b))).toBe(Math.sign(expected))
      }),
    )
  })
})

interface Scenario {
  readonly given: string
  readonly title: string
  readonly expect: string | { readonly bytes: string }
}

describe('readSnarf', () => {
  const scenarios = JSON.parse(fixture('snarf-scenarios.json').toString()) as readonly Scenario[]
  const reading = scenarios.flatMap(({ given, title, expect: expected }) => {
    const archive = /^unsnarf\((".*")\)$/.exec(given)?.[1]
    return archive === undefined || typeof expected !== 'string' ? [] : [{ title, archive: JSON.parse(archive) as string, expected }]
  })

  test.each(reading)('as the original: $title', async ({ archive, expected }) => {
    if (!expected.startsWith('tree ')) {
      expect((await failureOf(archive)).code).toMatch(/^(CORRUPT|INVALID_PATH)$/)
      return
    }
    expect(await treeOf(archive)).toEqual({
      ...(archive.startsWith('0 \n') && { '': null }),
      ...withoutSlashes(JSON.parse(expected.slice(5)) as object),
    })
  })

  test.each(['readme-1.snarf', 'readme-2.snarf', 'readme-3.snarf'])('reads and writes %s byte for byte', async name => {
    const archive = fixture(name)
    const members: SnarfInput[] = []
    // Of the second one there are two checkouts: the original appends.
    for await (const { path, content } of readSnarf(toBytes(archive), { duplicates: 'last' }))
      members.push({ kind: 'file', path, content: (await collect(content)).slice() })
    expect(members.length).toBeGreaterThan(2)
    expect(Buffer.from(await collect(writeSnarf(members, { layout: 'padded' }))).equals(archive)).toBe(true)
  })

  test('takes an empty archive, an empty file, directories, spaces, and a byte order mark', async () => {
    expect(await treeOf('')).toEqual({})
    expect(await treeOf('0 \n0 d/\n0 d/e\n3  foo\nabc2 \uFEFFx\nok')).toEqual({ '': null, d: null, 'd/e': '', ' foo': 'abc', '\uFEFFx': 'ok' })
  })

  test.each([
    ['no size', ' foo\nabc', 'CORRUPT', 'the size "" is no number'],
    ['a negative size', '-7 foo\n', 'CORRUPT', 'the size "-7" is negative'],
    ['a sign', '+3 foo\nabc', 'CORRUPT', 'the size "+3" is no number'],
    ['another base', '0x3 foo\nabc', 'CORRUPT', 'the size "0x3" is no number'],
    ['a huge size', '99999999999999999999 foo\n', 'CORRUPT', 'larger than any file'],
    ['no space', '5foo\n', 'CORRUPT', 'has no space between size and path'],
    ['a header that is cut off', '5 foo', 'CORRUPT', 'ends within the header "5 foo"'],
    ['a body that is cut off', '3 a\nabc5 foo\nab', 'CORRUPT', 'ends within foo: 2 of 5 bytes are there'],
    ['bytes that are not UTF-8', new Uint8Array([0x30, 0x20, 0xff, 0x0a]), 'CORRUPT', 'not UTF-8'],
    ['a NUL', '0 a\0b\n', 'INVALID_PATH', 'NUL'],
    ['an absolute path', '1 /etc/passwd\nx', 'INVALID_PATH', 'starts with "/"'],
    ['the absolute root', '0 /\n', 'INVALID_PATH', 'starts with "/"'],
    ['a way up', '1 ../x\nx', 'INVALID_PATH', '".." segment'],
    ['a way up within', '1 a/../../x\nx', 'INVALID_PATH', '".." segment'],
    ['a dot', '1 ./x\nx', 'INVALID_PATH', '"." segment'],
    ['content for a directory', '1 a/\nx', 'INVALID_PATH', 'ends in "/"'],
    ['content for the root', '1 \nx', 'INVALID_PATH', 'it is empty'],
    ['a file twice', '1 a\nx1 a\ny', 'CORRUPT', 'a is in the archive twice'],
    ['a file below a file', '1 a\nx1 a/b\ny', 'CORRUPT', 'a is a file and a directory'],
    ['a file where a directory is', '1 a/b\nx1 a\ny', 'CORRUPT', 'a is a file and a directory'],
    ['a directory where a file is', '1 a\nx0 a/\n', 'CORRUPT', 'a is a file and a directory'],
    ['what is no archive', 'x'.repeat(10_000), 'CORRUPT', 'is it a snarf archive?'],
  ])('refuses %s', async (_what, archive, code, message) => {
    const failure = await failureOf(archive)
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(message)
  })

  test('gives the later of two files where that is asked for', async () => {
    expect(await treeOf('1 a\nx1 a\ny', { duplicates: 'last' })).toEqual({ a: 'y' })
  })

  test('accepts a directory again', async () => {
    expect(await treeOf('0 d/\n1 d/a\nx0 d/\n')).toEqual({ d: null, 'd/a': 'x' })
  })

  test('stops at its limits', async () => {
    expect((await failureOf('1 a\nx1 b\ny', { limits: { bytes: 1 } })).message).toContain('more than 1 bytes of content')
    expect((await failureOf('1 a/b/c\nx', { limits: { entries: 2 } })).message).toContain('more than 2 files and directories')
    expect((await failureOf('0 \n'.repeat(50), { limits: { entries: 10 } })).message).toContain('more than 20 records')
    expect((await failureOf('0 abcdef\n', { limits: { pathBytes: 5 } })).message).toContain('longer than 5 bytes')
    expect(await treeOf('0 abcde\n', { limits: { pathBytes: 5 } })).toEqual({ abcde: '' })
  })

  test('reads no more of what has no end than a header may have', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1000
        yield new Uint8Array(1000).fill(0x31)
      }
    }
    await expect(collect(readSnarf(endless()) as never)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(given).toBeLessThan(10_000)
  })

  test('skips bodies that nobody reads, wholly or in part, and gives the source back', async () => {
    let closed = 0
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* inChunks(utf8.encode('5 a\n123455 b\n67890'), 4)
      } finally {
        closed++
      }
    }
    const seen: string[] = []
    for await (const { path, content } of readSnarf(source())) {
      seen.push(path)
      for await (const chunk of content) {
        seen.push(text(chunk))
        break
      }
    }
    expect(seen).toEqual(['a', '1234', 'b', '678'])
    for await (const { path } of readSnarf(source())) if (path === 'a') break
    expect(closed).toBe(2)
  })

  test('an abort ends it, even while it waits', async () => {
    const controller = new AbortController()
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield utf8.encode('5 a\n12')
      setTimeout(() => controller.abort(new Error('enough')))
      await new Promise(() => undefined)
    }
    const read = async (): Promise<void> => {
      for await (const { content } of readSnarf(stuck(), { signal: controller.signal })) await collect(content)
    }
    await expect(read()).rejects.toThrow('enough')
  })
})

function withoutSlashes(tree: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tree).map(([path, content]) => [path.replace(/\/$/, ''), content]))
}

describe('indexSnarf', () => {
  const range =
    (bytes: Uint8Array, opened: number[] = []) =>
    (offset: number): Bytes => {
      opened.push(offset)
      return inChunks(bytes.subarray(offset), 65_536)
    }

  test('tells where bodies are, jumping over large ones', async () => {
    const big = new Uint8Array(5_000_000).fill(1)
    const archive = await collect(writeSnarf([directory('d'), { kind: 'file', path: 'd/big', content: big, size: big.length }, file('d/c', 'after')]))
    const opened: number[] = []
    const members = []
    for await (const member of indexSnarf(range(archive, opened), archive.length)) members.push(member)
    expect(members.map(({ kind, path, size }) => [kind, path, size])).toEqual([
      ['directory', 'd', 0],
      ['file', 'd/big', 5_000_000],
      ['file', 'd/c', 5],
    ])
    const last = members[2]
    expect(text(archive.subarray(last?.offset, (last?.offset ?? 0) + 5))).toBe('after')
    expect(opened).toEqual([0, archive.length - '5 d/c\nafter'.length])
  })

  test('notices a body that ends early, also one that it would jump over', async () => {
    for (const size of [5, 5_000_000]) {
      const archive = utf8.encode(`${size} a\nxyz`)
      await expect(collect(indexSnarf(range(archive), archive.length) as never)).rejects.toThrow(`the snarf archive ends within a: 3 of ${size}`)
    }
  })
})

describe('any archive', () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 8 })
    .filter(text => /^[^/\0\n\p{Surrogate}]+$/u.test(text) && !/^\.\.?$/.test(text))
  const tree = fc.dictionary(name, fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(undefined)), { maxKeys: 20, noNullPrototype: true })

  test('comes back as it was written, in any chunks, and its index agrees', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 1, max: 400 }), async (content, chunk) => {
        const members: SnarfInput[] = Object.entries(content).map(([path, bytes]) =>
          bytes === undefined ? { kind: 'directory', path } : { kind: 'file', path, size: bytes.length, content: inChunks(bytes, 9) },
        )
        const archive = await collect(writeSnarf(members))
        const read: [string, Uint8Array | undefined][] = []
        for await (const { kind, path, content: body } of readSnarf(inChunks(archive, chunk))) {
          const pieces: Uint8Array[] = []
          for await (const piece of body) pieces.push(piece.slice())
          read.push([path, kind === 'directory' ? undefined : Buffer.concat(pieces)])
        }
        expect(read.map(([path, bytes]) => [path, bytes && [...bytes]])).toEqual(
          Object.entries(content).map(([path, bytes]) => [path, bytes && [...bytes]]),
        )
        for await (const { kind, path, offset, size } of indexSnarf(at => inChunks(archive.subarray(at), chunk), archive.length))
          if (kind === 'file') expect([...archive.subarray(offset, offset + size)]).toEqual([...(content[path] ?? [])])
      }),
    )
  })

  test('any bytes are read or refused, with every path inside the root, in bounded time and memory', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)),
      fc
        .constantFrom('0 ', '1 a\nx', '0 d/\n', '5 ', '../', '/', '\n', '-3 b\n', '00000002 d/e\nok', '999999999999 big\n', ' ', '\0', '..', '.')
        .map(s => Buffer.from(s)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 50 }), async (pieces, chunk) => {
        const archive = Buffer.concat(pieces)
        let given = 0
        try {
          for await (const { path, content } of readSnarf(inChunks(archive, chunk), { limits: { entries: 100 } })) {
            expect(path).not.toMatch(/^\/|(^|\/)\.\.?(\/|$)|\0|\n/)
            for await (const bytes of content) given += bytes.length
          }
        } catch (error) {
          if (!isStorageError(error)) throw error
        }
        expect(given).toBeLessThanOrEqual(archive.length)
      }),
      { numRuns: 1000 },
    )
  })
})
