import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adapterTable, loadAdapter, nodeLoader, type PackageLoader } from './adapters.ts'

let project: string
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'syncline-project-'))
  const install = async (name: string, code: string): Promise<void> => {
    const directory = join(project, 'node_modules', name)
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, 'package.json'), JSON.stringify({ name, type: 'module', exports: { '.': { default: './index.js' } } }))
    await writeFile(join(directory, 'index.js'), code)
  }
  await install(
    'syncline-plugin-dav',
    `export const plugin = { schemes: ['dav'], open: url => Promise.resolve({ name: url.href, capabilities: {} }) }`,
  )
  await install('syncline-plugin-broken', `import 'a-package-that-nobody-has'\nexport const plugin = {}`)
  await install('syncline-plugin-empty', `export const storage = {}`)
})
afterAll(() => rm(project, { recursive: true, force: true }))

const load = (scheme: string): Promise<unknown> => loadAdapter(scheme, nodeLoader(project))

describe('loadAdapter', () => {
  test("finds a third party's package in the user's project", async () => {
    const plugin = await loadAdapter('dav', nodeLoader(project))
    expect(plugin.schemes).toEqual(['dav'])
    expect((await plugin.open(new URL('dav://host/x'))).name).toBe('dav://host/x')
  })

  test.each(['s3', 'sftp', 'ftp', 'ftps', 'btrfs', 'snarf'])('says what to install for %s', async scheme => {
    const nothing = (name: string): Promise<unknown> =>
      Promise.reject(Object.assign(new Error(`Cannot find package '${name}' imported from /x.js`), { code: 'ERR_MODULE_NOT_FOUND' }))
    await expect(loadAdapter(scheme, { load: nothing, loadFromProject: nothing })).rejects.toThrow(
      `no storage for "${scheme}:". Install it with: npm install ${adapterTable[scheme]}`,
    )
  })

  test('names the schemes there are for one that nobody knows', async () => {
    await expect(load('nope')).rejects.toThrow(
      'no storage for "nope:". Known are file, s3, sftp, ftp, ftps, btrfs, snarf; others come from a package syncline-plugin-nope',
    )
  })

  test('passes on that a package lacks one of its own', async () => {
    await expect(load('broken')).rejects.toThrow('a-package-that-nobody-has')
  })

  test('refuses a package without a plugin', async () => {
    await expect(load('empty')).rejects.toThrow('syncline-plugin-empty exports no "plugin"')
  })

  test.each(['../x', 'A', 'a/b', '1a', '', 'a b', '__proto__'])('never makes %j part of a package name', async scheme => {
    const loaded: string[] = []
    const loader: PackageLoader = { load: async name => loaded.push(name), loadFromProject: async name => loaded.push(name) }
    await expect(loadAdapter(scheme, loader)).rejects.toThrow('is no scheme')
    expect(loaded).toEqual([])
  })
})
