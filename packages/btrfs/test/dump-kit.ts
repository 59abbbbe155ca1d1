import type { Bytes } from '@syncline/core'
import type { StreamCommand } from '../src/stream/command.ts'
import { encodeCommand, encodeHeader } from '../src/stream/writer.ts'

/** A volume of a test: what a send of it would begin with, and how much it would hold. */
export interface TestVolume {
  readonly name: string
  readonly uuid: string
  readonly transid: number
  readonly parent?: TestVolume
  /** Bytes of its one file; default 100. */
  readonly size?: number
  /** Of its content. */
  readonly seed?: number
}

const filler = '0'.repeat(32)

/** A UUID that begins with the given digits. */
export function uuidOf(digits: string): string {
  return (digits + filler).slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const streams = new Map<string, Uint8Array>()

/** What `btrfs send` would give for a volume with one file. */
export function streamOf(volume: TestVolume): Uint8Array {
  const key = JSON.stringify(volume)
  const stream = streams.get(key) ?? makeStream(volume)
  streams.set(key, stream)
  return stream
}

function makeStream({ name, uuid, transid, parent, size = 100, seed = 1 }: TestVolume): Uint8Array {
  const parts: Uint8Array[] = [encodeHeader(1)]
  const add = (command: StreamCommand): void => void parts.push(encodeCommand(command, 1))
  if (parent === undefined) add({ name: 'subvol', path: name, uuid, transid })
  else add({ name: 'snapshot', path: name, uuid, transid, cloneUuid: parent.uuid, cloneTransid: parent.transid })
  add({ name: 'mkfile', path: 'o257-1-0', inode: 257 })
  add({ name: 'rename', path: 'o257-1-0', to: `file-${name}` })
  for (let offset = 0; offset < size; offset += 49_152)
    add({ name: 'write', path: `file-${name}`, offset, data: pattern(Math.min(49_152, size - offset), seed + offset) })
  add({ name: 'end' })
  return Buffer.concat(parts)
}

/** In chunks of a size, from a buffer that is used again, as a pipe gives them. */
export async function* chunked(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(size)
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size)
    buffer.set(chunk)
    yield buffer.subarray(0, chunk.length)
  }
}

export function flowOf(...volumes: readonly TestVolume[]): Bytes {
  return chunked(Buffer.concat(volumes.map(streamOf)))
}

/** Bytes that are the same for the same seed, and compress to nothing else. */
function pattern(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let x = (seed * 2654435761) | 1
  for (let i = 0; i < size; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    bytes[i] = x
  }
  return bytes
}
