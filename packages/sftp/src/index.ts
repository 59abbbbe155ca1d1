export type { SftpOptions } from './options.ts'
export { plugin } from './plugin.ts'
export { sftp } from './sftp.ts'
