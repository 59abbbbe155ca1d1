import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pythonDictOrder, pythonSetOrder } from './dict-order.ts'

const cases = JSON.parse(readFileSync(new URL('../../test/fixtures/py2-dict-order.json', import.meta.url), 'utf8')) as readonly {
  readonly inserted: readonly string[]
  readonly order: readonly string[]
}[]

test(`${cases.length} dictionaries of Python 2.7 give back their keys in its order`, () => {
  expect(cases.length).toBeGreaterThan(100)
  for (const { inserted, order } of cases) expect(pythonDictOrder(inserted)).toEqual(order)
})

test('sets of small numbers and strings come in the order of Python 2.7', () => {
  expect(pythonSetOrder([8, 1])).toEqual([8, 1])
  expect(pythonSetOrder([-1, 3, 20])).toEqual([3, 20, -1])
  expect(pythonSetOrder(['a', 'b', 'c'])).toEqual(['a', 'c', 'b'])
  expect(pythonSetOrder([[1]])).toBeUndefined()
})
