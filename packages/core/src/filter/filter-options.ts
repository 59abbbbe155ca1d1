import type { SyncConfig } from '../engine-types.ts'
import { pathProblem } from '../path.ts'
import type { Path } from '../protocol.ts'
import { type Rule, parseRule } from './rule-set.ts'

/** What of the configuration decides which paths take part. */
export type FilterConfig = Pick<
  SyncConfig,
  'ignore' | 'ignoreFile' | 'include' | 'exclude' | 'minSize' | 'maxSize' | 'modifiedAfter' | 'modifiedBefore' | 'filesToSkip'
>

/** Bounds of what a file may be; both ends belong to it. */
export interface FileLimits {
  /** Bytes. */
  readonly minSize?: number
  readonly maxSize?: number
  /** Milliseconds since the Unix epoch. */
  readonly modifiedAfter?: number
  readonly modifiedBefore?: number
}

/** Patterns from options as rules; the line is the position in the list, from 1. @throws TypeError naming the pattern that is none */
export function patternRules(patterns: readonly string[] | undefined): readonly Rule[] {
  const rules: Rule[] = []
  for (const [index, pattern] of (patterns ?? []).entries()) {
    if (typeof pattern !== 'string') throw new TypeError(`ignore pattern ${index + 1} must be a string, got ${describe(pattern)}`)
    if (/[\r\n]/.test(pattern)) throw new TypeError(`ignore pattern ${describe(pattern)} has a line break; give each pattern by itself`)
    const rule = parseRule(pattern, index + 1)
    if (rule !== undefined) rules.push(rule)
  }
  return rules
}

/** Checks the name of the ignore files; `undefined` if none are read. @throws TypeError */
export function ignoreFileName(name: string | false | undefined): string | undefined {
  if (name === false) return undefined
  if (name === undefined) return '.syncignore'
  if (typeof name !== 'string' || name === '' || name.includes('/') || pathProblem(name) !== undefined) {
    throw new TypeError(`ignoreFile must be the name of a file, without "/", got ${describe(name)}`)
  }
  return name
}

/** Checks sizes and times. @throws TypeError naming the option */
export function fileLimits({ minSize, maxSize, modifiedAfter, modifiedBefore }: FilterConfig): FileLimits {
  for (const [name, value] of Object.entries({ minSize, maxSize, modifiedAfter, modifiedBefore })) {
    if (value === undefined) continue
    if (typeof value !== 'number' || Number.isNaN(value)) throw new TypeError(`${name} must be a number, got ${describe(value)}`)
    if (name.endsWith('Size') && value < 0) throw new TypeError(`${name} must not be negative, got ${value}`)
  }
  if (minSize !== undefined && maxSize !== undefined && minSize > maxSize) {
    throw new TypeError(`minSize ${minSize} is above maxSize ${maxSize}: no file could be synced`)
  }
  if (modifiedAfter !== undefined && modifiedBefore !== undefined && modifiedAfter > modifiedBefore) {
    throw new TypeError(`modifiedAfter ${modifiedAfter} is later than modifiedBefore ${modifiedBefore}: no file could be synced`)
  }
  return {
    ...(minSize !== undefined && { minSize }),
    ...(maxSize !== undefined && { maxSize }),
    ...(modifiedAfter !== undefined && { modifiedAfter }),
    ...(modifiedBefore !== undefined && { modifiedBefore }),
  }
}

/** Paths to skip; a final "/" is dropped. @throws TypeError naming what is no path */
export function skippedPaths(paths: Iterable<Path> | undefined): ReadonlySet<Path> {
  const skipped = new Set<Path>()
  for (const path of paths ?? []) {
    if (typeof path !== 'string') throw new TypeError(`a path in filesToSkip must be a string, got ${describe(path)}`)
    const plain = path.endsWith('/') ? path.slice(0, -1) : path
    const problem = plain === '' ? 'it names the whole tree' : pathProblem(plain)
    if (problem !== undefined) throw new TypeError(`filesToSkip: ${describe(path)} is not a path to skip: ${problem}`)
    skipped.add(plain)
  }
  return skipped
}

/** A value for a message, cut where it is long. */
export function describe(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : typeof value === 'object' ? 'an object' : String(value)
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
}
