import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { describe, expect, test } from 'vitest'
import { JSONPickler, PicklingError, type Pickler, UnpicklingError, YAMLPickler } from '../src/pickle/index.ts'
import { XMLPickler } from '../src/xmlpickle/index.ts'
import { graphOf, testRegistry } from './graphs.ts'

const registry = testRegistry()
const xml = new XMLPickler(registry)
const json = new JSONPickler(registry)
const yaml = new YAMLPickler(registry)
const tapes = fc.array(fc.nat(1 << 20), { maxLength: 60 })

const pieces = [
  '<',
  '>',
  '/>',
  '</list>',
  '<list>',
  '<tuple id="o0">',
  '<reference id="o0"/>',
  '<item>',
  '<key>',
  ' id="o1"',
  '&amp;',
  '&x;',
  '&#0;',
  '<![CDATA[',
  ']]>',
]
pieces.push(
  '<!--',
  '-->',
  '<?x?>',
  '<!DOCTYPE a>',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '$id',
  '$ref',
  '$class',
  '"$map": [',
  '- ',
  '\n',
  '? ',
  '&a',
  '*a',
  '!!set',
  '|',
  '\t',
  '\0',
  'é',
  '\u00d7',
  '\u0300',
  '\\',
)

/** A text with some places cut, doubled or replaced. */
function damage(text: string, edits: readonly (readonly [at: number, length: number, piece: number])[]): string {
  let damaged = text
  for (const [at, length, piece] of edits) {
    const start = at % (damaged.length + 1)
    damaged = damaged.slice(0, start) + (pieces[piece % pieces.length] ?? '') + damaged.slice(start + (length % 12))
  }
  return damaged
}

const edits = fc.array(fc.tuple(fc.nat(1 << 20), fc.nat(20), fc.nat(200)), { minLength: 1, maxLength: 4 })

/** Loads what may be damaged; only an UnpicklingError may come of it, with a place inside the text. */
function load(pickler: Pickler, text: string): boolean {
  try {
    pickler.load(text, { persistentLoad: id => ({ id }) })
    return true
  } catch (error) {
    if (!(error instanceof UnpicklingError)) throw error
    const lines = text.split(/\r\n?|\n/)
    expect(error.line).toBeGreaterThanOrEqual(1)
    expect(error.line).toBeLessThanOrEqual(lines.length)
    expect(error.column).toBeGreaterThanOrEqual(1)
    expect(error.message).toContain(`line ${error.line}, column ${error.column}`)
    return false
  }
}

describe.each([
  { name: 'XML', pickler: xml as Pickler, runs: 6000 },
  { name: 'JSON', pickler: json as Pickler, runs: 6000 },
  { name: 'YAML', pickler: yaml as Pickler, runs: 1500 },
])('$name', ({ pickler, runs }) => {
  test('damaged text is read or refused with its place, and nothing else happens', () => {
    let read = 0
    fc.assert(
      fc.property(tapes, edits, (tape, places) => {
        const text = new TextDecoder().decode(pickler.dump(graphOf(tape, false)))
        if (load(pickler, damage(text, places))) read++
      }),
      { numRuns: runs },
    )
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThan(runs)
  }, 120_000)

  test('any bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          pickler.load(bytes)
        } catch (error) {
          if (!(error instanceof UnpicklingError)) throw error
        }
      }),
      { numRuns: 2000 },
    )
  })
})

test('no document is taken that another XML parser refuses', () => {
  let taken = 0
  fc.assert(
    fc.property(tapes, edits, (tape, places) => {
      const text = damage(new TextDecoder().decode(xml.dump(graphOf(tape, false))), places)
      let isWellFormed = true
      const other = new SaxesParser({ xmlns: false })
      other.on('error', () => (isWellFormed = false))
      other.write(text).close()
      if (load(xml, text)) {
        taken++
        if (!isWellFormed) throw new Error(`taken, and not well-formed:\n${text}`)
      }
    }),
    { numRuns: 6000 },
  )
  expect(taken).toBeGreaterThan(10)
}, 120_000)

