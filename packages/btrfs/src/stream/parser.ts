import type { CommandName, StreamCommand } from './command.ts'
import { crc32c } from './crc32c.ts'
import { attributes, commandHeaderLength, commands, dataAttribute, longestCommand, magic, streamHeaderLength, type AttributeName } from './format.ts'
import { streamError } from './stream-error.ts'

/** The start of a stream, or one command of it. */
export type StreamItem =
  | { readonly kind: 'header'; readonly offset: number; readonly bytes: Uint8Array; readonly version: 1 | 2 }
  | { readonly kind: 'command'; readonly offset: number; readonly bytes: Uint8Array; readonly version: 1 | 2; readonly command: StreamCommand }

/** Names by number; `undefined` in between. */
const commandNames: readonly (CommandName | undefined)[] = byCode(commands)
const attributeNames: readonly (AttributeName | undefined)[] = byCode(attributes)

function byCode<N extends string>(shapes: Readonly<Record<N, { readonly code: number }>>): (N | undefined)[] {
  const names: (N | undefined)[] = []
  for (const name of Object.keys(shapes) as N[]) names[shapes[name].code] = name
  return names
}

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * Cuts the bytes of send streams into headers and commands, and checks each: its length, its checksum, that it is known, and that it has the attributes
 * that it needs, once each and of the right size. Whether the commands make sense together, and stay inside of their volume, is for the validator.
 *
 * A file or pipe may hold several streams, one after the other. What is given out refers to the bytes that were put in; a command that lies in one
 * chunk is never copied.
 *
 * @see the kernel's fs/btrfs/send.h for the numbers; the layout was verified against `btrfs receive --dump`
 */
export class StreamParser {
  /** Bytes before what is being read. */
  #offset = 0
  /** The start of something that has not come whole: the first `#held` bytes count. It has room for as much as its header asked for. */
  #rest: Uint8Array = new Uint8Array(0)
  #held = 0
  /** Of the stream that is being read; `undefined` before a header. */
  #version: 1 | 2 | undefined
  #streams = 0

