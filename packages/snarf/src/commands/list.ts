import { ExitCode, type FamilyCall, type FamilyCommand } from '@syncline/core'
import { indexSnarf } from '../format/index.ts'
import { lookAt, operandsOf, readFrom, readingOf, readingOptions, withArchive } from './archive-file.ts'

/** `syncline snarf list`. */
export const list: FamilyCommand = {
  summary: 'Show what an archive holds',
  usage: ['ARCHIVE'],
  details: ['One line for each member, in the order of the archive; directories end in "/". Large files are jumped over, not read.'],
  examples: ['syncline snarf list site.snarf', 'syncline snarf list --long s3://bucket/site.snarf'],
  options: { long: { short: 'l', text: 'Show sizes too' }, ...readingOptions },
  completes: 'file',
  run,
}

async function run(call: FamilyCall): Promise<number> {
  const [location = ''] = operandsOf(call, 1, 1, 'list takes one archive')
  await withArchive(call, location, async archive => {
    const version = await lookAt(archive, call.signal)
    const open = (offset: number): AsyncIterable<Uint8Array> => readFrom(archive, version, call.signal, offset)
    for await (const { kind, path, size, offset } of indexSnarf(open, version.size, readingOf(call))) {
      const shown = kind === 'directory' ? `${path === '' ? '.' : path}/` : path
      call.print(call.options.has('long') ? `${(kind === 'directory' ? '-' : String(size)).padStart(14)}  ${shown}` : shown)
      call.json({ path, kind, size, offset })
    }
  })
  return ExitCode.OK
}
