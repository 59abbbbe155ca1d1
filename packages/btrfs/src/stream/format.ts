import type { CommandName } from './command.ts'

/** The first 13 bytes of a stream; the version follows in 4. */
export const magic: Uint8Array = new TextEncoder().encode('btrfs-stream\0')

/** Bytes of a stream's header and of a command's. */
export const streamHeaderLength = 17
export const commandHeaderLength = 10

/** Bytes of a command at most. The kernel sends up to 128 KiB of data in one; the length in a header is whatever the sender says. */
export const longestCommand: number = 16 * 1024 * 1024

/** How an attribute is stored. `path` and `text` are bytes, of any encoding. */
export type AttributeType = 'u32' | 'u64' | 'uuid' | 'time' | 'path' | 'text' | 'data'

/** Attributes by the names that commands have them under. */
export type AttributeName =
  | 'uuid'
  | 'transid'
  | 'inode'
  | 'size'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'rdev'
  | 'ctime'
  | 'mtime'
  | 'atime'
  | 'otime'
  | 'xattrName'
  | 'xattrData'
  | 'path'
  | 'to'
  | 'link'
  | 'offset'
  | 'data'
  | 'cloneUuid'
  | 'cloneTransid'
  | 'clonePath'
  | 'cloneOffset'
  | 'cloneLength'
  | 'fallocateMode'
  | 'fileAttributes'
  | 'unencodedFileLength'
  | 'unencodedLength'
  | 'unencodedOffset'
  | 'compression'
  | 'encryption'

interface AttributeShape {
  readonly code: number
  readonly type: AttributeType
  /** The version of the format that brought it. */
  readonly since: 1 | 2
}

const shape = (code: number, type: AttributeType, since: 1 | 2 = 1): AttributeShape => ({ code, type, since })

/** Attributes by name: their numbers and how they are stored. */
export const attributes: Readonly<Record<AttributeName, AttributeShape>> = {
  uuid: shape(1, 'uuid'),
  transid: shape(2, 'u64'),
  inode: shape(3, 'u64'),
  size: shape(4, 'u64'),
  mode: shape(5, 'u64'),
  uid: shape(6, 'u64'),
  gid: shape(7, 'u64'),
  rdev: shape(8, 'u64'),
  ctime: shape(9, 'time'),
  mtime: shape(10, 'time'),
  atime: shape(11, 'time'),
  otime: shape(12, 'time'),
  xattrName: shape(13, 'text'),
  xattrData: shape(14, 'data'),
  path: shape(15, 'path'),
  to: shape(16, 'path'),
  link: shape(17, 'text'),
  offset: shape(18, 'u64'),
  data: shape(19, 'data'),
  cloneUuid: shape(20, 'uuid'),
  cloneTransid: shape(21, 'u64'),
  clonePath: shape(22, 'path'),
  cloneOffset: shape(23, 'u64'),
  cloneLength: shape(24, 'u64'),
  fallocateMode: shape(25, 'u32', 2),
  fileAttributes: shape(26, 'u64', 2),
  unencodedFileLength: shape(27, 'u64', 2),
  unencodedLength: shape(28, 'u64', 2),
  unencodedOffset: shape(29, 'u64', 2),
  compression: shape(30, 'u32', 2),
  encryption: shape(31, 'u32', 2),
}

/** The number of `data`, which has no length of its own from version 2 on: it ends with its command. */
export const dataAttribute: number = attributes.data.code

interface CommandShape {
  readonly code: number
  readonly since: 1 | 2
  /** What a receiver needs. */
  readonly required: readonly AttributeName[]
}

/** Commands by name: their numbers and the attributes that each must have. Others may come with them. */
export const commands: Readonly<Record<CommandName, CommandShape>> = {
  subvol: { code: 1, since: 1, required: ['path', 'uuid', 'transid'] },
  snapshot: { code: 2, since: 1, required: ['path', 'uuid', 'transid', 'cloneUuid', 'cloneTransid'] },
  mkfile: { code: 3, since: 1, required: ['path'] },
  mkdir: { code: 4, since: 1, required: ['path'] },
  mknod: { code: 5, since: 1, required: ['path', 'mode', 'rdev'] },
  mkfifo: { code: 6, since: 1, required: ['path'] },
  mksock: { code: 7, since: 1, required: ['path'] },
  symlink: { code: 8, since: 1, required: ['path', 'link'] },
  rename: { code: 9, since: 1, required: ['path', 'to'] },
  link: { code: 10, since: 1, required: ['path', 'link'] },
  unlink: { code: 11, since: 1, required: ['path'] },
  rmdir: { code: 12, since: 1, required: ['path'] },
  setXattr: { code: 13, since: 1, required: ['path', 'xattrName', 'xattrData'] },
  removeXattr: { code: 14, since: 1, required: ['path', 'xattrName'] },
  write: { code: 15, since: 1, required: ['path', 'offset', 'data'] },
  clone: { code: 16, since: 1, required: ['path', 'offset', 'cloneLength', 'cloneUuid', 'cloneTransid', 'clonePath', 'cloneOffset'] },
  truncate: { code: 17, since: 1, required: ['path', 'size'] },
  chmod: { code: 18, since: 1, required: ['path', 'mode'] },
  chown: { code: 19, since: 1, required: ['path', 'uid', 'gid'] },
  utimes: { code: 20, since: 1, required: ['path', 'atime', 'mtime', 'ctime'] },
  end: { code: 21, since: 1, required: [] },
  updateExtent: { code: 22, since: 1, required: ['path', 'offset', 'size'] },
  fallocate: { code: 23, since: 2, required: ['path', 'fallocateMode', 'offset', 'size'] },
  setFileAttributes: { code: 24, since: 2, required: ['path', 'fileAttributes'] },
  encodedWrite: {
    code: 25,
    since: 2,
    required: ['path', 'offset', 'unencodedFileLength', 'unencodedLength', 'unencodedOffset', 'data'],
  },
}
