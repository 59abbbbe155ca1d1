import { pathProblem } from './path.ts'
import { planPhases, SyncAction, type Plan, type PlanItem } from './plan.ts'

/**
 * A plan as lines of JSON: first the header, then one item a line, last a line that says how many there were, so that a file that was cut short is noticed.
 * `error` values of problem entries are left out.
 */
export function* planToLines(plan: Plan, extra: Readonly<Record<string, unknown>> = {}): Generator<string, void, undefined> {
  const { items, settled, ...header } = plan
  yield JSON.stringify({ type: 'plan', ...header, ...extra }, withoutErrors)
  for (const item of items) yield JSON.stringify({ type: 'item', ...item }, withoutErrors)
  for (const change of settled) yield JSON.stringify({ type: 'settled', ...change })
  yield JSON.stringify({ type: 'end', items: items.length, settled: settled.length })
}

/**
 * Reads what {@link planToLines} wrote.
 *
 * @throws TypeError naming the line and what is wrong with it
 */
export function planFromLines(lines: Iterable<string>): Plan & { readonly [extra: string]: unknown } {
  let header: Record<string, unknown> | undefined
  let end: { items?: unknown; settled?: unknown } | undefined
  const items: PlanItem[] = []
  const settled: Plan['settled'][number][] = []
  let number = 0
  for (const line of lines) {
    number++
    if (line.trim() === '') continue
    const { type, ...value } = parseLine(line, number)
    if (end !== undefined) throw new TypeError(`line ${number} of the plan comes after its end`)
    if (header === undefined) {
      if (type !== 'plan') throw new TypeError(`line ${number} is not the first line of a plan; was this file written by "plan --out"?`)
      if (value['version'] !== 1) throw new TypeError(`the plan has version ${JSON.stringify(value['version'])}; this program reads version 1`)
      header = value
    } else if (type === 'item') items.push(checkItem(value, number))
    else if (type === 'settled' && typeof value['path'] === 'string')
      settled.push({ path: value['path'], source: value['source'] as never, destination: value['destination'] as never })
    else if (type === 'end') end = value
    else throw new TypeError(`line ${number} of the plan is of unknown type ${JSON.stringify(type)}`)
  }
  if (header === undefined) throw new TypeError('the plan is empty')
  if (end?.items !== items.length || end.settled !== settled.length)
    throw new TypeError('the plan was cut short: its last line does not count what is in it; make it again')
  for (const key of ['pair', 'mode', 'comparison', 'source', 'destination', 'counts', 'migration'] as const) {
    if (header[key] === undefined) throw new TypeError(`the plan lacks ${JSON.stringify(key)}`)
  }
  return { ...(header as unknown as Omit<Plan, 'items' | 'settled'>), items, settled }
}

function parseLine(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // The message below names the line; what the parser says of its characters helps nobody.
  }
  throw new TypeError(`line ${number} of the plan is not a JSON object`)
}

function checkItem(value: Record<string, unknown>, number: number): PlanItem {
  const { action, path, from, phase, kind, size } = value
  const valid =
    typeof action === 'string' &&
    Object.hasOwn(SyncAction, action) &&
    isPath(path) &&
    (from === null || isPath(from)) &&
    (planPhases as readonly unknown[]).includes(phase) &&
    (kind === 'file' || kind === 'directory' || kind === 'symlink') &&
    typeof size === 'number' &&
    'source' in value &&
    'destination' in value
  if (!valid) throw new TypeError(`line ${number} of the plan is no item that can be carried out`)
  return value as unknown as PlanItem
}

/** A plan is a file that anybody may have edited: a path that leaves the root never gets as far as a storage. */
function isPath(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && pathProblem(value) === undefined
}

function withoutErrors(key: string, value: unknown): unknown {
  return key === 'error' ? undefined : value
}
