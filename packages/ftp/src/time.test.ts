import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTime, isSayable, parseListTime, parseTime } from './time.ts'

describe('parseTime', () => {
  test.each([
    ['20261121142443', Date.UTC(2026, 10, 21, 14, 24, 43)],
    ['20261121142443.5', Date.UTC(2026, 10, 21, 14, 24, 43, 500)],
    ['20261121142443.123456', Date.UTC(2026, 10, 21, 14, 24, 43, 123)],
    [' 19700101000000\r', 0],
  ])('reads %j', (text, ms) => expect(parseTime(text)).toBe(ms))

  test.each(['', '2026112114244', '20261321142443', '20261121242443', 'File not found', '20261121142443 x'])('does not guess at %j', text =>
    expect(parseTime(text)).toBeUndefined(),
  )

  test('reads what formatTime wrote, to the second', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), ms => {
        expect(isSayable(ms)).toBe(true)
        expect(parseTime(formatTime(ms))).toBe(Math.floor(ms / 1000) * 1000)
      }),
    ))
})

describe('parseListTime', () => {
  const now = Date.UTC(2026, 10, 21, 14, 24)
  const minute = 60_000
  const day = 24 * 60 * minute
  test.each([
    { text: 'Nov 21 14:24', local: Date.UTC(2026, 10, 21, 14, 24), precision: minute },
    { text: 'Nov  1 00:05', local: Date.UTC(2026, 10, 1, 0, 5), precision: minute },
    { text: 'Dec 24 18:00', local: Date.UTC(2025, 11, 24, 18, 0), precision: minute },
    { text: 'Nov 22 10:00', local: Date.UTC(2026, 10, 22, 10, 0), precision: minute },
    { text: 'Feb 29  2024', local: Date.UTC(2024, 1, 29), precision: day },
    { text: '21 Nov 2025', local: Date.UTC(2025, 10, 21), precision: day },
    { text: '2026-11-21 14:24', local: Date.UTC(2026, 10, 21, 14, 24), precision: minute },
    { text: '11-21-26 02:24PM', local: Date.UTC(2026, 10, 21, 14, 24), precision: minute },
    { text: '12-05-96 12:03AM', local: Date.UTC(1996, 11, 5, 0, 3), precision: minute },
  ])('reads $text', ({ text, local, precision }) => expect(parseListTime(text, now)).toEqual({ local, precision }))

  test.each(['', 'yesterday', 'Nov 41 14:24', 'Nov 21 25:61', '13-41-26 02:24PM'])('does not guess at %j', text =>
    expect(parseListTime(text, now)).toBeUndefined(),
  )
})
