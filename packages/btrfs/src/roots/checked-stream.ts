import type { Bytes } from '@syncline/core'
import type { RawText, SnapshotCommand, SubvolCommand } from '../stream/command.ts'
import { StreamParser } from '../stream/parser.ts'
import { StreamValidator, type ValidateOptions } from '../stream/validate.ts'
import { encodeCommand } from '../stream/writer.ts'

/** What begins a volume in a stream. */
export type VolumeCommand = SubvolCommand | SnapshotCommand

/**
 * The same streams, every command checked before any of its bytes is given out, and every volume under the name that it is given. One pass.
 *
 * @param rename - gives a volume another name, or refuses it by throwing
 * @throws StorageError `CORRUPT` when a stream is damaged, cut off, or does what it must not
 */
export async function* checkedStream(
  streams: Bytes,
  rules: ValidateOptions,
  rename: (command: VolumeCommand) => Promise<RawText>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const parser = new StreamParser()
  const validator = new StreamValidator(rules)
  for await (const chunk of streams) {
    let good: Uint8Array | undefined
    for (const item of parser.push(chunk)) {
      validator.check(item)
      let { bytes } = item
      if (item.kind === 'command' && (item.command.name === 'subvol' || item.command.name === 'snapshot'))
        bytes = encodeCommand({ ...item.command, path: await rename(item.command) }, item.version)
      // What lies side by side leaves in one piece.
      if (good !== undefined && good.buffer === bytes.buffer && good.byteOffset + good.length === bytes.byteOffset)
        good = new Uint8Array(good.buffer, good.byteOffset, good.length + bytes.length)
      else {
        if (good !== undefined) yield good
        good = bytes
      }
    }
    if (good !== undefined) yield good
  }
  parser.finish()
}
