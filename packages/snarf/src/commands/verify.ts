import { ExitCode, type FamilyCall, type FamilyCommand } from '@syncline/core'
import { readSnarf } from '../format/index.ts'
import { lookAt, operandsOf, readAll, readingOf, readingOptions, summaryOf, withArchive, type Totals } from './archive-file.ts'

/** `syncline snarf verify`. */
export const verify: FamilyCommand = {
  summary: 'Read an archive from end to end and say whether it is whole',
  usage: ['ARCHIVE'],
  details: [
    'Every header and every byte is read. Refused are paths that leave the root, sizes that are none, bodies that end early, files that come twice, and files in the place of directories.',
    'The format has no checksums, and nothing marks its end: an archive that was cut off right behind a file cannot be told from a whole one. Compare it with its source by: syncline check SOURCE snarf:ARCHIVE --compare hash-only',
  ],
  examples: ['syncline snarf verify site.snarf'],
  options: readingOptions,
  completes: 'file',
  run,
}

async function run(call: FamilyCall): Promise<number> {
  const [location = ''] = operandsOf(call, 1, 1, 'verify takes one archive')
  return withArchive(call, location, async archive => {
    const version = await lookAt(archive, call.signal)
    const totals: Totals = { files: 0, directories: 0, bytes: 0 }
    for await (const { kind, path, content } of readSnarf(readAll(archive, version, call.signal), readingOf(call))) {
      for await (const chunk of content) totals.bytes += chunk.length
      if (kind === 'file') totals.files++
      else if (path !== '') totals.directories++
      if ((totals.files + totals.directories) % 1024 === 0) call.progress(summaryOf(call, totals))
    }
    call.print(`${call.symbols.done} ${location} is whole: ${summaryOf(call, totals)}`, 'good')
    call.json({ type: 'verified', archive: location, ...totals })
    return ExitCode.OK
  })
}
