import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import {
  collect,
  collectText,
  decorate,
  isStorageError,
  memory,
  StorageError,
  toBytes,
  type Bytes,
  type Entry,
  type Upload,
  type WritableStorage,
} from '@syncline/core'
import { fs } from '@syncline/fs'
import { describe, expect, test } from 'vitest'
import { dumpContent } from '../src/dumps/dump-content.ts'
import { FileRoot } from '../src/dumps/file-root.ts'
import { readDumps, type Dump } from '../src/dumps/read-dumps.ts'
import { removeDump } from '../src/dumps/remove-dump.ts'
import { planRestore } from '../src/dumps/restore-plan.ts'
import { abandonUpload } from '../src/dumps/unfinished.ts'
import { verifyDumps } from '../src/dumps/verify-dumps.ts'
import { writeDumps, type DumpEncoding } from '../src/dumps/write-dumps.ts'
import type { StreamCommand } from '../src/stream/command.ts'
import { encodeCommand, encodeHeader } from '../src/stream/writer.ts'
import { chunked, flowOf, streamOf, uuidOf, type TestVolume } from './dump-kit.ts'

const s1: TestVolume = { name: 's1', uuid: uuidOf('11aa'), transid: 7 }
const s2: TestVolume = { name: 's2', uuid: uuidOf('22bb'), transid: 9, parent: s1 }
const whole2: TestVolume = { name: 's2', uuid: s2.uuid, transid: 9 }
const s3: TestVolume = { name: 's3', uuid: uuidOf('33cc'), transid: 12, parent: s2 }
/** More than is written in one go. */
const big: TestVolume = { name: 'big', uuid: uuidOf('b16'), transid: 20, size: 6_500_000 }
const middle: TestVolume = { ...big, size: 4_250_000 }
const mebi = 1024 * 1024

async function pathsOf(storage: WritableStorage): Promise<string[]> {
  const paths: string[] = []
  for await (const page of storage.list('')) for (const entry of (Array.isArray(page) ? page : [page]) as Entry[]) paths.push(entry.path)
  return paths
}

async function* breaksAfter(content: Bytes, bytes: number): AsyncGenerator<Uint8Array> {
  let given = 0
  for await (const chunk of content) {
    yield chunk
    if ((given += chunk.length) >= bytes) throw new Error('the line broke')
  }
}

/** Storages of the kinds that there are: whole files in one step or in parts, files that grow where all can see them, with and without renames. */
const kinds: readonly (readonly [string, () => { readonly storage: WritableStorage; readonly done?: () => void }])[] = [
  ['memory, which takes uploads', () => ({ storage: memory() })],
  ['a store without uploads', () => ({ storage: decorate<WritableStorage>(memory(), { upload: undefined }) })],
  [
    'a store that shows half files',
    () => ({ storage: decorate<WritableStorage>(memory({ capabilities: { atomicWrite: false, conditional: false } }), { upload: undefined }) }),
  ],
  [
    'a store that shows half files and cannot rename',
    () => ({
      storage: decorate<WritableStorage>(memory({ capabilities: { atomicWrite: false, conditional: false } }), {
        upload: undefined,
        move: undefined,
      }),
    }),
  ],
  [
    'a directory',
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'syncline-dumps-'))
      return { storage: fs(join(directory, 'new')), done: () => rmSync(directory, { recursive: true }) }
    },
  ],
]

