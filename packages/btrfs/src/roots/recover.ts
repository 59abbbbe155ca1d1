import { messageOf, type AbortOptions } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import { bootOf, isWholeName, parsePartName } from '../subvolume/part-name.ts'
import { rawOf, textOf } from '../subvolume/raw-text.ts'
import { directoryOf, nameOf, type Subvolume } from '../subvolume/subvolume.ts'
import { BtrfsError, failureOf } from './btrfs-error.ts'
import { runPrivileged, type Commands } from './btrfs-commands.ts'
import { lineOn, outcomeOf } from './host.ts'
import { giveName } from './receive-into.ts'
import type { Recovery } from './root.ts'

/** Where to look. */
interface RecoverOptions extends AbortOptions {
  readonly commands: Commands
  /** Absolute. */
  readonly rootPath: RawPath
  readonly bootId: string
}

/** Says that somebody is receiving into the directory. */
const busy = 75

/** Deletes a subvolume ($1) if it is still one that was received in part; the rest is what goes in front of btrfs: sudo. */
const script = `p=$1; shift
"$@" btrfs subvolume show -- "$p" | grep -Eq '^[[:space:]]+Received UUID:[[:space:]]+-$' || exit 0
exec "$@" btrfs subvolume delete -- "$p"`

/**
 * Deals with what transfers left that were broken off: deletes what was received in part, and finishes what only lacked its name.
 *
 * Only what has a name that this package gave is looked at. What somebody is receiving right now is left alone.
 *
 * @param volumes - all that the root lists
 */
export async function recover(volumes: readonly Subvolume[], options: RecoverOptions): Promise<Recovery> {
  const removed: RawPath[] = []
  const finished: RawPath[] = []
  const left: string[] = []
  for (const volume of volumes) {
    const { path } = volume
    const part = path === undefined ? undefined : parsePartName(nameOf(path))
    if (path === undefined || part === undefined) continue
    try {
      if (!volume.readonly && volume.receivedUuid === undefined) {
        if (await removeHalf(path, options)) removed.push(path)
      } else if (volume.readonly && volume.receivedUuid !== undefined) {
        const reason = whyNotFinish(part.boot, part.name, options)
        if (reason !== undefined) {
          left.push(`${absolute(path, options)} ${reason}`)
          continue
        }
        await finish(path, part.name, volume.receivedUuid, options)
        finished.push(path.slice(0, path.length - nameOf(path).length) + part.name)
      }
    } catch (error) {
      options.signal?.throwIfAborted()
      left.push(messageOf(error))
    }
  }
  return { removed, finished, left }
}

async function removeHalf(path: RawPath, options: RecoverOptions): Promise<boolean> {
  const { commands, signal } = options
  const { host, privileged } = commands
  const directory = below(directoryOf(path), options)
  const command = ['flock', '-n', '-x', '-E', String(busy), directory, 'sh', '-c', rawOf(script), 'sh', below(path, options), ...privileged([])]
  const outcome = await outcomeOf(host, command, { signal })
  if (outcome.code === busy) return false
  const failure = failureOf(lineOn(host, command), outcome)
  if (failure !== undefined) throw new BtrfsError(`deleting ${absolute(path, options)}, which was received in part only,`, [failure])
  return true
}

function whyNotFinish(boot: string, name: string, { bootId }: RecoverOptions): string | undefined {
  if (!isWholeName(name)) return 'was received completely, and the name that it was to get is too long to be in that: rename it, or delete it'
  if (boot !== bootOf(bootId))
    return 'was received completely, but the system went down before it was known to be on disk: delete it with "btrfs subvolume delete", and it is sent again'
  return undefined
}

async function finish(path: RawPath, name: string, uuid: string, options: RecoverOptions): Promise<void> {
  const directory = below(directoryOf(path), options)
  await runPrivileged(options.commands, 'writing it to disk', ['btrfs', 'filesystem', 'sync', directory], { signal: options.signal })
  await giveName(options.commands, directory, nameOf(path), name, uuid)
}

function below(path: RawPath, { rootPath }: RecoverOptions): RawPath {
  if (path === '') return rootPath
  return rootPath === '/' ? `/${path}` : `${rootPath}/${path}`
}

function absolute(path: RawPath, options: RecoverOptions): string {
  return `${options.commands.host.label}${textOf(below(path, options))}`
}
