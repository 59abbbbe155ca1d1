import { Minimatch } from 'minimatch'
import type { Path } from '../protocol.ts'
import { DirectoryMemo } from './directory-memo.ts'
import { describe } from './filter-options.ts'

/** One platform for all, so that a pattern means the same everywhere: "/" separates and "\" escapes. */
const globOptions = { dot: true, nonegate: true, nocomment: true, platform: 'linux' } as const

interface Glob {
  readonly text: string
  readonly matcher: Minimatch
  /** Written with a final "/". */
  readonly directoryOnly: boolean
}

interface Directory {
  readonly hidden: boolean
  /** Everything below takes part, unless it is excluded. */
  readonly included: boolean
}

/** Why globs hide a path. */
export interface GlobReason {
  readonly by: 'exclude' | 'include'
  /** The glob that excludes it; absent where it is in no `include`. */
  readonly pattern?: string
  /** The path that decided: the path asked for, or a directory above it. */
  readonly matched: Path
}

/** The globs of the options: `include` names what takes part, `exclude` what does not, and `exclude` wins. */
export class GlobRules {
  readonly isEmpty: boolean
  readonly #include: readonly Glob[]
  readonly #exclude: readonly Glob[]
  readonly #directories: DirectoryMemo<Directory>

  /** @throws TypeError naming the glob that cannot be used */
  constructor(include: readonly string[] = [], exclude: readonly string[] = []) {
    this.#include = include.map(text => toGlob('include', text))
    this.#exclude = exclude.map(text => toGlob('exclude', text))
    this.isEmpty = include.length === 0 && exclude.length === 0
    this.#directories = new DirectoryMemo<Directory>({ hidden: false, included: include.length === 0 }, (directory, parent) => ({
      hidden: parent.hidden || this.#hidesIn(parent, directory, true),
      included: parent.included || anyMatches(this.#include, directory, true),
    }))
  }

  /** Whether the path is left out. What lies in a directory that is left out is left out. */
  hides(path: Path, isDirectory: boolean): boolean {
    if (this.isEmpty || path === '') return false
    const directory = this.#directories.holding(path)
    return directory.hidden || this.#hidesIn(directory, path, isDirectory)
  }

  /** What hides the path; `undefined` if nothing does. */
  explain(path: Path, isDirectory: boolean): GlobReason | undefined {
    if (!this.hides(path, isDirectory)) return undefined
    const end = path.lastIndexOf('/')
    if (end !== -1 && this.hides(path.slice(0, end), true)) return this.explain(path.slice(0, end), true)
    const excluding = this.#exclude.find(glob => matches(glob, path, isDirectory))
    return excluding === undefined ? { by: 'include', matched: path } : { by: 'exclude', pattern: excluding.text, matched: path }
  }

  #hidesIn(directory: Directory, path: Path, isDirectory: boolean): boolean {
    if (anyMatches(this.#exclude, path, isDirectory)) return true
    if (directory.included || anyMatches(this.#include, path, isDirectory)) return false
    // A directory stays visible while something below it could be included.
    return !isDirectory || !this.#include.some(glob => glob.matcher.match(path, true))
  }
}

function anyMatches(globs: readonly Glob[], path: Path, isDirectory: boolean): boolean {
  for (const glob of globs) if (matches(glob, path, isDirectory)) return true
  return false
}

function matches(glob: Glob, path: Path, isDirectory: boolean): boolean {
  return (isDirectory || !glob.directoryOnly) && glob.matcher.match(path)
}

function toGlob(option: 'include' | 'exclude', text: unknown): Glob {
  if (typeof text !== 'string') throw new TypeError(`a glob in ${option} must be a string, got ${describe(text)}`)
  const plain = text.replace(/^(?:\.?\/+)+/, '').replace(/\/+$/, '')
  if (plain === '') throw new TypeError(`${option}: ${describe(text)} is an empty glob; use "**" for everything`)
  if (plain.split('/').some(segment => segment === '.' || segment === '..'))
    throw new TypeError(`${option}: the glob ${describe(text)} has a "." or ".." segment and could match nothing`)
  if (text.startsWith('!') && !text.startsWith('!(')) {
    const other = option === 'include' ? 'exclude' : 'include'
    throw new TypeError(
      `${option}: the glob ${describe(text)} starts with "!"; put it into ${other} without it, or write "\\!" for a name that starts so`,
    )
  }
  try {
    return { text, matcher: new Minimatch(plain, globOptions), directoryOnly: text.endsWith('/') }
  } catch (error) {
    throw new TypeError(`${option}: the glob ${describe(text)} cannot be used: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