describe.each(kinds)('dumps on %s', (_, open) => {
  test('are what was sent, each with a record, and sound', async () => {
    const { storage, done } = open()
    const written = await writeDumps(storage, flowOf(s1, s2, big), { names: ['snaps/s1', 'snaps/s2'] })
    expect(written.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['snaps%2fs1.11aa0000.btrfs', 'written'],
      ['snaps%2fs2.22bb0000.on-11aa0000.btrfs', 'written'],
      ['big.b1600000.btrfs', 'written'],
    ])
    expect((await pathsOf(storage)).sort()).toEqual(written.flatMap(({ path }) => [path, `${path}.json`]).sort())
    for (const [i, volume] of [s1, s2, big].entries()) {
      const { path, record } = written[i]!
      expect(Buffer.compare(await collect(storage.read(path)), streamOf(volume))).toBe(0)
      expect(record).toMatchObject({ uuid: volume.uuid, ctransid: volume.transid, version: 1, bytes: streamOf(volume).length, complete: true })
      expect(record.commands).toMatchObject({ mkfile: 1, rename: 1, end: 1, write: Math.ceil((volume.size ?? 100) / 49_152) })
    }
    expect(written[1]!.record).toMatchObject({ name: 'snaps/s2', parentUuid: s1.uuid, parentCtransid: 7 })
    const report = await verifyDumps(storage)
    expect(report).toMatchObject({ isSound: true, problems: [], unfinished: [] })
    expect(report.checks).toHaveLength(3)
    done?.()
  })

  test('are not written again', async () => {
    const { storage, done } = open()
    await writeDumps(storage, flowOf(s1, big))
    const before = await readDumps(storage)
    expect((await writeDumps(storage, flowOf(s1, big, s2))).map(({ outcome }) => outcome)).toEqual(['present', 'present', 'written'])
    expect((await readDumps(storage)).dumps.filter(({ name }) => name !== 's2')).toEqual(before.dumps)
    done?.()
  })

  test('of volumes with the same name and the same first digits do not meet', async () => {
    const { storage, done } = open()
    const twin = { ...s1, uuid: uuidOf('11aa000000000001') }
    const later = { ...s1, transid: 8 }
    const volumes = [s1, twin, later, { ...s2, name: 's1' }, { ...s2, name: 's1', parent: twin }]
    const written = []
    for (const volume of volumes) written.push(...(await writeDumps(storage, flowOf(volume))))
    expect(written.map(({ outcome }) => outcome)).toEqual(volumes.map(() => 'written'))
    expect(new Set(written.map(({ path }) => path)).size).toBe(volumes.length)
    for (const [i, volume] of volumes.entries()) expect(Buffer.compare(await collect(storage.read(written[i]!.path)), streamOf(volume))).toBe(0)
    expect(await verifyDumps(storage)).toMatchObject({ isSound: true })
    done?.()
  })

  test.each([
    ['that breaks off', (bytes: Uint8Array) => breaksAfter(chunked(bytes), 5 * mebi), undefined],
    ['that ends early', (bytes: Uint8Array) => chunked(bytes.subarray(0, 5 * mebi)), 'CORRUPT'],
    ['with a flipped bit', (bytes: Uint8Array) => chunked(bytes.map((byte, i) => (i === 6_000_000 ? byte ^ 1 : byte))), 'CORRUPT'],
  ] as const)('of a send %s do not appear, and are written the next time', async (_name, damage, code) => {
    const { storage, done } = open()
    const failed = writeDumps(storage, damage(streamOf(big)))
    await expect(failed).rejects.toSatisfy(error =>
      code === undefined ? (error as Error).message.includes('the line broke') : isStorageError(error, code),
    )
    const { dumps, unfinished } = await readDumps(storage)
    expect(dumps.filter(({ record }) => record !== undefined)).toEqual([])
    expect(unfinished.map(({ path }) => path)).toEqual(storage.upload === undefined ? [] : ['big.b1600000.btrfs'])
    const [again] = await writeDumps(storage, flowOf(big))
    expect(again!.outcome).toBe(storage.upload === undefined ? 'written' : 'resumed')
    expect(Buffer.compare(await collect(storage.read(again!.path)), streamOf(big))).toBe(0)
    expect(await verifyDumps(storage)).toMatchObject({ isSound: true, unfinished: [] })
    expect((await pathsOf(storage)).sort()).toEqual([again!.path, `${again!.path}.json`])
    done?.()
  })

  test('are found damaged, cut off, without a parent, and named', async () => {
    const { storage, done } = open()
    await writeDumps(storage, flowOf(s1, s2, s3, big))
    const damage = async (path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> => {
      const bytes = change(await collect(storage.read(path)))
      await storage.remove(path)
      await storage.write(path, toBytes(bytes))
    }
    await damage('big.b1600000.btrfs', bytes => bytes.map((byte, i) => (i === 5_500_000 ? byte ^ 0x10 : byte)))
    const problems = async (): Promise<Record<string, readonly string[]>> =>
      Object.fromEntries((await verifyDumps(storage)).checks.map(({ dump, problems: found }) => [dump.name, found]))
    const bitFlip = await problems()
    expect(bitFlip).toMatchObject({ s1: [], s2: [], s3: [] })
    expect(bitFlip.big).toEqual([
      expect.stringMatching(/^it is not what was written, somewhere in bytes (5242880 to 6291455|0 to \d+)$/),
      expect.stringMatching(/at byte 5\d{6}: a checksum does not fit/),
    ])
    await damage('s2.22bb0000.on-11aa0000.btrfs', bytes => bytes.subarray(0, bytes.length - 5))
    expect(await problems()).toMatchObject({
      s1: [],
      s2: [expect.stringMatching(/^it has \d+ instead of \d+ bytes$/), expect.stringContaining('cut off')],
      s3: ['it starts from s2.22bb0000.on-11aa0000.btrfs, which is damaged'],
    })
    await storage.remove('s1.11aa0000.btrfs')
    await storage.remove('s1.11aa0000.btrfs.json')
    const report = await verifyDumps(storage)
    expect(report.isSound).toBe(false)
    expect(Object.fromEntries(report.checks.map(({ dump, problems: found }) => [dump.name, found.at(-1)]))).toMatchObject({
      s2: `it starts from volume ${s1.uuid} as of transaction 7, which nothing here leads to`,
      s3: `it starts from volume ${s1.uuid} as of transaction 7, which nothing here leads to`,
    })
    // What is elsewhere counts, if the caller says so.
    expect((await verifyDumps(storage, { select: dump => dump.name === 's3', present: new Set([s2.uuid]) })).checks[0]!.problems).toEqual([])
    done?.()
  })

  test('are given out to their last bytes only when they are what was written', async () => {
    const { storage, done } = open()
    const [written] = await writeDumps(storage, flowOf({ ...s1, size: 300_000 }))
    const { dumps } = await readDumps(storage)
    const stream = streamOf({ ...s1, size: 300_000 })
    expect(Buffer.compare(await collect(dumpContent(storage, dumps[0]!)), stream)).toBe(0)
    // The stream of another file: sound by itself, but not what the record is of.
    const other = streamOf({ ...s1, size: 300_000, seed: 9 })
    expect(other.length).toBe(stream.length)
    await storage.remove(written!.path)
    await storage.write(written!.path, toBytes(other))
    let given = 0
    const reading = (async () => {
      for await (const chunk of dumpContent(storage, dumps[0]!)) given += chunk.length
    })()
    await expect(reading).rejects.toSatisfy(error => isStorageError(error, 'CORRUPT') && error.message.includes('SHA-256'))
    expect(given).toBeLessThan(stream.length)
    done?.()
  })

  test('without a record are told from their first command, and adopted when they are whole', async () => {
    const { storage, done } = open()
    await storage.write('s1.11aa0000.btrfs', toBytes(streamOf(s1)))
    await storage.write('old.btrfs_stream', toBytes(streamOf(s2)))
    await storage.write('notes.btrfs', toBytes('nothing of the kind'))
    const { dumps, problems } = await readDumps(storage)
    expect(dumps).toMatchObject([
      { path: 'old.btrfs_stream', uuid: s2.uuid, parentUuid: s1.uuid },
      { path: 's1.11aa0000.btrfs', uuid: s1.uuid, ctransid: 7, name: 's1' },
    ])
    expect(dumps.some(dump => 'record' in dump)).toBe(false)
    expect(problems).toEqual([{ path: 'notes.btrfs', reason: expect.stringContaining('no send stream') as string }])
    const [written] = await writeDumps(storage, flowOf(s1))
    expect(written).toMatchObject({ path: 's1.11aa0000.btrfs', outcome: 'adopted', record: { uuid: s1.uuid, bytes: streamOf(s1).length } })
    expect((await verifyDumps(storage, { select: dump => dump.name === 's1' })).checks).toMatchObject([{ problems: [] }])
    done?.()
  })
})

