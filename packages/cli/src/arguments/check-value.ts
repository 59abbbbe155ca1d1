import { UsageError } from '../usage-error.ts'
import { suggest } from './suggest.ts'

interface ValueSpec {
  readonly value?: string
  readonly choices?: readonly string[]
}

/**
 * The value of an option as parsed; "" for an option without a value.
 *
 * @param rawName - the option as written: `-x` or `--exclude`
 * @param isInline - whether it was written `--name=value`
 * @throws UsageError if a value is missing or superfluous, or if it is the next option
 */
export function checkValue({ value: placeholder, choices }: ValueSpec, rawName: string, value: string | undefined, isInline: boolean): string {
  if (placeholder === undefined) {
    // parseArgs hands on "--json=1" in its tolerant mode.
    if (isInline && value !== undefined && value !== '') throw new UsageError(`${rawName} takes no value, got ${JSON.stringify(value)}`)
    return ''
  }
  if (value === undefined || value === '') throw new UsageError(`${rawName} needs a value: ${rawName} ${choices?.join('|') ?? placeholder}`)
  if (!isInline && value.length > 1 && value.startsWith('-')) {
    throw new UsageError(`${rawName} needs a value, got the option ${value}`, `If that is the value, write ${rawName}=${value}.`)
  }
  return value
}

/** @throws UsageError naming the values there are, and the one that was probably meant */
export function checkChoice({ choices }: ValueSpec, rawName: string, value: string): void {
  if (choices === undefined || choices.includes(value)) return
  const near = suggest(value, choices)
  const list = `Use one of: ${choices.join(', ')}.`
  throw new UsageError(`unknown value ${JSON.stringify(value)} of ${rawName}`, near === undefined ? list : `Did you mean ${near}? ${list}`)
}
