import { toBase64 } from '../pickle/base64.ts'

/** How strings are written. `zope-3.6.1` leaves `]]>` as it is, which no reader takes. */
export type Compat = 'fixed' | 'zope-3.6.1'

const printable = /^[\t\n\r\x20-\x7e]*$/
const special = /[\r<&]/
// Not allowed in XML, in escaped form either. With the flag `u` only surrogates without a partner match.
const forbidden = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** Whether Python would hold the text as `str`: printable ASCII, tabs and line breaks. */
export function isPrintable(text: string): boolean {
  return printable.test(text)
}

/** A `<string>` element: `id` comes as the first attribute where there is one. */
export function stringElement(text: string, compat: Compat, id = ''): string {
  return `<string${id}>${escapeText(text, compat)}</string>`
}

/** A `<string>` element of bytes in base64, 76 characters a line. */
export function bytesElement(bytes: Uint8Array, id = ''): string {
  return `<string${id} encoding="base64">${toLines(toBase64(bytes))}</string>`
}

/** A `<unicode>` element; in base64 if XML cannot hold its characters. */
export function unicodeElement(text: string, compat: Compat, id = ''): string {
  if (!forbidden.test(text)) return `<unicode${id}>${escapeText(text, compat)}</unicode>`
  return `<unicode${id} encoding="base64">${toLines(toBase64(encodeWtf8(text)))}</unicode>`
}

function escapeText(text: string, compat: Compat): string {
  const isClosing = text.includes(']]>')
  if (!special.test(text) && !(isClosing && compat === 'fixed')) return text
  if (!isClosing && !text.includes('\r')) return `<![CDATA[${text}]]>`
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('\r', '&#x0d;')
  return compat === 'fixed' ? escaped.replaceAll(']]>', ']]&gt;') : escaped
}

function toLines(text: string): string {
  return text.length <= 76 ? text : (text.match(/.{1,76}/g) as string[]).join('\n')
}

/** UTF-8 in which a surrogate without a partner has three bytes, as Python 2 writes it. */
function encodeWtf8(text: string): Uint8Array {
  if (!/\p{Surrogate}/u.test(text)) return new TextEncoder().encode(text)
  const parts: Uint8Array[] = []
  for (const part of text.split(/(\p{Surrogate})/u)) {
    const unit = part.charCodeAt(0)
    const isLone = part.length === 1 && unit >= 0xd800 && unit <= 0xdfff
    parts.push(isLone ? Uint8Array.of(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63)) : new TextEncoder().encode(part))
  }
  return concat(parts)
}

/** Text of what {@link encodeWtf8} writes. @throws TypeError if the bytes are no such text */
export function decodeWtf8(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  let start = 0
  for (let i = 0; i + 2 < bytes.length; i++) {
    const second = bytes[i + 1] as number
    if (bytes[i] !== 0xed || second < 0xa0 || second > 0xbf) continue
    text += decoder.decode(bytes.subarray(start, i)) + String.fromCharCode(0xd000 | ((second & 63) << 6) | ((bytes[i + 2] as number) & 63))
    start = i + 3
    i += 2
  }
  return text + decoder.decode(bytes.subarray(start))
}

/** One array of several. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
