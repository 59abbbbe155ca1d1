import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EncodedWriteCommand } from './command.ts'
import { decodeRange, zstdFrameLength } from './decode.ts'
import { StreamParser } from './parser.ts'

function encodedWrites(name: string): EncodedWriteCommand[] {
  const found: EncodedWriteCommand[] = []
  for (const item of new StreamParser().push(readFileSync(join(import.meta.dirname, '../../test/fixtures', `${name}.btrfs`))))
    if (item.kind === 'command' && item.command.name === 'encodedWrite') found.push(item.command)
  return found
}

/** Decodes ranges into their file, by inode order of the stream. */
function contents(name: string): string[] {
  const files = new Map<string, Uint8Array[]>()
  for (const command of encodedWrites(name)) files.set(command.path, [...(files.get(command.path) ?? []), decodeRange(command)])
  return [...files.values()].map(parts => createHash('sha256').update(Buffer.concat(parts)).digest('hex')).sort()
}

const text = '402d8d4edea97f862d6f4fea74d5afbd6891826c08042747a0f7c42ffbf2685c'
const small = '920dca588c3b3525de74df7eecc8882cdbceeb4821d9af05f14c5c7a849c29ac'

describe('decodeRange', () => {
  for (const name of ['compressed-zlib-v2', 'compressed-zstd-v2']) {
    test(`gives back what was compressed in ${name}`, () => {
      const found = contents(name)
      for (const hash of [text, small].filter(hash => found.length > 1 || hash === text)) expect(found).toContain(hash)
    })

    test(`refuses what was cut off in ${name}`, () => {
      const [command] = encodedWrites(name)
      for (const length of [0, 3, 10, 200])
        expect(() => decodeRange({ ...(command as EncodedWriteCommand), data: command!.data.subarray(0, length) })).toThrow()
    })
  }

  test('never makes more of a range than it says', () => {
    const [zlib] = encodedWrites('compressed-zlib-v2') as [EncodedWriteCommand]
    expect(() => decodeRange({ ...zlib, unencodedLength: 100, unencodedFileLength: 100, unencodedOffset: 0 })).toThrow()
    const [zstd] = encodedWrites('compressed-zstd-v2') as [EncodedWriteCommand]
    expect(() => decodeRange({ ...zstd, unencodedLength: 100, unencodedFileLength: 100, unencodedOffset: 0 })).toThrow()
  })

  test('makes of damaged ranges an error or something of the right length', () => {
    const seed = Number(process.env['SYNCLINE_SEED'] ?? 20_261)
    const commands = ['zlib', 'zstd', 'lzo'].flatMap(name => encodedWrites(`compressed-${name}-v2`))
    fc.assert(
      fc.property(
        fc.nat(commands.length - 1),
        fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(30_000),
        (which, changes, cut) => {
          const command = commands[which] as EncodedWriteCommand
          const data = command.data.slice(0, Math.max(1, command.data.length - cut))
          for (const [at, byte] of changes) data[at % data.length] = byte
          let decoded: Uint8Array
          try {
            decoded = decodeRange({ ...command, data })
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
            return
          }
          expect(decoded.length).toBe(command.unencodedFileLength)
        },
      ),
      { numRuns: 500, seed },
    )
  })

  test('knows the match of LZO that only follows many literals', () => {
    // Written by hand from the kernel's description: 2,100 literals, 3 bytes from 2,071 back, and the end.
    const literals = Uint8Array.from({ length: 2100 }, (_, i) => (i * 2_654_435_761) >>> 13)
    const block = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 42]), literals, Buffer.from([0b1000, 5, 0x11, 0, 0])])
    const lengths = new Uint32Array([8 + block.length, block.length])
    const data = Buffer.concat([new Uint8Array(lengths.buffer), block])
    const size = 2103
    const command = {
      name: 'encodedWrite',
      path: 'a',
      offset: 0,
      unencodedFileLength: size,
      unencodedLength: size,
      unencodedOffset: 0,
      compression: 3,
      data,
    } as const
    expect([...decodeRange(command).subarray(2100)]).toEqual([...literals.subarray(29, 32)])
  })

  test('takes bytes as they are where nothing is compressed, and fills up with zeros', () => {
    const command = {
      name: 'encodedWrite',
      path: 'a',
      offset: 0,
      unencodedFileLength: 6,
      unencodedLength: 8,
      unencodedOffset: 1,
      data: new Uint8Array([1, 2, 3]),
    } as const
    expect([...decodeRange(command)]).toEqual([2, 3, 0, 0, 0, 0])
  })
})

describe('zstdFrameLength', () => {
  test('leaves the padding out', () => {
    for (const { data } of encodedWrites('compressed-zstd-v2')) {
      const length = zstdFrameLength(data)
      expect(length).toBeLessThanOrEqual(data.length)
      expect(data.subarray(length).every(byte => byte === 0)).toBe(true)
    }
  })
})
