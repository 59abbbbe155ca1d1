import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { acceptRows, modeTable, reconcile, type ModeRow, type SideState, type Situation } from './mode-table.ts'
import { SyncMode } from './modes.ts'

// docs/modes.md holds tables that are printed from the one the planner looks its decisions up in. SYNCLINE_WRITE_DOCS=1 writes them anew.

const file = fileURLToPath(new URL('../../../docs/modes.md', import.meta.url))
const shouldWrite = process.env['SYNCLINE_WRITE_DOCS'] === '1'

const states: Readonly<Record<SideState, string>> = { N: 'new', '=': 'unchanged', M: 'changed', '-': 'nothing' }
const outcomes: Readonly<Record<string, string>> = {
  SETTLE: 'nothing to do, which the state learns',
  FORGET: 'leaves the state',
  KEEP: 'left alone',
  RESOLVE: 'conflict: the policy decides',
  FIRST_CONTACT: 'conflict: the policy for first contacts decides, then the one for conflicts',
}

function wordsOf(side: readonly SideState[]): string {
  return side.length === 3 ? 'anything' : side.map(state => states[state]).join(' or ')
}

function lineOf(row: ModeRow): string {
  const sides = [wordsOf(row.source), wordsOf(row.destination)]
  const equal = row.equal === undefined ? '' : row.equal ? 'equal' : 'different'
  return `| ${row.ancestor ? 'known' : 'not known'} | ${sides.join(' | ')} | ${equal} | ${outcomes[row.outcome] ?? `\`${row.outcome}\``} | ${row.reason} |`
}

function print(rows: readonly ModeRow[]): string {
  return [
    '| last sync | source | destination | both | what is done | reason it gives |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(lineOf),
  ].join('\n')
}

/** Printed under the marks of the page. */
const tables: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.values(SyncMode).map(mode => [mode, print(modeTable.filter(row => row.modes.includes(mode)))])),
  'source-backup, accepting': print(acceptRows),
}

function withTables(page: string): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [before, rest] = text.split(`<!-- table: ${name} -->\n`)
    if (rest === undefined) throw new Error(`docs/modes.md has no place for the table ${name}`)
    return `${before}<!-- table: ${name} -->\n${table}\n${rest.slice(rest.indexOf('<!-- end -->'))}`
  }, page)
}

describe('docs/modes.md', () => {
  const page = readFileSync(file, 'utf8')

  test('holds the tables that the planner decides by', () => {
    if (shouldWrite) writeFileSync(file, withTables(page))
    expect(readFileSync(file, 'utf8'), 'stale; write it with SYNCLINE_WRITE_DOCS=1').toBe(withTables(page))
  })

  test('says of writes and deletions what the table says', () => {
    const known = function* (mode: SyncMode): Generator<Situation> {
      for (const source of ['=', 'M', '-'] as const) {
        for (const destination of ['=', 'M', '-'] as const) {
          if (source === '-' && destination === '-') continue
          yield { mode, ancestor: true, source, destination, equal: source === '-' || destination === '-' ? undefined : false }
        }
      }
    }
    for (const mode of Object.values(SyncMode)) {
      const done = new Set([...known(mode)].map(situation => reconcile(situation).outcome))
      const writes = (prefix: string): string => ([...done].some(outcome => outcome.startsWith(prefix)) ? 'yes' : 'never')
      const row = `| \`${mode}\` | ${writes('DOWNLOAD')} | ${writes('UPLOAD')} | ${writes('DELETE_SOURCE')} | ${writes('DELETE_DESTINATION')} |`
      expect(page).toContain(row)
    }
  })
})
