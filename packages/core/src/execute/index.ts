export { execute } from './execute.ts'
export type { ExecuteConfig, ExecuteContext, ExecuteResult } from './types.ts'