describe('dumps that go through a pipeline', () => {
  const encoding: DumpEncoding = { pipeline: 'gzip -1', extension: '.gz', encode: stream => Readable.from(stream).pipe(createGzip({ level: 1 })) }
  const decode = (content: Bytes): Bytes => Readable.from(content).pipe(createGunzip())

  test('have their own names, are known as what they are, and come back', async () => {
    const storage = memory()
    const written = await writeDumps(storage, flowOf(s1, s2, big), { encoding })
    expect(written.map(({ path }) => path)).toEqual(['s1.11aa0000.btrfs.gz', 's2.22bb0000.on-11aa0000.btrfs.gz', 'big.b1600000.btrfs.gz'])
    expect(written[0]!.record).toMatchObject({ uuid: s1.uuid, pipeline: 'gzip -1' })
    const { dumps } = await readDumps(storage)
    for (const dump of dumps) {
      const volume = [s1, s2, big].find(({ uuid }) => uuid === dump.uuid)!
      expect(Buffer.compare(await collect(dumpContent(storage, dump, { decode })), streamOf(volume))).toBe(0)
      await expect(collect(dumpContent(storage, dump))).rejects.toThrow('went through gzip -1 before it was stored; say how that is undone')
    }
    expect(await verifyDumps(storage, { decode })).toMatchObject({ isSound: true })
    expect((await verifyDumps(storage, { decode: content => content })).checks.every(({ problems }) => problems.length > 0)).toBe(true)
    expect((await writeDumps(storage, flowOf(s1), { encoding })).map(({ outcome }) => outcome)).toEqual(['present'])
    // Without the pipeline it is another file: neither takes the place of the other.
    expect((await writeDumps(storage, flowOf(s1))).map(({ path, outcome }) => [path, outcome])).toEqual([['s1.11aa0000.btrfs', 'written']])
  })

  test('are not written when the pipeline fails, nor is what was to go through it', async () => {
    const storage = memory()
    async function* encode(stream: Bytes): AsyncGenerator<Uint8Array> {
      for await (const _chunk of stream) yield Buffer.from('half of it')
      throw new Error('gpg: no public key')
    }
    await expect(writeDumps(storage, flowOf(s1), { encoding: { pipeline: 'gpg', extension: '.gpg', encode } })).rejects.toThrow('gpg: no public key')
    expect(await pathsOf(storage)).toEqual([])
  })
})

