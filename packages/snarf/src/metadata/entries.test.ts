import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attributesOf, type EntryAttributes, InvalidEntriesFileError } from './entries.ts'
import { readEntries } from './read-entries.ts'
import { writeEntries } from './write-entries.ts'

interface Scenario {
  readonly section: string
  readonly title: string
  readonly expect: string | { readonly bytes: string }
}
const scenarios = JSON.parse(readFileSync(new URL('../../test/fixtures/scenarios.json', import.meta.url), 'utf8')) as readonly Scenario[]

function expected(title: string): string {
  const scenario = scenarios.find(one => one.section.startsWith('E.') && one.title === title)
  if (scenario === undefined) throw new Error(`no scenario "${title}"`)
  return typeof scenario.expect === 'string' ? scenario.expect : scenario.expect.bytes
}

function write(entries: Readonly<Record<string, EntryAttributes>>): string {
  return writeEntries(new Map(Object.entries(entries)))
}

function orderOf(attributes: readonly string[]): string {
  const text = write({ a: attributesOf(attributes.map(name => [name, 'x'])) })
  return [...text.matchAll(/^ {9}(\w+)=/gm)].map(match => match[1]).join(' ')
}

describe('writeEntries', () => {
  test('an empty set has 60 bytes', () => expect(write({})).toBe(expected('no entries')))
  test('entries come in byte order', () => expect(write({ B: { x: '1' }, a: { x: '1' }, _: { x: '1' } })).toBe(expected('byte order of names')))
  test('markup is escaped', () => expect(write({ q: { v: '<&>' } })).toBe(expected('escape < & >')))

  test.each([
    ['"', `'"'`],
    [`"'`, `"&quot;'"`],
    ["'", `"'"`],
    ['a\tb\nc\rd', '"a&#9;b&#10;c&#13;d"'],
  ])('%j is quoted as %s', (value, text) => expect(write({ q: { v: value } })).toContain(`v=${text}\n`))

  test.each([
    ['', 'keytype type'],
    ['id', 'keytype type id'],
    ['key', 'keytype type key'],
    ['id key', 'keytype type id key'],
    ['provides', 'keytype type provides'],
    ['provides id', 'keytype type id provides'],
    ['provides key', 'keytype type key provides'],
    ['provides id key', 'key keytype type id provides'],
    ['factory', 'keytype type factory'],
    ['factory id', 'keytype type factory id'],
    ['factory key', 'keytype type factory key'],
    ['factory id key', 'keytype type factory key id'],
    ['factory provides', 'keytype type factory provides'],
    ['factory provides id', 'keytype type factory provides id'],
    ['factory provides key', 'key keytype type factory provides'],
    ['factory provides id key', 'provides keytype factory key type id'],
  ])('with "%s" the attributes are %s', (set, order) =>
    expect(orderOf(['keytype', 'type', ...set.split(' ').filter(name => name !== '')])).toBe(order),
  )

  test('the order does not depend on what was set first', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['type', 'factory', 'provides', 'id', 'key', 'keytype', 'flag', 'binary', 'x'], { minLength: 1 }), names => {
        expect(orderOf(names)).toBe(orderOf([...names].sort()))
      }),
    )
  })

  test.each<[string, Readonly<Record<string, EntryAttributes>>]>([
    ['a control character', { a: { v: '\u0001' } }],
    ['half a surrogate pair', { a: { v: '\ud800' } }],
    ['a NUL in a name', { 'a\0': { v: 'x' } }],
    ['an attribute that XML cannot name', { a: { 'b c': 'x' } }],
    ['a second name', { a: { name: 'x' } }],
    ['a value that is no string', { a: { conflict: true as unknown as string } }],
  ])('%s is refused', (_, entries) => expect(() => write(entries)).toThrow(InvalidEntriesFileError))
})

