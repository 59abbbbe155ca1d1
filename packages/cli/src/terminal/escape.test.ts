import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeControls, escapeLines, toJsonLine } from './escape.ts'

// eslint-disable-next-line no-control-regex -- what must never come through
const acting = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

describe('escapeControls', () => {
  test.each([
    ['plain name', 'plain name'],
    ['写真 é 🎉', '写真 é 🎉'],
    ['a\u001b[31mb', 'a\\e[31mb'],
    ['two\nlines\ttab\r', 'two\\nlines\\ttab\\r'],
    ['\u0000\u007f\u009b', '\\x00\\x7f\\x9b'],
    ['exe.\u202egnp', 'exe.\\u{202e}gnp'],
    ['\ud800x', '\\u{d800}x'],
  ])('writes %j as %j', (text, shown) => expect(escapeControls(text)).toBe(shown))

  test('lets nothing through that acts on a terminal', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => !acting.test(escapeControls(text))))
  })
})

test('escapeLines keeps lines that go on, and no other ones', () =>
  expect(escapeLines('btrfs failed:\n  no\troom\n  really\nsyncline: all is well')).toBe(
    'btrfs failed:\n  no\\troom\n  really\\nsyncline: all is well',
  ))

describe('toJsonLine', () => {
  test('is one line of JSON that gives the value back and acts on no terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), path => {
        const line = toJsonLine({ path })
        expect(JSON.parse(line)).toEqual({ path })
        // eslint-disable-next-line no-control-regex -- what must never come through
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
      }),
    )
  })
})
