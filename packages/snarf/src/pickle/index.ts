export { PicklingError, UnpicklingError } from './errors.ts'
export type { DumpOptions, LoadOptions, Pickler } from './pickler.ts'
export * from '../registry/index.ts'
