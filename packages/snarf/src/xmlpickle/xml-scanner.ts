import { UnpicklingError } from '../pickle/errors.ts'

const tokens = { open: 1, close: 2, end: 3 } as const

/** What the scanner stands on. */
export const token: Readonly<typeof tokens> = tokens

/** One of {@link token}. */
export type Token = (typeof tokens)[keyof typeof tokens]

const forbidden = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u
const declaration =
  /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.\d+"|'1\.\d+')(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>/
/** What a name may begin with, and hold, beyond ASCII (XML 1.0, fifth edition, productions 4 and 4a). */
const nameStart =
  /[\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]/uy
const nameMore = /[\xb7\u0300-\u036f\u203f\u2040]/y
const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/**
 * Walks through the elements of an XML document in which only some elements hold text.
 *
 * Well-formed documents without a DOCTYPE and without namespaces are taken; the five entities of XML and character references are all there is.
 * Nothing is kept but the names of the open elements.
 */
export class XmlScanner {
  readonly #text: string
  readonly #open: string[] = []
  #at = 0
  #isClosing = false
  #hasRoot = false
  /** Of the element stood on. */
  name = ''
  /** Where the element stood on begins. */
  offset = 0
  /** Name, value, name, value … of the element stood on. */
  readonly attributes: string[] = []

