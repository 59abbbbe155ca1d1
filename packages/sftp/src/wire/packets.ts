import { lengthOfAttributes, writeAttributes, type Attributes, type Cursor } from './attributes.ts'
import { status } from './constants.ts'

/** A part of a request: 32 bits, 64 bits, a text or bytes with their length in front, attributes. */
export type Field = number | bigint | string | Uint8Array | Attributes

/** Bytes that requests are gathered in: the longest one that is sent fits. */
const pageBytes = 256 * 1024 + 1024

/** Gathers requests into pieces to be sent. */
export class RequestWriter {
  #page = Buffer.allocUnsafeSlow(pageBytes)
  #start = 0
  #at = 0
  #full: Buffer[] = []
  /** Bytes that were added and not taken. */
  bytes = 0

  /** Encodes one request with its length in front. What its fields hold is copied. */
  add(type: number, id: number, fields: readonly Field[]): void {
    let length = 5
    for (const field of fields) length += lengthOf(field)
    const buffer = this.#reserve(4 + length)
    let at = buffer.writeUInt32BE(length, this.#at)
    at = buffer.writeUInt8(type, at)
    at = buffer.writeUInt32BE(id, at)
    for (const field of fields) {
      if (typeof field === 'number') at = buffer.writeUInt32BE(field, at)
      else if (typeof field === 'bigint') at = buffer.writeBigUInt64BE(field, at)
      else if (typeof field === 'string') {
        const bytes = buffer.write(field, at + 4)
        at = buffer.writeUInt32BE(bytes, at) + bytes
      } else if (field instanceof Uint8Array) {
        at = buffer.writeUInt32BE(field.length, at)
        buffer.set(field, at)
        at += field.length
      } else at = writeAttributes(buffer, at, field)
    }
    this.bytes += at - this.#at
    this.#at = at
  }

  /** What was added since. The bytes stay as they are until {@link recycle} is called. */
  take(): readonly Buffer[] {
    this.#cut()
    const taken = this.#full
    this.#full = []
    this.bytes = 0
    return taken
  }

  /** Nobody needs what was taken any more: its memory is used again. */
  recycle(): void {
    if (this.bytes === 0) this.#start = this.#at = 0
  }

  #reserve(length: number): Buffer {
    if (this.#at + length > this.#page.length) {
      this.#cut()
      this.#page = Buffer.allocUnsafeSlow(Math.max(pageBytes, length))
      this.#start = this.#at = 0
    }
    return this.#page
  }

  #cut(): void {
    if (this.#at > this.#start) this.#full.push(this.#page.subarray(this.#start, this.#at))
    this.#start = this.#at
  }
}

function lengthOf(field: Field): number {
  if (typeof field === 'number') return 4
  if (typeof field === 'bigint') return 8
  if (typeof field === 'string') return 4 + Buffer.byteLength(field)
  return field instanceof Uint8Array ? 4 + field.length : lengthOfAttributes(field)
}

/** An answer of the server, read from its start. */
export class Reply implements Cursor {
  readonly type: number
  readonly #body: Buffer
  #at = 0

  constructor(type: number, body: Buffer) {
    this.type = type
    this.#body = body
  }

  get remaining(): number {
    return this.#body.length - this.#at
  }

  takeUint32(): number {
    const value = this.#body.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  takeUint64(): number {
    const value = Number(this.#body.readBigUInt64BE(this.#at))
    this.#at += 8
    return value
  }

  /** A view, not a copy. */
  takeBytes(): Buffer {
    const length = this.takeUint32()
    if (length > this.remaining) throw new RangeError(`a field of ${length} bytes in a packet that has ${this.remaining} left`)
    const bytes = this.#body.subarray(this.#at, this.#at + length)
    this.#at += length
    return bytes
  }

  takeText(): string {
    return this.takeBytes().toString()
  }
}

/** An answer that says that a request failed. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message === '' ? `status ${code}` : message)
    this.code = code
  }
}

/** Whether a request failed with one of these codes. */
export function hasStatus(error: unknown, ...codes: readonly number[]): error is StatusError {
  return error instanceof StatusError && codes.includes(error.code)
}

/** The status in an answer; `undefined` for success. */
export function failureOf(reply: Reply): StatusError | undefined {
  const code = reply.takeUint32()
  // Some servers leave the text out, which version 3 does not allow.
  return code === status.ok ? undefined : new StatusError(code, reply.remaining >= 4 ? reply.takeText() : '')
}

/** An answer that does not fit what was asked. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/** Largest answer that is taken. Servers send at most what is asked for, and names of one directory; a length above this is an attack or no SFTP. */
const largestPacket = 4 * 1024 * 1024

/** Cuts a stream of bytes into answers. Content is copied at most once. */
export class PacketParser {
  readonly #onPacket: (type: number, body: Buffer) => void
  /** A start of a packet that is too short to tell its length. */
  #head = Buffer.alloc(0)
  #body: Buffer | undefined
  #filled = 0

  /** @param onPacket - called with what follows the type; a view of what was pushed, or a buffer of its own */
  constructor(onPacket: (type: number, body: Buffer) => void) {
    this.#onPacket = onPacket
  }

  /** @throws ProtocolError for what cannot be an answer */
  push(chunk: Buffer): void {
    let rest = chunk
    for (;;) {
      if (this.#body !== undefined) {
        const count = Math.min(rest.length, this.#body.length - this.#filled)
        this.#body.set(rest.subarray(0, count), this.#filled)
        this.#filled += count
        if (this.#filled < this.#body.length) return
        const body = this.#body
        this.#body = undefined
        rest = rest.subarray(count)
        this.#onPacket(body[0] as number, body.subarray(1))
        continue
      }
      if (this.#head.length > 0) {
        rest = Buffer.concat([this.#head, rest])
        this.#head = Buffer.alloc(0)
      }
      if (rest.length < 4) {
        this.#head = Buffer.from(rest)
        return
      }
      const length = rest.readUInt32BE(0)
      if (length < 1 || length > largestPacket) throw new ProtocolError(describeGarbage(rest, length))
      if (rest.length >= 4 + length) {
        this.#onPacket(rest[4] as number, rest.subarray(5, 4 + length))
        rest = rest.subarray(4 + length)
        if (rest.length === 0) return
        continue
      }
      this.#body = Buffer.allocUnsafe(length)
      this.#filled = 0
      rest = rest.subarray(4)
    }
  }
}

/** Shells whose start-up files print something are the usual cause. */
function describeGarbage(bytes: Buffer, length: number): string {
  const text = bytes.toString('latin1', 0, 80)
  return /^[\x20-\x7e\r\n\t]{4}/.test(text)
    ? `the server sent text instead of SFTP: ${JSON.stringify(text)}; its shell start-up files may print it`
    : `the server sent a packet of ${length} bytes`
}
