import ignore from 'ignore'
import type { Path } from '../protocol.ts'

/** One line of git-ignore rules that is neither blank nor a comment. */
export interface Rule {
  readonly pattern: string
  /** From 1. */
  readonly line: number
  /** It starts with "!": what it matches is kept. */
  readonly negative: boolean
}

/** What a set of rules says of a path; `undefined`: nothing. */
export type Verdict = 'ignore' | 'keep' | undefined

/** Characters of one pattern. A longer one is a file that holds something else than rules. */
const longestPattern = 65_536

/**
 * The library keeps an answer for every path it is asked. It starts afresh after this many, so that memory does not grow with the tree.
 * Starting afresh shares the compiled patterns.
 */
const rememberedPaths = 4096

const libraryOptions = { ignorecase: false, allowRelativePaths: true } as const

/**
 * Reads rules from the text of an ignore file.
 *
 * A byte order mark and CRLF line ends are left out. @throws TypeError if a line is too long, naming it
 */
export function parseRules(text: string): readonly Rule[] {
  const lines = (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).split('\n')
  const rules: Rule[] = []
  for (const [index, raw] of lines.entries()) {
    const rule = parseRule(raw, index + 1)
    if (rule !== undefined) rules.push(rule)
  }
  return rules
}

/** Reads one line; `undefined` for a blank line or a comment. */
export function parseRule(raw: string, line: number): Rule | undefined {
  const pattern = raw.endsWith('\r') ? raw.slice(0, -1) : raw
  if (pattern.startsWith('#') || /^ *$/.test(pattern)) return undefined
  if (pattern.length > longestPattern) {
    const start = JSON.stringify(`${pattern.slice(0, 40)}…`)
    throw new TypeError(`the ignore pattern in line ${line} is too long: ${start} has ${pattern.length} characters, the limit is ${longestPattern}`)
  }
  return { pattern, line, negative: pattern.startsWith('!') }
}

/** The rules of one text, matched against paths below the directory it belongs to. The last match wins. */
export class RuleSet {
  /** The directory that the rules are relative to. */
  readonly base: Path
  readonly rules: readonly Rule[]
  readonly #matcher: Matcher
  /** By index of the rule; made when first needed. */
  readonly #single: Matcher[] = []

  constructor(base: Path, rules: readonly Rule[]) {
    this.base = base
    this.rules = rules
    this.#matcher = new Matcher(rules.map(rule => rule.pattern))
  }

  /** What the last matching rule says of the path itself, whatever the rules say of its parents. The path lies below `base`. */
  verdict(path: Path, isDirectory: boolean): Verdict {
    const key = this.#keyOf(path, isDirectory)
    const { ignored, unignored } = this.#matcher.test(key)
    if (!ignored) return unignored ? 'keep' : undefined
    // The library also ignores what lies below a directory that these rules ignore. A stronger set may have kept that directory, and
    // then only a rule that matches the path itself counts.
    const parentEnd = key.lastIndexOf('/', key.length - 2)
    if (parentEnd <= 0 || !this.#matcher.test(key.slice(0, parentEnd + 1)).ignored) return 'ignore'
    const rule = this.lastMatch(path, isDirectory)
    return rule === undefined ? undefined : rule.negative ? 'keep' : 'ignore'
  }

  /** The last rule that matches the path itself. */
  lastMatch(path: Path, isDirectory: boolean): Rule | undefined {
    const key = this.#keyOf(path, isDirectory)
    for (let i = this.rules.length - 1; i >= 0; i--) {
      const rule = this.rules[i] as Rule
      // Alone and negated, a rule cannot ignore a parent, so "unignored" means that it matches the path itself.
      const single = (this.#single[i] ??= new Matcher([rule.negative ? rule.pattern : `!${rule.pattern}`]))
      if (single.test(key).unignored) return rule
    }
    return undefined
  }

  /** The path as the library wants it: relative to the base, a directory with a final "/". */
  #keyOf(path: Path, isDirectory: boolean): string {
    const relative = this.base === '' ? path : path.slice(this.base.length + 1)
    return isDirectory ? `${relative}/` : relative
  }
}

/** Compiled patterns whose memory of answers is bounded. */
class Matcher {
  readonly #patterns: ignore.Ignore
  #current: ignore.Ignore
  #asked = 0

  constructor(patterns: readonly string[]) {
    // The library drops a final CR from each pattern. The line's own is gone already, so it is given another one to drop.
    this.#patterns = ignore(libraryOptions).add(patterns.map(pattern => `${pattern}\r`))
    this.#current = this.#afresh()
  }

  test(path: string): ignore.TestResult {
    if (++this.#asked > rememberedPaths) {
      this.#current = this.#afresh()
      this.#asked = 0
    }
    return this.#current.test(path)
  }

  #afresh(): ignore.Ignore {
    return ignore(libraryOptions).add(this.#patterns)
  }
}