  /** Says that no more bytes come. @throws StorageError `CORRUPT` if they ended before the stream did */
  finish(): void {
    if (this.#held > 0 || this.#version !== undefined) throw streamError(this.#offset, 'it ends in the middle; it was cut off')
    if (this.#streams === 0) throw streamError(0, 'there is nothing')
  }

  /** Takes the next bytes and gives out what is complete. @throws StorageError `CORRUPT` */
  *push(chunk: Uint8Array): Generator<StreamItem, void, undefined> {
    let bytes = chunk
    while (this.#held > 0) {
      const needed = this.#needed(this.#rest.subarray(0, this.#held))
      this.#makeRoom(needed)
      const taken = bytes.subarray(0, needed - this.#held)
      this.#rest.set(taken, this.#held)
      this.#held += taken.length
      bytes = bytes.subarray(taken.length)
      if (this.#held < needed) return
      // With its header there, it may turn out to be longer.
      if (this.#needed(this.#rest.subarray(0, needed)) > needed) continue
      const item = this.#rest.subarray(0, needed)
      // Not used again: what was given out refers to it.
      this.#rest = new Uint8Array(0)
      this.#held = 0
      yield this.#take(item)
    }
    let at = 0
    while (at < bytes.length) {
      const left = at === 0 ? bytes : bytes.subarray(at)
      const needed = this.#needed(left)
      if (left.length < needed) {
        // A copy, because the chunk is the caller's.
        this.#makeRoom(needed)
        this.#rest.set(left)
        this.#held = left.length
        return
      }
      yield this.#take(left.subarray(0, needed))
      at += needed
    }
  }

  /** At once for the whole command: grown with every chunk, a long one would be copied as often as it has chunks. */
  #makeRoom(needed: number): void {
    if (this.#rest.length >= needed) return
    // Not zeroed, as all of it is filled before it is looked at. Memory of its own: what is given out may be kept.
    const larger = Buffer.allocUnsafeSlow(needed)
    larger.set(this.#rest.subarray(0, this.#held))
    this.#rest = larger
  }

  /** How many bytes what begins here has, as far as can be told. */
  #needed(bytes: Uint8Array): number {
    if (this.#version === undefined) return streamHeaderLength
    if (bytes.length < commandHeaderLength) return commandHeaderLength
    const length = readU32(bytes, 0)
    if (length > longestCommand) throw streamError(this.#offset, `a command says that it has ${length} bytes`)
    return commandHeaderLength + length
  }

  #take(bytes: Uint8Array): StreamItem {
    const offset = this.#offset
    const item = this.#version === undefined ? this.#header(bytes) : this.#command(bytes, this.#version)
    this.#offset = offset + bytes.length
    return item
  }

  #header(bytes: Uint8Array): StreamItem {
    const offset = this.#offset
    for (let i = 0; i < magic.length; i++)
      if (bytes[i] !== magic[i]) throw streamError(offset, this.#streams === 0 ? 'it is no send stream' : 'what follows the end is no send stream')
    const version = readU32(bytes, magic.length)
    if (version !== 1 && version !== 2) throw streamError(offset, `it has version ${version}; versions 1 and 2 are known`)
    this.#version = version
    this.#streams++
    return { kind: 'header', offset, bytes, version }
  }

  #command(bytes: Uint8Array, version: 1 | 2): StreamItem {
    const offset = this.#offset
    const name = commandNames[readU16(bytes, 4)]
    const stored = readU32(bytes, 6)
    if (checksum(bytes) !== stored) throw streamError(offset, 'a checksum does not fit')
    if (name === undefined || commands[name].since > version)
      throw streamError(offset, `command ${readU16(bytes, 4)} is not known in version ${version}`)
    if (name === 'end') this.#version = undefined
    return { kind: 'command', offset, bytes, version, command: parseCommand(name, bytes, version, offset) }
  }
}

/** The checksum of a command: over its header with zeros in place of the checksum, and its payload. */
export function checksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes, 0, 0, 6)
  return crc32c(bytes, crc32c(zeros, crc), commandHeaderLength)
}

const zeros = new Uint8Array(4)

function parseCommand(name: CommandName, bytes: Uint8Array, version: 1 | 2, offset: number): StreamCommand {
  const fields: Record<string, unknown> = { name }
  const { required } = commands[name]
  let found = 0
  for (let at = commandHeaderLength; at < bytes.length;) {
    if (bytes.length - at < 2) throw streamError(offset, `${name} has half an attribute`)
    const code = readU16(bytes, at)
    const attribute = attributeNames[code]
    if (attribute === undefined || attributes[attribute].since > version)
      throw streamError(offset, `${name} has attribute ${code}, which is not known`)
    at += 2
    let length = bytes.length - at
    if (version === 1 || code !== dataAttribute) {
      if (length < 2) throw streamError(offset, `${name} has half an attribute`)
      length = readU16(bytes, at)
      at += 2
      if (length > bytes.length - at) throw streamError(offset, `${attribute} of ${name} is longer than the command`)
    }
    if (attribute in fields) throw streamError(offset, `${name} has ${attribute} twice`)
    fields[attribute] = parseValue(attribute, bytes.subarray(at, at + length), name, offset)
    at += length
    if ((required as readonly AttributeName[]).includes(attribute)) found++
  }
  if (found < required.length) throw streamError(offset, `${name} lacks ${required.filter(attribute => !(attribute in fields)).join(', ')}`)
  return fields as unknown as StreamCommand
}

const sizes = { u32: 4, u64: 8, uuid: 16, time: 12 } as const

function parseValue(attribute: AttributeName, value: Uint8Array, command: CommandName, offset: number): unknown {
  const { type } = attributes[attribute]
  if (type in sizes && value.length !== sizes[type as keyof typeof sizes])
    throw streamError(offset, `${attribute} of ${command} has ${value.length} bytes instead of ${sizes[type as keyof typeof sizes]}`)
  switch (type) {
    case 'u32':
      return readU32(value, 0)
    case 'u64': {
      const number = readU32(value, 0) + readU32(value, 4) * 2 ** 32
      if (!Number.isSafeInteger(number)) throw streamError(offset, `${attribute} of ${command} is ${number}`)
      return number
    }
    case 'time': {
      const seconds = Number(new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0, true))
      const nanoseconds = readU32(value, 8)
      if (!Number.isSafeInteger(seconds) || nanoseconds >= 1e9) throw streamError(offset, `${attribute} of ${command} is no time`)
      return { seconds, nanoseconds }
    }
    case 'uuid': {
      let digits = ''
      for (const [i, byte] of value.entries()) digits += (i === 4 || i === 6 || i === 8 || i === 10 ? '-' : '') + (hex[byte] as string)
      return digits
    }
    case 'path':
    case 'text':
      return latin1(value)
    case 'data':
      return value
  }
}

/** A character per byte. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0
}
