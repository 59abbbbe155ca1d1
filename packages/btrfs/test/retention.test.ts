import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planRetention, type RetentionItem, type RetentionPlan, type RetentionSide } from '../src/retention/plan-retention.ts'
import { daysOfWeek, parsePolicy, type RetentionPolicy, type Unit } from '../src/retention/policy.ts'
import { applySchedule } from '../src/retention/schedule.ts'

const seed = Number(process.env['SYNCLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const runs = { seed, numRuns: Number(process.env['SYNCLINE_RUNS'] ?? 300) }

const hour = 3_600_000
const day = 24 * hour

/** Times of items that are kept. */
function kept(times: readonly string[], policy: RetentionPolicy, now: string): string[] {
  const items = times.map(time => ({ time: Date.parse(time), text: time }))
  const reasons = applySchedule(items, policy, Date.parse(now))
  return items.filter(item => reasons.has(item)).map(({ text }) => text)
}

describe('parsePolicy', () => {
  test.each<[string, string, RetentionPolicy]>([
    ['2d', '14d 8w *m', { minimum: { count: 2, unit: 'd' }, daily: 14, weekly: 8, monthly: Infinity }],
    ['all', 'no', { minimum: 'all' }],
    ['no', '24h, 2y', { minimum: 'latest', hourly: 24, yearly: 2 }],
    ['latest', '', { minimum: 'latest' }],
  ])('reads %j and %j', (minimum, schedule, policy) => expect(parsePolicy(minimum, schedule)).toEqual(policy))

  test.each<[string, string, string]>([
    ['2', 'no', '"2" is no minimum'],
    ['', 'no', '"" is no minimum'],
    ['2d', '14 days', '"14" is no part of a schedule'],
    ['2d', '14d 3d', 'two numbers for daily'],
    ['2d', '-1d', '"-1d" is no part'],
  ])('refuses %j and %j and says what is wrong', (minimum, schedule, message) => expect(() => parsePolicy(minimum, schedule)).toThrow(message))
})

describe('applySchedule', () => {
  test('keeps the first of each day, and with a later beginning of the day the first from then on', () => {
    const times = ['2026-11-19T03:00Z', '2026-11-19T06:00Z', '2026-11-20T03:00Z', '2026-11-20T07:00Z', '2026-11-21T09:00Z', '2026-11-21T10:00Z']
    expect(kept(times, parsePolicy('latest', '2d'), '2026-11-21T12:00Z')).toEqual([
      '2026-11-19T03:00Z',
      '2026-11-20T03:00Z',
      '2026-11-21T09:00Z',
      '2026-11-21T10:00Z',
    ])
    expect(kept(times, { ...parsePolicy('latest', '2d'), hourOfDay: 5 }, '2026-11-21T12:00Z')).toEqual([
      '2026-11-19T06:00Z',
      '2026-11-20T07:00Z',
      '2026-11-21T09:00Z',
      '2026-11-21T10:00Z',
    ])
  })

  test('takes the first weekly of a month for the month, and the first monthly of a year for the year', () => {
    // 2026-02-01 and 2026-03-01 were Sundays.
    const times = ['2025-12-31T00:00Z', '2026-01-02T00:00Z', '2026-01-05T00:00Z', '2026-02-02T00:00Z', '2026-02-20T00:00Z', '2026-03-03T00:00Z']
    expect(kept(times, parsePolicy('latest', '*m'), '2026-03-05T00:00Z')).toEqual([
      '2025-12-31T00:00Z',
      '2026-01-05T00:00Z',
      '2026-02-02T00:00Z',
      '2026-03-03T00:00Z',
    ])
    expect(kept(times, parsePolicy('latest', '1y'), '2026-03-05T00:00Z')).toEqual(['2025-12-31T00:00Z', '2026-01-05T00:00Z', '2026-03-03T00:00Z'])
    expect(kept(times, parsePolicy('latest', '*w'), '2026-03-05T00:00Z')).toEqual(times.filter(time => time !== '2026-01-02T00:00Z'))
  })

  test('keeps what is from the future', () => {
    expect(kept(['2026-01-01T00:00Z', '2030-01-01T00:00Z', '2031-01-01T00:00Z'], parsePolicy('latest'), '2026-02-01T00:00Z')).toEqual([
      '2030-01-01T00:00Z',
      '2031-01-01T00:00Z',
    ])
  })

  test('keeps what a model keeps that walks through the calendar', () => {
    const property = fc.property(times, policies, fc.integer({ min: 0, max: 900 * day }), (offsets, policy, now) => {
      const items = offsets.map(time => ({ time }))
      const reasons = applySchedule(items, policy, now)
      expect(items.filter(item => reasons.has(item))).toEqual(model(items, policy, now))
    })
    fc.assert(property, runs)
  })
})

const times = fc.array(fc.integer({ min: 0, max: 1000 * 24 * 4 }), { maxLength: 60 }).map(list => list.map(n => n * (hour / 4)).sort((a, b) => a - b))

const count = fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 12 }), fc.constant(Infinity))
const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  minimum: fc.oneof(
    fc.constantFrom('all' as const, 'latest' as const),
    fc.record({ count: fc.integer({ min: 0, max: 30 }), unit: fc.constantFrom<Unit>('h', 'd', 'w', 'm', 'y') }),
  ),
  hourly: count,
  daily: count,
  weekly: count,
  monthly: count,
  yearly: count,
  hourOfDay: fc.integer({ min: 0, max: 23 }),
  dayOfWeek: fc.constantFrom(...daysOfWeek),
})

