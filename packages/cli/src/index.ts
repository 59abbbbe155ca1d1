export { run } from './run.ts'
export { renderReference } from './help/render-reference.ts'
export { UsageError } from './usage-error.ts'
export type { CliEnvironment, KnownPair, OpenOptions, OutputStream, Place, StateReference } from './environment.ts'
