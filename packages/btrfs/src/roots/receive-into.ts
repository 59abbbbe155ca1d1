import { Socket } from 'node:net'
import { StorageError, type Bytes } from '@syncline/core'
import type { RawPath, RawText } from '../stream/command.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { streamUuid, type SubvolumeDetails } from '../subvolume/subvolume.ts'
import { BtrfsError, failureOf, type CommandFailure } from './btrfs-error.ts'
import { runPrivileged, showSubvolume, type Commands } from './btrfs-commands.ts'
import { checkedStream, type VolumeCommand } from './checked-stream.ts'
import { lineOn, outcomeOf } from './host.ts'
import { openPipe, withPipe } from './pipe.ts'
import { pump } from './pump.ts'
import { makePartName } from '../subvolume/part-name.ts'
import type { ReceiveMeta, ReceiveOptions } from './root.ts'

/** Where and what to receive. */
export interface ReceiveIntoOptions extends ReceiveOptions {
  readonly commands: Commands
  /** Absolute. */
  readonly directory: RawPath
  /** Of the run of the system there. */
  readonly bootId: string
  readonly meta: ReceiveMeta
}

/** A volume on its way. */
interface Part {
  /** In the directory, while it is received. */
  readonly name: RawText
  readonly finalName: RawText
  readonly command: VolumeCommand
}

/**
 * Receives streams into a directory, each volume under a name that says that it is not complete. What arrived completely is verified, made durable and
 * gets its name; what did not is deleted.
 *
 * @see {@link BtrfsRoot.receive}
 */
export async function receiveInto(flow: Bytes, options: ReceiveIntoOptions): Promise<void> {
  const { commands, directory, create, lent, signal } = options
  const { host, privileged } = commands
  const place = `${host.label}${textOf(directory)}`
  if (create === true) await runPrivileged(commands, `making ${place}`, ['mkdir', '-p', '--', directory], { signal })
  const parts: Part[] = []
  const stream = checkedStream(flow, { cloneSources: cloneSourcesOf(options.meta) }, command => begin(options, parts, command))
  // Shared by all who receive into the directory. Who deletes leftovers wants it alone.
  const command: readonly RawText[] = ['flock', '-s', '-F', directory, ...privileged(['btrfs', 'receive', '--', directory])]
  signal?.throwIfAborted()
  const pipe = await openPipe('writing')
  const running = await withPipe(pipe, input => host.start(command, { input: input ?? true }))
  running.stdout.resume()
  const stdin = pipe === undefined ? running.stdin : new Socket({ fd: pipe.ours, readable: false })
  // A reader that is gone shows in how the process ended.
  stdin.on('error', () => undefined)
  const cause = await pump(stream, { stdin, ended: running.ended }, { lent, signal })
  const failure = failureOf(lineOn(host, command), await running.ended)
  const problem = (await settle(options, parts, failure)) ?? (parts.length === 0 ? 'nothing was received' : undefined)
  if (cause === undefined && problem === undefined) return
  if (signal?.aborted === true) throw signal.reason
  // Then the receiver got nothing, and what it says is only that.
  if (parts.length === 0 && cause?.error instanceof StorageError && !(cause.error instanceof BtrfsError)) throw cause.error
  throw explain(`receiving ${parts.map(({ finalName }) => textOf(finalName)).join(', ')} into ${place}`, cause?.error, failure, problem)
}

/** A volume begins. @returns its name for now */
async function begin(options: ReceiveIntoOptions, parts: Part[], command: VolumeCommand): Promise<RawText> {
  const expected = options.meta.volumes[parts.length]
  const finalName = command.path
  if (expected !== undefined && streamUuid(expected) !== command.uuid)
    throw new StorageError('CORRUPT', `the stream holds the volume ${command.uuid}, and ${streamUuid(expected)} was expected`)
  if (parts.some(part => part.finalName === finalName))
    throw new StorageError('ALREADY_EXISTS', `the streams hold more than one volume "${textOf(finalName)}"`)
  await refuseTaken(options, command)
  const part: Part = { name: makePartName(options.bootId, finalName), finalName, command }
  parts.push(part)
  return part.name
}

async function refuseTaken({ commands, directory, signal }: ReceiveIntoOptions, { path: name, uuid }: VolumeCommand): Promise<void> {
  const found = await showSubvolume(commands, join(directory, name), name, { signal })
  if (found === undefined) return
  const path = `${commands.host.label}${textOf(join(directory, name))}`
  const what = found === 'other' ? 'is no subvolume' : whatIs(found, uuid)
  throw new StorageError('ALREADY_EXISTS', `${path} is there and ${what}; move it away, or receive into another directory`)
}

