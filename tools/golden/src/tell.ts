import { recording } from '@syncline/conformance'
import { memory, type PlanItem, SyncEngine, type SyncOptions, SyncPair, type SyncResult, type WritableStorage } from '@syncline/core'
import { expect } from 'vitest'
import { holds } from './facts.ts'
import type { ExpectedItem, Fact, Kept, Options, Scenario, Step, Tree } from './scenario.ts'
import type { Place } from './store.ts'
import { differences, edit, look, plant } from './tree.ts'

/** What a run did, as far as a scenario tells. */
export interface Outcome {
  readonly items: readonly Pick<PlanItem, 'action' | 'path' | 'from' | 'reason'>[]
  readonly exitCode: number
  /** For messages. */
  readonly details: string
}

/** How the runs of a scenario are made: by the library, or by the command. */
export interface Runner {
  run(options: Options): Promise<Outcome>
  /** A run in which nothing is to be done; resolves with the calls that were made beyond listing, if they can be seen. */
  rest(options: Options): Promise<Outcome & { readonly calls: readonly string[] }>
  /** Loses the state. */
  forget(): Promise<void>
}

/**
 * Tells a scenario between two places and compares everything that it says.
 *
 * @param coarse - a side lists times so coarsely, without versions, that files that were written a moment ago have to be looked at
 */
export async function tell(
  scenario: Scenario,
  source: Place,
  destination: Place,
  facts: ReadonlySet<Fact>,
  runner: Runner,
  coarse = false,
): Promise<void> {
  await plant(source.client, scenario.source)
  await plant(destination.client, scenario.destination)
  for (const [index, step] of scenario.steps.entries()) {
    const at = `step ${index + 1}`
    for (const change of step.edits?.source ?? []) await edit(source.client, change)
    for (const change of step.edits?.destination ?? []) await edit(destination.client, change)
    if (step.forget === true) await runner.forget()
    const options = { ...scenario.options, ...step.options }
    const ran = await runner.run(options)
    expect(worded(ran.items), `${at}: the plan`).toEqual(expectedItems(step.plan, facts))
    expect(ran.exitCode, `${at}: exit code; ${ran.details}`).toBe(step.exitCode ?? 0)
    await expectTrees(step, source, destination, facts, at)

    const rest = await runner.rest(options)
    expect(worded(rest.items), `${at}: the plan of the next run`).toEqual(expectedItems(whatRepeats(step), facts))
    expect(rest.exitCode, `${at}: exit code of the next run; ${rest.details}`).toBe(step.repeats === undefined ? 0 : (step.exitCode ?? 0))
    // To be sure of an open conflict, its files may be looked at again.
    const calls = rest.calls.filter(call => !isNeeded(call, step, coarse))
    if (step.repeats === undefined) expect(calls, `${at}: calls of the next run beyond listing`).toEqual([])
  }
  for (const side of ['source', 'destination'] as const) {
    const { trash } = await look((side === 'source' ? source : destination).view)
    // What replaces a file that cannot be proven to be unchanged is not its end.
    const kept = trash.filter(each => !coarse || !isOfNow(each, scenario))
    expect(kept, `the trash of the ${side}`).toEqual(expectedTrash(scenario.trash?.[side] ?? [], facts))
  }
}

function isOfNow(kept: string, { source, destination }: Scenario): boolean {
  return [source, destination].some(tree => Object.entries(tree).some(([path, word]) => word === `${kept.slice(path.length + 2)}@now`))
}

const looks: ReadonlySet<string> = new Set(['stat', 'hash', 'read'])

function isNeeded(call: string, { after }: Step, coarse: boolean): boolean {
  const trees = 'both' in after ? [after.both] : [after.source, after.destination]
  return (
    coarse &&
    trees.some(tree =>
      Object.entries(tree).some(([path, word]) => looks.has(call.slice(0, call.indexOf(' '))) && call.endsWith(` ${path}`) && word.endsWith('@now')),
    )
  )
}

