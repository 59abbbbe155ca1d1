import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { collect, toBytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import type { StreamCommand } from './command.ts'
import { validated, type ValidateOptions } from './validate.ts'
import { encodeCommand, encodeHeader, withVolumeName } from './writer.ts'

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../../test/fixtures', name))
const uuid = '8aeb5ca3-45d6-5744-b680-2657d0877460'
const other = '11111111-2222-3333-4444-555555555555'
const volume: StreamCommand = { name: 'subvol', path: 's1', uuid, transid: 7 }
const child: StreamCommand = { name: 'snapshot', path: 's2', uuid: other, transid: 9, cloneUuid: uuid, cloneTransid: 7 }
const end: StreamCommand = { name: 'end' }
const data = new Uint8Array([1, 2, 3])

const stream = (...commands: readonly StreamCommand[]): Uint8Array =>
  Buffer.concat([encodeHeader(2), ...commands.map(command => encodeCommand(command, 2))])

/** Bytes in chunks of a size. */
async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function check(bytes: Uint8Array, options: ValidateOptions = {}): Promise<string> {
  try {
    await collect(validated(toBytes(bytes), options))
    return 'good'
  } catch (error) {
    return (error as Error).message
  }
}

describe('validated', () => {
  for (const name of ['blank-v1', 'full-v1', 'incr-v1', 'multi-v1', 'compressed-zlib-v2', 'compressed-zstd-v2']) {
    test(`gives out ${name} as it is, however it is cut`, async () => {
      const bytes = fixture(`${name}.btrfs`)
      for (const size of [1, 13, 4096, bytes.length]) expect(Buffer.compare(await collect(validated(inChunks(bytes, size))), bytes)).toBe(0)
    })
  }

  test('refuses a stream without data where it is to be restored from', async () => {
    expect(await check(fixture('nodata-v1.btrfs'))).toContain('sent without data')
    expect(await check(fixture('nodata-v1.btrfs'), { restorable: false })).toBe('good')
  })

  const escapes: readonly (readonly [string, readonly StreamCommand[], string])[] = [
    ['a path above the volume', [volume, { name: 'mkfile', path: '../escaped' }, end], 'mkfile at "../escaped": it leaves its directory'],
    ['a path above the volume further down', [volume, { name: 'write', path: 'a/../../b', offset: 0, data }, end], 'it leaves its directory'],
    ['an absolute path', [volume, { name: 'mkfile', path: '/etc/passwd' }, end], 'it is absolute'],
    ['an empty name', [volume, { name: 'mkdir', path: 'a//b' }, end], 'it has an empty name'],
    ['a NUL byte', [volume, { name: 'mkdir', path: 'a\0b' }, end], 'it has a NUL byte'],
    ['a file in place of the root', [volume, { name: 'unlink', path: '' }, end], 'it is empty'],
    ['a link that leads out, and a file through it', [volume, { name: 'symlink', path: 'l', link: '/tmp' }, { name: 'mkfile', path: 'l/x' }, end], '"l" is a symbolic link'],
    ['a link that got another name', [volume, { name: 'symlink', path: 'l', link: '/' }, { name: 'rename', path: 'l', to: 'm' }, { name: 'write', path: 'm/x', offset: 0, data }, end], '"m" is a symbolic link'],
    ['a link in a directory that got another name', [volume, { name: 'symlink', path: 'd/l', link: '/' }, { name: 'rename', path: 'd', to: 'e' }, { name: 'mkfile', path: 'e/l/x' }, end], '"e/l" is a symbolic link'],
    ['a second name of a link', [volume, { name: 'symlink', path: 'l', link: '/' }, { name: 'link', path: 'k', link: 'l' }, { name: 'mkfile', path: 'k/x' }, end], '"k" is a symbolic link'],
    ['writing through a link itself', [volume, { name: 'symlink', path: 'l', link: '/etc/passwd' }, { name: 'write', path: 'l', offset: 0, data }, end], '"l" is a symbolic link'],
    ['changing the mode through a link', [volume, { name: 'symlink', path: 'l', link: '/etc/passwd' }, { name: 'chmod', path: 'l', mode: 0o777 }, end], '"l" is a symbolic link'],
    ['renaming to the outside', [volume, { name: 'mkfile', path: 'a' }, { name: 'rename', path: 'a', to: '../b' }, end], 'rename to "../b"'],
    ['linking from the outside', [volume, { name: 'link', path: 'a', link: '../../etc/shadow' }, end], 'link to "../../etc/shadow"'],
    ['cloning from the outside', [volume, { name: 'clone', path: 'a', offset: 0, cloneLength: 1, cloneUuid: uuid, cloneTransid: 1, clonePath: '../x', cloneOffset: 0 }, end], 'clone from "../x"'],
    ['cloning through a link', [volume, { name: 'symlink', path: 'l', link: '/etc' }, { name: 'clone', path: 'a', offset: 0, cloneLength: 1, cloneUuid: uuid, cloneTransid: 1, clonePath: 'l/shadow', cloneOffset: 0 }, end], 'clone from "l/shadow": "l" is a symbolic link'],
    ['cloning what a link points to', [volume, { name: 'symlink', path: 'l', link: '/etc/shadow' }, { name: 'clone', path: 'a', offset: 0, cloneLength: 1, cloneUuid: uuid, cloneTransid: 1, clonePath: 'l', cloneOffset: 0 }, end], 'clone from "l": "l" is a symbolic link'],
    ['a link that a rename onto its own second name left in place', [volume, { name: 'symlink', path: 'l', link: '/' }, { name: 'link', path: 'k', link: 'l' }, { name: 'rename', path: 'k', to: 'l' }, { name: 'mkfile', path: 'k/x' }, end], '"k" is a symbolic link'],
    ['reserving space through a link', [volume, { name: 'symlink', path: 'l', link: '/etc/passwd' }, { name: 'fallocate', path: 'l', fallocateMode: 3, offset: 0, size: 10 }, end], '"l" is a symbolic link'],
    ['a volume with a path for a name', [{ ...volume, path: 'a/b' } as StreamCommand, end], 'it is more than one name'],
    ['a volume named ..', [{ ...volume, path: '..' } as StreamCommand, end], 'it leaves its directory'],
    ['commands before a volume', [{ name: 'mkfile', path: 'f' }, end], 'mkfile comes before a volume'],
    ['no volume at all', [end], 'end comes before a volume'],
    ['a range beyond what files can have', [volume, { name: 'write', path: 'a', offset: Number.MAX_SAFE_INTEGER, data }, end], 'beyond what a file can have'],
    ['a small range that claims to decode to a huge one', [volume, { name: 'encodedWrite', path: 'a', offset: 0, unencodedFileLength: 1, unencodedLength: 2 ** 40, unencodedOffset: 0, compression: 1, data }, end], 'claims to decode to'],
  ] // prettier-ignore
  for (const [what, commands, message] of escapes) test(`refuses ${what}`, async () => expect(await check(stream(...commands))).toContain(message))

  test('knows links of the volume that an incremental stream starts from, if it is told', async () => {
    const bytes = stream(child, { name: 'mkfile', path: 'old/x' }, end)
    expect(await check(bytes)).toBe('good')
    expect(await check(bytes, { symlinks: ['old'] })).toContain('"old" is a symbolic link')
  })

  test('a path is free again when its link is gone', async () => {
    expect(await check(stream(volume, { name: 'symlink', path: 'l', link: '/' }, { name: 'unlink', path: 'l' }, { name: 'mkdir', path: 'l' }, { name: 'mkfile', path: 'l/x' }, end))).toBe('good') // prettier-ignore
    expect(await check(stream(volume, { name: 'symlink', path: 'l', link: '/' }, { name: 'mkdir', path: 'd' }, { name: 'rename', path: 'd', to: 'l' }, { name: 'mkfile', path: 'l/x' }, end))).toBe('good') // prettier-ignore
  })

  test('clones only from where it may, if it is told', async () => {
    const clone = (cloneUuid: string): StreamCommand => ({
      name: 'clone',
      path: 'a',
      offset: 0,
      cloneLength: 1,
      cloneUuid,
      cloneTransid: 1,
      clonePath: 'b',
      cloneOffset: 0,
    })
    const foreign = '99999999-2222-3333-4444-555555555555'
    for (const from of [uuid, other]) expect(await check(stream(child, clone(from), end), { cloneSources: new Set() })).toBe('good')
    expect(await check(stream(child, clone(foreign), end))).toBe('good')
    expect(await check(stream(child, clone(foreign), end), { cloneSources: new Set() })).toContain('no business')
    expect(await check(stream(child, clone(foreign), end), { cloneSources: new Set([foreign]) })).toBe('good')
  })

  test('gives out nothing of a bad command, nor of what follows', async () => {
    const good = stream(volume, { name: 'mkfile', path: 'a' })
    const bytes = Buffer.concat([good, encodeCommand({ name: 'mkfile', path: '../b' }, 2), encodeCommand(end, 2)])
    for (const size of [1, 50, bytes.length]) {
      const out: Uint8Array[] = []
      await expect(async () => {
        for await (const chunk of validated(inChunks(bytes, size))) out.push(chunk.slice())
      }).rejects.toThrow('leaves its directory')
      expect(Buffer.compare(good.subarray(0, Buffer.concat(out).length), Buffer.concat(out))).toBe(0)
    }
  })

  test('notices that the pipe ended early', async () => {
    const bytes = fixture('full-v1.btrfs')
    expect(await check(bytes.subarray(0, bytes.length - 10))).toContain('cut off')
  })
})

describe('withVolumeName', () => {
  test('changes the name and nothing else', async () => {
    for (const name of ['full-v1', 'incr-v1']) {
      const bytes = fixture(`${name}.btrfs`)
      const renamed = await collect(withVolumeName(inChunks(bytes, 777), '.part-1-s'))
      const names: string[] = []
      await collect(validated(toBytes(renamed), { onItem: item => { if (item.kind === 'command' && 'uuid' in item.command) names.push(item.command.path) } })) // prettier-ignore
      expect(names).toEqual(['.part-1-s'])
      expect(Buffer.compare(await collect(withVolumeName(toBytes(renamed), name === 'full-v1' ? 's1' : 's2')), bytes)).toBe(0)
    }
  })

  test('is done by validated in the same pass', async () => {
    for (const name of ['full-v1', 'incr-v1', 'compressed-zlib-v2']) {
      const bytes = fixture(`${name}.btrfs`)
      for (const size of [1, 777, bytes.length])
        expect(Buffer.compare(await collect(validated(inChunks(bytes, size), { volumeName: 'new' })), await collect(withVolumeName(toBytes(bytes), 'new')))).toBe(0) // prettier-ignore
    }
    await expect(collect(validated(toBytes(fixture('multi-v1.btrfs')), { volumeName: 'x' }))).rejects.toThrow('more than one volume')
  })

  test('refuses a second volume', async () => {
    await expect(collect(withVolumeName(toBytes(fixture('multi-v1.btrfs')), 'x'))).rejects.toThrow('more than one volume')
  })
})