/** Begins of periods, found by walking through dates. */
const startOf: Readonly<Record<Unit, (time: number, policy: RetentionPolicy) => number>> = {
  h: time => new Date(time).setUTCMinutes(0, 0, 0),
  d: (time, { hourOfDay = 0 }) => new Date(time - hourOfDay * hour).setUTCHours(0, 0, 0, 0),
  w: (time, policy) => {
    let at = startOf.d(time, policy)
    while (daysOfWeek[new Date(at).getUTCDay()] !== policy.dayOfWeek) at -= day
    return at
  },
  m: (time, policy) => new Date(startOf.d(time, policy)).setUTCDate(1),
  y: (time, policy) => new Date(startOf.d(time, policy)).setUTCMonth(0, 1),
}

/** The begin of the period so many before that of `now`. */
function back(unit: Unit, count: number, now: number, policy: RetentionPolicy): number {
  if (count === Infinity) return -Infinity
  const at = new Date(startOf[unit](now, policy))
  if (unit === 'h') return at.getTime() - count * hour
  if (unit === 'd') return at.getTime() - count * day
  if (unit === 'w') return at.getTime() - 7 * count * day
  return unit === 'm' ? at.setUTCMonth(at.getUTCMonth() - count) : at.setUTCFullYear(at.getUTCFullYear() - count)
}

function model<I extends { readonly time: number }>(items: readonly I[], policy: RetentionPolicy, now: number): I[] {
  const isWithin = (item: I, unit: Unit, count: number): boolean => startOf[unit](item.time, policy) >= back(unit, count, now, policy)
  const isFirst = (item: I, unit: Unit, among: readonly I[]): boolean =>
    among.includes(item) && among.find(other => startOf[unit](other.time, policy) === startOf[unit](item.time, policy)) === item
  const { minimum = 'all', hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0 } = policy
  const weeklies = items.filter(item => isFirst(item, 'w', items))
  const monthlies = weeklies.filter(item => isFirst(item, 'm', weeklies))
  return items.filter(
    item =>
      item === items.at(-1) ||
      minimum === 'all' ||
      item.time > now ||
      (minimum !== 'latest' && isWithin(item, minimum.unit, minimum.count)) ||
      (hourly > 0 && isFirst(item, 'h', items) && isWithin(item, 'h', hourly)) ||
      (daily > 0 && isFirst(item, 'd', items) && isWithin(item, 'd', daily)) ||
      (weekly > 0 && isFirst(item, 'w', items) && isWithin(item, 'w', weekly)) ||
      (monthly > 0 && isFirst(item, 'm', weeklies) && isWithin(item, 'm', monthly)) ||
      (yearly > 0 && isFirst(item, 'y', monthlies) && isWithin(item, 'y', yearly)),
  )
}

