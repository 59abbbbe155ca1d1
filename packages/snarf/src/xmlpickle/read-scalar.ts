import { fromBase64 } from '../pickle/base64.ts'
import { maxDigits } from '../pickle/limits.ts'
import { PyFloat, PyInt, PyString, PyUnicode } from '../registry/python-values.ts'
import { parsePyFloat } from './float-repr.ts'
import { decodeWtf8, isPrintable } from './text.ts'
import type { XmlScanner } from './xml-scanner.ts'

/**
 * The number that the open element of a scanner holds.
 *
 * @param preserve - whether a float that is a whole number stays one
 * @throws UnpicklingError naming line and column
 */
export function readNumber(scanner: XmlScanner, type: 'int' | 'long' | 'float', preserve: boolean): unknown {
  const text = scanner.readText()
  const value = type === 'float' ? parsePyFloat(text) : integerOf(scanner, text.trim())
  if (value === undefined) throw scanner.error(`${JSON.stringify(short(text))} is no <${type}>`)
  if (typeof value === 'bigint') return type === 'int' ? intOf(value) : value
  if (type === 'long') return BigInt(value)
  return type === 'float' && preserve && Number.isSafeInteger(value) && !Object.is(value, -0) ? new PyFloat(value) : value
}

/** A number for what is an integer in JavaScript too, a bigint for others. */
function integerOf(scanner: XmlScanner, text: string): bigint | number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  if (text.length > maxDigits) throw scanner.error(`an integer has at most ${maxDigits} digits here`)
  return text.length < 16 ? Number(text) + 0 : BigInt(text.startsWith('+') ? text.slice(1) : text)
}

function intOf(value: bigint): unknown {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : new PyInt(value)
}

/**
 * The string or the bytes that the open element of a scanner holds.
 *
 * @param preserve - whether strings that have an identity, and `unicode` that would become `str`, are written as they were read
 * @throws UnpicklingError naming line and column
 */
export function readString(scanner: XmlScanner, type: 'string' | 'unicode', preserve: boolean): unknown {
  const hasId = scanner.attribute('id') !== undefined
  const encoding = scanner.attribute('encoding')
  if (encoding !== undefined && encoding !== 'base64')
    throw scanner.error(`the encoding ${JSON.stringify(short(encoding))} of a string is not known; base64 is`)
  const text = scanner.readText()
  const value = encoding === undefined ? plainText(scanner, type, text) : decoded(scanner, type, text)
  if (typeof value !== 'string' || !preserve) return value
  if (type === 'unicode') return hasId || isPrintable(value) ? new PyUnicode(value) : value
  return hasId && value.length > 1 && isPrintable(value) ? new PyString(value) : value
}

function plainText(scanner: XmlScanner, type: 'string' | 'unicode', text: string): string {
  if (type === 'string' && /[^\0-\x7f]/.test(text)) throw scanner.error('a <string> holds ASCII; other text is a <unicode>, other bytes are base64')
  return text
}

function decoded(scanner: XmlScanner, type: 'string' | 'unicode', text: string): string | Uint8Array {
  const bytes = fromBase64(text)
  if (bytes === undefined) throw scanner.error(`${JSON.stringify(short(text))} is no base64`)
  if (type === 'string') return bytes
  try {
    return decodeWtf8(bytes)
  } catch (error) {
    throw scanner.error(error instanceof Error ? error.message : String(error), scanner.offset, error)
  }
}

/** As much of a text as fits into a message. */
export function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
