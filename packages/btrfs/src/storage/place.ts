import { createHash, randomBytes } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, StorageError, type AbortOptions, type Path } from '@syncline/core'
import { processOwner } from '@syncline/fs'
import { runPrivileged, showSubvolume, type Commands } from '../roots/btrfs-commands.ts'
import { rawOf } from '../subvolume/raw-text.ts'
import type { SubvolumeDetails } from '../subvolume/subvolume.ts'

/** The directory of our snapshots, in the subvolume that they are of. Core leaves it out of every sync. */
export const snapshotsName = '.syncline-snapshots'

/** Whether a path is our directory, or in it. */
export function isOwn(path: Path): boolean {
  return path.startsWith(snapshotsName) && (path.length === snapshotsName.length || path[snapshotsName.length] === '/')
}

/** What processes of other machines left is removed when it is as old as this: until then they may be alive. */
const foreignAgeMs = 24 * 60 * 60 * 1000

/** The number of the root of every subvolume. */
const subvolumeInode = 256

const workName = /^run-[0-9a-z]+-([\w-]+)$/
const baseName = /^base-([0-9a-f]{8})-([0-9a-f-]{36})(\.list)?$/

/** A snapshot that was kept, and the listing that was made of it. Absolute paths. */
export interface Base {
  readonly snapshot: string
  readonly list: string
}

/**
 * Where the snapshots of one subvolume are made: in a directory of the subvolume itself, because that is the one place that is surely on the same file
 * system and can be reached. What is above may be neither: a subvolume can be mounted alone.
 *
 * Names say what is there. `run-…` belongs to a process, and is removed when that has ended; `base-…` is a snapshot that is kept for the next run,
 * with the listing of it in a file of the same name and `.list`.
 */
export class Place {
  /** Of the subvolume; absolute. */
  readonly root: string
  readonly directory: string
  readonly #commands: Commands

  constructor(root: string, commands: Commands) {
    this.root = root
    this.directory = join(root, snapshotsName)
    this.#commands = commands
  }

  /** Makes a read-only snapshot that belongs to this process. @returns its absolute path */
  async make(options: AbortOptions = {}): Promise<string> {
    this.#makeDirectory()
    const path = this.workPath()
    const command = ['btrfs', 'subvolume', 'snapshot', '-r', '--', rawOf(this.root), rawOf(path)]
    try {
      await runPrivileged(this.#commands, `making a snapshot of ${this.root}`, command, options)
    } catch (error) {
      // Who was interrupted may have made it.
      await this.remove(path)
      throw error
    }
    return path
  }

  #makeDirectory(): void {
    try {
      mkdirSync(this.directory, { mode: 0o700, recursive: true })
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code === 'ENOSPC' ? 'NO_SPACE' : 'PERMISSION_DENIED'
      throw new StorageError(code, `no place for snapshots of ${this.root} can be made: ${messageOf(cause)}`, { cause })
    }
  }

  /** A name of this process' own, for a snapshot or a file. */
  workPath(): string {
    return join(this.directory, `run-${randomBytes(5).toString('hex')}-${Buffer.from(processOwner().id).toString('base64url')}`)
  }

  /** Deletes a snapshot. What cannot be deleted now is deleted by a later run: nobody's data hang on it. */
  async remove(snapshot: string): Promise<boolean> {
    const command = ['btrfs', 'subvolume', 'delete', '--', rawOf(snapshot)]
    return await runPrivileged(this.#commands, `deleting ${snapshot}`, command).then(
      () => true,
      () => false,
    )
  }

  show(snapshot: string, options: AbortOptions = {}): Promise<SubvolumeDetails | 'other' | undefined> {
    return showSubvolume(this.#commands, rawOf(snapshot), '', options)
  }

  /**
   * The snapshot that was kept of a directory, if it is one of this subvolume and can still be relied on.
   *
   * @param directory - relative to the subvolume
   * @param live - the subvolume as it is now
   */
  async base(directory: Path, live: SubvolumeDetails, options: AbortOptions = {}): Promise<Base | undefined> {
    let newest: { readonly base: Base; readonly generation: number } | undefined
    for (const base of this.#bases(directory)) {
      const found = await this.show(base.snapshot, options)
      if (typeof found !== 'object' || !found.readonly || found.parentUuid !== live.uuid || !base.snapshot.endsWith(found.uuid)) continue
      const generation = found.createdGeneration ?? 0
      if (newest === undefined || generation > newest.generation) newest = { base, generation }
    }
    return newest?.base
  }

  /** Keeps a snapshot with its listing in place of what was kept before. @returns whether that was possible */
  async keep(directory: Path, snapshot: string, list: string): Promise<boolean> {
    try {
      const found = await this.show(snapshot)
      if (typeof found !== 'object') return false
      const before = this.#bases(directory)
      const path = join(this.directory, `base-${keyOf(directory)}-${found.uuid}`)
      // One without the other counts for nothing, and is removed by the next run.
      renameSync(list, `${path}.list`)
      renameSync(snapshot, path)
      for (const base of before) await this.#drop(base)
      return true
    } catch {
      return false
    }
  }

  /** Removes what ended processes left, and what is kept in part only. */
  async clean(): Promise<void> {
    const owner = processOwner()
    for (const name of this.#names()) {
      const path = join(this.directory, name)
      const [, id] = workName.exec(name) ?? []
      if (id !== undefined) {
        const alive = owner.isAlive(Buffer.from(id, 'base64url').toString())
        if (alive === false || (alive === undefined && Date.now() - (await this.#made(path)) > foreignAgeMs)) await this.#discard(path)
        continue
      }
      const [, , , suffix] = baseName.exec(name) ?? [name, '', '', 'other']
      if (suffix === undefined && !existsSync(`${path}.list`)) await this.#discard(path)
      if (suffix === '.list' && !existsSync(path.slice(0, -suffix.length))) await this.#discard(path)
    }
  }

  async #made(path: string): Promise<number> {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats?.isFile() === true) return stats.ctimeMs
    const found = await this.show(path)
    return typeof found === 'object' ? (found.created ?? Date.now()) : Date.now()
  }

  async #discard(path: string): Promise<void> {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats?.isDirectory() !== true) removeFile(path)
    // In a snapshot that became the subvolume, empty directories stand for the snapshots that it had.
    else if (stats.ino === subvolumeInode) await this.remove(path)
    else removeDirectory(path)
  }

  async #drop({ snapshot, list }: Base): Promise<void> {
    removeFile(list)
    await this.#discard(snapshot)
  }

  #bases(directory: Path): readonly Base[] {
    const names = new Set(this.#names())
    return [...names]
      .filter(name => baseName.exec(name)?.[1] === keyOf(directory) && names.has(`${name}.list`))
      .map(name => ({ snapshot: join(this.directory, name), list: join(this.directory, `${name}.list`) }))
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.directory)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}

/** Stands for a directory in names. */
function keyOf(directory: Path): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 8)
}

function removeDirectory(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    return
  }
}

/** As with snapshots, what cannot be removed now is removed by a later run. */
function removeFile(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    return
  }
}
