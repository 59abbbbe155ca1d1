import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cases } from './cases/index.ts'
import { promises } from './promises.ts'

const doc = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')
const inDoc = Object.fromEntries([...doc.matchAll(/^- \*\*(P\d+)\*\* (.*)\.$/gm)].map(([, number, sentence]) => [number, sentence]))

describe('docs/protocol.md', () => {
  test('has every promise in the words of the suite, and no other', () => {
    expect(inDoc).toEqual(promises)
    expect(doc.match(/\*\*P\d+\*\*/g)).toHaveLength(Object.keys(promises).length)
  })

  test('every promise is cited by a test, and tests cite no other', () => {
    expect(new Set(cases.flatMap(({ cites }) => cites))).toEqual(new Set(Object.keys(inDoc)))
  })

  test('no two tests have one name', () => {
    const names = cases.map(({ cites, sentence }) => `${cites.join(' ')} ${sentence}`)
    expect(new Set(names).size).toBe(names.length)
  })
})
