import { ComparisonMode, ConflictResolution, InitialSync, SymlinkMode, SyncMode } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { optionTable } from './option-table.ts'

describe('optionTable', () => {
  test.each([
    ['mode', SyncMode],
    ['compare', ComparisonMode],
    ['conflict', ConflictResolution],
    ['initial', InitialSync],
    ['symlinks', SymlinkMode],
  ] as const)('--%s offers every word that the engine knows', (name, words) => expect(optionTable[name].choices).toEqual(Object.values(words)))
})
