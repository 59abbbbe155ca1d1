export * from '@syncline/core'
export { adapterTable, type PackageLoader } from './adapters.ts'
export { open, type OpenOptions } from './open.ts'
export { sync, type SyncPlacesOptions } from './sync.ts'