const snapshot = (n: number, more: Partial<RetentionItem> = {}): RetentionItem => ({
  id: `s${n}`,
  series: 's',
  time: n * day,
  uuid: `u${n}`,
  ...more,
})
const idsOf = (list: readonly { readonly item: RetentionItem }[]): string[] => list.map(({ item }) => item.id)
const latest: RetentionPolicy = { minimum: 'latest' }

describe('planRetention', () => {
  test('keeps the latest of each series, and says why', () => {
    const items = [snapshot(1), snapshot(2), snapshot(1, { id: 'r1', series: 'r', uuid: 'v1' })]
    const [plan] = planRetention({ source: { name: 'here', policy: latest, items }, destinations: [], now: 400 * day }).sides
    expect(plan).toEqual({
      name: 'here',
      keep: [
        { item: items[2], reasons: ['it is the latest'] },
        { item: items[1], reasons: ['it is the latest'] },
      ],
      delete: [{ item: items[0], reasons: ['nothing keeps it'] }],
    })
  })

  test('keeps the last that both sides have, on both, for the next increment starts from it', () => {
    const items = [1, 2, 3, 4].map(n => snapshot(n))
    const copies = [1, 2].map(n => snapshot(n, { id: `copy${n}`, uuid: `w${n}`, receivedUuid: `u${n}` }))
    const newer = snapshot(9, { id: 'strange', uuid: 'x' })
    const source = { name: 'here', policy: latest, items }
    const { sides } = planRetention({ source, destinations: [{ name: 'there', policy: latest, items: [...copies, newer] }], now: 400 * day })
    expect(sides.map(side => [idsOf(side.keep), idsOf(side.delete)])).toEqual([
      [
        ['s2', 's4'],
        ['s1', 's3'],
      ],
      [['copy2', 'strange'], ['copy1']],
    ])
    expect(sides[0]!.keep[0]!.reasons).toEqual(['it is the latest that there has, too'])
  })

  test('keeps what a kept dump needs, and what that needs, and deletes what needs others first', () => {
    const dumps = [1, 2, 3, 4, 5].map(n => snapshot(n, n === 1 || n === 4 ? {} : { needs: `u${n - 1}` }))
    const plan = (items: readonly RetentionItem[]): RetentionPlan =>
      planRetention({ source: { name: 'dumps', policy: latest, items }, destinations: [], now: 400 * day })
    expect(idsOf(plan(dumps).sides[0]!.keep)).toEqual(['s4', 's5'])
    expect(idsOf(plan(dumps).sides[0]!.delete)).toEqual(['s3', 's2', 's1'])
    expect(idsOf(plan(dumps.slice(0, 3)).sides[0]!.keep)).toEqual(['s1', 's2', 's3'])
    expect(plan(dumps.slice(0, 3)).sides[0]!.keep[0]!.reasons).toEqual(['s2 needs it'])
  })

  test('deletes nothing anywhere when a side could not be reached', () => {
    const items = [1, 2, 3].map(n => snapshot(n))
    const plan = planRetention({
      source: { name: 'here', policy: latest, items },
      destinations: [{ name: 'there', items: undefined }],
      now: 400 * day,
    })
    expect(plan.refused).toBe('there could not be reached, so nothing is deleted')
    expect(plan.sides.map(side => [idsOf(side.keep), idsOf(side.delete)])).toEqual([
      [['s1', 's2', 's3'], []],
      [[], []],
    ])
  })

  test('without a policy deletes nothing', () => {
    const { sides } = planRetention({ source: { name: 'here', items: [1, 2, 3].map(n => snapshot(n)) }, destinations: [], now: 4000 * day })
    expect(sides[0]!.delete).toEqual([])
  })

  test('takes the later of two of the same minute by their counters, and refuses a time that is none', () => {
    const twins = [snapshot(1, { counter: 10, id: 'ten' }), snapshot(1, { counter: 9, id: 'nine', uuid: 'x' })]
    const side = (items: readonly RetentionItem[]): RetentionSide => ({ name: 'here', policy: latest, items })
    expect(idsOf(planRetention({ source: side(twins), destinations: [], now: 400 * day }).sides[0]!.keep)).toEqual(['ten'])
    expect(() => planRetention({ source: side([snapshot(NaN)]), destinations: [], now: 0 })).toThrow('the time of sNaN is NaN')
  })

  test('whatever the policies, keeps the latest, the last common pair and what is needed; it is a plan of all items, and the same again', () => {
    const property = fc.property(worlds, policies, policies, fc.integer({ min: 0, max: 900 * day }), ({ source, dumps }, first, second, now) => {
      const request = { source: { name: 'here', policy: first, items: source }, destinations: [{ name: 'there', policy: second, items: dumps }], now }
      const plan = planRetention(request)
      expect(planRetention(JSON.parse(JSON.stringify(request), revive) as typeof request)).toEqual(plan)
      const [here, there] = plan.sides
      for (const [side, items] of [
        [here!, source],
        [there!, dumps],
      ] as const) {
        expect([...idsOf(side.keep), ...idsOf(side.delete)].sort()).toEqual(items.map(({ id }) => id).sort())
        const keptIds = new Set(idsOf(side.keep))
        for (const series of new Set(items.map(item => item.series))) {
          const list = items.filter(item => item.series === series)
          const last = Math.max(...list.map(({ time }) => time))
          expect(list.some(({ id, time }) => time === last && keptIds.has(id))).toBe(true)
        }
        // Nothing that stays lacks what it needs; nor does it after each single deletion.
        const present = new Map(items.map(item => [item.id, item]))
        for (const { item } of side.delete) {
          present.delete(item.id)
          for (const { needs } of present.values()) expect(needs === item.uuid && items.some(({ uuid }) => uuid === needs)).toBe(false)
        }
      }
      for (const series of new Set(source.map(item => item.series))) {
        const common = source.filter(item => item.series === series && dumps.some(({ uuid }) => uuid === item.uuid))
        if (common.length === 0) continue
        const last = Math.max(...common.map(({ time }) => time))
        const pair = here!.keep.filter(({ item }) => item.series === series && item.time === last).map(({ item }) => item.uuid)
        expect(there!.keep.some(({ item }) => pair.includes(item.uuid))).toBe(true)
      }
    })
    fc.assert(property, runs)
  })
})

/** `JSON.stringify` makes `null` of it. */
function revive(key: string, value: unknown): unknown {
  return value === null && /ly$/.test(key) ? Infinity : value
}

/** Snapshots of two series, and dumps of some of them that start from earlier ones. */
const worlds = fc
  .array(
    fc.record({
      hours: fc.integer({ min: 0, max: 1000 * 24 }),
      series: fc.constantFrom('a', 'b'),
      isDumped: fc.boolean(),
      needs: fc.option(fc.nat(40)),
    }),
    {
      maxLength: 40,
    },
  )
  .map(list => {
    const source = list
      .map((item, n) => ({ ...item, n }))
      .map(({ hours, series, n }): RetentionItem => ({ id: `${series}${n}`, series, time: hours * hour, uuid: `u${n}` }))
    const dumps = list.flatMap(({ isDumped, needs }, n): RetentionItem[] => {
      if (!isDumped) return []
      const item = source[n] as RetentionItem
      return [{ ...item, id: `${item.id}.btrfs`, ...(needs !== null && needs < n && { needs: `u${needs}` }) }]
    })
    return { source, dumps }
  })
