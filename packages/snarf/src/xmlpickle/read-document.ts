import { UnpicklingError } from '../pickle/errors.ts'

/** Encodings a document may declare, with what they are called here. */
const encodings: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'us-ascii',
  ascii: 'us-ascii',
  'iso-8859-1': 'iso-8859-1',
  latin1: 'iso-8859-1',
  'latin-1': 'iso-8859-1',
}

/**
 * The characters of a document, in the encoding it declares: UTF-8 by default, US-ASCII, ISO 8859-1, UTF-16 with a byte order mark.
 *
 * @throws UnpicklingError for another encoding, and for bytes that are none of its characters
 */
export function readDocument(document: Uint8Array): string {
  const [first, second] = document
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return decode(document, first === 0xff ? 'utf-16le' : 'utf-16be')
  const head = toLatin1(document.subarray(0, 200))
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(head)?.[1] ?? 'utf-8'
  const encoding = encodings[declared.toLowerCase()]
  if (encoding === undefined) {
    const message = `the encoding ${JSON.stringify(declared)} is not known here; store the document as UTF-8`
    throw new UnpicklingError(message, { line: 1, column: 1 })
  }
  if (encoding === 'iso-8859-1') return toLatin1(document)
  const text = decode(document, 'utf-8')
  if (encoding === 'us-ascii') {
    const bad = document.findIndex(byte => byte > 127)
    if (bad >= 0) throw badBytes(document, bad, 'US-ASCII')
  }
  return text
}

function decode(document: Uint8Array, encoding: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(document)
  } catch {
    throw badBytes(document, validLength(document, encoding), encoding.toUpperCase())
  }
}

/** How many bytes from the beginning are whole characters: halved until found, since decoders do not tell. */
function validLength(document: Uint8Array, encoding: string): number {
  let valid = 0
  let bad = document.length
  while (bad - valid > 1) {
    const middle = (valid + bad) >>> 1
    if (isText(document.subarray(0, middle), encoding, true)) valid = middle
    else bad = middle
  }
  // A character that begins well and does not go on is the fault, not what comes instead of its rest.
  while (valid > 0 && !isText(document.subarray(0, valid), encoding, false)) valid--
  return valid
}

function isText(bytes: Uint8Array, encoding: string, stream: boolean): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream })
    return true
  } catch {
    return false
  }
}

function badBytes(document: Uint8Array, offset: number, encoding: string): UnpicklingError {
  const before = document.subarray(0, offset)
  const lineStart = before.lastIndexOf(10) + 1
  const line = before.reduce((lines, byte) => (byte === 10 ? lines + 1 : lines), 1)
  return new UnpicklingError(`the bytes are no ${encoding}`, { line, column: offset - lineStart + 1 })
}

function toLatin1(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)))
  return parts.join('')
}