describe('readEntries', () => {
  test('reads what was written, of any names and values', () => {
    // eslint-disable-next-line no-control-regex
    const value = fc.string({ unit: 'binary' }).filter(text => !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u.test(text))
    const attributes = fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,8}$/).filter(name => name !== 'name'),
      value,
    )
    fc.assert(
      fc.property(fc.dictionary(value, attributes), entries => {
        const text = write(entries)
        const read = readEntries(text)
        expect(new Map([...read].map(([name, found]) => [name, { ...found }]))).toEqual(
          new Map(Object.entries(entries).map(([name, found]) => [name, { ...found }])),
        )
        expect(writeEntries(read)).toBe(text)
        expect(readEntries(new TextEncoder().encode(text))).toEqual(read)
      }),
    )
  })

  test('an attribute named __proto__ is an attribute', () => {
    const read = readEntries('<entries><entry name="__proto__" __proto__="x"/></entries>')
    expect(Object.keys(read.get('__proto__') as EntryAttributes)).toEqual(['__proto__'])
  })

  test('the last of two entries of one name counts', () => {
    expect(readEntries('<entries><entry name="a" v="1"/><entry name="a" w="2"/></entries>').get('a')).toEqual(attributesOf([['w', '2']]))
  })

  test.each([
    ['another document element', '<foo/>', /line 1, column 6: the document element is <foo>/],
    ['an entry in an entry', "<entries><entry name='a'><entry name='b'/></entry></entries>", /illegal element nesting/],
    ['another element', '<entries><other/></entries>', /unknown element <other>/],
    ['entries in entries', '<entries><entries/></entries>', /<entries> must be the document element/],
    ['text', '<entries> loose words </entries>', /arbitrary character data not supported: "loose words"/],
    ['an entry without a name', '<entries><entry type="x"/></entries>', /an entry has no name/],
    ['a document type', '<!DOCTYPE entries [<!ENTITY a "b">]><entries/>', /a document type is not allowed/],
    ['an entity of its own', '<entries><entry name="&a;"/></entries>', /undefined entity/],
    ['an end that is missing', '<entries>\n<entry name="a"', /line 2, column/],
    ['nothing at all', '', /line 1/],
    ['another encoding', '<?xml version="1.0" encoding="latin-1"?><entries/>', /encoding latin-1/],
    ['a file that is too large', ' '.repeat(2000), /has 2000 bytes/],
    ['the old form, without a way to read it', '<pickle><dictionary/></pickle>', /old form/],
  ])('%s is an error that says where', (_, text, message) => {
    expect(() => readEntries(text, { maximumSize: 1000, path: 'a/@@Zope/Entries.xml' })).toThrow(InvalidEntriesFileError)
    expect(() => readEntries(text, { maximumSize: 1000, path: 'a/@@Zope/Entries.xml' })).toThrow(message)
  })

  test('the old form is read with the unpickler that is given', () => {
    const pickle = '<pickle><dictionary><item key="foo"><dictionary/></item></dictionary></pickle>'
    const read = (value: unknown) => () => readEntries(pickle, { unpickle: () => value })
    expect(read({ foo: { hello: 'world' } })()).toEqual(new Map([['foo', attributesOf([['hello', 'world']])]]))
    expect(read(new Map([['foo', new Map([['hello', 'world']])]]))()).toEqual(new Map([['foo', attributesOf([['hello', 'world']])]]))
    for (const value of [1, [], { foo: 1 }, { foo: { a: 1 } }, new Map([[1, {}]])]) expect(read(value)).toThrow(InvalidEntriesFileError)
  })

  test('bytes that are not UTF-8 are an error', () => expect(() => readEntries(Uint8Array.of(0x3c, 0xff))).toThrow(/not UTF-8/))

  test('damage of any kind is an error of this class, or entries', () => {
    const whole = write({ a: { type: 'x', key: '"\'<&>' }, 'caf\u00e9': { type: 'y' } })
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(12), fc.string(), (at, cut, inserted) => {
        try {
          readEntries(whole.slice(0, at) + inserted + whole.slice(at + cut))
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidEntriesFileError)
        }
      }),
    )
  })
})
