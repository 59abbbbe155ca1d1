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
