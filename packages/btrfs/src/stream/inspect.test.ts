import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toBytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { inspectStream } from './inspect.ts'

const inspect = (name: string) => inspectStream(toBytes(readFileSync(join(import.meta.dirname, '../../test/fixtures', `${name}.btrfs`))))
interface Manifest { readonly [path: string]: { readonly mode: string; readonly sha256?: string; readonly size?: number } } // prettier-ignore
const manifest = (name: string): Manifest => JSON.parse(readFileSync(join(import.meta.dirname, '../../test/fixtures', `expected-${name}.manifest.json`), 'utf8')) as Manifest // prettier-ignore
const raw = (path: string): string => Buffer.from(path).toString('latin1')

describe('inspectStream', () => {
  test('a whole volume creates exactly what is in it', async () => {
    const [volume, ...none] = await inspect('full-v1')
    expect(none).toEqual([])
    expect(volume).toMatchObject({
      name: 's1',
      uuid: '8aeb5ca3-45d6-5744-b680-2657d0877460',
      transid: 7,
      parent: undefined,
      version: 1,
      withoutData: false,
    })
    expect(volume?.changes.every(({ change }) => change === 'created')).toBe(true)
    expect(volume?.changes.map(({ path }) => path).sort()).toEqual(Object.keys(manifest('s1')).filter(path => path !== '.').map(raw).sort()) // prettier-ignore
  })

  test('an increment tells what is between two manifests', async () => {
    const [volume] = await inspect('incr-v1')
    const [before, after] = [manifest('s1'), manifest('s2')]
    const gone = Object.keys(before).filter(path => !(path in after)).map(raw) // prettier-ignore
    const come = Object.keys(after).filter(path => !(path in before)).map(raw) // prettier-ignore
    const edited = Object.keys(after).filter(path => before[path] !== undefined && before[path].sha256 !== after[path]?.sha256).map(raw) // prettier-ignore
    const told = (...changes: readonly string[]): string[] => (volume?.changes ?? []).filter(({ change }) => changes.includes(change)).map(({ path }) => path) // prettier-ignore
    const left = new Set([
      ...told('deleted'),
      ...(volume?.changes ?? []).flatMap(({ from, path }) => (from !== undefined && from !== path ? [from] : [])),
    ])
    for (const path of gone)
      expect(
        [...left].some(root => path === root || path.startsWith(`${root}/`)),
        path,
      ).toBe(true)
    const arrived = (volume?.changes ?? []).filter(({ change, from }) => change === 'created' || from !== undefined).map(({ path }) => path) // prettier-ignore
    for (const path of come)
      expect(
        arrived.some(root => path === root || path.startsWith(`${root}/`)),
        path,
      ).toBe(true)
    for (const path of edited) expect(told('modified', 'created'), path).toContain(path)
    expect(volume?.changes.some(({ path }) => /^o\d+-\d+-\d+/.test(path))).toBe(false)
    expect(volume?.parent?.uuid).toBe('8aeb5ca3-45d6-5744-b680-2657d0877460')
  })

  test('a stream without data tells the same paths', async () => {
    const [full] = await inspect('full-v1')
    const [bare] = await inspect('nodata-v1')
    expect(bare?.withoutData).toBe(true)
    expect(bare?.changes.map(({ path, change, kind }) => ({ path, change, kind }))).toEqual(
      full?.changes.map(({ path, change, kind }) => ({ path, change, kind })),
    )
    expect(bare?.dataBytes).toBe(0)
  })

  test('a file with two streams has two volumes', async () => {
    expect((await inspect('multi-v1')).map(({ name }) => name)).toEqual(['s1', 'blank1'])
  })
})
