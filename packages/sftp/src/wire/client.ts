import { formatOf, takeAttributes, type Attributes } from './attributes.ts'
import { expectType, type SftpChannel } from './channel.ts'
import { extension, openFlag, packet, status } from './constants.ts'
import { hasStatus, StatusError } from './packets.ts'

/** An open file or directory of one channel. */
export interface Handle {
  readonly channel: SftpChannel
  readonly id: Buffer
}

/** One entry of a directory. Names are bytes: a server need not keep to UTF-8. */
export interface Listed {
  readonly name: Buffer
  readonly attributes: Attributes
}

/** Space on a file system, of `statvfs@openssh.com`. */
export interface FileSystemSpace {
  /** Bytes this user can still write. */
  readonly available: number
  /** Inodes; 0 on file systems that do not count them, as `inodes`. */
  readonly availableInodes: number
  readonly inodes: number
  /** Bytes of the longest name. */
  readonly longestName: number
}

/** How large requests may be, of `limits@openssh.com`; 0 means no limit is told. */
export interface Limits {
  readonly packet: number
  readonly read: number
  readonly write: number
  readonly handles: number
}

type Name = string | Buffer

/** Opens a file. Never truncates what exists unless told to. */
export async function open(channel: SftpChannel, file: string, flags: number, attributes: Attributes = {}): Promise<Handle> {
  const reply = await channel.request(packet.open, [file, flags, attributes])
  return { channel, id: Buffer.from(expectType(reply, packet.handle).takeBytes()) }
}

/** Makes a file that must not exist yet. */
export function create(channel: SftpChannel, file: string, mode?: number): Promise<Handle> {
  return open(channel, file, openFlag.write | openFlag.create | openFlag.exclusive, mode === undefined ? {} : { mode })
}

export async function close({ channel, id }: Handle): Promise<void> {
  await channel.request(packet.close, [id])
}

/** Up to `length` bytes; fewer than asked for is allowed, none only at the end. */
export async function read({ channel, id }: Handle, offset: number, length: number): Promise<Buffer> {
  try {
    const reply = await channel.request(packet.read, [id, BigInt(offset), length])
    const bytes = expectType(reply, packet.data).takeBytes()
    if (bytes.length > length) throw new StatusError(status.badMessage, `the server sent ${bytes.length} bytes instead of ${length}`)
    return bytes
  } catch (error) {
    if (hasStatus(error, status.eof)) return Buffer.alloc(0)
    throw error
  }
}

/** Writes at a position; the bytes may change once this returns its promise. */
export async function write({ channel, id }: Handle, offset: number, bytes: Uint8Array): Promise<void> {
  await channel.request(packet.write, [id, BigInt(offset), bytes])
}

/** What is at a path, links not followed. `undefined` if nothing is. */
export function lstat(channel: SftpChannel, file: Name): Promise<Attributes | undefined> {
  return look(channel, packet.lstat, file)
}

/** What is at a path or where the link at it leads. `undefined` if nothing is. */
export function stat(channel: SftpChannel, file: Name): Promise<Attributes | undefined> {
  return look(channel, packet.stat, file)
}

async function look(channel: SftpChannel, type: number, file: Name): Promise<Attributes | undefined> {
  try {
    return takeAttributes(expectType(await channel.request(type, [file]), packet.attrs))
  } catch (error) {
    if (hasStatus(error, status.noSuchFile, status.noSuchPath, status.notADirectory)) return undefined
    // Below a file, in the words of mod_sftp.
    if (hasStatus(error, status.failure) && /^not a directory$/i.test(error.message)) return undefined
    throw error
  }
}

export async function fstat({ channel, id }: Handle): Promise<Attributes> {
  return takeAttributes(expectType(await channel.request(packet.fstat, [id]), packet.attrs))
}

/** Follows links. */
export async function setstat(channel: SftpChannel, file: string, attributes: Attributes): Promise<void> {
  await channel.request(packet.setstat, [file, attributes])
}

export async function fsetstat({ channel, id }: Handle, attributes: Attributes): Promise<void> {
  await channel.request(packet.fsetstat, [id, attributes])
}

/** Sets attributes of a link itself; needs the extension. */
export async function lsetstat(channel: SftpChannel, file: string, attributes: Attributes): Promise<void> {
  await channel.request(packet.extended, [extension.lsetstat, file, attributes])
}

/**
 * Reads a directory, without "." and "..".
 *
 * Two requests are always under way, so that a big directory does not wait for the network after each hundred names.
 */
