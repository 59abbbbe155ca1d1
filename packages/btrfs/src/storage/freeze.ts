import { lstatSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { AbortOptions, Path } from '@syncline/core'
import type { Commands } from '../roots/btrfs-commands.ts'
import type { RawPath } from '../stream/command.ts'
import { sentChanges, writtenFiles, type SnapshotPair } from './changed-paths.ts'
import type { Place } from './place.ts'

/** Snapshots tried for one in which every file is whole. */
const mostTries = 5

/** Longer than the clock of file times takes for a step: what is written after this has another time. */
const clockStepMs = 20

/** A snapshot, and what is wrong with it. */
export interface Frozen {
  /** Absolute. */
  readonly snapshot: string
  /** Numbers of the inodes whose content is older than their change time says. */
  readonly torn: ReadonlySet<string>
}

/**
 * Makes a snapshot in which files are what their times say.
 *
 * A snapshot holds what programs had written when it began, but the times of files as they were when it ended. What is written in between, some milliseconds, has
 * the new time with the old content, and would pass for the new content for ever. So a second snapshot is made after the first: if a file was written to between the two
 * and has the same time in both, the first one has it torn, and the second is tried in its place. Where files are written to without a pause, the torn
 * ones are told.
 *
 * @param directory - below which files matter, relative to the subvolume
 */
export async function freeze(place: Place, commands: Commands, directory: Path, options: AbortOptions = {}): Promise<Frozen> {
  let earlier = await place.make(options)
  let later: string | undefined
  try {
    for (let tries = 1; ; tries++) {
      await setTimeout(clockStepMs, undefined, { signal: options.signal }).catch(() => options.signal?.throwIfAborted())
      later = await place.make(options)
      const torn = tornFiles({ earlier, later }, writtenFiles(directory, await sentChanges(commands, { earlier, later }, options)))
      if (torn.size === 0 || tries === mostTries) {
        await place.remove(later)
        return { snapshot: earlier, torn }
      }
      await place.remove(earlier)
      ;[earlier, later] = [later, undefined]
    }
  } catch (error) {
    for (const snapshot of [earlier, later]) if (snapshot !== undefined) await place.remove(snapshot)
    throw error
  }
}

function tornFiles({ earlier, later }: SnapshotPair, written: ReturnType<typeof writtenFiles>): ReadonlySet<string> {
  const torn = new Set<string>()
  for (const { path, before } of written) {
    const [old, now] = [inodeOf(earlier, before), inodeOf(later, path)]
    if (old !== undefined && old.number === now?.number && old.changed === now.changed) torn.add(old.number)
  }
  return torn
}

function inodeOf(root: string, path: RawPath): { readonly number: string; readonly changed: bigint } | undefined {
  const file = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')])
  const stats = lstatSync(file, { bigint: true, throwIfNoEntry: false })
  return stats?.isFile() === true ? { number: `${stats.ino}`, changed: stats.ctimeNs } : undefined
}
