export { ConformanceError } from './check.ts'
export { conformance } from './conformance.ts'
export { type PromiseNumber, promises } from './promises.ts'
export type { ConformanceOptions, Factory, Runner, Subject, TreeItem } from './types.ts'
