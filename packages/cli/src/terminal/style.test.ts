import { describe, expect, test } from 'vitest'
import { chooseStyle, makeStyle } from './style.ts'

const utf8 = { LANG: 'en_GB.UTF-8' }

describe('chooseStyle', () => {
  test.each([
    ['a terminal', true, {}, {}, true],
    ['a pipe', false, {}, {}, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, {}, false],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, {}, true],
    ['FORCE_COLOR in a pipe', false, { FORCE_COLOR: '1' }, {}, true],
    ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, {}, false],
    ['NO_COLOR before FORCE_COLOR', false, { NO_COLOR: '1', FORCE_COLOR: '1' }, {}, false],
    ['--color always before NO_COLOR', false, { NO_COLOR: '1' }, { color: 'always' }, true],
    ['--color never before FORCE_COLOR', true, { FORCE_COLOR: '1' }, { color: 'never' }, false],
    ['a dumb terminal', true, { TERM: 'dumb' }, {}, false],
  ] as const)('colours: %s', (_name, isTTY, variables, wish, color) => expect(chooseStyle({ isTTY }, variables, wish).color).toBe(color))

  test.each([
    ['UTF-8', utf8, {}, '→'],
    ['utf8', { LC_CTYPE: 'C.utf8' }, {}, '→'],
    ['nothing known', {}, {}, '->'],
    ['LC_ALL before LANG', { ...utf8, LC_ALL: 'C' }, {}, '->'],
    ['--ascii', utf8, { ascii: true }, '->'],
    ['a Windows terminal', { OS: 'Windows_NT', WT_SESSION: 'x' }, {}, '→'],
  ])('symbols: %s', (_name, variables, wish, arrow) => expect(chooseStyle({ isTTY: true }, variables, wish).symbols.upload).toBe(arrow))

  test('without colours text stays as it is', () => expect(makeStyle(false, true).paint('bad', 'x')).toBe('x'))
  test('with colours text is set back to the default after it', () => expect(makeStyle(true, true).paint('bad', 'x')).toBe('\u001b[31mx\u001b[39m'))

  test('without Unicode every symbol is ASCII', () => {
    for (const symbol of Object.values(makeStyle(false, false).symbols)) expect(symbol).toMatch(/^[\u0020-\u007e]+$/)
  })
})
