import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { commandNames, commandTable } from '../arguments/command-table.ts'
import { sampleFamily } from '../../test/sample-family.ts'
import { completionScript } from './completion-script.ts'

const families = [sampleFamily(), { name: 'absent', summary: 'Not installed' }]

/** What bash offers for a command line whose last word is being typed. */
function complete(...words: string[]): string[] {
  const script = `${completionScript('bash', families)}
compopt() { :; }
COMP_WORDS=("$@")
COMP_CWORD=$(( $# - 1 ))
_syncline
printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script, 'bash', 'syncline', ...words], { encoding: 'utf8' })
    .split('\n')
    .filter(word => word !== '')
}

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

describe('completionScript', () => {
  test('bash offers the commands', () => expect(complete('')).toEqual([...commandNames, 'pack', 'absent', '--help', '--version']))
  test('bash completes a command', () => expect(complete('st')).toEqual(['status', 'state']))
  test('bash offers the options of the command', () => expect(complete('apply', '--')).toEqual(commandTable.apply.options.map(name => `--${name}`)))
  test('bash offers the values of an option', () =>
    expect(complete('sync', 'a', 'b', '--conflict', '')).toEqual(['newest-wins', 'source-wins', 'destination-wins', 'keep-both', 'manual']))
  test('bash offers the words of a command', () => expect(complete('conflicts', '')).toEqual(['list', 'resolve']))
  test('bash offers the commands of a family', () => expect(complete('pack', '')).toEqual(['send', 'list']))
  test('bash offers the options of a command of a family', () => expect(complete('pack', 'send', '--e')).toEqual(['--exclude', '--every']))
  test('bash offers the values of an option of a family', () => expect(complete('--json', 'pack', 'send', 'a', '--scope', 's')).toEqual(['strict']))
  test('bash has nothing to offer of a family that is not installed', () => expect(complete('absent', '')).toEqual([]))
  test('an option of a family means nothing to another command', () => expect(complete('sync', '--scope', '')).toEqual([]))

  test.each(['zsh', 'fish'] as const)('%s reads its script without complaint', shell => {
    const script = completionScript(shell, families)
    for (const name of commandNames) expect(script).toContain(name)
    if (!has(shell)) return expect(script.split("'").length % 2, 'quotes are balanced').toBe(1)
    expect(spawnSync(shell, ['-n', '-c', script], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })
})
