import { realpath } from 'node:fs/promises'
import { relative } from 'node:path'
import { isStorageError, StorageError, type FamilyCall, type FamilyCommand } from '@syncline/core'
import { nameBelow, placeName } from '../roots/place-name.ts'
import type { BtrfsRoot } from '../roots/root.ts'
import { createSnapshot } from '../snapshots/create-snapshot.ts'
import type { SnapshotMode } from '../snapshots/needs-snapshot.ts'
import type { RawPath } from '../stream/command.ts'
import { rawOf, textOf } from '../subvolume/raw-text.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { exists } from './choose-source.ts'
import { readContent } from './content.ts'
import type { Location } from './location.ts'
import { withPlaces, type Places } from './places.ts'

/** `snapshot create SUBVOLUME DIRECTORY`: a read-only snapshot, named by its time. */
export const create: FamilyCommand = {
  summary: 'Make a read-only snapshot, named by its time',
  usage: ['SUBVOLUME DIRECTORY'],
  details: [
    'The snapshot is called NAME.20261121T1030+0000, in UTC. Both places are on the same file system, here or on another host.',
    '--when on-change makes none if nothing has changed since the last one, on-demand also none if no --destination can be reached.',
  ],
  examples: [
    'syncline snapshot create /mnt/pool/home /mnt/pool/snaps',
    'syncline snapshot create /mnt/pool/home /mnt/pool/snaps --when on-change',
    'syncline snapshot create root@server:/pool/db root@server:/pool/snaps --name database',
  ],
  options: {
    name: { value: 'NAME', default: 'the name of the subvolume', text: 'What stands before the time' },
    when: { value: 'WHEN', choices: ['always', 'on-change', 'on-demand'], default: 'always', text: 'When one is made' },
    destination: { value: 'PLACE', repeatable: true, text: 'Where snapshots are sent to, for --when on-demand' },
    'dry-run': { short: 'n', text: 'Say what would be made; change nothing' },
    sudo: { short: 's', text: 'Run btrfs by sudo' },
  },
  completes: 'place',
  run: call =>
    withPlaces(call, async places => {
      const { operands, options, usageError, signal, symbols, now } = call
      const [text, directoryText, ...rest] = operands
      if (text === undefined || directoryText === undefined || rest.length > 0)
        throw usageError(
          'create takes a subvolume, and the directory that the snapshot goes to',
          'Usage: syncline snapshot create SUBVOLUME DIRECTORY',
        )
      const mode = (options.text('when') ?? 'always') as SnapshotMode
      if (mode === 'on-demand' && !options.has('destination')) throw usageError('--when on-demand needs a --destination')
      const dryRun = options.has('dry-run')
      const { root, source, directory, name } = await locate(places.parse(text), places.parse(directoryText), call, places)
      const series = options.text('name') ?? name
      const destinations = await destinationVolumes(call, places)
      const { made, reason, path } = await createSnapshot(root, source, { directory, series: rawOf(series), mode, destinations, dryRun, now, signal })
      // What is there already is the last one, and shows the subvolume as it is.
      const wouldMake = dryRun && path !== undefined && !(await exists(root, path, { signal }))
      const place = path === undefined ? null : `${root.name.replace(/\/$/, '')}/${textOf(path)}`
      call.json({ type: 'create_complete', exitCode: 0, made, wouldMake: made || wouldMake, reason, path: place })
      call.print(made ? `${symbols.done} ${place}` : wouldMake ? `would make ${place}: ${reason}` : `nothing made: ${reason}`)
      return 0
    }),
}

/** A subvolume and a directory, as one root sees both. */
interface Located {
  readonly root: BtrfsRoot
  readonly source: RawPath
  readonly directory: RawPath
  /** What the snapshots are called by default. */
  readonly name: string
}

async function locate(subvolume: Location, target: Location, call: FamilyCall, places: Places): Promise<Located> {
  const { signal, usageError, options } = call
  if (subvolume.kind === 'storage' || target.kind === 'storage') throw usageError('snapshots are made on btrfs, not at a URL of a storage')
  if (subvolume.kind !== target.kind || (subvolume.kind === 'ssh' && target.kind === 'ssh' && subvolume.host !== target.host))
    throw usageError('a snapshot is on the same file system as its subvolume, and these are on two hosts')
  const reach = { sudo: options.has('sudo') }
  const own = await places.roots(subvolume, reach).getRoot(subvolume.path, { signal })
  const details = own.path === '' ? await own.root.show('', { signal }) : undefined
  if (details === undefined)
    throw new StorageError('NOT_SUPPORTED', `${placeName(nameBelow(own.root.name, own.path), subvolume.path)} is no subvolume`)
  const { root, path: directory } = await places.roots(target, reach).getRoot(target.path, { signal })
  if (!(await exists(root, directory, { signal })))
    throw new StorageError('NOT_FOUND', `${placeName(nameBelow(root.name, directory), target.path)} is not there; make it first`)
  const name = options.has('name') ? '' : nameFrom(own.root.name)
  if ((await root.show('', { signal }))?.uuid === details.uuid) return { root, source: '', directory, name }
  const listed = (await root.list({ signal })).find(({ uuid }) => uuid === details.uuid)
  if (listed?.path !== undefined) return { root, source: listed.path, directory, name }
  // Another subvolume of the file system is mounted below this one: a path leads there, although no listing tells of it.
  if (subvolume.kind === 'local') {
    const below = relative(await realpath(subvolume.path), await realpath(target.path))
    if (below !== '' && !below.startsWith('..')) return { root: own.root, source: '', directory: rawOf(below), name }
  }
  throw new StorageError(
    'NOT_SUPPORTED',
    `${target.path} does not lie where ${subvolume.path} can be reached from; choose a directory beside it or in it`,
  )
}

function nameFrom(rootName: string): string {
  return rootName.slice(rootName.lastIndexOf('/') + 1) || 'root'
}

/** What each destination has; undefined for one that cannot be reached. */
async function destinationVolumes(call: FamilyCall, places: Places): Promise<readonly (readonly Subvolume[] | undefined)[]> {
  const found: (readonly Subvolume[] | undefined)[] = []
  for (const text of call.options.list('destination')) {
    try {
      const content = await readContent(text, call, places, { sudo: call.options.has('sudo'), dumps: false })
      found.push(content.kind === 'subvolumes' ? content.volumes : [])
    } catch (error) {
      call.signal.throwIfAborted()
      if (!isStorageError(error)) throw error
      call.note(`${text} cannot be reached: ${error.message}`)
      found.push(undefined)
    }
  }
  return found
}
