import { memory, SyncEngine, toBytes, type Plan } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { parseArguments } from './arguments/parse-arguments.ts'
import { loadPlan, savePlan } from './plan-file.ts'
import { UsageError } from './usage-error.ts'

async function makePlan(): Promise<Plan> {
  const source = memory({ name: 'memory:source' })
  await source.write('a/b.txt', toBytes('hello'))
  return (await new SyncEngine().plan({ source, destination: memory({ name: 'memory:destination' }) })).plan
}

async function makeText(...words: string[]): Promise<{ text: string; plan: Plan }> {
  const plan = await makePlan()
  const { options } = parseArguments(['plan', 'x', 'y', ...words])
  return { plan, text: [...savePlan({ plan, source: '/x', destination: 's3://y', options })].join('\n') }
}

describe('loadPlan', () => {
  test('reads what savePlan wrote', async () => {
    const { plan, text } = await makeText('--mode', 'two-way', '--ignore', '*.a', '--ignore', '*.b', '--symlinks', 'skip')
    const loaded = loadPlan(text, 'p')
    expect(loaded.plan).toEqual(JSON.parse(JSON.stringify(plan)))
    expect([loaded.source, loaded.destination]).toEqual(['/x', 's3://y'])
    expect([loaded.options.text('mode'), loaded.options.list('ignore'), loaded.options.text('symlinks')]).toEqual(['two-way', ['*.a', '*.b'], 'skip'])
  })

  test('keeps no option that belongs to the call that made the plan', async () => {
    const { text } = await makeText('--out', 'f', '--json', '--quiet', '--exit-code', '--color', 'never', '--all')
    expect(loadPlan(text, 'p').options.names()).toEqual([])
  })

  const broken = async (change: (text: string) => string): Promise<unknown> => {
    const { text } = await makeText()
    try {
      loadPlan(change(text), 'notes.plan')
    } catch (error) {
      return error
    }
    throw new Error('it was accepted')
  }

  test.each<[string, (text: string) => string, string]>([
    ['nothing', () => '', 'empty'],
    ['another file', () => 'hello\n', 'line 1'],
    ['a plan cut short', text => text.split('\n').slice(0, -1).join('\n'), 'cut short'],
    ['a line cut short', text => text.slice(0, -20), 'JSON'],
    ['a plan of another version', text => text.replace('"version":1', '"version":99'), 'version 99'],
    ['a path that leaves the root', text => text.replaceAll('a/b.txt', '../b.txt'), 'line'],
    ['no places', text => text.replace('"call":', '"cell":'), 'which places'],
    ['an unknown option', text => text.replace('"options":{}', '"options":{"frobnicate":[""]}'), '--frobnicate'],
  ])('refuses %s, naming the file', async (_name, change, reason) => {
    const error = await broken(change)
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).message).toContain('the plan notes.plan cannot be used')
    expect((error as UsageError).message).toContain(reason)
  })
})
