import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBytes } from '@syncline/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { applyStream } from '../src/apply/apply-stream.ts'
import type { StreamCommand } from '../src/stream/command.ts'
import { checksum, StreamParser } from '../src/stream/parser.ts'
import { encodeCommand, encodeHeader } from '../src/stream/writer.ts'
import { manifest, type Manifest } from './manifest.ts'

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.btrfs`))
const isRoot = process.geteuid?.() === 0

/** What `btrfs receive` made of a fixture; its paths are text, with bytes that are none as lone surrogates. */
function expected(name: string): Manifest {
  const stored = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', `expected-${name}.manifest.json`), 'utf8')) as Manifest
  return Object.fromEntries(Object.entries(stored).map(([path, entry]) => [Buffer.from(path).toString('latin1'), entry]))
}

/** Ours without what the fixtures' manifests do not have. */
function comparable(found: Manifest): Manifest {
  return Object.fromEntries(Object.entries(found).map(([path, { first: _first, ...entry }]) => [path, entry]))
}

let outer: string
let directory: string
beforeEach(() => {
  outer = mkdtempSync(join(tmpdir(), 'syncline-apply-'))
  directory = join(outer, 'inside')
  mkdirSync(directory)
})
afterEach(() => rmSync(outer, { recursive: true, force: true }))

const apply = (bytes: Uint8Array, options = {}) => applyStream(toBytes(bytes), directory, options)

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** This process is a user without rights meanwhile, and so is what it starts. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  process.setegid?.(65534)
  process.seteuid?.(65534)
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

const uuid = '8aeb5ca3-45d6-5744-b680-2657d0877460'
const volume: StreamCommand = { name: 'subvol', path: 'v', uuid, transid: 7 }
const end: StreamCommand = { name: 'end' }
const stream = (...commands: readonly StreamCommand[]): Uint8Array =>
  Buffer.concat([encodeHeader(2), ...commands.map(command => encodeCommand(command, 2))])
const zero = { seconds: 0, nanoseconds: 0 }
const data = Buffer.from('content')

describe('applyStream', () => {
  test.runIf(isRoot)('makes of a whole and an incremental stream what btrfs receive makes of them', async () => {
    const [first] = await apply(fixture('full-v1'))
    expect(first).toMatchObject({ name: 's1', uuid, transid: 7, parent: undefined, unapplied: [] })
    expect(comparable(manifest(join(directory, 's1')))).toEqual(expected('s1'))
    const [second] = await apply(fixture('incr-v1'))
    expect(second).toMatchObject({ name: 's2', parent: { uuid, transid: 7 }, unapplied: [] })
    expect(comparable(manifest(join(directory, 's2')))).toEqual(expected('s2'))
    expect(comparable(manifest(join(directory, 's1')))).toEqual(expected('s1'))
    expect(readdirSync(directory).sort()).toEqual(['.syncline-volumes', 's1', 's2'])
  })

  test.runIf(isRoot)('does so with the programs of the system, where there is no Python', async () => {
    const [applied] = await apply(fixture('full-v1'), { python: '/nowhere/python3' })
    const wanted = expected('s1')
    const missing = applied?.unapplied.filter(({ what }) => what === 'node') ?? []
    for (const { reason } of missing) expect(reason).toContain('no program that makes a socket')
    const gone = new Set(missing.map(({ path }) => path))
    const found = comparable(manifest(join(directory, 's1')))
    expect(found).toEqual(Object.fromEntries(Object.entries(wanted).filter(([path]) => !gone.has(path))))
    await apply(fixture('incr-v1'), { python: '/nowhere/python3' })
    const after = comparable(manifest(join(directory, 's2')))
    expect(after).toEqual(Object.fromEntries(Object.entries(expected('s2')).filter(([path]) => path in after)))
    expect(Object.keys(expected('s2')).filter(path => !(path in after)).length).toBeLessThanOrEqual(gone.size)
  })

  test('puts compressed ranges back together', async () => {
    const text = '402d8d4edea97f862d6f4fea74d5afbd6891826c08042747a0f7c42ffbf2685c'
    const lzo = {
      mixed: 'ecf794dd8677e9fcf3f50273306a516b590d799817971a7f36d9b1aca8a093fa',
      // Its middle was written anew: what is left of the extent is told by an offset into it.
      runs: '7724e749d290dad152e90e6df01443d77a65b1c5a5e01a7112d7c178484ee129',
      small: '13f1d900754e114d38330d7e70d577c25f69d5dcbc8bffc2fae35d7f4c17c759',
      text: 'e5388a31b57e936fc8a1a6c962031b4a8b070ebcc74cea83c5b9346fe8e05416',
    }
    for (const [name, hashes] of [
      ['compressed-zlib-v2', { text }],
      ['compressed-zstd-v2', { text }],
      ['compressed-lzo-v2', lzo],
    ] as const) {
      const [applied] = await apply(fixture(name))
      const found = manifest(join(directory, applied?.name ?? ''))
      for (const [file, hash] of Object.entries(hashes)) expect(found[file]?.sha256, `${file} of ${name}`).toBe(hash)
      rmSync(join(directory, applied?.name ?? ''), { recursive: true })
    }
  })

  test('takes several volumes from one input, an increment after its parent too', async () => {
    expect((await apply(fixture('multi-v1'))).map(({ name }) => name)).toEqual(['s1', 'blank1'])
    rmSync(join(directory, 's1'), { recursive: true })
    const both = await applyStream(inChunks(Buffer.concat([fixture('full-v1'), fixture('incr-v1')]), 1000), directory)
    expect(both.map(({ name }) => name)).toEqual(['s1', 's2'])
  })

  test('finds a parent that the caller names, and tells what is missing otherwise', async () => {
    await expect(apply(fixture('incr-v1'))).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(uuid) as string })
    expect(readdirSync(directory)).toEqual([])
    const elsewhere = join(outer, 'elsewhere')
    mkdirSync(elsewhere)
    await applyStream(toBytes(fixture('full-v1')), elsewhere)
    await apply(fixture('incr-v1'), { volumes: new Map([[uuid, join(elsewhere, 's1')]]) })
    expect(existsSync(join(directory, 's2'))).toBe(true)
  })

  test('leaves alone what has the name already', async () => {
    mkdirSync(join(directory, 's1'))
    await expect(apply(fixture('full-v1'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(readdirSync(join(directory, 's1'))).toEqual([])
    expect(readdirSync(directory)).toEqual(['s1'])
  })

  test('refuses a parent that is of another time', async () => {
    await apply(stream({ ...volume, transid: 6 } as StreamCommand, end))
    const child: StreamCommand = {
      name: 'snapshot',
      path: 'w',
      uuid: '11111111-2222-3333-4444-555555555555',
      transid: 9,
      cloneUuid: uuid,
      cloneTransid: 7,
    }
    await expect(apply(stream(child, end))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
  })

  test('keeps holes', async () => {
    const size = 64 * 1024 * 1024
    await apply(stream(volume, { name: 'mkfile', path: 'a' }, { name: 'write', path: 'a', offset: size / 2, data }, { name: 'truncate', path: 'a', size }, { name: 'mkfile', path: 'b' },
      { name: 'clone', path: 'b', offset: 0, cloneLength: size, cloneUuid: uuid, cloneTransid: 7, clonePath: 'a', cloneOffset: 0 }, end)) // prettier-ignore
    for (const name of ['a', 'b']) {
      const stats = statSync(join(directory, 'v', name))
      expect(stats.size).toBe(size)
      expect(stats.blocks * 512).toBeLessThan(4 * 1024 * 1024)
    }
    expect(readFileSync(join(directory, 'v/b')).subarray(size / 2, size / 2 + data.length)).toEqual(data)
  })

  test('overwrites with the zeros of a clone what was there', async () => {
    await apply(stream(volume, { name: 'mkfile', path: 'a' }, { name: 'truncate', path: 'a', size: 5 }, { name: 'mkfile', path: 'b' }, { name: 'write', path: 'b', offset: 0, data },
      { name: 'clone', path: 'b', offset: 1, cloneLength: 5, cloneUuid: uuid, cloneTransid: 7, clonePath: 'a', cloneOffset: 0 }, end)) // prettier-ignore
    expect(readFileSync(join(directory, 'v/b')).toString()).toBe('c\0\0\0\0\0t')
  })

  test('reserves no space and says so, but cuts holes and zeroes as asked', async () => {
    const [applied] = await apply(stream(volume, { name: 'mkfile', path: 'a' }, { name: 'write', path: 'a', offset: 0, data },
      { name: 'fallocate', path: 'a', fallocateMode: 3, offset: 1, size: 3 }, { name: 'fallocate', path: 'a', fallocateMode: 0, offset: 0, size: 9 }, end)) // prettier-ignore
    expect(readFileSync(join(directory, 'v/a')).toString()).toBe('c\0\0\0ent\0\0')
    expect(applied?.unapplied).toEqual([{ path: 'a', what: 'space', reason: 'no space is reserved for 9 bytes at 0' }])
  })

  test('tells what cannot be set under the name that the path has at the end', async () => {
    const name = 'nonsense.attribute'
    const [applied] = await apply(stream(volume, { name: 'mkdir', path: 'o1' }, { name: 'mkfile', path: 'o1/f' }, { name: 'setXattr', path: 'o1/f', xattrName: name, xattrData: data },
      { name: 'link', path: 'g', link: 'o1/f' }, { name: 'rename', path: 'o1', to: 'd' }, { name: 'setFileAttributes', path: 'd', fileAttributes: 0x800000 }, end)) // prettier-ignore
    expect(applied?.unapplied.map(({ path, what }) => `${what} ${path}`).sort()).toEqual(['flags d', 'xattr d/f', 'xattr g'])
    expect(applied?.unapplied.find(({ what }) => what === 'xattr')?.reason).toContain(name)
  })

  test.runIf(isRoot)('lets a user who is not root restore into directories without write permission, and tells what belongs to others', async () => {
    const commands: readonly StreamCommand[] = [volume, { name: 'chown', path: '', uid: 0, gid: 0 }, { name: 'mkdir', path: 'd' }, { name: 'chmod', path: 'd', mode: 0o555 }, { name: 'mkdir', path: 'd/e' },
      { name: 'mkfile', path: 'd/e/f' }, { name: 'chmod', path: 'd/e/f', mode: 0o400 }, { name: 'write', path: 'd/e/f', offset: 0, data }, { name: 'mknod', path: 'o9', mode: 0o20600, rdev: 0x103 },
      { name: 'rename', path: 'o9', to: 'd/null' }, { name: 'chown', path: 'd/null', uid: 1, gid: 1 }, { name: 'utimes', path: 'd', atime: zero, mtime: { seconds: -5, nanoseconds: 1 }, ctime: zero },
      { name: 'chmod', path: '', mode: 0o555 }, end] // prettier-ignore
    for (const path of [outer, directory]) chmodSync(path, 0o777)
    const [applied] = await asNobody(() => apply(stream(...commands)))
    const unapplied = applied?.unapplied ?? []
    expect(unapplied.map(({ path, what }) => `${what} ${path}`).sort()).toEqual(['node d/null', 'owner '])
    const found = manifest(join(directory, 'v'))
    expect(found['.']?.mode).toBe('0o40555')
    expect(found['d']).toMatchObject({ mode: '0o40555', mtime_ns: '-4999999999' })
    expect(found['d/e/f']).toMatchObject({ mode: '0o100400', size: data.length })
    expect(readdirSync(directory).filter(name => name.startsWith('.syncline-part'))).toEqual([])
  })

  test('removes what a process that was killed left behind', async () => {
    const killed = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim()
    await apply(fixture('blank-v1'))
    // The directory of a living process has the same form.
    let seen = ''
    async function* looking(): AsyncGenerator<Uint8Array> {
      seen = readdirSync(directory).find(name => name.startsWith('.syncline-part-')) ?? ''
      yield fixture('full-v1')
    }
    await applyStream(looking(), directory)
    const stale = seen.replace(`-${process.pid}-`, `-${killed}-`)
    mkdirSync(join(directory, stale, 'x'), { recursive: true })
    const alive = seen.replace(`-${process.pid}-`, '-1-')
    mkdirSync(join(directory, alive))
    await apply(fixture('incr-v1'))
    expect(existsSync(join(directory, stale))).toBe(false)
    expect(existsSync(join(directory, alive))).toBe(true)
  })

  test('ends with the reason after an abort, and leaves nothing', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield fixture('full-v1').subarray(0, 3000)
      controller.abort(reason)
      await new Promise(() => undefined)
    }
    await expect(applyStream(endless(), directory, { signal: controller.signal })).rejects.toBe(reason)
    expect(readdirSync(directory)).toEqual([])
  })
})

describe('a hostile stream', () => {
  const nothingLeft = (): void => {
    expect(readdirSync(directory)).toEqual([])
    expect(readdirSync(outer).sort()).toEqual(['inside', 'secret'])
    expect(readFileSync(join(outer, 'secret'), 'utf8')).toBe('secret')
  }
  beforeEach(() => writeFileSync(join(outer, 'secret'), 'secret', { mode: 0o600 }))

  const cases: readonly (readonly [string, (secret: string) => readonly StreamCommand[]])[] = [
    ['a path above the volume', () => [{ name: 'mkfile', path: '../../../x' }]],
    ['a file through its own link', () => [{ name: 'symlink', path: 'l', link: '../../..' }, { name: 'mkfile', path: 'l/x' }]],
    ['a write through its own link', secret => [{ name: 'symlink', path: 'l', link: secret }, { name: 'write', path: 'l', offset: 0, data }]],
    ['a clone from outside through its own link', secret => [{ name: 'symlink', path: 'l', link: secret }, { name: 'mkfile', path: 'f' }, { name: 'clone', path: 'f', offset: 0, cloneLength: 6, cloneUuid: uuid, cloneTransid: 7, clonePath: 'l', cloneOffset: 0 }]],
    ['a write to a device', () => [{ name: 'mknod', path: 'n', mode: 0o20600, rdev: 0x103 }, { name: 'write', path: 'n', offset: 0, data }]],
    ['a write to a pipe that nobody reads', () => [{ name: 'mkfifo', path: 'n' }, { name: 'write', path: 'n', offset: 0, data }]],
    ['a clone from a pipe', () => [{ name: 'mkfifo', path: 'n' }, { name: 'mkfile', path: 'f' }, { name: 'clone', path: 'f', offset: 0, cloneLength: 6, cloneUuid: uuid, cloneTransid: 7, clonePath: 'n', cloneOffset: 0 }]],
    ['a clone of more than there is', () => [{ name: 'mkfile', path: 'f' }, { name: 'clone', path: 'f', offset: 0, cloneLength: 2 ** 40, cloneUuid: uuid, cloneTransid: 7, clonePath: 'f', cloneOffset: 0 }]],
    ['a regular file by way of mknod', () => [{ name: 'mknod', path: 'n', mode: 0o100600, rdev: 0 }]],
    ['a file in place of one', () => [{ name: 'mkfile', path: 'f' }, { name: 'mkfile', path: 'f' }]],
    ['an unlinked file that is not there', () => [{ name: 'unlink', path: 'f' }]],
    ['a file below a file', () => [{ name: 'mkfile', path: 'f' }, { name: 'mkfile', path: 'f/g' }]],
    ['ranges that do not decode', () => [{ name: 'mkfile', path: 'f' }, { name: 'encodedWrite', path: 'f', offset: 0, unencodedFileLength: 7, unencodedLength: 7, unencodedOffset: 0, compression: 2, data }]],
    ['its records as its name', () => [{ ...volume, path: '.syncline-volumes' } as StreamCommand]],
    ['two volumes of one name', () => [volume]],
  ] // prettier-ignore
  for (const [what, commands] of cases)
    test(`with ${what} changes nothing anywhere`, async () => {
      const error = await apply(stream(volume, ...commands(join(outer, 'secret')), end)).catch((error: unknown) => error)
      expect(error).toMatchObject({ name: 'StorageError' })
      expect((error as { code: string }).code).toMatch(/CORRUPT|INVALID_PATH|ALREADY_EXISTS/)
      nothingLeft()
    })

  test('does not get through a link that its parent has on disk', async () => {
    const parent = join(directory, 'parent')
    mkdirSync(parent)
    symlinkSync('../..', join(parent, 'l'))
    symlinkSync(join(outer, 'secret'), join(parent, 's'))
    const child: StreamCommand = {
      name: 'snapshot',
      path: 'w',
      uuid: '11111111-2222-3333-4444-555555555555',
      transid: 9,
      cloneUuid: uuid,
      cloneTransid: 7,
    }
    const clone = (clonePath: string): StreamCommand => ({
      name: 'clone',
      path: 'f',
      offset: 0,
      cloneLength: 6,
      cloneUuid: uuid,
      cloneTransid: 7,
      clonePath,
      cloneOffset: 0,
    })
    for (const commands of [
      [{ name: 'mkfile', path: 'l/x' }],
      [{ name: 'unlink', path: 'l/secret' }],
      [{ name: 'rename', path: 'l/secret', to: 'got' }],
      [{ name: 'link', path: 'got', link: 'l/secret' }],
      [{ name: 'chmod', path: 's', mode: 0o777 }],
      [{ name: 'truncate', path: 's', size: 0 }],
      [{ name: 'mkfile', path: 'f' }, clone('s')],
      [{ name: 'mkfile', path: 'f' }, clone('l/secret')],
    ] satisfies StreamCommand[][]) {
      await expect(apply(stream(child, ...commands, end), { volumes: new Map([[uuid, parent]]) })).rejects.toMatchObject({ code: 'CORRUPT' })
      expect(readdirSync(directory)).toEqual(['parent'])
      expect(readdirSync(outer).sort()).toEqual(['inside', 'secret'])
      expect(lstatSync(join(outer, 'secret')).mode & 0o777).toBe(0o600)
      expect(readFileSync(join(outer, 'secret'), 'utf8')).toBe('secret')
    }
  })

  test('that was cut off anywhere leaves nothing', async () => {
    const bytes = fixture('full-v1')
    const cuts = [0, 1, 16, 17, 18, 26, 27, ...Array.from({ length: 25 }, (_, i) => Math.floor(((i + 1) * bytes.length) / 26)), bytes.length - 1]
    for (const cut of cuts) {
      await expect(apply(bytes.subarray(0, cut)), `cut at ${cut}`).rejects.toMatchObject({ code: 'CORRUPT' })
      nothingLeft()
    }
  })

  test('with a second half that is damaged leaves nothing of the first', async () => {
    await expect(apply(Buffer.concat([fixture('blank-v1'), Buffer.from('some garbage, long enough')]))).rejects.toMatchObject({ code: 'CORRUPT' })
    nothingLeft()
  })

  test('of any bytes is refused or applied inside', { timeout: 120_000 }, async () => {
    const seed = Number(process.env['SYNCLINE_SEED'] ?? 20_261)
    const whole = [fixture('full-v1'), fixture('incr-v1'), fixture('compressed-zlib-v2').subarray(0, 4000)]
    // Checksums are mended, so that what is behind them is reached.
    const damage = fc.record({
      which: fc.nat(whole.length - 1),
      changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      mend: fc.boolean(),
    })
    fc.assert(
      fc.property(damage, ({ which, changes, mend }) => {
        const bytes = Uint8Array.from(whole[which] as Buffer)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        if (mend) mendChecksums(bytes)
        const parser = new StreamParser()
        try {
          for (const item of parser.push(bytes)) expect(item.offset).toBeLessThan(bytes.length)
          parser.finish()
        } catch (error) {
          expect(error).toMatchObject({ name: 'StorageError', code: 'CORRUPT' })
        }
      }),
      { numRuns: 1000, seed },
    )
    await fc.assert(
      fc.asyncProperty(damage, async ({ which, changes }) => {
        const bytes = Uint8Array.from(which === 1 ? Buffer.concat([whole[0] as Buffer, whole[1] as Buffer]) : (whole[which] as Buffer))
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        mendChecksums(bytes)
        const error = await apply(bytes).then(() => undefined, (error: unknown) => error) // prettier-ignore
        if (error !== undefined) {
          expect(error).toMatchObject({ name: 'StorageError' })
          expect(readdirSync(directory)).toEqual([])
        }
        for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true })
        nothingLeft()
      }),
      { numRuns: 40, seed },
    )
  })
})

/** Gives every command the checksum that it has now, as far as the lengths lead. */
function mendChecksums(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 17; at + 10 <= bytes.length;) {
    const length = view.getUint32(at, true)
    if (at + 10 + length > bytes.length) return
    const isEnd = view.getUint16(at + 4, true) === 21
    view.setUint32(at + 6, checksum(bytes.subarray(at, at + 10 + length)), true)
    at += 10 + length + (isEnd ? 17 : 0)
  }
}