describe('removeDump', () => {
  test('takes the record first, and leaves what another dump became', async () => {
    const storage = memory()
    await writeDumps(storage, flowOf(s1, s2))
    const [first, second] = (await readDumps(storage)).dumps
    const removed: string[] = []
    const watched = decorate<WritableStorage>(storage, { remove: (path, options) => (removed.push(path), storage.remove(path, options)) })
    await removeDump(watched, first!)
    expect(removed).toEqual([`${first!.path}.json`, first!.path])
    await expect(removeDump(storage, { ...second!, ctransid: 8 })).rejects.toSatisfy(error => isStorageError(error, 'PRECONDITION_FAILED'))
    expect((await readDumps(storage)).dumps).toEqual([second])
  })
})

describe('planRestore', () => {
  test('takes the shortest way to each volume, parents first, and what is there for granted', async () => {
    const storage = memory()
    await writeDumps(storage, flowOf(s3, s1, s2, whole2))
    const { dumps } = await readDumps(storage)
    const steps = (options = {}): string[] =>
      planRestore(dumps, options).steps.map(({ name, parentUuid }) => `${name}${parentUuid === undefined ? '' : '+'}`)
    expect(steps({ select: (dump: Dump) => dump.name === 's3' })).toEqual(['s2', 's3+'])
    expect(steps()).toEqual(['s1', 's2', 's3+'])
    expect(steps({ present: new Set([s2.uuid]) })).toEqual(['s1', 's3+'])
    expect(planRestore(dumps.filter(({ name }) => name === 's3')).missing).toMatchObject([
      { dump: { name: 's3' }, volume: `${s2.uuid} as of transaction 9` },
    ])
    expect(planRestore(dumps.filter(({ name }) => name === 's3')).steps).toEqual([])
  })

  test('does not hang on dumps that start from each other', async () => {
    const storage = memory()
    const a: TestVolume = { ...s1, parent: { ...s2, transid: 9 } }
    await writeDumps(storage, flowOf(a, s2))
    expect(planRestore((await readDumps(storage)).dumps)).toMatchObject({ steps: [], missing: [{}, {}] })
    expect(await new FileRoot(storage).list()).toHaveLength(2)
    expect((await verifyDumps(storage)).isSound).toBe(false)
  })
})

