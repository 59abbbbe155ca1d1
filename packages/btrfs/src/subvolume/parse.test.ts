import { describe, expect, test } from 'vitest'
import { parseList } from './parse-list.ts'
import { parseShow } from './parse-show.ts'
import { isWholeName, makePartName, parsePartName } from './part-name.ts'

function line(id: number, topLevel: number, path: string, more: { readonly parent?: string; readonly received?: string } = {}): string {
  const received = more.received ?? '-'.padEnd(36)
  return `ID ${id} gen 7 cgen 7 top level ${topLevel} parent_uuid ${more.parent ?? '-'.padEnd(36)} received_uuid ${received} uuid uuid-${id} path ${path}\n`
}

/** As the second listing has them: the last first. */
function falling(...ids: readonly number[]): string {
  return [...ids]
    .sort((a, b) => b - a)
    .map(id => line(id, 5, 'x'))
    .join('')
}

const top = { rootId: 5, rootPath: '', scope: 'all' } as const

describe('parseList', () => {
  test('reads numbers and UUIDs, and leaves out what is not set', () => {
    const [volume] = parseList(line(257, 5, 'snaps/s1', { parent: 'uuid-256' }), falling(257), top)
    expect(volume).toEqual({
      uuid: 'uuid-257',
      parentUuid: 'uuid-256',
      receivedUuid: undefined,
      generation: 7,
      createdGeneration: 7,
      id: 257,
      path: 'snaps/s1',
      readonly: true,
      sendable: true,
    })
  })

  test.each([
    ['a blank at either end', ' s1 '],
    ['a tab', 'a\tb'],
    ['what looks like a field', 'x path y uuid z'],
    ['bytes that are no UTF-8', 'caf\xe9'],
    ['UTF-8, a character per byte', '\xc3\xa9'],
    ['the name that btrfs gives the top level', '<FS_TREE>/x'],
  ])('keeps a name with %s', (_, name) => expect(parseList(line(257, 5, name), '', top)[0]?.path).toBe(name))

  test('a name with a line break costs only that subvolume', () => {
    const volumes = parseList(line(256, 5, 'a') + line(257, 5, 'b\nc') + line(258, 5, 'd'), falling(256, 257, 258), top)
    expect(volumes.map(({ path, sendable, problem }) => [path, sendable, problem])).toEqual([
      ['a', true, undefined],
      [undefined, false, 'its name has a line break'],
      ['d', true, undefined],
    ])
  })

  test.each<[what: string, all: readonly string[], readonly: readonly string[]]>([
    [
      'a copy that is not there, in a name that is read-only',
      [line(300, 5, `x\n${line(301, 5, 'y')}`.trimEnd())],
      [line(300, 5, `x\n${line(301, 5, 'y')}`.trimEnd())],
    ],
    ['one with a number that falls', [line(300, 5, `x\n${line(299, 5, 'y')}`.trimEnd())], [line(300, 5, `x\n${line(299, 5, 'y')}`.trimEnd())]],
    ['a number that is taken', [line(256, 5, 'a'), line(300, 5, `x\n${line(256, 5, 'y')}`.trimEnd())], [line(256, 5, 'a')]],
    ['what hides those after it', [line(300, 5, `x\n${line(999, 5, 'y')}`.trimEnd()), line(301, 5, 'a')], [line(301, 5, 'a')]],
    [
      'two that help each other',
      [line(300, 5, `x\n${line(301, 5, 'y')}`.trimEnd()), line(310, 5, `z\n${line(301, 5, 'y')}`.trimEnd())],
      [line(310, 5, `z\n${line(301, 5, 'y')}`.trimEnd())],
    ],
  ])('refuses a name that imitates a line: %s', (_, all, readonly) => {
    expect(() => parseList(all.join(''), readonly.join(''), top)).toThrow('looks like a line of the listing')
  })

  test('a name that only begins like a line is a name with a line break', () => {
    const [volume, ...others] = parseList(line(300, 5, 'x\nID 1 gen 1 cgen 1 top level 5 and so on'), falling(300), top)
    expect([volume?.problem, others]).toEqual(['its name has a line break', []])
  })

  test('paths are relative to the root, and what lies elsewhere has none', () => {
    const listed =
      line(256, 5, 'data') + line(257, 256, '<FS_TREE>/data/nested') + line(258, 5, 'data2/y') + line(259, 257, '<FS_TREE>/data/nested/deep')
    const volumes = parseList(listed, falling(257, 258, 259), { rootId: 5, rootPath: '', scope: 'all' })
    expect(volumes.map(({ path }) => path)).toEqual(['data', 'data/nested', 'data2/y', 'data/nested/deep'])
  })

  test('a directory whose name only begins like the root is not below it', () => {
    const listed = line(257, 256, 'data/nested') + line(258, 5, '<FS_TREE>/data2/y') + line(259, 257, '<FS_TREE>/data/nested/deep')
    const inside = { rootId: 256, rootPath: 'data' } as const
    const ids = falling(257, 258, 259)
    expect(parseList(listed, ids, { ...inside, scope: 'all' }).map(({ path }) => path)).toEqual(['nested', undefined, 'nested/deep'])
    expect(parseList(listed, ids, { ...inside, scope: 'strict' }).map(({ sendable }) => sendable)).toEqual([true, false, false])
    expect(parseList(listed, ids, { ...inside, scope: 'isolated' }).map(({ path }) => path)).toEqual(['nested'])
  })

  test('what is being received is neither sent nor counted', () => {
    const name = makePartName('boot', 's1')
    expect(parseList(line(257, 5, `in/${name}`), falling(257), top)[0]).toMatchObject({ unfinished: true, sendable: false })
  })
})

