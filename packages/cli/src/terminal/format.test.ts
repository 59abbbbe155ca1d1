import { describe, expect, test } from 'vitest'
import { formatAgo, formatBytes, formatCount, formatDuration, formatMode, formatMoment, formatPlural } from './format.ts'

describe('formatBytes', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [102_340, '99.9 KiB'],
    [102_400, '100 KiB'],
    [1_048_575, '1.0 MiB'],
    [851_443_712, '812 MiB'],
    [2 ** 40, '1.0 TiB'],
    [2 ** 60, '1024 PiB'],
  ])('%i', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
})

describe('formatDuration', () => {
  test.each([
    [31.4, '31 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [9940, '9.9 s'],
    [12_400, '12 s'],
    [59_400, '59 s'],
    [59_600, '1 m 00 s'],
    [242_000, '4 m 02 s'],
    [3_780_000, '1 h 03 m'],
  ])('%i ms', (ms, text) => expect(formatDuration(ms)).toBe(text))
})

describe('formatAgo', () => {
  test.each([
    [-5000, 'just now'],
    [59_000, 'just now'],
    [60_000, '1 minute ago'],
    [7_200_000, '2 hours ago'],
    [3 * 86_400_000, '3 days ago'],
  ])('%i ms', (ms, text) => expect(formatAgo(ms)).toBe(text))
})

test('formatCount puts a comma between thousands', () =>
  expect([0, 999, 1000, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']))
test('formatPlural tells one from many', () =>
  expect([formatPlural(1, 'file'), formatPlural(2000, 'file'), formatPlural(0, 'retry', 'retries')]).toEqual(['1 file', '2,000 files', '0 retries']))
test('formatMoment is in UTC, and survives what is no time', () =>
  expect([formatMoment(0), formatMoment(NaN), formatMoment(1e20)]).toEqual(['1970-01-01 00:00:00Z', 'unknown time', 'unknown time']))
test('formatMode shows permission bits as ls does', () =>
  expect([0o644, 0o4755, 0o1777, 0o2640, undefined].map(formatMode)).toEqual(['rw-r--r--', 'rwsr-xr-x', 'rwxrwxrwt', 'rw-r-S---', '?????????']))
