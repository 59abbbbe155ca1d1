import { describe, expect, test } from 'vitest'
import { UsageError } from '../usage-error.ts'
import { parseCount, parseDeleteLimit, parseMoment, parseRate, parseSize } from './values.ts'

describe('parseSize', () => {
  test.each([
    ['0', 0],
    ['500', 500],
    ['500B', 500],
    ['1K', 1024],
    ['1k', 1024],
    ['1KiB', 1024],
    ['1kB', 1000],
    ['1.5M', 1_572_864],
    ['20 MiB', 20_971_520],
    ['3MB', 3_000_000],
    ['2G', 2_147_483_648],
    ['1TiB', 1_099_511_627_776],
  ])('reads %s', (text, bytes) => expect(parseSize(text, '--max-size')).toBe(bytes))

  test.each(['', 'M', '-1', '1X', '1.2.3', '0x10', '1e3', 'ten', '99999999T'])('refuses %j', text =>
    expect(() => parseSize(text, '--max-size')).toThrow(UsageError),
  )
})

describe('parseRate', () => {
  test('reads bytes per second', () => {
    expect(parseRate('20M', '--bwlimit')).toBe(20 * 1024 * 1024)
    expect(parseRate('500KB/s', '--bwlimit')).toBe(500_000)
  })

  test('refuses a bare number, which means KiB to some and bytes to others', () =>
    expect(() => parseRate('500', '--bwlimit')).toThrow('--bwlimit 500 has no unit'))

  test('refuses nothing at all', () => expect(() => parseRate('0M', '--bwlimit')).toThrow('more than 0'))
})

describe('parseCount', () => {
  test('reads whole numbers of at least the least', () => {
    expect(parseCount('0', '--tolerance', 0)).toBe(0)
    expect(parseCount('12', '--transfers', 1)).toBe(12)
  })

  test.each(['', '-1', '0', '1.5', 'x', '1e2', ' 1'])('refuses %j', text => expect(() => parseCount(text, '--transfers', 1)).toThrow('--transfers'))
})

describe('parseDeleteLimit', () => {
  test.each([
    ['0', 0],
    ['12', 12],
    ['25%', { share: 0.25 }],
    ['0.5%', { share: 0.005 }],
    ['100%', Infinity],
    ['unlimited', Infinity],
  ])('reads %s', (text, limit) => expect(parseDeleteLimit(text, '--max-delete')).toEqual(limit))

  test.each(['-1', '101%', 'half', '%', ''])('refuses %j', text => expect(() => parseDeleteLimit(text, '--max-delete')).toThrow(UsageError))
})

describe('parseMoment', () => {
  const now = Date.UTC(2026, 10, 21)

  test.each([
    ['7d', now - 7 * 86_400_000],
    ['90m', now - 90 * 60_000],
    ['36h', now - 36 * 3_600_000],
    ['2w', now - 14 * 86_400_000],
    ['2026-11-20', Date.UTC(2026, 10, 20)],
    ['2026-11-20T10:31Z', Date.UTC(2026, 10, 20, 10, 31)],
  ])('reads %s', (text, moment) => expect(parseMoment(text, '--modified-after', now)).toBe(moment))

  test.each(['yesterday', '7', '20.11.2026', '2026-13-01', ''])('refuses %j', text =>
    expect(() => parseMoment(text, '--modified-after', now)).toThrow(UsageError),
  )
})
