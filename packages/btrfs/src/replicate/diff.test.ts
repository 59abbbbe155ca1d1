import { describe, expect, test } from 'vitest'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { CowTree } from './cow-tree.ts'
import { defaultKeys, doubtfulReceived, matchVolumes } from './diff.ts'

function volume(uuid: string, receivedUuid?: string, readonly = true): Subvolume {
  return { uuid, receivedUuid, path: uuid, readonly, sendable: readonly }
}

function matched(ours: Subvolume, theirs: Subvolume): boolean {
  return matchVolumes(new CowTree([ours]).roots, new CowTree([theirs]).roots, defaultKeys, defaultKeys).size > 0
}

describe('matchVolumes', () => {
  test.each([
    ['a copy', volume('x'), volume('y', 'x'), true],
    ['the original of a copy', volume('y', 'x'), volume('x'), true],
    ['copies of a third', volume('y', 'x'), volume('z', 'x'), true],
    ['the same', volume('x'), volume('x'), true],
    ['two without anything in common', volume('x'), volume('y'), false],
    ['two that were never received', volume('x', undefined), volume('y', undefined), false],
  ])('%s', (_, ours, theirs, equal) => expect(matched(ours, theirs)).toBe(equal))

  test('keys of one’s own decide, and null equals nothing', () => {
    const matches = matchVolumes(
      new CowTree([volume('x')]).roots,
      new CowTree([volume('y')]).roots,
      [() => null, () => 'same'],
      [() => null, () => 'same'],
    )
    expect(matches.get('x')?.map(({ uuid }) => uuid)).toEqual(['y'])
    expect(matchVolumes(new CowTree([volume('x')]).roots, new CowTree([volume('y')]).roots, [() => null], [() => null]).size).toBe(0)
  })
})

describe('doubtfulReceived', () => {
  test('names the received UUIDs of volumes that can be written to', () =>
    expect([...doubtfulReceived([volume('a', 'x'), volume('b', 'y', false), volume('c', undefined, false)])]).toEqual(['y']))
})
