import type { RawText } from '../stream/command.ts'
import { Chains } from './chains.ts'
import type { Dump } from './read-dumps.ts'

/** What has to be done, in which order, to have some volumes again. Plain data: nothing has happened yet. */
export interface RestorePlan {
  /** What a step starts from comes before it, or is there. */
  readonly steps: readonly Dump[]
  /** What is there already. */
  readonly present: readonly Dump[]
  /** What cannot be restored, and the volume at the far end that nothing leads to. */
  readonly missing: readonly { readonly dump: Dump; readonly volume: string }[]
}

/** What to plan. */
export interface RestorePlanOptions {
  /** Which volumes are wanted; default all. What they start from comes with them. */
  readonly select?: ((dump: Dump) => boolean) | undefined
  /** Volumes that are there already, by the UUID in their stream. */
  readonly present?: ReadonlySet<string> | undefined
}

/** Plans a restore. Pure. Of several dumps of one volume, the one that needs the fewest others is taken. */
export function planRestore(dumps: readonly Dump[], { select = () => true, present = new Set() }: RestorePlanOptions = {}): RestorePlan {
  const chains = new Chains(dumps, present)
  const steps: Dump[] = []
  const done = new Map<RawText, Dump>()
  const there: Dump[] = []
  const missing: { dump: Dump; volume: string }[] = []
  for (const dump of dumps.filter(select)) {
    if (present.has(dump.uuid)) {
      there.push(dump)
      continue
    }
    const best = chains.of(dump)
    const chain = best.length > 0 ? { dumps: best } : chains.to(dump)
    if ('missing' in chain) {
      missing.push({ dump, volume: chain.missing })
      continue
    }
    for (const step of chain.dumps) {
      const key = `${step.uuid} ${step.ctransid}`
      if (done.has(key) || present.has(step.uuid)) continue
      done.set(key, step)
      steps.push(step)
    }
  }
  return { steps, present: there, missing }
}
