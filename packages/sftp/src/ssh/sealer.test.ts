import { createDecipheriv, randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import type { Client } from 'ssh2'
import { describe, expect, test } from 'vitest'
import { Sealer } from './sealer.ts'

const [key, iv] = [randomBytes(16), randomBytes(12)]

/** What `ssh2` has after a key exchange. */
function negotiated(changes: object = {}): { readonly cipher: TestCipher; readonly client: Client } {
  const cipher: TestCipher = {
    _encSSLName: 'aes-128-gcm',
    _encKey: key,
    _encIV: Buffer.from(iv),
    _dead: false,
    outSeqno: 3,
    allocPacket: bytes => layOut(Buffer.alloc(5 + bytes + 4 + ((16 - ((1 + bytes + 4) & 15)) & 15)), bytes),
    encrypt: () => {
      throw new Error('not replaced')
    },
    ...changes,
  }
  return { cipher, client: { _protocol: { _cipher: cipher } } as unknown as Client }
}

interface TestCipher {
  readonly _encSSLName: string
  readonly _encKey: Buffer
  readonly _encIV: Buffer
  readonly _dead: boolean
  outSeqno: number
  allocPacket(bytes: number): Buffer
  encrypt(packet: Buffer): void
}

function layOut(packet: Buffer, bytes: number): Buffer {
  packet.writeUInt32BE(packet.length - 4, 0)
  packet[4] = packet.length - 5 - bytes
  return packet
}

function send(cipher: TestCipher, payload: Uint8Array): void {
  const packet = cipher.allocPacket(payload.length)
  packet.set(payload, 5)
  cipher.encrypt(packet)
}

/** The payloads as a server reads them (RFC 4253 and 5647). */
function open(stream: Buffer): readonly Buffer[] {
  const payloads: Buffer[] = []
  const counter = iv.readBigUInt64BE(4)
  for (let at = 0; at < stream.length;) {
    const length = stream.readUInt32BE(at)
    expect(length % 16).toBe(0)
    const nonce = Buffer.from(iv)
    nonce.writeBigUInt64BE(BigInt.asUintN(64, counter + BigInt(payloads.length)), 4)
    const decipher = createDecipheriv('aes-128-gcm', key, nonce)
    decipher.setAAD(stream.subarray(at, at + 4))
    const plain = decipher.update(stream.subarray(at + 4, at + 4 + length))
    decipher.setAuthTag(stream.subarray(at + 4 + length, at + 20 + length))
    decipher.final()
    expect(plain[0]).toBeGreaterThanOrEqual(4)
    payloads.push(plain.subarray(1, plain.length - (plain[0] as number)))
    at += 20 + length
  }
  return payloads
}

describe('Sealer', () => {
  test('a server reads what was sent, whatever the lengths, in one go or by itself', () => {
    const payload = fc.uint8Array({ minLength: 1, maxLength: 3000 })
    const long = fc.integer({ min: 30_000, max: 300_000 }).map(length => Buffer.alloc(length, length & 0xff))
    const group = fc.record({ isCorked: fc.boolean(), payloads: fc.array(fc.oneof(payload, payload, long), { maxLength: 9 }) })
    fc.assert(
      fc.property(fc.array(group, { maxLength: 6 }), groups => {
        const socket = new PassThrough({ highWaterMark: 2 ** 26 })
        const sealer = new Sealer(socket)
        const { cipher, client } = negotiated()
        sealer.adopt(client)
        for (const { isCorked, payloads } of groups) {
          if (isCorked) sealer.cork()
          for (const each of payloads) send(cipher, each)
          if (isCorked) sealer.uncork()
        }
        const sent = groups.flatMap(({ payloads }) => payloads)
        expect(open((socket.read() as Buffer | null) ?? Buffer.alloc(0)).map(each => each.toString('hex'))).toEqual(
          sent.map(each => Buffer.from(each).toString('hex')),
        )
        expect(cipher.outSeqno).toBe(3 + sent.length)
      }),
      { numRuns: 60 },
    )
  })

  test('what leaves together is one write', () => {
    const socket = new PassThrough({ highWaterMark: 2 ** 26 })
    const written: number[] = []
    const write = socket.write.bind(socket)
    socket.write = ((...args: Parameters<typeof write>) => {
      written.push((args[0] as Buffer).length)
      return write(...args)
    }) as typeof socket.write
    const sealer = new Sealer(socket)
    const { cipher, client } = negotiated()
    sealer.adopt(client)
    sealer.cork()
    for (let i = 0; i < 5; i++) send(cipher, Buffer.alloc(2000, i))
    expect(written).toEqual([])
    sealer.uncork()
    expect(written.length).toBe(1)
  })

  test.each([
    ['another algorithm', { _encSSLName: 'aes-128-ctr' }],
    ['a version of ssh2 without these parts', { _encIV: undefined }],
  ])('%s keeps its own cipher', (_, changes) => {
    const { cipher, client } = negotiated(changes)
    const { encrypt } = cipher
    new Sealer(new PassThrough()).adopt(client)
    expect(cipher.encrypt).toBe(encrypt)
  })
})
