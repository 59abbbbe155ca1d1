import type { FamilyCall } from '@syncline/core'
import type { DumpDecoder } from '../dumps/dump-content.ts'
import { throughPipeline } from './pipeline.ts'
import { readPipeline } from './send-options.ts'

/** What `--decode` says; a dump that went through nothing is left as it is. */
export function decoderOf({ options, usageError }: FamilyCall): DumpDecoder | undefined {
  const pipeline = readPipeline(options.text('decode'), usageError)
  return pipeline && ((content, _dump, reading) => throughPipeline(content, pipeline.commands, reading))
}
