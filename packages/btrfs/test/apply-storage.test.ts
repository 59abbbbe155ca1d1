import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collect, compareUtf8, memory, toBytes, type Entry, type WritableStorage } from '@syncline/core'
import { failing, recording } from '@syncline/conformance'
import { fs } from '@syncline/fs'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test } from 'vitest'
import type { AppliedVolume } from '../src/apply/apply-stream.ts'
import { applyToStorage } from '../src/apply/apply-to-storage.ts'
import type { StreamCommand } from '../src/stream/command.ts'
import { encodeCommand, encodeHeader } from '../src/stream/writer.ts'
import { Bench, btrfs, History, randomOf } from './history.ts'
import { manifest, type Manifest } from './manifest.ts'

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.btrfs`))

function expected(name: string): Manifest {
  const stored = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', `expected-${name}.manifest.json`), 'utf8')) as Manifest
  return Object.fromEntries(Object.entries(stored).map(([path, entry]) => [Buffer.from(path).toString('latin1'), entry]))
}

async function entriesOf(storage: WritableStorage, at: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  for await (const item of storage.list(at))
    for (const entry of (Array.isArray(item) ? item : [item]) as Entry[]) entries.set(at === '' ? entry.path : entry.path.slice(at.length + 1), entry)
  return entries
}

/** Everything of a volume is either there as it should be or told to be missing, and nothing else is there. */
async function checkVolume(storage: WritableStorage, { name, unapplied }: AppliedVolume, wanted: Manifest): Promise<void> {
  const entries = await entriesOf(storage, name)
  const told = (path: string, ...what: readonly string[]): boolean => unapplied.some(item => item.path === path && what.includes(item.what))
  for (const [path, { mode, sha256, target, mtime_ns, uid, gid, xattrs, nlink }] of Object.entries(wanted)) {
    if (path === '.') continue
    const text = Buffer.from(path, 'latin1').toString()
    const entry = entries.get(text)
    entries.delete(text)
    const type = Number(mode.slice(2).padStart(6, '0').slice(0, 2)) // prettier-ignore
    if (entry === undefined) {
      const isImplied = type === 4 && storage.capabilities.directories !== true
      expect(isImplied || told(path, 'node', 'name', 'content'), `${text} is missing, and nobody tells`).toBe(true)
      continue
    }
    expect(told(path, 'node', 'name', 'content'), `${text} is there`).toBe(false)
    expect(entry.kind).toBe({ 4: 'directory', 10: 'file', 12: 'symlink' }[type])
    if (entry.kind === 'file') {
      const hash = createHash('sha256').update(await collect(storage.read(entry.path)))
      expect(hash.digest('hex'), `content of ${text}`).toBe(sha256)
      if (nlink !== null && nlink > 1) expect(unapplied.some(item => item.what === 'links')).toBe(true)
    }
    if (entry.kind === 'symlink') expect(Buffer.from(entry.target).toString('latin1')).toBe(target)
    else if (!told(path, 'mode')) expect(entry.mode?.toString(8), `mode of ${text}`).toBe((parseInt(mode.slice(2), 8) & 0o7777).toString(8))
    if (!told(path, 'times') && entry.kind !== 'symlink') expect(Math.abs((entry.modified ?? NaN) - Number(BigInt(mtime_ns) / 1000n) / 1000), `time of ${text}`).toBeLessThanOrEqual(Math.max(1.001, storage.capabilities.modifiedPrecision ?? 0)) // prettier-ignore
    if (uid !== 0 || gid !== 0) expect(told(path, 'owner'), `owner of ${text}`).toBe(true)
    if (xattrs !== undefined) expect(told(path, 'xattr'), `attributes of ${text}`).toBe(true)
  }
  expect([...entries.keys()].sort(compareUtf8).filter(path => entries.get(path)?.kind !== 'directory' || storage.capabilities.directories === true)).toEqual([]) // prettier-ignore
}

const uuid = '8aeb5ca3-45d6-5744-b680-2657d0877460'
const volume: StreamCommand = { name: 'subvol', path: 'v', uuid, transid: 7 }
const child: StreamCommand = {
  name: 'snapshot',
  path: 'w',
  uuid: '11111111-2222-3333-4444-555555555555',
  transid: 9,
  cloneUuid: uuid,
  cloneTransid: 7,
}
const end: StreamCommand = { name: 'end' }
const stream = (...commands: readonly StreamCommand[]): Uint8Array =>
  Buffer.concat([encodeHeader(2), ...commands.map(command => encodeCommand(command, 2))])
const apply = async (bytes: Uint8Array, storage: WritableStorage, options = {}) => applyToStorage(toBytes(bytes), storage, options)
const text = async (storage: WritableStorage, path: string): Promise<string> => Buffer.from(await collect(storage.read(path))).toString()
const data = Buffer.from('content')

describe('applyToStorage', () => {
  for (const [what, capabilities] of [['one that keeps everything', {}], ['one without directories', { directories: false }], ['one that sets its own times', { modifiedPrecision: false as const, exactNames: false }]] as const)
    test(`writes a whole and an incremental stream to ${what}`, async () => {
      const storage = memory({ capabilities })
      for (const [name, at] of [['full-v1', 's1'], ['incr-v1', 's2']] as const) {
        const [applied] = await apply(fixture(name), storage)
        expect(applied).toMatchObject({ name: at })
        await checkVolume(storage, applied as AppliedVolume, expected(at))
      }
      const top = [...(await entriesOf(storage, '')).keys()].map(path => path.split('/')[0])
      expect([...new Set(top)].sort()).not.toContainEqual(expect.stringContaining('.syncline-part'))
    }) // prettier-ignore

  test('writes each file once, and lets the storage copy what did not change', async () => {
    const storage = recording(memory())
    await apply(
      stream(
        volume,
        { name: 'mkfile', path: 'a' },
        { name: 'write', path: 'a', offset: 4, data },
        { name: 'write', path: 'a', offset: 0, data },
        { name: 'mkfile', path: 'b' },
        end,
      ),
      storage,
    )
    await apply(stream(child, { name: 'write', path: 'b', offset: 0, data }, end), storage)
    const calls = storage.log
      .filter(({ method }) => ['write', 'copy'].includes(method))
      .map(({ method, path }) => `${method} ${path?.split('/').at(-1) ?? ''}`)
    expect(calls.filter(call => !call.endsWith('.json')).sort()).toEqual(
      ['copy v/a', 'write a', 'write b', 'write b'].map(call => call.replace('v/', '')).sort(),
    )
    expect(await text(storage, 'w/a')).toBe('contenttent')
    expect(await text(storage, 'w/b')).toBe('content')
    expect(await text(storage, 'v/b')).toBe('')
  })

  test('changes a file under all its names, in later increments too', async () => {
    const storage = memory()
    const [first] = await apply(
      stream(volume, { name: 'mkfile', path: 'a' }, { name: 'write', path: 'a', offset: 0, data }, { name: 'link', path: 'b', link: 'a' }, end),
      storage,
    )
    expect(first?.unapplied.map(({ path, what }) => `${what} ${path}`)).toEqual(['links b'])
    await apply(stream(child, { name: 'write', path: 'b', offset: 0, data: Buffer.from('C') }, end), storage)
    expect([await text(storage, 'w/a'), await text(storage, 'w/b'), await text(storage, 'v/a')]).toEqual(['Content', 'Content', 'content'])
  })

  test('takes an increment after its parent from one input, and ranges from both', async () => {
    const storage = memory()
    const clone = (path: string, cloneUuid: string, clonePath: string): StreamCommand => ({
      name: 'clone',
      path,
      offset: 2,
      cloneLength: 3,
      cloneUuid,
      cloneTransid: 7,
      clonePath,
      cloneOffset: 1,
    })
    await apply(Buffer.concat([stream(volume, { name: 'mkfile', path: 'a' }, { name: 'write', path: 'a', offset: 0, data }, end),
      stream(child, { name: 'write', path: 'a', offset: 0, data: Buffer.from('CONTENT') }, { name: 'mkfile', path: 'b' }, clone('b', uuid, 'a'), { name: 'mkfile', path: 'c' }, clone('c', '11111111-2222-3333-4444-555555555555', 'a'), end)]), storage) // prettier-ignore
    expect([await text(storage, 'v/a'), await text(storage, 'w/a'), await text(storage, 'w/b'), await text(storage, 'w/c')]).toEqual([
      'content',
      'CONTENT',
      '\0\0ont',
      '\0\0ONT',
    ])
  })

  test('tells that a file is missing when what it is made of never could be kept', async () => {
    const storage = memory()
    const bad = 'caf\xe9'
    const [first] = await apply(stream(volume, { name: 'mkfile', path: bad }, { name: 'write', path: bad, offset: 0, data }, end), storage)
    expect(first?.unapplied).toMatchObject([{ path: bad, what: 'name' }])
    const clone: StreamCommand = {
      name: 'clone',
      path: 'c',
      offset: 0,
      cloneLength: 3,
      cloneUuid: uuid,
      cloneTransid: 7,
      clonePath: bad,
      cloneOffset: 0,
    }
    const [second] = await apply(
      stream(
        child,
        { name: 'rename', path: bad, to: 'good' },
        { name: 'mkfile', path: 'c' },
        clone,
        { name: 'mkfile', path: 'd' },
        { name: 'write', path: 'd', offset: 0, data },
        end,
      ),
      storage,
    )
    expect(second?.unapplied.map(({ path, what }) => `${what} ${path}`)).toEqual(['content c', 'content good'])
    expect([...(await entriesOf(storage, 'w')).keys()]).toEqual(['d'])
  })

  test('refuses what is there already, a missing parent, and one of another time', async () => {
    const storage = memory()
    await expect(apply(fixture('incr-v1'), storage)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await apply(stream({ ...volume, transid: 6 } as StreamCommand, end), storage)
    await expect(apply(stream(child, end), storage)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    await expect(apply(stream(volume, end), storage)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  test('a hostile or damaged stream writes nothing', async () => {
    const storage = memory()
    for (const commands of [
      [{ name: 'mkfile', path: '../x' }],
      [
        { name: 'symlink', path: 'l', link: '..' },
        { name: 'mkfile', path: 'l/x' },
      ],
      [
        { name: 'mkfile', path: 'a' },
        { name: 'mkfile', path: 'a' },
      ],
      [{ name: 'unlink', path: 'a' }],
      [
        { name: 'mkdir', path: 'a' },
        { name: 'mkdir', path: 'a/b' },
        { name: 'rename', path: 'a', to: 'a/b/c' },
      ],
      [
        { name: 'mkdir', path: 'a' },
        { name: 'write', path: 'a', offset: 0, data },
      ],
    ] satisfies StreamCommand[][])
      await expect(apply(stream(volume, ...commands, end), storage)).rejects.toMatchObject({ code: 'CORRUPT' })
    const bytes = fixture('full-v1')
    for (let cut = 0; cut < bytes.length; cut += 997) await expect(apply(bytes.subarray(0, cut), storage)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect((await entriesOf(storage, '')).size).toBe(0)
  })

  for (const directories of [true, false])
    test(`after any failed call of a storage ${directories ? 'with' : 'without'} directories, nothing half is left, and the next run succeeds`, async () => {
      for (let call = 1; ; call++) {
        const storage = memory({ capabilities: { directories } })
        const faulty = failing(storage, { call, when: call % 2 === 0 ? 'before' : 'after' })
        const error = await apply(fixture('full-v1'), faulty).then(() => undefined, (error: unknown) => error) // prettier-ignore
        if (!faulty.failed) break
        const left = [...(await entriesOf(storage, '')).keys()]
        const files = left.filter(path => path.startsWith('s1/')).length
        if (error !== undefined && files === 0) await apply(fixture('full-v1'), storage)
        else expect(left, `call ${call}`).toContain(`.syncline-volumes/${uuid}.json`)
        expect(await text(storage, 's1/hello.txt')).not.toBe('')
        await apply(fixture('incr-v1'), storage)
      }
    })

  const seed = Number(process.env['SYNCLINE_SEED'] ?? 20_261)
  for (const n of [0, 1]) {
    const own = Math.floor(randomOf(seed + 100 + n)() * 2 ** 31)
    test(`holds of a random history what it can, and tells the rest (seed ${own})`, { timeout: 240_000 }, async context => {
      const { mounts } = await withService(context, 'btrfs')
      using bench = new Bench(mounts[0])
      const directory = mkdtempSync(join(tmpdir(), 'syncline-to-storage-'))
      const protocol = n === 0 ? ['--proto', '1'] : ['--proto', '2', '--compressed-data']
      try {
        btrfs('subvolume', 'create', bench.at('live'))
        const history = new History(bench.at('live'), own)
        mkdirSync(join(directory, 'fs'))
        const storages = [
          memory(),
          memory({ capabilities: { directories: false, exactNames: false, modifiedPrecision: 1000 } }),
          fs(join(directory, 'fs')),
        ]
        for (let generation = 0; generation < 4; generation++) {
          await history.change(generation === 0 ? 80 : 40)
          const parent = generation === 0 ? [] : ['-p', bench.at(`s${generation - 1}`)]
          btrfs('subvolume', 'snapshot', '-r', bench.at('live'), bench.at(`s${generation}`))
          const sent = bench.send(...protocol, ...parent, bench.at(`s${generation}`))
          const wanted = manifest(bench.at(`s${generation}`))
          for (const storage of storages) {
            const [applied] = await apply(sent, storage, { spool: directory })
            await checkVolume(storage, applied as AppliedVolume, wanted)
          }
        }
        await history.close()
        expect(readdirSync(directory)).toEqual(['fs'])
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    })
  }
})