  /** @param text - any line breaks; surrogates in pairs only */
  constructor(text: string) {
    this.#text = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
    const bad = forbidden.exec(this.#text)
    if (bad !== null)
      throw this.error(`the character U+${bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')} is not allowed in XML`, bad.index)
    if (this.#text.startsWith('\ufeff')) this.#at = 1
    if (!this.#text.startsWith('<?xml', this.#at) || !/[ \t\n]/.test(this.#text.charAt(this.#at + 5))) return
    const match = declaration.exec(this.#text.slice(this.#at, this.#at + 1000))
    if (match === null) throw this.error('the XML declaration is malformed', this.#at)
    this.#at += match[0].length
  }

  /** Goes to the next start or end of an element, past white space, comments and processing instructions. */
  next(): Token {
    if (this.#isClosing) {
      this.#isClosing = false
      this.name = this.#open.pop() as string
      return token.close
    }
    const text = this.#text
    for (;;) {
      this.#skipSpace()
      this.offset = this.#at
      if (this.#at >= text.length) {
        if (this.#open.length > 0) throw this.error(`the document ends inside <${this.#open.at(-1) as string}>`)
        if (!this.#hasRoot) throw this.error('the document holds no element')
        return token.end
      }
      if (text.charCodeAt(this.#at) !== lessThan) throw this.#textError()
      const code = text.charCodeAt(this.#at + 1)
      if (code === slash) return this.#close()
      if (code !== exclamation && code !== question) return this.#start()
      this.#skipOther()
    }
  }

  /** The text of the element that was just opened, up to its end, which is passed. @throws UnpicklingError if it holds an element */
  readText(): string {
    if (this.#isClosing) {
      this.#isClosing = false
      this.#open.pop()
      return ''
    }
    const text = this.#text
    const { offset } = this
    let read = ''
    for (;;) {
      const end = text.indexOf('<', this.#at)
      if (end < 0) throw this.error(`the document ends inside <${this.#open.at(-1) as string}>`, text.length)
      if (end > this.#at) read += this.#decode(this.#at, end, true)
      this.#at = end
      const code = text.charCodeAt(end + 1)
      if (code === slash) {
        this.#close()
        this.offset = offset
        return read
      }
      if (text.startsWith('<![CDATA[', end)) {
        const last = text.indexOf(']]>', end)
        if (last < 0) throw this.error('a CDATA section does not end', end)
        read += text.slice(end + 9, last)
        this.#at = last + 3
      } else if (code === exclamation || code === question) this.#skipOther()
      else throw this.error(`<${this.#open.at(-1) as string}> holds text only, and an element begins here`, end)
    }
  }

  /** The value of an attribute of the element stood on. */
  attribute(name: string): string | undefined {
    const { attributes } = this
    for (let i = 0; i < attributes.length; i += 2) if (attributes[i] === name) return attributes[i + 1]
    return undefined
  }

  /** An error at a place of the document; without one at the element stood on. */
  error(message: string, offset: number = this.offset, cause?: unknown): UnpicklingError {
    const lineStart = this.#text.lastIndexOf('\n', offset - 1) + 1
    let line = 1
    for (let at = this.#text.indexOf('\n'); at >= 0 && at < lineStart; at = this.#text.indexOf('\n', at + 1)) line++
    const position = { line, column: offset - (offset === 0 ? 0 : lineStart) + 1 }
    return new UnpicklingError(message, position, cause === undefined ? undefined : { cause })
  }

  #skipSpace(): void {
    const text = this.#text
    let at = this.#at
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== space && code !== lineBreak && code !== tab) break
      at++
    }
    this.#at = at
  }

  #start(): Token {
    const text = this.#text
    if (this.#hasRoot && this.#open.length === 0) throw this.error('the document ends here, and another element follows')
    const nameEnd = this.#nameEnd(this.#at + 1)
    if (nameEnd === this.#at + 1) throw this.error('"<" begins no element')
    this.name = text.slice(this.#at + 1, nameEnd)
    this.attributes.length = 0
    this.#hasRoot = true
    this.#at = nameEnd
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === greaterThan) {
        this.#at++
        break
      }
      if (code === slash && text.charCodeAt(this.#at + 1) === greaterThan) {
        this.#at += 2
        this.#isClosing = true
        break
      }
      const before = this.#at
      this.#skipSpace()
      const next = text.charCodeAt(this.#at)
      if (next === greaterThan || next === slash) {
        if (next === slash && text.charCodeAt(this.#at + 1) !== greaterThan) throw this.error(`<${this.name}> is malformed`, this.#at)
        continue
      }
      if (this.#at >= text.length) throw this.error(`<${this.name} does not end`)
      if (before === this.#at) throw this.error(`<${this.name}> is malformed`, this.#at)
      this.#attribute()
    }
    this.#open.push(this.name)
    return token.open
  }

  #attribute(): void {
    const text = this.#text
    const start = this.#at
    const end = this.#nameEnd(start)
    const name = text.slice(start, end)
    if (name === '') throw this.error(`<${this.name}> is malformed`, start)
    this.#at = end
    this.#skipSpace()
    if (text.charAt(this.#at) !== '=') throw this.error(`the attribute ${name} has no value`, start)
    this.#at++
    this.#skipSpace()
    const quote = text.charAt(this.#at)
    if (quote !== '"' && quote !== "'") throw this.error(`the value of the attribute ${name} is not quoted`, this.#at)
    const last = text.indexOf(quote, this.#at + 1)
    if (last < 0) throw this.error(`the value of the attribute ${name} does not end`, this.#at)
    const less = text.slice(this.#at + 1, last).indexOf('<')
    if (less >= 0) throw this.error(`"<" is not allowed in the value of the attribute ${name}`, this.#at + 1 + less)
    if (this.attribute(name) !== undefined) throw this.error(`<${this.name}> has two attributes ${name}`, start)
    this.attributes.push(name, this.#decode(this.#at + 1, last, false))
    this.#at = last + 1
  }

  #close(): Token {
    const text = this.#text
    const open = this.#open.at(-1)
    const start = this.#at + 2
    if (open === undefined) throw this.error('an element ends that did not begin', this.#at)
    let at = start + open.length
    if (!text.startsWith(open, start) || this.#nameEnd(start) !== at) {
      const name = text.slice(start, this.#nameEnd(start))
      throw this.error(`<${open}> is open, and </${name}> does not end it`, this.#at)
    }
    if (text.charCodeAt(at) !== greaterThan) {
      this.#at = at
      this.#skipSpace()
      at = this.#at
      if (text.charCodeAt(at) !== greaterThan) throw this.error(`</${open} does not end`, start - 2)
    }
    this.#at = at + 1
    this.#open.pop()
    this.name = open
    return token.close
  }

  /** Past a comment or a processing instruction. */
  #skipOther(): void {
    const text = this.#text
    const start = this.#at
    if (text.startsWith('<!--', start)) {
      const end = text.indexOf('--', start + 4)
      if (end < 0) throw this.error('a comment does not end', start)
      if (text.charCodeAt(end + 2) !== greaterThan) throw this.error('"--" is not allowed in a comment', end)
      this.#at = end + 3
      return
    }
    if (text.startsWith('<![CDATA[', start)) throw this.#textError()
    if (text.startsWith('<!', start)) throw this.error('DOCTYPE and other declarations are not allowed: a pickle has no entities of its own', start)
    const end = text.indexOf('?>', start)
    if (end < 0) throw this.error('a processing instruction does not end', start)
    const targetEnd = this.#nameEnd(start + 2)
    const target = text.slice(start + 2, targetEnd)
    if (target === '' || (targetEnd !== end && !/[ \t\n]/.test(text.charAt(targetEnd))))
      throw this.error('a processing instruction has no name', start)
    if (target.toLowerCase() === 'xml') throw this.error('the XML declaration is not at the beginning', start)
    this.#at = end + 2
  }

  #textError(): UnpicklingError {
    const open = this.#open.at(-1)
    return this.error(open === undefined ? 'text is not allowed outside the document' : `<${open}> holds elements, and text begins here`, this.#at)
  }

  #nameEnd(start: number): number {
    const text = this.#text
    let at = start
    while (at < text.length) {
      const code = text.charCodeAt(at)
      if (code >= 128) {
        const length = foreignLength(text, at, at === start)
        if (length === 0) break
        at += length
        continue
      }
      const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === underscore || code === colon
      if (!isLetter && (at === start || !((code >= 48 && code <= 57) || code === 45 || code === 46))) break
      at++
    }
    return at
  }

  /** Text with its references replaced. In attributes each white space is a blank, as XML says. */
  #decode(start: number, end: number, isContent: boolean): string {
    let raw = this.#text.slice(start, end)
    if (isContent) {
      const bad = raw.indexOf(']]>')
      if (bad >= 0) throw this.error('"]]>" is not allowed in text', start + bad)
    } else if (/[\t\n]/.test(raw)) raw = raw.replace(/[\t\n]/g, ' ')
    if (!raw.includes('&')) return raw
    return raw.replace(/&([^;&]*)(;?)/g, (reference, name: string, semicolon: string, at: number) => {
      const value = semicolon === '' ? undefined : this.#entity(name)
      if (value !== undefined) return value
      throw this.error(`${JSON.stringify(reference.slice(0, 20))} is none of the five entities of XML and no character reference`, start + at)
    })
  }

  #entity(name: string): string | undefined {
    const value = Object.hasOwn(named, name) ? named[name] : undefined
    if (value !== undefined) return value
    const match = /^#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}))$/.exec(name)
    if (match === null) return undefined
    const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16)
    if (code > 0x10ffff) return undefined
    const character = String.fromCodePoint(code)
    return forbidden.test(character) ? undefined : character
  }
}

/** How many UTF-16 units of a name the character beyond ASCII is that stands there; 0 if names do not hold it. */
function foreignLength(text: string, at: number, isFirst: boolean): number {
  nameStart.lastIndex = at
  if (nameStart.test(text)) return nameStart.lastIndex - at
  nameMore.lastIndex = at
  return !isFirst && nameMore.test(text) ? 1 : 0
}

const tab = 9
const lineBreak = 10
const space = 32
const exclamation = 33
const slash = 47
const colon = 58
const greaterThan = 62
const lessThan = 60
const question = 63
const underscore = 95