describe('parseShow', () => {
  const fields = [
    'snaps/s1',
    '\tName: \t\t\ts1',
    '\tUUID: \t\t\t18000828-a735-9142-a71a-45a2a2eb2016',
    '\tParent UUID: \t\t-',
    '\tReceived UUID: \t\tf189303e-af35-e842-8beb-aa0ace00c54d',
    '\tCreation time: \t\t2026-11-20 09:26:20 +0130',
    '\tSubvolume ID: \t\t256',
    '\tGeneration: \t\t8',
    '\tGen at creation: \t7',
    '\tFlags: \t\t\treadonly',
    '\tSnapshot(s):',
    '\t\t\t\tx\tUUID: y',
  ]

  test('reads what is set, with the time in its zone', () =>
    expect(parseShow(`${fields.join('\n')}\n`, 's1')).toEqual({
      uuid: '18000828-a735-9142-a71a-45a2a2eb2016',
      parentUuid: undefined,
      receivedUuid: 'f189303e-af35-e842-8beb-aa0ace00c54d',
      generation: 8,
      createdGeneration: 7,
      id: 256,
      path: 's1',
      readonly: true,
      sendable: true,
      treePath: 'snaps/s1',
      created: Date.UTC(2026, 10, 20, 7, 56, 20),
    }))

  test('gives nothing for something else', () => expect(parseShow('ERROR\n', 's1')).toBeUndefined())
})

describe('names of what is being received', () => {
  test('tell the name and the run of the system', () => {
    const name = makePartName('8d1c0d8a-boot', 'my \xe9 s1')
    expect(name).toMatch(/^\.part-[0-9a-f]{24}-my \xe9 s1$/)
    expect(parsePartName(name)?.name).toBe('my \xe9 s1')
    expect(makePartName('8d1c0d8a-boot', 'my \xe9 s1')).not.toBe(name)
  })

  test.each(['s1', '.part-s1', '.part-0123456789abcdef01234567-s1', `${makePartName('boot', 's1')}x`, `x${makePartName('boot', 's1')}`])(
    'others are not taken for ours: %s',
    name => expect(parsePartName(name)).toBeUndefined(),
  )

  test('a name of 255 bytes still makes a name', () => {
    const name = makePartName('boot', 'x'.repeat(255))
    expect(name).toHaveLength(255)
    expect(isWholeName(parsePartName(name)?.name ?? '')).toBe(false)
    expect(isWholeName('s1')).toBe(true)
  })
})