function whatIs({ readonly, receivedUuid }: SubvolumeDetails, uuid: string): string {
  if (!readonly) return 'is a subvolume that can be written to'
  return receivedUuid === uuid ? 'is a copy of the same subvolume' : 'is another subvolume'
}

/** Publishes what is complete and deletes what is not. @returns what is wrong, in words for people */
async function settle(options: ReceiveIntoOptions, parts: readonly Part[], failure: CommandFailure | undefined): Promise<string | undefined> {
  const { commands, directory } = options
  const problems: string[] = []
  // Without the signal: also after an abort nothing half-received stays.
  for (const part of parts) {
    try {
      const found = await showSubvolume(commands, join(directory, part.name), part.name)
      const problem = problemOf(found, part)
      if (problem === undefined) await publish(options, part)
      else {
        problems.push(`${textOf(part.finalName)}: ${problem}`)
        if (isHalf(found)) await deleteHalf(options, part, failure)
      }
    } catch (error) {
      problems.push(`${textOf(part.finalName)}: ${(error as Error).message}`)
    }
  }
  return problems.length === 0 ? undefined : problems.join('\n')
}

async function deleteHalf({ commands, directory }: ReceiveIntoOptions, { name }: Part, failure: CommandFailure | undefined): Promise<void> {
  await runPrivileged(commands, 'deleting it', ['btrfs', 'subvolume', 'delete', '--', join(directory, name)])
  // Its room comes back later, and what is received next would find none.
  if (failure?.stderr.includes('No space left') !== true) return
  await runPrivileged(commands, 'waiting for its room', ['btrfs', 'filesystem', 'sync', directory])
  await runPrivileged(commands, 'waiting for its room', ['btrfs', 'subvolume', 'sync', directory])
}

/** Whether a subvolume is what an interrupted `btrfs receive` leaves. */
function isHalf(found: SubvolumeDetails | 'other' | undefined): boolean {
  return typeof found === 'object' && !found.readonly && found.receivedUuid === undefined
}

/** Exit codes are hints only: what counts is what is there. */
function problemOf(found: SubvolumeDetails | 'other' | undefined, { command }: Part): string | undefined {
  if (found === undefined || found === 'other') return 'it was not received'
  if (isHalf(found)) return 'it was received in part only, and is deleted'
  if (!found.readonly) return 'it can be written to'
  if (found.receivedUuid !== command.uuid) return `its received UUID is ${found.receivedUuid ?? 'not set'}, not ${command.uuid}`
  if (command.name === 'snapshot' && found.parentUuid === undefined) return 'it was sent as changes and has no parent'
  return undefined
}

async function publish({ commands, directory }: ReceiveIntoOptions, part: Part): Promise<void> {
  // `btrfs receive` commits what a volume consists of, not what its files hold.
  await runPrivileged(commands, 'writing it to disk', ['btrfs', 'filesystem', 'sync', directory])
  await giveName(commands, directory, part.name, part.finalName, part.command.uuid)
}

/** Renames a complete volume in its directory, replacing nothing. @throws StorageError `ALREADY_EXISTS` if the name is taken meanwhile */
export async function giveName(commands: Commands, directory: RawPath, from: RawText, to: RawText, uuid: string): Promise<void> {
  const [before, after] = [join(directory, from), join(directory, to)]
  // Another run may have been faster, and then this one fails: what counts is what is there.
  const { stderr } = await outcomeOf(commands.host, commands.privileged(['mv', '-n', '-T', '--', before, after]))
  const found = await showSubvolume(commands, after, to)
  if (typeof found === 'object' && found.readonly && found.receivedUuid === uuid) return
  const { label } = commands.host
  const reason = found === undefined ? stderr : `${label}${textOf(after)} is there and is something else`
  throw new StorageError('ALREADY_EXISTS', `what was received stays as ${label}${textOf(before)}, because it could not get its name: ${reason}`)
}

/** One error for all that is known: what the flow threw, what the receiver said, and what is there. */
function explain(what: string, cause: unknown, failure: CommandFailure | undefined, problem: string | undefined): Error {
  const own = failure === undefined ? [] : [failure]
  if (cause instanceof BtrfsError) return new BtrfsError(what, [...cause.failures, ...own], undefined, problem)
  return new BtrfsError(what, own, cause, problem)
}

function cloneSourcesOf({ parent, clones = [], volumes }: ReceiveMeta): ReadonlySet<string> | undefined {
  if (volumes.length === 0) return undefined
  return new Set([...(parent === undefined ? [] : [parent]), ...clones, ...volumes].flatMap(({ uuid, receivedUuid }) => [uuid, receivedUuid ?? uuid]))
}

function join(directory: RawPath, name: RawText): RawPath {
  return directory === '/' ? `/${name}` : `${directory}/${name}`
}
