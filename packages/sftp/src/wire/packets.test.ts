import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { takeAttributes } from './attributes.ts'
import { packet } from './constants.ts'
import { failureOf, hasStatus, PacketParser, ProtocolError, Reply, RequestWriter } from './packets.ts'

function parse(chunks: readonly Buffer[]): readonly { readonly type: number; readonly body: Buffer }[] {
  const found: { readonly type: number; readonly body: Buffer }[] = []
  const parser = new PacketParser((type, body) => found.push({ type, body: Buffer.from(body) }))
  for (const chunk of chunks) parser.push(chunk)
  return found
}

function frame(type: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(body.length + 1, 0)
  head[4] = type
  return Buffer.concat([head, body])
}

describe('PacketParser', () => {
  test('finds the same packets wherever the stream is cut', () => {
    const packets = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 200 })), { maxLength: 12 })
    fc.assert(
      fc.property(packets, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }), (items, cuts) => {
        const stream = Buffer.concat(items.map(([type, body]) => frame(type, body)))
        const chunks: Buffer[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const length = cuts[turn % cuts.length] as number
          chunks.push(Buffer.from(stream.subarray(at, at + length)))
          at += length
        }
        expect(parse(chunks)).toEqual(items.map(([type, body]) => ({ type, body: Buffer.from(body) })))
      }),
    )
  })

  test('a packet longer than any answer is refused before memory is taken for it', () => {
    expect(() => parse([Buffer.from([0xff, 0xff, 0xff, 0xff, 1])])).toThrow(ProtocolError)
  })

  test('text from start-up files of a shell is named as that', () => {
    expect(() => parse([Buffer.from('Welcome to host\n')])).toThrow(/text instead of SFTP: "Welcome to host\\n".*start-up files/)
  })
})

describe('Reply', () => {
  test('a field that is longer than its packet is an error and no view of other memory', () => {
    const body = Buffer.alloc(8)
    body.writeUInt32BE(1000, 0)
    expect(() => new Reply(packet.data, body).takeBytes()).toThrow(RangeError)
  })

  test('a status without a text is understood', () => {
    const failure = failureOf(new Reply(packet.status, Buffer.from([0, 0, 0, 3])))
    expect(failure).toMatchObject({ code: 3, message: 'status 3' })
    expect(hasStatus(failure, 3)).toBe(true)
  })
})

describe('RequestWriter', () => {
  test('what is written can be read, whatever the sizes', () => {
    const field = fc.oneof(fc.uint8Array({ maxLength: 100_000 }), fc.string())
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fields => {
        const writer = new RequestWriter()
        for (const [id, value] of fields.entries()) writer.add(packet.write, id, [value, 7, 2n ** 40n, { size: 5, mode: 0o644, modified: 9 }])
        const found = parse(writer.take())
        expect(found.length).toBe(fields.length)
        for (const [index, { body }] of found.entries()) {
          const reply = new Reply(packet.write, body)
          expect(reply.takeUint32()).toBe(index)
          expect(reply.takeBytes().equals(Buffer.from(fields[index] as Uint8Array))).toBe(true)
          expect([reply.takeUint32(), reply.takeUint64()]).toEqual([7, 2 ** 40])
          expect(takeAttributes(reply)).toEqual({ size: 5, mode: 0o644, modified: 9, accessed: 9 })
          expect(reply.remaining).toBe(0)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('a producer may change its bytes at once', () => {
    const writer = new RequestWriter()
    const bytes = Buffer.from('abc')
    writer.add(packet.write, 1, [bytes])
    bytes.fill(0)
    expect(Buffer.concat(writer.take()).toString('latin1')).toContain('abc')
  })
})
