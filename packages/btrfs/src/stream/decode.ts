import { inflateSync } from 'node:zlib'
import { decompress as decodeZstd } from 'fzstd'
import type { EncodedWriteCommand } from './command.ts'
import { decodeLzoExtent } from './lzo.ts'

/**
 * The bytes that a compressed range stands for: those to be written at its `offset`.
 *
 * What decodes to less than it claims is filled with zeros, as the kernel does.
 *
 * @throws RangeError for what cannot be decoded
 */
export function decodeRange(command: EncodedWriteCommand): Uint8Array {
  const { unencodedLength, unencodedOffset, unencodedFileLength } = command
  const whole = decode(command, unencodedLength)
  if (whole.length > unencodedLength) throw new RangeError(`a compressed range decodes to ${whole.length} bytes instead of ${unencodedLength}`)
  const range = new Uint8Array(unencodedFileLength)
  range.set(whole.subarray(unencodedOffset, unencodedOffset + unencodedFileLength))
  return range
}

function decode({ compression = 0, data }: EncodedWriteCommand, size: number): Uint8Array {
  switch (compression) {
    case 0:
      return data.subarray(0, size)
    case 1:
      // What follows the end of the compressed data is padding.
      return inflateSync(data, { maxOutputLength: size })
    case 2:
      return decodeZstdFrame(data, size)
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return decodeLzoExtent(data, 4096 << (compression - 3), size)
    default:
      throw new RangeError(`compression ${compression} is not known`)
  }
}

/** The padding after a frame is no frame, so it is cut off first. */
function decodeZstdFrame(data: Uint8Array, size: number): Uint8Array {
  const end = zstdFrameLength(data)
  const output = new Uint8Array(size)
  return decodeZstd(data.subarray(0, end), output)
}

/** Bytes of the first frame, by its blocks. @see RFC 8878, section 3.1.1 */
export function zstdFrameLength(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  if (data.length < 6 || view.getUint32(0, true) !== 0xfd2fb528) throw new RangeError('it is no frame of zstd')
  const descriptor = view.getUint8(4)
  const isSingle = (descriptor & 0x20) !== 0
  const sizeField = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] as number
  const dictionaryField = [0, 1, 2, 4][descriptor & 3] as number
  let at = 5 + (isSingle ? 0 : 1) + dictionaryField + sizeField
  for (;;) {
    if (at + 3 > data.length) throw new RangeError('a frame of zstd is cut off')
    const header = view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16)
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3)
    if ((header & 1) === 1) break
  }
  if ((descriptor & 4) !== 0) at += 4
  if (at > data.length) throw new RangeError('a frame of zstd is cut off')
  return at
}
