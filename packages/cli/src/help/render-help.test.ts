import { describe, expect, test } from 'vitest'
import { commandNames, commandTable } from '../arguments/command-table.ts'
import { makeStyle } from '../terminal/style.ts'
import { commandHelp, exitCodeHelp, generalHelp, optionHelp } from './render-help.ts'

const plain = makeStyle(false, true)

describe('help', () => {
  test('of the program', () => expect(generalHelp(plain, '1.2.3')).toMatchSnapshot())
  test('of sync', () => expect(commandHelp('sync', plain)).toMatchSnapshot())
  test('of conflicts', () => expect(commandHelp('conflicts', plain)).toMatchSnapshot())
  test('of exit codes', () => expect(exitCodeHelp(plain)).toMatchSnapshot())

  test.each(commandNames)('of %s names each of its options', name => {
    const text = commandHelp(name, plain)
    for (const option of commandTable[name].options) expect(text).toContain(`--${option}`)
  })

  test('fits a terminal of 100 columns', () => {
    const texts = [generalHelp(plain, '1.2.3'), optionHelp(plain), exitCodeHelp(plain), ...commandNames.map(name => commandHelp(name, plain))]
    const examples = new Set(commandNames.flatMap(name => commandTable[name].examples.map(example => `  ${example}`)))
    for (const line of texts.join('\n').split('\n')) if (!examples.has(line)) expect(line.length, line).toBeLessThanOrEqual(100)
  })
})
