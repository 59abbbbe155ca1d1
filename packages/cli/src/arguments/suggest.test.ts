import { describe, expect, test } from 'vitest'
import { commandNames } from './command-table.ts'
import { optionNames } from './option-table.ts'
import { suggest } from './suggest.ts'

describe('suggest', () => {
  test.each([
    ['snyc', 'sync'],
    ['stauts', 'status'],
    ['conflict', 'conflicts'],
    ['chek', 'check'],
    ['comp', 'completion'],
    ['wyh', 'why'],
  ])('takes %s for %s', (word, meant) => expect(suggest(word, commandNames)).toBe(meant))

  test.each([
    ['mde', 'mode'],
    ['dryrun', 'dry-run'],
    ['exlude', 'exclude'],
    ['max-deletes', 'max-delete'],
    ['bwlimt', 'bwlimit'],
  ])('takes the option %s for %s', (word, meant) => expect(suggest(word, optionNames)).toBe(meant))

  test('says nothing about a word that is near to none', () => expect(suggest('frobnicate', commandNames)).toBeUndefined())

  test('finds every name with one letter left out', () => {
    for (const name of optionNames) {
      if (name.length < 5) continue
      for (let at = 0; at < name.length; at++)
        expect(suggest(name.slice(0, at) + name.slice(at + 1), optionNames), `${name} without letter ${at}`).toBeDefined()
    }
  })
})
