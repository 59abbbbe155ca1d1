export { fs, type FsOptions } from './fs.ts'
export { processOwner, type ProcessOwner } from './owner.ts'
export { plugin } from './plugin.ts'
export type { Symlinks } from './tree.ts'
