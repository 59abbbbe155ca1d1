import { UnpicklingError } from './errors.ts'
import { positionOf } from './position.ts'
import type { Syntax } from './untag.ts'

/**
 * JSON with the place of each value. Unlike `JSON.parse` it takes no name twice, and no integer that a number cannot hold.
 *
 * @throws UnpicklingError naming line and column
 */
export function parseJson(text: string, maxDepth: number): Syntax {
  return new JsonParser(text, maxDepth).parse()
}

// JSON forbids control characters in strings.
// eslint-disable-next-line no-control-regex
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const numberPattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const words: Readonly<Record<string, null | boolean>> = { null: null, true: true, false: false }

class JsonParser {
  readonly #text: string
  readonly #maxDepth: number
  #at = 0
  #depth = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  parse(): Syntax {
    if (this.#text.startsWith('\ufeff')) this.#at = 1
    const value = this.#value()
    if (this.#next() !== '') throw this.#error('the value ends here, and more follows')
    return value
  }

  #value(): Syntax {
    const first = this.#next()
    const offset = this.#at
    if (first === '{' || first === '[') {
      if (++this.#depth > this.#maxDepth) throw this.#error('values are nested too deep; allow more with maxDepth')
      this.#at++
      const value = first === '{' ? this.#map(offset) : this.#list(offset)
      this.#depth--
      return value
    }
    if (first === '"') return { type: 'scalar', value: this.#string(), offset }
    if (first === '-' || (first >= '0' && first <= '9')) return { type: 'scalar', value: this.#number(), offset }
    for (const [word, value] of Object.entries(words)) {
      if (!this.#text.startsWith(word, offset)) continue
      this.#at += word.length
      return { type: 'scalar', value, offset }
    }
    throw this.#error(first === '' ? 'the text ends where a value is needed' : `${JSON.stringify(first)} begins no value`)
  }

  #list(offset: number): Syntax {
    const items: Syntax[] = []
    if (this.#next() === ']') this.#at++
    else for (let isMore = true; isMore; isMore = this.#isMore(']')) items.push(this.#value())
    return { type: 'list', items, offset }
  }

  #map(offset: number): Syntax {
    const entries = new Map<string, Syntax>()
    if (this.#next() === '}') this.#at++
    else
      for (let isMore = true; isMore; isMore = this.#isMore('}')) {
        if (this.#next() !== '"') throw this.#error('a name in quotes is needed here')
        const nameAt = this.#at
        const name = this.#string()
        if (entries.has(name)) throw this.#error(`the name ${JSON.stringify(name.slice(0, 60))} is there twice`, nameAt)
        if (this.#next() !== ':') throw this.#error('":" is needed here')
        this.#at++
        entries.set(name, this.#value())
      }
    return { type: 'map', entries, offset }
  }

  #isMore(end: string): boolean {
    const next = this.#next()
    if (next !== ',' && next !== end)
      throw this.#error(next === '' ? 'the text ends inside a value' : `"," or "${end}" is needed here, not ${JSON.stringify(next)}`)
    this.#at++
    return next === ','
  }

  #string(): string {
    const { offset, matched } = this.#match(stringPattern)
    if (matched === undefined) throw this.#error('a string that is not well-formed begins here', offset)
    return JSON.parse(matched[0]) as string
  }

  #number(): number {
    const { offset, matched } = this.#match(numberPattern)
    if (matched === undefined) throw this.#error('a number that is not well-formed begins here', offset)
    const value = Number(matched[0])
    if (matched[1] === undefined && matched[2] === undefined && !Number.isSafeInteger(value))
      throw this.#error(`a number cannot hold the integer ${matched[0].slice(0, 60)}; write {"$bigint": "…"}`, offset)
    if (!Number.isFinite(value)) throw this.#error(`the number ${matched[0].slice(0, 60)} is too big`, offset)
    return value
  }

  #match(pattern: RegExp): { readonly offset: number; readonly matched: RegExpExecArray | undefined } {
    const offset = this.#at
    pattern.lastIndex = offset
    const matched = pattern.exec(this.#text) ?? undefined
    if (matched !== undefined) this.#at = pattern.lastIndex
    return { offset, matched }
  }

  /** The next character that is no white space, which is not passed; empty at the end. */
  #next(): string {
    for (;;) {
      const character = this.#text.charAt(this.#at)
      if (character !== ' ' && character !== '\n' && character !== '\r' && character !== '\t') return character
      this.#at++
    }
  }

  #error(message: string, offset: number = this.#at): UnpicklingError {
    return new UnpicklingError(message, positionOf(this.#text, offset))
  }
}