const pickle = (content: string): string => `<?xml version="1.0" encoding="utf-8" ?>\n<pickle>${content}</pickle>\n`

test.each<[string, string]>([
  ['', 'the document holds no element (line 1, column 1)'],
  ['<pickle/>', 'a pickle holds a value, and this is empty (line 1, column 1)'],
  ['<other/>', 'an XML pickle begins with <pickle>, and this with <other> (line 1, column 1)'],
  ['<pickle>\n  <foo/></pickle>', "unrecognized element in XML pickle: 'foo' (line 2, column 3)"],
  ['<pickle>\n <int>x</int></pickle>', '"x" is no <int> (line 2, column 2)'],
  ['<pickle><int>1</int><int>2</int></pickle>', '<pickle> holds one value, and here is a second (line 1, column 21)'],
  ['<pickle><string encoding="hex">aa</string></pickle>', 'the encoding "hex" of a string is not known; base64 is'],
  ['<pickle><string encoding="base64">a</string></pickle>', '"a" is no base64'],
  ['<pickle><string>é</string></pickle>', 'a <string> holds ASCII; other text is a <unicode>, other bytes are base64'],
  ['<pickle><reference id="o0"/></pickle>', 'nothing with the id "o0" is complete before this reference'],
  ['<pickle><list><list id="o0"/><list id="i0"/></list></pickle>', 'the id "i0" is given twice'],
  ['<pickle><dictionary><item key="ab"><none/></item><item key="ab"><none/></item></dictionary></pickle>', '<dictionary> has the key "ab" twice'],
  ['<pickle><global name="system" module="os"/></pickle>', 'os.system is not registered'],
  ['<pickle><list><!DOCTYPE a []></list></pickle>', 'DOCTYPE and other declarations are not allowed'],
  ['<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><pickle><string>&b;</string></pickle>', 'DOCTYPE and other declarations are not allowed'],
  ['<pickle><string>&b;</string></pickle>', '"&b;" is none of the five entities of XML'],
  ['<pickle><string>&#1;</string></pickle>', '"&#1;" is none of the five entities of XML'],
  ['<pickle><string>a</pickle>', '<string> is open, and </pickle> does not end it (line 1, column 18)'],
  ['<pickle><list>text</list></pickle>', '<list> holds elements, and text begins here (line 1, column 15)'],
  ['<pickle><list idd="o0"/></pickle>', '<list> has no attribute idd'],
  ['<pickle><object><klass><global name="Page" module="app.models"/></klass></object></pickle>', '<object> holds <klass> and <attributes>'],
  ['<pickle><initialized_object><klass><int>1</int></klass><arguments><tuple/></arguments></initialized_object></pickle>', 'this is neither'],
  ['<?xml version="1.0" encoding="utf-7"?><pickle><none/></pickle>', 'the encoding "utf-7" is not known here'],
  ['<?xml version="1.0" encoding="-8"?><pickle><none/></pickle>', 'the encoding "-8" is not known here'],
  ['<pickle><?\u00d7 x?><none/></pickle>', 'a processing instruction has no name (line 1, column 9)'],
  ['<pickle><?x\u00d7 x?><none/></pickle>', 'a processing instruction has no name (line 1, column 9)'],
  ['<pickle><?\u0300 x?><none/></pickle>', 'a processing instruction has no name (line 1, column 9)'],
])('XML %j is refused: %s', (text, message) => {
  expect(() => xml.load(new TextEncoder().encode(text))).toThrow(message)
})

test('the name of an encoding begins with a letter, also where text is given and not bytes', () => {
  expect(() => xml.load('<?xml version="1.0" encoding="-8"?><pickle><none/></pickle>')).toThrow('the XML declaration is malformed')
})

test('processing instructions may have names beyond ASCII', () => {
  expect(xml.load('<pickle><?é\u0300\u{20000} x?><none/></pickle>')).toBeNull()
})

