import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isText, shellLine, shellWord } from './quote.ts'

/** What a shell gives a program for a line. */
function words(line: string): readonly string[] {
  return execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'latin1' })
    .split('\0')
    .slice(0, -1)
}

describe('shellLine', () => {
  test('leaves plain words as they are', () => expect(shellLine(['btrfs', 'send', '-p', '/mnt/a.b-c_d/1'])).toBe('btrfs send -p /mnt/a.b-c_d/1'))

  test.each(['', "it's", '$(touch /tmp/x)', '`id`', 'a b', '-rf', '*', '\\', '\xe9', "\xe9'%s\\n", '\xc3\xa9', 'a\nb', '!!', '~'])(
    'a shell gets %j as it is',
    word => expect(words(shellWord(word))).toEqual([word]),
  )

  test('a shell gets any bytes as they are', () => {
    const byte = fc.integer({ min: 1, max: 255 }).map(code => String.fromCharCode(code))
    const word = fc.string({ unit: byte, maxLength: 20 }).filter(text => isText(text) || !text.endsWith('\n'))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), command => {
        expect(words(shellLine(command))).toEqual(command)
      }),
      { numRuns: 50 },
    )
  })

  test('refuses what no shell can be given', () => {
    expect(() => shellWord('a\0b')).toThrow('NUL')
    expect(() => shellWord('\xe9\n')).toThrow('line break')
  })
})
