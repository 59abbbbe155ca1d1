import { chmodSync, constants, lchownSync, linkSync, lutimesSync, mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type {
  ChmodCommand,
  ChownCommand,
  MakeCommand,
  MknodCommand,
  RawPath,
  SetXattrCommand,
  StreamCommand,
  UtimesCommand,
} from '../stream/command.ts'
import { PathTree } from '../stream/path-tree.ts'
import { errnoOf, toApplyError, unfit } from './apply-error.ts'
import { FileContent, type ContentCommand } from './file-content.ts'
import { Inside } from './inside.ts'
import { ProgramError } from './run-program.ts'
import type { SystemCalls } from './system-calls.ts'
import { Notes, type Unapplied } from './unapplied.ts'

/** A command that acts on a volume that has begun. */
export type VolumeCommand = Exclude<StreamCommand, { readonly name: 'subvol' | 'snapshot' | 'end' | 'updateExtent' }>

/** What a volume needs of its surroundings. */
export interface VolumeContext {
  readonly system: SystemCalls
  /** The directory of another volume, to clone from; its bytes, a character each. */
  readonly source: (uuid: string) => Promise<string>
  /** What could not be carried out of the volume that this one was copied from. */
  readonly inherited: readonly Unapplied[]
}

/** Errors of calls that only some file systems and users have: what they were for is noted, and the rest goes on. */
const excusable: ReadonlySet<string | undefined> = new Set([
  'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'E2BIG', 'ERANGE', 'ENOSPC', 'EDQUOT', 'ENODATA', 'EOVERFLOW', undefined,
]) // prettier-ignore
const nodeTypes = { mkfifo: 0o010000, mksock: 0o140000 } as const
const formatBits = 0o170000
/** Between them the file that they write to stays open. */
const changesContent: ReadonlySet<string> = new Set<ContentCommand['name']>(['write', 'encodedWrite', 'clone', 'truncate', 'fallocate'])

/** A directory as the volume that a stream makes of it, command by command. */
export class VolumeDirectory {
  readonly uuid: string
  readonly #inside: Inside
  readonly #context: VolumeContext
  readonly #notes: Notes
  readonly #content: FileContent
  readonly #isRoot = process.geteuid?.() === 0
  /** Modes that would keep us, who are not root, from going on; they are set at the end. */
  readonly #deferredModes = new PathTree<number>()

  /** @param root - an existing directory; its bytes, a character each */
  constructor(root: string, uuid: string, context: VolumeContext) {
    this.uuid = uuid
    this.#inside = new Inside(root)
    this.#context = context
    this.#notes = new Notes(context.inherited)
    const { system, source } = context
    this.#content = new FileContent({ uuid, inside: this.#inside, notes: this.#notes, system, source })
  }

  /** @throws StorageError `CORRUPT` for what does not fit, `NO_SPACE`, `PERMISSION_DENIED` */
  async carryOut(command: VolumeCommand): Promise<void> {
    try {
      if (!changesContent.has(command.name)) await this.#content.end()
      if (this.#notes.isMissing(command.path)) this.#skip(command)
      else await this.#withAccess(command, () => this.#run(command))
    } catch (error) {
      throw toApplyError(error, command.name, command.path)
    }
  }

  /**
   * Sets what had to wait.
   *
   * @returns what could not be carried out, and the mode that the root gets when it is in its place
   */
  async finish(): Promise<{ readonly unapplied: readonly Unapplied[]; readonly rootMode: number | undefined }> {
    await this.#content.end()
    // A directory that cannot be written to cannot be moved either.
    if (!this.#isRoot) this.#lift('')
    // The deepest first: a directory that we may not enter any more keeps us from what is in it.
    for (const [path, mode] of [...this.#deferredModes].reverse()) if (path !== '') chmodSync(this.#inside.locate(path, 'chmod'), mode)
    return { unapplied: this.#notes.list(), rootMode: this.#deferredModes.get('') }
  }

  /** Gives up; what is half done is the caller's to remove. */
  async abandon(): Promise<void> {
    await this.#content.end().catch(() => undefined)
  }

  async #run(command: VolumeCommand): Promise<void> {
    const { path, name } = command
    switch (name) {
      case 'mkfile':
        return this.#makeFile(path)
      case 'mkdir':
        return mkdirSync(this.#inside.locate(path, name), 0o700)
      case 'mkfifo':
      case 'mksock':
      case 'mknod':
        return this.#makeNode(command)
      case 'symlink':
        return symlinkSync(Buffer.from(command.link, 'latin1'), this.#inside.locate(path, name))
      case 'rename':
        return this.#rename(path, command.to)
      case 'link':
        if (this.#notes.isMissing(command.link)) return this.#notes.link(command.link, path)
        linkSync(this.#inside.locate(command.link, name), this.#inside.locate(path, name))
        return this.#notes.link(command.link, path)
      case 'unlink':
        unlinkSync(this.#inside.locate(path, name))
        return this.#notes.remove(path)
      case 'rmdir':
        rmdirSync(this.#inside.locate(path, name))
        this.#inside.forget(path)
        this.#deferredModes.delete(path)
        return this.#notes.remove(path)
      case 'write':
      case 'encodedWrite':
      case 'clone':
      case 'truncate':
      case 'fallocate':
        return this.#content.carryOut(command)
      case 'chmod':
        return this.#setMode(command)
      case 'chown':
        return this.#setOwner(command)
      case 'utimes':
        return this.#setTimes(command)
      case 'setXattr':
        return this.#setXattr(command)
      case 'removeXattr':
        return this.#removeXattr(path, command.xattrName)
      case 'setFileAttributes':
        // 0 says that there are none. `btrfs receive` leaves the others out as well, and tells nobody.
        if (command.fileAttributes !== 0) this.#notes.add(path, 'flags', `flags ${command.fileAttributes} (as of chattr) are not set`)
        return
    }
  }

  /** Of what could not be made, only the name is kept, so that it can be told at the end. */
  #skip(command: VolumeCommand): void {
    if (command.name === 'rename') this.#notes.rename(command.path, command.to)
    else if (command.name === 'unlink') this.#notes.remove(command.path)
  }

  /** A user who is not root is kept out by modes that the volume has of right. They are lifted and set again at the end. */
  async #withAccess(command: VolumeCommand, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      const paths = [command.path, ...('to' in command ? [command.to] : []), ...(command.name === 'link' ? [command.link] : [])]
      if (!this.#liftAll(error, paths)) throw error
      await run()
    }
  }

  /** @returns whether it is worth another try */
  #liftAll(error: unknown, paths: readonly RawPath[]): boolean {
    if (errnoOf(error) !== 'EACCES' || this.#isRoot) return false
    let lifted = false
    for (const path of paths) {
      lifted = this.#lift('') || lifted
      for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) lifted = this.#lift(path.slice(0, end)) || lifted
      lifted = this.#lift(path) || lifted
    }
    return lifted
  }

  #lift(path: RawPath): boolean {
    const stats = this.#inside.look(path, 'chmod')
    if (stats === undefined || !(stats.isDirectory() || stats.isFile())) return false
    const mode = Number(stats.mode) & 0o7777
    const needed = stats.isDirectory() ? 0o700 : 0o600
    if ((mode & needed) === needed) return false
    if (this.#deferredModes.get(path) === undefined) this.#deferredModes.set(path, mode)
    chmodSync(this.#inside.locate(path, 'chmod'), mode | needed)
    return true
  }

  async #makeFile(path: RawPath): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const handle = await open(this.#inside.locate(path, 'mkfile'), flags, 0o600)
    await handle.close()
  }

  async #makeNode(command: MknodCommand | MakeCommand): Promise<void> {
    const { path, name } = command
    const file = this.#inside.locate(path, name)
    const type = name === 'mknod' ? (command as MknodCommand).mode & formatBits : nodeTypes[name as keyof typeof nodeTypes]
    if (![0o010000, 0o020000, 0o060000, 0o140000].includes(type)) throw unfit(name, path, `a node of the type ${type.toString(8)} cannot be made`)
    const device = name === 'mknod' ? (command as MknodCommand).rdev : 0
    const [major, minor] = [Math.floor(device / 256) % 4096, (device % 256) + Math.floor(device / 2 ** 20) * 256]
    await this.#try(path, 'node', 'it could not be made', () => this.#context.system.makeNode(file, type | 0o600, major, minor))
  }

  #rename(path: RawPath, to: RawPath): void {
    const [from, target] = [this.#inside.locate(path, 'rename'), this.#inside.locate(to, 'rename')]
    const [moved, replaced] = [this.#inside.look(path, 'rename'), this.#inside.look(to, 'rename')]
    renameSync(from, target)
    // Two names of one file: both stay.
    if (moved !== undefined && replaced !== undefined && moved.ino === replaced.ino && moved.dev === replaced.dev) return
    this.#inside.forget(path)
    this.#notes.rename(path, to)
    this.#deferredModes.rename(path, to)
  }

  async #setMode({ path, mode }: ChmodCommand): Promise<void> {
    const stats = this.#inside.look(path, 'chmod')
    // It would change what the link points to.
    if (stats?.isSymbolicLink() === true) throw unfit('chmod', path, 'it is a symbolic link')
    const file = this.#inside.locate(path, 'chmod')
    const bits = mode & 0o7777
    this.#deferredModes.unmark(path)
    if (await this.#try(path, 'mode', `mode ${bits.toString(8)} could not be set`, () => chmodSync(file, bits))) this.#notes.clear(path, 'mode')
  }

  async #setOwner({ path, uid, gid }: ChownCommand): Promise<void> {
    const file = this.#inside.locate(path, 'chown')
    if (await this.#try(path, 'owner', `owner ${uid}:${gid} could not be set`, () => lchownSync(file, uid, gid))) this.#notes.clear(path, 'owner')
  }

  async #setTimes({ path, atime, mtime }: UtimesCommand): Promise<void> {
    const file = this.#inside.locate(path, 'utimes')
    try {
      await this.#context.system.setTimes(file, atime, mtime)
    } catch {
      // Node takes seconds as a floating-point number: some hundred nanoseconds are lost. Whether they are shows afterwards.
      lutimesSync(file, toSeconds(atime), toSeconds(mtime))
    }
    const wanted = BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds)
    const got = this.#inside.look(path, 'utimes')?.mtimeNs
    this.#notes.clear(path, 'times')
    if (got !== undefined && got !== wanted) this.#notes.add(path, 'times', `its time is ${wanted - got} ns off`)
  }

  async #setXattr({ path, xattrName, xattrData }: SetXattrCommand): Promise<void> {
    const file = this.#inside.locate(path, 'setXattr')
    const name = Buffer.from(xattrName, 'latin1')
    const failure = `attribute ${name.toString()} could not be set`
    if (await this.#try(path, 'xattr', failure, () => this.#context.system.setXattr(file, name, xattrData))) this.#notes.clear(path, 'xattr', failure)
  }

  async #removeXattr(path: RawPath, xattrName: string): Promise<void> {
    const file = this.#inside.locate(path, 'removeXattr')
    const name = Buffer.from(xattrName, 'latin1')
    try {
      await this.#context.system.removeXattr(file, name)
    } catch (error) {
      // Gone it should be, and gone it is: it may never have been set.
      if (errnoOf(error) === 'ENODATA') return this.#notes.clear(path, 'xattr', `attribute ${name.toString()} could not be set`)
      await this.#try(path, 'xattr', `attribute ${name.toString()} could not be removed`, () => Promise.reject(error as Error))
    }
  }

  /** @returns whether it could be done; if not, that is noted */
  async #try(path: RawPath, what: Unapplied['what'], failure: string, run: () => void | Promise<void>): Promise<boolean> {
    try {
      await run()
      return true
    } catch (error) {
      if (this.#liftAll(error, [path])) return this.#try(path, what, failure, run)
      const errno = errnoOf(error)
      const isMissingProgram = error instanceof ProgramError && error.cause !== undefined
      if (!excusable.has(errno) && !isMissingProgram) throw error
      const reason = error instanceof ProgramError ? error.message : errno
      this.#notes.add(path, what, `${failure}: ${reason ?? String(error)}`)
      return false
    }
  }
}

function toSeconds({ seconds, nanoseconds }: { readonly seconds: number; readonly nanoseconds: number }): number {
  return seconds + nanoseconds / 1e9
}
