import { baseName, parentPath } from '../path.ts'
import type { FileEntry, Path } from '../protocol.ts'
import { digestOf } from './digest.ts'
import { type FileLimits, type FilterConfig, fileLimits, ignoreFileName, patternRules, skippedPaths } from './filter-options.ts'
import { GlobRules } from './glob-rules.ts'
import { IgnoreRules, type RuleOrigin } from './ignore-rules.ts'
import type { IgnoreFile } from './ignore-files.ts'
import { isOwnPath } from './own-names.ts'
import { parseRules } from './rule-set.ts'

/** Why a path takes no part. */
export interface FilterExplanation {
  readonly hidden: boolean
  /** What decided: the engine's own names, `filesToSkip`, `exclude`, being in no `include`, or an ignore rule (which may also keep a path). */
  readonly by?: 'own' | 'skip' | 'exclude' | 'include' | 'ignore'
  /** The path that decided: the path asked for, or a directory above it. */
  readonly matched?: Path
  /** The rule or glob, as written. */
  readonly pattern?: string
  /** Of an ignore rule. */
  readonly origin?: RuleOrigin
}

/**
 * Which paths take part in a run: built once, from the options and the texts of the ignore files, and the same for both sides and the stored state.
 *
 * A path that is hidden on either side is hidden on both: the caller asks for what each side has, and leaves the path alone if any answer is true.
 * Pure: what was answered once is answered again.
 */
export class Filter {
  /** Name of the ignore files; `undefined` if none are read. */
  readonly ignoreFileName: string | undefined
  /** The ignore files whose rules count here, for the state: the next run starts with them. */
  readonly ignoreFiles: readonly Path[]
  /** Stands for all rules and limits: another one than at the last run means that paths may have entered or left. `filesToSkip` is no part of it. */
  readonly digest: string
  readonly #rules: IgnoreRules
  readonly #globs: GlobRules
  readonly #skipped: ReadonlySet<Path>
  readonly #limits: FileLimits
  readonly #known: ReadonlySet<Path>

  /**
   * @param files - what `readIgnoreFiles` found
   * @throws TypeError naming the option, pattern or glob that cannot be used
   */
  constructor(config: FilterConfig = {}, files: readonly IgnoreFile[] = []) {
    this.ignoreFileName = ignoreFileName(config.ignoreFile)
    const used = this.ignoreFileName === undefined ? [] : files
    this.ignoreFiles = used.map(file => file.path)
    this.#known = new Set(this.ignoreFiles)
    this.#rules = new IgnoreRules([
      ...used.map(({ path, texts }) => ({ file: path, base: parentPath(path), alternatives: texts.map(parseRules) })),
      { file: 'options' as const, base: '', alternatives: [patternRules(config.ignore)] },
    ])
    this.#globs = new GlobRules(config.include, config.exclude)
    this.#skipped = skippedPaths(config.filesToSkip)
    this.#limits = fileLimits(config)
    const rules = this.#rules.sources.map(({ file, alternatives }) => [file, alternatives.map(list => list.map(rule => rule.pattern))])
    this.digest = digestOf(JSON.stringify([rules, config.include ?? [], config.exclude ?? [], this.#limits]))
  }

  /**
   * Whether a path takes no part, by its name. A directory that is hidden hides everything below it.
   *
   * For what may be a directory (an unreadable one is a problem entry), ask for both kinds and hide it if either answer is true.
   */
  hides(path: Path, isDirectory: boolean): boolean {
    return isOwnPath(path) || this.skips(path) || this.#globs.hides(path, isDirectory) || this.#rules.ignores(path, isDirectory)
  }

  /** Whether a file takes no part for its size or age. A file without a time is not judged by age. */
  hidesFile(entry: FileEntry): boolean {
    const { minSize, maxSize, modifiedAfter, modifiedBefore } = this.#limits
    if (minSize !== undefined && entry.size < minSize) return true
    if (maxSize !== undefined && entry.size > maxSize) return true
    if (entry.modified === undefined) return false
    return (modifiedAfter !== undefined && entry.modified < modifiedAfter) || (modifiedBefore !== undefined && entry.modified > modifiedBefore)
  }

  /** For `ListOptions.descend`: whether anything below the directory may take part. */
  readonly descend = (directory: Path): boolean => !this.hides(directory, true)

  /** Whether `filesToSkip` leaves the path alone. Unlike an ignored path it stays in the state, as the next run takes it up again. */
  skips(path: Path): boolean {
    return this.#skippedAt(path) !== undefined
  }

  /**
   * Whether the path is an ignore file that should have been read and was not: the filter has to be built again with it known.
   *
   * True also where a rule hides the file itself, as its rules count all the same; false below a hidden directory.
   */
  isNewIgnoreFile(path: Path, isDirectory = false): boolean {
    if (isDirectory || this.ignoreFileName === undefined || !path.endsWith(this.ignoreFileName)) return false
    return baseName(path) === this.ignoreFileName && !this.#known.has(path) && !this.hides(parentPath(path), true)
  }

  /** As {@link hides}, with the reason. Slower: for questions of people. */
  explain(path: Path, isDirectory: boolean): FilterExplanation {
    if (isOwnPath(path)) return { hidden: true, by: 'own', matched: path }
    const skipped = this.#skippedAt(path)
    if (skipped !== undefined) return { hidden: true, by: 'skip', matched: skipped }
    const glob = this.#globs.explain(path, isDirectory)
    if (glob !== undefined) return { hidden: true, ...glob }
    const { ignored, ...reason } = this.#rules.explain(path, isDirectory)
    return { hidden: ignored, ...(reason.pattern !== undefined && { by: 'ignore' as const }), ...reason }
  }

  /** The path of `filesToSkip` that covers a path. */
  #skippedAt(path: Path): Path | undefined {
    if (this.#skipped.size === 0) return undefined
    if (this.#skipped.has(path)) return path
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const directory = path.slice(0, end)
      if (this.#skipped.has(directory)) return directory
    }
    return undefined
  }
}
