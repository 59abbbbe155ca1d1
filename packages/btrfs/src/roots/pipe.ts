import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A pipe of the system between this process and one that it starts, by its file descriptors. */
export interface Pipe {
  /** Never waits; to be closed by whoever opened the pipe. */
  readonly ours: number
  /** Waits, as programs expect. It is for the process, and to be closed here as soon as that runs, or the pipe would never end. */
  readonly theirs: number
}

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants

/**
 * Opens a pipe. What Node gives the processes that it starts are pairs of sockets, which cost both ends more for the same bytes: `btrfs send` moves its
 * pages into a pipe instead of copying them.
 *
 * @param ours - which end this process keeps
 * @returns `undefined` where none can be made: then sockets do
 */
export async function openPipe(ours: 'reading' | 'writing'): Promise<Pipe | undefined> {
  const [own, other] = ours === 'reading' ? [O_RDONLY, O_WRONLY] : [O_WRONLY, O_RDONLY]
  let directory: string | undefined
  try {
    // Nobody else can look into it, and the name is gone as soon as both ends are open.
    directory = await mkdtemp(join(tmpdir(), 'syncline-pipe-'))
    const file = join(directory, 'pipe')
    await promisify(execFile)('mkfifo', ['-m', '600', file])
    // One end waits until the other is opened, too: with this, which is both, neither does.
    const both = openSync(file, O_RDWR | O_NONBLOCK)
    try {
      // Opened twice, as whether it waits holds for all who share what was opened once.
      return { theirs: openSync(file, other), ours: openSync(file, own | O_NONBLOCK) }
    } finally {
      closeSync(both)
    }
  } catch {
    return undefined
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }
}

/** Starts a process with its end of a pipe, and closes that here. Where it cannot be started, ours is closed, too. */
export async function withPipe<T>(pipe: Pipe | undefined, start: (theirs: number | undefined) => Promise<T>): Promise<T> {
  try {
    return await start(pipe?.theirs)
  } catch (error) {
    if (pipe !== undefined) closeSync(pipe.ours)
    throw error
  } finally {
    if (pipe !== undefined) closeSync(pipe.theirs)
  }
}