test.each<[string, string]>([
  ['{"a": 1, "a": 2}', 'the name "a" is there twice (line 1, column 10)'],
  ['[1,\n 12345678901234567890]', 'a number cannot hold the integer 12345678901234567890; write {"$bigint": "…"} (line 2, column 2)'],
  ['[1,]', '"]" begins no value (line 1, column 4)'],
  ['{"$clas": "app.models.Page"}', '"$clas" is not understood here; a name that begins with "$" is written with "$$"'],
  ['{"$class": "os.system"}', 'os.system is not registered'],
  ['{"$ref": 1}', 'nothing with the $id 1 is complete before this reference (line 1, column 10)'],
  ['{"$list": [], "x": 1}', '"x" cannot stand beside $list'],
  ['[] []', 'the value ends here, and more follows (line 1, column 4)'],
])('JSON %j is refused: %s', (text, message) => expect(() => json.load(text)).toThrow(message))

test.each<[string, string]>([
  ['a: &x [1]\nb: *x\n', 'anchors and aliases are not read; shared values are $id and $ref (line 1, column 7)'],
  ['a: !!set {x}\n', 'the tag tag:yaml.org,2002:set is not read; classes are $class'],
  ['a: 1\na: 2\n', 'this is no YAML: Map keys must be unique (line 2, column 1)'],
  ['1: a\n', 'a name of a mapping is no string; quote it, or use $map'],
  ['a: 12345678901234567890\n', 'a number cannot hold the integer 12345678901234567890'],
  ['a: .inf\n', 'numbers that are not finite are $float'],
  ['--- 1\n--- 2\n', 'this is no YAML'],
])('YAML %j is refused: %s', (text, message) => expect(() => yaml.load(text)).toThrow(message))

test('numbers with more digits than are read are refused at once', () => {
  const digits = '9'.repeat(1_000_000)
  expect(() => xml.load(pickle(`<long>${digits}</long>`))).toThrow('an integer has at most 100000 digits here')
  expect(() => json.load(`{"$bigint": "${digits}"}`)).toThrow('an integer has at most 100000 digits here')
  expect(() => xml.dump(10n ** 200_000n)).toThrow(PicklingError)
  expect(xml.load(xml.dump(10n ** 90_000n))).toBe(10n ** 90_000n)
})

test.each<[string, Pickler, string]>([
  ['lists without an end', xml, `<pickle>${'<list>'.repeat(100_000)}`],
  ['ids without an end', xml, `<pickle><persistent>${'<persistent>'.repeat(100_000)}`],
  ['brackets without an end', json, '['.repeat(100_000)],
  ['names without an end', json, '{"a":'.repeat(100_000)],
  ['flow lists without an end', yaml, '['.repeat(20_000)],
  ['block lists without an end', yaml, '- '.repeat(20_000)],
])('%s are refused, not followed', (_, pickler, text) => expect(() => pickler.load(text)).toThrow(UnpicklingError))

test('a dictionary that holds itself is an object or a Map, by its keys', () => {
  const load = (text: string): unknown => xml.load(pickle(text))
  const plain = load('<dictionary id="o0"><item key="me"><reference id="o0"/></item></dictionary>') as { me: unknown }
  expect(plain.me).toBe(plain)
  const map = load('<dictionary id="o0"><item><key><int>1</int></key><value><reference id="o0"/></value></item></dictionary>') as Map<
    unknown,
    unknown
  >
  expect(map.get(1)).toBe(map)
})

test('documents in other encodings are read', () => {
  const text = (encoding: string): string => `<?xml version="1.0" encoding="${encoding}" ?>\n<pickle><unicode>é</unicode></pickle>`
  expect(xml.load(Uint8Array.from(text('iso-8859-1'), character => character.charCodeAt(0)))).toBe('é')
  expect(xml.load(Buffer.from(`\ufeff${text('utf-16')}`, 'utf16le'))).toBe('é')
  expect(xml.load(Buffer.from(`\ufeff${text('utf-8')}`))).toBe('é')
  expect(() => xml.load(Buffer.from(text('utf-8'), 'latin1'))).toThrow('the bytes are no UTF-8 (line 2, column 18)')
})
