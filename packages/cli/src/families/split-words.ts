import { commonOptions, type CommonOption } from './common-options.ts'

/** A command line up to its first word that is no option. */
export interface SplitWords {
  /** Common options in front of the word, with their long names. */
  readonly leading: readonly string[]
  /** Undefined where another option comes first, or nothing. */
  readonly word: string | undefined
  readonly rest: readonly string[]
}

/**
 * Finds the word that decides how the rest is to be understood. Only common options may stand before it: of any other one it is not known yet
 * whether it takes a value.
 */
export function splitWords(argv: readonly string[]): SplitWords {
  const leading: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (!word.startsWith('-') || word === '-') return { leading, word, rest: argv.slice(index + 1) }
    const name = longName(word)
    if (name === undefined) return { leading, word: undefined, rest: argv.slice(index) }
    leading.push(word.startsWith('--') ? word : `--${name}`)
    const value = argv[index + 1]
    if (commonOptions[name].value !== undefined && !word.includes('=') && value !== undefined) {
      leading.push(value)
      index++
    }
  }
  return { leading, word: undefined, rest: [] }
}

function longName(word: string): CommonOption | undefined {
  const names = Object.keys(commonOptions) as CommonOption[]
  const long = /^--([^=]+)/.exec(word)?.[1]
  return long === undefined ? names.find(candidate => commonOptions[candidate].short === word.slice(1)) : names.find(candidate => candidate === long)
}
