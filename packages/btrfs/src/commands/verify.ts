import type { FamilyCommand } from '@syncline/core'
import { verifyDumps } from '../dumps/verify-dumps.ts'
import { openDumps } from './content.ts'
import { decoderOf } from './decoder.ts'
import { dumpObject } from './list.ts'
import { withPlaces } from './places.ts'

/** `snapshot verify PLACE`: reads dumps to the last byte. */
export const verify: FamilyCommand = {
  summary: 'Read dumps to the last byte and tell what is wrong',
  usage: ['PLACE'],
  details: [
    'PLACE is a directory or a URL with dumps. Every dump is compared with what was written, every command of its stream with its checksum, and it is looked whether what it starts from is there. The exit code is 3 if something is wrong.',
  ],
  examples: ['syncline snapshot verify /mnt/usb/dumps', 'syncline snapshot verify s3://bucket/dumps --decode "zstd -d"'],
  options: {
    decode: { value: 'COMMANDS', text: 'Programs that undo what dumps went through; without, these are compared with what was written only' },
    verbose: { short: 'v', text: 'Also name what is sound' },
  },
  completes: 'place',
  run: call =>
    withPlaces(call, async places => {
      const { operands, options, usageError, signal, format, symbols, print, warn, json } = call
      const [text, ...rest] = operands
      if (text === undefined || rest.length > 0)
        throw usageError(text === undefined ? 'which place?' : 'verify takes one place', 'Usage: syncline snapshot verify PLACE')
      const storage = await openDumps(places.parse(text), places, { signal })
      const report = await verifyDumps(storage, {
        signal,
        decode: decoderOf(call),
        onProgress: bytes => call.progress(`reading ${storage.name}  ${format.bytes(bytes)}`),
      })
      for (const { dump, problems } of report.checks) {
        json({ type: 'check', ...dumpObject(dump), problems })
        for (const problem of problems) warn(`${dump.path}: ${problem}`)
        if (problems.length === 0 && options.has('verbose')) print(`${symbols.done} ${dump.path}`)
      }
      for (const problem of report.problems) {
        json({ type: 'problem', ...problem })
        warn(problem.reason)
      }
      for (const { path, begun } of report.unfinished) json({ type: 'unfinished', path, begun })
      const wrong = report.checks.filter(({ problems }) => problems.length > 0).length
      const bytes = report.checks.reduce((sum, { dump }) => sum + dump.bytes, 0)
      const exitCode = report.isSound ? 0 : 3
      json({ type: 'verify_complete', exitCode, dumps: report.checks.length, bytes, wrong, problems: report.problems.length })
      const read = `${format.plural(report.checks.length, 'dump')}, ${format.bytes(bytes)}`
      print(
        report.isSound ? `${symbols.done} ${read}: all sound` : `${symbols.failed} ${read}: ${format.count(wrong + report.problems.length)} wrong`,
      )
      return exitCode
    }),
}
