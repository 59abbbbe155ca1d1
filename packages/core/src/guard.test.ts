import { describe, expect, test } from 'vitest'
import { guardPlan, type GuardFacts } from './guard.ts'
import type { Plan, PlanItem, SyncAction } from './plan.ts'

interface Shape {
  readonly items?: readonly PlanItem[]
  readonly source?: Partial<Plan['source']>
  readonly destination?: Partial<Plan['destination']>
  readonly bytes?: number
}

function planOf({ items = [], source = {}, destination = {}, bytes = 0 }: Shape): Plan {
  const counts = {
    uploads: 0,
    downloads: 0,
    deletesSource: 0,
    deletesDestination: 0,
    renamesSource: 0,
    renamesDestination: 0,
    conflicts: 0,
    unchanged: 0,
    problems: 0,
    ignored: 0,
    bytes,
  }
  return {
    version: 1,
    pair: 'pair',
    created: 0,
    mode: 'two-way',
    comparison: 'hash-then-mtime',
    source: { name: 'memory:source', entries: 20, bytes: 0, known: 20, ...source },
    destination: { name: 'memory:destination', entries: 20, bytes: 0, known: 20, ...destination },
    items,
    settled: [],
    problems: [],
    migration: { left: 0, entered: 0 },
    counts,
  }
}

function itemOf(action: SyncAction, path: string, more: Partial<PlanItem> = {}): PlanItem {
  return {
    action,
    path,
    from: null,
    kind: 'file',
    phase: action.startsWith('DELETE') ? 'delete-file' : 'transfer',
    size: 0,
    reason: 'test',
    source: null,
    destination: null,
    ...more,
  }
}

const deletions = (count: number): PlanItem[] => Array.from({ length: count }, (_, i) => itemOf('DELETE_DESTINATION', `f${i}`))

function guard(shape: Shape, config: GuardFacts['config'] = {}, facts: Partial<GuardFacts> = {}): string[] {
  return guardPlan({ plan: planOf(shape), config, vanished: [], collisions: [], forbidden: [], free: {}, ...facts }).map(
    refusal => `${refusal.guard} ${refusal.side ?? ''} ${refusal.actual}/${refusal.limit} ${refusal.override}`,
  )
}

describe('guardPlan: deletions', () => {
  test('lets pass up to half of a tree, and stops above', () => {
    expect(guard({ items: deletions(10) })).toEqual([])
    expect(guard({ items: deletions(11) })).toEqual(['max-delete destination 11/50 % of 20 --max-delete 11'])
  })

  test('does not judge a tree of less than ten by share', () => {
    expect(guard({ items: deletions(9), destination: { entries: 9 } })).toEqual([])
    expect(guard({ items: deletions(9), destination: { entries: 10 } })).toEqual(['max-delete destination 9/50 % of 10 --max-delete 9'])
  })

  test('takes a count, a share of any tree, and no limit at all', () => {
    expect(guard({ items: deletions(3) }, { maxDelete: 2 })).toEqual(['max-delete destination 3/2 --max-delete 3'])
    expect(guard({ items: deletions(3), destination: { entries: 4 } }, { maxDelete: { share: 0.25 } })).toEqual([
      'max-delete destination 3/25 % of 4 --max-delete 3',
    ])
    expect(guard({ items: deletions(20) }, { maxDelete: Infinity })).toEqual([])
  })

  test('counts what makes room for another kind, and no renames', () => {
    expect(guard({ items: [itemOf('DELETE_DESTINATION', 'd/x', { phase: 'clear' })] }, { maxDelete: 0 })).toHaveLength(1)
    expect(guard({ items: [itemOf('RENAME_DESTINATION', 'new', { from: 'old', phase: 'rename' })] }, { maxDelete: 0 })).toEqual([])
  })

  test('judges each side by its own tree', () => {
    const items = [...deletions(6), ...Array.from({ length: 6 }, (_, i) => itemOf('DELETE_SOURCE', `s${i}`))]
    expect(guard({ items, source: { entries: 100 }, destination: { entries: 10 } })).toEqual(['max-delete destination 6/50 % of 10 --max-delete 6'])
  })
})

describe('guardPlan: empty sides', () => {
  const empty = { items: deletions(2), source: { entries: 0 } }

  test('an empty side empties nothing, whether it was emptied or never had anything', () => {
    expect(guard(empty)).toEqual(['emptied-side source 2/0 --allow-empty'])
    expect(guard({ ...empty, source: { entries: 0, known: 0 } })).toEqual(['emptied-side source 2/0 --allow-empty'])
  })

  test('who accepts an emptied side accepts its deletions, unless a limit was asked for too', () => {
    const many = { items: deletions(20), source: { entries: 0 } }
    expect(guard(many, { allowEmpty: true })).toEqual([])
    expect(guard(many, { allowEmpty: true, maxDelete: 5 })).toEqual(['max-delete destination 20/5 --max-delete 20'])
  })

  test('a root that vanished stops the run, deletions or not', () => {
    expect(guard({}, {}, { vanished: ['source'] })).toEqual(['vanished-root source 0/20 --allow-empty'])
    expect(guard({}, { allowEmpty: true }, { vanished: ['source'] })).toEqual([])
  })
})

describe('guardPlan: what a side cannot hold', () => {
  test('names the paths of collisions and forbidden names', () => {
    const [collision] = guardPlan({
      plan: planOf({}),
      config: {},
      vanished: [],
      collisions: [{ side: 'destination', paths: ['A', 'a'] }],
      forbidden: [],
      free: {},
    })
    expect(collision?.paths).toEqual(['A', 'a'])
    expect(collision?.message).toContain('"A" and "a"')
    expect(guard({}, {}, { forbidden: [{ side: 'source', path: 'aux', reason: 'it is reserved' }] })).toEqual(['forbidden-name source 1/0 --exclude'])
  })

  test('compares what is needed with what is free, and counts what is replaced', () => {
    const old = { kind: 'file', path: 'a', size: 60 } as const
    const items = [itemOf('UPLOAD_UPDATE', 'a', { size: 100, destination: old })]
    expect(guard({ items }, {}, { free: { destination: 40 } })).toEqual([])
    expect(guard({ items }, {}, { free: { destination: 39 } })).toEqual(['no-space destination 40/39 --ignore-space'])
    // In the trash the old version stays.
    expect(guard({ items: [{ ...(items[0] as PlanItem), trash: true }] }, {}, { free: { destination: 99 } })).toEqual([
      'no-space destination 100/99 --ignore-space',
    ])
  })

  test('stops at a budget of bytes', () => {
    expect(guard({ bytes: 11 }, { maxBytes: 10 })).toEqual(['max-bytes  11/10 --max-bytes 11'])
    expect(guard({ bytes: 10 }, { maxBytes: 10 })).toEqual([])
  })
})
