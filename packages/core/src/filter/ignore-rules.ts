import { parentPath } from '../path.ts'
import type { Path } from '../protocol.ts'
import { DirectoryMemo } from './directory-memo.ts'
import { type Rule, RuleSet, type Verdict } from './rule-set.ts'

/** Where a rule is written: the path of an ignore file, or `options`; the line counts from 1. */
export interface RuleOrigin {
  readonly file: Path | 'options'
  readonly line: number
}

/** Why a path is ignored, or which rule keeps it. */
export interface IgnoreExplanation {
  readonly ignored: boolean
  /** The rule that decided, as written. Absent if no rule matches. */
  readonly pattern?: string
  readonly origin?: RuleOrigin
  /** The path that the rule matched: the path asked for, or a directory above it. Absent if no rule matches. */
  readonly matched?: Path
}

/** Rules from one place. */
export interface RuleSource {
  readonly file: Path | 'options'
  /** The directory that the patterns are relative to. */
  readonly base: Path
  /** More than one where the sides differ and neither can be preferred: what any of them ignores is ignored. */
  readonly alternatives: readonly (readonly Rule[])[]
}

interface Level {
  readonly file: Path | 'options'
  readonly sets: readonly RuleSet[]
}

interface Directory {
  readonly ignored: boolean
  /** The rules for what lies in it, the strongest first. */
  readonly levels: readonly Level[]
}

/**
 * git-ignore rules of a whole tree: an ignore file's rules count for its directory and below, deeper files are stronger, `options` are the strongest,
 * and what lies below an ignored directory is ignored whatever else the rules say.
 */
export class IgnoreRules {
  /** In the order given. */
  readonly sources: readonly RuleSource[]
  readonly #directories: DirectoryMemo<Directory>

  /** Of two sources with the same base the later one is stronger. */
  constructor(sources: readonly RuleSource[]) {
    this.sources = sources.filter(source => source.alternatives.some(rules => rules.length > 0))
    const options: Level[] = []
    const byBase = new Map<Path, Level[]>()
    for (const { file, base, alternatives } of this.sources) {
      const level: Level = { file, sets: alternatives.map(rules => new RuleSet(base, rules)) }
      if (file === 'options') options.unshift(level)
      else byBase.set(base, [level, ...(byBase.get(base) ?? [])])
    }
    const files = (directory: Path): readonly Level[] => byBase.get(directory) ?? []
    this.#directories = new DirectoryMemo<Directory>({ ignored: false, levels: [...options, ...files('')] }, (directory, parent) => {
      if (parent.ignored || verdictOf(parent.levels, directory, true) === 'ignore') return { ignored: true, levels: [] }
      const own = files(directory)
      if (own.length === 0) return { ignored: false, levels: parent.levels }
      return { ignored: false, levels: [...options, ...own, ...parent.levels.slice(options.length)] }
    })
  }

  /** Whether the path is ignored, by a rule for it or for a directory above it. The root never is. */
  ignores(path: Path, isDirectory: boolean): boolean {
    if (this.sources.length === 0 || path === '') return false
    const directory = this.#directories.holding(path)
    return directory.ignored || verdictOf(directory.levels, path, isDirectory) === 'ignore'
  }

  /** As {@link ignores}, with the rule that decided. Slower: for questions of people. */
  explain(path: Path, isDirectory: boolean): IgnoreExplanation {
    if (path === '') return { ignored: false }
    const parent = parentPath(path)
    if (this.#directories.of(parent).ignored) return this.explain(parent, true)
    for (const level of this.#directories.of(parent).levels) {
      const verdict = verdictAt(level, path, isDirectory)
      if (verdict === undefined) continue
      for (const set of level.sets) {
        const rule = set.lastMatch(path, isDirectory)
        if (rule === undefined || rule.negative !== (verdict === 'keep')) continue
        return { ignored: verdict === 'ignore', pattern: rule.pattern, origin: { file: level.file, line: rule.line }, matched: path }
      }
    }
    return { ignored: false }
  }
}

/** The strongest level that says anything decides. */
function verdictOf(levels: readonly Level[], path: Path, isDirectory: boolean): Verdict {
  for (const level of levels) {
    const verdict = verdictAt(level, path, isDirectory)
    if (verdict !== undefined) return verdict
  }
  return undefined
}

/** Of alternatives, one is enough to ignore, and all are needed to keep: ignoring too much loses nothing. */
function verdictAt(level: Level, path: Path, isDirectory: boolean): Verdict {
  let verdict: Verdict
  for (const [index, set] of level.sets.entries()) {
    const own = set.verdict(path, isDirectory)
    if (own === 'ignore') return 'ignore'
    verdict = index === 0 || own === verdict ? own : undefined
  }
  return verdict
}
