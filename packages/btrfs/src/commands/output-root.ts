import { StorageError, type AbortOptions, type Bytes } from '@syncline/core'
import type { BtrfsRoot, ReceiveMeta, ReceiveOptions, SendFlow } from '../roots/root.ts'
import type { RawPath } from '../stream/command.ts'
import type { Subvolume, SubvolumeDetails } from '../subvolume/subvolume.ts'
import { throughPipeline, type PipelineCommand } from './pipeline.ts'

/** Standard output, behind a pipeline, as a root to send to: one stream after the other. What it has is what another root has. */
export class OutputRoot implements BtrfsRoot {
  readonly name = 'standard output'
  readonly #destination: BtrfsRoot
  readonly #commands: readonly PipelineCommand[]
  readonly #write: (content: Uint8Array) => Promise<void>

  constructor(destination: BtrfsRoot, commands: readonly PipelineCommand[], write: (content: Uint8Array) => Promise<void>) {
    this.#destination = destination
    this.#commands = commands
    this.#write = write
  }

  list(options?: AbortOptions): Promise<readonly Subvolume[]> {
    return this.#destination.list(options)
  }

  show(path?: RawPath, options?: AbortOptions): Promise<SubvolumeDetails | undefined> {
    return this.#destination.show(path, options)
  }

  send(): SendFlow {
    throw new StorageError('NOT_SUPPORTED', 'nothing can be sent from standard output')
  }

  async receive(flow: Bytes, _path: RawPath, _meta: ReceiveMeta, { signal }: ReceiveOptions = {}): Promise<void> {
    for await (const chunk of throughPipeline(flow, this.#commands, { signal })) await this.#write(chunk)
  }
}
