import { isStorageError, messageOf, type FamilyCall, type FamilyCommand } from '@syncline/core'
import type { Dump, DumpIndex } from '../dumps/read-dumps.ts'
import { textOf } from '../subvolume/raw-text.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { readContent } from './content.ts'
import { withPlaces } from './places.ts'
import { nameOfVolume } from './send-preview.ts'

/** `snapshot list PLACE...`: subvolumes, or dumps. */
export const list: FamilyCommand = {
  summary: 'List snapshots or dumps',
  usage: ['PLACE...'],
  details: [
    'PLACE is a directory on btrfs, here or on another host, and then its read-only subvolumes are listed; or a directory or URL with dumps.',
    'What can be written to is not a snapshot, and shows with --all only.',
  ],
  examples: [
    'syncline snapshot list /mnt/pool/snaps',
    'syncline snapshot list root@nas:/mnt/backup --all',
    'syncline snapshot list s3://bucket/dumps',
  ],
  options: {
    all: { short: 'a', text: 'Also what can be written to, and what is not complete' },
    verbose: { short: 'v', text: 'Show UUIDs' },
    dumps: { text: 'Look for dumps, although the directory is on btrfs' },
    sudo: { short: 's', text: 'Run btrfs by sudo' },
  },
  completes: 'place',
  run: call =>
    withPlaces(call, async places => {
      const { operands, options, usageError } = call
      if (operands.length === 0) throw usageError('which place?', 'Usage: syncline snapshot list PLACE...')
      const settings = { sudo: options.has('sudo'), dumps: options.has('dumps') }
      let [count, exitCode] = [0, 0]
      for (const text of operands) {
        const content = await readContent(text, call, places, settings)
        if (operands.length > 1) call.print(content.kind === 'dumps' ? content.storage.name : content.root.name, 'strong')
        if (content.kind === 'subvolumes') count += tellVolumes(call, content.volumes)
        else {
          count += tellDumps(call, content.index)
          if (content.index.problems.length > 0) exitCode = 3
        }
      }
      call.json({ type: 'list_complete', exitCode, count })
      return exitCode
    }),
}

function tellVolumes({ options, format, print, json }: FamilyCall, volumes: readonly Subvolume[]): number {
  const shown = volumes.filter(({ readonly, unfinished }) => options.has('all') || (readonly && unfinished !== true))
  for (const { path, ...volume } of shown) json({ type: 'subvolume', path: textOf(path ?? ''), ...volume })
  const rows = shown.map(volume => [
    volume.unfinished === true ? 'unfinished' : volume.readonly ? 'read-only' : 'writable',
    volume.receivedUuid === undefined ? '' : 'received',
    nameOfVolume(volume),
    ...(options.has('verbose') ? [volume.uuid, volume.receivedUuid ?? ''] : []),
    ...(volume.problem === undefined ? [] : [volume.problem]),
  ])
  for (const line of format.table(rows)) print(line)
  return shown.length
}

function tellDumps(call: FamilyCall, { dumps, unfinished, problems }: DumpIndex): number {
  const { options, format, print, json, warn } = call
  const names = new Map(dumps.map(({ uuid, name }) => [uuid, textOf(name)]))
  for (const dump of dumps) json({ type: 'dump', ...dumpObject(dump) })
  const rows = dumps.map(({ path, name, uuid, parentUuid, bytes, record }) => [
    record === undefined ? 'no record' : 'complete',
    parentUuid === undefined ? 'full' : `from ${names.get(parentUuid) ?? parentUuid}`,
    format.bytes(bytes),
    textOf(name),
    ...(options.has('verbose') ? [uuid, path] : []),
  ])
  for (const line of format.table(rows)) print(line)
  for (const { path, begun } of unfinished) {
    json({ type: 'unfinished', path, begun })
    if (options.has('all')) print(`unfinished since ${begun}: ${path}`)
  }
  for (const problem of problems) {
    json({ type: 'problem', ...problem })
    warn(problem.reason)
  }
  return dumps.length
}

/** A dump, for programs. */
export function dumpObject({ path, name, uuid, parentUuid, bytes, record }: Dump): object {
  return {
    path,
    name: textOf(name),
    uuid,
    parentUuid: parentUuid ?? null,
    bytes,
    complete: record !== undefined,
    created: record?.created ?? null,
    pipeline: record?.pipeline ?? null,
  }
}

/** An error, for programs. */
export function errorObject(error: unknown): { code: string; message: string } {
  return { code: isStorageError(error) ? error.code : 'UNKNOWN', message: messageOf(error) }
}
