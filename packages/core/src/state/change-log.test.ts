import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ancestor, StateChange } from '../ancestor.ts'
import { compareKeys } from '../path.ts'
import type { Path } from '../protocol.ts'
import { ChangeLog } from './change-log.ts'
import { formatLine, formatRecord } from './tree-line.ts'

const path = fc
  .array(fc.constantFrom('a', 'b', 'a-b', 'é', '😀', '\ud800', '"', '\\', '\n', 'long'.repeat(9000)), { minLength: 1, maxLength: 3 })
  .map(parts => parts.join('/'))
const record = fc.record({
  kind: fc.constantFrom('file', 'directory', 'symlink'),
  size: fc.nat(),
  modified: fc.option(fc.nat().map(ms => ms / 4096)),
  text: fc.string({ unit: 'binary', maxLength: 9 }),
})
const changes = fc.array(
  fc.tuple(path, fc.option(record), fc.option(record)).map(([path, source, destination]): StateChange => {
    const ancestor = (made: typeof source): Ancestor | undefined => {
      if (made === null) return undefined
      const { kind, size, modified, text } = made
      if (kind === 'directory') return { path, kind, size: 0 }
      const time = modified === null ? {} : { modified }
      return kind === 'symlink' ? { path, kind, size: 0, ...time, target: text } : { path, kind, size, ...time, id: text, hash: `x:${text}` }
    }
    return { path, source: ancestor(source), destination: ancestor(destination) }
  }),
  { maxLength: 40 },
)

/** Edits as the naive model has them: the last value of a path at its key, its other key cleared. */
function modelled(list: readonly StateChange[], side: 'source' | 'destination', empty: boolean): unknown[] {
  const last = new Map<Path, Ancestor | undefined>(list.map(change => [change.path, change[side]]))
  const edits = [...last].flatMap(([path, put]) =>
    [false, true].map(directory => ({
      path,
      directory,
      put: put !== undefined && (put.kind === 'directory') === directory ? formatLine(put) : undefined,
    })),
  )
  return edits.filter(({ put }) => !empty || put !== undefined).sort((a, b) => compareKeys(a.path, a.directory, b.path, b.directory))
}

function edits(log: ChangeLog, side: 'source' | 'destination', empty: boolean): unknown[] {
  return Array.from(log.edits(side, empty), edit => ({ ...edit, put: edit.put && new TextDecoder().decode(edit.put) }))
}

describe('ChangeLog', () => {
  test('gives back what it was given, from whichever log it came', () => {
    fc.assert(
      fc.property(changes, changes, changes, fc.nat(), (first, second, third, some) => {
        const [log, other] = [new ChangeLog(first), new ChangeLog(second)]
        const count = Math.min(some, second.length)
        log.addFirst(other, count)
        for (const change of third) {
          log.add(change)
          other.add(change)
        }
        expect([...log]).toEqual([...first, ...second.slice(0, count), ...third])
        expect([...other]).toEqual([...second, ...third])
        expect(log.length).toBe(first.length + count + third.length)
      }),
    )
  })

  test('makes of each side what the last change of a path says', () => {
    fc.assert(
      fc.property(changes, changes, fc.boolean(), (first, second, empty) => {
        const log = new ChangeLog(first)
        for (const side of ['source', 'destination'] as const) expect(edits(log, side, empty)).toEqual(modelled(first, side, empty))
        log.addAll(new ChangeLog(second))
        for (const side of ['source', 'destination'] as const) {
          expect(edits(log, side, empty)).toEqual(modelled([...first, ...second], side, empty))
          expect(log.puts(side)).toBe([...first, ...second].filter(change => change[side] !== undefined).length)
        }
      }),
    )
  })

  test('says in the journal what both sides have', () => {
    fc.assert(
      fc.property(changes, fc.nat(), fc.nat(), (list, x, y) => {
        const [from, to] = [x, y].map(at => at % (list.length + 1)).sort((a, b) => a - b) as [number, number]
        const lines = list.slice(from, to).map(({ path, source, destination }) => {
          const [ours, theirs] = [source, destination].map(record => (record === undefined ? 'null' : formatRecord(record)))
          return `{"path":${JSON.stringify(path)},"source":${ours},"destination":${theirs}}\n`
        })
        expect(new TextDecoder().decode(new ChangeLog(list).journalLines(from, to))).toBe(lines.join(''))
      }),
    )
  })

  test('refuses a size that is no number of bytes, and keeps what it has', () => {
    const log = new ChangeLog([{ path: 'a', source: undefined, destination: undefined }])
    const bad: StateChange = { path: 'b', source: { path: 'b', kind: 'file', size: Number.NaN }, destination: undefined }
    expect(() => log.add(bad)).toThrow('the size of b')
    expect([...log].map(({ path }) => path)).toEqual(['a'])
  })
})
