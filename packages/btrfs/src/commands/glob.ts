import type { RawPath } from '../stream/command.ts'
import { rawOf, textOf } from '../subvolume/raw-text.ts'

/** Whether there are wildcards in it. */
export function hasWildcard(text: string): boolean {
  return /[*?[]/.test(text)
}

/** What one character has to be, or any number of any characters. */
type Token = '*' | ((character: string) => boolean)

/**
 * Compares paths with a pattern of the shell: `*` is anything, slashes too; `?` is one character; `[a-c]` and `[!a-c]` are one of, or none of, these.
 * Upper and lower case differ. A "[" that nothing closes is itself.
 */
export function matcherOf(pattern: string): (path: RawPath) => boolean {
  const tokens = tokensOf([...pattern])
  // Names are bytes, and a pattern is text: where a name is no text, a byte counts as a character.
  return path => matches(tokens, [...(rawOf(textOf(path)) === path ? textOf(path) : path)])
}

function tokensOf(pattern: readonly string[]): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ''
    if (character === '*') tokens.push('*')
    else if (character === '?') tokens.push(() => true)
    else {
      const isNot = pattern[at + 1] === '!'
      const start = at + (isNot ? 2 : 1)
      // A "]" right at the start is one of the characters.
      const end = character === '[' ? pattern.indexOf(']', start + 1) : -1
      if (end === -1) tokens.push(other => other === character)
      else {
        const isIn = setOf(pattern.slice(start, end))
        tokens.push(isNot ? other => !isIn(other) : isIn)
        at = end
      }
    }
  }
  return tokens
}

function setOf(inside: readonly string[]): (character: string) => boolean {
  const ranges: [from: number, to: number][] = []
  for (let at = 0; at < inside.length; at++) {
    const from = codeOf(inside[at])
    const isRange = inside[at + 1] === '-' && at + 2 < inside.length
    ranges.push([from, isRange ? codeOf(inside[at + 2]) : from])
    if (isRange) at += 2
  }
  return character => ranges.some(([from, to]) => from <= codeOf(character) && codeOf(character) <= to)
}

function codeOf(character: string | undefined): number {
  return character?.codePointAt(0) ?? -1
}

/** Goes back to the last star only, so that no pattern takes long. */
function matches(tokens: readonly Token[], text: readonly string[]): boolean {
  let [token, at, star, starAt] = [0, 0, -1, 0]
  while (at < text.length) {
    const wanted = tokens[token]
    if (wanted === '*') {
      star = token++
      starAt = at
    } else if (wanted?.(text[at] ?? '') === true) {
      token++
      at++
    } else if (star === -1) return false
    else {
      token = star + 1
      at = ++starAt
    }
  }
  while (tokens[token] === '*') token++
  return token === tokens.length
}
