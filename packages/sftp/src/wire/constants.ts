/** Packet types of version 3 of the protocol (draft-ietf-secsh-filexfer-02). */
export const packet = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const

/** Status codes. From 9 on they are of later versions, which some servers send anyway (mod_sftp: 11). */
export const status = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
  invalidHandle: 9,
  noSuchPath: 10,
  fileAlreadyExists: 11,
  writeProtected: 12,
  noSpace: 14,
  quotaExceeded: 15,
  directoryNotEmpty: 18,
  notADirectory: 19,
  invalidName: 20,
  linkLoop: 21,
  isADirectory: 24,
} as const

/** Flags of `open`. */
export const openFlag = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const

/** Names of the extensions that are used where the server announces them. */
export const extension = {
  posixRename: 'posix-rename@openssh.com',
  statvfs: 'statvfs@openssh.com',
  fsync: 'fsync@openssh.com',
  hardlink: 'hardlink@openssh.com',
  lsetstat: 'lsetstat@openssh.com',
  limits: 'limits@openssh.com',
  copyData: 'copy-data',
} as const