async function expectTrees({ after }: Step, source: Place, destination: Place, facts: ReadonlySet<Fact>, at: string): Promise<void> {
  const trees: Readonly<Record<'source' | 'destination', Tree>> =
    'both' in after ? { source: after.both, destination: after.both } : { source: after.source, destination: after.destination }
  const found = { source: await look(source.view), destination: await look(destination.view) }
  for (const side of ['source', 'destination'] as const) {
    const { storage } = side === 'source' ? source : destination
    const sought = Object.fromEntries(Object.entries(trees[side]).map(([path, word]) => [copyName(path), word]))
    const named = {
      ...found[side],
      tree: renamed(found[side].tree),
      files: new Map([...found[side].files].map(([path, of]) => [copyName(path), of])),
    }
    const withDirectories = facts.has('directories') || ('emptyDirectories' in after && storage.capabilities.directories === true)
    expect(differences(named, sought, storage, withDirectories), `${at}: the tree of the ${side}`).toEqual([])
    expect(found[side].strange, `${at}: what should not be at the ${side}`).toEqual([])
  }
}

function renamed(tree: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).map(([path, word]) => [copyName(path), word]))
}

/** A conflict copy has the time of its run in its name. */
function copyName(path: string): string {
  return path.replace(/(\(conflict (?:source|destination)) \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\)/, '$1 TIME)')
}

/** Items as a scenario writes them, in an order that depends on nothing but them. */
function worded(items: Outcome['items']): ExpectedItem[] {
  return sorted(
    items.map(({ action, path, from, reason }) => ({
      action,
      path: copyName(path),
      ...(from !== null && { from }),
      reason: withoutEvidence(reason),
    })),
  )
}

function expectedItems(items: readonly ExpectedItem[], facts: ReadonlySet<Fact>): ExpectedItem[] {
  return sorted(items.filter(item => holds(item.when, facts)).map(({ when: _when, fails: _fails, ...item }) => item))
}

function expectedTrash(kept: readonly Kept[], facts: ReadonlySet<Fact>): string[] {
  return kept.flatMap(each => (typeof each === 'string' ? [each] : holds(each.when, facts) ? [each.kept] : [])).sort()
}

function whatRepeats({ repeats, plan }: Step): readonly ExpectedItem[] {
  return repeats === 'all' ? plan : repeats === 'open' ? plan.filter(item => item.action === 'CONFLICT' || item.fails === true) : []
}

/** What was compared, and by which evidence a rename was found, depends on what the stores know of their files. */
function withoutEvidence(reason: string): string {
  return reason.replace(/ \(.*\)/, '').replace(/^(renamed at the \w+): .*$/, '$1')
}

function sorted(items: readonly ExpectedItem[]): ExpectedItem[] {
  const keyOf = (item: ExpectedItem): string => `${item.path}\0${item.action}`
  return [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** Runs by the library. */
export function engineRunner(source: Place, destination: Place): Runner {
  let state = memory({ name: 'state' })
  const run = async (from: WritableStorage, to: WritableStorage, options: Options): Promise<SyncResult> => {
    const pair = new SyncPair({ source: from, destination: to, state, id: 'golden' })
    return new SyncEngine().syncPair(pair, options as SyncOptions)
  }
  return {
    run: async options => outcomeOf(await run(source.storage, destination.storage, options)),
    async rest(options) {
      const [from, to] = [recording(source.storage), recording(destination.storage)]
      const outcome = outcomeOf(await run(from, to, options))
      return { ...outcome, calls: [...from.log, ...to.log].filter(call => !isLooking(call)).map(({ method, path }) => `${method} ${path ?? ''}`) }
    },
    forget: () => {
      state = memory({ name: 'state' })
      return Promise.resolve()
    },
  }
}

/** Listing, on a side that stands still if it can, and looking at the rules that say what to list. */
function isLooking({ method, path }: { readonly method: string; readonly path: string | undefined }): boolean {
  return ['list', 'snapshot', 'close'].includes(method) || path?.endsWith('.syncignore') === true
}

function outcomeOf(result: SyncResult): Outcome {
  const { plan, exitCode, failures, stale, problems, refusals } = result
  const details = JSON.stringify({ failures, stale, problems, refusals: refusals.map(({ message }) => message) })
  return { items: plan.items, exitCode, details }
}
