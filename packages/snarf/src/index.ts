export { plugin } from './plugin.ts'
export { fileSpool } from './storage/file-spool.ts'
export { snarfStorage, type SnarfStorage, type SnarfStorageOptions } from './storage/snarf-storage.ts'
export { memorySpool, type Spool } from './storage/spool.ts'
