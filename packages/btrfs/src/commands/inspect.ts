import type { FamilyCall, FamilyCommand } from '@syncline/core'
import { inspectStream, type PathChange, type VolumeSummary } from '../stream/inspect.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { openFile } from './open-file.ts'
import { throughPipeline } from './pipeline.ts'
import { withPlaces } from './places.ts'
import { readPipeline } from './send-options.ts'

/** `snapshot inspect FILE...`: what send streams change, by path. */
export const inspect: FamilyCommand = {
  summary: 'What a dump holds: its volumes, and what changes by path',
  usage: ['FILE...'],
  details: ['FILE is a send stream: a path, or the URL of a file. The whole of it is read and checked; nothing is applied anywhere.'],
  examples: ['syncline snapshot inspect home.btrfs', 'syncline snapshot inspect s3://bucket/dumps/home.1.btrfs --json'],
  options: {
    decode: { value: 'COMMANDS', text: 'Programs that undo what the dump went through: "gpg -d | zstd -d"' },
    summary: { short: 's', text: 'Leave out the paths' },
  },
  completes: 'file',
  run: call =>
    withPlaces(call, async places => {
      const { operands, options, usageError, signal } = call
      if (operands.length === 0) throw usageError('which file?', 'Usage: syncline snapshot inspect FILE...')
      const decode = readPipeline(options.text('decode'), usageError)
      let count = 0
      for (const text of operands) {
        const content = await openFile(text, call, places)
        const volumes = await inspectStream(decode === undefined ? content : throughPipeline(content, decode.commands, { signal }))
        for (const volume of volumes) tell(call, text, volume)
        count += volumes.length
      }
      call.json({ type: 'inspect_complete', exitCode: 0, volumes: count })
      return 0
    }),
}

function tell({ print, json, format, options, symbols }: FamilyCall, file: string, volume: VolumeSummary): void {
  const { changes, ...facts } = volume
  const name = textOf(volume.name)
  json({ type: 'volume', file, ...facts, name, parent: volume.parent ?? null })
  print(name, 'strong')
  const origin = volume.parent === undefined ? 'sent whole' : `what changed since ${volume.parent.uuid}`
  print(`   ${volume.uuid}, ${origin}, version ${volume.version}${volume.withoutData ? ', without data' : ''}`, 'faint')
  if (!options.has('summary')) {
    for (const { path, from, ...change } of changes)
      json({ type: 'change', volume: name, ...change, path: textOf(path), from: from === undefined ? null : textOf(from) })
    for (const line of format.table(changes.map(change => row(change, format.bytes, symbols.becomes)))) print(`   ${line}`)
  }
  const counts = (['created', 'modified', 'renamed', 'attributes', 'deleted'] as const)
    .map(what => [changes.filter(({ change }) => change === what).length, what] as const)
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${format.count(count)} ${what}`)
  print(`   ${[counts.length === 0 ? 'nothing changed' : counts.join(', '), `${format.bytes(volume.dataBytes)} of content`].join('; ')}`)
}

function row({ path, change, from, kind, bytes }: PathChange, formatBytes: (bytes: number) => string, becomes: string): readonly string[] {
  const place = from === undefined ? textOf(path) : `${textOf(from)} ${becomes} ${textOf(path)}`
  return [change, kind ?? '', bytes === 0 ? '' : formatBytes(bytes), place]
}
