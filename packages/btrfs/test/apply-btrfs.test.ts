import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBytes } from '@syncline/core'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test } from 'vitest'
import { applyStream } from '../src/apply/apply-stream.ts'
import { validated } from '../src/stream/validate.ts'
import { Bench, btrfs, History, randomOf } from './history.ts'
import { manifest } from './manifest.ts'

const seed = Number(process.env['SYNCLINE_SEED'] ?? 20_261)
const histories = Number(process.env['SYNCLINE_HISTORIES'] ?? 4)
const generations = 4

describe('applyStream, on what btrfs sends', () => {
  for (let n = 0; n < histories; n++) {
    const own = Math.floor(randomOf(seed + n)() * 2 ** 31)
    const protocol = n % 2 === 0 ? ['--proto', '1'] : ['--proto', '2', '--compressed-data']
    test(`makes of a random history what btrfs receive makes of it (seed ${own}, ${protocol.join(' ')})`, { timeout: 240_000 }, async context => {
      const { mounts } = await withService(context, 'btrfs')
      using bench = new Bench(mounts[0])
      const plain = mkdtempSync(join(tmpdir(), 'syncline-history-'))
      try {
        for (const directory of ['received', 'applied']) mkdirSync(bench.at(directory))
        btrfs('subvolume', 'create', bench.at('live'))
        // So that content is stored compressed: each kind in its turn.
        if (n % 2 === 1) btrfs('property', 'set', bench.at('live'), 'compression', ['zstd', 'lzo', 'zlib'][((n - 1) / 2) % 3] as string)
        const history = new History(bench.at('live'), own)
        for (let generation = 0; generation < generations; generation++) {
          await history.change(generation === 0 ? 80 : 40)
          const [name, parent] = [`s${generation}`, generation === 0 ? [] : ['-p', bench.at(`s${generation - 1}`)]]
          btrfs('subvolume', 'snapshot', '-r', bench.at('live'), bench.at(name))
          const stream = bench.send(...protocol, ...parent, bench.at(name))
          bench.receive(stream, bench.at('received'))
          const wanted = manifest(bench.at('received', name))
          expect(manifest(bench.at(name)), 'btrfs receive').toEqual(wanted)
          const [applied] = await applyStream(toBytes(stream), bench.at('applied'))
          expect(applied?.unapplied).toEqual([])
          expect(manifest(bench.at('applied', name)), 'on btrfs').toEqual(wanted)
          const [elsewhere] = await applyStream(toBytes(stream), plain)
          // Only btrfs knows this attribute.
          expect(elsewhere?.unapplied.filter(({ reason }) => !reason.includes('btrfs.compression'))).toEqual([])
          expect(withoutCompression(manifest(join(plain, name))), 'elsewhere').toEqual(withoutCompression(wanted))
        }
        await history.close()
      } finally {
        rmSync(plain, { recursive: true, force: true })
      }
    })
  }

  test('shares the blocks of the parent with its copy where the file system can', async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    btrfs('subvolume', 'create', bench.at('live'))
    writeFileSync(bench.at('live', 'big'), Buffer.alloc(8 * 1024 * 1024, 1))
    mkdirSync(bench.at('applied'))
    for (const [name, parent] of [
      ['s0', []],
      ['s1', ['-p', bench.at('s0')]],
    ] as const) {
      btrfs('subvolume', 'snapshot', '-r', bench.at('live'), bench.at(name))
      await applyStream(toBytes(bench.send(...parent, bench.at(name))), bench.at('applied'))
    }
    execFileSync('sync', ['-f', bench.root])
    const usage = btrfs('filesystem', 'du', '-s', '--raw', bench.at('applied')).trim().split('\n').at(-1)?.trim().split(/\s+/) ?? []
    expect(Number(usage[0])).toBe(16 * 1024 * 1024)
    expect(Number(usage[1])).toBeLessThan(1024 * 1024)
  })

  test('clones a range from another volume that was sent along', async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    for (const name of ['one', 'two']) btrfs('subvolume', 'create', bench.at(name))
    const content = Buffer.from(Uint8Array.from({ length: 1024 * 1024 }, (_, i) => (i * 2654435761) >>> 13))
    writeFileSync(bench.at('one', 'f'), content)
    execFileSync('cp', ['--reflink=always', bench.at('one', 'f'), bench.at('two', 'g')])
    for (const name of ['one', 'two']) btrfs('subvolume', 'snapshot', '-r', bench.at(name), bench.at(`${name}-s`))
    btrfs('subvolume', 'snapshot', '-r', bench.at('two'), bench.at('two-parent'))
    execFileSync('cp', ['--reflink=always', bench.at('one', 'f'), bench.at('two', 'h')])
    btrfs('subvolume', 'snapshot', '-r', bench.at('two'), bench.at('two-t'))
    mkdirSync(bench.at('applied'))
    await applyStream(toBytes(bench.send(bench.at('one-s'))), bench.at('applied'))
    await applyStream(toBytes(bench.send(bench.at('two-parent'))), bench.at('applied'))
    const stream = bench.send('-p', bench.at('two-parent'), '-c', bench.at('one-s'), bench.at('two-t'))
    expect(stream.length).toBeLessThan(content.length)
    await applyStream(toBytes(stream), bench.at('applied'))
    expect(manifest(bench.at('applied', 'two-t'))).toEqual(manifest(bench.at('two-t')))
    const [, , shared] = btrfs('filesystem', 'du', '-s', '--raw', bench.at('applied', 'two-t')).trim().split('\n').at(-1)?.trim().split(/\s+/) ?? [] // prettier-ignore
    expect(Number(shared)).toBeGreaterThan(0)
  })

  test('says that no space is left, and gives back what it took', async context => {
    const { mounts } = await withService(context, 'btrfs')
    const { mounts: full } = await withService(context, 'full-disk')
    using bench = new Bench(mounts[0])
    btrfs('subvolume', 'create', bench.at('live'))
    writeFileSync(bench.at('live', 'big'), Buffer.alloc(12 * 1024 * 1024, 1))
    btrfs('subvolume', 'snapshot', '-r', bench.at('live'), bench.at('s'))
    const directory = mkdtempSync(join(full.sshd, 'apply-'))
    try {
      await expect(applyStream(validated(toBytes(bench.send(bench.at('s')))), directory)).rejects.toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringContaining('"big"') as string,
      })
      expect(statSync(directory).nlink).toBe(2)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

function withoutCompression(entries: ReturnType<typeof manifest>): unknown {
  return Object.fromEntries(
    Object.entries(entries).map(([path, { xattrs, ...entry }]) => {
      const others = Object.entries(xattrs ?? {}).filter(([name]) => name !== 'btrfs.compression')
      return [path, others.length === 0 ? entry : { ...entry, xattrs: Object.fromEntries(others) }]
    }),
  )
}
