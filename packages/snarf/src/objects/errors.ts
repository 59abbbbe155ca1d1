import type { Path } from '@syncline/core'

/** The content and the repository cannot be brought together, e.g. because an object exists already. */
export class SynchronizationError extends Error {
  override readonly name: string = 'SynchronizationError'
  /** In the repository, where one place is to blame. */
  readonly path: Path | undefined

  constructor(message: string, options: { readonly path?: Path; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.path = options.path
  }
}

/** There is no synchronizer for the class of an object, and no default one. */
export class MissingSynchronizerError extends SynchronizationError {
  override readonly name = 'MissingSynchronizerError'
  /** Dotted name. */
  readonly className: string

  constructor(className: string, options: { readonly path?: Path } = {}) {
    super(`there is no synchronizer for ${className}; register one, or a default one`, options)
    this.className = className
  }
}

/** The content or the repository is not what it was when it was checked or planned. Nothing has been changed. */
export class RevisionError extends SynchronizationError {
  override readonly name = 'RevisionError'
}

/** An error of Python with its arguments, of any type: what its text shows are their representations, as in the seed's `'1', '2', '3'`. */
export class PyError extends Error {
  override readonly name = 'PyError'
  readonly args: readonly unknown[]

  constructor(...args: readonly unknown[]) {
    super(args.map(pythonRepr).join(', '))
    this.args = args
  }
}

/** One path that could not be committed, and why. */
export interface PathError {
  /** In the repository. */
  readonly path: Path
  readonly error: unknown
}

/**
 * Some paths could not be committed. Nothing has been committed, and what was begun has been undone.
 *
 * The message lists every path: `test: '1', '2', '3'` for one; for several, one a line, each indented by four spaces, after an empty line.
 */
export class CommitError extends AggregateError {
  override readonly name = 'CommitError'
  readonly entries: readonly PathError[]
  /** Paths of objects that are not what they were before; empty but for synchronizers that load what they cannot dump. */
  readonly notUndone: readonly Path[]

  constructor(entries: readonly PathError[], notUndone: readonly Path[] = []) {
    const lines = entries.map(({ path, error }) => `${path}: ${formatArguments(error)}`)
    const text = lines.length === 1 ? (lines[0] as string) : lines.map(line => `\n    ${line}`).join('')
    super(
      entries.map(({ error }) => error),
      notUndone.length === 0 ? text : `${text}\n    not undone: ${notUndone.join(', ')}`,
    )
    this.entries = entries
    this.notUndone = notUndone
  }

  /** As the last lines of the original's traceback: `Exception: test: …` for one path, `Exceptions: …` for several. */
  override toString(): string {
    return `${this.entries.length === 1 ? 'Exception' : 'Exceptions'}: ${this.message}`
  }
}

/** What an error says: the representations of its `args` if it has an array of that name, else its message. */
function formatArguments(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'args' in error && Array.isArray(error.args)) return error.args.map(pythonRepr).join(', ')
  return error instanceof Error ? error.message : String(error)
}

/** A value as Python 2 shows it. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value === 'string') return stringRepr(value)
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`
  return String(value as unknown)
}

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let body = ''
  let prefix = ''
  for (const character of text) {
    const code = character.codePointAt(0) as number
    if (code > 0x7e) prefix = 'u'
    if (character === '\\' || character === quote) body += `\\${character}`
    else if (character === '\n') body += '\\n'
    else if (character === '\r') body += '\\r'
    else if (character === '\t') body += '\\t'
    else if (code < 0x20 || (code >= 0x7f && code < 0x100)) body += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code > 0xffff) body += `\\U${code.toString(16).padStart(8, '0')}`
    else if (code > 0x7e) body += `\\u${code.toString(16).padStart(4, '0')}`
    else body += character
  }
  return prefix + quote + body + quote
}
