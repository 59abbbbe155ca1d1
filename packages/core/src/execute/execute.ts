import type { StateChange } from '../ancestor.ts'
import type { Side } from '../modes.ts'
import { planPhases, type Plan, type PlanItem, type PlanPhase } from '../plan.ts'
import type { Path } from '../protocol.ts'
import { toJobs, transferJob } from './batch.ts'
import { isDeferred, makeDirectory, makeUsableDirectory } from './directory.ts'
import { clearLeftovers } from './leftovers.ts'
import { forEachLimited } from './limiter.ts'
import { remove } from './remove.ts'
import { rename, renameRounds } from './rename.ts'
import { Run, type Done } from './run.ts'
import { targetSide } from './target.ts'
import type { ExecuteContext, ExecuteResult } from './types.ts'
import { abandonUploads } from './upload.ts'

/** What a storage says helps is taken up to here. */
const mostConcurrency = 64

/**
 * Carries out a plan.
 *
 * Each item waits while paused, checks that both sides still are what the plan saw, acts, verifies what came of it, and hands the change to
 * `record` once it is durable. A failing item never stops the others, but nothing destructive runs that depended on it. After a cancel what
 * runs is finished and recorded, and nothing new starts.
 *
 * @throws what `record` or a storage's `flush` threw, after what was running: the state cannot be kept any more
 */
export async function execute(plan: Plan, context: ExecuteContext): Promise<ExecuteResult> {
  checkLimits(context)
  const run = new Run(plan, context)
  context.progress.start(plan.items)
  for (const side of ['source', 'destination'] as const) await clearLeftovers(run, run.sides[side], context.leftovers?.[side] ?? [])
  if (context.whole !== false) await abandonUploads(run, plan.items)
  const phases = groupByPhase(plan.items)
  const deferred: PlanItem[] = []
  for (const phase of planPhases) {
    const items = phases.get(phase)
    if (items === undefined) continue
    await runPhase(run, phase, items, deferred)
    await run.checkpoint()
  }
  // Permissions that would have kept this run out, from the deepest up.
  for (const level of levels(deferred, true)) await inParallel(run, level, item => makeDirectory(run, item))
  return run.finish()
}

async function runPhase(run: Run, phase: PlanPhase, items: readonly PlanItem[], deferred: PlanItem[]): Promise<void> {
  switch (phase) {
    case 'rename':
      for (const round of renameRounds(items))
        await inParallel(
          run,
          round,
          item => rename(run, item),
          blockTarget(run, item => `${item.path} could not be renamed from ${item.from}`),
        )
      return
    case 'clear':
      for (const level of levels(items, true)) await inParallel(run, level, item => remove(run, item), keepCleared(run))
      return
    case 'directory':
      for (const level of levels(items, false)) await makeLevel(run, level, deferred)
      return
    case 'transfer':
      await Promise.all([transferTo(run, 'source', items), transferTo(run, 'destination', items)])
      return
    case 'delete-file':
      return inParallel(run, items, item => remove(run, item), keep(run))
    case 'delete-directory':
      for (const level of levels(items, true)) await inParallel(run, level, item => remove(run, item), keep(run))
      return
    case 'none':
      for (const item of items) run.noted(item)
  }
}

type OnMissed = (item: PlanItem) => void

/** Both sides at once, each within its limit for operations. */
async function inParallel(run: Run, items: readonly PlanItem[], act: (item: PlanItem) => Promise<Done>, onMissed?: OnMissed): Promise<void> {
  const perform = async (item: PlanItem): Promise<void> => {
    const started = item.action.startsWith('DELETE') || item.action.startsWith('RENAME')
    const happened = await run.perform(item, async () => {
      if (started) tellStart(run, item)
      const done = await act(item)
      if (started) tellComplete(run, item)
      return done
    })
    if (!happened) onMissed?.(item)
  }
  const { concurrency } = run.context.config
  const on = (side: Side): Promise<void> => {
    const mine = items.filter(item => targetSide(item) === side)
    return forEachLimited(mine, concurrency?.operations ?? helpful(run.sides[side].storage.capabilities.concurrency), perform)
  }
  await Promise.all([on('source'), on('destination')])
}

