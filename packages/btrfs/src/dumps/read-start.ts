import type { AbortOptions, Path, ReadableStorage } from '@syncline/core'
import type { RawText } from '../stream/command.ts'
import { StreamParser } from '../stream/parser.ts'
import { identityOf } from './cut-volumes.ts'
import type { DumpIdentity } from './dump-name.ts'

/** What the start of a dump tells. */
export interface DumpStart {
  readonly identity: DumpIdentity
  readonly name: RawText
  readonly version: 1 | 2
}

/** More than the header and the first command of a stream can have: a name has at most 255 bytes, the rest 100. */
const startBytes = 1024

/** Reads which volume a file holds from its first command, without reading more. @returns a sentence for a file that is no dump */
export async function readStart(storage: ReadableStorage, path: Path, { signal }: AbortOptions): Promise<DumpStart | string> {
  const parser = new StreamParser()
  let left = startBytes
  try {
    for await (const chunk of storage.read(path, { length: startBytes, signal })) {
      for (const item of parser.push(chunk.subarray(0, left))) {
        if (item.kind === 'header') continue
        const { command, version } = item
        if (command.name !== 'subvol' && command.name !== 'snapshot') return 'its first command is not a volume'
        return { identity: identityOf(command), name: command.path, version }
      }
      left -= chunk.length
      if (left <= 0) break
    }
    return 'it ends before a volume begins'
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'CORRUPT') return error.message
    throw error
  }
}
