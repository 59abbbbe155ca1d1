import { describe, expect, test } from 'vitest'
import { UsageError } from '../usage-error.ts'
import { commandNames, commandTable } from './command-table.ts'
import { foreignWords } from './foreign-words.ts'
import { optionNames, optionTable, type OptionName } from './option-table.ts'
import { parseArguments } from './parse-arguments.ts'

/** The error that a command line gives, as one text. */
function failure(...argv: string[]): string {
  try {
    parseArguments(argv)
  } catch (error) {
    if (error instanceof UsageError) return `${error.message} | ${error.hint ?? ''}`
    throw error
  }
  throw new Error(`${argv.join(' ')} was accepted`)
}

/** A value that the option accepts as far as parsing goes. */
const valueOf = (name: OptionName): string => optionTable[name].choices?.[0] ?? 'value'

describe('parseArguments', () => {
  test('reads a command, operands and options in any order', () => {
    const { command, operands, options } = parseArguments(['sync', '-n', 'a', '--mode', 'two-way', 'b', '--ignore=*.tmp', '--ignore', '*.log'])
    expect(command).toBe('sync')
    expect(operands).toEqual(['a', 'b'])
    expect(options.has('dry-run')).toBe(true)
    expect(options.text('mode')).toBe('two-way')
    expect(options.list('ignore')).toEqual(['*.tmp', '*.log'])
  })

  test('reads options before the command', () => {
    const { command, operands, options } = parseArguments(['--mode', 'two-way', '--json', 'plan', 'a', 'b'])
    expect([command, operands, options.text('mode'), options.has('json')]).toEqual(['plan', ['a', 'b'], 'two-way', true])
  })

  test('takes the last value of an option that is not repeatable', () =>
    expect(parseArguments(['sync', '--mode', 'two-way', '--mode', 'source-backup', 'a', 'b']).options.list('mode')).toEqual(['source-backup']))

  test('takes everything after -- as operands', () => expect(parseArguments(['sync', '--', '-a', '--mode']).operands).toEqual(['-a', '--mode']))

  test('reads joined short options', () => {
    const { options } = parseArguments(['sync', '-nyq', 'a', 'b'])
    expect(['dry-run', 'yes', 'quiet'].map(name => options.has(name as OptionName))).toEqual([true, true, true])
  })

  const each = commandNames.flatMap(command => commandTable[command].options.map(name => ({ command, name })))
  test.each(each)('$command takes --$name', ({ command, name }) => {
    const { value, short } = optionTable[name]
    const words = value === undefined ? [`--${name}`] : [`--${name}`, valueOf(name)]
    expect(parseArguments([command, ...words]).options.list(name)).toEqual([value === undefined ? '' : valueOf(name)])
    if (short !== undefined) expect(parseArguments([command, `-${short}`]).options.has(name)).toBe(true)
  })

  test('every option belongs to a command', () => {
    const used = new Set(commandNames.flatMap(command => commandTable[command].options))
    // `--version` stands without a command.
    expect(optionNames.filter(name => !used.has(name))).toEqual(['version'])
  })

  test('no two options share a letter', () => {
    const letters = [...Object.values(optionTable), ...Object.values(foreignWords)].map(({ short }) => short).filter(short => short !== undefined)
    expect(letters).toEqual([...new Set(letters)])
  })

  test('no word of other programs hides an option of ours', () =>
    expect(Object.keys(foreignWords).filter(word => Object.hasOwn(optionTable, word))).toEqual([]))

  test.each(Object.entries(foreignWords))('answers --%s of other programs', (word, { means, use, always, value }) => {
    const argv = ['sync', `--${word}${value === true ? `=${means === undefined ? '1' : valueOf(means[0])}` : ''}`, 'a', 'b']
    if (use !== undefined) return expect(failure(...argv).toLowerCase()).toContain(use.toLowerCase())
    const parsed = parseArguments(argv)
    if (always !== undefined) return expect(parsed.notes).toEqual([`--${word}: ${always}`])
    expect(parsed.options.has(means?.[0] as OptionName)).toBe(true)
  })

  test.each([
    [['snyc', 'a', 'b'], 'Did you mean syncline sync?'],
    [['./a', './b'], 'Did you mean: syncline sync ./a ./b'],
    [['sync', '--mdoe', 'x'], 'Did you mean --mode?'],
    [['sync', '--delte'], 'Did you mean --delete?'],
    [['sync', '--frobnicate'], 'Syncline help sync shows the options.'],
    [['sync', '-Z'], 'unknown option -Z'],
    [['sync', '--mode'], '--mode needs a value: --mode two-way|'],
    [['sync', '--mode='], '--mode needs a value'],
    [['sync', '--mode', '--json'], '--mode needs a value, got the option --json'],
    [['sync', '--json=yes'], '--json takes no value'],
    [['sync', '--out', 'f', 'a', 'b'], '--out is not an option of sync | It belongs to plan.'],
    [['plan', '--take', 'source'], 'It belongs to conflicts.'],
  ])('refuses %j', (argv, text) => expect(failure(...argv)).toContain(text))

  test('a value that starts with a dash is written with =', () =>
    expect(parseArguments(['sync', '--ignore=-x', 'a', 'b']).options.text('ignore')).toBe('-x'))
})
