import { describe, expect, test } from 'vitest'
import { sampleFamily } from '../../test/sample-family.ts'
import { UsageError } from '../usage-error.ts'
import { parseFamilyArguments, type FamilyArguments } from './parse-family-arguments.ts'

const parse = (...words: string[]): FamilyArguments => parseFamilyArguments(sampleFamily(), [], words)

describe('parseFamilyArguments', () => {
  test('knows the letters of the command, also where another command line has them for something else', () => {
    const { command, operands, options } = parse('send', '-iyt5', '-x', '*.tmp', 'a', '--exclude=b*', 'b', '-q', 'c')
    expect(command?.name).toBe('send')
    expect(operands).toEqual(['a', 'b', 'c'])
    expect(['interactive', 'yes', 'quench', 'quiet'].map(name => options.has(name))).toEqual([true, true, true, false])
    expect([options.text('every'), options.list('exclude'), options.text('scope')]).toEqual(['5', ['*.tmp', 'b*'], undefined])
  })

  test('tells which of two options came last', () => {
    expect(parse('send', '-y', '-i').options.last('yes', 'interactive')).toBe('interactive')
    expect(parse('send', '-i', '-y', '-t', '2').options.last('yes', 'interactive')).toBe('yes')
    expect(parse('send').options.last('yes', 'interactive')).toBeUndefined()
  })

  test('takes the common options before and after the command', () => {
    const { operands, options } = parseFamilyArguments(sampleFamily(), ['--json'], ['-q', '--color', 'never', 'list', '--ascii', 'a'])
    expect(operands).toEqual(['a'])
    expect(['json', 'quiet', 'ascii'].map(name => options.has(name))).toEqual([true, true, true])
    expect(options.text('color')).toBe('never')
  })

  test('everything after -- is an operand', () => expect(parse('send', '--', '-x', '--json').operands).toEqual(['-x', '--json']))

  test('names no command where none is named', () => {
    expect(parse()).toMatchObject({ command: undefined, operands: [] })
    expect(parse('--help').options.has('help')).toBe(true)
  })

  test.each<[name: string, words: string[], message: string, hint: string]>([
    ['an unknown command', ['snd'], 'pack has no command "snd"', 'Did you mean syncline pack send? Commands: send, list.'],
    ['a command named like a property of every object', ['toString'], 'pack has no command "toString"', 'Commands: send, list.'],
    ['an option before the command', ['-x', 'a', 'send'], '-x comes before the command of pack', 'Write syncline pack COMMAND -x;'],
    ['an unknown option', ['send', '--exclud'], 'unknown option --exclud of pack send', 'Did you mean --exclude? Syncline help pack send shows'],
    ['an option of another command', ['list', '--exclude', 'a'], 'unknown option --exclude of pack list', 'Syncline help pack list shows'],
    ['an unknown letter', ['send', '-Z'], 'unknown option -Z of pack send', 'Syncline help pack send shows the options.'],
    ['an option named like a property of every object', ['send', '--constructor'], 'unknown option --constructor', 'Syncline help'],
    ['a missing value', ['send', '-x'], '-x needs a value: -x GLOB', ''],
    [
      'an option where a value should be',
      ['send', '-x', '--json'],
      '-x needs a value, got the option --json',
      'If that is the value, write -x=--json.',
    ],
    ['a superfluous value', ['send', '--yes=1'], '--yes takes no value, got "1"', ''],
    ['an unknown choice', ['send', '--scope', 'stric'], 'unknown value "stric" of --scope', 'Did you mean strict? Use one of: all, strict.'],
  ])('refuses %s', (_name, words, message, hint) => {
    const error = catching(() => parse(...words))
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).message).toContain(message)
    expect((error as UsageError).hint ?? '').toContain(hint)
  })
})

function catching(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
