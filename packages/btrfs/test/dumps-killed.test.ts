import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { collect, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { s3 } from '@syncline/s3'
import { faultProxy } from '@syncline/services/fault-proxy'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test } from 'vitest'
import { testBucket } from '@syncline/services/bucket'
import { readDumps } from '../src/dumps/read-dumps.ts'
import { verifyDumps } from '../src/dumps/verify-dumps.ts'
import { writeDumps, type WrittenDump } from '../src/dumps/write-dumps.ts'
import { defaultRoot } from '../src/roots/default-root.ts'
import { Bench, btrfs } from './history.ts'

const mebi = 1024 * 1024
const child = fileURLToPath(new URL('dump-child.mjs', import.meta.url))

/** A snapshot with content that compresses to nothing else. */
async function makeSnapshot(bench: Bench, size: number): Promise<{ readonly root: string; readonly path: string; readonly uuid: string }> {
  btrfs('subvolume', 'create', bench.at('live'))
  for (let n = 0; n < 4; n++) writeFileSync(bench.at('live', `file${n}`), randomBytes(size / 4))
  btrfs('subvolume', 'snapshot', '-r', bench.at('live'), bench.at('s'))
  const { root, path } = await defaultRoot('local')({}).getRoot(bench.at('s'))
  const { uuid } = (await root.show(path))!
  return { root: bench.root, path: `${bench.root.slice(bench.root.lastIndexOf('/') + 1)}/s`, uuid }
}

async function dumpAgain(storage: WritableStorage, { root: place, path }: { readonly root: string; readonly path: string }): Promise<WrittenDump> {
  const { root } = await defaultRoot('local')({}).getRoot(place)
  return (await writeDumps(storage, root.send([path]).bytes, { names: [path] }))[0]!
}

describe('a dump whose process was killed', () => {
  test('goes on in the next process, which sends again only what is not stored', { timeout: 120_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    await using bucket = await testBucket(context)
    using bench = new Bench(mounts[0])
    const size = 60 * mebi
    const snapshot = await makeSnapshot(bench, size)
    const options = { ...bucket.options, partSize: 5 * mebi }
    const { signal, stderr } = spawnSync(process.execPath, [child, JSON.stringify({ ...snapshot, s3: options, dieAfter: 45 * mebi })], {
      encoding: 'utf8',
    })
    expect(signal, stderr).toBe('SIGKILL')
    const direct = s3(options)
    const { dumps, unfinished, problems } = await readDumps(direct)
    expect({ dumps, problems, unfinished: unfinished.length }).toEqual({ dumps: [], problems: [], unfinished: 1 })

    const { hostname, port } = new URL(bucket.details.endpoint)
    await using proxy = await faultProxy({ host: hostname, port: Number(port) })
    const counted = s3({ ...options, endpoint: `http://${proxy.host}:${proxy.port}` })
    const written = await dumpAgain(counted, snapshot)
    expect(written.outcome).toBe('resumed')
    const sent = proxy.stats().bytesUp
    console.log(`resumed: ${(sent / mebi).toFixed(1)} of ${(written.record.bytes / mebi).toFixed(1)} MiB sent again`)
    expect(sent).toBeLessThan(0.7 * size)
    expect(Buffer.compare(await collect(direct.read(written.path)), bench.send(bench.at('s')))).toBe(0)
    expect(await verifyDumps(direct)).toMatchObject({ isSound: true, unfinished: [], problems: [] })
    await counted.close?.()
    await direct.close?.()
  })

  test('leaves nothing that looks like a dump in a directory, and the next process makes it', { timeout: 120_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    const snapshot = await makeSnapshot(bench, 20 * mebi)
    const directory = mkdtempSync(join(tmpdir(), 'syncline-dumps-'))
    try {
      const { signal, stderr } = spawnSync(process.execPath, [child, JSON.stringify({ ...snapshot, directory, dieAfter: 10 * mebi })], {
        encoding: 'utf8',
      })
      expect(signal, stderr).toBe('SIGKILL')
      expect(readdirSync(directory).filter(name => name.endsWith('.btrfs') || name.endsWith('.json'))).toEqual([])
      expect(await readDumps(fs(directory))).toEqual({ dumps: [], unfinished: [], problems: [] })
      expect((await dumpAgain(fs(directory), snapshot)).outcome).toBe('written')
      expect(await verifyDumps(fs(directory))).toMatchObject({ isSound: true })
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
