import { describe, expect, test } from 'vitest'
import type { Ancestor } from '../ancestor.ts'
import { StorageError, isStorageError } from '../errors.ts'
import type { Side } from '../modes.ts'
import type { Bytes, Entry, Path, ReadOptions, ReadableStorage } from '../protocol.ts'
import { Filter } from './filter.ts'
import { IgnoreFileManager } from './ignore-file-manager.ts'
import { type ReadIgnoreFilesOptions, readIgnoreFiles } from './ignore-files.ts'

type Content = string | Uint8Array | Entry | Error

/** A tree of small files; an error instead of content is what reading gives. */
class SmallTree implements ReadableStorage {
  readonly name: string
  readonly capabilities = {}
  readonly reads: Path[] = []
  readonly #content: Readonly<Record<Path, Content>>

  constructor(name: string, content: Readonly<Record<Path, Content>>) {
    this.name = name
    this.#content = content
  }

  async *list(): AsyncGenerator<Entry> {
    for (const path of Object.keys(this.#content)) yield (await this.stat(path)) as Entry
  }

  async stat(path: Path): Promise<Entry | undefined> {
    const content = this.#content[path]
    if (content === undefined || content instanceof Error) return content && { kind: 'file', path, size: 1 }
    if (typeof content === 'object' && 'kind' in content) return content
    return { kind: 'file', path, size: bytesOf(content).length, modified: 1000, etag: `${this.name}:${String(content)}` }
  }

  async *read(path: Path, { length = Infinity, signal }: ReadOptions = {}): Bytes & AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted()
    this.reads.push(path)
    const content = this.#content[path]
    if (content instanceof Error) throw content
    yield bytesOf(content as string | Uint8Array).subarray(0, length)
  }
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content
}

/** Reads `.syncignore` files of two trees. */
function read(
  source: Readonly<Record<Path, Content>>,
  destination: Readonly<Record<Path, Content>>,
  known: readonly Path[] = [],
  options: ReadIgnoreFilesOptions = {},
) {
  return readIgnoreFiles(new SmallTree('S', source), new SmallTree('D', destination), ['.syncignore', ...known], options)
}

/** What a side had: the same file with this content. */
function ancestorsOf(texts: Partial<Record<Side, string>>): NonNullable<ReadIgnoreFilesOptions['ancestors']> {
  return (side, path) => {
    const text = texts[side]
    if (text === undefined) return undefined
    const ancestor: Ancestor = { path, kind: 'file', size: bytesOf(text).length, modified: 1000, etag: `${side === 'source' ? 'S' : 'D'}:${text}` }
    return ancestor
  }
}

describe('readIgnoreFiles', () => {
  test('no ignore file anywhere: nothing', async () => {
    expect(await read({}, {})).toEqual([])
  })

  test('reads the root’s file and the known ones, each once, in the order of their paths', async () => {
    const source = new SmallTree('S', { 'b/.syncignore': 'b', '.syncignore': 'root', 'unknown/.syncignore': 'x' })
    const files = await readIgnoreFiles(source, new SmallTree('D', { 'a/.syncignore': 'a' }), [
      'b/.syncignore',
      'a/.syncignore',
      'gone/.syncignore',
      '.syncignore',
    ])
    expect(files).toEqual([
      { path: '.syncignore', texts: ['root'] },
      { path: 'a/.syncignore', texts: ['a'] },
      { path: 'b/.syncignore', texts: ['b'] },
    ])
    expect(source.reads.toSorted()).toEqual(['.syncignore', 'b/.syncignore'])
  })

  test('more files than are read at once all arrive, in order', async () => {
    const paths = Array.from({ length: 50 }, (_, i) => `d${String(i).padStart(2, '0')}/.syncignore`)
    const files = await read(Object.fromEntries(paths.map(path => [path, path])), {}, paths.toReversed())
    expect(files).toEqual(paths.map(path => ({ path, texts: [path] })))
  })

  test('both have the same text: it counts', async () => {
    expect(await read({ '.syncignore': '*.log' }, { '.syncignore': '*.log' })).toEqual([{ path: '.syncignore', texts: ['*.log'] }])
  })

  test('a byte order mark makes no difference', async () => {
    expect(await read({ '.syncignore': '\uFEFF*.log' }, { '.syncignore': '*.log' })).toEqual([{ path: '.syncignore', texts: ['*.log'] }])
  })

  test('only one side has it: it counts', async () => {
    expect(await read({}, { '.syncignore': '*.log' })).toEqual([{ path: '.syncignore', texts: ['*.log'] }])
    expect(await read({ '.syncignore': '*.log' }, {}, [], { authority: 'destination' })).toEqual([{ path: '.syncignore', texts: ['*.log'] }])
  })

  test.each([
    { name: 'the source changed it', source: 'new', destination: 'old', ancestors: { source: 'old', destination: 'old' }, texts: ['new'] },
    { name: 'the destination changed it', source: 'old', destination: 'new', ancestors: { source: 'old', destination: 'old' }, texts: ['new'] },
    { name: 'both changed it', source: 'one', destination: 'two', ancestors: { source: 'old', destination: 'old' }, texts: ['one', 'two'] },
    { name: 'nothing is known of the past', source: 'one', destination: 'two', ancestors: {}, texts: ['one', 'two'] },
    {
      name: 'the last sync left them different',
      source: 'one',
      destination: 'two',
      ancestors: { source: 'one', destination: 'two' },
      texts: ['one', 'two'],
    },
    {
      name: 'it is new at the source and was known only at the destination',
      source: 'one',
      destination: 'two',
      ancestors: { destination: 'two' },
      texts: ['one'],
    },
  ])('the sides differ, $name: $texts', async ({ source, destination, ancestors, texts }) => {
    expect(await read({ '.syncignore': source }, { '.syncignore': destination }, [], { ancestors: ancestorsOf(ancestors) })).toEqual([
      { path: '.syncignore', texts },
    ])
  })

  test('a mode that goes one way takes the text that both sides will have', async () => {
    const ancestors = ancestorsOf({ source: 'old', destination: 'old' })
    expect(await read({ '.syncignore': 'old' }, { '.syncignore': 'new' }, [], { ancestors, authority: 'source' })).toEqual([
      { path: '.syncignore', texts: ['old'] },
    ])
  })

  test('both changed it differently: a path is ignored if either text ignores it, and kept only if both keep it', async () => {
    const filter = new Filter({}, await read({ '.syncignore': '*.log\n!keep.*\n' }, { '.syncignore': '*.tmp\n!keep.log\n' }))
    expect(['a.log', 'a.tmp', 'keep.log', 'keep.tmp', 'a.txt'].map(path => filter.hides(path, false))).toEqual([true, true, false, true, false])
  })

  test('a directory of that name has no rules', async () => {
    expect(await read({ '.syncignore': { kind: 'directory', path: '.syncignore' } }, {})).toEqual([])
  })

  test.each<{ name: string; content: Content; code: string; message: string }>([
    {
      name: 'cannot be read',
      content: new StorageError('PERMISSION_DENIED', 'no permission'),
      code: 'PERMISSION_DENIED',
      message: 'cannot be read: no permission. Make it readable',
    },
    { name: 'fails in an unknown way', content: new Error('boom'), code: 'UNKNOWN', message: 'cannot be read: boom' },
    { name: 'was listed and is gone', content: new StorageError('NOT_FOUND', 'gone'), code: 'NOT_FOUND', message: 'cannot be read: gone' },
    { name: 'is not UTF-8', content: Uint8Array.of(0x61, 0xff, 0xfe), code: 'CORRUPT', message: 'is not UTF-8 text; save it as UTF-8' },
    { name: 'is UTF-16', content: Uint8Array.of(0xff, 0xfe, 0x2a, 0x00), code: 'CORRUPT', message: 'is not UTF-8 text' },
    {
      name: 'is a symbolic link',
      content: { kind: 'symlink', path: 'sub/.syncignore', target: '../rules' },
      code: 'NOT_SUPPORTED',
      message: 'is a symbolic link',
    },
    {
      name: 'is a problem',
      content: { kind: 'problem', path: 'sub/.syncignore', reason: 'a socket' },
      code: 'UNKNOWN',
      message: 'cannot be read: a socket',
    },
    {
      name: 'has a line that is too long',
      content: 'x'.repeat(70_000),
      code: 'CORRUPT',
      message: 'cannot be used: the ignore pattern in line 1 is too long',
    },
    { name: 'is too large', content: 'x\n'.repeat(3 * 1024 * 1024), code: 'NOT_SUPPORTED', message: 'has more than 4194304 bytes' },
  ])('an ignore file that $name stops the run and is named', async ({ content, code, message }) => {
    const error = await read({}, { 'sub/.syncignore': content }, ['sub/.syncignore']).catch((error: unknown) => error)
    expect(isStorageError(error) && error.code).toBe(code)
    expect(String(error)).toContain(`the ignore file "sub/.syncignore" of D ${message}`)
    expect(error).toMatchObject({ path: 'sub/.syncignore' })
  })

  test('an abort rejects with its reason', async () => {
    const reason = new Error('enough')
    await expect(read({ '.syncignore': '*' }, {}, [], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('IgnoreFileManager.loadFromFile', () => {
  test('reads rules relative to the file’s directory', async () => {
    const manager = new IgnoreFileManager()
    await manager.loadFromFile(new SmallTree('S', { 'sub/my.rules': '\uFEFF/a\r\n*.log\r\n' }), 'sub/my.rules')
    expect(['a', 'sub/a', 'x.log', 'sub/deep/x.log'].map(path => manager.shouldIgnore(path))).toEqual([false, true, false, true])
    expect(manager.explain('sub/a').origin).toEqual({ file: 'sub/my.rules', line: 1 })
  })

  test('a missing file rejects and adds no rule', async () => {
    const manager = new IgnoreFileManager()
    const error = await manager.loadFromFile(new SmallTree('S', {}), '.syncignore').catch((error: unknown) => error)
    expect(isStorageError(error, 'NOT_FOUND')).toBe(true)
    expect(String(error)).toContain('there is no ignore file ".syncignore" in S')
    expect(manager.patterns).toEqual([])
  })
})
