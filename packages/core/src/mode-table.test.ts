import { describe, expect, test } from 'vitest'
import { modeTable, reconcile, type SideState, type Situation } from './mode-table.ts'
import { SyncMode } from './modes.ts'

const present: readonly SideState[] = ['=', 'M']

/** Every situation there is: without an ancestor a present side is new; with one it is as it was, or modified. */
function* situations(): Generator<Situation> {
  for (const mode of Object.values(SyncMode)) {
    for (const ancestor of [false, true]) {
      const states: readonly SideState[] = ancestor ? [...present, '-'] : ['N', '-']
      for (const source of states) {
        for (const destination of states) {
          if (source === '-' && destination === '-') {
            if (ancestor) yield { mode, ancestor, source, destination, equal: undefined }
          } else if (source === '-' || destination === '-') yield { mode, ancestor, source, destination, equal: undefined }
          else for (const equal of [true, false]) yield { mode, ancestor, source, destination, equal }
        }
      }
    }
  }
}

const all = [...situations()]
const name = ({ mode, ancestor, source, destination, equal }: Situation): string =>
  `${mode} ${ancestor ? 'known' : 'unknown'} ${source}${destination}${equal === undefined ? '' : equal ? ' equal' : ' different'}`

describe('modeTable', () => {
  test.each(all.map(situation => [name(situation), situation] as const))('has exactly one row for %s', (_, situation) => {
    const rows = modeTable.filter(
      row =>
        row.modes.includes(situation.mode) &&
        row.ancestor === situation.ancestor &&
        row.equal === situation.equal &&
        row.source.includes(situation.source) &&
        row.destination.includes(situation.destination),
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]).toBe(reconcile(situation))
  })

  test.each(all.map(situation => [name(situation), situation] as const))('two-way is its own mirror image: %s', (_, situation) => {
    if (situation.mode !== 'two-way') return
    const mirrored = reconcile({ ...situation, source: situation.destination, destination: situation.source }).outcome
    const swap = (word: string): string =>
      word.startsWith('UPLOAD')
        ? word.replace('UPLOAD', 'DOWNLOAD')
        : word.startsWith('DOWNLOAD')
          ? word.replace('DOWNLOAD', 'UPLOAD')
          : word === 'DELETE_SOURCE'
            ? 'DELETE_DESTINATION'
            : word === 'DELETE_DESTINATION'
              ? 'DELETE_SOURCE'
              : word
    expect(mirrored).toBe(swap(reconcile(situation).outcome))
  })

  test('a one-way mode never writes the side it reads', () => {
    for (const situation of all) {
      const { outcome } = reconcile(situation)
      if (situation.mode.startsWith('source')) expect(outcome).not.toMatch(/DOWNLOAD|DELETE_SOURCE/)
      if (situation.mode.startsWith('destination')) expect(outcome).not.toMatch(/UPLOAD|DELETE_DESTINATION/)
      if (situation.mode.endsWith('backup')) expect(outcome).not.toMatch(/DELETE/)
    }
  })

  test('nothing is deleted that the state does not know, in two-way', () => {
    for (const situation of all) if (situation.mode === 'two-way' && !situation.ancestor) expect(reconcile(situation).outcome).not.toMatch(/DELETE/)
  })

  test('an edit is never deleted, in two-way', () => {
    for (const situation of all) {
      if (situation.mode === 'two-way' && (situation.source === 'M' || situation.destination === 'M'))
        expect(reconcile(situation).outcome).not.toMatch(/DELETE/)
    }
  })
})
