import { planFromLines, planToLines, type Plan } from '@syncline/core'
import { optionTable, type OptionName } from './arguments/option-table.ts'
import { OptionValues } from './arguments/option-values.ts'
import { UsageError } from './usage-error.ts'

/** A plan with what is needed to open the same pair again. */
export interface SavedPlan {
  readonly plan: Plan
  /** Absolute paths or URLs. */
  readonly source: string
  readonly destination: string
  /** Options of the call that made it. */
  readonly options: OptionValues
}

/** Options whose meaning depends on the moment or the directory of the call; what they came to is in the plan. */
const notKept: ReadonlySet<OptionName> = new Set(['out', 'exit-code', 'json', 'quiet', 'color', 'ascii', 'all', 'yes', 'dry-run', 'help', 'version'])

/** A plan file: lines of JSON, the first with places and options. */
export function* savePlan({ plan, source, destination, options }: SavedPlan): Generator<string, void, undefined> {
  const kept = options.names().filter(name => !notKept.has(name))
  yield* planToLines(plan, { call: { source, destination, options: Object.fromEntries(kept.map(name => [name, options.list(name)])) } })
}

/**
 * Reads a plan file.
 *
 * @throws UsageError naming the file and what is wrong with it
 */
export function loadPlan(text: string, file: string): SavedPlan {
  const broken = (reason: string, cause?: unknown): UsageError =>
    new UsageError(
      `the plan ${file} cannot be used: ${reason}`,
      'Make it again with syncline plan --out. Nothing was changed.',
      cause === undefined ? undefined : { cause },
    )
  let loaded: ReturnType<typeof planFromLines>
  try {
    loaded = planFromLines(text.split('\n'))
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error), error)
  }
  const { call, ...plan } = loaded
  if (!isCall(call)) throw broken('it does not say which places it is for')
  const options = new OptionValues()
  for (const [name, values] of Object.entries(call.options)) {
    if (!Object.hasOwn(optionTable, name)) throw broken(`it has the unknown option --${name}`)
    for (const value of values) options.add(name as OptionName, value)
  }
  return { plan: plan, source: call.source, destination: call.destination, options }
}

interface Call {
  readonly source: string
  readonly destination: string
  readonly options: Readonly<Record<string, readonly string[]>>
}

function isCall(value: unknown): value is Call {
  if (typeof value !== 'object' || value === null) return false
  const { source, destination, options } = value as Partial<Record<keyof Call, unknown>>
  if (typeof source !== 'string' || typeof destination !== 'string' || typeof options !== 'object' || options === null) return false
  return Object.values(options).every(values => Array.isArray(values) && values.every(item => typeof item === 'string'))
}
