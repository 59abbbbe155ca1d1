import { describe, expect, test } from 'vitest'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { CowTree } from './cow-tree.ts'

/** `a1[d1]` is a read-only snapshot `a1` of `d1`; a star makes it writable. */
function volumesOf(text: string): Subvolume[] {
  return text.split(' ').map((word, at) => {
    const [, name = '', star, parentUuid] = /^(\w+)(\*?)(?:\[(\w+)\])?$/.exec(word) ?? []
    const readonly = star === ''
    return { uuid: name, parentUuid, id: 256 + at, path: name, readonly, sendable: readonly }
  })
}

/** Groups with the parents of their volumes. */
function levelsOf(text: string): string {
  const groups = [...CowTree.bfs(new CowTree(volumesOf(text)).roots)]
  return groups.map(group => group.map(({ uuid, parent }) => (parent === undefined ? uuid : `${uuid}<-${parent.uuid}`)).join(', ')).join(' / ')
}

describe('CowTree', () => {
  test.each([
    ['snapshots of one subvolume form a chain', 'data* s1[data] s2[data] s3[data]', 's1 / s2<-s1 / s3<-s2'],
    ['also when that is deleted', 's1[gone] s2[gone] s3[gone]', 's1 / s2<-s1 / s3<-s2'],
    ['snapshots of snapshots hang on them', 'data* s1[data] t1[s1] t2[s1] u[t1]', 's1 / t1<-s1, t2<-s1 / u<-t1'],
    ['a writable branch is seen through', 'data* s1[data] br*[s1] b1[br] b2[br] s2[data]', 's1 / b1<-s1, s2<-s1 / b2<-b1'],
    ['two subvolumes are two chains', 'd1* d2* a1[d1] b1[d2] a2[d1] b2[d2]', 'a1, b1 / a2<-a1, b2<-b1'],
    ['a sibling of a deleted origin is found through a writable one', 'S[gone] P*[gone] C[P]', 'S / C<-S'],
    ['several writable ones in a row are seen through', 'd0* s[d0] d1*[d0] d2*[d1] x[d2]', 's / x<-s'],
    ['a later sibling is no parent', 'd0* d1*[d0] s[d0] x[d1]', 's, x'],
    ['two that come from each other are two roots of nothing', 'a*[b] b*[a] s[a]', 's'],
  ])('%s', (_, listed, levels) => expect(levelsOf(listed)).toBe(levels))

  test('a parent that is listed after its snapshot is found', () => {
    const [s1, t1] = volumesOf('s1[data] t1[s1]') as [Subvolume, Subvolume]
    const tree = new CowTree([t1, s1])
    expect(tree.get('t1')?.parent?.uuid).toBe('s1')
    expect(tree.roots.map(({ uuid }) => uuid)).toEqual(['s1'])
  })

  test('two read-only volumes that say that they come from each other hang nobody', () => {
    const tree = new CowTree(volumesOf('a[b] b[a]'))
    expect(
      [...CowTree.bfs(tree.roots)]
        .flat()
        .map(({ uuid }) => uuid)
        .sort(),
    ).toEqual(['a', 'b'])
  })

  test('walks depth first, and up to the root', () => {
    const tree = new CowTree(volumesOf('data* s1[data] t1[s1] t2[s1] u[t1]'))
    const [root] = tree.roots
    expect([...CowTree.dfs(root as NonNullable<typeof root>)].map(({ uuid }) => uuid)).toEqual(['s1', 't1', 'u', 't2'])
    expect([...CowTree.ancestors(tree.get('u') as NonNullable<typeof root>)].map(({ uuid }) => uuid)).toEqual(['u', 't1', 's1'])
  })

  test('a volume as JSON is the plain subvolume', () => {
    const tree = new CowTree(volumesOf('data* s1[data] t1[s1]'))
    expect(JSON.parse(JSON.stringify(tree.get('s1')))).toEqual({
      uuid: 's1',
      parentUuid: 'data',
      id: 257,
      path: 's1',
      readonly: true,
      sendable: true,
    })
  })
})
