import { StorageError } from '../errors.ts'
import { parentPath } from '../path.ts'
import type { AbortOptions, Path, ReadableStorage } from '../protocol.ts'
import { patternRules } from './filter-options.ts'
import { readRulesText } from './ignore-files.ts'
import { type IgnoreExplanation, IgnoreRules, type RuleSource } from './ignore-rules.ts'
import { parseRules } from './rule-set.ts'

/**
 * git-ignore rules from patterns and ignore files, to ask which paths they ignore.
 *
 * The rules of a file count for its directory and below; deeper files are stronger, and patterns that were added by themselves are the strongest.
 * The last match wins, and nothing below an ignored directory can be kept.
 *
 * @example
 * const rules = new IgnoreFileManager()
 * rules.addPatterns(['*.log', '!critical.log'])
 * rules.shouldIgnore('server/error.log') // true
 * rules.shouldIgnore('critical.log') // false
 */
export class IgnoreFileManager {
  #patterns: string[] = []
  #files: RuleSource[] = []
  #rules: IgnoreRules | undefined

  /** Adds one pattern. @throws TypeError if it is no string, has a line break, or is too long */
  addPattern(pattern: string): void {
    this.addPatterns([pattern])
  }

  /** Adds patterns, each stronger than the ones before. @throws TypeError as {@link addPattern}; then none is added */
  addPatterns(patterns: Iterable<string>): void {
    const added = [...patterns]
    patternRules(added)
    this.#patterns.push(...added)
    this.#rules = undefined
  }

  /** Adds the rules of an ignore file's text; `base` is the directory they are relative to, default the root. */
  loadFromText(text: string, base: Path = ''): void {
    this.#load({ file: base === '' ? '.syncignore' : `${base}/.syncignore`, base, alternatives: [parseRules(text)] })
  }

  /**
   * Adds the rules of an ignore file; they are relative to the file's directory.
   *
   * @throws StorageError if it cannot be read, is no file, or is not UTF-8; then no rule is added
   */
  async loadFromFile(storage: ReadableStorage, path: Path, options: AbortOptions = {}): Promise<void> {
    const text = await readRulesText(storage, path, options)
    if (text === undefined) throw new StorageError('NOT_FOUND', `there is no ignore file ${JSON.stringify(path)} in ${storage.name}`, { path })
    this.#load({ file: path, base: parentPath(path), alternatives: [parseRules(text)] })
  }

  /** Whether the path is ignored. A final "/" says that it is a directory, as `isDirectory` does. */
  shouldIgnore(path: Path, isDirectory = false): boolean {
    const { plain, directory } = readDirectoryMark(path, isDirectory)
    return this.#current().ignores(plain, directory)
  }

  /** As {@link shouldIgnore}, with the rule that decided and where it is written. */
  explain(path: Path, isDirectory = false): IgnoreExplanation {
    const { plain, directory } = readDirectoryMark(path, isDirectory)
    return this.#current().explain(plain, directory)
  }

  /** Forgets all rules. */
  clear(): void {
    this.#patterns = []
    this.#files = []
    this.#rules = undefined
  }

  /** Every pattern, the strongest last: those of the files in the order loaded, then those added by themselves. */
  get patterns(): readonly string[] {
    return [...this.#files.flatMap(({ alternatives }) => alternatives.flat()), ...patternRules(this.#patterns)].map(rule => rule.pattern)
  }

  #load(source: RuleSource): void {
    this.#files.push(source)
    this.#rules = undefined
  }

  #current(): IgnoreRules {
    return (this.#rules ??= new IgnoreRules([...this.#files, { file: 'options', base: '', alternatives: [patternRules(this.#patterns)] }]))
  }
}

function readDirectoryMark(path: Path, isDirectory: boolean): { readonly plain: Path; readonly directory: boolean } {
  return path.endsWith('/') ? { plain: path.slice(0, -1), directory: true } : { plain: path, directory: isDirectory }
}
