import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandFamily } from '@syncline/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeLoader, type PackageLoader } from './adapters.ts'
import { familyTable, loadFamily } from './families.ts'

let project: string
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'syncline-project-'))
  const install = async (name: string, code: string | undefined): Promise<void> => {
    const directory = join(project, 'node_modules', name)
    await mkdir(directory, { recursive: true })
    const exports = { '.': './index.js', ...(code !== undefined && { './commands': './commands.js' }) }
    await writeFile(join(directory, 'package.json'), JSON.stringify({ name, type: 'module', exports }))
    await writeFile(join(directory, 'index.js'), '')
    if (code !== undefined) await writeFile(join(directory, 'commands.js'), code)
  }
  const family = (name: string, commands: string): string => `export const families = [{ name: '${name}', summary: 's', commands: ${commands} }]`
  const send = (options: string): string =>
    `{ send: { summary: 's', usage: [''], details: [], examples: [], options: ${options}, run: () => Promise.resolve(7) } }`
  await install('syncline-plugin-dav', family('dav', send('{}')))
  await install('syncline-plugin-storage', undefined)
  await install('syncline-plugin-broken', `import 'a-package-that-nobody-has'`)
  await install('syncline-plugin-other', family('another', send('{}')))
  await install('syncline-plugin-bare', family('bare', '{ send: {} }'))
  await install('syncline-plugin-empty', family('empty', '{}'))
  await install('syncline-plugin-taken', family('taken', send(`{ json: { text: 't' } }`)))
  await install('syncline-plugin-twice', family('twice', send(`{ a: { short: 'a', text: 't' }, b: { short: 'a', text: 't' } }`)))
})
afterAll(() => rm(project, { recursive: true, force: true }))

const load = (name: string): Promise<CommandFamily | undefined> => loadFamily(name, nodeLoader(project))

describe('loadFamily', () => {
  test("finds a third party's commands in the user's project", async () => {
    const family = await load('dav')
    expect(await family?.commands['send']?.run(undefined as never)).toBe(7)
  })

  test.each(familyTable)('says what to install for $name', async ({ name, from }) => {
    const nothing = (entry: string): Promise<unknown> =>
      Promise.reject(
        Object.assign(new Error(`Cannot find package '${entry.replace('/commands', '')}' imported from /x.js`), { code: 'ERR_MODULE_NOT_FOUND' }),
      )
    await expect(loadFamily(name, { load: nothing, loadFromProject: nothing })).rejects.toThrow(`Install it with: npm install ${from}`)
  })

  test.each(['nope', 'storage'])('knows nothing of %s: no package, or one without commands', async name => expect(await load(name)).toBeUndefined())

  test('passes on that a package lacks one of its own', async () => {
    await expect(load('broken')).rejects.toThrow('a-package-that-nobody-has')
  })

  test.each([
    ['other', 'syncline-plugin-other brings no commands "other"'],
    ['bare', '"send": it has no "run" function'],
    ['empty', 'it has no commands'],
    ['taken', '"send": it cannot have an option --json'],
    ['twice', '"send": it cannot have the option -a, or not twice'],
  ])('refuses what %s exports', async (name, message) => {
    await expect(load(name)).rejects.toThrow(message)
  })

  test.each(['../x', 'A', 'a/b', '1a', '', 'a b', '__proto__', 'a.b'])('never makes %j part of a package name', async name => {
    const loaded: string[] = []
    const loader: PackageLoader = { load: async entry => loaded.push(entry), loadFromProject: async entry => loaded.push(entry) }
    await expect(loadFamily(name, loader)).rejects.toThrow('is no family')
    expect(loaded).toEqual([])
  })
})

describe('familyTable', () => {
  test.each(familyTable)('$name is what $from brings', async ({ name, summary }) => {
    expect(await loadFamily(name, nodeLoader('/'))).toMatchObject({ name, summary })
  })

  test.each([...new Set(familyTable.map(({ from }) => from))])('has every family of %s', async from => {
    const { families } = (await import(`${from}/commands`)) as { families: readonly CommandFamily[] }
    expect(familyTable.filter(listed => listed.from === from).map(({ name }) => name)).toEqual(families.map(({ name }) => name))
  })
})