async function transferTo(run: Run, side: Side, items: readonly PlanItem[]): Promise<void> {
  const mine = items.filter(item => targetSide(item) === side)
  const { source, destination } = run.sides
  // The slower store gains by it, the faster one does not mind.
  const helps = Math.max(helpful(source.storage.capabilities.concurrency), helpful(destination.storage.capabilities.concurrency))
  await forEachLimited(toJobs(run, mine, side), run.context.config.concurrency?.transfers ?? helps, job => transferJob(run, job))
}

async function makeLevel(run: Run, level: readonly PlanItem[], deferred: PlanItem[]): Promise<void> {
  const onMissed = blockTarget(run, item => `the directory ${item.path} could not be made`)
  const now = level.filter(item => !isDeferred(item))
  const later = level.filter(isDeferred)
  await inParallel(run, now, item => makeDirectory(run, item), onMissed)
  const made: StateChange[] = []
  for (const item of later) {
    if (!(await run.mayStart())) break
    try {
      if (item.metadata !== true) made.push(...(await makeUsableDirectory(run, item)))
      deferred.push(item)
    } catch (error) {
      onMissed(item)
      await run.missed(item, error)
    }
  }
  if (made.length > 0) await run.recordNow(made)
}

/** What was to be put where a directory is missing fails with that as its cause. */
function blockTarget(run: Run, why: (item: PlanItem) => string): OnMissed {
  return item => {
    if (item.metadata !== true) run.sides[targetSide(item) as Side].block(item.path, why(item))
  }
}

/** What could not be removed keeps its place, so nothing takes it; the directories that hold it stay. */
function keepCleared(run: Run): OnMissed {
  return item => {
    const at = run.sides[targetSide(item) as Side]
    at.keep(item.path)
    at.block(item.path, `${item.path} could not be removed to make room`)
  }
}

function keep(run: Run): OnMissed {
  return item => run.sides[targetSide(item) as Side].keep(item.path)
}

function tellStart(run: Run, item: PlanItem): void {
  const side = targetSide(item) as Side
  if (item.from === null) run.context.progress.emit({ type: 'delete_start', side, filePath: item.path })
  else run.context.progress.emit({ type: 'rename_start', side, filePath: item.path, from: item.from })
}

function tellComplete(run: Run, item: PlanItem): void {
  const side = targetSide(item) as Side
  if (item.from === null) run.context.progress.emit({ type: 'delete_complete', side, filePath: item.path })
  else run.context.progress.emit({ type: 'rename_complete', side, filePath: item.path, from: item.from })
}

function groupByPhase(items: readonly PlanItem[]): Map<PlanPhase, PlanItem[]> {
  const groups = new Map<PlanPhase, PlanItem[]>()
  for (const item of items) {
    const group = groups.get(item.phase)
    if (group === undefined) groups.set(item.phase, [item])
    else group.push(item)
  }
  return groups
}

/** Items by the depth of their paths: a level never holds a path and its parent. */
function levels(items: readonly PlanItem[], deepestFirst: boolean): PlanItem[][] {
  const byDepth = new Map<number, PlanItem[]>()
  for (const item of items) {
    const depth = depthOf(item.path)
    const level = byDepth.get(depth)
    if (level === undefined) byDepth.set(depth, [item])
    else level.push(item)
  }
  return [...byDepth].sort(([a], [b]) => (deepestFirst ? b - a : a - b)).map(([, level]) => level)
}

function depthOf(path: Path): number {
  let depth = 1
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) === 0x2f) depth++
  return depth
}

function helpful(concurrency: number | undefined): number {
  return Math.max(1, Math.min(mostConcurrency, concurrency ?? 1))
}

function checkLimits({ config, runId }: ExecuteContext): void {
  for (const name of ['transfers', 'operations'] as const) {
    const limit = config.concurrency?.[name]
    if (limit !== undefined && !(Number.isInteger(limit) && limit > 0))
      throw new TypeError(`concurrency.${name} must be a positive integer, got ${limit}`)
  }
  if (config.attempts !== undefined && !(Number.isInteger(config.attempts) && config.attempts > 0))
    throw new TypeError(`attempts must be a positive integer, got ${config.attempts}`)
  if (runId === '' || runId === '.' || runId === '..' || runId.includes('/') || runId.includes('\0'))
    throw new TypeError(`runId must be a name, got ${JSON.stringify(runId)}`)
}
