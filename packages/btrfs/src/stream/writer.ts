import type { Bytes } from '@syncline/core'
import type { RawPath, SnapshotCommand, StreamCommand, SubvolCommand } from './command.ts'
import { attributes, commandHeaderLength, commands, dataAttribute, magic, streamHeaderLength, type AttributeName } from './format.ts'
import { checksum, StreamParser, type StreamItem } from './parser.ts'
import { streamError } from './stream-error.ts'

/** The start of a stream. */
export function encodeHeader(version: 1 | 2): Uint8Array {
  const bytes = new Uint8Array(streamHeaderLength)
  bytes.set(magic)
  new DataView(bytes.buffer).setUint32(magic.length, version, true)
  return bytes
}

/** A command as it stands in a stream, with its checksum. Attributes come in the order in which the command has them, `data` last. */
export function encodeCommand(command: StreamCommand, version: 1 | 2): Uint8Array {
  const { name, ...fields } = command
  const parts: Uint8Array[] = []
  const names = (Object.keys(fields) as AttributeName[]).sort((a, b) => Number(a === 'data') - Number(b === 'data'))
  for (const attribute of names) {
    const value = (fields as Partial<Record<AttributeName, unknown>>)[attribute]
    if (value === undefined) continue
    const bytes = encodeValue(attribute, value)
    const hasLength = version === 1 || attributes[attribute].code !== dataAttribute
    if (hasLength && bytes.length > 0xffff)
      throw new RangeError(`${attribute} of ${name} has ${bytes.length} bytes, and version ${version} takes 65535`)
    const head = new DataView(new ArrayBuffer(hasLength ? 4 : 2))
    head.setUint16(0, attributes[attribute].code, true)
    if (hasLength) head.setUint16(2, bytes.length, true)
    parts.push(new Uint8Array(head.buffer), bytes)
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const bytes = new Uint8Array(commandHeaderLength + length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length, true)
  view.setUint16(4, commands[name].code, true)
  let at = commandHeaderLength
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  view.setUint32(6, checksum(bytes), true)
  return bytes
}

function encodeValue(attribute: AttributeName, value: unknown): Uint8Array {
  switch (attributes[attribute].type) {
    case 'u32': {
      const view = new DataView(new ArrayBuffer(4))
      view.setUint32(0, value as number, true)
      return new Uint8Array(view.buffer)
    }
    case 'u64': {
      const view = new DataView(new ArrayBuffer(8))
      view.setBigUint64(0, BigInt(value as number), true)
      return new Uint8Array(view.buffer)
    }
    case 'time': {
      const { seconds, nanoseconds } = value as { readonly seconds: number; readonly nanoseconds: number }
      const view = new DataView(new ArrayBuffer(12))
      view.setBigInt64(0, BigInt(seconds), true)
      view.setUint32(8, nanoseconds, true)
      return new Uint8Array(view.buffer)
    }
    case 'uuid':
      return Buffer.from((value as string).replaceAll('-', ''), 'hex')
    case 'path':
    case 'text':
      return Buffer.from(value as string, 'latin1')
    case 'data':
      return value as Uint8Array
  }
}

/**
 * The same stream with another name for its volume: the command that begins it is written anew, with its checksum. So a volume is received under a
 * name that says it is not complete, and gets its own when it is: a volume that can only be read can be renamed in its directory, but not moved.
 * Where the stream is checked as well, `validated` does both in one pass.
 *
 * @param name - a plain name, a character per byte
 * @throws StorageError `CORRUPT` if there is a second volume, which would get the same name
 */
export async function* withVolumeName(stream: Bytes, name: RawPath): AsyncGenerator<Uint8Array, void, undefined> {
  const parser = new StreamParser()
  let volumes = 0
  for await (const chunk of stream) {
    for (const item of parser.push(chunk)) {
      if (beginsVolume(item)) volumes++
      yield renamed(item, name, volumes)
    }
  }
  parser.finish()
}

/**
 * The bytes of an item, with another name if it begins a volume.
 *
 * @param volumes - how many have begun, this one included
 */
export function renamed(item: StreamItem, name: RawPath, volumes: number): Uint8Array {
  if (!beginsVolume(item)) return item.bytes
  if (volumes > 1) throw streamError(item.offset, 'it holds more than one volume, and only one can be given another name')
  return encodeCommand({ ...item.command, path: name }, item.version)
}

function beginsVolume(item: StreamItem): item is StreamItem & { readonly kind: 'command'; readonly command: SubvolCommand | SnapshotCommand } {
  return item.kind === 'command' && (item.command.name === 'subvol' || item.command.name === 'snapshot')
}
