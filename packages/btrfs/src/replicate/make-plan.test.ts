import { expect, test } from 'vitest'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { CowTree, type CowVolume } from './cow-tree.ts'
import { makePlan, type PlanRules } from './make-plan.ts'

const snapshot = (uuid: string, createdGeneration: number): Subvolume => ({
  uuid,
  parentUuid: 'data',
  path: `snaps/${uuid}`,
  readonly: true,
  sendable: true,
  createdGeneration,
})

const rules = (options: Partial<PlanRules>): PlanRules => ({
  batch: false,
  transferExisting: false,
  clones: false,
  volgroups: roots => CowTree.bfs(roots),
  target: () => true,
  parent: () => undefined,
  check: () => true,
  ...options,
})

/** What each volume is sent against, when the destination has all of them. */
function sentAgain(options: Partial<PlanRules>): readonly string[] {
  const source = new CowTree([snapshot('s1', 10), snapshot('s2', 20), snapshot('s3', 30)])
  const present = new Map(['s1', 's2', 's3'].map(uuid => [uuid, [snapshot(`copy of ${uuid}`, 5)]]))
  const plan = makePlan({ source, destination: [], present, problems: new Map(), names: ['a', 'b'] }, rules({ transferExisting: true, ...options }))
  return plan.transfers.map(({ volumes: [volume], parent, otherParents }) =>
    [volume, parent, ...otherParents].map(each => each?.uuid ?? 'nothing').join(' < '),
  )
}

test('what is sent again is never sent against what is sent after it', () => {
  expect(sentAgain({})).toEqual(['s1 < nothing', 's2 < s1', 's3 < s2 < s1'])
})

test('what is sent again may be sent against what stays', () => {
  const target = (volume: CowVolume): boolean => volume.uuid !== 's2'
  expect(sentAgain({ target })).toEqual(['s1 < s2', 's3 < s2 < s1'])
})

test.each<[string, Partial<Subvolume>, string]>([
  ['its own copy', { uuid: 'copy of s1', receivedUuid: 's1' }, 'its copy is there; choose another place'],
  ['a copy of another', { receivedUuid: 'z' }, 'a copy of another subvolume is there; move that away'],
  ['another', {}, 'another subvolume is there; move that away'],
  ['what can be written to', { readonly: false }, 'a subvolume that can be written to is there'],
])('a name that %s has is not taken again', (_, other, problem) => {
  const there = { ...snapshot('other', 5), path: 's1', ...other }
  const present = new Map(there.receivedUuid === 's1' ? [['s1', [{ ...there }]]] : [])
  const input = { source: new CowTree([snapshot('s1', 10)]), destination: [there], present, problems: new Map<string, string>() }
  const plan = makePlan({ ...input, names: ['a', 'b'] }, rules({ transferExisting: true, targetOf: () => '' }))
  expect(plan).toMatchObject({ transfers: [], problems: [expect.stringContaining(`s1 cannot be received as s1: ${problem}`)] })
})

test('of two with one name the second is refused, and told what to do', () => {
  const source = new CowTree([
    { ...snapshot('s1', 10), path: 'a/s' },
    { ...snapshot('s2', 20), path: 'b/s' },
  ])
  const plan = makePlan({ source, destination: [], present: new Map(), problems: new Map(), names: ['a', 'b'] }, rules({ targetOf: () => '' }))
  expect(plan.transfers).toHaveLength(1)
  expect(plan.problems).toEqual([
    'b/s cannot be received as s: a/s is going there; keep the directories of the source apart, or choose another place',
  ])
})
