import { resolve } from 'node:path'
import { messageOf, type FamilyCall, type FamilyCommand, type ReadableStorage } from '@syncline/core'
import type { AppliedVolume } from '../apply/apply-stream.ts'
import { readDumps, type Dump } from '../dumps/read-dumps.ts'
import { restoreToBtrfs, type RestoreOptions, type RestoreReport } from '../dumps/restore-dumps.ts'
import { restoreToDirectory, restoreToStorage } from '../dumps/restore-files.ts'
import { planRestore } from '../dumps/restore-plan.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { openDumps, rootOf } from './content.ts'
import { decoderOf } from './decoder.ts'
import { matcherOf } from './glob.ts'
import { dumpObject, errorObject } from './list.ts'
import type { Location } from './location.ts'
import { withPlaces, type Places } from './places.ts'

/** `snapshot restore PLACE TARGET`: dumps back to subvolumes, directories or any storage. */
export const restore: FamilyCommand = {
  summary: 'Restore dumps to btrfs, to a plain directory or to any storage',
  usage: ['PLACE TARGET'],
  details: [
    'PLACE is a directory or a URL with dumps. On btrfs, here or on another host, TARGET gets subvolumes; elsewhere, and with --plain, directories with everything that can be set there. What the dumps start from is restored before them, and what is there is not restored again.',
    'TARGET can be a URL of any storage that can be written to: it gets what it can hold, and what it cannot is named.',
  ],
  examples: [
    'syncline snapshot restore s3://bucket/dumps /mnt/pool/restored',
    "syncline snapshot restore /mnt/usb/dumps ./home --only 'home.2026*' --plain",
    'syncline snapshot restore /mnt/usb/dumps root@nas:/mnt/pool --dry-run',
  ],
  options: {
    only: { value: 'GLOB', repeatable: true, text: 'Restore only volumes whose name matches, and what they start from' },
    'dry-run': { short: 'n', text: 'Show what would be restored; change nothing' },
    plain: { text: 'Make directories, although TARGET is on btrfs' },
    'replicate-dirs': { short: 'r', text: 'Make the directories that the volumes were in' },
    decode: { value: 'COMMANDS', text: 'Programs that undo what dumps went through: "gpg -d | zstd -d"' },
    sudo: { short: 's', text: 'Run btrfs by sudo' },
  },
  completes: 'place',
  run: call =>
    withPlaces(call, async places => {
      const { operands, options, usageError, signal, symbols } = call
      const [text, targetText, ...rest] = operands
      if (text === undefined || targetText === undefined || rest.length > 0)
        throw usageError('restore takes the place of the dumps, and where they are restored to', 'Usage: syncline snapshot restore PLACE TARGET')
      const target = places.parse(targetText)
      const storage = await openDumps(places.parse(text), places, { signal })
      const only = options.list('only').map(matcherOf)
      const select = (dump: Dump): boolean => only.length === 0 || only.some(isMatch => isMatch(dump.name))
      if (options.has('dry-run')) return showPlan(call, storage, select)
      const report = await restoreTo(target, storage, call, places, {
        select,
        signal,
        decode: decoderOf(call),
        onStep: (dump, index, { steps }) => call.progress(`restoring ${textOf(dump.name)} (${index + 1} of ${steps.length})`),
      })
      if (only.length > 0 && report.restored.length + report.failed.length + report.plan.present.length === 0)
        throw usageError(`no dump of ${storage.name} matches ${options.list('only').join(', ')}`)
      for (const { dump, result } of report.restored) {
        const unapplied = Array.isArray(result) ? (result as readonly AppliedVolume[]).flatMap(volume => volume.unapplied) : []
        call.json({ type: 'restored', ...dumpObject(dump), unapplied: unapplied.map(({ path, ...what }) => ({ path: textOf(path), ...what })) })
        call.print(`${symbols.done} ${textOf(dump.name)}`)
        for (const { path, reason } of unapplied) call.note(`   ! ${textOf(path)}: ${reason}`)
      }
      return conclude(call, report)
    }),
}

async function restoreTo(
  target: Location,
  storage: ReadableStorage,
  call: FamilyCall,
  places: Places,
  options: RestoreOptions,
): Promise<RestoreReport<unknown>> {
  const { signal } = call
  const replicateDirectories = call.options.has('replicate-dirs')
  if (target.kind === 'storage')
    return restoreToStorage(storage, await places.writableStorage(target), { ...options, wholeNames: replicateDirectories })
  const found = call.options.has('plain') ? undefined : await rootOf(target, places, { sudo: call.options.has('sudo'), signal })
  if (found !== undefined) return restoreToBtrfs(storage, found.root, { ...options, path: found.path, replicateDirectories })
  if (target.kind === 'ssh') throw call.usageError('--plain makes directories on this host only', 'Write sftp://[USER@]HOST/PATH for another one.')
  return restoreToDirectory(storage, resolve(target.path), { ...options, replicateDirectories })
}

async function showPlan(call: FamilyCall, storage: ReadableStorage, select: (dump: Dump) => boolean): Promise<number> {
  const { format, print, json, warn } = call
  const { dumps, problems } = await readDumps(storage, { signal: call.signal })
  const { steps, missing } = planRestore(dumps, { select })
  for (const dump of steps) json({ type: 'restore', ...dumpObject(dump) })
  for (const line of format.table(
    steps.map(({ name, bytes, parentUuid }) => [textOf(name), parentUuid === undefined ? 'full' : 'incremental', format.bytes(bytes)]),
  ))
    print(line)
  for (const { dump, volume } of missing) {
    const message = `${dump.path} starts from volume ${volume}, which nothing here leads to`
    json({ type: 'problem', path: dump.path, reason: message })
    warn(message)
  }
  for (const problem of problems) {
    json({ type: 'problem', ...problem })
    warn(problem.reason)
  }
  const exitCode = missing.length + problems.length > 0 ? 3 : 0
  json({ type: 'plan_complete', exitCode, steps: steps.length, missing: missing.length, problems: problems.length })
  print(`${format.plural(steps.length, 'dump')} to restore, unless the target has them`)
  return exitCode
}

function conclude(call: FamilyCall, { restored, failed, problems, plan }: RestoreReport<unknown>): number {
  const { format, symbols, print, json, warn } = call
  for (const { dump, error } of failed) {
    json({ type: 'failed', ...dumpObject(dump), ...errorObject(error) })
    warn(messageOf(error))
  }
  for (const problem of problems) {
    json({ type: 'problem', ...problem })
    warn(problem.reason)
  }
  const exitCode = failed.length + problems.length > 0 ? 3 : 0
  const present = plan.present.length
  json({ type: 'restore_complete', exitCode, restored: restored.length, present, failed: failed.length, problems: problems.length })
  const parts = [
    `restored ${format.plural(restored.length, 'volume')}`,
    ...(present === 0 ? [] : [`${format.count(present)} there already`]),
    ...(failed.length === 0 ? [] : [`${format.count(failed.length)} failed`]),
  ]
  print(`${exitCode === 0 ? symbols.done : symbols.failed} ${parts.join(', ')}`)
  return exitCode
}
