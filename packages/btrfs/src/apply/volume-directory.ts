import { chmodSync, constants, lchownSync, linkSync, lutimesSync, mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type {
  ChmodCommand,
  ChownCommand,
  CloneCommand,
  EncodedWriteCommand,
  FallocateCommand,
  MakeCommand,
  MknodCommand,
  RawPath,
  SetXattrCommand,
  StreamCommand,
  UtimesCommand,
} from '../stream/command.ts'
import { decodeRange } from '../stream/decode.ts'
import { PathTree } from '../stream/path-tree.ts'
import { errnoOf, toApplyError, unfit } from './apply-error.ts'
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
/** Bytes that are read at once from what has to be copied. */
const pieceSize = 1024 * 1024

/** A directory as the volume that a stream makes of it, command by command. */
export class VolumeDirectory {
  readonly uuid: string
  readonly #inside: Inside
  readonly #context: VolumeContext
  readonly #notes: Notes
  readonly #isRoot = process.geteuid?.() === 0
  /** Modes that would keep us, who are not root, from going on; they are set at the end. */
  readonly #deferredModes = new PathTree<number>()
  /** The file that is being written. */
  #writing: { readonly path: RawPath; readonly handle: FileHandle } | undefined

  /** @param root - an existing directory; its bytes, a character each */
  constructor(root: string, uuid: string, context: VolumeContext) {
    this.uuid = uuid
    this.#inside = new Inside(root)
    this.#context = context
    this.#notes = new Notes(context.inherited)
  }

  /** @throws StorageError `CORRUPT` for what does not fit, `NO_SPACE`, `PERMISSION_DENIED` */
  async carryOut(command: VolumeCommand): Promise<void> {
    try {
      if (this.#writing !== undefined && (!keepsWriting.has(command.name) || this.#writing.path !== command.path)) await this.#endWriting()
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
    await this.#endWriting()
    // A directory that cannot be written to cannot be moved either.
    if (!this.#isRoot) this.#lift('')
    // The deepest first: a directory that we may not enter any more keeps us from what is in it.
    for (const [path, mode] of [...this.#deferredModes].reverse()) if (path !== '') chmodSync(this.#inside.locate(path, 'chmod'), mode)
    return { unapplied: this.#notes.list(), rootMode: this.#deferredModes.get('') }
  }

  /** Gives up; what is half done is the caller's to remove. */
  async abandon(): Promise<void> {
    await this.#endWriting().catch(() => undefined)
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
        return this.#write(path, command.offset, command.data, name)
      case 'encodedWrite':
        return this.#write(path, command.offset, decode(command), name)
      case 'clone':
        return this.#clone(command)
      case 'truncate':
        return (await this.#toWrite(path, name)).truncate(command.size)
      case 'fallocate':
        return this.#fallocate(command)
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

  async #write(path: RawPath, offset: number, data: Uint8Array, doing: string): Promise<void> {
    const handle = await this.#toWrite(path, doing)
    for (let at = 0; at < data.length;) at += (await handle.write(data, at, data.length - at, offset + at)).bytesWritten
  }

  async #clone(command: CloneCommand): Promise<void> {
    const { path, offset, cloneLength, cloneUuid, clonePath, cloneOffset } = command
    const from = cloneUuid === this.uuid ? this.#inside : new Inside(await this.#context.source(cloneUuid))
    const source = await from.open(clonePath, constants.O_RDONLY, 'clone')
    try {
      const { size } = await source.stat()
      if (cloneOffset + cloneLength > size)
        throw unfit('clone', path, `${JSON.stringify(clonePath)} has ${size} bytes, and ${cloneLength} from ${cloneOffset} on are wanted`)
      const target = await this.#toWrite(path, 'clone')
      const { system } = this.#context
      const isShared = await system
        .cloneRange(from.locate(clonePath, 'clone'), cloneOffset, cloneLength, this.#inside.locate(path, 'clone'), offset)
        .then(() => true, () => false) // prettier-ignore
      if (!isShared) await copyRange(source, cloneOffset, cloneLength, target, offset)
    } finally {
      await source.close()
    }
  }

  async #fallocate({ path, fallocateMode, offset, size }: FallocateCommand): Promise<void> {
    const [keepsSize, punchesHole, zeroes] = [fallocateMode & 1, fallocateMode & 2, fallocateMode & 16]
    if ((fallocateMode & ~0x13) !== 0) throw unfit('fallocate', path, `mode ${fallocateMode} is not known`)
    const handle = await this.#toWrite(path, 'fallocate')
    const before = (await handle.stat()).size
    const end = keepsSize !== 0 ? Math.min(before, offset + size) : offset + size
    if (end > before) await handle.truncate(end)
    if (punchesHole !== 0 || zeroes !== 0) {
      const zeros = new Uint8Array(pieceSize)
      for (let at = offset; at < Math.min(end, before); at += pieceSize)
        await this.#write(path, at, zeros.subarray(0, Math.min(pieceSize, Math.min(end, before) - at)), 'fallocate')
    } else this.#notes.add(path, 'space', `no space is reserved for ${size} bytes at ${offset}`)
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

  async #toWrite(path: RawPath, doing: string): Promise<FileHandle> {
    if (this.#writing?.path === path) return this.#writing.handle
    await this.#endWriting()
    const handle = await this.#inside.open(path, constants.O_WRONLY, doing)
    this.#writing = { path, handle }
    return handle
  }

  async #endWriting(): Promise<void> {
    const writing = this.#writing
    this.#writing = undefined
    await writing?.handle.close()
  }
}

function decode(command: EncodedWriteCommand): Uint8Array {
  try {
    return decodeRange(command)
  } catch (error) {
    throw unfit('encodedWrite', command.path, `a compressed range is damaged (${(error as Error).message})`)
  }
}

const keepsWriting: ReadonlySet<string> = new Set(['write', 'encodedWrite', 'clone', 'truncate', 'fallocate'])

async function copyRange(source: FileHandle, from: number, length: number, target: FileHandle, to: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(length, pieceSize))
  const { size } = await target.stat()
  // Behind the end, what is not written is a hole, as it was in the source.
  let [at, end] = [0, size]
  while (at < length) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, length - at), from + at)
    if (bytesRead === 0) throw new RangeError('the source of a clone became shorter')
    const piece = buffer.subarray(0, bytesRead)
    if (to + at < size || piece.some(byte => byte !== 0)) {
      for (let done = 0; done < piece.length;) done += (await target.write(piece, done, piece.length - done, to + at + done)).bytesWritten
      end = Math.max(end, to + at + piece.length)
    }
    at += bytesRead
  }
  if (end < to + length) await target.truncate(to + length)
}

function toSeconds({ seconds, nanoseconds }: { readonly seconds: number; readonly nanoseconds: number }): number {
  return seconds + nanoseconds / 1e9
}
