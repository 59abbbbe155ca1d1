const hasSize = 1
const hasOwner = 2
const hasPermissions = 4
const hasTimes = 8
const hasExtended = 0x80000000

const formatMask = 0o170000
const permissionMask = 0o7777

/** What a server tells of a file, or is told to set; absent fields are not known, or stay. */
export interface Attributes {
  /** Bytes. */
  readonly size?: number
  /** Format and permission bits, as `st_mode`. */
  readonly mode?: number
  /** Seconds since the Unix epoch, 32 bits; both times or none. */
  readonly accessed?: number
  readonly modified?: number
}

/** What is at a path, by its `st_mode`. */
export type Format = 'file' | 'directory' | 'symlink' | 'other' | 'unknown'

/** The kind of a thing. A server need not tell: then it is unknown. */
export function formatOf({ mode }: Attributes): Format {
  if (mode === undefined) return 'unknown'
  switch (mode & formatMask) {
    case 0o100000:
      return 'file'
    case 0o040000:
      return 'directory'
    case 0o120000:
      return 'symlink'
    case 0:
      return 'unknown'
    default:
      return 'other'
  }
}

/** The permission bits, where the server tells them. */
export function permissionsOf({ mode }: Attributes): number | undefined {
  return mode === undefined ? undefined : mode & permissionMask
}

/** Bytes that {@link writeAttributes} takes. */
export function lengthOfAttributes({ size, mode, modified }: Attributes): number {
  return 4 + (size === undefined ? 0 : 8) + (mode === undefined ? 0 : 4) + (modified === undefined ? 0 : 8)
}

/** Writes attributes into a packet. @returns the position behind them */
export function writeAttributes(buffer: Buffer, start: number, { size, mode, accessed, modified }: Attributes): number {
  const flags = (size === undefined ? 0 : hasSize) | (mode === undefined ? 0 : hasPermissions) | (modified === undefined ? 0 : hasTimes)
  let at = buffer.writeUInt32BE(flags, start)
  if (size !== undefined) at = buffer.writeBigUInt64BE(BigInt(size), at)
  if (mode !== undefined) at = buffer.writeUInt32BE(mode, at)
  if (modified !== undefined) {
    at = buffer.writeUInt32BE(accessed ?? modified, at)
    at = buffer.writeUInt32BE(modified, at)
  }
  return at
}

/** Where a reader of a packet stands; every `take` moves on, and throws `RangeError` behind the end. */
export interface Cursor {
  takeUint32(): number
  takeUint64(): number
  takeBytes(): Buffer
}

/** Reads attributes out of a packet. */
export function takeAttributes(cursor: Cursor): Attributes {
  const flags = cursor.takeUint32()
  const found: { -readonly [K in keyof Attributes]: Attributes[K] } = {}
  if ((flags & hasSize) !== 0) found.size = cursor.takeUint64()
  if ((flags & hasOwner) !== 0) {
    cursor.takeUint32()
    cursor.takeUint32()
  }
  if ((flags & hasPermissions) !== 0) found.mode = cursor.takeUint32()
  if ((flags & hasTimes) !== 0) {
    found.accessed = cursor.takeUint32()
    found.modified = cursor.takeUint32()
  }
  if ((flags & hasExtended) !== 0) {
    for (let count = cursor.takeUint32(); count > 0; count--) {
      cursor.takeBytes()
      cursor.takeBytes()
    }
  }
  return found
}
