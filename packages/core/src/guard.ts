import type { Refusal, SyncConfig } from './engine-types.ts'
import { otherSide, type Side } from './modes.ts'
import type { Plan, PlanItem } from './plan.ts'
import type { Path } from './protocol.ts'

/** What the guards judge beside the plan. */
export interface GuardFacts {
  readonly plan: Plan
  readonly config: Pick<SyncConfig, 'maxDelete' | 'allowEmpty' | 'maxBytes'>
  /** Sides whose root was not there although the state knows what was in it. */
  readonly vanished: readonly Side[]
  /** Names that a side cannot hold beside each other. */
  readonly collisions: readonly { readonly side: Side; readonly paths: readonly Path[] }[]
  /** Names that a side cannot hold at all, with the reason. */
  readonly forbidden: readonly { readonly side: Side; readonly path: Path; readonly reason: string }[]
  /** Bytes available, where the store tells. */
  readonly free: Readonly<Partial<Record<Side, number>>>
}

const defaultMaxDelete = { share: 0.5, of: 10 }

/** Judges a finished plan. Every refusal names the numbers and the option that overrides it; with any of them nothing is changed. Pure. */
export function guardPlan(facts: GuardFacts): Refusal[] {
  return [
    ...vanishedRoots(facts),
    ...emptiedSides(facts),
    ...tooManyDeletions(facts),
    ...collidingNames(facts),
    ...forbiddenNames(facts),
    ...lackOfSpace(facts),
    ...tooManyBytes(facts),
  ]
}

function vanishedRoots({ plan, config, vanished }: GuardFacts): Refusal[] {
  if (config.allowEmpty === true) return []
  return vanished.map(side => ({
    guard: 'vanished-root',
    side,
    message: `the ${side} ${plan[side].name} does not exist any more, but held ${plan[side].known} paths at the last sync; is the disk mounted?`,
    limit: plan[side].known,
    actual: 0,
    override: '--allow-empty',
  }))
}

/** A side that has nothing at all never empties the other one, whether it was emptied since the last sync or never had anything. */
function emptiedSides({ plan, config, vanished }: GuardFacts): Refusal[] {
  if (config.allowEmpty === true) return []
  const refusals: Refusal[] = []
  for (const side of ['source', 'destination'] as const) {
    if (plan[side].entries > 0 || vanished.includes(side)) continue
    const deletions = deletionsOn(plan, otherSide(side)).length
    if (deletions === 0) continue
    const was = plan[side].known > 0 ? `had ${plan[side].known} paths at the last sync and is empty now` : 'is empty'
    refusals.push({
      guard: 'emptied-side',
      side,
      message: `the ${side} ${plan[side].name} ${was}, so ${deletions} ${deletions === 1 ? 'path' : 'paths'} would be deleted at the ${otherSide(side)}`,
      limit: 0,
      actual: deletions,
      override: '--allow-empty',
    })
  }
  return refusals
}

function tooManyDeletions({ plan, config }: GuardFacts): Refusal[] {
  const { maxDelete = defaultMaxDelete, allowEmpty } = config
  const refusals: Refusal[] = []
  for (const side of ['source', 'destination'] as const) {
    // Who accepts an emptied side accepts what it deletes on the other, unless a limit was asked for too.
    if (allowEmpty === true && config.maxDelete === undefined && plan[otherSide(side)].entries === 0) continue
    const deletions = deletionsOn(plan, side).length
    const { entries } = plan[side]
    const [limit, text] =
      typeof maxDelete === 'number'
        ? [maxDelete, `${maxDelete}`]
        : entries < (maxDelete.of ?? 0)
          ? [Infinity, '']
          : [Math.floor(maxDelete.share * entries), `${Math.round(maxDelete.share * 1000) / 10} % of ${entries}`]
    if (deletions <= limit) continue
    refusals.push({
      guard: 'max-delete',
      side,
      message: `${deletions} of ${entries} paths would be deleted at the ${side} ${plan[side].name}; the limit is ${text}`,
      limit: text,
      actual: deletions,
      override: `--max-delete ${deletions}`,
    })
  }
  return refusals
}

/** A rename is no deletion; what makes room for another kind is one. */
function deletionsOn(plan: Plan, side: Side): PlanItem[] {
  const action = side === 'source' ? 'DELETE_SOURCE' : 'DELETE_DESTINATION'
  return plan.items.filter(item => item.action === action)
}

function collidingNames({ collisions, plan }: GuardFacts): Refusal[] {
  return collisions.map(({ side, paths }) => ({
    guard: 'collision',
    side,
    message: `the ${side} ${plan[side].name} cannot hold names that differ only in case or Unicode form: ${paths.map(path => JSON.stringify(path)).join(' and ')}; rename one, or leave one out`,
    limit: 1,
    actual: paths.length,
    override: '--exclude',
    paths,
  }))
}

function forbiddenNames({ forbidden, plan }: GuardFacts): Refusal[] {
  return forbidden.map(({ side, path, reason }) => ({
    guard: 'forbidden-name',
    side,
    message: `the ${side} ${plan[side].name} cannot hold ${JSON.stringify(path)}: ${reason}; rename it, or leave it out`,
    limit: 0,
    actual: 1,
    override: '--exclude',
    paths: [path],
  }))
}

function lackOfSpace({ plan, free }: GuardFacts): Refusal[] {
  const refusals: Refusal[] = []
  for (const side of ['source', 'destination'] as const) {
    const available = free[side]
    if (available === undefined) continue
    const needed = plan.items.reduce(
      (sum, item) => sum + (item.action.startsWith(side === 'destination' ? 'UPLOAD' : 'DOWNLOAD') ? growth(item, side) : 0),
      0,
    )
    if (needed <= available) continue
    refusals.push({
      guard: 'no-space',
      side,
      message: `the ${side} ${plan[side].name} has ${available} bytes free, and ${needed} are needed; free some, or sync less`,
      limit: available,
      actual: needed,
      override: '--ignore-space',
    })
  }
  return refusals
}

/** What an item adds to a side: what is replaced without being kept makes room. */
function growth(item: PlanItem, side: Side): number {
  const old = item[side]
  return item.size - (old?.kind === 'file' && item.trash !== true ? old.size : 0)
}

function tooManyBytes({ plan, config }: GuardFacts): Refusal[] {
  const { maxBytes } = config
  if (maxBytes === undefined || plan.counts.bytes <= maxBytes) return []
  return [
    {
      guard: 'max-bytes',
      message: `${plan.counts.bytes} bytes would be moved; the limit is ${maxBytes}`,
      limit: maxBytes,
      actual: plan.counts.bytes,
      override: `--max-bytes ${plan.counts.bytes}`,
    },
  ]
}
