/** Bytes as text, a character per byte (latin1), so that a name of any encoding is kept. `Buffer.from(text, 'latin1')` gives the bytes back. */
export type RawText = string

/** A path in a volume, relative to its root; the root is "". A character per byte, as in {@link RawText}. */
export type RawPath = string

/** A point in time as file systems keep it. */
export interface StreamTime {
  /** Since the Unix epoch; negative before. */
  readonly seconds: number
  /** 0 to 999,999,999. */
  readonly nanoseconds: number
}

/** Begins a volume that is sent whole. */
export interface SubvolCommand {
  readonly name: 'subvol'
  /** A plain name. */
  readonly path: RawPath
  /** Of the volume, or of the one it was itself received from. */
  readonly uuid: string
  readonly transid: number
}

/** Begins a volume that is sent as what changed since another. */
export interface SnapshotCommand {
  readonly name: 'snapshot'
  readonly path: RawPath
  readonly uuid: string
  readonly transid: number
  /** The volume to start from. */
  readonly cloneUuid: string
  readonly cloneTransid: number
}

/** Makes a file, a directory or something special; `rdev` and `mode` only where a kind has them. */
export interface MakeCommand {
  readonly name: 'mkfile' | 'mkdir' | 'mkfifo' | 'mksock'
  readonly path: RawPath
  readonly inode?: number
}

/** Makes a device node. */
export interface MknodCommand {
  readonly name: 'mknod'
  readonly path: RawPath
  readonly inode?: number
  /** Only its format bits count. */
  readonly mode: number
  /** In Linux' "huge" encoding: the low 8 bits of the minor number, 12 bits of the major one, the rest of the minor. */
  readonly rdev: number
}

/** Makes a symbolic link. */
export interface SymlinkCommand {
  readonly name: 'symlink'
  readonly path: RawPath
  readonly inode?: number
  /** Where it points. */
  readonly link: RawText
}

/** Gives something another path. */
export interface RenameCommand {
  readonly name: 'rename'
  readonly path: RawPath
  readonly to: RawPath
}

/** Gives an existing file another name. */
export interface LinkCommand {
  readonly name: 'link'
  readonly path: RawPath
  /** The existing one. */
  readonly link: RawPath
}

/** Removes a file or an empty directory. */
export interface RemoveCommand {
  readonly name: 'unlink' | 'rmdir'
  readonly path: RawPath
}

/** Sets an extended attribute. */
export interface SetXattrCommand {
  readonly name: 'setXattr'
  readonly path: RawPath
  readonly xattrName: RawText
  readonly xattrData: Uint8Array
}

/** Removes an extended attribute. */
export interface RemoveXattrCommand {
  readonly name: 'removeXattr'
  readonly path: RawPath
  readonly xattrName: RawText
}

/** Writes a range. */
export interface WriteCommand {
  readonly name: 'write'
  readonly path: RawPath
  readonly offset: number
  readonly data: Uint8Array
}

/** Takes a range from a file of this volume or another one. */
export interface CloneCommand {
  readonly name: 'clone'
  readonly path: RawPath
  readonly offset: number
  readonly cloneLength: number
  readonly cloneUuid: string
  readonly cloneTransid: number
  readonly clonePath: RawPath
  readonly cloneOffset: number
}

/** Sets the size, in bytes. */
export interface TruncateCommand {
  readonly name: 'truncate'
  readonly path: RawPath
  readonly size: number
}

/** Sets the permission bits. */
export interface ChmodCommand {
  readonly name: 'chmod'
  readonly path: RawPath
  readonly mode: number
}

/** Sets owner and group. */
export interface ChownCommand {
  readonly name: 'chown'
  readonly path: RawPath
  readonly uid: number
  readonly gid: number
}

/** Sets the times. */
export interface UtimesCommand {
  readonly name: 'utimes'
  readonly path: RawPath
  readonly atime: StreamTime
  readonly mtime: StreamTime
  readonly ctime: StreamTime
  readonly otime?: StreamTime
}

/** The last of a stream. */
export interface EndCommand {
  readonly name: 'end'
}

/** In place of `write` in a stream that was sent without data: tells what changed, and cannot be restored. */
export interface UpdateExtentCommand {
  readonly name: 'updateExtent'
  readonly path: RawPath
  readonly offset: number
  readonly size: number
}

/** Reserves space, or punches a hole. Announced by version 2. */
export interface FallocateCommand {
  readonly name: 'fallocate'
  readonly path: RawPath
  readonly fallocateMode: number
  readonly offset: number
  readonly size: number
}

/** Sets the attributes that `chattr` knows. */
export interface SetFileAttributesCommand {
  readonly name: 'setFileAttributes'
  readonly path: RawPath
  readonly fileAttributes: number
}

/** A range as it is stored, compressed: of the `unencodedLength` bytes it decodes to, `unencodedFileLength` from `unencodedOffset` on are written at `offset`. */
export interface EncodedWriteCommand {
  readonly name: 'encodedWrite'
  readonly path: RawPath
  readonly offset: number
  readonly unencodedFileLength: number
  readonly unencodedLength: number
  readonly unencodedOffset: number
  /** 1 zlib, 2 zstd, 3 to 7 LZO with sectors of 4 to 64 KiB; absent: as it is. */
  readonly compression?: number
  readonly encryption?: number
  readonly data: Uint8Array
}

/** A command of a stream with its attributes by name. */
export type StreamCommand =
  | SubvolCommand
  | SnapshotCommand
  | MakeCommand
  | MknodCommand
  | SymlinkCommand
  | RenameCommand
  | LinkCommand
  | RemoveCommand
  | SetXattrCommand
  | RemoveXattrCommand
  | WriteCommand
  | CloneCommand
  | TruncateCommand
  | ChmodCommand
  | ChownCommand
  | UtimesCommand
  | EndCommand
  | UpdateExtentCommand
  | FallocateCommand
  | SetFileAttributesCommand
  | EncodedWriteCommand

/** What commands are called here. */
export type CommandName = StreamCommand['name']