describe('writeDumps', () => {
  test.each([1, 7, 17, 18, 100])('keeps every byte of streams that come in pieces of %d, in a buffer that is used again', async size => {
    const storage = memory()
    const volumes = [s1, s2, s3]
    const written = await writeDumps(storage, chunked(Buffer.concat(volumes.map(streamOf)), size))
    for (const [i, volume] of volumes.entries()) expect(Buffer.compare(await collect(storage.read(written[i]!.path)), streamOf(volume))).toBe(0)
  })

  test('keeps no stream that would write outside of its volume, nor two volumes under one header', async () => {
    const storage = memory()
    const begin = { name: 'subvol', path: 's1', uuid: s1.uuid, transid: 7 } as const
    const flow = (...commands: readonly StreamCommand[]): Bytes =>
      toBytes(Buffer.concat([encodeHeader(1), ...commands.map(command => encodeCommand(command, 1))]))
    for (const bytes of [
      flow(begin, { name: 'mkfile', path: '../escaped', inode: 257 }, { name: 'end' }),
      flow({ ...begin, path: '../s1' }, { name: 'end' }),
      flow(begin, { ...begin, path: 's2', uuid: s2.uuid }, { name: 'end' }),
      flow({ name: 'mkfile', path: 'file', inode: 257 }, { name: 'end' }),
    ])
      await expect(writeDumps(storage, bytes)).rejects.toSatisfy(error => isStorageError(error, 'CORRUPT'))
    expect(await pathsOf(storage)).toEqual([])
  })

  test('leaves alone a file of another kind that has the name, and a record that is none', async () => {
    const storage = memory()
    await storage.write('s1.11aa0000.btrfs', toBytes('keep me'))
    await storage.write(`s1.${s1.uuid}.btrfs.json`, toBytes('{"mine": true}'))
    const [written] = await writeDumps(storage, flowOf(s1))
    expect(written!.path).toBe(`s1.${s1.uuid}.2.btrfs`)
    expect(await collectText(storage.read('s1.11aa0000.btrfs'))).toBe('keep me')
    expect(await collectText(storage.read(`s1.${s1.uuid}.btrfs.json`))).toBe('{"mine": true}')
  })

  test('keeps a damaged dump of the same volume, for it may be all that is left, and writes beside it', async () => {
    const storage = memory()
    const [first] = await writeDumps(storage, flowOf(s1))
    const cut = streamOf(s1).subarray(0, 200)
    await storage.write(first!.path, toBytes(cut))
    const [second] = await writeDumps(storage, flowOf(s1))
    expect(second).toMatchObject({ path: `s1.${s1.uuid}.btrfs`, outcome: 'written' })
    expect(Buffer.compare(await collect(storage.read(first!.path)), cut)).toBe(0)
  })

  test('replaces the rest of a dump that broke off without a record', async () => {
    const storage = memory()
    await storage.write('s1.11aa0000.btrfs', toBytes(streamOf(s1).subarray(0, 200)))
    expect(await writeDumps(storage, flowOf(s1))).toMatchObject([{ path: 's1.11aa0000.btrfs', outcome: 'written' }])
    expect(await verifyDumps(storage)).toMatchObject({ isSound: true })
  })

  test('writes anew what a record tells of and is gone', async () => {
    const storage = memory()
    const [first] = await writeDumps(storage, flowOf(s1))
    await storage.remove(first!.path)
    expect((await readDumps(storage)).problems).toEqual([{ path: first!.path, reason: expect.stringContaining('not the dump itself') as string }])
    expect(await writeDumps(storage, flowOf(s1))).toMatchObject([{ path: first!.path, outcome: 'written' }])
    expect(await verifyDumps(storage)).toMatchObject({ isSound: true })
  })

  test('gives an upload up that has more parts than the send that goes on with it', async () => {
    const storage = memory()
    await expect(writeDumps(storage, breaksAfter(flowOf({ ...big, size: 9_000_000 }), 8_800_000))).rejects.toThrow('the line broke')
    await expect(writeDumps(storage, flowOf(big))).rejects.toSatisfy(error => isStorageError(error, 'CORRUPT') && error.retryable)
    expect(await writeDumps(storage, flowOf(big))).toMatchObject([{ outcome: 'written' }])
    expect(await verifyDumps(storage)).toMatchObject({ isSound: true, unfinished: [] })
  })

  test('begins anew where the store has forgotten the upload, and abandonUpload ends one', async () => {
    const storage = memory()
    await expect(writeDumps(storage, breaksAfter(flowOf(big), 5 * mebi))).rejects.toThrow('the line broke')
    const { token } = JSON.parse(await collectText(storage.read('big.b1600000.btrfs.upload.json'))) as { token: string }
    await (await storage.upload('big.b1600000.btrfs', { resume: token })).abort()
    await expect(writeDumps(storage, breaksAfter(flowOf(big), 5 * mebi))).rejects.toThrow('the line broke')
    const notice = JSON.parse(await collectText(storage.read('big.b1600000.btrfs.upload.json'))) as { token: string }
    expect(notice.token).not.toBe(token)
    await abandonUpload(storage, 'big.b1600000.btrfs')
    await expect(storage.upload('big.b1600000.btrfs', { resume: notice.token })).rejects.toSatisfy(error => isStorageError(error, 'NOT_FOUND'))
    expect(await pathsOf(storage)).toEqual([])
  })

  test('does not take a record for granted before the dump is durable', async () => {
    const calls: string[] = []
    const inner = memory()
    const storage = decorate<WritableStorage>(inner, {
      write: (path, content, options) => (calls.push(path), inner.write(path, content, options)),
      flush: async () => void calls.push('flush'),
    })
    await writeDumps(storage, flowOf(s1))
    expect(calls).toEqual(['s1.11aa0000.btrfs', 'flush', 's1.11aa0000.btrfs.json', 'flush'])
  })

  test('after a failure of any call, and in the next run, never has a record of what is not whole', { timeout: 120_000 }, async () => {
    let calls = Infinity
    const inner = memory()
    const limited = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
      return async (...args: A): Promise<R> => {
        // Every other time the call has its effect, and only its answer is lost.
        if (calls-- > 0) return await call(...args)
        if (calls % 2 === 0) await call(...args)
        throw new StorageError('UNAVAILABLE', 'the power went')
      }
    }
    const uploadOf = (upload: Upload): Upload => ({
      ...upload,
      put: limited(upload.put),
      complete: limited(upload.complete),
      stored: limited(upload.stored),
    })
    const storage = decorate<WritableStorage>(inner, {
      stat: limited(inner.stat),
      write: limited(inner.write),
      remove: limited(inner.remove),
      flush: limited(inner.flush),
      upload: async (path, options) => uploadOf(await limited(inner.upload)(path, options)),
    })
    let failures = 0
    for (let n = 0; ; n++) {
      calls = n
      const failed = await writeDumps(storage, flowOf(s1, middle)).then(
        () => false,
        () => true,
      )
      calls = Infinity
      for (const { problems, dump } of (await verifyDumps(inner)).checks)
        if (dump.record !== undefined) expect(problems, `after call ${n}`).toEqual([])
      if (!failed) break
      failures++
      await writeDumps(storage, flowOf(s1, middle))
      expect(await verifyDumps(inner), `after call ${n}`).toMatchObject({ isSound: true, problems: [], unfinished: [] })
      for (const path of await pathsOf(inner)) await inner.remove(path)
    }
    expect(failures).toBeGreaterThan(15)
  })
})