export async function readDirectory(channel: SftpChannel, file: string): Promise<Listed[]> {
  const reply = await channel.request(packet.opendir, [file])
  const handle: Handle = { channel, id: Buffer.from(expectType(reply, packet.handle).takeBytes()) }
  const entries: Listed[] = []
  try {
    let next = readPage(handle)
    for (;;) {
      const page = await next
      if (page === undefined) return entries
      next = readPage(handle)
      // If what follows throws, nobody waits for it.
      next.catch(() => undefined)
      for (const entry of page) if (!isDots(entry.name)) entries.push(entry)
    }
  } finally {
    close(handle).catch(() => undefined)
  }
}

async function readPage({ channel, id }: Handle): Promise<readonly Listed[] | undefined> {
  try {
    const reply = expectType(await channel.request(packet.readdir, [id]), packet.name)
    const count = reply.takeUint32()
    const page: Listed[] = []
    for (let i = 0; i < count; i++) {
      const name = reply.takeBytes()
      reply.takeBytes()
      page.push({ name, attributes: takeAttributes(reply) })
    }
    return page
  } catch (error) {
    if (hasStatus(error, status.eof)) return undefined
    throw error
  }
}

function isDots(name: Buffer): boolean {
  return name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))
}

/** Removes a file or a link. */
export async function remove(channel: SftpChannel, file: string): Promise<void> {
  await channel.request(packet.remove, [file])
}

export async function mkdir(channel: SftpChannel, file: string): Promise<void> {
  await channel.request(packet.mkdir, [file, {}])
}

export async function rmdir(channel: SftpChannel, file: string): Promise<void> {
  await channel.request(packet.rmdir, [file])
}

/** Whether it replaces depends on the server. */
export async function rename(channel: SftpChannel, from: string, to: string): Promise<void> {
  await channel.request(packet.rename, [from, to])
}

/** Replaces what is there in one step; needs the extension. */
export async function posixRename(channel: SftpChannel, from: string, to: string): Promise<void> {
  await channel.request(packet.extended, [extension.posixRename, from, to])
}

/** Fails if something is there; needs the extension. */
export async function hardlink(channel: SftpChannel, from: string, to: string): Promise<void> {
  await channel.request(packet.extended, [extension.hardlink, from, to])
}

export async function fsync({ channel, id }: Handle): Promise<void> {
  // A disk may take long for what has gathered.
  await channel.request(packet.extended, [extension.fsync, id], 10 * 60_000)
}

/** Copies a range within the server; needs the extension. Length 0: to the end. */
export async function copyData(from: Handle, offset: number, length: number, to: Handle): Promise<void> {
  const range = [BigInt(offset), BigInt(length), to.id, BigInt(offset)] as const
  await from.channel.request(packet.extended, [extension.copyData, from.id, ...range], 10 * 60_000)
}

/** The absolute path that the server makes of a path. */
export async function realpath(channel: SftpChannel, file: string): Promise<string> {
  return firstName(channel, packet.realpath, file).then(name => name.toString())
}

/** What a link holds, as bytes. */
export function readlink(channel: SftpChannel, file: Name): Promise<Buffer> {
  return firstName(channel, packet.readlink, file)
}

async function firstName(channel: SftpChannel, type: number, file: Name): Promise<Buffer> {
  const reply = expectType(await channel.request(type, [file]), packet.name)
  if (reply.takeUint32() < 1) throw new StatusError(status.failure, 'the server answered without a name')
  return Buffer.from(reply.takeBytes())
}

/** OpenSSH has had the arguments the wrong way round since its first version, and most servers do as it does. */
export async function symlink(channel: SftpChannel, target: string, link: string): Promise<void> {
  await channel.request(packet.symlink, [target, link])
}

export async function statvfs(channel: SftpChannel, file: string): Promise<FileSystemSpace> {
  const reply = expectType(await channel.request(packet.extended, [extension.statvfs, file]), packet.extendedReply)
  const [, fragmentSize, , , available, inodes, , availableInodes, , , longestName] = Array.from({ length: 11 }, () => reply.takeUint64())
  return {
    available: (available as number) * (fragmentSize as number),
    availableInodes: availableInodes as number,
    inodes: inodes as number,
    longestName: longestName as number,
  }
}

export async function limits(channel: SftpChannel): Promise<Limits> {
  const reply = expectType(await channel.request(packet.extended, [extension.limits]), packet.extendedReply)
  const [packetBytes, readBytes, writeBytes, handles] = Array.from({ length: 4 }, () => reply.takeUint64())
  return { packet: packetBytes as number, read: readBytes as number, write: writeBytes as number, handles: handles as number }
}

/** Whether attributes are of a directory. */
export function isDirectory(attributes: Attributes | undefined): boolean {
  return attributes !== undefined && formatOf(attributes) === 'directory'
}
