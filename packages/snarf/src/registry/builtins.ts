import type { ClassRegistry, ClassType } from './class-registry.ts'
import {
  PyByteArray,
  PyComplex,
  PyDate,
  PyDateTime,
  PyDecimal,
  PyFloat,
  PyFrozenSet,
  PyOrderedDict,
  PyString,
  PyTuple,
  PyUnicode,
} from './python-values.ts'
import { PyTimeZone, PyZonedDateTime, reduceDate, reduceDateTime, timeZoneOf, toDate, toDateTime } from './python-times.ts'

/** Stands for `copy_reg._reconstructor`, which makes an object of a class around a value of its built-in base. Only its name is used. */
export function reconstructor(): never {
  throw new TypeError('copy_reg._reconstructor is known by name only')
}

/** Stands for `copy_reg.__newobj__`, which makes an empty object of a class. Only its name is used. */
export function newObject(): never {
  throw new TypeError('copy_reg.__newobj__ is known by name only')
}

/** Registers the names of Python that stored data may use in every registry. */
export function registerBuiltins(registry: ClassRegistry): void {
  registry.defineFunction('copy_reg._reconstructor', reconstructor)
  registry.defineFunction('copy_reg.__newobj__', newObject)
  const plain: readonly (readonly [string, unknown])[] = [
    ['object', Object],
    ['dict', Map],
    ['list', Array],
    ['tuple', PyTuple],
    ['str', String],
    ['unicode', PyUnicode],
    ['int', Number],
    ['long', BigInt],
    ['bool', Boolean],
    ['float', PyFloat],
  ]
  for (const [name, type] of plain) registry.defineClass(`__builtin__.${name}`, type as ClassType)
  registry
    .defineClass('__builtin__.set', Set, { construct: items => new Set(toList(items)) })
    .defineClass('__builtin__.frozenset', PyFrozenSet, { construct: items => new PyFrozenSet(toList(items)) })
    .defineClass('__builtin__.complex', PyComplex, {
      reduce: ({ real, imaginary }) => ({ callable: '__builtin__.complex', args: [new PyFloat(real), new PyFloat(imaginary)] }),
      construct: (real, imaginary) => new PyComplex(Number(real), Number(imaginary)),
    })
    .defineClass('__builtin__.bytearray', PyByteArray, {
      reduce: bytes => ({ callable: '__builtin__.bytearray', args: [new PyUnicode(toLatin1(bytes)), 'latin-1'] }),
      construct: text => PyByteArray.from(toBytes(text)) as PyByteArray,
    })
    .defineClass('collections.OrderedDict', PyOrderedDict, {
      reduce: map => ({ callable: 'collections.OrderedDict', args: [Array.from(map, pair => [...pair])] }),
      construct: pairs => new PyOrderedDict(toList(pairs).map(toPair)),
    })
    .defineClass('decimal.Decimal', PyDecimal, {
      reduce: ({ text }) => ({ callable: 'decimal.Decimal', args: [text] }),
      construct: text => new PyDecimal(String(text)),
    })
    .defineClass('datetime.date', PyDate, { reduce: reduceDate, construct: bytes => toDate(toBytes(bytes)) })
    .defineClass('datetime.datetime', Date, {
      variants: [PyDateTime, PyZonedDateTime],
      reduce: reduceDateTime,
      construct: (bytes, zone) => toDateTime(toBytes(bytes), zone),
    })
    .defineClass('datetime.tzinfo', PyTimeZone as unknown as ClassType<PyTimeZone>, { reduce: zone => zone.reduce() })
    .defineFunction('pytz._UTC', () => PyTimeZone.utc)
    .defineFunction('pytz.FixedOffset', minutes => PyTimeZone.fixed(Number(minutes)))
    .defineFunction('pytz._p', timeZoneOf)
    .keyType('__builtin__.str', name => name)
    .keyType('__builtin__.unicode', name => name)
    .keyType('__builtin__.int', toSafeInteger)
    .keyType('__builtin__.long', name => BigInt(name))
}

function toSafeInteger(name: string): number {
  const value = Number(name)
  if (!/^-?\d+$/.test(name) || !Number.isSafeInteger(value)) throw new TypeError(`no integer key: ${JSON.stringify(name)}`)
  return value
}

function toList(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value as unknown[]
  throw new TypeError('a list is needed')
}

function toPair(pair: unknown): [unknown, unknown] {
  if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError('pairs of key and value are needed')
  return [pair[0], pair[1]]
}

function toLatin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** The bytes of a `str`: as such, or as text where they happen to be printable. */
function toBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  const text = typeof value === 'string' || value instanceof PyString || value instanceof PyUnicode ? String(value) : undefined
  if (text === undefined || /[^\0-\u00ff]/u.test(text)) throw new TypeError('bytes are needed')
  return Uint8Array.from(text, character => character.charCodeAt(0))
}
