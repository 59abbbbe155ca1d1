import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '@syncline/core'
import { service, type SshdDetails } from '@syncline/services'
import type { TestContext } from 'vitest'
import { Transfer, type TransferOptions } from '../src/replicate/transfer.ts'
import { defaultRoot, type SshRootOptions } from '../src/roots/default-root.ts'
import type { BtrfsRoot } from '../src/roots/root.ts'

/** Runs a program to its end. @throws with what it said if it fails */
export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
}

/** A subvolume on each of two file systems, which are a test's own. */
export interface Pair extends AsyncDisposable {
  /** Directory of the source: a subvolume. */
  readonly a: string
  /** Directory of the destination: a subvolume of another file system. */
  readonly b: string
  readonly src: BtrfsRoot
  readonly dst: BtrfsRoot
}

/** How to make a {@link Pair}. */
interface PairOptions {
  readonly sudo?: boolean
  /** On file systems of its own: for names in their listings that would disturb other tests, and for numbers that are counted up. */
  readonly alone?: boolean
}

/** Skips the test where there is no btrfs, and makes a subvolume on either file system. */
export async function openPair(context: TestContext, { alone = false, ...options }: PairOptions = {}): Promise<Pair> {
  const found = await service('btrfs')
  if (!found.available) context.skip(found.reason)
  const name = `replicate-${process.pid}-${randomBytes(4).toString('hex')}`
  const images = alone ? [mountImage(120), mountImage(120)] : []
  const mounts = alone ? images.map(({ path }) => path) : found.mounts
  const [a, b] = [join(mounts[0] as string, name), join(mounts[1] as string, name)]
  for (const path of [a, b]) run('btrfs', 'subvolume', 'create', path)
  const roots = defaultRoot('local')(options)
  const [src, dst] = await Promise.all([roots.getRoot(a), roots.getRoot(b)])
  return {
    a,
    b,
    src: src.root,
    dst: dst.root,
    [Symbol.asyncDispose]: async () => (alone ? images.forEach(image => image[Symbol.dispose]()) : [a, b].forEach(destroy)),
  }
}

/** Deletes a subvolume with all subvolumes in it. */
export function destroy(path: string): void {
  for (const inside of subvolumesIn(path).reverse()) run('btrfs', 'subvolume', 'delete', inside)
  run('btrfs', 'subvolume', 'delete', path)
}

/** Subvolumes below a directory, each before those in it. Found by their inode, so that names of any bytes work. */
function subvolumesIn(path: string): string[] {
  const output = execFileSync('find', [path, '-mindepth', '1', '-inum', '256', '-print0'], { encoding: 'latin1' })
  return output
    .split('\0')
    .filter(Boolean)
    .map(raw => Buffer.from(raw, 'latin1').toString())
    .filter(name => !name.includes('\uFFFD'))
}

/** A file system of its own in an image, for what needs a size. */
export function mountImage(megabytes: number): Disposable & { readonly path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'syncline-btrfs-'))
  const [image, path] = [join(directory, 'image'), join(directory, 'mount')]
  mkdirSync(path)
  run('truncate', `--size=${megabytes}M`, image)
  run('mkfs.btrfs', '-q', '-f', '-M', image)
  run('mount', '-o', 'loop', image, path)
  return {
    path,
    [Symbol.dispose]: () => {
      run('umount', path)
      rmSync(directory, { recursive: true })
    },
  }
}

/** Makes a read-only snapshot. */
export function snapshot(from: string, to: string): void {
  run('btrfs', 'subvolume', 'snapshot', '-r', from, to)
}

/** A working subvolume `data` and snapshots of it in `snaps`, each with one more file. */
export function makeSnapshots(a: string, names: readonly string[], bytes = 1000): void {
  run('btrfs', 'subvolume', 'create', join(a, 'data'))
  mkdirSync(join(a, 'snaps'))
  for (const name of names) {
    writeFileSync(join(a, 'data', name), randomBytes(bytes))
    snapshot(join(a, 'data'), join(a, 'snaps', name))
  }
}

/** Names of what is in a directory. */
export function namesIn(path: string): readonly string[] {
  return readdirSync(path).sort()
}

/** What two directories differ in: content, kinds, names. Nothing if they are equal. */
export function differences(a: string, b: string): string {
  return run('rsync', '-n', '-aHAX', '--checksum', '--delete', '--itemize-changes', `${a}/`, `${b}/`).trim()
}

/** What `btrfs subvolume show` says of a field. */
export function shown(path: string, field: string): string {
  return new RegExp(`\\t${field}:\\s+(\\S+)`).exec(run('btrfs', 'subvolume', 'show', path))?.[1] ?? ''
}

/** A transfer that keeps what it is told. */
export function recorder(options: TransferOptions = {}): {
  readonly trans: Transfer
  readonly errors: string[]
  readonly notes: string[]
  readonly sent: string[]
} {
  const [errors, notes, sent]: [string[], string[], string[]] = [[], [], []]
  class Recorder extends Transfer {
    override async reportDone(...[vols, par]: Parameters<Transfer['reportDone']>): Promise<void> {
      sent.push(`${vols.map(({ path }) => path).join('+')} < ${par?.path ?? 'whole'}`)
    }
  }
  return {
    trans: new Recorder({ ...options, onError: error => errors.push(messageOf(error)), onNote: text => notes.push(text) }),
    errors,
    notes,
    sent,
  }
}

/** Logs in as root to a server, with nothing of the machine's own configuration. */
export function rootLogin(server: SshdDetails, more: Partial<SshRootOptions> = {}): SshRootOptions {
  return {
    host: server.host,
    port: server.port,
    user: server.rootUser,
    identityFile: server.keyFile,
    knownHostsFile: server.knownHostsFile,
    configFile: '/dev/null',
    ...more,
  }
}

/** Processes whose command line has all of these words, without this one. */
export function processesWith(...words: readonly string[]): readonly number[] {
  const isMeant = (pid: string): boolean => {
    try {
      const line = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ')
      return words.every(word => line.includes(word))
    } catch {
      // It has ended meanwhile.
      return false
    }
  }
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid && isMeant(name))
    .map(Number)
}

/** Kills the processes whose command line has all of these words. @returns how many */
export function killProcess(...words: readonly string[]): number {
  const found = processesWith(...words)
  for (const pid of found) process.kill(pid, 'SIGKILL')
  return found.length
}
