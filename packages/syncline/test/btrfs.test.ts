import { execFileSync, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withService } from '@syncline/services/vitest'
import { expect, test } from 'vitest'
import { Workplace } from './bin.ts'

const writerFile = join(import.meta.dirname, '../../btrfs/test/storage-writer.mjs')

test('two files that must agree are of one moment, whatever another process does meanwhile', { timeout: 60_000 }, async context => {
  const { mounts } = await withService(context, 'btrfs')
  const volume = join(mounts[0], `command-${process.pid}-${randomBytes(4).toString('hex')}`)
  execFileSync('btrfs', ['subvolume', 'create', volume])
  const here = await Workplace.make()
  const data = join(volume, 'data')
  mkdirSync(data)
  for (let i = 0; i < 300; i++) writeFileSync(join(data, `m ${i}`), `${i}`)
  const writer = fork(writerFile, ['agree', data], { execArgv: [] })
  try {
    await once(writer, 'message')
    for (let run = 0; run < 3; run++) {
      const { code, err } = await here.run('sync', `btrfs:${data}`, here.path('copy'), '--mode', 'source-backup', '--yes', '--quiet')
      expect({ code, err }).toEqual({ code: 0, err: '' })
      const [first, last] = ['a first', 'z last'].map(name => Number(readFileSync(here.path('copy', name), 'utf8')))
      expect([0, 1]).toContain((first as number) - (last as number))
    }
    const { code, out } = await here.run('check', `btrfs:${data}`, here.path('copy'), '--json')
    expect([code, out.includes('.syncline-snapshots')]).toEqual([10, false])
  } finally {
    const gone = once(writer, 'exit')
    writer.kill('SIGKILL')
    await gone
    const place = join(volume, '.syncline-snapshots')
    const kept = existsSync(place) ? readdirSync(place).filter(name => !name.endsWith('.list')) : []
    for (const name of kept) execFileSync('btrfs', ['subvolume', 'delete', join(place, name)])
    execFileSync('btrfs', ['subvolume', 'delete', volume])
    await here.remove()
  }
})

test('a path that is not on btrfs is told what to do instead', async () => {
  const here = await Workplace.make()
  try {
    const { code, err } = await here.run('sync', 'btrfs:/proc', here.path('copy'), '--mode', 'source-backup', '--yes')
    expect(code).toBe(2)
    expect(err).toContain('What is not on btrfs is synced without "btrfs:", as the plain path /proc')
  } finally {
    await here.remove()
  }
})
