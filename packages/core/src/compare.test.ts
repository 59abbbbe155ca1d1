import { describe, expect, test } from 'vitest'
import { compareSides } from './compare.ts'
import type { FileEntry } from './protocol.ts'

const file = (size: number, modified: number): FileEntry => ({ kind: 'file', path: 'a', size, modified })

describe('compareSides', () => {
  test.each(['hash-then-mtime', 'hash-only'] as const)('%s: needs no hash to know that two empty files are equal', comparison => {
    expect(compareSides(file(0, 0), file(0, 1e9), comparison, 0)).toEqual({ verdict: 'equal', reason: 'both are empty' })
  })

  test.each(['hash-then-mtime', 'hash-only'] as const)('%s: asks for hashes where sizes are equal', comparison => {
    expect(compareSides(file(1, 0), file(1, 0), comparison, 0)).toEqual({ verdict: 'ask-hash' })
    expect(compareSides(file(0, 0), file(1, 0), comparison, 0)).toMatchObject({ verdict: 'different' })
  })

  test('mtime-only: empty files with different times differ', () => {
    expect(compareSides(file(0, 0), file(0, 1e9), 'mtime-only', 0)).toMatchObject({ verdict: 'different' })
  })
})
