import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePyFloat, pyFloatRepr } from './float-repr.ts'

describe('pyFloatRepr', () => {
  test.each<[number, string]>([
    [1, '1.0'],
    [-0, '-0.0'],
    [0.1, '0.1'],
    [1e15, '1000000000000000.0'],
    [9999999999999998, '9999999999999998.0'],
    [1e16, '1e+16'],
    [1.5e300, '1.5e+300'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [5e-324, '5e-324'],
    [123456789.125, '123456789.125'],
    [Number.NaN, 'nan'],
    [-Infinity, '-inf'],
  ])('writes %d as %s', (value, text) => expect(pyFloatRepr(value)).toBe(text))

  test('what it writes is read as the same number', () => {
    fc.assert(
      fc.property(fc.double(), value => {
        expect(parsePyFloat(pyFloatRepr(value))).toBe(value)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['', 'x', '1.0x', '0x10', '1_0', 'infinite', '.', '1e'])('%j is no number', text => expect(parsePyFloat(text)).toBeUndefined())
})
